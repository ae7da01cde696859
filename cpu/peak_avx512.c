#include "cpu/peak_loops.h"

#include <immintrin.h>

#define UNROLLED _Pragma("GCC unroll 32") /* every loop over the sums, or they lie in memory */

/* One instruction each, in assembler: a compiler that moves sums from register to register would be measured instead. Neither
 * factors nor sums are numbers that a processor might be faster with, and sums stay bounded. */
static inline void fma_f32(__m512 *sum, __m512 a, __m512 b)
{
    __asm__("vfmadd213ps %2, %1, %0" : "+v"(*sum) : "v"(a), "v"(b));
}

static inline void dot_bf16(__m512 *sum, __m512bh a, __m512bh b)
{
    __asm__("vdpbf16ps %2, %1, %0" : "+v"(*sum) : "v"(a), "v"(b));
}

static inline void dot_int8(__m512i *sum, __m512i a, __m512i b)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(*sum) : "v"(a), "v"(b));
}

float vx_peak_avx512(long rounds)
{
    const __m512 a = _mm512_set1_ps(0.999F), b = _mm512_set1_ps(0.0013F);
    __m512 sum[VX_PEAK_CHAINS_512];

    UNROLLED
    for (int i = 0; i < VX_PEAK_CHAINS_512; i++)
        sum[i] = _mm512_set1_ps((float)i);
    for (long r = 0; r < rounds; r++)
        UNROLLED
        for (int i = 0; i < VX_PEAK_CHAINS_512; i++)
            fma_f32(&sum[i], a, b);
    UNROLLED
    for (int i = 1; i < VX_PEAK_CHAINS_512; i++)
        sum[0] = _mm512_add_ps(sum[0], sum[i]);
    return _mm512_cvtss_f32(sum[0]);
}

/* The signs differ from one half of the pairs to the other. */
float vx_peak_avx512_bf16(long rounds)
{
    const __m512bh a = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.37F), _mm512_set1_ps(-0.73F)),
                   b = _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.0051F), _mm512_set1_ps(0.0029F));
    __m512 sum[VX_PEAK_CHAINS_512];

    UNROLLED
    for (int i = 0; i < VX_PEAK_CHAINS_512; i++)
        sum[i] = _mm512_set1_ps((float)i);
    for (long r = 0; r < rounds; r++)
        UNROLLED
        for (int i = 0; i < VX_PEAK_CHAINS_512; i++)
            dot_bf16(&sum[i], a, b);
    UNROLLED
    for (int i = 1; i < VX_PEAK_CHAINS_512; i++)
        sum[0] = _mm512_add_ps(sum[0], sum[i]);
    return _mm512_cvtss_f32(sum[0]);
}

float vx_peak_avx512_int8(long rounds)
{
    const __m512i a = _mm512_set1_epi8(5), b = _mm512_set1_epi8(-3);
    __m512i sum[VX_PEAK_CHAINS_512];

    UNROLLED
    for (int i = 0; i < VX_PEAK_CHAINS_512; i++)
        sum[i] = _mm512_set1_epi32(i);
    for (long r = 0; r < rounds; r++)
        UNROLLED
        for (int i = 0; i < VX_PEAK_CHAINS_512; i++)
            dot_int8(&sum[i], a, b);
    UNROLLED
    for (int i = 1; i < VX_PEAK_CHAINS_512; i++)
        sum[0] = _mm512_add_epi32(sum[0], sum[i]);
    return (float)_mm_cvtsi128_si32(_mm512_castsi512_si128(sum[0]));
}
