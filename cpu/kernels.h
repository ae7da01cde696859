/* kernels.h - the network's own kernels, one set an instruction set
 * Whatever is not a matrix product: the depthwise convolution with the LayerNorm behind it, and LayerNorm
 * alone. All sets compute the same operations to float32 rounding (tests/ops holds them against
 * model/reference.h); within one set, an output row depends on its inputs alone, bit for bit. */
#ifndef VX_CPU_KERNELS_H
#define VX_CPU_KERNELS_H

#include "cpu/isa.h"
#include "cpu/type.h"

#include <stddef.h>

/* Output columns that the vectorised depthwise kernels compute together; 7 divides the sides 56, 28, 14 and 7
 * of a 224² input. */
#define VX_DWCONV_TILE 7

struct vx_dwconv {
    int side, channels;  /* C */
    const float *weight; /* [7][7][C] */
    const float *bias;   /* [C] */
};

/* A LayerNorm over rows of `channels`. */
struct vx_norm {
    int channels;
    const float *gamma, *beta; /* [channels], or both NULL: no affine part */
    float eps;
    /* Rows that come out lie together in runs of `run`, with `skip` bytes between one run and the next; run
     * 0: all lie together. */
    size_t run, skip;
};

/* Where row number r comes out, bytes from the first. */
static inline size_t vx_norm_row_at(const struct vx_norm *op, enum vx_type type, size_t r)
{
    return r * (size_t)op->channels * vx_type_size(type) + (op->run ? r / op->run * op->skip : 0);
}

struct vx_kernels {
    const char *name; /* "AVX-512", "AVX2", "baseline" */
    /* in [side][side][C] → out [side][C]: depthwise 7×7 with zero padding 3 and bias, row y of it */
    void (*conv_row)(const struct vx_dwconv *op, const float *in, int y, float *out);
    /* in [rows][channels] → out [rows][channels] of type, in runs if op has them; out may be in when type is
     * F32 and there are no runs */
    void (*norm)(const struct vx_norm *op, const float *in, void *out, enum vx_type type, size_t rows);
};

extern const struct vx_kernels vx_kernels_baseline;
#if defined(__x86_64__)
extern const struct vx_kernels vx_kernels_avx2;   /* call only where vx_isa.avx2 */
extern const struct vx_kernels vx_kernels_avx512; /* call only where vx_isa.avx512 */
#endif

const struct vx_kernels *vx_kernels_for(const struct vx_isa *isa); /* the fastest set that isa allows */

/* in [side][side][C] → out [side][side][C] of type: depthwise 7×7, bias, and the LayerNorm without affine
 * part that follows it in a block, row by row while the sums are in the first-level cache. scratch float
 * [side][C]. */
void vx_dwconv_norm(const struct vx_kernels *kernels, const struct vx_dwconv *op, const float *in, void *out,
                    enum vx_type type, float *scratch);

#endif
