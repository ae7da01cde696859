/* test_domain.c - level, bandwidth and activity of signals of which they are known */
#include "io/domain.h"
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS = 2, TAPS = 255 };

static struct vx_random rng;

/* One window of each kind of sound, 2 s long. */
typedef void (*maker)(float *x, int n, int rate);

static void tone(float *x, int n, int rate)
{
    for (int i = 0; i < n; i++)
        x[i] = (float)(0.1 * sin(2 * M_PI * 1000 * i / rate));
}

static void noise(float *x, int n, int rate)
{
    (void)rate;
    vx_random_floats(&rng, x, (size_t)n, 0.1f);
}

static void hum(float *x, int n, int rate)
{
    vx_random_floats(&rng, x, (size_t)n, 1e-4f);
    for (int i = 0; i < n; i++)
        x[i] += (float)(0.05 * sin(2 * M_PI * 50 * i / rate));
}

static void offset(float *x, int n, int rate)
{
    tone(x, n, rate);
    for (int i = 0; i < n; i++)
        x[i] += 0.5f;
}

static void click(float *x, int n, int rate)
{
    vx_random_floats(&rng, x, (size_t)n, 1e-4f);
    x[rate] = 1;
}

/* Comes and goes six times a second, as syllables do, smoothly, so that it adds nothing above its band. */
static void syllables(float *x, int n, int rate)
{
    for (int i = 0; i < n; i++)
        x[i] *= (float)pow(sin(M_PI * 6.1 * i / rate), 2);
}

static void wide_speech(float *x, int n, int rate)
{
    noise(x, n, rate);
    syllables(x, n, rate);
}

/* Noise below `hz`: a windowed sinc. */
static void below(double hz, float *x, int n, int rate)
{
    float *const in = malloc((size_t)n * sizeof *in);

    assert_non_null(in);
    noise(in, n, rate);
    for (int i = 0; i < n; i++) {
        double sum = 0;
        for (int k = -TAPS / 2; k <= TAPS / 2; k++)
            if (i + k >= 0 && i + k < n)
                sum += (double)in[i + k] * (k ? sin(2 * M_PI * hz / rate * k) / (M_PI * k) : 2 * hz / rate) *
                       (0.54 + 0.46 * cos(2 * M_PI * k / TAPS));
        x[i] = (float)sum;
    }
    free(in);
    syllables(x, n, rate);
}

static void telephone(float *x, int n, int rate)
{
    below(3300, x, n, rate);
}

static void add_noise(float *x, int n, float scale)
{
    for (int i = 0; i < n; i++) {
        float v;
        vx_random_floats(&rng, &v, 1, scale);
        x[i] += v;
    }
}

/* To 16 bits with one step of dither, which fills the band above. */
static void dithered_telephone(float *x, int n, int rate)
{
    telephone(x, n, rate);
    add_noise(x, n, 1.0f / 32768);
    for (int i = 0; i < n; i++)
        x[i] = rintf(x[i] * 32768) / 32768;
}

static void rounded_telephone(float *x, int n, int rate)
{
    telephone(x, n, rate);
    for (int i = 0; i < n; i++)
        x[i] = rintf(x[i] * 32768) / 32768;
}

static void noisy_telephone(float *x, int n, int rate)
{
    telephone(x, n, rate);
    add_noise(x, n, 0.003f); /* 20 dB less */
}

static struct vx_item_domain measure(struct vx_domain_meter *m, const float *x, int n, int rate)
{
    struct vx_err err;

    assert_int_equal(vx_domain_begin(m, rate, &err), VX_OK);
    assert_int_equal(vx_domain_add(m, x, (size_t)n, &err), VX_OK);
    return vx_domain_end(m);
}

static struct vx_domain_meter *create(void)
{
    struct vx_domain_meter *m;
    struct vx_err err;

    assert_int_equal(vx_domain_create(&m, &err), VX_OK);
    return m;
}

static bool within(double v, double low, double high)
{
    return isnan(low) ? isnan(v) : v >= low && v <= high;
}

static void known_signals(void **state)
{
    static const struct {
        const char *name;
        maker make;
        int rate;
        double level[2], bandwidth[2], active[2];
    } row[] = {
        {"tone", tone, 16000, {-23.02, -23.0}, {NAN, NAN}, {0, 0}},
        {"tone with an offset", offset, 16000, {-23.02, -23.0}, {NAN, NAN}, {0, 0}},
        {"noise", noise, 16000, {-25, -24.5}, {NAN, NAN}, {0, 0}},
        {"noise, 44.1 kHz", noise, 44100, {-25, -24.5}, {NAN, NAN}, {0, 0}},
        {"hum", hum, 16000, {-29.1, -28.9}, {NAN, NAN}, {0, 0}},
        {"a click", click, 16000, {-50, -40}, {NAN, NAN}, {0, 0.05}},
        {"wide speech", wide_speech, 16000, {-30, -28}, {8000, 8000}, {0.4, 0.9}},
        {"wide speech, 44.1 kHz", wide_speech, 44100, {-30, -28}, {22000, 22000}, {0.4, 0.9}},
        {"wide speech, 8 kHz", wide_speech, 8000, {-30, -28}, {4000, 4000}, {0.4, 0.9}},
        {"wide speech, 96 kHz: no higher than 24", wide_speech, 96000, {-30, -28}, {24000, 24000}, {0.4, 0.9}},
        {"telephone", telephone, 16000, {-34, -30}, {3250, 3750}, {0.4, 0.9}},
        {"telephone, dither", dithered_telephone, 16000, {-34, -30}, {3250, 3750}, {0.4, 0.9}},
        {"telephone, rounded", rounded_telephone, 16000, {-34, -30}, {3250, 3750}, {0.4, 0.9}},
        {"telephone, dither, 44.1 kHz", dithered_telephone, 44100, {-40, -34}, {3250, 4000}, {0.4, 0.9}},
        {"telephone, noise", noisy_telephone, 16000, {-34, -30}, {3250, 3750}, {0.4, 0.9}},
    };
    enum { WINDOWS = 3 }; /* in one of some hundreds a band of steady noise rises by chance, but not in their median */
    struct vx_domain_meter *m = create();
    struct vx_err err;

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const int n = SECONDS * row[i].rate;
        float *const x = vx_guard_alloc((size_t)n * sizeof *x);
        assert_int_equal(vx_domain_begin(m, row[i].rate, &err), VX_OK);
        for (int k = 0; k < WINDOWS; k++) {
            row[i].make(x, n, row[i].rate);
            assert_int_equal(vx_domain_add(m, x, (size_t)n, &err), VX_OK);
        }
        const struct vx_item_domain d = vx_domain_end(m);
        print_message("%-40s %6.2f dBFS %6.0f Hz %5.2f active\n", row[i].name, d.level_dbfs, d.bandwidth_hz, d.active_share);
        assert_int_equal(d.n_windows, WINDOWS);
        if (!within(d.level_dbfs, row[i].level[0], row[i].level[1]) ||
            !within(d.bandwidth_hz, row[i].bandwidth[0], row[i].bandwidth[1]) ||
            !within(d.active_share, row[i].active[0], row[i].active[1]))
            fail_msg("%s: %.2f dBFS, %.0f Hz, %.3f active", row[i].name, d.level_dbfs, d.bandwidth_hz, d.active_share);
        vx_guard_free(x);
    }
    vx_domain_destroy(&m);
    assert_null(m);
}

/* What a window of nothing, a very short one or one of a very low rate gives: no number, and no crash. */
static void too_little(void **state)
{
    static const struct {
        int rate, n;
        bool level;
        float value; /* of every other sample */
    } row[] = {
        {16000, 32000, false, 0}, {16000, 1, false, 1},     {16000, 100, true, 0.5f}, {16000, 4095, true, 0.5f},
        {1, 2, true, 0.5f},       {400, 800, true, 0.5f},   {16000000, 100, true, 1}, {8000, 2047, true, 0.5f},
    };
    struct vx_domain_meter *m = create();
    struct vx_err err;

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        float *const x = vx_guard_alloc((size_t)row[i].n * sizeof *x);
        for (int k = 0; k < row[i].n; k++)
            x[k] = k % 2 ? row[i].value : 0;
        const struct vx_item_domain d = measure(m, x, row[i].n, row[i].rate);
        assert_int_equal(isnan(d.level_dbfs), !row[i].level);
        assert_true(isnan(d.bandwidth_hz));
        assert_true(isnan(d.active_share) || d.active_share == 0);
        vx_guard_free(x);
    }
    assert_int_equal(vx_domain_begin(m, 16000, &err), VX_OK);
    assert_int_equal(vx_domain_end(m).n_windows, 0);
    assert_int_equal(vx_domain_begin(m, 0, &err), VX_EINVAL);
    assert_int_equal(vx_domain_begin(m, 16000001, &err), VX_EINVAL);
    vx_domain_destroy(&m);
    vx_domain_destroy(&m); /* NULL is fine */
}

/* Medians over windows; the same bits whatever the meter did before, at another rate too. */
static void medians(void **state)
{
    enum { RATE = 16000, N = SECONDS * RATE, WINDOWS = 5 };
    static const float gain[WINDOWS] = {0.25f, 1, 0.5f, 0.001f, 0.0625f};
    struct vx_domain_meter *m = create(), *fresh = create();
    float *const x = vx_guard_alloc(N * sizeof *x), *const y = vx_guard_alloc(N * sizeof *y);
    struct vx_err err;

    (void)state;
    telephone(x, N, RATE);
    const struct vx_item_domain one = measure(m, x, N, RATE);
    measure(m, x, N, 11025);
    assert_int_equal(vx_domain_begin(m, RATE, &err), VX_OK);
    for (int w = 0; w < WINDOWS; w++) {
        for (int i = 0; i < N; i++)
            y[i] = x[i] * gain[w];
        assert_int_equal(vx_domain_add(m, y, N, &err), VX_OK);
    }
    const struct vx_item_domain all = vx_domain_end(m);
    assert_int_equal(all.n_windows, WINDOWS);
    assert_true(fabs(all.level_dbfs - (one.level_dbfs + 20 * log10(0.25))) < 1e-6);
    assert_true(all.bandwidth_hz == one.bandwidth_hz);
    assert_true(all.active_share == one.active_share);
    tone(y, N, RATE); /* has no bandwidth: the median is over those that have one */
    assert_int_equal(vx_domain_begin(m, RATE, &err), VX_OK);
    assert_int_equal(vx_domain_add(m, y, N, &err), VX_OK);
    assert_int_equal(vx_domain_add(m, x, N, &err), VX_OK);
    const struct vx_item_domain mixed = vx_domain_end(m);
    assert_true(mixed.bandwidth_hz == one.bandwidth_hz);
    assert_true(mixed.active_share == one.active_share / 2);
    const struct vx_item_domain again = measure(m, x, N, RATE), other = measure(fresh, x, N, RATE);
    assert_memory_equal(&again.level_dbfs, &other.level_dbfs, sizeof again.level_dbfs);
    assert_memory_equal(&again.active_share, &other.active_share, sizeof again.active_share);
    assert_true(again.bandwidth_hz == other.bandwidth_hz);
    vx_guard_free(x);
    vx_guard_free(y);
    vx_domain_destroy(&m);
    vx_domain_destroy(&fresh);
}

struct bench {
    struct vx_domain_meter *m;
    float *x;
    int n, rate;
};

static void run_bench(void *user)
{
    const struct bench *b = user;

    (void)measure(b->m, b->x, b->n, b->rate);
}

static void bench(int rate)
{
    struct bench b = {.m = create(), .n = SECONDS * rate, .rate = rate};

    b.x = vx_guard_alloc((size_t)b.n * sizeof *b.x);
    wide_speech(b.x, b.n, rate);
    print_message("%d Hz: %.3f ms a window of %d s\n", rate, 1e3 * vx_check_time(run_bench, &b), SECONDS);
    vx_guard_free(b.x);
    vx_domain_destroy(&b.m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_signals),
        cmocka_unit_test(too_little),
        cmocka_unit_test(medians),
    };

    rng = vx_random_start();
    if (vx_check_bench(argc, argv)) {
        bench(16000);
        bench(44100);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
