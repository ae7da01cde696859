/* eval's set, rows and charts: cells, conditions, columns shown by default, and every failing allocation. */
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"
#include "tests/harness/failing_alloc.h"

#include "base/file.h"
#include "jobs/eval_report.h"
#include "model/profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Items 1 … n of the fixture: bona fide where odd, a few columns; two of fifty and more values. */
static struct vx_eval_options make(struct fixture *f, int n)
{
    const char *const db = fixture_make_result(f, "r.db", n, 2), *const labels = fixture_path(f, "labels.csv");
    FILE *to = fopen(labels, "w");
    struct vx_profile profile;
    struct vx_err err;
    char *json, sql[4096];

    assert_non_null(to);
    fprintf(to, "id,label,speaker,attack,source,language\n");
    for (int i = 1; i <= n; i++)
        fprintf(to, "%s%06d,%s,p%d,%s,all,l%d\n", i % 11 ? "" : "\xff", i, i % 2 ? "real" : "fake", i, i % 2 ? "-" : i % 4 ? "A" : "B",
                i % 3);
    assert_int_equal(fclose(to), 0);
    assert_int_equal(vx_profile_load(&profile, VX_PROFILE_DEFAULT, &err), VX_OK);
    assert_non_null(json = vx_profile_json(&profile));
    assert_true((size_t)snprintf(sql, sizeof sql, "UPDATE runs SET profile = '%s'; INSERT INTO metadata SELECT item, 'Session', "
                                 "item %% 2 FROM items", json) < sizeof sql);
    free(json);
    fixture_exec(db, sql);
    return (struct vx_eval_options){.db = db, .labels = labels, .rounds = 5, .seed = 3};
}

static struct vx_eval_set read_set(const struct vx_eval_options *o)
{
    struct vx_eval_set set;
    struct vx_err err;

    if (vx_eval_set_read(&set, o, &err) != VX_OK)
        fail_msg("%s", err.text);
    return set;
}

/* By default only columns of 2 to 50 values: speaker has 60, source one. */
static void test_default_columns(void **state)
{
    static const char *const shown[] = {"attack", "language"};
    const struct vx_eval_options o = make(*state, 60);
    struct vx_eval_set set = read_set(&o);
    struct vx_eval_report report;
    struct vx_err err;

    assert_int_equal(vx_eval_report_make(&report, &set, &o, &err), VX_OK);
    assert_int_equal(report.n_tables, 2);
    for (int i = 0; i < 2; i++)
        assert_string_equal(report.tables[i].column->name, shown[i]);
    const struct vx_eval_table *t = &report.tables[0];
    assert_int_equal(t->n, 2); /* "-" makes no row */
    assert_string_equal(t->rows[0].value, "A");
    assert_int_equal(t->rows[0].levels[VX_EVAL_FILES].against, VX_AGAINST_ALL_BONA);
    assert_int_equal(t->rows[0].levels[VX_EVAL_FILES].metrics.n_bona, 30);
    assert_int_equal(t->rows[0].levels[VX_EVAL_WINDOWS].n[0], 30);
    assert_int_equal(report.tables[1].rows[0].levels[VX_EVAL_FILES].against, VX_AGAINST_OWN);
    vx_eval_report_free(&report);
    vx_eval_set_free(&set);
}

static void test_conditions(void **state)
{
    static const struct {
        struct vx_opt_list where;
        size_t files; /* of 60 */
    } rows[] = {
        {{{"language=l0"}, 1}, 20},
        {{{"language=l0", "language=l1"}, 2}, 40},
        {{{"Language=l0", "attack=A", "attack=B"}, 3}, 10},
        {{{"session=1"}, 1}, 30},
        {{{"session=1", "speaker=p7"}, 2}, 1},
        {{{"attack="}, 1}, 30}, /* none, or "-" */
    };
    struct vx_eval_options o = make(*state, 60);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        o.where = rows[i].where;
        struct vx_eval_set set = read_set(&o);
        assert_int_equal(set.n_files, rows[i].files);
        assert_int_equal(set.n_elsewhere, 60 - rows[i].files);
        vx_eval_set_free(&set);
    }
}

static FILE *nowhere;
static const char *charts;

static enum vx_status everything(const struct vx_eval_options *o, struct vx_err *err)
{
    struct vx_eval_report report = {0};
    struct vx_eval_set set = {0};
    enum vx_status rc = vx_eval_set_read(&set, o, err);

    if (rc == VX_OK && (rc = vx_eval_report_make(&report, &set, o, err)) == VX_OK &&
        (rc = vx_eval_print_text(&report, nowhere, err)) == VX_OK && (rc = vx_eval_print_json(&report, nowhere, err)) == VX_OK)
        rc = vx_eval_plot(&set, charts, err);
    vx_eval_report_free(&report);
    vx_eval_set_free(&set);
    return rc;
}

static void test_no_memory(void **state)
{
    struct vx_eval_options o = make(*state, 9);
    long k = 0, failed = 0;

    o.cluster = "session";
    charts = fixture_path(*state, "charts");
    assert_non_null(nowhere = fopen("/dev/null", "w"));
    for (;; k += 1 + k / 40) {
        struct vx_err err = {0};
        failing_alloc_after(k);
        const enum vx_status rc = everything(&o, &err);
        failing_alloc_after(-1);
        if (rc != VX_OK && (!failing_alloc_failed() || rc != VX_ENOMEM || !err.text[0]))
            fail_msg("allocation %ld: status %d, %s", k, rc, err.text);
        if (!failing_alloc_failed())
            break;
        failed++;
    }
    fclose(nowhere);
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"windows-det.svg", "windows-scores.svg", "files-det.svg", "files-scores.svg"};
        char *path = vx_file_join(charts, names[i]);
        assert_int_equal(unlink(path), 0);
        free(path);
    }
    rmdir(charts);
    print_message("%ld allocations failed\n", failed);
    assert_true(failed > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_default_columns, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_conditions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_no_memory, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("eval", tests, NULL, NULL);
}
