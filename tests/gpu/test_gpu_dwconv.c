/* The depthwise convolution with its LayerNorm against the reference: every element type, sides that fit no tile, widths from one group of
 * lanes to what fills a block, and windows that must not notice each other. */
#include "tests/gpu/device.h"
#include "tests/gpu/elements.h"
#include "tests/harness/tolerances.h"

#include "gpu/network_ops.h"
#include "model/reference.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct vx_random rng;

struct shape {
    enum vx_gpu_type type;
    int side, c, windows;
};

static size_t window_elements(const struct shape *s)
{
    return (size_t)(s->side * s->side) * (size_t)s->c;
}

static void run(const struct shape *s, const void *in, const float *weight, const float *bias, int windows, void *out)
{
    struct vx_err err;

    if (vx_gpu_dwconv_norm(NULL, s->type, in, weight, bias, windows, s->side, s->c, VX_LAYER_NORM_EPS, out, &err) != VX_OK)
        fail_msg("%s", err.text);
}

/* An error of a row before its LayerNorm grows by 1/std. */
static double growth(const float *row, int c)
{
    double mean = 0, var = 0;

    for (int i = 0; i < c; i++)
        mean += row[i] / (double)c;
    for (int i = 0; i < c; i++)
        var += (row[i] - mean) * (row[i] - mean) / c;
    return fmax(1, 1 / sqrt(var + VX_LAYER_NORM_EPS));
}

static void compare_window(const struct shape *s, const float *in, const float *weight, const float *bias, const float *got)
{
    const size_t n = window_elements(s), c = (size_t)s->c;
    float *conv = vx_calloc(n, sizeof *conv), *want = vx_calloc(n, sizeof *want);

    assert_non_null(conv);
    assert_non_null(want);
    vx_ref_depthwise(conv, in, weight, bias, s->side, s->side, s->c);
    vx_ref_layer_norm(want, conv, NULL, NULL, s->side * s->side, s->c, VX_LAYER_NORM_EPS);
    for (size_t row = 0; row < n; row += c) {
        const double tolerance = VX_TOL_OP_F32 * growth(conv + row, s->c);
        for (size_t i = row; i < row + c; i++) {
            const double float32 = tolerance * fmax(1, fabs(want[i]));
            if (!(fabs((double)got[i] - want[i]) <= float32 + vx_element_rounding(s->type, fabs(want[i]) + float32)))
                fail_msg("%s, side %d, %d channels: pixel %zu, channel %zu is %.9g, expected %.9g", vx_element_name(s->type), s->side,
                         s->c, row / c, i - row, got[i], want[i]);
        }
    }
    free(conv);
    free(want);
}

/* Each window again by itself, with the same bits */
static void check_alone(const struct shape *s, const void *in, const float *weight, const float *bias, const void *all)
{
    const size_t bytes = window_elements(s) * vx_gpu_type_size(s->type);
    unsigned char *together = vx_device_read(all, (size_t)s->windows * bytes);

    for (int w = 0; w < s->windows; w++) {
        void *out = vx_device_alloc(bytes);
        run(s, (const unsigned char *)in + (size_t)w * bytes, weight, bias, 1, out);
        void *alone = vx_device_read(out, bytes);
        assert_memory_equal(alone, together + (size_t)w * bytes, bytes);
        free(alone);
        vx_device_free(out);
    }
    free(together);
}

static void check(struct shape s)
{
    const size_t n = window_elements(&s), all = n * (size_t)s.windows, c = (size_t)s.c;
    float *in = vx_element_random(&rng, s.type, all, 1), *weight = vx_element_random(&rng, VX_GPU_F32, 49 * c, 0.3F),
          *bias = vx_element_random(&rng, VX_GPU_F32, c, 0.1F);
    void *d_in = vx_element_upload(s.type, in, all), *d_out = vx_device_alloc(all * vx_gpu_type_size(s.type));
    float *d_weight = vx_device_copy(weight, 49 * c * sizeof *weight), *d_bias = vx_device_copy(bias, c * sizeof *bias);

    run(&s, d_in, d_weight, d_bias, s.windows, d_out);
    float *got = vx_element_download(s.type, d_out, all);
    for (int w = 0; w < s.windows; w++)
        compare_window(&s, in + (size_t)w * n, weight, bias, got + (size_t)w * n);
    if (s.windows > 1)
        check_alone(&s, d_in, d_weight, d_bias, d_out);
    free(in);
    free(weight);
    free(bias);
    free(got);
    vx_device_free(d_in);
    vx_device_free(d_out);
    vx_device_free(d_weight);
    vx_device_free(d_bias);
}

static void test_narrow(void **state)
{
    static const int sides[] = {8, 1, 2, 3, 7, 13, 14}, widths[] = {40, 2, 8, 32, 96, 208};
    (void)state;

    for (size_t t = 0; t < COUNT(vx_element_types); t++)
        for (size_t c = 0; c < VX_DEVICE_CASES(COUNT(widths)); c++)
            for (size_t i = 0; i < VX_DEVICE_CASES(COUNT(sides)); i++)
                check((struct shape){vx_element_types[t], sides[i], widths[c], i % 2 ? 1 : 3});
}

/* Each kind of tile: what is the widest map for 4 rows, for 2, and for 1 */
static void test_wide(void **state)
{
    static const int shapes[][3] = {{14, 320, 1}, {7, 768, 2}, {5, 768, 1}, {7, 770, 1},
                                    {3, 1024, 3}, {7, 1026, 1}, {3, 1536, 2}, {2, 2048, 1}};
    (void)state;

    for (size_t t = 0; t < COUNT(vx_element_types); t++)
        for (size_t i = 0; i < VX_DEVICE_CASES(COUNT(shapes)); i++)
            check((struct shape){vx_element_types[t], shapes[i][0], shapes[i][1], shapes[i][2]});
}

static void test_random(void **state)
{
    (void)state;
    for (int i = 0; i < VX_DEVICE_CASES(20); i++)
        check((struct shape){vx_element_types[i % 3], vx_random_int(&rng, 1, 18), 2 * vx_random_int(&rng, 1, 80),
                             vx_random_int(&rng, 1, 4)});
}

/* No window: nothing is written, and NULL is as good as memory. */
static void test_nothing(void **state)
{
    struct vx_err err;
    (void)state;

    for (size_t t = 0; t < COUNT(vx_element_types); t++)
        assert_int_equal(vx_gpu_dwconv_norm(NULL, vx_element_types[t], NULL, NULL, NULL, 0, 7, 8, VX_LAYER_NORM_EPS, &err, &err), VX_OK);
}

static void test_refused(void **state)
{
    static const struct {
        int type, windows, side, c;
        const char *names; /* what the message must contain */
    } cases[] = {
        {VX_GPU_F16, 1, 7, 9, "9 channels"},          {VX_GPU_F16, 1, 7, 2050, "2050 channels"}, {VX_GPU_F16, 1, 0, 8, "side 0"},
        {VX_GPU_F16, -1, 7, 8, "-1 windows"},         {VX_GPU_F16, 1, 1100, 2048, "side 1100"},  {VX_GPU_F16, 1, 7, 0, "0 channels"},
        {VX_GPU_F32, INT32_MAX, 200, 8, "side 200"}, {7, 1, 7, 8, "type 7"},
    };
    float in[2], out[2];
    struct vx_err err;
    (void)state;

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(vx_gpu_dwconv_norm(NULL, (enum vx_gpu_type)cases[i].type, in, in, in, cases[i].windows, cases[i].side,
                                            cases[i].c, VX_LAYER_NORM_EPS, out, &err), VX_EINVAL);
        if (!strstr(err.text, cases[i].names))
            fail_msg("\"%s\" does not say \"%s\"", err.text, cases[i].names);
    }
    assert_int_equal(vx_gpu_dwconv_norm(NULL, VX_GPU_F32, in, in, in, 1, 1, 2, VX_LAYER_NORM_EPS, in, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "in place"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_narrow), cmocka_unit_test(test_wide), cmocka_unit_test(test_random), cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_refused),
    };

    rng = vx_random_start();
    return vx_device_run_tests("depthwise convolution and LayerNorm on the device", tests, COUNT(tests));
}
