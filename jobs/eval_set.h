/* eval_set.h - the labelled recordings of a result, read once, ready to be measured (inside eval*.c)
 * Every score here is scale·(logit_real − logit_fake) + offset with the run's calibration: higher means bona fide. */
#ifndef VX_JOBS_EVAL_SET_H
#define VX_JOBS_EVAL_SET_H

#include "base/names.h"
#include "base/opts.h"
#include "db/scores.h"
#include "io/labels.h"
#include "model/metrics.h"

enum vx_file_score {
    VX_FILE_MEAN,  /* of the window scores */
    VX_FILE_MAX,   /* the window that looks most like spoof: the lowest score */
    VX_FILE_WORST, /* mean of the lowest tenth of the scores, one at least */
};

struct vx_eval_options {
    const char *db, *labels, *labels_format; /* labels_format NULL: detect */
    bool reviews;                            /* labels are those of db/reviews.h; labels is what they are called */
    const char *cluster;                     /* a column; NULL: each file is one */
    struct vx_opt_list by, where;            /* where: "COLUMN=VALUE" */
    double min_seconds;
    enum vx_file_score file_score;
    long rounds; /* of the bootstrap; 0: no intervals */
    long seed;
};

struct vx_eval_file {
    bool bona;
    enum vx_outcome outcome;
    size_t first, n; /* its windows: scores[first … first + n) of the set; n = 0: nothing scored, it counts in no metric */
    double score;     /* of the file */
    uint32_t cluster; /* 0 … n_clusters − 1 */
};

/* A column of the label file or of the items' metadata; where both have one of that name, the label file's. */
struct vx_eval_column {
    const char *name;       /* borrowed */
    struct vx_names values; /* owned */
    bool seen;              /* there is such a column */
    bool asked;             /* by the user, not by default */
};

struct vx_eval_set {
    struct vx_labels *labels;  /* owned */
    struct vx_scores *scores_db; /* owned */
    const struct vx_scores_run *run;
    struct vx_calibration calibration;
    bool calibrated;
    char calibrated_on[160];
    /* [n] */
    size_t n_items, n_labelled, n_elsewhere, n_short; /* items; with a label; of those left out by where, by min_seconds */
    size_t n_unscored;                                /* of those left in: without a score */
    size_t n_clusters, n_lone; /* of files with scores: clusters; files that have no value in the cluster column */
    struct vx_eval_file *files; /* owned [n_files], labelled and not left out */
    size_t n_files, cap_files;
    double *scores; /* owned [n_scores] of windows */
    size_t n_scores, cap_scores;
    struct vx_eval_column *columns; /* owned [n_columns]: what to show rows for */
    size_t n_columns;
    uint32_t *values; /* owned [n_files][n_columns]: number of the file's value, VX_NAMES_NONE: has none */
    size_t cap_values;
};

/* Reads and checks everything. On success *out is the caller's to free with vx_eval_set_free. VX_EINVAL: no such column,
 * or nothing is left to measure (says what was there). Else as of vx_labels_open, vx_labels_match and vx_scores_open. */
enum vx_status vx_eval_set_read(struct vx_eval_set *out, const struct vx_eval_options *o, struct vx_err *err) VX_CHECKED;
void vx_eval_set_free(struct vx_eval_set *set); /* zeroed is fine */

/* The cell of a column: label row first, else metadata. "" where there is none or it is "-", as protocols write it.
 * *seen is set when there is such a column. Names are compared without case. */
const char *vx_eval_cell(const struct vx_labels *labels, const struct vx_label_row *row, const struct vx_scored_item *item,
                         const char *column, bool *seen);

/* The columns to read: those of o->by, or the usual ones where it is empty. *out [*n] is the caller's to free. */
enum vx_status vx_eval_columns_choose(struct vx_eval_column **out, size_t *n, const struct vx_eval_options *o,
                                      struct vx_err *err) VX_CHECKED;
/* Whether to show rows for it: asked for, or of 2 to 50 values. */
bool vx_eval_column_shown(const struct vx_eval_column *column);

#endif
