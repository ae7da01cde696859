/* type.h - the element types of activations */
#ifndef VX_CPU_TYPE_H
#define VX_CPU_TYPE_H

#include <stddef.h>

enum vx_type { VX_TYPE_F32, VX_TYPE_BF16 };

static inline size_t vx_type_size(enum vx_type type)
{
    return type == VX_TYPE_BF16 ? 2 : sizeof(float);
}

#endif
