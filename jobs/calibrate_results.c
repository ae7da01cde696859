#include "jobs/calibrate_results.h"
#include "base/mem.h"
#include "db/scores.h"

#include <stdlib.h>
#include <string.h>

#define NO_FILE UINT32_MAX

struct scored { /* a window */
    uint32_t file;
    size_t at; /* in the result */
    double score;
};

struct reading {
    struct vx_calibrate_set *set;
    struct vx_calibrate_labels labels;
    uint32_t *file_of; /* owned [rows]: the row's file, NO_FILE: not met yet */
    struct scored *windows; /* owned [n]: of one result */
    size_t n, cap;
};

static enum vx_status find_file(struct reading *r, const struct vx_scored_item *item, uint32_t *number, struct vx_err *err)
{
    struct vx_calibrate_set *set = r->set;
    void *files = set->files;
    struct vx_calibrate_file file;
    ptrdiff_t row;
    enum vx_status rc = vx_calibrate_label(&r->labels, item->path, item->member, item->meta, item->n_meta, &row, &file, err);

    *number = NO_FILE;
    if (rc != VX_OK || row < 0)
        return rc;
    if (r->file_of[row] == NO_FILE) {
        if (vx_grow(&files, &set->cap, set->n + 1, sizeof *set->files) != 0)
            return vx_fail_nomem(err, "the list of files");
        set->files = files;
        r->file_of[row] = (uint32_t)set->n;
        set->files[set->n++] = file;
    }
    *number = r->file_of[row];
    return VX_OK;
}

static enum vx_status add_item(struct reading *r, const struct vx_scored_item *item, struct vx_err *err)
{
    void *windows = r->windows;
    uint32_t file;
    enum vx_status rc = find_file(r, item, &file, err);

    if (rc != VX_OK || file == NO_FILE || item->outcome == VX_OUTCOME_FAILED)
        return rc;
    if (vx_grow(&windows, &r->cap, r->n + item->n_scores, sizeof *r->windows) != 0)
        return vx_fail_nomem(err, "scores");
    r->windows = windows;
    for (size_t i = 0; i < item->n_scores; i++, r->n++)
        r->windows[r->n] = (struct scored){file, r->n, item->scores[i]};
    return VX_OK;
}

static int by_file(const void *a, const void *b)
{
    const struct scored *x = a, *y = b;

    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static enum vx_status keep_windows(struct reading *r, struct vx_calibrate_candidate *c, struct vx_err *err)
{
    double *scores = vx_calloc(r->n, sizeof *scores);
    uint32_t *file = vx_calloc(r->n, sizeof *file);

    if (!scores || !file) {
        free(scores);
        free(file);
        return vx_fail_nomem(err, "scores");
    }
    if (r->n > 0)
        qsort(r->windows, r->n, sizeof *r->windows, by_file);
    for (size_t i = 0; i < r->n; i++) {
        scores[i] = r->windows[i].score;
        file[i] = r->windows[i].file;
    }
    c->windows = (struct vx_calibrate_windows){scores, file, r->n};
    return VX_OK;
}

static enum vx_status read_result(struct reading *r, struct vx_calibrate_candidate *c, struct vx_log *log, struct vx_err *err)
{
    struct vx_scores *scores = NULL;
    struct vx_scored_item item;
    const struct vx_scores_run *run;
    enum vx_status rc;

    if ((rc = vx_scores_open(&scores, c->named, err)) != VX_OK)
        return rc;
    run = vx_scores_run(scores);
    c->asked = true;
    c->trained = run->trained;
    if ((rc = vx_profile_parse(&c->profile, run->profile_json, c->named, err)) != VX_OK)
        goto done;
    vx_log_say(log, VX_LOG_INFO, "result   %s: model %s, profile %s", c->named, run->model_name, c->profile.name);
    r->n = 0;
    while ((rc = vx_scores_next(scores, &item, err)) == VX_OK)
        if ((rc = add_item(r, &item, err)) != VX_OK)
            goto done;
    if (rc == VX_DONE)
        rc = keep_windows(r, c, err);
done:
    vx_scores_close(&scores);
    return rc;
}

enum vx_status vx_calibrate_results_read(struct vx_calibrate_set *set, struct vx_calibrate_candidate *candidates,
                                         const char *const *paths, size_t n, const struct vx_calibrate_set_options *o,
                                         struct vx_log *log, struct vx_err *err)
{
    struct reading r = {.set = set};
    enum vx_status rc;

    if ((rc = vx_calibrate_labels_open(&r.labels, o, err)) != VX_OK)
        goto done;
    const size_t rows = vx_labels_count(r.labels.labels);
    if (!(r.file_of = vx_calloc(rows, sizeof *r.file_of))) {
        rc = vx_fail_nomem(err, "the list of files");
        goto done;
    }
    for (size_t i = 0; i < rows; i++)
        r.file_of[i] = NO_FILE;
    for (size_t i = 0; rc == VX_OK && i < n; i++) {
        candidates[i].named = paths[i];
        rc = read_result(&r, &candidates[i], log, err);
        for (size_t k = 0; rc == VX_OK && k < i; k++)
            if (strcmp(candidates[k].profile.name, candidates[i].profile.name) == 0)
                rc = vx_fail(err, VX_EINVAL, "%s and %s are results of one profile, %s; merge them first", paths[k], paths[i],
                             candidates[i].profile.name);
    }
    if (rc == VX_OK)
        rc = vx_calibrate_labels_check(&r.labels, log, err);
done:
    free(r.windows);
    free(r.file_of);
    vx_calibrate_labels_close(&r.labels);
    return rc;
}
