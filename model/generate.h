/* generate.h - generated weights before they are folded or written (definition: generate.c) */
#ifndef VX_MODEL_GENERATE_H
#define VX_MODEL_GENERATE_H

#include "model/fold.h"
#include "model/layers.h"
#include "model/safetensors.h"

#include <stdint.h>

/* out [tensor->count] in PyTorch's row-major order. */
void vx_generate_tensor(float *out, const struct vx_layer_tensor *tensor, uint64_t seed);

/* All tensors of a network. */
struct vx_generated {
    struct vx_weight_source source; /* reads from data; first, so that its address is the whole's */
    struct vx_config config;        /* untrained is set */
    struct vx_layers layers;
    float *data;                 /* [layers.n_elements] */
    struct vx_st_tensor *tensor; /* [layers.n] into data, as vx_st_write() wants them */
};

/* VX_EFORMAT: a config out of its limits. VX_ENOMEM. On failure *out is zeroed. */
enum vx_status vx_generated_create(struct vx_generated *out, const struct vx_config *config, uint64_t seed,
                                   struct vx_err *err) VX_CHECKED;
void vx_generated_clear(struct vx_generated *generated); /* zeroed or cleared is fine */

#endif
