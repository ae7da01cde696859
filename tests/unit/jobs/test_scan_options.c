/* test_scan_options.c - the command line of scan: defaults, ranges, and the window rule that follows */
#include "tests/harness/cmocka.h"

#include "jobs/scan_options.h"

#include <stdio.h>
#include <string.h>

static const struct vx_command self = {.name = "scan", .usage = "usage", .doc = "doc"};

/* Parses words separated by blanks. */
static int parse(struct vx_scan_options *o, const char *words)
{
    static char text[512];
    static char *argv[32];
    char *rest = NULL;
    int argc = 0;

    snprintf(text, sizeof text, "scan %s", words);
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        argv[argc++] = word;
    argv[argc] = NULL;
    return vx_scan_options_parse(o, &self, argc, argv, 1);
}

static void test_accepted(void **state)
{
    struct vx_scan_options o;
    (void)state;

    assert_int_equal(parse(&o, "corpus"), -1);
    assert_int_equal(o.n_inputs, 1);
    assert_string_equal(o.inputs[0], "corpus");
    assert_string_equal(o.out, "voxtrawl.db");
    assert_true(!o.work && !o.scratch);
    assert_int_equal(parse(&o, "a --scratch /local/x"), -1);
    assert_string_equal(o.scratch, "/local/x");
    assert_true(o.min_seconds == 0.5 && o.silence_dbfs == -70 && o.lease == 256 && o.scanner.threshold < 0);
    assert_int_equal(o.part.of, 0);
    assert_int_equal(o.channels, VX_CHANNELS_MIX);
    assert_int_equal(parse(&o, "a --channels each"), -1);
    assert_int_equal(o.channels, VX_CHANNELS_EACH);
    assert_int_equal(parse(&o, "a --part 2/3"), -1);
    assert_true(o.part.number == 2 && o.part.of == 3);
    assert_int_equal(parse(&o, "a --hop 1 b -o x -t 3 -- -c"), -1);
    assert_int_equal(o.n_inputs, 3);
    assert_string_equal(o.inputs[2], "-c");
    assert_true(o.hop_seconds == 1 && o.threads == 3);
    assert_string_equal(o.out, "x");
}

static void test_rejected(void **state)
{
    static const char *const rows[] = {
        "", "--quiet", "--hop 0 a", "--hop -1 a", "--hop nan a", "--hop inf a", "--hop 3601 a", "--hop x a", "--hop 1s a", "--hop",
        "--window 0.09 a", "--window 61 a", "--window nan a", "--min-sound 0 a", "--silence-db 1 a", "--silence-db -301 a",
        "--threshold 1.1 a", "--threshold -0.1 a", "--threads 0 a", "--threads 1025 a", "--threads 2.5 a", "--threads 0x2 a",
        "--batch 0 a", "--batch 4097 a", "--lease 0 a", "--lease 65537 a", "--lease 99999999999999999999 a", "--max-member 0 a",
        "--overwrite=yes a", "--channels all a", "--channels Mix a", "--channels= a", "--part 3/2 a", "--part 1 a", "--nonsense a", "-x a", "--scratch= a", "--scratch",
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_scan_options o;
        if (parse(&o, rows[i]) != VX_EXIT_USAGE)
            fail_msg("accepted: scan %s", rows[i]);
    }
}

static void test_rule(void **state)
{
    static const struct {
        const char *words;
        double hop, min, silence; /* of a profile with windows of 2 s */
    } rows[] = {
        {"a", 2, 0.5, -70},
        {"--hop 0.5 a", 0.5, 0.5, -70},
        {"--hop 10 a", 10, 0.5, -70},          /* wider than the window: what lies between is not looked at */
        {"--min-sound 3 a", 2, 2, -70},        /* no more than there is in a window */
        {"--silence-db -300 a", 2, 0.5, -300}, /* as good as off */
        {"--silence-db 0 a", 2, 0.5, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vx_profile profile = {.window_seconds = 2};
        struct vx_scan_options o;
        assert_int_equal(parse(&o, rows[i].words), -1);
        const struct vx_window_rule rule = vx_scan_rule(&o, &profile);
        assert_true(rule.window_seconds == 2);
        assert_true(rule.hop_seconds == rows[i].hop);
        assert_true(rule.min_seconds == rows[i].min);
        assert_true(rule.silence_dbfs == rows[i].silence);
    }
}

static void test_max_failed(void **state)
{
    static const struct {
        const char *word;
        int64_t failed, items;
        bool holds;
    } rows[] = {
        {"0", 0, 0, true},        {"0", 0, 5, true},           {"0", 1, 1000000, false},  {"2", 2, 2, true},
        {"2", 3, 1000000, false}, {"0%", 0, 10, true},         {"0%", 1, 1000000, false}, {"1%", 10, 1000, true},
        {"1%", 11, 1000, false},  {"0.5%", 5, 1000, true},     {"0.5%", 6, 1000, false},  {".1%", 1, 1000, true},
        {"100%", 7, 7, true},     {"10%", 0, 0, true},         {"1%", 1, 99, false},
    };
    static const char *const rejected[] = {"", "%", "x", "-1", "1.5", "101%", "1 %", "1%%", "1.2.3%", "nan%", "1e1%", "9999999999999999999"};
    struct vx_tolerance t;
    struct vx_err err;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(vx_tolerance_parse(&t, rows[i].word, &err), VX_OK);
        if (vx_tolerance_holds(&t, rows[i].failed, rows[i].items) != rows[i].holds)
            fail_msg("row %zu, --max-failed %s", i, rows[i].word);
    }
    for (size_t i = 0; i < sizeof rejected / sizeof *rejected; i++)
        if (vx_tolerance_parse(&t, rejected[i], &err) != VX_EINVAL)
            fail_msg("accepted: --max-failed '%s'", rejected[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_accepted), cmocka_unit_test(test_rejected),
                                       cmocka_unit_test(test_rule), cmocka_unit_test(test_max_failed)};

    return cmocka_run_group_tests_name("scan_options", tests, NULL, NULL);
}
