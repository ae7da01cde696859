/* resize_axis.h - the inside of a resizing plan, for an engine that runs the two passes itself
 * Everything is in whole numbers, so whoever follows the tables gets the same pixels: a pass is
 * clip((Σ k·pixel + 2^(VX_RESIZE_BITS − 1)) >> VX_RESIZE_BITS) to 0…255 in int32, the sum cannot overflow. */
#ifndef VX_MODEL_RESIZE_AXIS_H
#define VX_MODEL_RESIZE_AXIS_H

#include "model/processor.h"

#include <stdbool.h>
#include <stdint.h>

#define VX_RESIZE_BITS 22 /* after the point: 32 − 8 bits of pixel − 2 bits of overshoot */

/* One direction: output i is the sum over t < taps[i] of k[i·stride + t]·input[start + first[i] + t]. */
struct vx_resize_axis {
    int n, stride;
    int start, span; /* the pixels that any output needs */
    int *first, *taps;
    int32_t *k; /* fixed point; NULL where the output is input[start + first[i]]: nearest, or the same size */
};

/* Borrowed from the plan. x are its columns, y its lines; vertical_first: the pass over y comes first. */
struct vx_resize_tables {
    int in_w, in_h;
    bool vertical_first;
    const struct vx_resize_axis *x, *y;
};
struct vx_resize_tables vx_resize_tables_of(const struct vx_resize *plan);
const struct vx_resize *vx_fit_resize(const struct vx_fit *fit); /* NULL: the image is copied */

#endif
