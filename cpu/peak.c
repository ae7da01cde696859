#include "cpu/peak.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cpu/peak_loops.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 10000 /* between two looks at the clock: tens of microseconds */

struct peak {
    const char *name;
    vx_peak_loop *loop;
    double flops; /* of a round */
};

float vx_peak_plain(long rounds)
{
    float sum[VX_PEAK_PLAIN_WIDTH], a = 0.999F, b = 0.0013F;

    for (int i = 0; i < VX_PEAK_PLAIN_WIDTH; i++)
        sum[i] = (float)i;
    for (long r = 0; r < rounds; r++)
        for (int i = 0; i < VX_PEAK_PLAIN_WIDTH; i++)
            sum[i] = sum[i] * a + b;
    for (int i = 1; i < VX_PEAK_PLAIN_WIDTH; i++)
        sum[0] += sum[i];
    return sum[0];
}

/* The fastest loop for unit that isa allows; .loop NULL: none. */
static struct peak choose(enum vx_trace_unit unit, const struct vx_isa *isa)
{
    (void)isa;
    switch (unit) {
    case VX_TRACE_FP32:
#if defined(__x86_64__)
        if (isa->avx512)
            return (struct peak){"AVX-512 FMA", vx_peak_avx512, 2 * VX_PEAK_CHAINS_512 * 16};
        if (isa->avx2)
            return (struct peak){"AVX2 FMA", vx_peak_avx2, 2 * VX_PEAK_CHAINS_256 * 8};
#endif
        return (struct peak){"multiplications and additions", vx_peak_plain, 2 * VX_PEAK_PLAIN_WIDTH};
    case VX_TRACE_BF16:
#if defined(__x86_64__)
        if (isa->avx512_bf16)
            return (struct peak){"AVX-512 BF16 dot products", vx_peak_avx512_bf16, 2 * VX_PEAK_CHAINS_512 * 32};
#endif
        break;
    case VX_TRACE_INT8:
#if defined(__x86_64__)
        if (isa->avx512 && __builtin_cpu_supports("avx512vnni"))
            return (struct peak){"AVX-512 VNNI dot products", vx_peak_avx512_int8, 2 * VX_PEAK_CHAINS_512 * 64};
        if (isa->avx2)
            return (struct peak){"AVX2 products in pairs", vx_peak_avx2_int8, 2 * VX_PEAK_CHAINS_256 * 32};
#endif
        break;
    case VX_TRACE_MEMORY:
    case VX_TRACE_UNITS:
        break;
    }
    return (struct peak){0};
}

const char *vx_peak_name(enum vx_trace_unit unit, const struct vx_isa *isa)
{
    return choose(unit, isa).name;
}

double vx_peak_arithmetic(enum vx_trace_unit unit, const struct vx_isa *isa, double seconds)
{
    const struct peak peak = choose(unit, isa);
    volatile float kept; /* the loops' results */
    double start, now, rounds = 0;

    if (!peak.loop)
        return 0;
    kept = peak.loop(ROUNDS); /* wide registers and the clock take a moment to wake up */
    start = vx_clock_now();
    do {
        kept = peak.loop(ROUNDS);
        rounds += ROUNDS;
        now = vx_clock_now();
    } while (now - start < seconds);
    (void)kept;
    return rounds * peak.flops / (now - start);
}

enum vx_status vx_peak_copy(size_t bytes, double seconds, double *rate, struct vx_err *err)
{
    char *from = vx_calloc(bytes, 1), *to = vx_calloc(bytes, 1);
    const size_t step = bytes < 1 << 20 ? (1 << 20) / bytes : 1; /* copies between two looks at the clock */
    double start, now, copied = 0;
    enum vx_status rc = VX_OK;

    if (!from || !to) {
        rc = vx_fail_nomem(err, "the buffers to measure copies with");
        goto done;
    }
    memset(from, 1, bytes);
    memcpy(to, from, bytes);
    start = vx_clock_now();
    do {
        for (size_t i = 0; i < step; i++) {
            memcpy(to, from, bytes);
            __asm__ volatile("" : : "r"(to) : "memory"); /* each copy is made */
        }
        copied += 2.0 * (double)bytes * (double)step;
        now = vx_clock_now();
    } while (now - start < seconds);
    *rate = copied / (now - start);
done:
    free(from);
    free(to);
    return rc;
}
