/* type.h - the element types of feature maps, weights and the factors of matrix products on the device */
#ifndef VX_GPU_TYPE_H
#define VX_GPU_TYPE_H

#include <stddef.h>

enum vx_gpu_type { VX_GPU_F32, VX_GPU_F16, VX_GPU_BF16 };

static inline size_t vx_gpu_type_size(enum vx_gpu_type type)
{
    return type == VX_GPU_F32 ? 4 : 2;
}

#endif
