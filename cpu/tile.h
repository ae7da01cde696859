/* tile.h - the innermost part of a matrix product: as many outputs as the registers hold
 * Fourteen rows by two vectors of columns are 28 sums in AVX-512's 32 registers: a step of the sum loads two
 * vectors of weights and one number a row for 28 multiply-adds, and what follows the sums (GELU, adding to
 * the map, rounding) happens before they leave the registers. */
#ifndef VX_CPU_TILE_H
#define VX_CPU_TILE_H

#include "cpu/gelu.h"
#include "cpu/matmul.h"

#include <stddef.h>
#include <stdint.h>

#define VX_TILE_ROWS 14
#define VX_TILE_VECTORS 2
#define VX_TILE_LANES 16

/* A step is four bytes of a row: one float32, or two neighbouring bf16. */
struct vx_tile {
    const char *src; /* [rows][4·steps bytes], rows src_stride bytes apart */
    size_t src_stride;
    const char *weight; /* [steps][vectors·16] of four bytes; aligned to a vector */
    size_t steps;       /* >= 1 */
    const float *bias;  /* [vectors·16]; aligned */
    char *dst;          /* [rows][columns], rows dst_stride bytes apart */
    size_t dst_stride;
    uint16_t last; /* the columns that are there in the last vector, a bit each */
    const char
        *next; /* weights that will be wanted soon: a line is fetched every next_step bytes, a step each */
    size_t next_step;           /* bytes */
    const struct vx_gelu *gelu; /* as vx_tiles says */
};

struct vx_tiles {
    const char *name;  /* "tiles of AVX-512 BF16" */
    enum vx_type type; /* of src, of weights, and of what GELU leaves; the other two add or write float32 */
    int gelu_degree;
    bool gelu_centred;
    /* [enum vx_matmul_post][vectors − 1][rows − 1] */
    void (*run[3][VX_TILE_VECTORS][VX_TILE_ROWS])(const struct vx_tile *);
};

#if defined(__x86_64__)
extern const struct vx_tiles vx_tiles_avx512;      /* call only where vx_isa.avx512 */
extern const struct vx_tiles vx_tiles_avx512_bf16; /* call only where vx_isa.avx512_bf16 */
#endif

#endif
