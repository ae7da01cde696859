#include "io/members.h"
#include "base/mem.h"
#include "io/archive.h"
#include "io/corpus.h"
#include "io/found.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vx_members {
    struct vx_item origin; /* path and metadata */
    struct vx_archive *archive;
    int64_t skipped;
    bool ended;
};

enum vx_status vx_members_open(struct vx_members **out, struct vx_item *archive, struct vx_err *err)
{
    struct vx_members *m = vx_calloc(1, sizeof *m);

    *out = NULL;
    if (!m) {
        vx_item_clear(archive);
        return vx_fail_nomem(err, "an archive's members");
    }
    m->origin = *archive;
    *archive = (struct vx_item){0};
    *out = m;
    return VX_OK;
}

void vx_members_close(struct vx_members **members)
{
    struct vx_members *m = *members;

    if (!m)
        return;
    vx_archive_close(&m->archive);
    vx_item_clear(&m->origin);
    free(m);
    *members = NULL;
}

int64_t vx_members_skipped(const struct vx_members *members)
{
    return members->skipped;
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
        problem = (struct vx_item){0};
    }
    vx_item_clear(&problem);
    return rc;
}

static enum vx_status take(struct vx_members *m, const struct vx_entry *entry, struct vx_item *item, struct vx_err *err)
{
    enum vx_status rc;
    enum vx_name_class class;
    char place[40];

    if (entry->directory)
        return VX_OK;
    if (!entry->name && entry->regular) {
        snprintf(place, sizeof place, "entry %" PRId64, entry->ordinal);
        return broken(m, place, entry->ordinal, "its name is marked as UTF-8, but is not", item, err);
    }
    class = entry->name ? vx_corpus_classify(entry->name) : VX_NAME_OTHER;
    if (!entry->regular || (class != VX_NAME_AUDIO && class != VX_NAME_IMAGE)) {
        m->skipped++;
        return VX_OK;
    }
    if (entry->encrypted)
        return broken(m, entry->name, entry->ordinal, "is encrypted: decrypt the archive first", item, err);
    if ((rc = copy_origin(m, item, err)) != VX_OK)
        return rc;
    item->kind = class == VX_NAME_IMAGE ? VX_ITEM_IMAGE : VX_ITEM_AUDIO;
    item->ordinal = entry->ordinal;
    item->size = entry->size;
    item->mtime = entry->mtime;
    item->member = strdup(entry->name);
    if (item->member)
        return VX_OK;
    vx_item_clear(item);
    return vx_fail_nomem(err, "a member's path");
}

enum vx_status vx_members_next(struct vx_members *m, struct vx_item *item, struct vx_err *err)
{
    struct vx_entry entry;
    struct vx_err why;
    enum vx_status rc = VX_OK;

    if (m->ended)
        return VX_DONE;
    if (!m->archive)
        rc = vx_archive_open(&m->archive, m->origin.path, &why);
    while (rc == VX_OK) {
        rc = vx_archive_next(m->archive, &entry, &why);
        if (rc == VX_OK && ((rc = take(m, &entry, item, err)) != VX_OK || item->path))
            return rc;
    }
    m->ended = true;
    vx_archive_close(&m->archive);
    if (rc == VX_DONE)
        return rc;
    if (rc == VX_ENOMEM)
        return vx_fail(err, rc, "%s", why.text);
    return broken(m, NULL, -1, why.text, item, err);
}
