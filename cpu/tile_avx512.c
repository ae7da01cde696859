/* tile_avx512.c - tiles of products in float32, for AVX-512 (F, BW, DQ, VL) */
#include "cpu/tile.h"

#define GELU_DEGREE 4
#define GELU_CENTRED true
#include "cpu/tile_avx512.inc"

static inline __m512 multiply_add(__m512 sum, __m512 a, __m512 b)
{
    return _mm512_fmadd_ps(a, b, sum);
}

INLINE void store_gelu(const struct vx_tile *t, int row, int vectors, const __m512 *x,
                       const struct gelu *table)
{
    float *dst = (float *)(t->dst + (size_t)row * t->dst_stride);

#pragma GCC unroll 2
    for (int v = 0; v < vectors; v++)
        _mm512_mask_storeu_ps(dst + v * VX_TILE_LANES, columns(t, v, vectors),
                              gelu(table, GELU_DEGREE, GELU_CENTRED, x[v]));
}

const struct vx_tiles vx_tiles_avx512 = {"tiles of AVX-512", VX_TYPE_F32, GELU_DEGREE, GELU_CENTRED,
                                         ALL_TILES};
