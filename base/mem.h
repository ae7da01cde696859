/* mem.h - allocation that cannot overflow its size
 * Everything returned here is released with free(). */
#ifndef VX_BASE_MEM_H
#define VX_BASE_MEM_H

#include <stddef.h>
#include <stdint.h>

#define VX_ALIGN 64 /* bytes: a cache line and an AVX-512 register */

/* n elements of size bytes, zeroed, aligned to VX_ALIGN. NULL when out of memory or n*size overflows.
 * n = 0 gives a valid pointer. */
void *vx_calloc(size_t n, size_t size);

/* Grow *p to hold at least want elements of size bytes, doubling *cap; 0 on success, -1 with *p untouched. */
int vx_grow(void **p, size_t *cap, size_t want, size_t size);

/* a*b into *out; nonzero when it overflows. */
static inline int vx_mul_overflows(size_t a, size_t b, size_t *out)
{
    return __builtin_mul_overflow(a, b, out);
}

#endif
