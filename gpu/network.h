/* network.h - a ConvNeXt ready to run on one device
 * vx_gpu_network is what all lanes share and nobody changes after create: weights on the device, in one allocation, and the plan made
 * from the layer table for a fixed number of windows. Products go through cuBLASLt with bias, GELU or residual add in their epilogue;
 * everything else is gpu/network_ops.h. A forward always has the same shapes and algorithms, so a window's logits depend on its
 * image alone, bit for bit, on one kind of device with one version of cuBLAS. */
#ifndef VX_GPU_NETWORK_H
#define VX_GPU_NETWORK_H

#include "base/err.h"
#include "gpu/type.h"
#include "model/convnext.h"

#include <cuda_runtime_api.h>
#include <stddef.h>
#include <stdint.h>

struct vx_gpu_network;

/* net is borrowed during the call. VX_EUNSUPPORTED: the network does not take three channels, or has odd widths. */
enum vx_status vx_gpu_network_create(struct vx_gpu_network **out, const struct vx_convnext *net, enum vx_gpu_type type,
                                     int windows, struct vx_err *err) VX_CHECKED;
void vx_gpu_network_destroy(struct vx_gpu_network **network); /* when nothing of it is in flight; NULL is fine */
size_t vx_gpu_network_scratch(const struct vx_gpu_network *network); /* bytes on the device, for one lane */
size_t vx_gpu_network_weights(const struct vx_gpu_network *network); /* bytes on the device */

/* Enqueues only. On the device: image uint8 [windows][size][size][3]; table float [3][256], vx_processor_table(); logits float
 * [windows][n_labels]; scratch at a multiple of 256 bytes. */
enum vx_status vx_gpu_network_run(const struct vx_gpu_network *network, cudaStream_t stream, const uint8_t *image,
                                  const float *table, float *logits, void *scratch, struct vx_err *err) VX_CHECKED;

#endif
