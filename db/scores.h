/* scores.h - a result item by item, each with its window scores and metadata: what evaluation reads
 * One pass in the order of items, so memory is one item's. A score is logit_real − logit_fake: higher means bona fide. */
#ifndef VX_DB_SCORES_H
#define VX_DB_SCORES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_scores;

/* What the scores come from; text is "" where unknown. Of several runs in a merged result, which share model and profile,
 * the first. */
struct vx_scores_run {
    const char *model_name, *model_path, *profile_name, *profile_json;
    bool trained; /* false: random weights, the scores mean nothing */
    double window_s, hop_s, real_below, fake_from;
};

enum vx_outcome { /* of an item: its verdict, or why it has none */
    VX_OUTCOME_REAL,
    VX_OUTCOME_UNCERTAIN,
    VX_OUTCOME_FAKE,
    VX_OUTCOME_NOT_SCORED, /* read, no usable signal */
    VX_OUTCOME_FAILED,     /* or still pending; what was scored before counts for nothing */
    VX_OUTCOME_COUNT,
};

struct vx_scored_item { /* borrowed until the next call */
    int64_t item;
    const char *path;   /* the bytes of its name */
    const char *member; /* NULL: the file itself */
    enum vx_outcome outcome;
    double duration_s; /* 0: unknown, or a picture */
    size_t n_scores;
    const double *scores; /* [n_scores] of its scored windows, in their order */
    size_t n_judged;
    const double *judged; /* [n_judged]: those that its verdict goes by, all of them or, where channels were scored on their own, its
                           * worst channel's */
    size_t n_meta;
    const char *const *meta; /* [2·n_meta]: key, value, key, value… */
};

/* On success *out is the caller's. VX_EINVAL: path is no result of scan or merge. VX_EFORMAT: it has no run. */
enum vx_status vx_scores_open(struct vx_scores **out, const char *path, struct vx_err *err) VX_CHECKED;
void vx_scores_close(struct vx_scores **scores); /* NULL is fine */

const struct vx_scores_run *vx_scores_run(const struct vx_scores *scores);

/* VX_DONE: no more. VX_EFORMAT: a row that voxtrawl does not write, named. */
enum vx_status vx_scores_next(struct vx_scores *scores, struct vx_scored_item *item, struct vx_err *err) VX_CHECKED;

#endif
