/* calibrate_report.h - what calibrate found, for people, and as a profile */
#ifndef VX_JOBS_CALIBRATE_REPORT_H
#define VX_JOBS_CALIBRATE_REPORT_H

#include "jobs/calibrate_score.h"

#include <stdio.h>

struct vx_calibrate_result {
    struct vx_calibrate_candidate *candidates; /* [n] borrowed; none left out */
    struct vx_calibrate_row *rows;             /* [n] borrowed */
    int n, n_folds;
    struct vx_calibrate_report report;
    struct vx_calibrate_fit fit; /* of report.best, to everything */
    const struct vx_calibrate_set *set;
    const char *labels; /* the file's path */
};

void vx_calibrate_print(const struct vx_calibrate_result *r, FILE *to);
/* What a user should know before trusting it: scores that point the wrong way, few files. */
void vx_calibrate_warn(const struct vx_calibrate_result *r, struct vx_log *log);
/* The best candidate's profile with the fit written into it. VX_ENOMEM. */
enum vx_status vx_calibrate_profile(struct vx_profile *out, const struct vx_calibrate_result *r, struct vx_err *err) VX_CHECKED;

#endif
