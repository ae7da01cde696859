#include "jobs/engines.h"
#include "cpu/engine.h"
#ifdef VX_CUDA
#include "gpu/engine.h"
#endif

#include <stddef.h>

void (*const vx_decoder_before)(const struct vx_item *item) = NULL;

const struct vx_engine_ops *const vx_engines[] = {
#ifdef VX_CUDA
    &vx_cuda_engine,
#endif
    &vx_cpu_engine,
    NULL,
};
