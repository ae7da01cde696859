/* kernels_avx512.c - the kernels for AVX-512 (F, BW, DQ, VL)
 * A convolution tile keeps seven output columns of two vectors of channels in registers, and one row of seven
 * taps: an input vector is loaded once for all outputs it touches, and fourteen sums are enough to hide a
 * multiply-add's latency. LayerNorm takes seven rows at once for the same reason: a row alone is a chain of
 * two sums over lanes, a square root and a division. Ragged widths go through masks. */
#include "cpu/kernels.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

#define TILE VX_DWCONV_TILE
#define LANES 16
#define ROWS 7 /* of LayerNorm at once */
#define INLINE static inline __attribute__((always_inline))

INLINE __mmask16 mask_at(int i, int n)
{
    return n - i >= LANES ? (__mmask16)0xffff : (__mmask16)((1u << (n - i)) - 1);
}

/* vx_bf16_from_float() (model/half.h) on 16 lanes of finite numbers. VCVTNEPS2BF16 would flush denormals, so
 * processors with and without it would differ. */
INLINE __m256i to_bf16(__m512 x)
{
    const __m512i bits = _mm512_castps_si512(x);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);

    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16));
}

INLINE void store(void *out, enum vx_type type, int i, __mmask16 m, __m512 x)
{
    if (type == VX_TYPE_BF16)
        _mm256_mask_storeu_epi16((uint16_t *)out + i, m, to_bf16(x));
    else
        _mm512_mask_storeu_ps((float *)out + i, m, x);
}

/* rows (at most ROWS, a constant) from row number `first` of in on. A row's sums are added in the same order
 * whatever the others are. */
INLINE void norm_rows(const struct vx_norm *op, const float *in, char *out, enum vx_type type, size_t first,
                      int rows)
{
    const int c = op->channels;
    const float *row[ROWS];
    void *to[ROWS];
    __m512 sum[ROWS], mean[ROWS];
    _Alignas(64) float scale[LANES] = {0};

#pragma GCC unroll 7
    for (int r = 0; r < rows; r++) {
        row[r] = in + (first + (size_t)r) * (size_t)c;
        to[r] = out + vx_norm_row_at(op, type, first + (size_t)r);
        sum[r] = _mm512_setzero_ps();
    }
    for (int i = 0; i < c; i += LANES)
#pragma GCC unroll 7
        for (int r = 0; r < rows; r++)
            sum[r] = _mm512_add_ps(sum[r], _mm512_maskz_loadu_ps(mask_at(i, c), row[r] + i));
#pragma GCC unroll 7
    for (int r = 0; r < rows; r++) {
        mean[r] = _mm512_set1_ps(_mm512_reduce_add_ps(sum[r]) / (float)c);
        sum[r] = _mm512_setzero_ps();
    }
    for (int i = 0; i < c; i += LANES)
#pragma GCC unroll 7
        for (int r = 0; r < rows; r++) {
            const __mmask16 m = mask_at(i, c);
            const __m512 d = _mm512_maskz_sub_ps(m, _mm512_maskz_loadu_ps(m, row[r] + i), mean[r]);
            sum[r] = _mm512_fmadd_ps(d, d, sum[r]);
        }
#pragma GCC unroll 7
    for (int r = 0; r < rows; r++)
        scale[r] = _mm512_reduce_add_ps(sum[r]) / (float)c + op->eps;
    _mm512_store_ps(scale, _mm512_div_ps(_mm512_set1_ps(1), _mm512_sqrt_ps(_mm512_load_ps(scale))));
    for (int i = 0; i < c; i += LANES) {
        const __mmask16 m = mask_at(i, c);
#pragma GCC unroll 7
        for (int r = 0; r < rows; r++) {
            __m512 z = _mm512_sub_ps(_mm512_maskz_loadu_ps(m, row[r] + i), mean[r]);
            z = _mm512_mul_ps(z, _mm512_set1_ps(scale[r]));
            if (op->gamma)
                z = _mm512_fmadd_ps(z, _mm512_maskz_loadu_ps(m, op->gamma + i),
                                    _mm512_maskz_loadu_ps(m, op->beta + i));
            store(to[r], type, i, m, z);
        }
    }
}

static void norm(const struct vx_norm *op, const float *in, void *out, enum vx_type type, size_t rows)
{
    size_t r = 0;

    for (; r + ROWS <= rows; r += ROWS)
        norm_rows(op, in, out, type, r, ROWS);
    for (; r < rows; r++)
        norm_rows(op, in, out, type, r, 1);
}

/* Where a tile is: input columns first…end − 1 of the TILE + 6 that it reaches are inside the map. */
struct place {
    int side, y, x0, first, end;
};

/* One row of taps for outputs from column x0 on. row: the channels at hand of the input row's column 0. */
INLINE void taps_row(__m512 acc[TILE][2], const float *row, const float *weight, size_t c, int x0, int first,
                     int end, int vectors, __mmask16 last)
{
    __m512 w[7][2];

#pragma GCC unroll 7
    for (int kx = 0; kx < 7; kx++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            w[kx][v] =
                _mm512_maskz_loadu_ps(v + 1 < vectors ? 0xffff : last, weight + (size_t)kx * c + v * LANES);
#pragma GCC unroll 13
    for (int i = 0; i < TILE + 6; i++) {
        if (i < first || i >= end)
            continue;
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
            const __m512 x = _mm512_maskz_loadu_ps(v + 1 < vectors ? 0xffff : last,
                                                   row + (size_t)(x0 + i - 3) * c + v * LANES);
#pragma GCC unroll 7
            for (int t = 0; t < TILE; t++)
                if (i - t >= 0 && i - t < 7)
                    acc[t][v] = _mm512_fmadd_ps(x, w[i - t][v], acc[t][v]);
        }
    }
}

/* Channels i to i + 16·vectors − 1 of one tile, the last vector's as `last` says; out: the output row's.
 * first and end are the place's, as constants where they are the usual ones. */
INLINE void conv_tile(const struct vx_dwconv *op, const float *in, float *out, const struct place *at, int i,
                      int first, int end, int vectors, __mmask16 last)
{
    const size_t c = (size_t)op->channels;
    const int ky0 = at->y < 3 ? 3 - at->y : 0, ky1 = at->side - at->y < 4 ? at->side - at->y + 3 : 7;
    __m512 acc[TILE][2];

#pragma GCC unroll 7
    for (int t = 0; t < TILE; t++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            acc[t][v] = _mm512_maskz_loadu_ps(v + 1 < vectors ? 0xffff : last, op->bias + i + v * LANES);
    for (int ky = ky0; ky < ky1; ky++)
        taps_row(acc, in + (size_t)(at->y + ky - 3) * (size_t)at->side * c + i,
                 op->weight + (size_t)ky * 7 * c + i, c, at->x0, first, end, vectors, last);
#pragma GCC unroll 7
    for (int t = 0; t < TILE; t++)
        if (t < end - 3 || at->x0 + t < at->side)
#pragma GCC unroll 2
            for (int v = 0; v < vectors; v++)
                _mm512_mask_storeu_ps(out + (size_t)(at->x0 + t) * c + i + v * LANES,
                                      v + 1 < vectors ? 0xffff : last, acc[t][v]);
}

INLINE void conv_tile_at(const struct vx_dwconv *op, const float *in, float *out, const struct place *at,
                         int i, int vectors, __mmask16 last)
{
    const bool left = at->first == 3, right = at->end == TILE + 3;

    if (at->first == 0 && at->end == TILE + 6)
        conv_tile(op, in, out, at, i, 0, TILE + 6, vectors, last);
    else if (left && at->end == TILE + 6)
        conv_tile(op, in, out, at, i, 3, TILE + 6, vectors, last);
    else if (at->first == 0 && right)
        conv_tile(op, in, out, at, i, 0, TILE + 3, vectors, last);
    else if (left && right)
        conv_tile(op, in, out, at, i, 3, TILE + 3, vectors, last);
    else
        conv_tile(op, in, out, at, i, at->first, at->end, vectors, last);
}

/* Some channels of a whole row, tile by tile: their weights stay in the first-level cache. */
INLINE void conv_channels(const struct vx_dwconv *op, const float *in, int y, float *out, int i, int vectors,
                          __mmask16 last)
{
    for (int x0 = 0; x0 < op->side; x0 += TILE) {
        const int inside = op->side - x0 + 3;
        const struct place at = {op->side, y, x0, x0 < 3 ? 3 - x0 : 0, inside < TILE + 6 ? inside : TILE + 6};
        conv_tile_at(op, in, out, &at, i, vectors, last);
    }
}

static void conv_row(const struct vx_dwconv *op, const float *in, int y, float *out)
{
    int i = 0;

    for (; i + 2 * LANES <= op->channels; i += 2 * LANES)
        conv_channels(op, in, y, out, i, 2, 0xffff);
    for (; i < op->channels; i += LANES)
        conv_channels(op, in, y, out, i, 1, mask_at(i, op->channels));
}

const struct vx_kernels vx_kernels_avx512 = {"AVX-512", conv_row, norm};
