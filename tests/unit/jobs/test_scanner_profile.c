/* Which profile a scan works by: what the command line makes of the one named, or of the model's own. */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "jobs/scanner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *folder;

static int setup(void **state)
{
    struct vx_profile p;
    struct vx_err err;

    (void)state;
    folder = folder_create();
    assert_int_equal(vx_profile_load(&p, VX_PROFILE_DEFAULT, &err), VX_OK);
    strcpy(p.name, "mine");
    strcpy(p.calibrated_on, "200 clips");
    p.calibration_scale = 0.5;
    p.real_below = 0.25;
    p.fake_from = 0.75;
    p.high_precision = (struct vx_operating_point){0.125, 0.875};
    char *json = vx_profile_json(&p);
    assert_non_null(json);
    folder_write(folder, "profile.json", json, strlen(json));
    free(json);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static void test_points(void **state)
{
    static const struct {
        const char *point;
        double threshold; /* < 0: none */
        enum vx_status rc;
        const char *says;
        double real_below, fake_from;
    } rows[] = {
        {NULL, -1, VX_OK, NULL, 0.25, 0.75},
        {"balanced", -1, VX_OK, NULL, 0.25, 0.75},
        {"high-precision", -1, VX_OK, NULL, 0.125, 0.875},
        {NULL, 0.6, VX_OK, NULL, 0.6, 0.6},
        {NULL, 0, VX_OK, NULL, 0, 0},
        {"high-recall", -1, VX_EINVAL, "--operating-point high-recall: profile mine has no \"high_recall\"", 0, 0},
        {"high_precision", -1, VX_EINVAL, "expected balanced, high-precision or high-recall", 0, 0},
        {"", -1, VX_EINVAL, "expected balanced, high-precision or high-recall", 0, 0},
        {"balanced", 0.5, VX_EINVAL, "exclude each other", 0, 0},
        {"high-precision", 0, VX_EINVAL, "exclude each other", 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vx_scanner_options o = {.model = folder, .operating_point = rows[i].point, .threshold = rows[i].threshold};
        struct vx_profile p;
        struct vx_err err = {.text = ""};
        const enum vx_status rc = vx_scanner_profile(&p, &o, &err);
        if (rc != rows[i].rc || (rows[i].says && !strstr(err.text, rows[i].says)))
            fail_msg("row %zu: status %d, %s", i, (int)rc, err.text);
        if (rc == VX_OK && (p.real_below != rows[i].real_below || p.fake_from != rows[i].fake_from))
            fail_msg("row %zu: real below %g, fake from %g", i, p.real_below, p.fake_from);
    }
}

/* A calibration is of windows of one length. */
static void test_window(void **state)
{
    static const struct {
        double window_seconds; /* as asked for */
        double takes;
        bool calibrated;
    } rows[] = {{0, 2, true}, {2, 2, true}, {1.5, 1.5, false}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vx_scanner_options o = {.model = folder, .threshold = -1, .window_seconds = rows[i].window_seconds};
        struct vx_profile p;
        struct vx_err err;
        assert_int_equal(vx_scanner_profile(&p, &o, &err), VX_OK);
        assert_true(p.window_seconds == rows[i].takes && p.calibration_scale == 0.5);
        assert_int_equal(p.calibrated_on[0] != '\0', rows[i].calibrated);
    }
}

/* The one named goes before the model's own, that before the default. */
static void test_which(void **state)
{
    char elsewhere[256];
    const struct {
        struct vx_scanner_options o;
        const char *name;
    } rows[] = {
        {{.model = folder, .threshold = -1}, "mine"},
        {{.model = folder, .threshold = -1, .profile = "mel-22k-magma"}, "mel-22k-magma"},
        {{.model = elsewhere, .threshold = -1}, VX_PROFILE_DEFAULT},
        {{.model = elsewhere, .threshold = -1, .profile = folder_path(folder, "profile.json")}, "mine"},
    };
    (void)state;
    snprintf(elsewhere, sizeof elsewhere, "%s", folder_path(folder, "nothing here"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_profile p;
        struct vx_err err;
        if (vx_scanner_profile(&p, &rows[i].o, &err) != VX_OK)
            fail_msg("row %zu: %s", i, err.text);
        assert_string_equal(p.name, rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_points), cmocka_unit_test(test_window),
                                       cmocka_unit_test(test_which)};
    return cmocka_run_group_tests_name("scanner_profile", tests, setup, teardown);
}
