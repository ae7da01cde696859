#include "jobs/verify_archive.h"
#include "base/mem.h"
#include "io/path.h"

#include <stdlib.h>
#include <string.h>

#define MAX_BROKEN ((size_t)10000) /* remembered: more are not told from members that are gone */

enum vx_status vx_archive_members_add(struct vx_archive_members *m, const struct vx_item *item, const char *hash, struct vx_err *err)
{
    struct vx_archive_member new = {.state = VX_MEMBER_UNKNOWN};

    if (vx_grow((void **)&m->at, &m->cap, m->n + 1, sizeof *m->at) != 0 || vx_item_copy(&new.item, item) != 0)
        return vx_fail_nomem(err, "a member of an archive");
    if (!(new.hash = strdup(hash))) {
        vx_item_clear(&new.item);
        return vx_fail_nomem(err, "a member of an archive");
    }
    m->at[m->n++] = new;
    return VX_OK;
}

void vx_archive_members_clear(struct vx_archive_members *m)
{
    for (size_t i = 0; i < m->n; i++) {
        vx_item_clear(&m->at[i].item);
        free(m->at[i].hash);
    }
    for (size_t i = 0; i < m->n_broken; i++)
        vx_item_clear(&m->broken[i]);
    m->n = m->n_broken = 0;
}

void vx_archive_members_free(struct vx_archive_members *m)
{
    vx_archive_members_clear(m);
    free(m->at);
    free(m->broken);
    *m = (struct vx_archive_members){0};
}

static int by_name(const void *a, const void *b)
{
    const struct vx_archive_member *const x = a, *const y = b;

    return strcmp(x->item.member, y->item.member);
}

static int by_place(const void *a, const void *b)
{
    const struct vx_archive_member *const x = a, *const y = b;
    const bool x_listed = x->state == VX_MEMBER_LISTED, y_listed = y->state == VX_MEMBER_LISTED;

    if (x_listed != y_listed)
        return x_listed ? -1 : 1;
    if (x_listed && x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return x->item.id < y->item.id ? -1 : x->item.id > y->item.id;
}

/* The first member of that name; NULL: none. They are sorted by name. */
static struct vx_archive_member *find(const struct vx_archive_members *m, const char *name)
{
    const struct vx_archive_member key = {.item.member = (char *)(uintptr_t)name};
    struct vx_archive_member *at = bsearch(&key, m->at, m->n, sizeof *m->at, by_name);

    while (at && at > m->at && by_name(at - 1, &key) == 0)
        at--;
    return at;
}

/* Takes what lies in the item. */
static enum vx_status note_broken(struct vx_archive_members *m, struct vx_item *item, struct vx_err *err)
{
    if (m->n_broken == MAX_BROKEN)
        return VX_OK;
    if (vx_grow((void **)&m->broken, &m->cap_broken, m->n_broken + 1, sizeof *m->broken) != 0)
        return vx_fail_nomem(err, "what cannot be read of an archive");
    m->broken[m->n_broken++] = *item;
    *item = (struct vx_item){0};
    return VX_OK;
}

/* Of several entries of a name the first counts, as when the archive was scanned. */
static void note_listed(struct vx_archive_members *m, const struct vx_item *item, size_t place)
{
    const struct vx_archive_member *const end = m->at + m->n;

    for (struct vx_archive_member *at = find(m, item->member); at && at < end && strcmp(at->item.member, item->member) == 0; at++) {
        if (at->state == VX_MEMBER_LISTED)
            return;
        at->state = VX_MEMBER_LISTED;
        at->place = place;
        at->item.ordinal = item->ordinal;
        at->item.offset = item->offset;
        at->item.size = item->size;
    }
}

/* What keeps a member that is not listed from being read; NULL: nothing, it is not there. */
static const char *what_keeps(const struct vx_archive_members *m, const char *member)
{
    const char *rest = NULL;

    for (size_t i = 0; i < m->n_broken; i++) {
        const struct vx_item *const b = &m->broken[i];
        const size_t n = b->member ? strlen(b->member) : 0;
        const char *const why = b->problem ? b->problem : "cannot be read";
        if (!b->member)
            rest = why;
        else if (strncmp(member, b->member, n) == 0 && (member[n] == '\0' || member[n] == '/'))
            return why;
    }
    return rest;
}

/* *is_archive: it was listed as one. */
static enum vx_status list(struct vx_archive_members *m, const char *path, const struct vx_corpus_limits *limits, bool *is_archive,
                           struct vx_err *err)
{
    struct vx_corpus *corpus = NULL;
    struct vx_item item = {0};
    enum vx_status rc = vx_corpus_open(&corpus, &path, 1, err);

    *is_archive = true;
    if (rc == VX_OK)
        vx_corpus_limit(corpus, *limits);
    for (size_t place = 0; rc == VX_OK && (rc = vx_corpus_next(corpus, &item, err)) == VX_OK; place++) {
        if (item.kind == VX_ITEM_BROKEN)
            rc = note_broken(m, &item, err);
        else if (item.member)
            note_listed(m, &item, place);
        else
            *is_archive = false;
        vx_item_clear(&item);
    }
    vx_item_clear(&item);
    vx_corpus_close(&corpus);
    return rc == VX_DONE ? VX_OK : rc;
}

/* Its name says that it is an archive, and nothing that is none lies there; else the listing would be of something else. */
static bool can_be_listed(const char *path)
{
    struct stat sb;

    return vx_corpus_classify(path) == VX_NAME_ARCHIVE && vx_path_stat(path, &sb) == 0 && S_ISREG(sb.st_mode);
}

enum vx_status vx_archive_members_place(struct vx_archive_members *m, const char *path, const struct vx_corpus_limits *limits,
                                        struct vx_err *err)
{
    bool is_archive;
    enum vx_status rc;

    if (!can_be_listed(path))
        return VX_OK;
    qsort(m->at, m->n, sizeof *m->at, by_name);
    if ((rc = list(m, path, limits, &is_archive, err)) != VX_OK)
        return rc;
    for (size_t i = 0; i < m->n && is_archive; i++) {
        struct vx_archive_member *const at = &m->at[i];
        if (at->state == VX_MEMBER_LISTED)
            continue;
        at->why = what_keeps(m, at->item.member);
        at->state = at->why ? VX_MEMBER_BROKEN : VX_MEMBER_GONE;
    }
    qsort(m->at, m->n, sizeof *m->at, by_place);
    return VX_OK;
}
