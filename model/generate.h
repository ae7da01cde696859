/* generate.h - one tensor of generated weights (definition: generate.c) */
#ifndef VX_MODEL_GENERATE_H
#define VX_MODEL_GENERATE_H

#include "model/layers.h"

#include <stdint.h>

/* out [tensor->count] in PyTorch's row-major order. */
void vx_generate_tensor(float *out, const struct vx_layer_tensor *tensor, uint64_t seed);

#endif
