/* The loops that measure ceilings: each set of instructions has a name exactly where it gives a figure, and the figures are of the
 * right order: what a slow loop, or one that was optimised away, would not give. */
#include "tests/harness/cmocka.h"

#include "cpu/peak.h"


#define SECONDS 0.005
#define LEAST 1e6  /* multiplications and additions a second, under any sanitizer or emulator */
#define MOST 1e14  /* no core does that many */

static void arithmetic(void **state)
{
    const struct vx_isa all = vx_isa_detect(), none = {0}, avx2 = {.avx2 = all.avx2},
                        avx512 = {.avx2 = all.avx2, .avx512 = all.avx512}, *const isas[] = {&none, &avx2, &avx512, &all};

    (void)state;
    for (size_t i = 0; i < sizeof isas / sizeof *isas; i++)
        for (int unit = 0; unit < VX_TRACE_UNITS; unit++) {
            const char *name = vx_peak_name((enum vx_trace_unit)unit, isas[i]);
            const double rate = vx_peak_arithmetic((enum vx_trace_unit)unit, isas[i], SECONDS);

            if (!name) {
                assert_true(rate == 0);
                continue;
            }
            print_message("%s: %.1f G/s\n", name, rate / 1e9);
            assert_true(rate > LEAST && rate < MOST);
        }
    assert_non_null(vx_peak_name(VX_TRACE_FP32, &none));
    assert_null(vx_peak_name(VX_TRACE_MEMORY, &all));
    assert_null(vx_peak_name(VX_TRACE_BF16, &avx2));
    assert_true(!all.avx512_bf16 || vx_peak_name(VX_TRACE_BF16, &all));
}

static void copies(void **state)
{
    static const size_t sizes[] = {1, 4096, 128 << 10, 3 << 20};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct vx_err err;
        double rate = 0;

        if (vx_peak_copy(sizes[i], SECONDS, &rate, &err) != VX_OK)
            fail_msg("%s", err.text);
        assert_true(rate > LEAST && rate < MOST);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(arithmetic), cmocka_unit_test(copies)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
