/* test_windows.c - cutting into windows: positions, the last window, silence, flags, a stream that breaks */
#include "io/windows.h"

#include "tests/harness/cmocka.h"
#include "tests/unit/io/memory_source.h"

#include <stdlib.h>
#include <string.h>

enum { RATE = 1000 }; /* one sample a millisecond; it needs no resampling */

/* A WAV file of float samples at RATE, the caller's to free; samples NULL: a sawtooth. */
static unsigned char *wav_of(const float *samples, size_t n, size_t *size)
{
    const uint32_t bytes = (uint32_t)(n * 4), riff = bytes + 36, fmt = 16, rate = RATE, second = RATE * 4;
    const uint16_t kind = 3, channels = 1, align = 4, bits = 32;
    unsigned char *wav = malloc(44 + n * 4);

    assert_non_null(wav);
    memcpy(wav, "RIFF....WAVEfmt ", 16);
    memcpy(wav + 4, &riff, 4);
    memcpy(wav + 16, &fmt, 4);
    memcpy(wav + 20, &kind, 2);
    memcpy(wav + 22, &channels, 2);
    memcpy(wav + 24, &rate, 4);
    memcpy(wav + 28, &second, 4);
    memcpy(wav + 32, &align, 2);
    memcpy(wav + 34, &bits, 2);
    memcpy(wav + 36, "data", 4);
    memcpy(wav + 40, &bytes, 4);
    for (size_t i = 0; i < n; i++) {
        const float x = samples ? samples[i] : (float)(i % 100) / 200.0f;
        memcpy(wav + 44 + 4 * i, &x, 4);
    }
    *size = 44 + n * 4;
    return wav;
}

struct expected {
    int64_t start_ms;
    unsigned flags;
};

/* Cut a recording by a rule and compare every window's place, flags and samples. */
static void check_windows(const char *name, const struct vx_window_rule *rule, const float *samples, size_t n,
                          const struct expected *want, size_t n_want)
{
    struct vx_source source = {0};
    size_t size;
    unsigned char *wav = wav_of(samples, n, &size);
    struct vx_windower *w = NULL;
    struct vx_decoder *dec = NULL;
    struct vx_window_score score;
    struct vx_err err = {0};
    const float *pcm;
    enum vx_status rc;
    size_t i = 0;

    source.data = wav;
    source.size = (int64_t)size;
    assert_int_equal(vx_windower_create(&w, rule, &err), VX_OK);
    assert_int_equal(vx_decoder_open(&dec, &source, 0, &err), VX_OK);
    assert_int_equal(vx_windower_begin(w, dec, &err), VX_OK);
    while ((rc = vx_windower_next(w, &score, &pcm, &err)) == VX_OK) {
        if (i >= n_want || score.start_ms != want[i].start_ms || score.flags != want[i].flags)
            fail_msg("%s: window %zu at %lld ms with flags %u, expected %lld ms and %u", name, i,
                     (long long)score.start_ms, score.flags, i < n_want ? (long long)want[i].start_ms : -1,
                     i < n_want ? want[i].flags : 0);
        assert_int_equal(score.index, i);
        for (int j = 0; j < vx_windower_samples(w); j++) {
            const size_t at = (size_t)score.start_ms + (size_t)j;
            const float x = at >= n ? 0.0f : samples ? samples[at] : (float)(at % 100) / 200.0f;
            if (pcm[j] != x)
                fail_msg("%s: window %zu sample %d is %g, expected %g", name, i, j, (double)pcm[j],
                         (double)x);
        }
        i++;
    }
    assert_int_equal(rc, VX_DONE);
    assert_int_equal(vx_windower_next(w, &score, &pcm, &err), VX_DONE);
    if (i != n_want)
        fail_msg("%s: %zu windows, expected %zu", name, i, n_want);
    vx_decoder_close(&dec);
    vx_windower_destroy(&w);
    free(wav);
}

static void positions(void **state)
{
    enum { P = VX_WINDOW_PADDED, S = VX_WINDOW_TOO_SHORT | VX_WINDOW_PADDED };
    static const struct {
        const char *name;
        double window, hop;
        size_t n; /* samples = ms */
        size_t n_want;
        struct expected want[8];
    } table[] = {
        {"nothing", 2, 2, 0, 0, {{0}}},
        {"one window to the sample", 2, 2, 2000, 1, {{0, 0}}},
        {"one sample more", 2, 2, 2001, 2, {{0, 0}, {2000, S | VX_WINDOW_SILENT}}}, /* one sample is constant
                                                                                     */
        {"one sample less", 2, 2, 1999, 1, {{0, P}}},
        {"just scored", 2, 2, 2500, 2, {{0, 0}, {2000, P}}},
        {"just not scored", 2, 2, 2499, 2, {{0, 0}, {2000, S}}},
        {"shorter than the minimum", 2, 2, 300, 1, {{0, S}}},
        {"overlapping, ends with a window", 2, 0.5, 3000, 3, {{0, 0}, {500, 0}, {1000, 0}}},
        {"overlapping, ends within", 2, 0.5, 3100, 4, {{0, 0}, {500, 0}, {1000, 0}, {1500, P}}},
        {"gaps, ends in a gap", 1, 3, 5000, 2, {{0, 0}, {3000, 0}}},
        {"gaps, ends at a start", 1, 3, 6000, 2, {{0, 0}, {3000, 0}}},
        {"gaps, ends after a start", 1, 3, 6600, 3, {{0, 0}, {3000, 0}, {6000, P}}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct vx_window_rule rule = {table[i].window, table[i].hop, 0.5, -70};
        check_windows(table[i].name, &rule, NULL, table[i].n, table[i].want, table[i].n_want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
