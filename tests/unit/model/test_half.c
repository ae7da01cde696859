/* float16 and bfloat16: every value there and back, and every rounding boundary between neighbours. */
#include "tests/harness/cmocka.h"

#include "model/half.h"

#include <math.h>

static void test_known(void **state)
{
    static const struct {
        float value;
        uint16_t f16, bf16;
    } rows[] = {
        {0.0F, 0x0000, 0x0000},      {-0.0F, 0x8000, 0x8000},
        {1.0F, 0x3C00, 0x3F80},      {-2.0F, 0xC000, 0xC000},
        {65504.0F, 0x7BFF, 0x4780},  {65519.996F, 0x7BFF, 0x4780},
        {65520.0F, 0x7C00, 0x4780},  {0x1p-24F, 0x0001, 0x3380},  /* the least subnormal of float16 */
        {0x1p-25F, 0x0000, 0x3300},  {0x1.000002p-25F, 0x0001, 0x3300},
        {0x3p-25F, 0x0002, 0x33C0},  {0x1.FF8p-15F, 0x03FF, 0x3880}, /* the largest subnormal of float16 */
        {0x1p-14F, 0x0400, 0x3880},  {0x1p-149F, 0x0000, 0x0000},
        {0x1p-133F, 0x0000, 0x0001}, {3.3895314e38F, 0x7C00, 0x7F7F}, /* the largest of bfloat16 */
        {3.4028235e38F, 0x7C00, 0x7F80},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const uint16_t f16 = vx_f16_from_float(rows[i].value), bf16 = vx_bf16_from_float(rows[i].value);
        if (f16 != rows[i].f16 || bf16 != rows[i].bf16)
            fail_msg("%a: F16 %04x, BF16 %04x, expected %04x, %04x", (double)rows[i].value, f16, bf16, rows[i].f16,
                     rows[i].bf16);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 0x10000; h++) {
        const float a = vx_f16_to_float((uint16_t)h), b = vx_bf16_to_float((uint16_t)h);
        if (isnan(a))
            assert_true(isnan(vx_f16_to_float(vx_f16_from_float(a))));
        else
            assert_int_equal(vx_f16_from_float(a), h);
        if (isnan(b))
            assert_true(isnan(vx_bf16_to_float(vx_bf16_from_float(b))));
        else
            assert_int_equal(vx_bf16_from_float(b), h);
    }
    /* against ldexp: value = mantissa · 2^(exponent - bias) */
    for (int h = 0; h < 0x7C00; h++) {
        const int e = h >> 10, m = h & 0x3FF;
        const double value = e ? ldexp(1024 + m, e - 25) : ldexp(m, -24);
        assert_true((double)vx_f16_to_float((uint16_t)h) == value);
    }
}

/* Between neighbours lo and lo + 1: below the middle goes down, above it up, the middle to the even one. */
static void check_boundary(uint16_t lo, double low, double high, uint16_t (*from_float)(float))
{
    const float middle = (float)((low + high) / 2); /* exact: one bit more than a half has */
    const uint16_t hi = (uint16_t)(lo + 1), even = lo & 1 ? hi : lo;

    assert_int_equal(from_float(nextafterf(middle, -INFINITY)), lo);
    assert_int_equal(from_float(middle), even);
    assert_int_equal(from_float(nextafterf(middle, INFINITY)), hi);
    assert_int_equal(from_float(-middle), even | 0x8000);
}

static void test_rounding(void **state)
{
    (void)state;
    for (uint16_t h = 0; h < 0x7BFF; h++)
        check_boundary(h, (double)vx_f16_to_float(h), (double)vx_f16_to_float((uint16_t)(h + 1)), vx_f16_from_float);
    for (uint16_t h = 0; h < 0x7F7F; h++)
        check_boundary(h, (double)vx_bf16_to_float(h), (double)vx_bf16_to_float((uint16_t)(h + 1)), vx_bf16_from_float);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_round_trip),
                                       cmocka_unit_test(test_rounding)};
    return cmocka_run_group_tests_name("half", tests, NULL, NULL);
}
