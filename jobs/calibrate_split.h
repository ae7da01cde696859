/* calibrate_split.h - the windows or files of a part by their side
 * Internal to calibrate_*.c. */
#ifndef VX_JOBS_CALIBRATE_SPLIT_H
#define VX_JOBS_CALIBRATE_SPLIT_H

#include "jobs/calibrate_fit.h"

struct vx_calibrate_split {
    double *values[2]; /* owned [n[side]]; side 0 spoof, 1 bona fide */
    size_t n[2];
};

bool vx_calibrate_within(const struct vx_calibrate_part *part, uint32_t file);

/* The values, one a window ([windows->n]), of the part's windows. */
enum vx_status vx_calibrate_split_windows(struct vx_calibrate_split *out, const struct vx_calibrate_part *part,
                                          const struct vx_calibrate_windows *windows, const double *values, struct vx_err *err) VX_CHECKED;
/* The part's files: mean P(fake) over their windows, whose log-likelihood ratios are llr [windows->n]. */
enum vx_status vx_calibrate_split_files(struct vx_calibrate_split *out, const struct vx_calibrate_part *part,
                                        const struct vx_calibrate_windows *windows, const double *llr, struct vx_err *err) VX_CHECKED;
void vx_calibrate_split_clear(struct vx_calibrate_split *split); /* zeroed is fine */

/* Of values that are higher for bona fide, or of mean P(fake), which is lower (flip). */
enum vx_status vx_calibrate_measure(struct vx_metrics *out, const struct vx_calibrate_split *split, bool flip, struct vx_err *err) VX_CHECKED;

#endif
