/* test_outside.c - how a recording lies to the ranges that a model was measured on */
#include "model/outside.h"
#include "tests/harness/cmocka.h"

#include <math.h>

static const struct vx_domain measured = {
    .level_dbfs = {-40, -15}, .bandwidth_hz = {3500, 7500}, .active_share = {0.3, 0.9}};

static void compared(void **state)
{
    static const struct {
        double level, bandwidth, active;
        uint32_t outside;
        bool compared;
    } row[] = {
        {-20, 5000, 0.5, 0, true},
        {-43, 3150, 0.25, 0, true}, /* the margins themselves are inside */
        {-12, 8250, 0.95, 0, true},
        {-43.1, 5000, 0.5, VX_OUTSIDE_LEVEL_BELOW, true},
        {-11.9, 5000, 0.5, VX_OUTSIDE_LEVEL_ABOVE, true},
        {-20, 3149, 0.5, VX_OUTSIDE_BANDWIDTH_BELOW, true},
        {-20, 8251, 0.5, VX_OUTSIDE_BANDWIDTH_ABOVE, true},
        {-20, 5000, 0.24, VX_OUTSIDE_ACTIVE_BELOW, true},
        {-20, 5000, 0.96, VX_OUTSIDE_ACTIVE_ABOVE, true},
        {-60, 2000, 0, VX_OUTSIDE_LEVEL_BELOW | VX_OUTSIDE_BANDWIDTH_BELOW | VX_OUTSIDE_ACTIVE_BELOW, true},
        {-20, NAN, 0, VX_OUTSIDE_ACTIVE_BELOW, true}, /* steady noise */
        {-60, NAN, NAN, VX_OUTSIDE_LEVEL_BELOW, true},
        {NAN, NAN, NAN, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct vx_item_domain d = {.n_windows = 1, .level_dbfs = row[i].level, .bandwidth_hz = row[i].bandwidth,
                                   .active_share = row[i].active, .compared = true, .outside = 63};
        vx_outside_compare(&d, &measured);
        if (d.outside != row[i].outside || d.compared != row[i].compared)
            fail_msg("row %zu: outside %u, compared %d", i, d.outside, d.compared);
    }
}

static void unknown(void **state)
{
    const struct vx_domain nothing = {0}, level = {.level_dbfs = {-40, 0}};
    struct vx_item_domain d = {.n_windows = 1, .level_dbfs = -90, .bandwidth_hz = 100, .active_share = 0};

    (void)state;
    vx_outside_compare(&d, &nothing);
    assert_false(d.compared);
    assert_int_equal(d.outside, 0);
    vx_outside_compare(&d, &level); /* only what is known is compared */
    assert_true(d.compared);
    assert_int_equal(d.outside, VX_OUTSIDE_LEVEL_BELOW);
    d.n_windows = 0; /* a picture */
    vx_outside_compare(&d, &level);
    assert_false(d.compared);
    assert_int_equal(d.outside, 0);
    assert_true(isnan(vx_outside_limit(&level, VX_OUTSIDE_BANDWIDTH_BELOW)));
    assert_true(vx_outside_limit(&level, VX_OUTSIDE_LEVEL_BELOW) == -43);
    assert_true(vx_outside_limit(&level, VX_OUTSIDE_LEVEL_ABOVE) == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compared),
        cmocka_unit_test(unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
