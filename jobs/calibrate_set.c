#include "jobs/calibrate_set.h"
#include "base/mem.h"
#include "base/names.h"
#include "base/text.h"
#include "io/corpus.h"
#include "io/labels.h"
#include "jobs/eval_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    struct vx_calibrate_set *set;
    const struct vx_calibrate_set_options *o;
    struct vx_labels *labels;
    struct vx_names clusters;
    bool cluster_seen;
    size_t n_listed, n_unlabelled, n_broken, n_pictures;
    char *example; /* the first input without a label */
};

/* Files of one label row always share a cluster: copies of a recording must not be on both sides. */
static enum vx_status find_cluster(struct reading *r, uint32_t *cluster, ptrdiff_t row, const struct vx_item *item,
                                   struct vx_err *err)
{
    const struct vx_scored_item as_scored = {.n_meta = item->n_meta, .meta = (const char *const *)item->meta};
    const char *cell = r->o->cluster ? vx_eval_cell(r->labels, vx_labels_row(r->labels, (size_t)row), &as_scored,
                                                    r->o->cluster, &r->cluster_seen) : "";
    char *name;

    *cluster = VX_NAMES_NONE;
    if ((*cell ? asprintf(&name, "=%s", cell) : asprintf(&name, "#%td", row)) >= 0) {
        *cluster = vx_names_add(&r->clusters, name);
        free(name);
    }
    return *cluster == VX_NAMES_NONE ? vx_fail_nomem(err, "clusters") : VX_OK;
}

/* Takes the item over if it has a label. */
static enum vx_status add_item(struct reading *r, struct vx_item *item, struct vx_err *err)
{
    struct vx_calibrate_set *set = r->set;
    void *items = set->items, *files = set->files;
    size_t cap = set->cap;
    uint32_t cluster;
    ptrdiff_t row;
    enum vx_status rc = vx_labels_match(r->labels, item->path, item->member, &row, err);

    if (rc != VX_OK)
        return rc;
    if (row < 0) {
        r->n_unlabelled++;
        if (!r->example && !(r->example = vx_text_printable(item->member ? item->member : item->path)))
            return vx_fail_nomem(err, "a name");
        return VX_OK;
    }
    if ((rc = find_cluster(r, &cluster, row, item, err)) != VX_OK)
        return rc;
    if (vx_grow(&items, &cap, set->n + 1, sizeof *set->items) != 0)
        return vx_fail_nomem(err, "the list of files");
    set->items = items;
    if (vx_grow(&files, &set->cap, set->n + 1, sizeof *set->files) != 0)
        return vx_fail_nomem(err, "the list of files");
    set->files = files;
    r->n_pictures += item->kind == VX_ITEM_IMAGE;
    set->items[set->n] = *item;
    set->files[set->n++] = (struct vx_calibrate_file){vx_labels_row(r->labels, (size_t)row)->bona, cluster};
    *item = (struct vx_item){0};
    return VX_OK;
}

static enum vx_status list_inputs(struct reading *r, struct vx_log *log, struct vx_err *err)
{
    struct vx_corpus *corpus = NULL;
    struct vx_item item = {0};
    enum vx_status rc = vx_corpus_open(&corpus, r->o->inputs, r->o->n_inputs, err);

    while (rc == VX_OK && (rc = vx_corpus_next(corpus, &item, err)) == VX_OK) {
        r->n_listed++;
        if (item.kind == VX_ITEM_BROKEN) {
            char *path = vx_text_printable(item.path);
            vx_log_say(log, VX_LOG_WARNING, "%s: %s", path ? path : "?", item.problem ? item.problem : "cannot be listed");
            free(path);
            r->n_broken++;
        } else {
            rc = add_item(r, &item, err);
        }
        vx_item_clear(&item);
    }
    vx_item_clear(&item);
    vx_corpus_close(&corpus);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status check(struct reading *r, struct vx_log *log, struct vx_err *err)
{
    struct vx_calibrate_set *set = r->set;
    const size_t rows = vx_labels_count(r->labels);

    if (r->n_listed == r->n_broken)
        return vx_fail(err, VX_EINVAL, "nothing to calibrate on: no recording or picture found in what was named");
    if (set->n == 0)
        return vx_fail(err, VX_EINVAL, "none of %zu inputs has a label in %s: \"%.200s\" say, where line %lld names \"%.200s\"",
                       r->n_listed - r->n_broken, r->o->labels, r->example ? r->example : "",
                       (long long)vx_labels_row(r->labels, 0)->line, vx_labels_row(r->labels, 0)->name);
    if (r->n_pictures > 0 && r->n_pictures < set->n)
        return vx_fail(err, VX_EINVAL, "recordings and pictures mix (%zu and %zu): pictures skip the front end, so they are "
                       "calibrated apart", set->n - r->n_pictures, r->n_pictures);
    if (r->o->cluster && !r->cluster_seen)
        return vx_fail(err, VX_EINVAL, "--cluster %s: neither %s nor a manifest has such a column", r->o->cluster, r->o->labels);
    set->pictures = r->n_pictures > 0;
    vx_log_say(log, VX_LOG_INFO, "labels   %s (%s): %zu of %zu inputs have a label, %zu of %zu rows an input", r->o->labels,
               vx_labels_format(r->labels), set->n, r->n_listed - r->n_broken, rows - vx_labels_unmatched(r->labels), rows);
    if (r->example)
        vx_log_say(log, VX_LOG_INFO, "         without a label and left out: %zu, \"%.200s\" first", r->n_unlabelled, r->example);
    return VX_OK;
}

enum vx_status vx_calibrate_set_read(struct vx_calibrate_set *out, const struct vx_calibrate_set_options *o, struct vx_log *log,
                                     struct vx_err *err)
{
    struct vx_calibrate_set set = {0};
    struct reading r = {.set = &set, .o = o};
    enum vx_status rc;

    *out = (struct vx_calibrate_set){0};
    if ((rc = vx_labels_open(&r.labels, o->labels, o->labels_format, err)) == VX_OK &&
        (rc = list_inputs(&r, log, err)) == VX_OK && (rc = check(&r, log, err)) == VX_OK) {
        *out = set;
        set = (struct vx_calibrate_set){0}; /* now the caller's */
    }
    vx_calibrate_set_free(&set);
    vx_names_free(&r.clusters);
    vx_labels_close(&r.labels);
    free(r.example);
    return rc;
}

void vx_calibrate_set_free(struct vx_calibrate_set *set)
{
    for (size_t i = 0; i < set->n; i++)
        vx_item_clear(&set->items[i]);
    free(set->items);
    free(set->files);
    *set = (struct vx_calibrate_set){0};
}
