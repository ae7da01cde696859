/* half.h - float16 (IEEE 754 binary16) and bfloat16 as bits, to and from float32
 * To float32 is exact. From float32 rounds to nearest, ties to even; what is too large becomes infinity. */
#ifndef VX_MODEL_HALF_H
#define VX_MODEL_HALF_H

#include <stdint.h>
#include <string.h>

static inline uint32_t vx_float_bits(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float vx_float_from_bits(uint32_t bits)
{
    float x;

    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline float vx_bf16_to_float(uint16_t h)
{
    return vx_float_from_bits((uint32_t)h << 16);
}

static inline uint16_t vx_bf16_from_float(float x)
{
    const uint32_t bits = vx_float_bits(x);

    if ((bits & 0x7FFFFFFF) > 0x7F800000) /* a NaN stays one, whatever bits the shift loses */
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

static inline float vx_f16_to_float(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, mantissa = h & 0x3FF;

    if (exponent == 0) /* zero and subnormals: mantissa · 2^-24 */
        return vx_float_from_bits(sign | vx_float_bits((float)mantissa * 0x1p-24F));
    if (exponent == 31)
        return vx_float_from_bits(sign | 0x7F800000 | mantissa << 13);
    return vx_float_from_bits(sign | (exponent + 112) << 23 | mantissa << 13);
}

static inline uint16_t vx_f16_from_float(float x)
{
    const uint32_t bits = vx_float_bits(x), sign = bits >> 16 & 0x8000;
    uint32_t a = bits & 0x7FFFFFFF;

    if (a > 0x7F800000)
        return (uint16_t)(sign | 0x7E00);
    if (a >= 0x47800000) /* 2^16 and more */
        return (uint16_t)(sign | 0x7C00);
    if (a < 0x38800000) /* below 2^-14: adding 1/2, whose last place is 2^-24, rounds to a multiple of it */
        return (uint16_t)(sign | (vx_float_bits(vx_float_from_bits(a) + 0.5F) - 0x3F000000));
    a -= 112U << 23;
    return (uint16_t)(sign | (a + 0xFFF + (a >> 13 & 1)) >> 13);
}

#endif
