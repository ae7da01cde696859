/* From window scores to a recording's aggregates and verdict. */
#include "tests/harness/cmocka.h"

#include "model/verdict.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST 24

/* A window's P(fake) as text: '0' … '9' tenths, '-' not scored. */
static size_t windows_of(const char *text, struct vx_window_score *w)
{
    size_t n = 0;

    for (; text[n]; n++) {
        const double p = (text[n] - '0' + 0.5) / 10;
        w[n] = (struct vx_window_score){.index = (int32_t)n, .real = 2, .fake = NAN};
        if (text[n] == '-')
            w[n].flags = n % 2 ? VX_WINDOW_SILENT : VX_WINDOW_TOO_SHORT;
        else
            w[n].fake = (float)(2 + log(p / (1 - p)));
    }
    return n;
}

static void test_aggregates(void **state)
{
    static const struct {
        const char *windows;
        int n_scored;
        double mean, max, worst, fraction, longest_s; /* windows of 2 s, one each 1.5 s; fake from 0.7, real below 0.4 */
        enum vx_verdict verdict;
    } rows[] = {
        {"", 0, 0, 0, 0, 0, 0, VX_VERDICT_NONE},
        {"-", 0, 0, 0, 0, 0, 0, VX_VERDICT_NONE},
        {"---", 0, 0, 0, 0, 0, 0, VX_VERDICT_NONE},
        {"0", 1, 0.05, 0.05, 0.05, 0, 0, VX_VERDICT_REAL},
        {"9", 1, 0.95, 0.95, 0.95, 1, 2, VX_VERDICT_FAKE},
        {"5", 1, 0.55, 0.55, 0.55, 0, 0, VX_VERDICT_UNCERTAIN},
        {"99", 2, 0.95, 0.95, 0.95, 1, 3.5, VX_VERDICT_FAKE},
        {"09990", 5, 0.59, 0.95, 0.95, 0.6, 5, VX_VERDICT_UNCERTAIN},
        {"99-999", 5, 0.95, 0.95, 0.95, 1, 5, VX_VERDICT_FAKE}, /* a silence breaks the run of six */
        {"-9-", 1, 0.95, 0.95, 0.95, 1, 2, VX_VERDICT_FAKE},
        {"0123456789", 10, 0.5, 0.95, 0.95, 0.3, 5, VX_VERDICT_UNCERTAIN},
        {"01234567890", 11, 5.05 / 11, 0.95, 0.9, 3.0 / 11, 5, VX_VERDICT_UNCERTAIN}, /* the worst two of eleven */
        {"00000000000000000000", 20, 0.05, 0.05, 0.05, 0, 0, VX_VERDICT_REAL},
    };
    const struct vx_profile profile = {.calibration_scale = 1, .real_below = 0.4, .fake_from = 0.7};
    const double close = 1e-6; /* logits are float32 */
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_window_score w[MOST];
        struct vx_aggregate a;
        double scratch[MOST];
        const size_t n = windows_of(rows[i].windows, w);
        vx_aggregate_compute(&a, w, n, 2.0, 1.5, &profile, scratch);
        assert_int_equal(a.n_windows, n);
        assert_int_equal(a.n_scored, rows[i].n_scored);
        if (fabs(a.mean_fake - rows[i].mean) > close || fabs(a.max_fake - rows[i].max) > close ||
            fabs(a.worst_fake - rows[i].worst) > close || fabs(a.fraction_over - rows[i].fraction) > close ||
            fabs(a.longest_run_s - rows[i].longest_s) > close || a.verdict != rows[i].verdict)
            fail_msg("\"%s\": mean %g max %g worst %g over %g run %g %s", rows[i].windows, a.mean_fake, a.max_fake,
                     a.worst_fake, a.fraction_over, a.longest_run_s, vx_verdict_name(a.verdict));
    }
}

/* real < real_below <= uncertain < fake_from <= fake, at the borders themselves: p = 1/2 is exact. */
static void test_borders(void **state)
{
    static const struct {
        double real_below, fake_from;
        enum vx_verdict verdict;
    } rows[] = {
        {0.5, 0.6, VX_VERDICT_UNCERTAIN},   {0.5000001, 0.6, VX_VERDICT_REAL},  {0.4, 0.5, VX_VERDICT_FAKE},
        {0.4, 0.5000001, VX_VERDICT_UNCERTAIN}, {0.5, 0.5, VX_VERDICT_FAKE},
    };
    const struct vx_window_score w = {.real = -1.25F, .fake = -1.25F};
    struct vx_aggregate a;
    double scratch[1];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vx_profile profile = {.calibration_scale = 1, .real_below = rows[i].real_below,
                                           .fake_from = rows[i].fake_from};
        vx_aggregate_compute(&a, &w, 1, 2, 2, &profile, scratch);
        assert_true(a.mean_fake == 0.5);
        assert_int_equal(a.verdict, rows[i].verdict);
        assert_true(a.fraction_over == (rows[i].verdict == VX_VERDICT_FAKE ? 1 : 0));
    }
}

static void test_extremes(void **state)
{
    const struct vx_window_score w[] = {{.real = 200, .fake = -200}, {.index = 1, .real = -3e38F, .fake = 3e38F}};
    struct vx_profile profile = {.calibration_scale = 1, .real_below = 0.4, .fake_from = 0.6};
    struct vx_aggregate a;
    double scratch[2];
    (void)state;
    vx_aggregate_compute(&a, w, 2, 2, 2, &profile, scratch);
    assert_true(fabs(a.mean_fake - 0.5) < 1e-12 && a.max_fake == 1 && a.worst_fake == 1 && a.longest_run_s == 2);
    profile.calibration_scale = 1e9; /* as steep as a profile may be */
    profile.calibration_offset = -1e9;
    vx_aggregate_compute(&a, w, 2, 2, 2, &profile, scratch);
    assert_true(a.mean_fake == 0.5 && a.max_fake == 1 && a.worst_fake == 1 && a.longest_run_s == 2);
}

/* P(fake) = sigmoid(−(scale·(real − fake) + offset)), and with it everything that is made of it. */
static void test_calibration(void **state)
{
    static const struct {
        double scale, offset, real, fake, p;
    } rows[] = {
        {1, 0, 2, 2, 0.5},
        {1, 0, -1, 1, 0.88079707797788243},  /* sigmoid(2) */
        {0.5, 0, -1, 1, 0.7310585786300049}, /* sigmoid(1) */
        {0.5, 1, -1, 1, 0.5},
        {0.5, -1, -1, 1, 0.88079707797788243},
        {2, -3, 3, 1.5, 0.5},
        {2, -4, 3, 1.5, 0.7310585786300049},
    };
    struct vx_aggregate a;
    double scratch[1];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vx_profile profile = {.calibration_scale = rows[i].scale, .calibration_offset = rows[i].offset,
                                           .real_below = 0.4, .fake_from = 0.7};
        const struct vx_window_score w = {.real = (float)rows[i].real, .fake = (float)rows[i].fake};
        if (fabs(vx_window_fake(&profile, &w) - rows[i].p) > 1e-15)
            fail_msg("row %zu: %.17g, expected %.17g", i, vx_window_fake(&profile, &w), rows[i].p);
        vx_aggregate_compute(&a, &w, 1, 2, 2, &profile, scratch);
        assert_true(a.mean_fake == vx_window_fake(&profile, &w) && a.max_fake == a.mean_fake && a.worst_fake == a.mean_fake);
        assert_int_equal(a.verdict, rows[i].p > 0.7 ? VX_VERDICT_FAKE : VX_VERDICT_UNCERTAIN);
        assert_true(a.longest_run_s == (rows[i].p > 0.7 ? 2 : 0));
    }
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(vx_verdict_name(VX_VERDICT_REAL), "real");
    assert_string_equal(vx_verdict_name(VX_VERDICT_UNCERTAIN), "uncertain");
    assert_string_equal(vx_verdict_name(VX_VERDICT_FAKE), "fake");
    assert_string_equal(vx_verdict_name(VX_VERDICT_NONE), "not_scored");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_aggregates), cmocka_unit_test(test_borders),
                                       cmocka_unit_test(test_extremes), cmocka_unit_test(test_calibration),
                                       cmocka_unit_test(test_names)};
    return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
