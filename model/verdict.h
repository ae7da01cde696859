/* verdict.h - from a recording's window scores to its aggregates and verdict (definitions: base/item.h) */
#ifndef VX_MODEL_VERDICT_H
#define VX_MODEL_VERDICT_H

#include "base/item.h"
#include "model/profile.h"

/* p of a window that was scored, 0…1: sigmoid(−(scale·(real − fake) + offset)) with the profile's calibration. P(fake) where
 * the profile is calibrated, else a score (vx_profile_score_words). */
double vx_window_fake(const struct vx_profile *profile, const struct vx_window_score *window);

/* windows [n] ascending by index; hop_s and window_s in seconds (the longest run of windows from a to b lasts
 * (b − a)·hop + window); not scored windows break a run. profile: calibration, real_below and fake_from. scratch double [n]. */
void vx_aggregate_compute(struct vx_aggregate *out, const struct vx_window_score *windows, size_t n, double window_s,
                          double hop_s, const struct vx_profile *profile, double *scratch);

#endif
