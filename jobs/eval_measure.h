/* eval_measure.h - the metrics of a set, or of a row of it, per window and per file (inside eval*.c) */
#ifndef VX_JOBS_EVAL_MEASURE_H
#define VX_JOBS_EVAL_MEASURE_H

#include "jobs/eval_set.h"

enum vx_eval_level { VX_EVAL_WINDOWS, VX_EVAL_FILES, VX_EVAL_LEVELS };

enum vx_against { VX_AGAINST_OWN, VX_AGAINST_ALL_BONA, VX_AGAINST_ALL_SPOOF };

struct vx_eval_result {
    size_t right[2], n[2]; /* [bona]: how many are on their side of score 0, how many there are */
    double accuracy;       /* of those; NaN: none */
    struct vx_interval accuracy_interval;
    enum vx_against against; /* a row of one class is measured against all of the other class in the set */
    struct vx_metrics metrics;
    struct vx_metrics_intervals intervals; /* NaN without a bootstrap */
};

/* Which files: all, or those with a value in a column. */
struct vx_eval_part {
    size_t column;
    uint32_t value; /* VX_NAMES_NONE: all files */
};
#define VX_EVAL_ALL ((struct vx_eval_part){0, VX_NAMES_NONE})

enum vx_status vx_eval_measure(struct vx_eval_result *out, const struct vx_eval_set *set, enum vx_eval_level level,
                               struct vx_eval_part part, const struct vx_eval_options *o, struct vx_err *err) VX_CHECKED;

/* Scores of one class of the whole set; [*n], the caller's to free. */
enum vx_status vx_eval_scores(double **out, size_t *n, const struct vx_eval_set *set, enum vx_eval_level level, bool bona,
                              struct vx_err *err) VX_CHECKED;

/* What an item of each class came to: [bona][outcome] over the files of the set. */
void vx_eval_outcomes(size_t out[2][VX_OUTCOME_COUNT], const struct vx_eval_set *set);

const char *vx_eval_level_name(enum vx_eval_level level); /* "windows", "files" */

#endif
