/* weights.h - a network's weights on the device, in one allocation
 * What goes into matrix products (weights and biases) is of the network's type, all else float. Each tensor lies at a multiple of 256
 * bytes. */
#ifndef VX_GPU_WEIGHTS_H
#define VX_GPU_WEIGHTS_H

#include "base/err.h"
#include "gpu/type.h"
#include "model/convnext.h"

struct vx_gpu_block_weights {
    const float *dw_weight, *dw_bias;      /* [7][7][C], [C] */
    const void *pw1_weight, *pw1_bias;     /* [4C][C], [4C] */
    const void *pw2_weight, *pw2_bias;     /* [C][4C], [C] */
};

struct vx_gpu_stage_weights {
    const void *down_weight, *down_bias; /* [C][2][2][Cprev], [C]; NULL for stage 0 */
    struct vx_gpu_block_weights *block;  /* [depth], owned */
};

struct vx_gpu_weights {
    void *storage; /* on the device, owned */
    size_t bytes;  /* of it */
    const void *embed_weight, *embed_bias; /* [C0][pitch], zeros from patch²·3 on; [C0] */
    const float *embed_gamma, *embed_beta; /* [C0] */
    struct vx_gpu_stage_weights stage[VX_MAX_STAGES];
    const float *head_weight, *head_bias; /* [n_labels][Clast], [n_labels] */
};

/* *w, zeroed before, is the caller's, to be cleared after failure too. pitch: a row of the patch embedding's weights, at least
 * patch²·3. VX_EUNSUPPORTED: a weight is too large for fp16. */
enum vx_status vx_gpu_weights_create(struct vx_gpu_weights *w, const struct vx_convnext *net, enum vx_gpu_type type, int pitch,
                                     struct vx_err *err) VX_CHECKED;
void vx_gpu_weights_clear(struct vx_gpu_weights *w);

#endif
