/* Unit tests of calibrate's core: thresholds with known answers, folds that keep clusters whole, and a cross-validation that
 * finds what was put into synthetic scores and does not flatter. */
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"

#include "jobs/calibrate_fit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 600

static void expect_close(double got, double wanted, double tolerance, const char *what, size_t i)
{
    if (!(fabs(got - wanted) <= tolerance))
        fail_msg("case %zu: %s is %.17g, expected %.17g", i, what, got, wanted);
}

static void test_points(void **state)
{
    static const struct {
        double bona[12], spoof[12]; /* end with 0 */
        struct vx_operating_point balanced, precise, recall;
    } cases[] = {
        /* apart: one threshold in the middle */
        {{0.2, 0.1}, {0.6, 0.9}, {0.4, 0.4}, {0.4, 0.4}, {0.4, 0.4}},
        {{0.25}, {0.75}, {0.5, 0.5}, {0.5, 0.5}, {0.5, 0.5}},
        /* one of four on the wrong side each: an EER of 1/4, of which half is no file. Uncertain from the lowest spoof to the
         * highest bona fide */
        {{0.1, 0.2, 0.3, 0.7}, {0.4, 0.6, 0.8, 0.9}, {0.35, 0.75}, {0.35, 0.75}, {0.35, 0.35}},
        /* two of four: half of an EER of 1/2 is one file */
        {{0.1, 0.2, 0.6, 0.7}, {0.15, 0.3, 0.8, 0.9}, {0.25, 0.65}, {0.25, 0.75}, {0.125, 0.125}},
        /* all alike */
        {{0.5, 0.5}, {0.5, 0.5}, {0.25, 0.75}, {0.25, 0.75}, {0.25, 0.25}},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double bona[12], spoof[12];
        size_t n_bona = 0, n_spoof = 0;
        struct vx_calibrate_points got;
        struct vx_err err;
        while (n_bona < 12 && cases[i].bona[n_bona] > 0)
            n_bona++;
        while (n_spoof < 12 && cases[i].spoof[n_spoof] > 0)
            n_spoof++;
        memcpy(bona, cases[i].bona, sizeof bona);
        memcpy(spoof, cases[i].spoof, sizeof spoof);
        assert_int_equal(vx_calibrate_points(&got, bona, n_bona, spoof, n_spoof, &err), VX_OK);
        expect_close(got.balanced.real_below, cases[i].balanced.real_below, 1e-12, "balanced real_below", i);
        expect_close(got.balanced.fake_from, cases[i].balanced.fake_from, 1e-12, "balanced fake_from", i);
        expect_close(got.high_precision.real_below, cases[i].precise.real_below, 1e-12, "high_precision real_below", i);
        expect_close(got.high_precision.fake_from, cases[i].precise.fake_from, 1e-12, "high_precision fake_from", i);
        expect_close(got.high_recall.real_below, cases[i].recall.real_below, 1e-12, "high_recall real_below", i);
        expect_close(got.high_recall.fake_from, cases[i].recall.fake_from, 1e-12, "high_recall fake_from", i);
    }
}

/* The share of p under t (or from t on). */
static double share_below(const double *p, size_t n, double t)
{
    size_t below = 0;

    for (size_t i = 0; i < n; i++)
        below += p[i] < t;
    return (double)below / (double)n;
}

/* Whatever the files, the points keep what their names promise. */
static void test_promises(void **state)
{
    struct vx_random r = vx_random_start();
    (void)state;

    for (int round = 0; round < 500; round++) {
        double bona[MOST], spoof[MOST], eer;
        const size_t n_bona = (size_t)vx_random_int(&r, 1, round % 2 ? MOST : 20), n_spoof = (size_t)vx_random_int(&r, 1, MOST);
        const int levels = vx_random_int(&r, 2, 300), apart = vx_random_int(&r, 0, levels);
        struct vx_calibrate_points got;
        struct vx_metrics m;
        struct vx_err err;
        double minus[2][MOST];
        for (size_t i = 0; i < n_bona; i++)
            minus[0][i] = -(bona[i] = vx_random_int(&r, 1, levels) / (2.0 * levels + 1));
        for (size_t i = 0; i < n_spoof; i++)
            minus[1][i] = -(spoof[i] = vx_random_int(&r, 1 + apart, levels + apart) / (2.0 * levels + 1));
        assert_int_equal(vx_metrics_compute(&m, minus[0], n_bona, minus[1], n_spoof, VX_COST_ASVSPOOF5, &err), VX_OK);
        eer = m.eer;
        assert_int_equal(vx_calibrate_points(&got, bona, n_bona, spoof, n_spoof, &err), VX_OK);
        const struct vx_operating_point points[] = {got.balanced, got.high_precision, got.high_recall};
        for (size_t i = 0; i < 3; i++)
            assert_true(points[i].real_below > 0 && points[i].real_below <= points[i].fake_from && points[i].fake_from <= 1);
        assert_true(share_below(spoof, n_spoof, got.balanced.real_below) <= eer / 2 + 1e-9);
        assert_true(1 - share_below(bona, n_bona, got.balanced.fake_from) <= eer / 2 + 1e-9);
        assert_true(1 - share_below(bona, n_bona, got.high_precision.fake_from) <= VX_CALIBRATE_RARE + 1e-9);
        assert_true(share_below(spoof, n_spoof, got.high_recall.fake_from) <= VX_CALIBRATE_RARE + 1e-9);
        assert_true(got.high_precision.fake_from >= got.balanced.fake_from);
        assert_true(got.high_recall.fake_from <= got.balanced.real_below);
    }
}

/* Files i: spoofed and bona fide in turn, clusters of `together` files of one side or, mixed, of both. */
static void make_files(struct vx_calibrate_file *files, size_t n, size_t together, bool mixed)
{
    for (size_t i = 0; i < n; i++) {
        files[i].bona = i % 2 == 1;
        files[i].cluster = (uint32_t)(mixed ? i / together : i / (2 * together) * 2 + i % 2);
    }
}

static void test_folds(void **state)
{
    static const struct {
        size_t n, together;
        bool mixed;
        int folds;
        const char *refused; /* NULL: taken */
    } cases[] = {
        {20, 1, false, 5, NULL},
        {200, 1, false, 10, NULL},
        {200, 4, false, 5, NULL},
        {200, 8, true, 5, NULL},
        {20, 1, false, 10, NULL},
        {20, 1, false, 11, "11 folds need as many clusters of each side, of column speaker: 10 have bona fide files and 10 have"},
        {19, 1, false, 2, "9 bona fide and 10 spoofed; at least 10 of each are needed"},
        {0, 1, false, 2, "0 bona fide and 0 spoofed"},
        {200, 50, false, 3, "2 have bona fide files"},
        {200, 200, true, 2, "1 have bona fide files"},
    };
    struct vx_calibrate_file files[200];
    int folds[200], again[200], other[200];
    struct vx_err err;
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t n = cases[i].n;
        int held[20][2] = {{0}};
        make_files(files, n, cases[i].together, cases[i].mixed);
        const enum vx_status rc = vx_calibrate_folds(folds, files, n, cases[i].folds, 1, "speaker", &err);
        if (cases[i].refused) {
            assert_int_equal(rc, VX_EINVAL);
            if (!strstr(err.text, cases[i].refused))
                fail_msg("case %zu: \"%s\" does not say \"%s\"", i, err.text, cases[i].refused);
            continue;
        }
        assert_int_equal(rc, VX_OK);
        assert_int_equal(vx_calibrate_folds(again, files, n, cases[i].folds, 1, NULL, &err), VX_OK);
        assert_memory_equal(folds, again, n * sizeof *folds);
        assert_int_equal(vx_calibrate_folds(other, files, n, cases[i].folds, 2, NULL, &err), VX_OK);
        assert_memory_not_equal(folds, other, n * sizeof *folds);
        for (size_t a = 0; a < n; a++) {
            held[folds[a]][files[a].bona]++;
            for (size_t b = 0; b < a; b++)
                assert_true(files[a].cluster != files[b].cluster || folds[a] == folds[b]);
        }
        for (int f = 0; f < cases[i].folds; f++)
            for (int side = 0; side < 2; side++)
                if (abs(held[f][side] - (int)n / 2 / cases[i].folds) > (int)cases[i].together)
                    fail_msg("case %zu: fold %d holds %d files of side %d", i, f, held[f][side], side);
    }
}

static double gaussian(struct vx_random *r)
{
    const double u = (vx_random_next(r) + 0.5) / 4294967296.0, v = vx_random_next(r) / 4294967296.0;

    return sqrt(-2 * log(u)) * cos(2 * acos(-1) * v);
}

#define FILES 1000
#define WINDOWS 3 /* a file */

struct synthetic {
    struct vx_calibrate_file files[FILES];
    uint32_t file[FILES * WINDOWS];
    int folds[FILES];
    size_t n;
};

static void make_synthetic(struct synthetic *s, size_t n, int folds)
{
    struct vx_err err;

    s->n = n;
    make_files(s->files, n, 1, false);
    for (size_t i = 0; i < n * WINDOWS; i++)
        s->file[i] = (uint32_t)(i / WINDOWS);
    assert_int_equal(vx_calibrate_folds(s->folds, s->files, n, folds, 7, NULL, &err), VX_OK);
}

/* Windows are normal about ±mean with deviation 1, then scale·x + shift. */
static void make_scores(double *scores, const struct synthetic *s, struct vx_random *r, double mean, double scale, double shift)
{
    for (size_t i = 0; i < s->n * WINDOWS; i++)
        scores[i] = scale * (gaussian(r) + (s->files[s->file[i]].bona ? mean : -mean)) + shift;
}

/* Between two normal classes of one deviation at ±m the log-likelihood ratio is 2·m·x, and the EER Phi(−m). */
static void test_known_answer(void **state)
{
    static double scores[4][FILES * WINDOWS];
    static struct synthetic s;
    struct vx_random r = {.state = 20240607}; /* what follows are estimates, good to some 2 % with any seed but a freak */
    struct vx_calibrate_report report;
    struct vx_calibrate_row rows[4];
    struct vx_calibrate_fit fit;
    struct vx_err err;
    (void)state;

    make_synthetic(&s, FILES, 5);
    make_scores(scores[0], &s, &r, 0.5, 1, 0);
    make_scores(scores[1], &s, &r, 1, 0.25, 3);
    make_scores(scores[2], &s, &r, -1, 1, 0);
    make_scores(scores[3], &s, &r, 0.9, 10, -5);
    const struct vx_calibrate_windows windows[] = {{scores[0], s.file, FILES * WINDOWS}, {scores[1], s.file, FILES * WINDOWS},
                                                   {scores[2], s.file, FILES * WINDOWS}, {scores[3], s.file, FILES * WINDOWS}};
    const struct vx_calibrate_part all = {s.files, FILES, NULL, 0, false};
    assert_int_equal(vx_calibrate_cross(&report, rows, windows, 4, s.files, FILES, s.folds, 5, &err), VX_OK);
    assert_int_equal(report.best, 1);
    assert_true(rows[1].folds_won == 5 && rows[0].folds_won == 0 && rows[2].folds_won == 0);
    expect_close(rows[0].window_eer, 0.3085, 0.02, "EER at 0.5", 0);
    expect_close(rows[1].window_eer, 0.1587, 0.02, "EER at 1", 1);
    expect_close(rows[2].window_eer, 0.8413, 0.02, "EER at -1", 2);
    assert_true(rows[2].no_fit && rows[2].wrong_way && !rows[1].wrong_way && isnan(rows[2].cllr) && isnan(rows[2].file_eer));
    assert_true(!rows[1].no_fit && rows[1].cllr > 0.4 && rows[1].cllr < 0.6 && rows[1].cllr < rows[3].cllr);
    expect_close(rows[1].file_eer, 0.5 * erfc(sqrt(WINDOWS / 2.0)), 0.015, "EER of files", 1);
    assert_true(rows[1].n_windows == FILES * WINDOWS && rows[1].n_files == FILES);
    expect_close(report.picked.cllr, rows[1].cllr, 1e-12, "the choice's Cllr", 1);
    for (int side = 0; side < 2; side++)
        expect_close(report.verdicts[side][0] + report.verdicts[side][1] + report.verdicts[side][2], 1, 1e-12, "verdicts", 0);
    assert_true(report.verdicts[0][0] < 0.05 && report.verdicts[1][2] < 0.05 && report.verdicts[0][2] > 0.85);
    assert_int_equal(vx_calibrate_fit(&fit, &all, &windows[1], &err), VX_OK);
    expect_close(fit.llr.scale, 2 / 0.25, 0.6, "scale", 1);
    expect_close(-fit.llr.offset / fit.llr.scale, 3, 0.02, "centre", 1);
    assert_int_equal(vx_calibrate_fit(&fit, &all, &windows[2], &err), VX_EINVAL);
}

/* Of many profiles that all say nothing one looks good by chance; the held-out choice must not. */
static void test_no_flattery(void **state)
{
    enum { PROFILES = 40, N = 40, ROUNDS = 10 };
    static double scores[PROFILES][N * WINDOWS];
    static struct synthetic s;
    struct vx_random r = {.state = 4711};
    struct vx_calibrate_windows windows[PROFILES];
    struct vx_calibrate_row rows[PROFILES];
    struct vx_calibrate_report report;
    struct vx_err err;
    double best = 0, picked = 0, eer = 0;
    (void)state;

    make_synthetic(&s, N, 5);
    for (int round = 0; round < ROUNDS; round++) {
        for (int p = 0; p < PROFILES; p++) {
            make_scores(scores[p], &s, &r, 0, 1, 0);
            windows[p] = (struct vx_calibrate_windows){scores[p], s.file, N * WINDOWS};
        }
        assert_int_equal(vx_calibrate_cross(&report, rows, windows, PROFILES, s.files, N, s.folds, 5, &err), VX_OK);
        assert_true(report.best >= 0);
        best += rows[report.best].cllr / ROUNDS;
        picked += report.picked.cllr / ROUNDS;
        eer += report.picked.window_eer / ROUNDS;
    }
    print_message("best row: Cllr %.3f; held-out choice: Cllr %.3f, EER %.1f %%\n", best, picked, 100 * eer);
    assert_true(best < 1 && picked > 1 && picked > best + 0.02);
    assert_true(eer > 0.42 && eer < 0.58);
}

/* Sides that are wholly apart: the odds claimed grow with the files, and no further. */
static void test_modest(void **state)
{
    static const int sizes[] = {20, 200, 1000};
    static double scores[FILES * WINDOWS];
    static struct synthetic s;
    struct vx_calibrate_fit fit;
    struct vx_err err;
    (void)state;

    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const size_t n = (size_t)sizes[k];
        make_synthetic(&s, n, 2);
        for (size_t i = 0; i < n * WINDOWS; i++)
            scores[i] = (s.files[s.file[i]].bona ? 10 : -4) + (double)(i % 5) / 10;
        const struct vx_calibrate_windows windows = {scores, s.file, n * WINDOWS};
        const struct vx_calibrate_part all = {s.files, n, NULL, 0, false};
        assert_int_equal(vx_calibrate_fit(&fit, &all, &windows, &err), VX_OK);
        const double bona = fit.llr.scale * 10.2 + fit.llr.offset, spoof = fit.llr.scale * -3.8 + fit.llr.offset;
        expect_close(bona, log((double)n / 2), 0.3, "log odds of the bona fide", k);
        expect_close(spoof, -log((double)n / 2), 0.3, "log odds of the spoofed", k);
        expect_close(fit.points.balanced.real_below, 0.5, 0.05, "real_below", k);
        expect_close(fit.points.balanced.fake_from, fit.points.balanced.real_below, 1e-12, "fake_from", k);
    }
}

static void test_refused(void **state)
{
    static double scores[40 * WINDOWS];
    static struct synthetic s;
    struct vx_random r = {.state = 1};
    struct vx_calibrate_row row;
    struct vx_calibrate_report report;
    struct vx_err err;
    (void)state;

    make_synthetic(&s, 40, 5);
    make_scores(scores, &s, &r, 3, 1, 0);
    struct vx_calibrate_windows windows = {scores, s.file, 40 * WINDOWS};
    assert_int_equal(vx_calibrate_cross(&report, &row, &windows, 1, s.files, 40, s.folds, 5, &err), VX_OK);
    assert_int_equal(report.best, 0);
    windows.n = 19 * WINDOWS; /* the rest could not be read */
    assert_int_equal(vx_calibrate_cross(&report, &row, &windows, 1, s.files, 40, s.folds, 5, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "could be scored: 9 bona fide and 10 spoofed"));
    windows.n = 40 * WINDOWS;
    scores[5] = NAN;
    assert_int_equal(vx_calibrate_cross(&report, &row, &windows, 1, s.files, 40, s.folds, 5, &err), VX_EINVAL);
    for (size_t i = 0; i < 40 * WINDOWS; i++)
        scores[i] = 2.5;
    assert_int_equal(vx_calibrate_cross(&report, &row, &windows, 1, s.files, 40, s.folds, 5, &err), VX_OK);
    assert_true(report.best == -1 && row.no_fit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points),       cmocka_unit_test(test_promises),    cmocka_unit_test(test_folds),
        cmocka_unit_test(test_known_answer), cmocka_unit_test(test_no_flattery), cmocka_unit_test(test_modest),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
