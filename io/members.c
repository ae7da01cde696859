#include "io/members.h"
#include "base/mem.h"
#include "io/archive.h"
#include "io/found.h"
#include "io/lister.h"
#include "io/nameset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct level { /* an archive that is being listed */
    struct vx_archive *archive;
    char *prefix;   /* owned: of its members' names, "inner.zip/"; "" outermost */
    int64_t bundle; /* of its members */
};

struct vx_members {
    struct vx_item origin; /* path and metadata */
    struct vx_corpus_limits limits;
    struct level level[VX_ARCHIVE_MAX_DEPTH];
    int n; /* levels; 0: not open yet */
    int64_t ordinal; /* of the entry at level 0 */
    int fd;          /* owned: its file; -1: by its path */
    struct vx_nameset names; /* of the members given so far */
    struct vx_entry entry;   /* of the innermost archive, the last one */
    bool damage_told;        /* that before it lies damage, and nothing of itself yet */
    struct vx_lister *lister; /* who lists in our place; NULL: not begun, or nobody */
    int64_t skipped;
    bool ended;
};

enum vx_status vx_members_open(struct vx_members **out, struct vx_item *archive, const struct vx_corpus_limits *limits,
                               struct vx_err *err)
{
    struct vx_members *m = vx_calloc(1, sizeof *m);

    *out = NULL;
    if (!m) {
        vx_item_clear(archive);
        return vx_fail_nomem(err, "an archive's members");
    }
    m->fd = -1;
    m->origin = *archive;
    m->limits = *limits;
    if (m->limits.depth > VX_ARCHIVE_MAX_DEPTH)
        m->limits.depth = VX_ARCHIVE_MAX_DEPTH;
    *archive = (struct vx_item){0};
    *out = m;
    return VX_OK;
}

static void leave(struct vx_members *m)
{
    struct level *level = &m->level[--m->n];

    vx_archive_close(&level->archive);
    free(level->prefix);
    *level = (struct level){0};
}

void vx_members_close(struct vx_members **members)
{
    struct vx_members *m = *members;

    if (!m)
        return;
    while (m->n > 0)
        leave(m);
    vx_lister_close(&m->lister);
    if (m->fd >= 0)
        close(m->fd);
    vx_nameset_free(&m->names);
    vx_item_clear(&m->origin);
    free(m);
    *members = NULL;
}

void vx_members_set_file(struct vx_members *members, int fd)
{
    members->fd = fd;
}

int64_t vx_members_skipped(const struct vx_members *members)
{
    return members->skipped;
}

/* Two texts as one: a member's whole name. */
static char *joined(const char *prefix, const char *name, const char *after)
{
    const size_t a = strlen(prefix), b = strlen(name), c = strlen(after);
    char *s = vx_calloc(a + b + c + 1, 1);

    if (s) {
        memcpy(s, prefix, a);
        memcpy(s + a, name, b);
        memcpy(s + a + b, after, c);
    }
    return s;
}

/* The same in every attempt, and different for different archives: FNV-1a, 64 bits (Fowler, Noll, Vo). */
static int64_t bundle_of(const char *path, const char *prefix)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *path; path++)
        h = (h ^ (unsigned char)*path) * UINT64_C(0x100000001b3);
    for (h *= UINT64_C(0x100000001b3); *prefix; prefix++)
        h = (h ^ (unsigned char)*prefix) * UINT64_C(0x100000001b3);
    return (int64_t)(h >> 1 | 1);
}

/* The archive, open, becomes the innermost level; prefix is taken over. */
static void add_level(struct vx_members *m, struct vx_archive *archive, char *prefix)
{
    const int64_t outer = m->n > 0 ? m->level[m->n - 1].bundle : 0;

    m->level[m->n++] = (struct level){
        .archive = archive,
        .prefix = prefix,
        .bundle = outer ? outer : vx_archive_in_order(archive) ? bundle_of(m->origin.path, prefix) : 0,
    };
}

static enum vx_status open_outermost(struct vx_members *m, struct vx_err *why)
{
    struct vx_archive *archive;
    char *prefix = strdup("");
    enum vx_status rc;

    if (!prefix)
        return vx_fail_nomem(why, "an archive's name");
    rc = m->fd >= 0 ? vx_archive_open_fd(&archive, m->fd, why) : vx_archive_open(&archive, m->origin.path, why);
    m->fd = -1;
    if (rc != VX_OK) {
        free(prefix);
        return rc;
    }
    if (m->limits.max_entries > 0)
        vx_archive_set_max_entries(archive, m->limits.max_entries);
    add_level(m, archive, prefix);
    return VX_OK;
}

/* The metadata, and for all but BROKEN items everything else, is the origin's. */
static enum vx_status copy_origin(const struct vx_members *m, struct vx_item *item, struct vx_err *err)
{
    return vx_item_copy(item, &m->origin) == 0 ? VX_OK : vx_fail_nomem(err, "an item");
}

static enum vx_status broken(const struct vx_members *m, const char *member, int64_t ordinal, const char *why,
                             struct vx_item *item, struct vx_err *err)
{
    struct vx_item problem = {0};
    enum vx_status rc = vx_found_broken(&problem, m->origin.path, member, err, "%s", why);

    if (rc == VX_OK)
        rc = copy_origin(m, item, err);
    if (rc == VX_OK) { /* the origin's metadata with the problem's rest */
        problem.n_meta = item->n_meta;
        problem.meta = item->meta;
        item->n_meta = 0;
        item->meta = NULL;
        vx_item_clear(item);
        *item = problem;
        item->ordinal = ordinal;
        item->bundle = m->n > 0 ? m->level[m->n - 1].bundle : 0;
        problem = (struct vx_item){0};
    }
    vx_item_clear(&problem);
    return rc;
}

/* Why an entry named like a recording, picture or archive is none; NULL: it is. */
static const char *no_file(const struct vx_entry *entry)
{
    if (entry->encrypted)
        return "is encrypted: decrypt the archive first";
    switch (entry->type) {
    case VX_ENTRY_SYMLINK:
        return "is a symbolic link: links in archives are not followed, members count under their own names";
    case VX_ENTRY_HARDLINK:
        return "is a hard link: links in archives are not followed, members count under their own names";
    case VX_ENTRY_SPECIAL:
        return "is a device, FIFO or socket, not a file";
    case VX_ENTRY_FILE:
    case VX_ENTRY_FOLDER:
        break;
    }
    return NULL;
}

/* An archive within: one level deeper, or a BROKEN item. Takes name over. */
static enum vx_status descend(struct vx_members *m, char *name, struct vx_item *item, struct vx_err *err)
{
    struct vx_archive *archive;
    struct vx_err why = {0};
    char *prefix;
    enum vx_status rc;

    if (m->n >= m->limits.depth) {
        (void)vx_fail(&why, VX_ELIMIT, "not opened: archives lie %d deep within each other here, more than --archive-depth %d",
                      m->n + 1, m->limits.depth);
        rc = broken(m, name, m->ordinal, why.text, item, err);
    } else if (!(prefix = joined(name, "/", ""))) {
        rc = vx_fail_nomem(err, "an archive's name");
    } else if ((rc = vx_archive_enter(&archive, m->level[m->n - 1].archive, m->limits.max_bytes, &why)) == VX_OK) {
        add_level(m, archive, prefix);
    } else {
        free(prefix);
        rc = rc == VX_ENOMEM ? vx_fail(err, rc, "%s", why.text) : broken(m, name, m->ordinal, why.text, item, err);
    }
    free(name);
    return rc;
}

/* Takes name over. */
static enum vx_status give(const struct vx_members *m, const struct vx_entry *entry, enum vx_item_kind kind, char *name,
                           struct vx_item *item, struct vx_err *err)
{
    if (copy_origin(m, item, err) != VX_OK) {
        free(name);
        return err->status;
    }
    item->kind = kind;
    item->ordinal = m->ordinal;
    item->offset = entry->offset;
    item->bundle = m->level[m->n - 1].bundle;
    item->size = entry->size;
    item->mtime = entry->mtime;
    item->member = name;
    return VX_OK;
}

/* A recording or picture. Of several members of one name all but the first are told: unpacked, the last takes the place of the
 * others, so that it is not what was listened to. Takes name over. */
static enum vx_status give_once(struct vx_members *m, const struct vx_entry *entry, enum vx_item_kind kind, char *name,
                                struct vx_item *item, struct vx_err *err)
{
    const int added = vx_nameset_add(&m->names, name);
    enum vx_status rc = VX_ENOMEM;
    char place[40], *placed = NULL;

    if (added > 0)
        return give(m, entry, kind, name, item, err);
    snprintf(place, sizeof place, " (entry %" PRId64 ")", entry->ordinal);
    if (added == 0 && (placed = joined(name, place, "")))
        rc = broken(m, placed, m->ordinal, "has the name of a member before it, which it replaces where the archive is unpacked: "
                    "unpack it by hand to scan both", item, err);
    else
        (void)vx_fail_nomem(err, "the names of an archive's members");
    free(placed);
    free(name);
    return rc;
}

static enum vx_status take(struct vx_members *m, const struct vx_entry *entry, struct vx_item *item, struct vx_err *err)
{
    const char *const prefix = m->level[m->n - 1].prefix, *why;
    const enum vx_name_class class = entry->name ? vx_corpus_classify(entry->name) : VX_NAME_OTHER;
    char place[40], *name;
    enum vx_status rc;

    if (m->n == 1)
        m->ordinal = entry->ordinal;
    if (entry->type == VX_ENTRY_FOLDER)
        return VX_OK;
    snprintf(place, sizeof place, "entry %" PRId64, entry->ordinal);
    if ((entry->name || entry->type != VX_ENTRY_FILE) && class != VX_NAME_AUDIO && class != VX_NAME_IMAGE &&
        class != VX_NAME_ARCHIVE) {
        m->skipped++;
        return VX_OK;
    }
    if (!(name = joined(prefix, entry->name ? entry->name : place, "")))
        return vx_fail_nomem(err, "a member's path");
    why = entry->name ? no_file(entry) : "its name is marked as UTF-8, but is not";
    if (!why && class == VX_NAME_ARCHIVE)
        return descend(m, name, item, err);
    if (!why)
        return give_once(m, entry, class == VX_NAME_IMAGE ? VX_ITEM_IMAGE : VX_ITEM_AUDIO, name, item, err);
    rc = broken(m, name, m->ordinal, why, item, err);
    free(name);
    return rc;
}

/* The innermost archive is at its end, or broken from here on, which is said; the one around it goes on. */
static enum vx_status end_level(struct vx_members *m, enum vx_status rc, const struct vx_err *why, struct vx_item *item,
                                struct vx_err *err)
{
    char *const name = m->n > 0 ? m->level[m->n - 1].prefix : NULL; /* with a slash at its end */

    m->ended = m->n <= 1;
    if (rc == VX_DONE)
        rc = VX_OK;
    else if (rc == VX_ENOMEM)
        rc = vx_fail(err, rc, "%s", why->text);
    else if (m->ended)
        rc = broken(m, NULL, -1, why->text, item, err);
    else {
        name[strlen(name) - 1] = '\0';
        rc = broken(m, name, m->ordinal, why->text, item, err);
    }
    if (m->n > 0)
        leave(m);
    return rc;
}

/* What the lister finds, with what is the archive's. Where it fails, that is the last item. */
static enum vx_status next_of_lister(struct vx_members *m, struct vx_item *item, struct vx_err *err)
{
    struct vx_item found = {0}, own = {0};
    struct vx_err why;
    enum vx_status rc = m->lister ? VX_OK : vx_lister_open(&m->lister, m->origin.path, &m->limits, &why);

    if (rc == VX_OK)
        rc = vx_lister_next(m->lister, &found, &m->skipped, &why);
    if (rc != VX_OK) {
        m->ended = true;
        vx_lister_close(&m->lister);
        return rc == VX_DONE ? rc : rc == VX_ENOMEM ? vx_fail(err, rc, "%s", why.text) : broken(m, NULL, -1, why.text, item, err);
    }
    if (copy_origin(m, &own, err) != VX_OK) {
        vx_item_clear(&found);
        return err->status;
    }
    found.path = own.path;
    found.meta = own.meta;
    found.n_meta = own.n_meta;
    *item = found;
    return VX_OK;
}

/* What lies before the entry, and is none. */
static enum vx_status tell_damage(struct vx_members *m, struct vx_item *item, struct vx_err *err)
{
    char text[64], *name;
    enum vx_status rc;

    snprintf(text, sizeof text, "(before entry %" PRId64 ")", m->entry.ordinal);
    if (!(name = joined(m->level[m->n - 1].prefix, text, "")))
        return vx_fail_nomem(err, "a member's path");
    rc = broken(m, name, m->n == 1 ? m->entry.ordinal : m->ordinal, "damaged: bytes that are no member, and may have been one or more", item, err);
    free(name);
    m->damage_told = rc == VX_OK;
    return rc;
}

/* The next entry of the innermost archive, or what it needs to be said before that. */
static enum vx_status next_entry(struct vx_members *m, struct vx_item *item, struct vx_err *err)
{
    struct vx_err why;
    enum vx_status rc = m->n > 0 ? VX_OK : open_outermost(m, &why);

    if (m->damage_told) {
        m->damage_told = false;
        return take(m, &m->entry, item, err);
    }
    if (rc == VX_OK)
        rc = vx_archive_next(m->level[m->n - 1].archive, &m->entry, &why);
    if (rc != VX_OK)
        return end_level(m, rc, &why, item, err);
    return m->entry.damaged ? tell_damage(m, item, err) : take(m, &m->entry, item, err);
}

enum vx_status vx_members_next(struct vx_members *m, struct vx_item *item, struct vx_err *err)
{
    enum vx_status rc;

    if (m->limits.nursery && !m->ended)
        return next_of_lister(m, item, err);
    while (!m->ended)
        if ((rc = next_entry(m, item, err)) != VX_OK || item->path)
            return rc;
    return VX_DONE;
}
