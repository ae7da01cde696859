#include "io/corpus.h"
#include "base/mem.h"
#include "io/folder.h"
#include "io/found.h"
#include "io/manifest.h"
#include "io/members.h"

#include <stdlib.h>
#include <string.h>

struct vx_corpus {
    char **inputs; /* owned [n] */
    size_t n, next;
    /* What is being listed, innermost first; NULL: no such thing. An archive may be one of a folder or manifest. */
    struct vx_members *members;
    struct vx_folder *folder;
    struct vx_manifest *manifest;
    struct vx_corpus_filter filter;
    struct vx_corpus_limits limits;
    struct vx_corpus_stats stats; /* of what is done with */
};

enum vx_status vx_corpus_open(struct vx_corpus **out, const char *const *inputs, size_t n, struct vx_err *err)
{
    struct vx_corpus *c;

    *out = NULL;
    if (n == 0)
        return vx_fail(err, VX_EINVAL, "nothing to scan: name folders, files, manifests or archives");
    c = vx_calloc(1, sizeof *c);
    if (!c || !(c->inputs = vx_calloc(n, sizeof *c->inputs)))
        goto fail;
    for (; c->n < n; c->n++)
        if (!(c->inputs[c->n] = strdup(inputs[c->n])))
            goto fail;
    c->limits = (struct vx_corpus_limits){.depth = VX_CORPUS_DEPTH, .max_bytes = VX_CORPUS_MAX_BYTES};
    *out = c;
    return VX_OK;
fail:
    vx_corpus_close(&c);
    return vx_fail_nomem(err, "the inputs");
}

void vx_corpus_close(struct vx_corpus **corpus)
{
    struct vx_corpus *c = *corpus;

    if (!c)
        return;
    vx_members_close(&c->members);
    vx_folder_close(&c->folder);
    vx_manifest_close(&c->manifest);
    for (size_t i = 0; i < c->n; i++)
        free(c->inputs[i]);
    free(c->inputs);
    free(c);
    *corpus = NULL;
}

void vx_corpus_filter(struct vx_corpus *corpus, struct vx_corpus_filter filter)
{
    corpus->filter = filter;
}

void vx_corpus_limit(struct vx_corpus *corpus, struct vx_corpus_limits limits)
{
    corpus->limits = limits;
}

struct vx_corpus_stats vx_corpus_stats(const struct vx_corpus *c)
{
    struct vx_corpus_stats stats = c->stats;

    if (c->folder)
        stats.skipped += vx_folder_skipped(c->folder);
    if (c->members)
        stats.skipped += vx_members_skipped(c->members);
    return stats;
}

static enum vx_status next_of_members(struct vx_corpus *c, struct vx_item *item, struct vx_err *err)
{
    const enum vx_status rc = vx_members_next(c->members, item, err);

    if (rc == VX_DONE) {
        c->stats.skipped += vx_members_skipped(c->members);
        vx_members_close(&c->members);
    }
    return rc;
}

static enum vx_status next_of_folder(struct vx_corpus *c, struct vx_item *item, struct vx_err *err)
{
    bool archive;
    enum vx_status rc = vx_folder_next(c->folder, item, &archive, err);

    if (rc == VX_OK && archive)
        rc = vx_members_open(&c->members, item, &c->limits, err);
    if (rc == VX_DONE) {
        c->stats.skipped += vx_folder_skipped(c->folder);
        vx_folder_close(&c->folder);
    }
    return rc;
}

static enum vx_status next_of_manifest(struct vx_corpus *c, struct vx_item *item, struct vx_err *err)
{
    bool archive;
    enum vx_status rc = vx_manifest_next(c->manifest, item, &archive, err);

    if (rc == VX_OK && archive)
        rc = vx_members_open(&c->members, item, &c->limits, err);
    if (rc == VX_DONE)
        vx_manifest_close(&c->manifest);
    return rc;
}

static enum vx_status next_input(struct vx_corpus *c, struct vx_item *item, struct vx_err *err)
{
    const char *path = c->inputs[c->next++];
    enum vx_place place;
    enum vx_status rc = vx_found_look(path, item, &place, err);

    if (rc != VX_OK)
        return rc;
    switch (place) {
    case VX_PLACE_ITEM:
        break;
    case VX_PLACE_ARCHIVE:
        return vx_members_open(&c->members, item, &c->limits, err);
    case VX_PLACE_FOLDER:
        if ((rc = vx_folder_open(&c->folder, path, err)) == VX_OK)
            vx_folder_filter(c->folder, &c->filter);
        return rc;
    case VX_PLACE_MANIFEST:
        if ((rc = vx_manifest_open(&c->manifest, path, err)) == VX_OK)
            vx_manifest_filter(c->manifest, &c->filter);
        return rc;
    }
    return VX_OK;
}

/* One step: *item is filled or stays zeroed. VX_DONE: what it went on with is at its end. */
static enum vx_status step(struct vx_corpus *c, struct vx_item *item, struct vx_err *err)
{
    if (c->members)
        return next_of_members(c, item, err);
    if (c->folder)
        return next_of_folder(c, item, err);
    if (c->manifest)
        return next_of_manifest(c, item, err);
    return next_input(c, item, err);
}

enum vx_status vx_corpus_next(struct vx_corpus *c, struct vx_item *item, struct vx_err *err)
{
    vx_item_clear(item);
    while (c->members || c->folder || c->manifest || c->next < c->n) {
        const enum vx_status rc = step(c, item, err);
        if (rc != VX_OK && rc != VX_DONE)
            return rc;
        if (item->path) {
            c->stats.listed++;
            return VX_OK;
        }
    }
    return VX_DONE;
}
