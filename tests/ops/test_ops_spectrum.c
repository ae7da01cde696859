/* The parts of the front end against the reference: transform, mel filters, decibels, levels. */
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/tolerances.h"

#include "base/fft.h"
#include "cpu/decibel.h"
#include "cpu/mel.h"
#include "cpu/transform.h"
#include "model/reference_frontend.h"

#include <math.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct vx_random rng;

static void test_fft(void **state)
{
    static const int sizes[] = {2,   4,   6,   8,   10,  16,  30,   32,   64,   90,  96,
                                120, 250, 256, 400, 512, 600, 1000, 1024, 1536, 2048};
    double worst = 0;
    (void)state;
    for (size_t s = 0; s < COUNT(sizes); s++) {
        const int n = sizes[s];
        const size_t stride = 1 + s % 3;
        float *in = vx_guard_alloc((size_t)n * sizeof *in);
        float *power = vx_guard_alloc((stride * (size_t)n / 2 + 1) * sizeof *power);
        struct vx_fft *plan;
        struct vx_err err;

        vx_random_floats(&rng, in, (size_t)n, 1.0f);
        assert_int_equal(vx_fft_create(&plan, n, &err), VX_OK);
        void *scratch = vx_guard_alloc(vx_fft_scratch(plan));
        vx_fft_power(plan, in, power, stride, scratch);
        for (int k = 0; k <= n / 2; k++) {
            double re = 0, im = 0;
            for (int i = 0; i < n; i++) {
                re += (double)in[i] * cos(2 * M_PI * ((int64_t)i * k % n) / n);
                im -= (double)in[i] * sin(2 * M_PI * ((int64_t)i * k % n) / n);
            }
            const double d = fabs(sqrt((double)power[(size_t)k * stride]) - hypot(re, im));
            worst = fmax(worst, d / sqrt(n));
            if (!(d <= VX_TOL_FFT * sqrt(n)))
                fail_msg("%d points: |X[%d]| is off by %g", n, k, d);
        }
        vx_fft_destroy(&plan);
        vx_guard_free(scratch);
        vx_guard_free(power);
        vx_guard_free(in);
    }
    print_message("largest error %.2g times the square root of the size\n", worst);
}

/* Sixteen signals at once: each lane's spectrum is its own signal's, whatever the others are. */
static void test_transform(void **state)
{
    static const int sizes[] = {2,  4,   6,   8,   10,  16,  18,  30,   32,   64,  90,
                                96, 120, 250, 256, 400, 512, 600, 1000, 1024, 2048};
    double worst = 0;

    (void)state;
    for (size_t s = 0; s < COUNT(sizes); s++) {
        const int n = sizes[s];
        float *in = vx_guard_alloc((size_t)n * VX_MEL_LANES * sizeof *in),
              *kept = vx_guard_alloc((size_t)n * sizeof *kept);
        float *power = vx_guard_alloc(((size_t)n / 2 + 1) * VX_MEL_LANES * sizeof *power);
        const int lane = vx_random_int(&rng, 0, VX_MEL_LANES - 1);
        struct vx_transform *plan;
        struct vx_err err;

        vx_random_floats(&rng, in, (size_t)n * VX_MEL_LANES, 1.0f);
        for (int i = 0; i < n; i++)
            kept[i] = in[i * VX_MEL_LANES + lane];
        assert_int_equal(vx_transform_create(&plan, n, &err), VX_OK);
        void *scratch = vx_guard_alloc(vx_transform_scratch(plan));
        vx_transform_power(plan, in, power, scratch);
        for (int k = 0; k <= n / 2; k++) {
            double re = 0, im = 0;
            for (int i = 0; i < n; i++) {
                re += (double)kept[i] * cos(2 * M_PI * ((int64_t)i * k % n) / n);
                im -= (double)kept[i] * sin(2 * M_PI * ((int64_t)i * k % n) / n);
            }
            const double d = fabs(sqrt((double)power[k * VX_MEL_LANES + lane]) - hypot(re, im));
            worst = fmax(worst, d / sqrt(n));
            if (!(d <= VX_TOL_FFT * sqrt(n)))
                fail_msg("%d points, lane %d: |X[%d]| is off by %g", n, lane, k, d);
        }
        vx_transform_destroy(&plan);
        vx_guard_free(scratch);
        vx_guard_free(power);
        vx_guard_free(kept);
        vx_guard_free(in);
    }
    print_message("largest error %.2g times the square root of the size\n", worst);
}

static void test_fft_refused(void **state)
{
    struct vx_transform *transform;
    static const int sizes[] = {-2, 0, 1, 3, 7, 14, 22, 1001, 2046};
    struct vx_fft *plan;
    struct vx_err err;
    (void)state;

    for (size_t i = 0; i < COUNT(sizes); i++) {
        assert_int_equal(vx_fft_create(&plan, sizes[i], &err), VX_EINVAL);
        assert_int_equal(vx_transform_create(&transform, sizes[i], &err), VX_EINVAL);
    }
    assert_null(plan);
    assert_null(transform);
}

static void test_mel(void **state)
{
    (void)state;
    for (int i = 0; i < 30; i++) {
        const int rate = vx_random_int(&rng, 4000, 48000), bins = 1 + vx_random_int(&rng, 3, 600);
        struct vx_profile p = {.n_fft = 2 * (bins - 1), .n_mels = vx_random_int(&rng, 1, 150)};
        float power[600 * VX_MEL_LANES + VX_MEL_LANES], out[150 * 20];
        const int lanes = vx_random_int(&rng, 1, VX_MEL_LANES);
        struct vx_mel mel;
        struct vx_err err;

        p.fmin = vx_random_int(&rng, 0, 300);
        p.fmax = i % 3 == 0 ? 0 : vx_random_int(&rng, 400, 30000);
        assert_int_equal(vx_mel_create(&mel, rate, p.n_fft, p.n_mels, p.fmin, p.fmax, &err), VX_OK);
        for (int k = 0; k < bins * VX_MEL_LANES; k++)
            power[k] = (float)(vx_random_next(&rng) >> 8) * 0x1p-24f;
        for (size_t k = 0; k < COUNT(out); k++)
            out[k] = NAN;
        vx_mel_run(&mel, power, lanes, out, 20);
        for (int m = 0; m < p.n_mels; m++) {
            for (int lane = 0; lane < lanes; lane++) {
                double sum = 0;
                for (int k = 0; k < bins; k++)
                    sum += vx_ref_mel_weight(&p, rate, m, k) * (double)power[k * VX_MEL_LANES + lane];
                if (!(fabs((double)out[m * 20 + lane] - sum) <= VX_TOL_SUM(bins) * sum + 1e-9))
                    fail_msg("rate %d, n_fft %d, %d mels, %g to %g Hz: filter %d is %.9g, expected %.9g",
                             rate, p.n_fft, p.n_mels, p.fmin, p.fmax, m, (double)out[m * 20 + lane], sum);
            }
            for (int lane = lanes; lane < 20; lane++)
                assert_true(isnan(out[m * 20 + lane]));
        }
        vx_mel_clear(&mel);
    }
}

static void test_decibels(void **state)
{
    static const float odd[] = {0.0f,      1e-45f, 1e-38f, 1e-10f,      0.999999f,  1.0f,
                                1.000001f, 10.0f,  1e10f,  0.70710678f, 1.41421356f};
    double worst = 0;
    (void)state;
    for (int i = 0; i < 60; i++) {
        const size_t n = (size_t)vx_random_int(&rng, 1, 200);
        const struct vx_profile p = {.ref_max = i % 2 == 0,
                                     .ref_value = i % 3 == 0 ? 1.0 : 0.01,
                                     .amin = i % 5 == 0 ? 1e-5 : 1e-10,
                                     .top_db = i % 4 == 0 ? 0 : i};
        float *x = vx_guard_alloc(n * sizeof *x), low, high;
        double *expected = vx_guard_alloc(n * sizeof *expected);

        for (size_t k = 0; k < n; k++) {
            x[k] =
                k < COUNT(odd) && i % 7 == 0 ? odd[k] : (float)exp2(vx_random_int(&rng, -2000, 500) / 50.0);
            expected[k] = (double)x[k];
        }
        vx_decibels(&p, x, n, &low, &high);
        vx_ref_decibels(&p, expected, n);
        for (size_t k = 0; k < n; k++) {
            worst = fmax(worst, fabs((double)x[k] - expected[k]));
            if (!(fabs((double)x[k] - expected[k]) <= VX_TOL_LOG))
                fail_msg("value %zu of %zu is %.9g dB, expected %.9g", k, n, (double)x[k], expected[k]);
            assert_true(x[k] >= low && x[k] <= high);
        }
        vx_guard_free(expected);
        vx_guard_free(x);
    }
    print_message("largest difference %.2g dB\n", worst);
}

static void test_levels(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        const int rows = vx_random_int(&rng, 1, 40), columns = vx_random_int(&rng, 1, 70);
        const size_t n = (size_t)rows * (size_t)columns;
        const struct vx_profile p = {.colour = i % 2 == 0 ? VX_COLOUR_GREY : VX_COLOUR_MAGMA,
                                     .low_at_bottom = i % 3 == 0};
        float *db = vx_guard_alloc(n * sizeof *db), low = INFINITY, high = -INFINITY;
        uint8_t *level = vx_guard_alloc(n), *expected = vx_guard_alloc(n);

        vx_random_floats(&rng, db, n, i % 10 == 0 ? 0.0f : 80.0f);
        for (size_t k = 0; k < n; k++) {
            low = fminf(low, db[k]);
            high = fmaxf(high, db[k]);
        }
        vx_levels(&p, db, (size_t)rows, (size_t)columns, low, high, level);
        vx_ref_levels(&p, db, rows, columns, expected);
        assert_memory_equal(level, expected, n);
        vx_guard_free(expected);
        vx_guard_free(level);
        vx_guard_free(db);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fft), cmocka_unit_test(test_transform), cmocka_unit_test(test_fft_refused),
        cmocka_unit_test(test_mel), cmocka_unit_test(test_decibels),  cmocka_unit_test(test_levels),
    };

    rng = vx_random_start();
    return cmocka_run_group_tests_name("spectrum", tests, NULL, NULL);
}
