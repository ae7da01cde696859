#include "cpu/peak_loops.h"

#include <immintrin.h>

#define UNROLLED _Pragma("GCC unroll 32") /* every loop over the sums, or they lie in memory */

/* In assembler as those of peak_avx512.c, for the same reason. */
static inline void fma_f32(__m256 *sum, __m256 a, __m256 b)
{
    __asm__("vfmadd213ps %2, %1, %0" : "+x"(*sum) : "x"(a), "x"(b));
}

/* Bytes in pairs to 16 bits, those in pairs to 32 bits, added up: what a product of int8 takes without VNNI. */
static inline void dot_int8(__m256i *sum, __m256i a, __m256i b, __m256i ones)
{
    __m256i pairs;

    __asm__("vpmaddubsw %3, %2, %1\n\t"
            "vpmaddwd %4, %1, %1\n\t"
            "vpaddd %1, %0, %0"
            : "+x"(*sum), "=&x"(pairs)
            : "x"(a), "x"(b), "x"(ones));
}

float vx_peak_avx2(long rounds)
{
    const __m256 a = _mm256_set1_ps(0.999F), b = _mm256_set1_ps(0.0013F);
    __m256 sum[VX_PEAK_CHAINS_256];

    UNROLLED
    for (int i = 0; i < VX_PEAK_CHAINS_256; i++)
        sum[i] = _mm256_set1_ps((float)i);
    for (long r = 0; r < rounds; r++)
        UNROLLED
        for (int i = 0; i < VX_PEAK_CHAINS_256; i++)
            fma_f32(&sum[i], a, b);
    UNROLLED
    for (int i = 1; i < VX_PEAK_CHAINS_256; i++)
        sum[0] = _mm256_add_ps(sum[0], sum[i]);
    return _mm256_cvtss_f32(sum[0]);
}

float vx_peak_avx2_int8(long rounds)
{
    const __m256i a = _mm256_set1_epi8(5), b = _mm256_set1_epi8(3), ones = _mm256_set1_epi16(1);
    __m256i sum[VX_PEAK_CHAINS_256];

    UNROLLED
    for (int i = 0; i < VX_PEAK_CHAINS_256; i++)
        sum[i] = _mm256_set1_epi32(i);
    for (long r = 0; r < rounds; r++)
        UNROLLED
        for (int i = 0; i < VX_PEAK_CHAINS_256; i++)
            dot_int8(&sum[i], a, b, ones);
    UNROLLED
    for (int i = 1; i < VX_PEAK_CHAINS_256; i++)
        sum[0] = _mm256_add_epi32(sum[0], sum[i]);
    return (float)_mm256_extract_epi32(sum[0], 0);
}
