/* verdict.h - from a recording's window scores to its aggregates and verdict (definitions: base/item.h) */
#ifndef VX_MODEL_VERDICT_H
#define VX_MODEL_VERDICT_H

#include "base/item.h"

/* windows [n] ascending by index; hop_s and window_s in seconds (the longest run of windows from a to b lasts
 * (b − a)·hop + window); not scored windows break a run. p = sigmoid(fake − real). scratch double [n]. */
void vx_aggregate_compute(struct vx_aggregate *out, const struct vx_window_score *windows, size_t n, double window_s,
                          double hop_s, double real_below, double fake_from, double *scratch);

#endif
