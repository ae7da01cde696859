/* The oracle itself, on cases small enough to check by hand. */
#include "tests/harness/cmocka.h"

#include "model/reference.h"

#include <math.h>
#include <string.h>

static void assert_floats(const float *got, const float *want, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabsf(got[i] - want[i]) <= 1e-6F * fmaxf(1, fabsf(want[i]))))
            fail_msg("element %zu is %.9g, expected %.9g", i, got[i], want[i]);
}

static void test_linear(void **state)
{
    const float in[] = {1, 2, 3, -1, 0, 4}, weight[] = {1, 0, -1, 2, 2, 2}, bias[] = {10, 0.5F};
    const float want[] = {1 - 3 + 10, 12.5F, -1 - 4 + 10, 6.5F};
    float out[4];

    (void)state;
    vx_ref_linear(out, in, weight, bias, 2, 3, 2);
    assert_floats(out, want, 4);
}

/* A 2×2 convolution over a 4×4 image of one channel, with weights that tell the four taps apart. */
static void test_patches(void **state)
{
    const float in[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                weight[] = {1, 100, 1e4F, 1e6F}, bias[] = {0};
    const float want[] = {0 + 100 + 4e4F + 5e6F, 2 + 300 + 6e4F + 7e6F, 8 + 900 + 12e4F + 13e6F,
                          10 + 1100 + 14e4F + 15e6F};
    float out[4];

    (void)state;
    vx_ref_patches(out, in, weight, bias, 2, 2, 1, 1);
    assert_floats(out, want, 4);
}

/* A single tap shifts the map; what comes from outside is zero. */
static void test_depthwise(void **state)
{
    enum { H = 2, W = 5, C = 2 };
    const float bias[C] = {0.25F, -1};
    float in[H * W * C], out[H * W * C], want[H * W * C], weight[49 * C];

    (void)state;
    for (int i = 0; i < H * W * C; i++)
        in[i] = (float)(i + 1);
    for (int ky = 0; ky < 7; ky++)
        for (int kx = 0; kx < 7; kx++) {
            memset(weight, 0, sizeof weight);
            weight[(ky * 7 + kx) * C] = 1;
            weight[(ky * 7 + kx) * C + 1] = -2;
            for (int y = 0; y < H; y++)
                for (int x = 0; x < W; x++) {
                    const int iy = y + ky - 3, ix = x + kx - 3;
                    const int inside = iy >= 0 && iy < H && ix >= 0 && ix < W;
                    want[(y * W + x) * C] = bias[0] + (inside ? in[(iy * W + ix) * C] : 0);
                    want[(y * W + x) * C + 1] = bias[1] - (inside ? 2 * in[(iy * W + ix) * C + 1] : 0);
                }
            vx_ref_depthwise(out, in, weight, bias, H, W, C);
            assert_floats(out, want, H * W * C);
        }
}

static void test_layer_norm(void **state)
{
    const float in[] = {1, 3, 5, 5, 5, 5}, gamma[] = {2, 1, 3}, beta[] = {0, 10, -1};
    const float z = 1.2247448714F; /* sqrt(3/2): mean 3, variance 8/3 */
    const float plain[] = {-z, 0, z, 0, 0, 0}, affine[] = {-2 * z, 10, 3 * z - 1, 0, 10, -1};
    float out[6];

    (void)state;
    vx_ref_layer_norm(out, in, NULL, NULL, 2, 3, 1e-12F);
    assert_floats(out, plain, 6);
    vx_ref_layer_norm(out, in, gamma, beta, 2, 3, 1e-12F);
    assert_floats(out, affine, 6);
    memcpy(out, in, sizeof in);
    vx_ref_layer_norm(out, out, gamma, beta, 2, 3, 1e-12F);
    assert_floats(out, affine, 6);
    const float one[] = {2, 4}, wide[] = {-0.70710678F, 0.70710678F}; /* variance 1, eps 1 */
    vx_ref_layer_norm(out, one, NULL, NULL, 1, 2, 1);
    assert_floats(out, wide, 2);
}

/* x·Φ(x), with Φ(1) = 0.841344746069 and Φ(2) = 0.977249868052 */
static void test_gelu(void **state)
{
    const float want[] = {0, 0.8413447461F, -0.1586552539F, 1.9544997361F, -0.0455002639F, 20, 0};
    float x[] = {0, 1, -1, 2, -2, 20, -20};

    (void)state;
    vx_ref_gelu(x, 7);
    assert_floats(x, want, 7);
}

static void test_mean_pool(void **state)
{
    const float in[] = {1, 10, 2, 20, 6, 30}, want[] = {3, 20};
    float out[2];

    (void)state;
    vx_ref_mean_pool(out, in, 3, 2);
    assert_floats(out, want, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_linear),    cmocka_unit_test(test_patches),
                                       cmocka_unit_test(test_depthwise), cmocka_unit_test(test_layer_norm),
                                       cmocka_unit_test(test_gelu),      cmocka_unit_test(test_mean_pool)};

    return cmocka_run_group_tests_name("reference operations", tests, NULL, NULL);
}
