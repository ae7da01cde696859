#include "jobs/calibrate_set.h"
#include "base/mem.h"
#include "base/text.h"
#include "io/corpus.h"
#include "jobs/eval_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct vx_calibrate_set *set;
    const struct vx_calibrate_set_options *o;
    struct vx_calibrate_labels labels;
    size_t n_pictures;
};

enum vx_status vx_calibrate_labels_open(struct vx_calibrate_labels *out, const struct vx_calibrate_set_options *o,
                                        struct vx_err *err)
{
    *out = (struct vx_calibrate_labels){.file = o->labels, .cluster = o->cluster};
    return vx_labels_open(&out->labels, o->labels, o->labels_format, err);
}

void vx_calibrate_labels_close(struct vx_calibrate_labels *l)
{
    vx_names_free(&l->clusters);
    vx_labels_close(&l->labels);
    free(l->example);
    *l = (struct vx_calibrate_labels){0};
}

/* Inputs of one label row always share a cluster: copies of a recording must not be on both sides. */
static enum vx_status find_cluster(struct vx_calibrate_labels *l, uint32_t *cluster, ptrdiff_t row, const char *const *meta,
                                   size_t n_meta, struct vx_err *err)
{
    const struct vx_scored_item as_scored = {.n_meta = n_meta, .meta = meta};
    const char *cell = l->cluster ? vx_eval_cell(l->labels, vx_labels_row(l->labels, (size_t)row), &as_scored, l->cluster,
                                                 &l->cluster_seen) : "";
    char *name;

    *cluster = VX_NAMES_NONE;
    if ((*cell ? asprintf(&name, "=%s", cell) : asprintf(&name, "#%td", row)) >= 0) {
        *cluster = vx_names_add(&l->clusters, name);
        free(name);
    }
    return *cluster == VX_NAMES_NONE ? vx_fail_nomem(err, "clusters") : VX_OK;
}

enum vx_status vx_calibrate_label(struct vx_calibrate_labels *l, const char *path, const char *member, const char *const *meta,
                                  size_t n_meta, ptrdiff_t *row, struct vx_calibrate_file *file, struct vx_err *err)
{
    enum vx_status rc = vx_labels_match(l->labels, path, member, row, err);

    if (rc != VX_OK)
        return rc;
    if (*row < 0) {
        l->n_unlabelled++;
        if (!l->example && !(l->example = vx_text_printable(member ? member : path)))
            return vx_fail_nomem(err, "a name");
        return VX_OK;
    }
    l->n_labelled++;
    file->bona = vx_labels_row(l->labels, (size_t)*row)->bona;
    return find_cluster(l, &file->cluster, *row, meta, n_meta, err);
}

enum vx_status vx_calibrate_labels_check(struct vx_calibrate_labels *l, struct vx_log *log, struct vx_err *err)
{
    const size_t n = l->n_labelled + l->n_unlabelled, rows = vx_labels_count(l->labels);

    if (n == 0)
        return vx_fail(err, VX_EINVAL, "nothing to calibrate on: no recording or picture found in what was named");
    if (l->n_labelled == 0)
        return vx_fail(err, VX_EINVAL, "none of %zu inputs has a label in %s: \"%.200s\" say, where line %lld names \"%.200s\"", n,
                       l->file, l->example, (long long)vx_labels_row(l->labels, 0)->line, vx_labels_row(l->labels, 0)->name);
    if (l->cluster && !l->cluster_seen)
        return vx_fail(err, VX_EINVAL, "--cluster %s: neither %s nor a manifest has such a column", l->cluster, l->file);
    vx_log_say(log, VX_LOG_INFO, "labels   %s (%s): %zu of %zu inputs have a label, %zu of %zu rows an input", l->file,
               vx_labels_format(l->labels), l->n_labelled, n, rows - vx_labels_unmatched(l->labels), rows);
    if (l->example)
        vx_log_say(log, VX_LOG_INFO, "         without a label and left out: %zu, \"%.200s\" first", l->n_unlabelled, l->example);
    return VX_OK;
}

/* Takes the item over if it has a label. */
static enum vx_status add_item(struct reading *r, struct vx_item *item, struct vx_err *err)
{
    struct vx_calibrate_set *set = r->set;
    void *items = set->items, *files = set->files;
    size_t cap = set->cap;
    struct vx_calibrate_file file;
    ptrdiff_t row;
    enum vx_status rc = vx_calibrate_label(&r->labels, item->path, item->member, (const char *const *)item->meta, item->n_meta,
                                           &row, &file, err);

    if (rc != VX_OK || row < 0)
        return rc;
    if (vx_grow(&items, &cap, set->n + 1, sizeof *set->items) != 0)
        return vx_fail_nomem(err, "the list of files");
    set->items = items;
    if (vx_grow(&files, &set->cap, set->n + 1, sizeof *set->files) != 0)
        return vx_fail_nomem(err, "the list of files");
    set->files = files;
    r->n_pictures += item->kind == VX_ITEM_IMAGE;
    set->items[set->n] = *item;
    set->files[set->n++] = file;
    *item = (struct vx_item){0};
    return VX_OK;
}

static enum vx_status list_inputs(struct reading *r, struct vx_log *log, struct vx_err *err)
{
    struct vx_corpus *corpus = NULL;
    struct vx_item item = {0};
    enum vx_status rc = vx_corpus_open(&corpus, r->o->inputs, r->o->n_inputs, err);

    if (rc == VX_OK)
        vx_corpus_limit(corpus, r->o->limits);
    while (rc == VX_OK && (rc = vx_corpus_next(corpus, &item, err)) == VX_OK) {
        if (item.kind == VX_ITEM_BROKEN) {
            char *path = vx_text_printable(item.path);
            vx_log_say(log, VX_LOG_WARNING, "%s: %s", path ? path : "?", item.problem ? item.problem : "cannot be listed");
            free(path);
        } else {
            rc = add_item(r, &item, err);
        }
        vx_item_clear(&item);
    }
    vx_item_clear(&item);
    vx_corpus_close(&corpus);
    return rc == VX_DONE ? VX_OK : rc;
}

enum vx_status vx_calibrate_set_read(struct vx_calibrate_set *out, const struct vx_calibrate_set_options *o, struct vx_log *log,
                                     struct vx_err *err)
{
    struct vx_calibrate_set set = {0};
    struct reading r = {.set = &set, .o = o};
    enum vx_status rc;

    *out = (struct vx_calibrate_set){0};
    if ((rc = vx_calibrate_labels_open(&r.labels, o, err)) != VX_OK || (rc = list_inputs(&r, log, err)) != VX_OK ||
        (rc = vx_calibrate_labels_check(&r.labels, log, err)) != VX_OK)
        goto done;
    if (r.n_pictures > 0 && r.n_pictures < set.n) {
        rc = vx_fail(err, VX_EINVAL, "recordings and pictures mix (%zu and %zu): pictures skip the front end, so they are "
                     "calibrated apart", set.n - r.n_pictures, r.n_pictures);
        goto done;
    }
    set.pictures = r.n_pictures > 0;
    *out = set;
    set = (struct vx_calibrate_set){0}; /* now the caller's */
done:
    vx_calibrate_set_free(&set);
    vx_calibrate_labels_close(&r.labels);
    return rc;
}

void vx_calibrate_set_free(struct vx_calibrate_set *set)
{
    for (size_t i = 0; set->items && i < set->n; i++)
        vx_item_clear(&set->items[i]);
    free(set->items);
    free(set->files);
    *set = (struct vx_calibrate_set){0};
}
