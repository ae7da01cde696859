/* blas.h - matrix products of fixed shape: the only place that knows cuBLASLt
 * A set holds products of one element type; sums are float (fp32 without TF32). For each shape the algorithm is chosen once, when
 * the first product of that shape is added, and never splits a row's sum unless cuBLASLt has no other, so that a row of the result
 * depends on that row of the input alone. A set that is complete may be used by several lanes at once. */
#ifndef VX_GPU_BLAS_H
#define VX_GPU_BLAS_H

#include "base/err.h"
#include "gpu/type.h"

#include <cuda_runtime_api.h>
#include <stddef.h>

enum vx_gpu_epilogue {
    VX_GPU_BIAS,      /* out = in·Wᵀ + bias */
    VX_GPU_BIAS_GELU, /* out = gelu(in·Wᵀ + bias), the tanh form (README.md says how far it is from the exact one) */
    VX_GPU_BIAS_ADD,  /* out += in·Wᵀ + bias */
};

struct vx_gpu_product {
    int rows, in_f, out_f; /* in [rows][in_f], W [out_f][in_f], bias [out_f], out [rows][out_f] */
    enum vx_gpu_epilogue epilogue;
    const void *weight, *bias; /* of the set's type, on the device, at multiples of 16 bytes; borrowed for the set's life */
};

struct vx_gpu_blas;

/* capacity: how many products can be added. VX_EUNSUPPORTED: cuBLASLt does not work with this device. */
enum vx_status vx_gpu_blas_create(struct vx_gpu_blas **out, enum vx_gpu_type type, int capacity, struct vx_err *err) VX_CHECKED;
void vx_gpu_blas_destroy(struct vx_gpu_blas **blas); /* when nothing of it is in flight; NULL is fine */

/* The product's number goes to *index. VX_EUNSUPPORTED: cuBLASLt has no algorithm for it. */
enum vx_status vx_gpu_blas_add(struct vx_gpu_blas *blas, const struct vx_gpu_product *product, int *index,
                               struct vx_err *err) VX_CHECKED;
size_t vx_gpu_blas_workspace(const struct vx_gpu_blas *blas); /* bytes on the device that any one run needs */
/* What was chosen: "algorithm 21, tile 20, stages 8, split-K 1, workspace 0"; valid as long as the set. */
const char *vx_gpu_blas_choice(const struct vx_gpu_blas *blas, int index);

/* Enqueues only. in, out and workspace at multiples of 256 bytes; out must not overlap in. */
enum vx_status vx_gpu_blas_run(const struct vx_gpu_blas *blas, cudaStream_t stream, int index, const void *in, void *out,
                               void *workspace, struct vx_err *err) VX_CHECKED;

#endif
