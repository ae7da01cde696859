#include "io/corpus.h"
#include "base/mem.h"
#include "io/folder.h"
#include "io/listing.h"

#include <stdlib.h>
#include <string.h>

struct vx_corpus {
    char **inputs; /* owned [n] */
    size_t n, next;
    struct vx_folder *folder; /* the input being listed, or NULL */
    struct vx_corpus_stats stats;
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
    vx_folder_close(&c->folder);
    for (size_t i = 0; i < c->n; i++)
        free(c->inputs[i]);
    free(c->inputs);
    free(c);
    *corpus = NULL;
}

struct vx_corpus_stats vx_corpus_stats(const struct vx_corpus *c)
{
    struct vx_corpus_stats stats = c->stats;

    if (c->folder)
        stats.skipped += vx_folder_skipped(c->folder);
    return stats;
}

static enum vx_status next_of_folder(struct vx_corpus *c, struct vx_item *item, struct vx_err *err)
{
    bool archive;
    enum vx_status rc = vx_folder_next(c->folder, item, &archive, err);

    if (rc == VX_DONE) {
        c->stats.skipped += vx_folder_skipped(c->folder);
        vx_folder_close(&c->folder);
    }
    if (rc == VX_OK && archive) {
        char *path = item->path;
        item->path = NULL;
        vx_item_clear(item);
        rc = vx_listing_broken(item, path, NULL, err, "archives are not supported by this build");
        free(path);
    }
    return rc;
}

static enum vx_status next_input(struct vx_corpus *c, struct vx_item *item, struct vx_err *err)
{
    const char *path = c->inputs[c->next++];
    enum vx_place place;
    enum vx_status rc = vx_listing_look(path, item, &place, err);

    if (rc != VX_OK)
        return rc;
    switch (place) {
    case VX_PLACE_ITEM:
        break;
    case VX_PLACE_FOLDER:
        return vx_folder_open(&c->folder, path, err);
    case VX_PLACE_ARCHIVE:
        return vx_listing_broken(item, path, NULL, err, "archives are not supported by this build");
    case VX_PLACE_MANIFEST:
        return vx_listing_broken(item, path, NULL, err, "manifests are not supported by this build");
    }
    return VX_OK;
}

enum vx_status vx_corpus_next(struct vx_corpus *c, struct vx_item *item, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    vx_item_clear(item);
    while (rc == VX_OK && !item->path) {
        if (c->folder)
            rc = next_of_folder(c, item, err);
        else if (c->next < c->n)
            rc = next_input(c, item, err);
        else
            return VX_DONE;
        if (rc == VX_DONE)
            rc = VX_OK; /* of this input; there may be more */
    }
    if (rc == VX_OK)
        c->stats.listed++;
    return rc;
}
