/* Metrics, bootstrap and calibration against numpy, scipy and sklearn (tests/golden/metrics.py). */
#include "tests/harness/cmocka.h"
#include "tests/harness/golden.h"
#include "tests/harness/tolerances.h"

#include "base/mem.h"
#include "model/metrics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct set { /* borrowed of the golden file */
    char name[64];
    const double *bona, *spoof;
    size_t n_bona, n_spoof;
};

static struct vx_golden *golden;

static int open_golden(void **state)
{
    struct vx_err err;

    (void)state;
    if (vx_golden_open(&golden, "metrics.gold", &err) != VX_OK)
        fail_msg("%s", err.text);
    return 0;
}

static int close_golden(void **state)
{
    (void)state;
    vx_golden_close(&golden);
    return 0;
}

static const struct vx_golden_array *find(const struct set *set, const char *what)
{
    char name[96];

    snprintf(name, sizeof name, "%s.%s", set->name, what);
    for (size_t i = 0; i < vx_golden_count(golden); i++)
        if (strcmp(vx_golden_at(golden, i)->name, name) == 0)
            return vx_golden_at(golden, i);
    return NULL;
}

static void check(const struct set *set, const char *what, double got, double expected)
{
    if (isnan(expected) ? !isnan(got) : !(fabs(got - expected) <= VX_TOL_METRIC * fmax(1, fabs(expected))))
        fail_msg("%s, %s: %.12g, expected %.12g", set->name, what, got, expected);
}

/* Calls each for every set of the golden file; returns how many there were. */
static int for_each_set(void (*each)(const struct set *))
{
    const struct vx_golden_array *names = vx_golden_get(golden, VX_GOLDEN_U8, "names");
    const char *at = names->data, *const end = at + names->count;
    int n = 0;

    for (; at < end; n++) {
        const char *const newline = memchr(at, '\n', (size_t)(end - at));
        const char *const stop = newline ? newline : end;
        struct set set = {0};
        assert_true((size_t)(stop - at) < sizeof set.name);
        memcpy(set.name, at, (size_t)(stop - at));
        const struct vx_golden_array *bona = vx_golden_get(golden, VX_GOLDEN_F64, "%s.bona", set.name);
        const struct vx_golden_array *spoof = vx_golden_get(golden, VX_GOLDEN_F64, "%s.spoof", set.name);
        set.bona = bona->data;
        set.n_bona = bona->count;
        set.spoof = spoof->data;
        set.n_spoof = spoof->count;
        each(&set);
        at = stop + 1;
    }
    return n;
}

static void check_metrics(const struct set *set)
{
    const double *e = vx_golden_get(golden, VX_GOLDEN_F64, "%s.metrics", set->name)->data;
    struct vx_metrics m;
    struct vx_err err;

    if (vx_metrics_compute(&m, set->bona, set->n_bona, set->spoof, set->n_spoof, VX_COST_ASVSPOOF5, &err) != VX_OK)
        fail_msg("%s: %s", set->name, err.text);
    assert_int_equal(m.n_bona, set->n_bona);
    assert_int_equal(m.n_spoof, set->n_spoof);
    check(set, "EER", m.eer, e[0]);
    check(set, "threshold of EER", m.eer_threshold, e[1]);
    check(set, "AUC", m.auc, e[2]);
    check(set, "minDCF", m.min_dcf, e[3]);
    check(set, "actDCF", m.act_dcf, e[4]);
    check(set, "Cllr", m.cllr, e[5]);
}

static void check_det(const struct set *set)
{
    const struct vx_golden_array *e = find(set, "det");
    const size_t n = set->n_bona + set->n_spoof + 1;
    double *got;
    struct vx_err err;

    if (!e)
        return;
    assert_int_equal(e->count, 3 * n);
    assert_non_null(got = vx_calloc(3 * n, sizeof *got));
    if (vx_det_curve(set->bona, set->n_bona, set->spoof, set->n_spoof, got, got + n, got + 2 * n, &err) != VX_OK)
        fail_msg("%s: %s", set->name, err.text);
    for (size_t i = 0; i < 3 * n; i++)
        check(set, i < n ? "FRR" : i < 2 * n ? "FAR" : "threshold", got[i], ((const double *)e->data)[i]);
    free(got);
}

static void check_calibration(const struct set *set)
{
    const struct vx_golden_array *e = find(set, "calibration");
    struct vx_calibration c = {0};
    struct vx_err err;
    const enum vx_status rc = vx_calibration_fit(&c, set->bona, set->n_bona, set->spoof, set->n_spoof, &err);

    if (!e) { /* nothing to fit: a class missing, all alike, or the wrong way round */
        assert_int_equal(rc, VX_EINVAL);
        return;
    }
    if (rc != VX_OK)
        fail_msg("%s: %s", set->name, err.text);
    check(set, "scale", c.scale, ((const double *)e->data)[0]);
    check(set, "offset", c.offset, ((const double *)e->data)[1]);
}

static void check_bootstrap(const struct set *set)
{
    const int64_t *how = vx_golden_get(golden, VX_GOLDEN_I64, "bootstrap")->data;
    const double threshold = *(const double *)vx_golden_get(golden, VX_GOLDEN_F64, "threshold")->data;
    static const char *const names[] = {"EER", "AUC", "minDCF", "actDCF", "Cllr", "accuracy"};
    const struct vx_golden_array *e = find(set, "bootstrap");
    const size_t n = set->n_bona + set->n_spoof;
    struct vx_metrics_intervals got;
    struct vx_trial *trials;
    struct vx_err err;

    if (!e)
        return;
    const int32_t *bona = vx_golden_get(golden, VX_GOLDEN_I32, "%s.bona-cluster", set->name)->data;
    const int32_t *spoof = vx_golden_get(golden, VX_GOLDEN_I32, "%s.spoof-cluster", set->name)->data;
    assert_non_null(trials = vx_calloc(n, sizeof *trials));
    for (size_t i = 0; i < n; i++) { /* spoof first: the order must not matter */
        const bool is_spoof = i < set->n_spoof;
        const size_t at = is_spoof ? i : i - set->n_spoof;
        trials[i] = (struct vx_trial){is_spoof ? set->spoof[at] : set->bona[at], !is_spoof,
                                      (uint32_t)(is_spoof ? spoof[at] : bona[at])};
    }
    if (vx_metrics_bootstrap(&got, trials, n, threshold, VX_COST_ASVSPOOF5, (int)how[0], (uint64_t)how[1], &err) != VX_OK)
        fail_msg("%s: %s", set->name, err.text);
    const struct vx_interval all[] = {got.eer, got.auc, got.min_dcf, got.act_dcf, got.cllr, got.accuracy};
    for (int i = 0; i < 6; i++) {
        check(set, names[i], all[i].low, ((const double *)e->data)[2 * i]);
        check(set, names[i], all[i].high, ((const double *)e->data)[2 * i + 1]);
    }
    assert_int_equal(got.rounds, set->n_bona > 0 && set->n_spoof > 0 ? how[0] : 0);
    free(trials);
}

static void test_made_by_script(void **state)
{
    (void)state;
    vx_golden_assert_script(golden);
}

static void test_metrics(void **state)
{
    (void)state;
    assert_true(for_each_set(check_metrics) >= 19);
}

static void test_det(void **state)
{
    (void)state;
    for_each_set(check_det);
}

static void test_calibration(void **state)
{
    (void)state;
    for_each_set(check_calibration);
}

static void test_bootstrap(void **state)
{
    (void)state;
    for_each_set(check_bootstrap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_made_by_script), cmocka_unit_test(test_metrics),
                                       cmocka_unit_test(test_det), cmocka_unit_test(test_calibration),
                                       cmocka_unit_test(test_bootstrap)};
    return cmocka_run_group_tests_name("metrics against numpy", tests, open_golden, close_golden);
}
