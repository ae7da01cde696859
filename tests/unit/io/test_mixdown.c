/* test_mixdown.c - channels to one: the mean, the guard against channels that cancel, and the flags of blocks
 */
#include "base/item.h"

#include "tests/harness/cmocka.h"
#include "tests/unit/io/recording.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 2000, BLOCK = RATE / 10 }; /* Hz; frames of a block */

static float tone(size_t i)
{
    return 0.4f * sinf((float)i * 0.7f) + 0.1f * sinf((float)i * 0.31f);
}

/* Two channels for a while: `left` and `right` times the tone, on top of `offset`. */
struct stretch {
    int seconds;
    float left, right, offset;
};

enum { MAX_STRETCHES = 4 };

static size_t stereo(const struct stretch *stretches, float **out)
{
    size_t frames = 0, at = 0;

    for (int s = 0; s < MAX_STRETCHES; s++)
        frames += (size_t)stretches[s].seconds * RATE;
    *out = calloc(frames * 2, sizeof **out);
    assert_non_null(*out);
    for (int s = 0; s < MAX_STRETCHES; s++)
        for (int i = 0; i < stretches[s].seconds * RATE; i++, at++) {
            (*out)[2 * at] = stretches[s].left * tone(at) + stretches[s].offset;
            (*out)[2 * at + 1] = stretches[s].right * tone(at) + stretches[s].offset;
        }
    return frames;
}

static void guard(void **state)
{
    enum taken { MEAN, LEFT, RIGHT };
    static const struct {
        const char *what;
        struct stretch stretches[MAX_STRETCHES];
        enum taken taken;
        int cancelled_from, cancelled_to; /* seconds whose blocks are flagged */
    } table[] = {
        {"both alike", {{3, 1, 1, 0}}, MEAN, 0, 0},
        {"one channel only", {{3, 1, 0, 0}}, MEAN, 0, 0},
        {"the other channel only", {{3, 0, 1, 0}}, MEAN, 0, 0},
        {"silence", {{3, 0, 0, 0}}, MEAN, 0, 0},
        {"an offset", {{3, 0, 0, 0.5f}}, MEAN, 0, 0},
        {"opposite", {{3, 1, -1, 0}}, LEFT, 0, 0},
        {"opposite, the right louder", {{3, 1, -1.1f, 0}}, RIGHT, 0, 0},
        {"opposite on top of an offset", {{3, 1, -1, 0.3f}}, LEFT, 0, 0},
        {"20.4 dB down", {{3, 1, -0.825f, 0}}, LEFT, 0, 0},
        {"19.5 dB down", {{3, 1, -0.808f, 0}}, MEAN, 0, 0},
        {"opposite after long silence", {{15, 0, 0, 0}, {3, 1, -1, 0}}, LEFT, 0, 0},
        {"opposite after a long hiss", {{15, 1e-4f, 1e-4f, 0}, {3, 1, -1, 0}}, LEFT, 0, 0},
        {"opposite later on", {{12, 1, 1, 0}, {2, 1, -1, 0}, {1, 1, 1, 0}}, MEAN, 12, 14},
        {"opposite for the first second", {{1, 1, -1, 0}, {12, 1, 1, 0}}, MEAN, 0, 1},
        {"opposite for most of the first", {{9, 1, -1, 0}, {1, 0.2f, 0.2f, 0}, {5, 1, 1, 0}}, LEFT, 0, 0},
        {"silence within", {{2, 1, -1, 0}, {3, 0, 0, 0}, {2, 1, -1, 0}}, LEFT, 0, 0},
    };

    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof *table; t++) {
        float *x;
        const size_t frames = stereo(table[t].stretches, &x);
        struct recording r = recording_wav(x, frames, 2, RATE);
        struct decoded d = recording_decode(&r, 0, 4096);

        assert_int_equal(d.ended, VX_OK);
        assert_int_equal(d.n, frames);
        if (d.info.louder_channel != (table[t].taken != MEAN))
            fail_msg("%s: louder_channel is %d", table[t].what, d.info.louder_channel);
        for (size_t i = 0; i < frames; i++) {
            const bool within =
                i >= (size_t)table[t].cancelled_from * RATE && i < (size_t)table[t].cancelled_to * RATE;
            float want = (x[2 * i] + x[2 * i + 1]) / 2;

            /* Silence before the first sound is past when the choice is made. */
            if (table[t].taken != MEAN && (table[t].stretches[0].left >= 0.1f || i >= 15 * RATE))
                want = x[2 * i + (table[t].taken == RIGHT)];
            if (d.samples[i] != want || d.flags[i] != (within ? VX_WINDOW_CANCELLED : 0))
                fail_msg("%s: frame %zu is %g with flags %u, expected %g and %u", table[t].what, i,
                         (double)d.samples[i], d.flags[i], (double)want, within ? VX_WINDOW_CANCELLED : 0);
        }
        decoded_free(&d);
        recording_free(&r);
        free(x);
    }
}

/* Many channels: [frames][n], channel c is gain[c % 4] times a noise of its own (or, when shared, of
 * everyone's). */
static struct recording many(int channels, const float gain[4], bool shared)
{
    const size_t frames = RATE;
    float *x = calloc(frames * (size_t)channels, sizeof *x);
    struct recording r;
    uint32_t random = 1;

    assert_non_null(x);
    for (size_t i = 0; i < frames; i++)
        for (size_t c = 0; c < (size_t)channels; c++) {
            if (!shared || c == 0)
                random = random * 1664525u + 1013904223u;
            x[i * (size_t)channels + c] = gain[c % 4] * ((float)(random >> 8) / (float)(1 << 23) - 1.0f);
        }
    r = recording_wav(x, frames, channels, RATE);
    free(x);
    return r;
}

static void many_channels(void **state)
{
    static const struct {
        const char *what;
        int channels;
        float gain[4];
        bool shared, louder;
    } table[] = {
        {"unrelated", 32, {0.5f, 0.5f, 0.5f, 0.5f}, false, false},
        {"unrelated, very many", 1024, {0.5f, 0.5f, 0.5f, 0.5f}, false, false},
        {"alike", 32, {0.5f, 0.5f, 0.5f, 0.5f}, true, false},
        {"one of four", 4, {0.5f, 0, 0, 0}, true, false},
        {"pairs that cancel", 4, {0.5f, -0.5f, 0.25f, -0.25f}, true, true},
        {"pairs that cancel, very many", 1024, {0.5f, -0.5f, 0.25f, -0.25f}, true, true},
    };

    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof *table; t++) {
        struct recording r = many(table[t].channels, table[t].gain, table[t].shared);
        struct decoded d = recording_decode(&r, 0, 4096);

        assert_int_equal(d.opened, VX_OK);
        assert_int_equal(d.ended, VX_OK);
        assert_int_equal(d.n, RATE);
        if (d.info.louder_channel != table[t].louder)
            fail_msg("%s: louder_channel is %d", table[t].what, d.info.louder_channel);
        for (size_t i = 0; i < d.n; i++)
            assert_int_equal(d.flags[i], 0);
        decoded_free(&d);
        recording_free(&r);
    }
}

/* What is no sample becomes 0 and flags its block, in the output of the resampler too. */
static void cleaned(void **state)
{
    static const float bad[] = {NAN, -NAN, INFINITY, -INFINITY, 1.01e10f, -3e38f};
    static const float good[] = {0, -0.0f, 1e-42f, 2147483648.0f, -1e10f, 1.0f};
    enum { AT = 3 * BLOCK + 17, BLOCKS = 8 };

    (void)state;
    for (int rate = RATE; rate <= 2 * RATE; rate += RATE)
        for (size_t t = 0; t < 2 * (sizeof bad / sizeof *bad); t++) {
            const bool is_bad = t < sizeof bad / sizeof *bad;
            const size_t scale = (size_t)rate / RATE;
            float x[BLOCKS * BLOCK] = {0};
            struct recording r;
            struct decoded d;

            x[AT] = is_bad ? bad[t] : good[t - sizeof bad / sizeof *bad];
            r = recording_wav(x, BLOCKS * BLOCK, 1, RATE);
            d = recording_decode(&r, rate, 64);
            assert_int_equal(d.n, scale * BLOCKS * BLOCK);
            for (size_t i = 0; i < d.n; i++) {
                const bool within = is_bad && i / scale / BLOCK == AT / BLOCK;
                if (!isfinite(d.samples[i]) || (is_bad && d.samples[i] != 0) ||
                    d.flags[i] != (within ? VX_WINDOW_CLEANED : 0))
                    fail_msg("%g: sample %zu is %g with flags %u", (double)x[AT], i, (double)d.samples[i],
                             d.flags[i]);
            }
            if (!is_bad && scale == 1)
                assert_true(d.samples[AT] == x[AT]);
            decoded_free(&d);
            recording_free(&r);
        }
}

/* 1 % of a block at full scale; all channels count. */
static void clipped(void **state)
{
    static const struct {
        float value;
        int count;
        bool flagged;
    } table[] = {{1.0f, 4, true},  {-1.0f, 4, true},     {0.999f, 4, true},    {1.7f, 400, true},
                 {1.0f, 3, false}, {0.998f, 400, false}, {-0.998f, 400, false}};
    enum { BLOCKS = 3 };

    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof *table; t++) {
        float x[BLOCKS * BLOCK * 2] = {0};
        struct recording r;
        struct decoded d;

        for (int i = 0; i < table[t].count; i++)
            x[BLOCK * 2 + i] = table[t].value; /* in the second block, which holds 400 samples */
        r = recording_wav(x, BLOCKS * BLOCK, 2, RATE);
        d = recording_decode(&r, 0, 4096);
        assert_int_equal(d.n, BLOCKS * BLOCK);
        for (size_t i = 0; i < d.n; i++)
            if (d.flags[i] != (table[t].flagged && i / BLOCK == 1 ? VX_WINDOW_CLIPPED : 0))
                fail_msg("%d samples of %g: frame %zu has flags %u", table[t].count, (double)table[t].value,
                         i, d.flags[i]);
        decoded_free(&d);
        recording_free(&r);
    }
}

/* Flags that change with every block, resampled up and down: the same for every read size, and in the right
 * places. */
static void flags_and_read_sizes(void **state)
{
    enum { BLOCKS = 200 };
    static const int to[] = {RATE, 1000, 1777, 16000, 48000};
    static const size_t sizes[] = {1, 7, 100000};
    float *x = calloc(BLOCKS * BLOCK, sizeof *x);
    struct recording r;

    (void)state;
    assert_non_null(x);
    for (size_t i = 0; i < BLOCKS * BLOCK; i++)
        x[i] = i % BLOCK == 0 && i / BLOCK % 2 ? NAN : i / BLOCK % 3 ? tone(i) : 1.0f;
    r = recording_wav(x, BLOCKS * BLOCK, 1, RATE);
    for (size_t t = 0; t < sizeof to / sizeof *to; t++) {
        struct decoded whole = recording_decode(&r, to[t], 4096);

        for (size_t i = 0; i < whole.n; i++) {
            const size_t block = i * RATE / (size_t)to[t] / BLOCK;
            const unsigned want = (block % 2 ? VX_WINDOW_CLEANED : 0) | (block % 3 ? 0 : VX_WINDOW_CLIPPED);
            if (whole.flags[i] != want)
                fail_msg("to %d Hz: sample %zu has flags %u, expected %u", to[t], i, whole.flags[i], want);
        }
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            struct decoded d = recording_decode(&r, to[t], sizes[s]);

            assert_int_equal(d.n, whole.n);
            assert_memory_equal(d.samples, whole.samples, d.n * sizeof *d.samples);
            assert_memory_equal(d.flags, whole.flags, d.n);
            decoded_free(&d);
        }
        decoded_free(&whole);
    }
    recording_free(&r);
    free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guard),   cmocka_unit_test(many_channels),        cmocka_unit_test(cleaned),
        cmocka_unit_test(clipped), cmocka_unit_test(flags_and_read_sizes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
