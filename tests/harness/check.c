#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"

#include "base/clock.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAND 256     /* bytes before and after, a multiple of VX_ALIGN */
#define PATTERN 0xff /* as float32 and bf16: NaN */

struct band {
    size_t bytes;
    unsigned char fill[BAND - sizeof(size_t)];
};

struct vx_random vx_random_start(void)
{
    const char *given = getenv("VX_TEST_SEED");
    struct vx_random r = {given ? strtoull(given, NULL, 10) : (uint64_t)(vx_clock_now() * 1e9)};

    print_message("VX_TEST_SEED=%llu\n", (unsigned long long)r.state);
    return r;
}

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014), upper half */
uint32_t vx_random_next(struct vx_random *r)
{
    uint64_t z = r->state += 0x9E3779B97F4A7C15;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return (uint32_t)(z >> 32);
}

int vx_random_int(struct vx_random *r, int min, int max)
{
    return min + (int)(vx_random_next(r) % (uint32_t)(max - min + 1));
}

void vx_random_floats(struct vx_random *r, float *out, size_t n, float scale)
{
    for (size_t i = 0; i < n; i++)
        out[i] = ((float)(vx_random_next(r) >> 8) * 0x1p-23F - 1) * scale;
}

void *vx_guard_alloc(size_t bytes)
{
    unsigned char *p = vx_calloc(bytes + 2 * BAND, 1);
    struct band *band = (struct band *)p;

    assert_non_null(p);
    memset(p, PATTERN, bytes + 2 * BAND);
    band->bytes = bytes;
    return p + BAND;
}

bool vx_guard_intact(const void *p)
{
    const unsigned char *before = (const unsigned char *)p - BAND;
    const struct band *band = (const struct band *)before;
    const unsigned char *after = (const unsigned char *)p + band->bytes;

    for (size_t i = sizeof band->bytes; i < BAND; i++)
        if (before[i] != PATTERN)
            return false;
    for (size_t i = 0; i < BAND; i++)
        if (after[i] != PATTERN)
            return false;
    return true;
}

void vx_guard_free(void *p)
{
    if (!p)
        return;
    assert_true(vx_guard_intact(p));
    free((unsigned char *)p - BAND);
}

bool vx_check_bench(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--bench") == 0)
            return true;
    return false;
}

double vx_check_time(void (*run)(void *user), void *user)
{
    double best = 1e9;
    int calls = 1;

    for (int round = 0; round < 12; round++) {
        const double start = vx_clock_now();
        for (int i = 0; i < calls; i++)
            run(user);
        const double took = vx_clock_now() - start;
        best = took / calls < best ? took / calls : best;
        if (took < 0.01)
            calls *= 2;
    }
    return best;
}
