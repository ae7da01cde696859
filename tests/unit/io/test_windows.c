/* test_windows.c - cutting into windows: positions, the last window, silence, flags, a stream that breaks */
#include "io/windows.h"

#include "tests/harness/cmocka.h"
#include "tests/unit/io/memory_source.h"
#include "tests/unit/io/recording.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RATE = 1000 }; /* one sample a millisecond; it needs no resampling */

enum {
    P = VX_WINDOW_PADDED,
    T = VX_WINDOW_TOO_SHORT,
    S = VX_WINDOW_SILENT,
};

struct expected {
    int64_t start_ms;
    unsigned flags;
};

static float sawtooth(size_t i)
{
    return (float)(i % 100) / 200.0f;
}

/* Cut a recording by a rule and compare every window's place, flags and samples; x: [n] at RATE. w: any
 * windower of that rule, used before or not. `end` is what must follow the last window. */
static void check_windows(const char *name, struct vx_windower *w, const struct recording *r, const float *x,
                          size_t n, const struct expected *want, size_t n_want, enum vx_status end)
{
    struct vx_source source = {.data = r->bytes, .size = (int64_t)r->size};
    struct vx_decoder *dec = NULL;
    struct vx_window_score score;
    struct vx_err err = {0};
    const float *pcm;
    enum vx_status rc;
    size_t i = 0;

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
            const float sample = at < n ? x[at] : 0.0f;
            if (pcm[j] != sample)
                fail_msg("%s: window %zu sample %d is %g, expected %g", name, i, j, (double)pcm[j],
                         (double)sample);
        }
        i++;
    }
    assert_int_equal(rc, end);
    assert_int_equal(vx_windower_next(w, &score, &pcm, &err), end);
    if (i != n_want)
        fail_msg("%s: %zu windows, expected %zu", name, i, n_want);
    vx_decoder_close(&dec);
}

static void check_samples(const char *name, const struct vx_window_rule *rule, const float *x, size_t n,
                          const struct expected *want, size_t n_want)
{
    struct recording r = recording_wav(x, n, 1, RATE);
    struct vx_windower *w = NULL;
    struct vx_err err;

    assert_int_equal(vx_windower_create(&w, rule, &err), VX_OK);
    check_windows(name, w, &r, x, n, want, n_want, VX_DONE);
    check_windows(name, w, &r, x, n, want, n_want,
                  VX_DONE); /* the second time over what the first has left */
    vx_windower_destroy(&w);
    recording_free(&r);
}

static void positions(void **state)
{
    static const struct {
        const char *name;
        double window, hop;
        size_t n; /* samples = ms */
        size_t n_want;
        struct expected want[8];
    } table[] = {
        {"nothing", 2, 2, 0, 0, {{0}}},
        {"one window to the sample", 2, 2, 2000, 1, {{0, 0}}},
        {"one sample more", 2, 2, 2001, 2, {{0, 0}, {2000, P | T | S}}}, /* one sample is constant
                                                                          */
        {"one sample less", 2, 2, 1999, 1, {{0, P}}},
        {"just scored", 2, 2, 2500, 2, {{0, 0}, {2000, P}}},
        {"just not scored", 2, 2, 2499, 2, {{0, 0}, {2000, P | T}}},
        {"shorter than the minimum", 2, 2, 300, 1, {{0, P | T}}},
        {"overlapping, ends with a window", 2, 0.5, 3000, 3, {{0, 0}, {500, 0}, {1000, 0}}},
        {"overlapping, ends within", 2, 0.5, 3100, 4, {{0, 0}, {500, 0}, {1000, 0}, {1500, P}}},
        {"gaps, ends in a gap", 1, 3, 5000, 2, {{0, 0}, {3000, 0}}},
        {"gaps, ends at a start", 1, 3, 6000, 2, {{0, 0}, {3000, 0}}},
        {"gaps, ends after a start", 1, 3, 6600, 3, {{0, 0}, {3000, 0}, {6000, P}}},
    };

    float x[6600];

    (void)state;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = sawtooth(i);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct vx_window_rule rule = {table[i].window, table[i].hop, 0.5, -70};
        check_samples(table[i].name, &rule, x, table[i].n, table[i].want, table[i].n_want);
    }
}

/* The RMS without the average, against the threshold; what is constant is silent whatever the threshold. */
static void silence(void **state)
{
    static const struct {
        const char *what;
        double dbfs;
        float amplitude, offset; /* of a square wave */
        bool silent;
    } table[] = {
        {"zeros", -70, 0, 0, true},
        {"zeros, no threshold", -INFINITY, 0, 0, true},
        {"an offset", -70, 0, 0.3f, true},
        {"an offset, no threshold", -INFINITY, 0, 0.3f, true},
        {"a breath, no threshold", -INFINITY, 1e-7f, 0, false},
        {"just under", -70, 3.15e-4f, 0, true},
        {"just over", -70, 3.17e-4f, 0, false},
        {"just under, on an offset", -70, 3.15e-4f, 0.5f, true},
        {"just over, on an offset", -70, 3.17e-4f, 0.5f, false},
        {"everything under 0 dBFS", 0, 0.9f, 0, true},
    };
    float x[2000];

    (void)state;
    for (size_t t = 0; t < sizeof table / sizeof *table; t++) {
        const struct vx_window_rule rule = {1, 1, 0.5, table[t].dbfs};
        const unsigned silent = table[t].silent ? S : 0;
        const struct expected want[] = {{0, silent}, {1000, P | silent}};

        for (size_t i = 0; i < 1600; i++)
            x[i] = table[t].offset + (i % 2 ? table[t].amplitude : -table[t].amplitude);
        /* Padding does not count: the second window has 600 samples of the same sound. */
        check_samples(table[t].what, &rule, x, 1600, want, 2);
    }
}

/* A window carries the flags of the blocks of 100 ms that it overlaps, of no others. */
static void block_flags(void **state)
{
    static const struct {
        const char *what;
        double window, hop;
        size_t n_want;
        struct expected want[8];
    } table[] = {
        {"side by side",
         0.5,
         0.5,
         4,
         {{0, 0}, {500, 0}, {1000, VX_WINDOW_CLEANED}, {1500, VX_WINDOW_CLIPPED}}},
        {"overlapping",
         1,
         0.5,
         3,
         {{0, 0}, {500, VX_WINDOW_CLEANED}, {1000, VX_WINDOW_CLEANED | VX_WINDOW_CLIPPED}}},
        {"ends where the block begins", 0.2, 0.8, 3, {{0, 0}, {800, 0}, {1600, VX_WINDOW_CLIPPED}}},
        {"begins where the block ends", 0.2, 1.1, 2, {{0, 0}, {1100, 0}}},
        {"begins a millisecond before", 0.2, 1.099, 2, {{0, 0}, {1099, VX_WINDOW_CLEANED}}},
    };
    float x[2000];

    (void)state;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = i / 100 == 17 ? 1.0f - (float)(i % 2) : sawtooth(i); /* 1,700 to 1,800 ms clipped */
    x[1000] = NAN;                                                  /* 1,000 to 1,100 ms cleaned */
    for (size_t t = 0; t < sizeof table / sizeof *table; t++) {
        const struct vx_window_rule rule = {table[t].window, table[t].hop, 0, -70};
        struct recording r = recording_wav(x, 2000, 1, RATE);
        struct vx_windower *w = NULL;
        struct vx_err err;
        float clean[2000];

        memcpy(clean, x, sizeof x);
        clean[1000] = 0;
        assert_int_equal(vx_windower_create(&w, &rule, &err), VX_OK);
        check_windows(table[t].what, w, &r, clean, 2000, table[t].want, table[t].n_want, VX_DONE);
        vx_windower_destroy(&w);
        recording_free(&r);
    }
}

/* A truncated file gives its windows, the one at the break included, and then the error, as often as it is
 * asked. */
static void broken_stream(void **state)
{
    static const struct expected want[] = {{0, 0}, {2000, P}};
    const struct vx_window_rule rule = {2, 2, 0.5, -70};
    struct vx_windower *w = NULL;
    struct recording r;
    struct vx_err err;
    float x[8000];

    (void)state;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = sawtooth(i);
    r = recording_wav(x, 8000, 1, RATE);
    r.size = 44 + 2700 * 4;
    assert_int_equal(vx_windower_create(&w, &rule, &err), VX_OK);
    check_windows("truncated", w, &r, x, 2700, want, 2, VX_EFORMAT);
    r.size = 44 + 4000 * 4; /* no window at the break */
    check_windows("truncated between windows", w, &r, x, 4000, (struct expected[]){{0, 0}, {2000, 0}}, 2,
                  VX_EFORMAT);
    vx_windower_destroy(&w);
    recording_free(&r);
}

/* Places are counted in samples, so nothing drifts: 0.3333 s at 22,050 Hz is 7,349 samples. */
static void no_drift(void **state)
{
    const struct vx_window_rule rule = {0.3333, 0.3333, 0, -70};
    enum { SECONDS = 100, HOP = 7349 };
    float *x = calloc(SECONDS * 22050, sizeof *x);
    struct vx_windower *w = NULL;
    struct vx_decoder *dec = NULL;
    struct vx_window_score score;
    struct vx_err err;
    const float *pcm;
    struct recording r;
    struct vx_source source;
    int64_t n = 0;

    (void)state;
    assert_non_null(x);
    for (size_t i = 0; i < SECONDS * 22050; i++)
        x[i] = sawtooth(i);
    r = recording_wav(x, SECONDS * 22050, 1, 22050);
    source = (struct vx_source){.data = r.bytes, .size = (int64_t)r.size};
    assert_int_equal(vx_windower_create(&w, &rule, &err), VX_OK);
    assert_int_equal(vx_decoder_open(&dec, &source, 0, &err), VX_OK);
    assert_int_equal(vx_windower_begin(w, dec, &err), VX_OK);
    assert_int_equal(vx_windower_samples(w), HOP);
    for (; vx_windower_next(w, &score, &pcm, &err) == VX_OK; n++) {
        assert_int_equal(score.start_ms, llround(1000.0 * (double)(n * HOP) / 22050));
        assert_true(pcm[0] == x[n * HOP]);
    }
    assert_int_equal(n, (SECONDS * 22050 + HOP - 1) / HOP);
    vx_decoder_close(&dec);
    vx_windower_destroy(&w);
    recording_free(&r);
    free(x);
}

static void rules(void **state)
{
    static const struct {
        struct vx_window_rule rule;
        bool good;
    } table[] = {
        {{2, 2, 0.5, -70}, true},   {{2, 0.01, 2, 0}, true},      {{60, 3600, 0, -200}, true},
        {{0.05, 1, 0, -70}, true},  {{0, 2, 0, -70}, false},      {{-2, 2, 0, -70}, false},
        {{61, 2, 0.5, -70}, false}, {{NAN, 2, 0.5, -70}, false},  {{2, 0, 0.5, -70}, false},
        {{2, -1, 0.5, -70}, false}, {{2, 3601, 0.5, -70}, false}, {{2, NAN, 0.5, -70}, false},
        {{2, 2, 2.1, -70}, false},  {{2, 2, -0.1, -70}, false},   {{2, 2, NAN, -70}, false},
        {{2, 2, 0.5, 1}, false},    {{2, 2, 0.5, NAN}, false},    {{2, INFINITY, 0, -70}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct vx_windower *w = NULL;
        struct vx_err err = {0};

        if (vx_windower_create(&w, &table[i].rule, &err) != (table[i].good ? VX_OK : VX_EINVAL))
            fail_msg("rule %zu: %s", i, err.text);
        assert_int_equal(w != NULL, table[i].good);
        vx_windower_destroy(&w);
        vx_windower_destroy(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions),     cmocka_unit_test(silence),  cmocka_unit_test(block_flags),
        cmocka_unit_test(broken_stream), cmocka_unit_test(no_drift), cmocka_unit_test(rules),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
