/* nameset.h - names that were met, known by 64 bits of their XXH3: 11 to 21 bytes a name, whatever its length
 * Two names are taken for one by chance once in 2^64 pairs, and where somebody makes such names. */
#ifndef VX_IO_NAMESET_H
#define VX_IO_NAMESET_H

#include <stddef.h>
#include <stdint.h>

struct vx_nameset { /* zero-initialise */
    uint64_t *slots; /* owned; 0: empty */
    size_t n, cap;   /* cap: 0 or a power of two, more than 4n/3 */
};

int vx_nameset_add(struct vx_nameset *set, const char *name); /* 1 added, 0 was there, -1 out of memory */
void vx_nameset_free(struct vx_nameset *set);

#endif
