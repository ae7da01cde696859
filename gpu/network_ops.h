/* network_ops.h - the network's own kernels: all of it but the matrix products
 * Maps are channels last, type [windows][side][side][C]; parameters are float, on the device. Everything is enqueued on the stream,
 * nothing waits or allocates, so all of it can be captured into a graph. Sums are float. A row of the output depends on its own
 * inputs alone, bit for bit, whatever the number of windows. windows 0 does nothing. C is even. The oracle is model/reference.h. */
#ifndef VX_GPU_NETWORK_OPS_H
#define VX_GPU_NETWORK_OPS_H

#include "base/err.h"
#include "gpu/type.h"

#include <cuda_runtime_api.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* image uint8 [windows][side·patch][side·patch][3] → rows type [windows·side²][pitch], patch² · 3 columns of it as (ky, kx, channel), each
 * pixel through table [3][256]; the columns up to pitch (a multiple of 8) become 0. */
enum vx_status vx_gpu_gather_patches(cudaStream_t stream, enum vx_gpu_type type, const uint8_t *image, const float *table,
                                     int windows, int side, int patch, int pitch, void *rows, struct vx_err *err) VX_CHECKED;

/* in [rows][c] → out [rows][c]: (x − mean)/sqrt(var + eps)·gamma + beta; gamma and beta [c], or both NULL. out may be in. */
enum vx_status vx_gpu_layer_norm(cudaStream_t stream, enum vx_gpu_type type, const void *in, const float *gamma,
                                 const float *beta, int rows, int c, float eps, void *out, struct vx_err *err) VX_CHECKED;

/* map [windows][2·side][2·side][c] → rows [windows·side²][2][2][c], each pixel's LayerNorm (no affine part) taken on the way */
enum vx_status vx_gpu_gather_norm(cudaStream_t stream, enum vx_gpu_type type, const void *map, int windows, int side, int c,
                                  float eps, void *rows, struct vx_err *err) VX_CHECKED;

/* in [windows][side][side][c] → out, the same shape, not in place: depthwise 7×7, zero padding 3, weight [7][7][c], bias [c], and the
 * LayerNorm without affine part behind it, in one pass. c up to 2048. */
enum vx_status vx_gpu_dwconv_norm(cudaStream_t stream, enum vx_gpu_type type, const void *in, const float *weight,
                                  const float *bias, int windows, int side, int c, float eps, void *out,
                                  struct vx_err *err) VX_CHECKED;

/* x·(1 + erf(x/√2))/2 in place, x [n], n even */
enum vx_status vx_gpu_gelu(cudaStream_t stream, enum vx_gpu_type type, void *x, size_t n, struct vx_err *err) VX_CHECKED;

/* map [windows][pixels][c] → logits float [windows][labels]: mean over pixels, LayerNorm (no affine part), weight [labels][c] and
 * bias [labels] */
enum vx_status vx_gpu_head(cudaStream_t stream, enum vx_gpu_type type, const void *map, const float *weight,
                           const float *bias, int windows, int pixels, int c, int labels, float eps, float *logits,
                           struct vx_err *err) VX_CHECKED;

#ifdef __cplusplus
}
#endif

#endif
