/* tile_avx512_bf16.c - tiles of products of bf16 factors with float32 sums, for AVX512_BF16
 * VDPBF16PS and VCVTNE2PS2BF16 take and leave no denormals; nothing else runs these tiles, so no other
 * processor could get another result. */
#include "cpu/tile.h"

#define GELU_DEGREE 3
#define GELU_CENTRED false
#include "cpu/tile_avx512.inc"

static inline __m512 multiply_add(__m512 sum, __m512 a, __m512 b)
{
    return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}

INLINE void store_gelu(const struct vx_tile *t, int row, int vectors, const __m512 *x,
                       const struct gelu *table)
{
    uint16_t *dst = (uint16_t *)(t->dst + (size_t)row * t->dst_stride);
    const __m512 y0 = gelu(table, GELU_DEGREE, GELU_CENTRED, x[0]);

    if (vectors == 1) {
        _mm256_mask_storeu_epi16(dst, (__mmask16)t->last, (__m256i)_mm512_cvtneps_pbh(y0));
        return;
    }
    const __m512 y1 = gelu(table, GELU_DEGREE, GELU_CENTRED, x[1]);
    _mm512_mask_storeu_epi16(dst, (__mmask32)t->last << VX_TILE_LANES | 0xffff,
                             (__m512i)_mm512_cvtne2ps_pbh(y1, y0));
}

const struct vx_tiles vx_tiles_avx512_bf16 = {"tiles of AVX-512 BF16", VX_TYPE_BF16, GELU_DEGREE,
                                              GELU_CENTRED, ALL_TILES};
