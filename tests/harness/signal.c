#include "tests/harness/signal.h"

#include "tests/harness/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t vx_test_noise(uint64_t i)
{
    uint64_t z = (i + 1) * 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static int hiss(size_t i)
{
    return (int)(vx_test_noise(i) >> 48) - 32768;
}

/* a triangle wave, rising, over faint noise */
static int chirp(size_t i)
{
    const uint32_t phase = (uint32_t)(i * 40000000u + i * i * 9000u) >> 16;

    return abs((int)phase - 32768) - 16384 + (hiss(i) >> 9);
}

static int noise(size_t i)
{
    return hiss(i);
}

/* −2…1: the last bits of a 16-bit recording */
static int quiet(size_t i)
{
    return hiss(i) >> 14;
}

static int square(size_t i)
{
    return i / 91 % 2 == 0 ? 32767 : -32768;
}

static int silence(size_t i)
{
    (void)i;
    return 0;
}

static int tone(size_t i)
{
    return (int)lround(32767.0 * sin(2.0 * M_PI * 0.0625 * (double)(i % 16)));
}

void vx_test_signal(const char *name, float *pcm, size_t n)
{
    static const struct {
        const char *name;
        int (*at)(size_t i);
    } table[] = {
        {"chirp", chirp}, {"noise", noise}, {"quiet", quiet}, {"square", square}, {"silence", silence}, {"tone", tone},
    };

    for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
        if (strcmp(table[k].name, name) != 0)
            continue;
        for (size_t i = 0; i < n; i++)
            pcm[i] = (float)table[k].at(i) / 32768.0f;
        return;
    }
    fail_msg("no signal named %s", name);
}

void vx_test_pixels(uint8_t *out, int h, int w, int channels, uint64_t seed)
{
    uint64_t i = seed;

    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++)
            for (int c = 0; c < channels; c++, i++)
                *out++ = (x / 5 + y / 3 + c) % 3 == 0         ? 255
                         : (x / 4 + y / 7) % 2 == 0           ? 0
                                                              : (uint8_t)(vx_test_noise(i) >> 56);
}

uint64_t vx_test_fnv(const void *data, size_t n)
{
    const unsigned char *p = data;
    uint64_t h = 0xCBF29CE484222325u;

    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001B3u;
    return h;
}
