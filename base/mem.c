#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void *vx_calloc(size_t n, size_t size)
{
    size_t bytes;
    void *p;

    if (vx_mul_overflows(n, size, &bytes) || bytes > SIZE_MAX - VX_ALIGN)
        return NULL;
    bytes = (bytes + VX_ALIGN - 1) / VX_ALIGN * VX_ALIGN;
    if (bytes == 0)
        bytes = VX_ALIGN;
    p = aligned_alloc(VX_ALIGN, bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

int vx_grow(void **p, size_t *cap, size_t want, size_t size)
{
    size_t n = *cap ? *cap : 16, bytes;
    void *q;

    if (want <= *cap)
        return 0;
    while (n < want) {
        if (n > SIZE_MAX / 2)
            return -1;
        n *= 2;
    }
    if (vx_mul_overflows(n, size, &bytes))
        return -1;
    q = realloc(*p, bytes);
    if (!q)
        return -1;
    *p = q;
    *cap = n;
    return 0;
}
