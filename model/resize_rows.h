/* resize_rows.h - the two passes of resize.c over 8-bit lines; for that file only
 * Both compute Σ k·pixel + 1/2 in fixed point and clip to 0…255, vectorised and without regard to what the bytes mean. */
#ifndef VX_MODEL_RESIZE_ROWS_H
#define VX_MODEL_RESIZE_ROWS_H

#include "model/resize_axis.h"

#include <stddef.h>
#include <stdint.h>

#define VX_RESIZE_LANES 32

/* Bytes of scratch for vx_resize_columns() */
size_t vx_resize_columns_scratch(const struct vx_resize_axis *axis, int channels);

/* The horizontal pass over rows ≤ VX_RESIZE_LANES lines: in is pixel `start` of the first, in_pitch bytes from line to line;
 * out [rows][out_pitch], n·channels bytes of each are written. */
void vx_resize_columns(const struct vx_resize_axis *axis, int channels, const uint8_t *in, size_t in_pitch, int rows,
                       uint8_t *out, size_t out_pitch, uint8_t *scratch);

/* The vertical pass for one output line of n bytes, from taps lines `pitch` bytes apart */
void vx_resize_line(const int32_t *k, int taps, const uint8_t *in, size_t n, size_t pitch, uint8_t *out);

#endif
