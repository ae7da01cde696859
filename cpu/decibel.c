#include "cpu/decibel.h"

#include "base/clones.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#define HUGE_POWER 1e30f
#define LOG10_E 0.43429448190325182765f
#define LOG10_2 0.30102999566398119521f

/* 10·log10(x) of a normal x: x = 2^e·(1 + t) with 1 + t from sqrt(1/2) to sqrt(2), log(1 + t) = t − t²/2 + t³·P(t).
 * P was fitted to the smallest largest error of log(1 + t) relative to t: 8e-9, far under float32's rounding. */
static inline float ten_log10(float x)
{
    union {
        float f;
        int32_t i;
    } u = {.f = x}, m;
    const int32_t e = (u.i - 0x3f3504f3) >> 23; /* 0x3f3504f3: sqrt(1/2) */
    m.i = u.i - (int32_t)((uint32_t)e << 23);
    const float t = m.f - 1.0f;
    float p = -0.07872925698757172f; /* written out: a loop would keep the caller's loop from being vectorised */

    p = p * t + 0.129001647233963f;
    p = p * t - 0.13132214546203613f;
    p = p * t + 0.14178824424743652f;
    p = p * t - 0.16623999178409576f;
    p = p * t + 0.20002374053001404f;
    p = p * t - 0.2500082552433014f;
    p = p * t + 0.33333316445350647f;
    p = t + (p * t - 0.5f) * (t * t);
    return 10.0f * (p * LOG10_E + (float)e * LOG10_2);
}

static inline float clamp_power(float x, float amin)
{
    x = x > amin ? x : amin; /* also where x is not a number */
    return x < HUGE_POWER ? x : HUGE_POWER;
}

/* Largest and smallest of x [n], n >= 1, in LANES independent strands so that the compiler may vectorise. */
VX_CLONES
static void range(const float *x, size_t n, float *low, float *high)
{
    enum { LANES = 32 };
    float lo[LANES], hi[LANES];
    size_t i = 0;

    for (int k = 0; k < LANES; k++)
        lo[k] = hi[k] = x[0];
    for (; i + LANES <= n; i += LANES)
        for (int k = 0; k < LANES; k++) {
            lo[k] = x[i + (size_t)k] < lo[k] ? x[i + (size_t)k] : lo[k];
            hi[k] = x[i + (size_t)k] > hi[k] ? x[i + (size_t)k] : hi[k];
        }
    for (; i < n; i++) {
        lo[0] = x[i] < lo[0] ? x[i] : lo[0];
        hi[0] = x[i] > hi[0] ? x[i] : hi[0];
    }
    for (int k = 1; k < LANES; k++) {
        lo[0] = lo[k] < lo[0] ? lo[k] : lo[0];
        hi[0] = hi[k] > hi[0] ? hi[k] : hi[0];
    }
    *low = lo[0];
    *high = hi[0];
}

VX_CLONES
static void to_decibels(float *x, size_t n, float reference)
{
    for (size_t i = 0; i < n; i++)
        x[i] = ten_log10(x[i]) - reference;
}

VX_CLONES
static void raise_to(float *x, size_t n, float floor)
{
    for (size_t i = 0; i < n; i++)
        x[i] = x[i] > floor ? x[i] : floor;
}

VX_CLONES
static void clamp_powers(float *x, size_t n, float amin)
{
    for (size_t i = 0; i < n; i++)
        x[i] = clamp_power(x[i], amin);
}

void vx_decibels(const struct vx_profile *profile, float *x, size_t n, float *low, float *high)
{
    const float amin = (float)profile->amin;
    float ref = (float)profile->ref_value;

    clamp_powers(x, n, amin);
    range(x, n, low, high);
    if (profile->ref_max)
        ref = *high;
    to_decibels(x, n, ten_log10(clamp_power(ref, amin)));
    range(x, n, low, high);
    if (profile->top_db > 0.0 && *low < *high - (float)profile->top_db) {
        *low = *high - (float)profile->top_db;
        raise_to(x, n, *low);
    }
}

/* (x − low)/(high − low)·scale, truncated, at most 255; numpy's operations in numpy's order */
VX_CLONES
static void quantise(const float *x, size_t n, float low, float spread, float scale, uint8_t *out)
{
    for (size_t i = 0; i < n; i++) {
        const int32_t v = (int32_t)((x[i] - low) / spread * scale);
        out[i] = (uint8_t)(v < 255 ? v : 255);
    }
}

void vx_levels(const struct vx_profile *profile, const float *db, size_t rows, size_t columns, float low, float high,
               uint8_t *level)
{
    const float scale = profile->colour == VX_COLOUR_GREY ? 255.0f : 256.0f;

    if (!(high > low)) {
        memset(level, 0, rows * columns);
        return;
    }
    for (size_t r = 0; r < rows; r++)
        quantise(db + r * columns, columns, low, high - low, scale,
                 level + (profile->low_at_bottom ? rows - 1 - r : r) * columns);
}
