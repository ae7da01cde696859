/* The horizontal pass turns VX_RESIZE_LANES lines into columns, so that the lines lie side by side in a vector and every
 * output pixel takes one multiplication a tap for all of them. */
#include "model/resize_rows.h"

#include "base/clones.h"

#include <string.h>

#define LANES VX_RESIZE_LANES
#define BLOCK 16 /* bytes moved together when lines become columns; LANES is a multiple */

typedef uint8_t block __attribute__((vector_size(BLOCK)));

static inline __attribute__((always_inline)) uint8_t clip(int32_t sum)
{
    sum >>= VX_RESIZE_BITS;
    sum = sum > 0 ? sum : 0; /* in this form compilers see a maximum and a minimum, not two comparisons */
    sum = sum < 255 ? sum : 255;
    return (uint8_t)sum;
}

/* out = Σ k[t]·in[t·step] for n bytes side by side, rounded and clipped; sum [n] is scratch. n is a constant to the
 * compiler, large enough that it vectorises the loops instead of unrolling them. */
static inline __attribute__((always_inline)) void filter_many(const int32_t *k, int taps, const uint8_t *in, size_t step, size_t n,
                                                         int32_t *sum, uint8_t *out)
{
    for (size_t i = 0; i < n; i++)
        sum[i] = 1 << (VX_RESIZE_BITS - 1);
    for (int t = 0; t < taps; t++)
        for (size_t i = 0; i < n; i++)
            sum[i] += k[t] * in[(size_t)t * step + i];
    for (size_t i = 0; i < n; i++)
        out[i] = clip(sum[i]);
}

/* Two taps, what enlarging has most of: the sums stay in registers. */
static inline __attribute__((always_inline)) void filter_two(int32_t k0, int32_t k1, const uint8_t *restrict a,
                                                             const uint8_t *restrict b, size_t n, uint8_t *restrict out)
{
    for (size_t i = 0; i < n; i++)
        out[i] = clip((1 << (VX_RESIZE_BITS - 1)) + k0 * a[i] + k1 * b[i]);
}

static inline __attribute__((always_inline)) void filter(const int32_t *k, int taps, const uint8_t *in, size_t step, size_t n,
                                                         int32_t *sum, uint8_t *out)
{
    if (taps == 2)
        filter_two(k[0], k[1], in, in + step, n, out);
    else
        filter_many(k, taps, in, step, n, sum, out);
}

/* 16×16 bytes: zipping each line with the one eight further on, four times, moves line and column into each other. */
static inline void transpose(block v[BLOCK])
{
    block w[BLOCK];

    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < BLOCK / 2; i++) {
            w[2 * i] = __builtin_shufflevector(v[i], v[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            w[2 * i + 1] = __builtin_shufflevector(v[i], v[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        }
        memcpy(v, w, sizeof w);
    }
}

static inline size_t round_up(size_t n)
{
    return (n + BLOCK - 1) / BLOCK * BLOCK;
}

/* in [rows][pitch], width bytes of each line → tile [round_up(width)][LANES]; lanes past rows repeat the last line */
static void load_tile(const uint8_t *in, size_t pitch, int rows, size_t width, uint8_t *tile)
{
    for (int r = 0; r < LANES; r += BLOCK)
        for (size_t j = 0; j < width; j += BLOCK) {
            block v[BLOCK] = {0};
            for (int l = 0; l < BLOCK; l++) {
                const uint8_t *from = in + (size_t)(r + l < rows ? r + l : rows - 1) * pitch + j;
                if (width - j >= BLOCK)
                    memcpy(&v[l], from, BLOCK);
                else
                    memcpy(&v[l], from, width - j);
            }
            transpose(v);
            for (size_t l = 0; l < BLOCK; l++)
                memcpy(tile + (j + l) * LANES + r, &v[l], BLOCK);
        }
}

/* tile [round_up(width)][LANES] → out [rows][pitch], width bytes of each line */
static void store_tile(const uint8_t *tile, size_t width, uint8_t *out, size_t pitch, int rows)
{
    for (int r = 0; r < rows; r += BLOCK)
        for (size_t j = 0; j < width; j += BLOCK) {
            block v[BLOCK];
            for (size_t l = 0; l < BLOCK; l++)
                memcpy(&v[l], tile + (j + l) * LANES + r, BLOCK);
            transpose(v);
            for (int l = 0; l < BLOCK && r + l < rows; l++) {
                if (width - j >= BLOCK)
                    memcpy(out + (size_t)(r + l) * pitch + j, &v[l], BLOCK);
                else
                    memcpy(out + (size_t)(r + l) * pitch + j, &v[l], width - j);
            }
        }
}

/* tile [span·channels][LANES] → out [n·channels][LANES] */
VX_CLONES
static void filter_tile(const struct vx_resize_axis *axis, size_t channels, const uint8_t *tile, uint8_t *out)
{
    int32_t sum[LANES];

    for (int i = 0; i < axis->n; i++) {
        const uint8_t *from = tile + (size_t)axis->first[i] * channels * LANES;
        for (size_t c = 0; c < channels; c++, from += LANES, out += LANES)
            filter(axis->k + (size_t)i * (size_t)axis->stride, axis->taps[i], from, channels * LANES, LANES, sum, out);
    }
}

size_t vx_resize_columns_scratch(const struct vx_resize_axis *axis, int channels)
{
    const size_t c = (size_t)channels;

    return (round_up((size_t)axis->span * c) + round_up((size_t)axis->n * c)) * LANES;
}

void vx_resize_columns(const struct vx_resize_axis *axis, int channels, const uint8_t *in, size_t in_pitch, int rows,
                       uint8_t *out, size_t out_pitch, uint8_t *scratch)
{
    const size_t c = (size_t)channels, width = (size_t)axis->span * c, out_width = (size_t)axis->n * c;
    uint8_t *filtered = scratch + round_up(width) * LANES;

    load_tile(in, in_pitch, rows, width, scratch);
    filter_tile(axis, c, scratch, filtered);
    store_tile(filtered, out_width, out, out_pitch, rows);
}

VX_CLONES
void vx_resize_line(const int32_t *k, int taps, const uint8_t *in, size_t n, size_t pitch, uint8_t *out)
{
    int32_t sum[64];
    size_t j = 0;

    for (; j + 64 <= n; j += 64)
        filter(k, taps, in + j, pitch, 64, sum, out + j);
    for (; j + 32 <= n; j += 32)
        filter(k, taps, in + j, pitch, 32, sum, out + j);
    for (; j + 4 <= n; j += 4)
        filter(k, taps, in + j, pitch, 4, sum, out + j);
    for (; j < n; j++)
        filter(k, taps, in + j, pitch, 1, sum, out + j);
}
