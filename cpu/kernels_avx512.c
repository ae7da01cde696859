/* kernels_avx512.c - the kernels for AVX-512 (F, BW, DQ, VL)
 * A convolution tile keeps seven output columns of 16 channels and one row of seven taps in registers: an
 * input vector is loaded once for all outputs it touches, 49 multiply-adds for 13 + 7 loads. Ragged widths go
 * through masks. */
#include "cpu/kernels.h"

#include <immintrin.h>
#include <math.h>
#include <stdint.h>

#define TILE VX_DWCONV_TILE
#define LANES 16

static inline __mmask16 mask_at(int i, int n)
{
    return n - i >= LANES ? (__mmask16)0xffff : (__mmask16)((1u << (n - i)) - 1);
}

/* vx_bf16_from_float() (model/half.h) on 16 lanes of finite numbers. VCVTNEPS2BF16 would flush denormals, so
 * processors with and without it would differ. */
static inline __m256i to_bf16(__m512 x)
{
    const __m512i bits = _mm512_castps_si512(x);
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);

    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16));
}

static inline void store(void *out, enum vx_type type, int i, __mmask16 m, __m512 x)
{
    if (type == VX_TYPE_BF16)
        _mm256_mask_storeu_epi16((uint16_t *)out + i, m, to_bf16(x));
    else
        _mm512_mask_storeu_ps((float *)out + i, m, x);
}

static inline void norm_row(const float *in, void *out, enum vx_type type, const struct vx_norm *op)
{
    const int c = op->channels;
    __m512 sum = _mm512_setzero_ps(), squares = _mm512_setzero_ps();

    for (int i = 0; i < c; i += LANES)
        sum = _mm512_add_ps(sum, _mm512_maskz_loadu_ps(mask_at(i, c), in + i));
    const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sum) / (float)c);
    for (int i = 0; i < c; i += LANES) {
        const __mmask16 m = mask_at(i, c);
        const __m512 d = _mm512_maskz_sub_ps(m, _mm512_maskz_loadu_ps(m, in + i), mean);
        squares = _mm512_fmadd_ps(d, d, squares);
    }
    const __m512 scale = _mm512_set1_ps(1 / sqrtf(_mm512_reduce_add_ps(squares) / (float)c + op->eps));
    for (int i = 0; i < c; i += LANES) {
        const __mmask16 m = mask_at(i, c);
        __m512 z = _mm512_mul_ps(_mm512_sub_ps(_mm512_maskz_loadu_ps(m, in + i), mean), scale);
        if (op->gamma)
            z = _mm512_fmadd_ps(z, _mm512_maskz_loadu_ps(m, op->gamma + i),
                                _mm512_maskz_loadu_ps(m, op->beta + i));
        store(out, type, i, m, z);
    }
}

static void norm(const struct vx_norm *op, const float *in, void *out, enum vx_type type, size_t rows)
{
    const size_t c = (size_t)op->channels;

    for (size_t r = 0; r < rows; r++)
        norm_row(in + r * c, (char *)out + r * c * vx_type_size(type), type, op);
}

/* One row of taps for TILE outputs starting at column x0. row: 16 channels of the input row's column 0. */
static inline __attribute__((always_inline)) void
taps_row(__m512 acc[TILE], const float *row, const float *weight, int x0, int side, size_t c, __mmask16 m)
{
    __m512 w[7];

#pragma GCC unroll 7
    for (int kx = 0; kx < 7; kx++)
        w[kx] = _mm512_maskz_loadu_ps(m, weight + (size_t)kx * c);
#pragma GCC unroll 13
    for (int i = 0; i < TILE + 6; i++) {
        const int ix = x0 - 3 + i;
        if (ix < 0 || ix >= side)
            continue;
        const __m512 v = _mm512_maskz_loadu_ps(m, row + (size_t)ix * c);
#pragma GCC unroll 7
        for (int t = 0; t < TILE; t++)
            if (i - t >= 0 && i - t < 7)
                acc[t] = _mm512_fmadd_ps(v, w[i - t], acc[t]);
    }
}

/* tile [TILE][C] = the convolution at (y, x0…x0 + TILE − 1); columns past the side mean nothing. */
static void conv_tile(const struct vx_dwconv *op, const float *in, int y, int x0, float *tile)
{
    const int side = op->side, channels = op->channels;
    const size_t c = (size_t)channels;
    const int ky0 = y < 3 ? 3 - y : 0, ky1 = side - y < 4 ? side - y + 3 : 7;

    for (int i = 0; i < channels; i += LANES) {
        const __mmask16 m = mask_at(i, channels);
        __m512 acc[TILE];
        const __m512 bias = _mm512_maskz_loadu_ps(m, op->bias + i);
#pragma GCC unroll 7
        for (int t = 0; t < TILE; t++)
            acc[t] = bias;
        for (int ky = ky0; ky < ky1; ky++)
            taps_row(acc, in + (size_t)(y + ky - 3) * side * c + i, op->weight + (size_t)ky * 7 * c + i, x0,
                     side, c, m);
#pragma GCC unroll 7
        for (int t = 0; t < TILE; t++)
            _mm512_mask_storeu_ps(tile + (size_t)t * c + i, m, acc[t]);
    }
}

const struct vx_kernels vx_kernels_avx512 = {"AVX-512", conv_tile, norm};
