/* calibrate_results.h - scores that scan has already made, in place of files to be scored */
#ifndef VX_JOBS_CALIBRATE_RESULTS_H
#define VX_JOBS_CALIBRATE_RESULTS_H

#include "jobs/calibrate_score.h"

/* Each result of scan or merge becomes a candidate with its run's profile. A file is a row of the label file, the same in all
 * results; set->items stays empty. VX_EINVAL: as vx_calibrate_set_read, and two results of one profile. */
enum vx_status vx_calibrate_results_read(struct vx_calibrate_set *set, struct vx_calibrate_candidate *candidates,
                                         const char *const *paths, size_t n, const struct vx_calibrate_set_options *o,
                                         struct vx_log *log, struct vx_err *err) VX_CHECKED;

#endif
