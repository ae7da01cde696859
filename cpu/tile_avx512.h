/* tile_avx512.h - the body of tile_avx512.c and tile_avx512_bf16.c
 * They include this, with GELU_DEGREE and GELU_CENTRED defined, and define multiply_add() for a step and
 * store_gelu() for one row: a function for every number of rows, of vectors and of what follows, all from one
 * that is inlined with constants. */
#include <immintrin.h>
#include <string.h>

typedef __m512 sums[VX_TILE_ROWS][VX_TILE_VECTORS];

static inline __m512 multiply_add(__m512 sum, __m512 a, __m512 b);
/* x: a row's sums */
struct gelu;
static inline void store_gelu(const struct vx_tile *t, int row, int vectors, const __m512 *x,
                              const struct gelu *table);

#define INLINE static inline __attribute__((always_inline))

/* Four bytes, in every lane */
INLINE __m512 spread(const char *from)
{
    float four;

    memcpy(&four, from, sizeof four);
    return _mm512_set1_ps(four);
}

/* Where row i is: rows go in threes, since an address is a pointer plus 0, 1 or 2 strides and 14 pointers
 * would not fit the registers. */
#define GROUPS ((VX_TILE_ROWS + 2) / 3)

INLINE void sum_steps(const struct vx_tile *t, int rows, int vectors, sums sum)
{
    const size_t stride = t->src_stride;
    const float *weight = (const float *)t->weight;
    const char *next = t->next, *group[GROUPS];

#pragma GCC unroll 5
    for (int g = 0; g < GROUPS; g++)
        group[g] = t->src + (g * 3 < rows ? (size_t)g * 3 * stride : 0);
    for (size_t k = t->steps; k > 0; k--) {
        /* keeps compilers from turning the groups back into one pointer a row */
        __asm__("" : "+r"(group[0]), "+r"(group[1]), "+r"(group[2]), "+r"(group[3]), "+r"(group[4]));
        const __m512 w0 = _mm512_load_ps(weight),
                     w1 = vectors > 1 ? _mm512_load_ps(weight + VX_TILE_LANES) : w0;
        _mm_prefetch(next, _MM_HINT_T1);
#pragma GCC unroll 14
        for (int i = 0; i < rows; i++) {
            const __m512 a = spread(group[i / 3] + (size_t)(i % 3) * stride);
            sum[i][0] = multiply_add(sum[i][0], a, w0);
            if (vectors > 1)
                sum[i][1] = multiply_add(sum[i][1], a, w1);
        }
#pragma GCC unroll 5
        for (int g = 0; g < GROUPS; g++)
            group[g] += 4;
        weight += vectors * VX_TILE_LANES;
        next += t->next_step;
    }
}

INLINE __mmask16 columns(const struct vx_tile *t, int vector, int vectors)
{
    return vector + 1 < vectors ? (__mmask16)0xffff : (__mmask16)t->last;
}

/* A vx_gelu in registers: two vectors a power */
struct gelu {
    __m512 low[VX_GELU_MAX_DEGREE + 1], high[VX_GELU_MAX_DEGREE + 1];
};

/* gelu.h's formula */
INLINE __m512 gelu(const struct gelu *table, int degree, bool centred, __m512 x)
{
    /* adding 1.5·2^23·width rounds to a multiple of the width, which the lowest bits then count */
    const __m512 round = _mm512_set1_ps(0x1.8p23F * VX_GELU_WIDTH);
    const __m512 t = _mm512_min_ps(_mm512_abs_ps(x), _mm512_set1_ps(VX_GELU_END));
    const __m512 rounded = _mm512_add_ps(t, round);
    const __m512 u = centred ? _mm512_sub_ps(t, _mm512_sub_ps(rounded, round)) : t;
    const __m512i segment = _mm512_castps_si512(rounded);
    __m512 q = _mm512_permutex2var_ps(table->low[degree], segment, table->high[degree]);

#pragma GCC unroll 4
    for (int p = degree - 1; p >= 0; p--)
        q = _mm512_fmadd_ps(q, u, _mm512_permutex2var_ps(table->low[p], segment, table->high[p]));
    return _mm512_fnmadd_ps(t, q, _mm512_max_ps(_mm512_setzero_ps(), x)); /* in this order NaN stays NaN */
}

/* The sums leave the registers first: the table then fits in. Loading it anew for every vector would take
 * longer than all else here. */
INLINE void gelu_rows(const struct vx_tile *t, int rows, int vectors, int degree, sums sum)
{
    struct gelu table;
    sums x;

#pragma GCC unroll 14
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            x[i][v] = sum[i][v];
    __asm__("" : "+m"(x)); /* they are in memory now */
#pragma GCC unroll 5
    for (int p = 0; p <= degree; p++) {
        table.low[p] = _mm512_load_ps(t->gelu->coefficient[p]);
        table.high[p] = _mm512_load_ps(t->gelu->coefficient[p] + VX_TILE_LANES);
    }
    for (int i = 0; i < rows; i++)
        store_gelu(t, i, vectors, x[i], &table);
}

INLINE void run(const struct vx_tile *tile, enum vx_matmul_post post, int rows, int vectors)
{
    const struct vx_tile local = *tile, *t = &local; /* no store can change this one */
    sums sum;

#pragma GCC unroll 14
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++)
            sum[i][v] = _mm512_load_ps(t->bias + v * VX_TILE_LANES);
    sum_steps(t, rows, vectors, sum);
    if (post == VX_MATMUL_GELU) {
        gelu_rows(t, rows, vectors, GELU_DEGREE, sum);
        return;
    }
#pragma GCC unroll 14
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 2
        for (int v = 0; v < vectors; v++) {
            const __mmask16 m = columns(t, v, vectors);
            float *dst = (float *)(t->dst + (size_t)i * t->dst_stride) + v * VX_TILE_LANES;
            if (post == VX_MATMUL_ADD)
                sum[i][v] = _mm512_add_ps(sum[i][v], _mm512_maskz_loadu_ps(m, dst));
            _mm512_mask_storeu_ps(dst, m, sum[i][v]);
        }
}
#define TILE(post, vectors, rows)                                                                            \
    static void tile_##post##_##vectors##_##rows(const struct vx_tile *t)                                    \
    {                                                                                                        \
        run(t, VX_MATMUL_##post, rows, vectors);                                                             \
    }
#define TILES(post, vectors)                                                                                 \
    TILE(post, vectors, 1)                                                                                   \
    TILE(post, vectors, 2)                                                                                   \
    TILE(post, vectors, 3)                                                                                   \
    TILE(post, vectors, 4)                                                                                   \
    TILE(post, vectors, 5)                                                                                   \
    TILE(post, vectors, 6)                                                                                   \
    TILE(post, vectors, 7)                                                                                   \
    TILE(post, vectors, 8)                                                                                   \
    TILE(post, vectors, 9)                                                                                   \
    TILE(post, vectors, 10)                                                                                  \
    TILE(post, vectors, 11)                                                                                  \
    TILE(post, vectors, 12)                                                                                  \
    TILE(post, vectors, 13)                                                                                  \
    TILE(post, vectors, 14)
#define LIST(post, vectors)                                                                                  \
    {                                                                                                        \
        tile_##post##_##vectors##_1, tile_##post##_##vectors##_2, tile_##post##_##vectors##_3,               \
            tile_##post##_##vectors##_4, tile_##post##_##vectors##_5, tile_##post##_##vectors##_6,           \
            tile_##post##_##vectors##_7, tile_##post##_##vectors##_8, tile_##post##_##vectors##_9,           \
            tile_##post##_##vectors##_10, tile_##post##_##vectors##_11, tile_##post##_##vectors##_12,        \
            tile_##post##_##vectors##_13, tile_##post##_##vectors##_14                                       \
    }

TILES(PLAIN, 1)
TILES(PLAIN, 2)
TILES(GELU, 1)
TILES(GELU, 2)
TILES(ADD, 1)
TILES(ADD, 2)

#define ALL_TILES                                                                                            \
    {                                                                                                        \
        {LIST(PLAIN, 1), LIST(PLAIN, 2)}, {LIST(GELU, 1), LIST(GELU, 2)},                                    \
        {                                                                                                    \
            LIST(ADD, 1), LIST(ADD, 2)                                                                       \
        }                                                                                                    \
    }
