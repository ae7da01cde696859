#include "io/member.h"
#include "base/text.h"
#include "io/corpus.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEEP_BYTES (64u << 20) /* larger memory is not kept for the next member */

/* The archives from level k on. */
static void leave(struct vx_member *m, int k)
{
    while (m->n > k) {
        struct vx_member_level *level = &m->level[--m->n];
        vx_archive_close(&level->archive);
        free(level->name);
        level->name = NULL;
    }
}

static void close_file(struct vx_member *m)
{
    vx_archive_close(&m->direct);
    leave(m, 0);
    if (m->path)
        close(m->fd);
    free(m->path);
    m->path = NULL;
}

void vx_member_close(struct vx_member *m)
{
    close_file(m);
    free(m->data);
    *m = (struct vx_member){0};
}

bool vx_member_knows(const struct vx_member *m, const struct vx_item *item)
{
    return m->path && strcmp(m->path, item->path) == 0;
}

static enum vx_status take_file(struct vx_member *m, const char *path, int fd, struct vx_err *err)
{
    close_file(m);
    if (!(m->path = strdup(path))) {
        close(fd);
        return vx_fail_nomem(err, "an archive's path");
    }
    m->fd = fd;
    return VX_OK;
}

/* What follows in rest once it has been led through the archive `name`; NULL: it does not lead there. */
static const char *through(const char *name, const char *rest)
{
    const size_t n = name ? strlen(name) : 0;

    return n > 0 && strncmp(rest, name, n) == 0 && rest[n] == '/' && rest[n + 1] && vx_corpus_classify(name) == VX_NAME_ARCHIVE
               ? rest + n + 1
               : NULL;
}

static enum vx_status enter(struct vx_member *m, int k, const struct vx_entry *entry, size_t max, struct vx_err *err)
{
    struct vx_member_level *level = &m->level[k + 1];
    enum vx_status rc;

    if (k + 1 == VX_ARCHIVE_MAX_DEPTH)
        return vx_fail(err, VX_ELIMIT, "lies in more than %d archives within each other", VX_ARCHIVE_MAX_DEPTH);
    level->ordinal = entry->ordinal;
    if (!(level->name = strdup(entry->name)))
        return vx_fail_nomem(err, "an archive's name");
    if ((rc = vx_archive_enter(&level->archive, m->level[k].archive, max, err)) == VX_OK) {
        m->n = k + 2;
    } else {
        free(level->name);
        level->name = NULL;
    }
    return rc;
}

struct search {
    size_t max;
    struct vx_entry entry; /* found, in the archive of the last level */
};

static enum vx_status search(struct vx_member *m, int k, const char *rest, int64_t ordinal, struct search *s, struct vx_err *err);

/* Level k from where it stands: to the entry at the ordinal (when it is not -1), which must lead to rest; or to the first that
 * does. VX_DONE: not found. */
static enum vx_status advance(struct vx_member *m, int k, const char *rest, int64_t ordinal, struct search *s, struct vx_err *err)
{
    struct vx_entry entry;
    enum vx_status rc;

    leave(m, k + 1);
    while ((rc = vx_archive_next(m->level[k].archive, &entry, err)) == VX_OK) {
        if (ordinal >= 0 && entry.ordinal < ordinal)
            continue;
        const bool file = entry.name && entry.type == VX_ENTRY_FILE;
        const char *inside = file ? through(entry.name, rest) : NULL;
        if (file && strcmp(entry.name, rest) == 0) {
            s->entry = entry;
            return VX_OK;
        }
        if (inside && ((rc = enter(m, k, &entry, s->max, err)) != VX_OK || (rc = search(m, k + 1, inside, -1, s, err)) != VX_DONE))
            return rc;
        leave(m, k + 1);
        if (ordinal >= 0)
            return VX_DONE;
    }
    return rc;
}

/* rest within the archive at level k: in what is open below it, from where it stands on, then in all of it. */
static enum vx_status search(struct vx_member *m, int k, const char *rest, int64_t ordinal, struct search *s, struct vx_err *err)
{
    struct vx_archive *const a = m->level[k].archive;
    const char *inside = m->n > k + 1 ? through(m->level[k + 1].name, rest) : NULL;
    enum vx_status rc = VX_DONE;

    if (inside && (ordinal < 0 || ordinal == m->level[k + 1].ordinal) &&
        (rc = search(m, k + 1, inside, -1, s, err)) != VX_DONE)
        return rc;
    if (ordinal >= 0 && vx_archive_position(a) > ordinal && (rc = vx_archive_rewind(a, err)) != VX_OK)
        return rc;
    for (int round = 0; round < 2; round++) {
        const bool whole = vx_archive_position(a) == 0 && ordinal < 0;
        if ((rc = advance(m, k, rest, ordinal, s, err)) != VX_DONE || whole)
            return rc;
        ordinal = -1;
        if ((rc = vx_archive_rewind(a, err)) != VX_OK)
            return rc;
    }
    return VX_DONE;
}

/* The bytes of the entry that `a` stands at. */
static enum vx_status give(struct vx_member *m, struct vx_archive *a, const struct vx_entry *entry, size_t max,
                           struct vx_member_bytes *out, struct vx_err *err)
{
    enum vx_status rc;

    if (!entry->encrypted && (out->offset = vx_archive_data(a)) >= 0) {
        out->fd = m->fd;
        out->size = entry->size;
        return VX_OK;
    }
    rc = vx_archive_slurp(a, max, &m->data, &m->cap, &out->len, err);
    out->data = m->data;
    return rc;
}

/* An entry, which may have the last part of the member's name alone, is the one that was listed. A zip says the size of some
 * only behind their data, and the time in its directory. */
static bool is_item(const struct vx_entry *entry, const struct vx_item *item)
{
    const size_t n = strlen(item->member), len = entry->name ? strlen(entry->name) : 0;

    return len > 0 && len <= n && entry->type == VX_ENTRY_FILE && strcmp(entry->name, item->member + n - len) == 0 &&
           (len == n || item->member[n - len - 1] == '/') && (entry->size < 0 || entry->size == item->size);
}

/* The member by its headers' offset. VX_DONE: it is not there, or has to be read the long way. */
static enum vx_status look_there(struct vx_member *m, const struct vx_item *item, size_t max, struct vx_member_bytes *out,
                                 struct vx_err *err)
{
    struct vx_entry entry;
    enum vx_status rc;

    vx_archive_close(&m->direct);
    if ((rc = vx_archive_open_at(&m->direct, m->fd, item->offset, err)) == VX_OK &&
        (rc = vx_archive_next(m->direct, &entry, err)) == VX_OK)
        rc = is_item(&entry, item) ? give(m, m->direct, &entry, max, out, err) : VX_DONE;
    return rc == VX_EFORMAT ? VX_DONE : rc;
}

static enum vx_status not_found(const struct vx_item *item, struct vx_err *err)
{
    char *name = vx_text_printable(item->member);
    const enum vx_status rc =
        item->ordinal >= 0 ? vx_fail(err, VX_EFORMAT, "no member %s: the archive changed since it was listed", name ? name : "")
                           : vx_fail(err, VX_EFORMAT, "no member %s in the archive", name ? name : "");

    free(name);
    return rc;
}

static enum vx_status find(struct vx_member *m, const struct vx_item *item, size_t max, struct vx_member_bytes *out,
                           struct vx_err *err)
{
    struct search s = {.max = max};
    enum vx_status rc = item->offset >= 0 ? look_there(m, item, max, out, err) : VX_DONE;

    if (rc != VX_DONE)
        return rc;
    if (m->n == 0) {
        if ((rc = vx_archive_open_at(&m->level[0].archive, m->fd, 0, err)) != VX_OK)
            return rc;
        m->n = 1;
    }
    if ((rc = search(m, 0, item->member, item->ordinal, &s, err)) != VX_OK)
        return rc == VX_DONE ? not_found(item, err) : rc;
    return give(m, m->level[m->n - 1].archive, &s.entry, max, out, err);
}

enum vx_status vx_member_find(struct vx_member *m, const struct vx_item *item, int fd, size_t max, struct vx_member_bytes *out,
                              struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    *out = (struct vx_member_bytes){.fd = -1};
    if (m->cap > KEEP_BYTES) {
        free(m->data);
        m->data = NULL;
        m->cap = 0;
    }
    if (fd >= 0 && (rc = take_file(m, item->path, fd, err)) != VX_OK)
        return rc;
    rc = find(m, item, max, out, err);
    const bool goes_on = rc == VX_OK || (rc == VX_ELIMIT && (m->n == 0 || !vx_archive_spent(m->level[0].archive)));
    if (!goes_on) /* where it stands is of no use; but behind a member that is too large there are others */
        close_file(m);
    return rc;
}

const char *vx_member_remark(const char *name)
{
    if (*name == '/')
        return "its name in the archive is absolute, as of one made to overwrite files";
    for (const char *at = name; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
            return "its name in the archive leads out of it by \"..\", as of one made to overwrite files";
    }
    return NULL;
}
