/* Metrics by hand on a few scores, what has no value, and what is refused. */
#include "tests/harness/cmocka.h"

#include "model/metrics.h"

#include <math.h>
#include <string.h>

#define N(array) (sizeof(array) / sizeof *(array))

static struct vx_metrics compute(const double *bona, size_t nb, const double *spoof, size_t ns)
{
    struct vx_metrics m;
    struct vx_err err;

    if (vx_metrics_compute(&m, bona, nb, spoof, ns, VX_COST_ASVSPOOF5, &err) != VX_OK)
        fail_msg("%s", err.text);
    return m;
}

static void test_by_hand(void **state)
{
    static const double bona[] = {-1, 1, 2, 3}, spoof[] = {-3, -2, 0, 1};
    (void)state;
    const struct vx_metrics m = compute(bona, N(bona), spoof, N(spoof));
    /* Thresholds upwards: at 0 one bona fide and three spoof are refused, FRR = FAR = 1/4. */
    assert_true(m.eer == 0.25 && m.eer_threshold == 0);
    assert_true(m.auc == (2 + 3.5 + 4 + 4) / 16);
    /* Normalised by 0.5: 1.9·FRR + FAR, least where only the two lowest spoof are refused: 0 + 2/4. */
    assert_true(fabs(m.min_dcf - 0.5) < 1e-15);
    /* At −0.642 bona fide −1 is missed, spoof 0 and 1 pass. */
    assert_true(fabs(m.act_dcf - (1.9 / 4 + 0.5)) < 1e-15);
}

static void test_perfect(void **state)
{
    static const double bona[] = {700, 800}, spoof[] = {-700, -800, -900};
    (void)state;
    const struct vx_metrics m = compute(bona, N(bona), spoof, N(spoof));
    assert_true(m.eer == 0 && m.auc == 1 && m.min_dcf == 0 && m.act_dcf == 0 && m.cllr >= 0 && m.cllr < 1e-300);
}

/* The threshold itself: a miss is below it, a false accept at or above it. */
static void test_cost_threshold(void **state)
{
    const double t = -log(1 * (1 - 0.05) / (10 * 0.05)), below = nextafter(t, -1);
    (void)state;
    assert_true(compute(&t, 1, &t, 1).act_dcf == 1);
    assert_true(fabs(compute(&below, 1, &below, 1).act_dcf - 1.9) < 1e-15);
}

static void test_uninformative(void **state)
{
    static const double zeros[5];
    (void)state;
    const struct vx_metrics m = compute(zeros, 5, zeros, 3);
    assert_true(m.auc == 0.5 && fabs(m.cllr - 1) < 1e-15);
}

static void test_one_class(void **state)
{
    static const double scores[] = {1, 2, 3};
    (void)state;
    for (int k = 0; k < 3; k++) {
        const size_t nb = k == 0 ? 3 : 0, ns = k == 1 ? 3 : 0;
        const struct vx_metrics m = compute(scores, nb, scores, ns);
        assert_true(m.n_bona == nb && m.n_spoof == ns);
        assert_true(isnan(m.eer) && isnan(m.eer_threshold) && isnan(m.auc) && isnan(m.min_dcf) && isnan(m.act_dcf) && isnan(m.cllr));
    }
}

static void refused(enum vx_status rc, const struct vx_err *err, const char *says)
{
    assert_int_equal(rc, VX_EINVAL);
    if (!strstr(err->text, says))
        fail_msg("\"%s\" does not say \"%s\"", err->text, says);
}

static void test_refused(void **state)
{
    static const double fine[] = {1, 2}, bad[] = {1, NAN, 2}, same[] = {3, 3, 3}, low[] = {-5, -4};
    static const struct vx_cost_model costs[] = {{0, 1, 10}, {1, 1, 10}, {0.05, 0, 10}, {0.05, 1, -1}, {NAN, 1, 10}, {0.05, 1, INFINITY}};
    const struct vx_trial trials[] = {{1, true, 0}, {INFINITY, false, 1}}, gap[] = {{1, true, UINT32_MAX}};
    struct vx_metrics_intervals intervals;
    struct vx_calibration c;
    struct vx_metrics m;
    struct vx_err err;
    double a[8], b[8], t[8];

    (void)state;
    refused(vx_metrics_compute(&m, bad, 3, fine, 2, VX_COST_ASVSPOOF5, &err), &err, "score 2 of 3 bona fide");
    refused(vx_metrics_compute(&m, fine, 2, bad, 3, VX_COST_ASVSPOOF5, &err), &err, "score 2 of 3 spoof");
    for (size_t i = 0; i < N(costs); i++)
        refused(vx_metrics_compute(&m, fine, 2, fine, 2, costs[i], &err), &err, "prior");
    refused(vx_det_curve(fine, 2, fine, 0, a, b, t, &err), &err, "0 spoof");
    refused(vx_det_curve(bad, 3, fine, 2, a, b, t, &err), &err, "score 2 of 3");
    refused(vx_metrics_bootstrap(&intervals, trials, 2, 0, VX_COST_ASVSPOOF5, 10, 1, &err), &err, "trial 2 of 2");
    refused(vx_metrics_bootstrap(&intervals, gap, 1, 0, VX_COST_ASVSPOOF5, 10, 1, &err), &err, "numbered");
    refused(vx_metrics_bootstrap(&intervals, trials, 1, 0, VX_COST_ASVSPOOF5, 0, 1, &err), &err, "0 rounds");
    refused(vx_calibration_fit(&c, fine, 2, fine, 0, &err), &err, "both classes");
    refused(vx_calibration_fit(&c, bad, 3, fine, 2, &err), &err, "score 2 of 3 bona fide");
    refused(vx_calibration_fit(&c, same, 3, same, 2, &err), &err, "nothing apart");
    refused(vx_calibration_fit(&c, low, 2, fine, 2, &err), &err, "wrong way");
    refused(vx_calibration_fit(&c, &(double){1e300}, 1, &(double){-1e300}, 1, &err), &err, "too large");
}

/* Seeds matter, order of trials does not; a lone cluster has no interval; without trials nothing has. */
static void test_bootstrap(void **state)
{
    struct vx_trial trials[40], reversed[40];
    struct vx_metrics_intervals a, b, c;
    struct vx_err err;

    (void)state;
    for (uint32_t i = 0; i < 40; i++) {
        const bool bona = i % 2;
        trials[i] = (struct vx_trial){sin(i * 12.9898) * 2 + bona, bona, i / 4};
        reversed[39 - i] = trials[i];
    }
    assert_int_equal(vx_metrics_bootstrap(&a, trials, 40, 0.5, VX_COST_ASVSPOOF5, 300, 7, &err), VX_OK);
    assert_int_equal(vx_metrics_bootstrap(&b, reversed, 40, 0.5, VX_COST_ASVSPOOF5, 300, 7, &err), VX_OK);
    assert_int_equal(vx_metrics_bootstrap(&c, trials, 40, 0.5, VX_COST_ASVSPOOF5, 300, 8, &err), VX_OK);
    assert_true(a.eer.low == b.eer.low && a.eer.high == b.eer.high && fabs(a.cllr.high - b.cllr.high) < 1e-12);
    assert_true(a.cllr.low != c.cllr.low && a.eer.low < a.eer.high && a.rounds == 300);
    for (int i = 0; i < 40; i++)
        trials[i].cluster = trials[i].bona ? 0 : trials[i].cluster;
    assert_int_equal(vx_metrics_bootstrap(&a, trials, 40, 0.5, VX_COST_ASVSPOOF5, 300, 7, &err), VX_OK);
    assert_true(isnan(a.eer.low) && isnan(a.accuracy.high) && a.rounds == 300);
    assert_int_equal(vx_metrics_bootstrap(&a, trials, 0, 0.5, VX_COST_ASVSPOOF5, 300, 7, &err), VX_OK);
    assert_true(isnan(a.eer.low) && isnan(a.accuracy.low) && a.rounds == 0);
}

static double cllr_of(const double *bona, size_t nb, const double *spoof, size_t ns, double scale, double offset)
{
    double moved[2][50];

    assert_true(nb <= 50 && ns <= 50);
    for (size_t i = 0; i < nb; i++)
        moved[0][i] = scale * bona[i] + offset;
    for (size_t i = 0; i < ns; i++)
        moved[1][i] = scale * spoof[i] + offset;
    return compute(moved[0], nb, moved[1], ns).cllr;
}

/* What the fit promises: no line beside it has a smaller Cllr, and of separable scores it stays finite. */
static void test_calibration(void **state)
{
    static const double moves[][2] = {{0.98, 0}, {1.02, 0}, {1, 0.02}, {1, -0.02}, {0.98, 0.02}, {1.02, -0.02}};
    double bona[50], spoof[30];
    struct vx_calibration c;
    struct vx_err err;

    (void)state;
    for (int i = 0; i < 50; i++)
        bona[i] = 3 + 2 * sin(i * 78.233);
    for (int i = 0; i < 30; i++)
        spoof[i] = 1 + 2 * sin(i * 12.9898);
    assert_int_equal(vx_calibration_fit(&c, bona, 50, spoof, 30, &err), VX_OK);
    const double best = cllr_of(bona, 50, spoof, 30, c.scale, c.offset);
    for (size_t i = 0; i < N(moves); i++)
        assert_true(cllr_of(bona, 50, spoof, 30, c.scale * moves[i][0], c.offset + moves[i][1]) > best);
    assert_int_equal(vx_calibration_fit(&c, (double[]){1, 2}, 2, (double[]){-1, 0}, 2, &err), VX_OK);
    assert_true(c.scale > 1 && c.scale < 1000 && isfinite(c.offset));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),       cmocka_unit_test(test_perfect),   cmocka_unit_test(test_cost_threshold),
        cmocka_unit_test(test_uninformative), cmocka_unit_test(test_one_class), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bootstrap),     cmocka_unit_test(test_calibration),
    };
    return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
