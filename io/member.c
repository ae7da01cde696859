#include "io/member.h"
#include "base/text.h"
#include "io/archive.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES (1u << 20) /* the block begins with this much and doubles: declared sizes are not believed */
#define KEEP_BYTES (64u << 20) /* a larger block is not kept for the next member */

static void close_archive(struct vx_member *m)
{
    vx_archive_close(&m->archive);
    free(m->path);
    m->path = NULL;
}

void vx_member_close(struct vx_member *m)
{
    close_archive(m);
    free(m->data);
    *m = (struct vx_member){0};
}

static enum vx_status open_archive(struct vx_member *m, const char *path, struct vx_err *err)
{
    close_archive(m);
    if (!(m->path = strdup(path)))
        return vx_fail_nomem(err, "an archive's path");
    return vx_archive_open_by(&m->archive, path, &m->opener, err);
}

/* On to the entry at the ordinal (when it is not -1), which must have the name; or to the next one of that name.
 * VX_DONE: not found. */
static enum vx_status advance(struct vx_member *m, int64_t ordinal, const char *name, struct vx_entry *entry,
                              struct vx_err *err)
{
    enum vx_status rc;

    while ((rc = vx_archive_next(m->archive, entry, err)) == VX_OK) {
        const bool same = entry->name && entry->regular && strcmp(entry->name, name) == 0;
        if (same && (ordinal < 0 || entry->ordinal == ordinal))
            return VX_OK;
        if (ordinal >= 0 && entry->ordinal >= ordinal)
            return VX_DONE;
    }
    return rc;
}

static enum vx_status find(struct vx_member *m, const struct vx_item *item, struct vx_entry *entry, struct vx_err *err)
{
    const bool open = m->archive && strcmp(m->path, item->path) == 0;
    bool from_start = !open || vx_archive_position(m->archive) == 0 ||
                      (item->ordinal >= 0 && vx_archive_position(m->archive) > item->ordinal);
    enum vx_status rc;
    char *name;

    if (from_start && (rc = open_archive(m, item->path, err)) != VX_OK)
        return rc;
    rc = advance(m, item->ordinal, item->member, entry, err);
    if (rc == VX_DONE && (item->ordinal >= 0 || !from_start)) { /* once more, by name alone */
        if ((rc = open_archive(m, item->path, err)) != VX_OK)
            return rc;
        rc = advance(m, -1, item->member, entry, err);
    }
    if (rc != VX_DONE)
        return rc;
    name = vx_text_printable(item->member);
    rc = item->ordinal >= 0
             ? vx_fail(err, VX_EFORMAT, "no member %s: the archive changed since it was listed", name ? name : "")
             : vx_fail(err, VX_EFORMAT, "no member %s in the archive", name ? name : "");
    free(name);
    return rc;
}

/* Makes the full block larger, up to max + 1 bytes. */
static enum vx_status enlarge(struct vx_member *m, size_t max, struct vx_err *err)
{
    size_t cap = m->cap ? 2 * m->cap : FIRST_BYTES;
    void *data;

    if (cap > max)
        cap = max + 1;
    if (!(data = realloc(m->data, cap)))
        return vx_fail_nomem(err, "a member of an archive");
    m->data = data;
    m->cap = cap;
    return VX_OK;
}

static enum vx_status read_entry(struct vx_member *m, const struct vx_entry *entry, size_t max, size_t *len,
                                 struct vx_err *err)
{
    enum vx_status rc;
    size_t n = 0, got;

    if (entry->encrypted)
        return vx_fail(err, VX_EFORMAT, "is encrypted: decrypt the archive first");
    for (;;) {
        if (n > max || entry->size > (int64_t)max)
            return vx_fail(err, VX_ELIMIT, "larger than the %zu bytes a member may have in memory: unpack the archive",
                           max);
        if (n == m->cap && (rc = enlarge(m, max, err)) != VX_OK)
            return rc;
        if ((rc = vx_archive_read(m->archive, m->data + n, m->cap - n, &got, err)) != VX_OK)
            return rc;
        if (got == 0)
            break;
        n += got;
    }
    *len = n;
    return VX_OK;
}

enum vx_status vx_member_read(struct vx_member *m, const struct vx_item *item, size_t max, size_t *len,
                              struct vx_err *err)
{
    struct vx_entry entry;
    enum vx_status rc;

    if (m->cap > KEEP_BYTES) {
        free(m->data);
        m->data = NULL;
        m->cap = 0;
    }
    if (max > INT64_MAX / 4) /* beyond any memory; 2 * cap and max + 1 cannot overflow */
        max = INT64_MAX / 4;
    rc = find(m, item, &entry, err);
    if (rc == VX_OK)
        rc = read_entry(m, &entry, max, len, err);
    if (rc != VX_OK)
        close_archive(m); /* where it stands now is of no use */
    return rc;
}
