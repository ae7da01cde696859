/* Charts: what is drawn where, text that XML would take for its own, and a file that cannot be written. */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "jobs/chart.h"

#include <stdlib.h>
#include <string.h>

static char *drawn(const char *folder)
{
    const double x[] = {-5, 0, 10, 99}, y[] = {0, 50, 100, 1e9};
    struct vx_chart c;
    struct vx_err err;
    size_t len;

    vx_chart_begin(&c, "a < b & c > d", "x", "größe", 0, 10, 0, 100);
    vx_chart_ticks(&c, true);
    vx_chart_ticks(&c, false);
    vx_chart_line(&c, x, y, 4, "#123456", true);
    vx_chart_bar(&c, 2, 4, 25, "#abcdef");
    vx_chart_dot(&c, 5, 50, "#000", false);
    vx_chart_legend(&c, "#abcdef", "bars");
    if (vx_chart_write(&c, folder_path(folder, "chart.svg"), &err) != VX_OK)
        fail_msg("%s", err.text);
    return folder_read(folder, "chart.svg", &len);
}

static void test_drawing(void **state)
{
    static const char *const expected[] = {
        "a &lt; b &amp; c &gt; d</text>", "größe</text>", ">0</text>", ">2</text>", ">10</text>", ">20</text>", ">100</text>",
        /* axes from 84 to 696 and from 618 up to 136; outside is at the border */
        "points=\"84.0,618.0 84.0,377.0 696.0,136.0 696.0,136.0 \"", "stroke-dasharray",
        "<rect x=\"206.4\" y=\"497.5\" width=\"122.4\" height=\"120.5\" fill=\"#abcdef\"", "<circle cx=\"390.0\" cy=\"377.0\"",
        "bars</text>",
    };
    char *folder = folder_create(), *svg = drawn(folder);
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
        if (!strstr(svg, expected[i]))
            fail_msg("no %s in %s", expected[i], svg);
    assert_true(strncmp(svg, "<svg xmlns=", 11) == 0 && strcmp(svg + strlen(svg) - 7, "</svg>\n") == 0);
    free(svg);
    folder_remove(&folder);
}

/* Some eight round numbers, whatever the axis. */
static void test_ticks(void **state)
{
    static const double ends[][2] = {{0, 1}, {-3.3, 12.1}, {0, 1e-6}, {-1e9, 1e9}, {99.5, 100.5}, {-0.7, 0.05}};
    (void)state;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct vx_chart c;
        int n = 0;
        vx_chart_begin(&c, "", "", "", ends[i][0], ends[i][1], 0, 1);
        vx_chart_ticks(&c, true);
        for (const char *at = c.svg.data; (at = strstr(at, "<line ")); at++)
            n++;
        if (n < 4 || n > 10)
            fail_msg("%g to %g: %d ticks", ends[i][0], ends[i][1], n);
        vx_buf_free(&c.svg);
    }
}

static void test_unwritable(void **state)
{
    struct vx_chart c;
    struct vx_err err;
    (void)state;
    vx_chart_begin(&c, "", "", "", 0, 1, 0, 1);
    assert_int_equal(vx_chart_write(&c, "/nowhere/at/all.svg", &err), VX_ESYS);
    assert_null(c.svg.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_drawing), cmocka_unit_test(test_ticks),
                                       cmocka_unit_test(test_unwritable)};
    return cmocka_run_group_tests_name("charts", tests, NULL, NULL);
}
