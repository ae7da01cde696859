/* names.h - strings numbered in the order they were first met: 0, 1, 2…
 * Each is kept once; looking one up takes the time of hashing it. Zero-initialise to start. */
#ifndef VX_BASE_NAMES_H
#define VX_BASE_NAMES_H

#include <stddef.h>
#include <stdint.h>

struct vx_names {
    char **at; /* owned [n], each owned; valid until vx_names_free, unlike the array itself */
    size_t n, cap;
    uint32_t *slots; /* owned [n_slots], number + 1 of what is there or 0; a power of two, at least 2·n */
    size_t n_slots;
};

#define VX_NAMES_NONE UINT32_MAX

/* The number of s, which is added if it is new. VX_NAMES_NONE: no memory, nothing changed. */
uint32_t vx_names_add(struct vx_names *names, const char *s);
uint32_t vx_names_find(const struct vx_names *names, const char *s); /* VX_NAMES_NONE: not there */
void vx_names_free(struct vx_names *names);                          /* releases and zeroes */

#endif
