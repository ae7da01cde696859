/* gelu.h - the exact GELU from a table of polynomials
 * gelu(x) = x·Φ(x) = max(x, 0) − t·Q(t) with t = |x| and Q(t) = erfc(t/√2)/2, the normal distribution's tail.
 * Q is a polynomial of its own in each of 32 segments a quarter wide around 0, 1/4, 2/4…; beyond the last,
 * where Q < 5e-15, it is taken for constant. 32 entries are what one permutation of two AVX-512 registers
 * looks up: in a product's epilogue this is half the multiply-adds of one polynomial for all x. */
#ifndef VX_CPU_GELU_H
#define VX_CPU_GELU_H

#include <stdbool.h>

#define VX_GELU_SEGMENTS 32
#define VX_GELU_WIDTH 0.25F
#define VX_GELU_END ((VX_GELU_SEGMENTS - 1) * VX_GELU_WIDTH)
#define VX_GELU_MAX_DEGREE 4

/* Degree 3 is off by up to 7e-7·|x|, a seventh of half bf16's last place wherever x > −4; degree 4 by
 * 3e-8·|x|, half float32's last place at |x|. */
struct vx_gelu {
    int degree;
    bool centred; /* the powers are those of t − the segment's centre; else of t, which saves two subtractions
                   * and in float32 is good to 2e-7 */
    _Alignas(64) float coefficient[VX_GELU_MAX_DEGREE + 1][VX_GELU_SEGMENTS]; /* [power][segment] */
};

void vx_gelu_fit(struct vx_gelu *table, int degree, bool centred); /* degree 1…VX_GELU_MAX_DEGREE */

#endif
