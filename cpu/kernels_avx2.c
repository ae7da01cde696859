/* kernels_avx2.c - the kernels for AVX2 with FMA
 * The same tiling as in kernels_avx512.c: seven sums, seven taps and one input vector fit the sixteen
 * registers. The last, ragged vector of a row goes through masked loads and stores. */
#include "cpu/kernels.h"

#include "model/half.h"

#include <immintrin.h>
#include <math.h>
#include <stdint.h>

#define TILE VX_DWCONV_TILE
#define LANES 8

/* All ones in the lanes i … of a row of n that exist. */
static inline __m256i mask_at(int i, int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n - i), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline float sum8(__m256 x)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));

    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
}

static inline void store(void *out, enum vx_type type, int i, int n, __m256i m, __m256 x)
{
    float z[LANES];

    if (type == VX_TYPE_F32) {
        _mm256_maskstore_ps((float *)out + i, m, x);
        return;
    }
    _mm256_storeu_ps(z, x);
    for (int j = 0; j < LANES && i + j < n; j++)
        ((uint16_t *)out)[i + j] = vx_bf16_from_float(z[j]);
}

static inline void norm_row(const float *in, void *out, enum vx_type type, const struct vx_norm *op)
{
    const int c = op->channels;
    __m256 sum = _mm256_setzero_ps(), squares = _mm256_setzero_ps();

    for (int i = 0; i < c; i += LANES)
        sum = _mm256_add_ps(sum, _mm256_maskload_ps(in + i, mask_at(i, c)));
    const __m256 mean = _mm256_set1_ps(sum8(sum) / (float)c);
    for (int i = 0; i < c; i += LANES) {
        const __m256i m = mask_at(i, c);
        const __m256 d =
            _mm256_and_ps(_mm256_sub_ps(_mm256_maskload_ps(in + i, m), mean), _mm256_castsi256_ps(m));
        squares = _mm256_fmadd_ps(d, d, squares);
    }
    const __m256 scale = _mm256_set1_ps(1 / sqrtf(sum8(squares) / (float)c + op->eps));
    for (int i = 0; i < c; i += LANES) {
        const __m256i m = mask_at(i, c);
        __m256 z = _mm256_mul_ps(_mm256_sub_ps(_mm256_maskload_ps(in + i, m), mean), scale);
        if (op->gamma)
            z = _mm256_fmadd_ps(z, _mm256_maskload_ps(op->gamma + i, m), _mm256_maskload_ps(op->beta + i, m));
        store(out, type, i, c, m, z);
    }
}

static void norm(const struct vx_norm *op, const float *in, void *out, enum vx_type type, size_t rows)
{
    for (size_t r = 0; r < rows; r++)
        norm_row(in + r * (size_t)op->channels, (char *)out + vx_norm_row_at(op, type, r), type, op);
}

/* One row of taps for TILE outputs starting at column x0. row: 8 channels of the input row's column 0. */
static inline __attribute__((always_inline)) void
taps_row(__m256 acc[TILE], const float *row, const float *weight, int x0, int side, size_t c, __m256i m)
{
    __m256 w[7];

#pragma GCC unroll 7
    for (int kx = 0; kx < 7; kx++)
        w[kx] = _mm256_maskload_ps(weight + (size_t)kx * c, m);
#pragma GCC unroll 13
    for (int i = 0; i < TILE + 6; i++) {
        const int ix = x0 - 3 + i;
        if (ix < 0 || ix >= side)
            continue;
        const __m256 v = _mm256_maskload_ps(row + (size_t)ix * c, m);
#pragma GCC unroll 7
        for (int t = 0; t < TILE; t++)
            if (i - t >= 0 && i - t < 7)
                acc[t] = _mm256_fmadd_ps(v, w[i - t], acc[t]);
    }
}

/* Channels i to i + 7 (those that m has) of the outputs at (y, x0…x0 + TILE − 1), as far as they are inside.
 */
static void conv_tile(const struct vx_dwconv *op, const float *in, int y, int x0, int i, __m256i m,
                      float *out)
{
    const int side = op->side;
    const size_t c = (size_t)op->channels;
    const int ky0 = y < 3 ? 3 - y : 0, ky1 = side - y < 4 ? side - y + 3 : 7;
    const __m256 bias = _mm256_maskload_ps(op->bias + i, m);
    __m256 acc[TILE];

#pragma GCC unroll 7
    for (int t = 0; t < TILE; t++)
        acc[t] = bias;
    for (int ky = ky0; ky < ky1; ky++)
        taps_row(acc, in + (size_t)(y + ky - 3) * side * c + i, op->weight + (size_t)ky * 7 * c + i, x0, side,
                 c, m);
#pragma GCC unroll 7
    for (int t = 0; t < TILE; t++)
        if (x0 + t < side)
            _mm256_maskstore_ps(out + (size_t)(x0 + t) * c + i, m, acc[t]);
}

static void conv_row(const struct vx_dwconv *op, const float *in, int y, float *out)
{
    for (int i = 0; i < op->channels; i += LANES)
        for (int x0 = 0; x0 < op->side; x0 += TILE)
            conv_tile(op, in, y, x0, i, mask_at(i, op->channels), out);
}

const struct vx_kernels vx_kernels_avx2 = {"AVX2", conv_row, norm};
