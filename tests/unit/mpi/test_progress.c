/* The progress line and its rates. */
#include "tests/harness/cmocka.h"

#include "mpi/progress.h"

static void test_line(void **state)
{
    static const struct {
        struct vx_progress p;
        const char *line;
    } rows[] = {
        {{.done = 1234, .items = 56789, .failed = 3, .windows_per_s = 89.1, .real_time = 178.2, .eta_s = 130},
         "1,234/56,789 items  89.1 windows/s  178x real time  3 errors  ETA 2 min 10 s"},
        {{.done = 1234, .items = 56789, .listing = true, .windows_per_s = 89.1, .real_time = 178.2, .eta_s = 130},
         "1,234/56,789+ items  listing...  89.1 windows/s  178x real time"},
        {{.done = 0, .items = 0, .listing = true, .eta_s = -1}, "0/0+ items  listing..."},
        {{.done = 999, .items = 1000, .failed = 1, .eta_s = 0.5}, "999/1,000 items  1 error  ETA 0.5 s"},
        {{.done = 1000000, .items = 1234567890, .failed = 12345, .windows_per_s = 1234.5, .real_time = 9.94, .eta_s = -1},
         "1,000,000/1,234,567,890 items  1,235 windows/s  9.9x real time  12,345 errors"},
        {{.done = 1, .items = 2, .windows_per_s = 99.96, .real_time = 999.4, .eta_s = 7380},
         "1/2 items  100 windows/s  999x real time  ETA 2 h 03 min"},
    };
    char line[256], shorter[12];
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(vx_progress_line(&rows[i].p, line, sizeof line), rows[i].line);
    assert_string_equal(vx_progress_line(&rows[0].p, shorter, sizeof shorter), "1,234/56,78");
}

static void test_rates(void **state)
{
    struct vx_rate r = {0};
    (void)state;

    assert_true(vx_rate_windows(&r, 5, 100) == 0);
    vx_rate_add(&r, 100, 0, 0);
    assert_true(vx_rate_windows(&r, 100.5, 100) == 0); /* too short to say */
    assert_true(vx_rate_windows(&r, 102, 100) == 50);
    for (int i = 1; i <= 1000; i++) /* ten a second, of which one a second is kept */
        vx_rate_add(&r, 100 + 0.1 * i, i, 2 * i);
    assert_int_equal(r.n, VX_RATE_SAMPLES);
    assert_true(vx_rate_windows(&r, 200, 1000) > 9.99 && vx_rate_windows(&r, 200, 1000) < 10.01);
    assert_true(vx_rate_items(&r, 200, 2000) > 19.99 && vx_rate_items(&r, 200, 2000) < 20.01);
    /* a standstill shows within the half minute, and is forgotten as fast */
    for (int i = 0; i < 40; i++)
        vx_rate_add(&r, 201 + i, 1000, 2000);
    assert_true(vx_rate_windows(&r, 241, 1000) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_line), cmocka_unit_test(test_rates)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
