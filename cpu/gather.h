/* gather.h - the rows of the two patch convolutions: pixels and feature maps rearranged for matrix products
 * A k×k convolution of stride k is a matrix product over rows [k][k][channels] of its input, one row an
 * output pixel. */
#ifndef VX_CPU_GATHER_H
#define VX_CPU_GATHER_H

#include "cpu/kernels.h"

#include <stdint.h>

/* image [side·patch][side·patch][3] → rows [side·side][patch][patch][3], each pixel through table[channel]
 * (vx_processor_table()) */
void vx_gather_patches(const uint8_t *image, const float table[3][256], int side, int patch, float *rows);

/* map [side·2][side·2][C] → rows [side·side][2][2][C] of type, LayerNorm `norm` (its channels are C) applied
 * to each pixel on the way */
void vx_gather_norm(const struct vx_kernels *kernels, const struct vx_norm *norm, const float *map, int side,
                    void *rows, enum vx_type type);

#endif
