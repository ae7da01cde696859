/* eval_report.h - what eval prints: one report, as text or JSON (inside eval*.c) */
#ifndef VX_JOBS_EVAL_REPORT_H
#define VX_JOBS_EVAL_REPORT_H

#include "jobs/eval_measure.h"

#include <stdio.h>

struct vx_eval_row {
    const char *value; /* borrowed of the set's column */
    struct vx_eval_result levels[VX_EVAL_LEVELS];
};

struct vx_eval_table {
    const struct vx_eval_column *column;
    struct vx_eval_row *rows; /* owned [n], by value */
    size_t n;
};

struct vx_eval_report {
    const struct vx_eval_options *options;
    const struct vx_eval_set *set;
    struct vx_eval_result levels[VX_EVAL_LEVELS];
    size_t outcomes[2][VX_OUTCOME_COUNT]; /* [bona] */
    struct vx_eval_table *tables;         /* owned [n_tables] */
    size_t n_tables;
};

enum vx_status vx_eval_report_make(struct vx_eval_report *out, const struct vx_eval_set *set, const struct vx_eval_options *o,
                                   struct vx_err *err) VX_CHECKED;
void vx_eval_report_free(struct vx_eval_report *report);

/* VX_ESYS: `to` cannot be written. */
enum vx_status vx_eval_print_text(const struct vx_eval_report *report, FILE *to, struct vx_err *err) VX_CHECKED;
/* One object; a metric that has no value is null. */
enum vx_status vx_eval_print_json(const struct vx_eval_report *report, FILE *to, struct vx_err *err) VX_CHECKED;

/* windows-det.svg, windows-scores.svg, files-det.svg and files-scores.svg in dir, which is made if need be. A DET
 * needs both classes: without, none is written. */
enum vx_status vx_eval_plot(const struct vx_eval_set *set, const char *dir, struct vx_err *err) VX_CHECKED;

const char *vx_file_score_name(enum vx_file_score how); /* "mean", "max", "worst" */

#endif
