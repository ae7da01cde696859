/* The network's other kernels against the reference: every element type, widths from one pair to the most, windows that must not notice
 * each other. Gathering is exact, so those compare bits. */
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
#define EACH_TYPE(t) for (const enum vx_gpu_type *t = vx_element_types; t < vx_element_types + COUNT(vx_element_types); t++)

static struct vx_random rng;
static const float eps = VX_LAYER_NORM_EPS;

static void ok(enum vx_status rc, const struct vx_err *err)
{
    if (rc != VX_OK)
        fail_msg("%s", err->text);
}

static void refused(enum vx_status rc, const struct vx_err *err, const char *names)
{
    assert_int_equal(rc, VX_EINVAL);
    if (!strstr(err->text, names))
        fail_msg("\"%s\" does not say \"%s\"", err->text, names);
}

/* How an error of a row before its LayerNorm grows */
static double growth(const float *row, int c)
{
    double mean = 0, var = 0;

    for (int i = 0; i < c; i++)
        mean += row[i] / (double)c;
    for (int i = 0; i < c; i++)
        var += (row[i] - mean) * (row[i] - mean) / c;
    return fmax(1, 1 / sqrt(var + eps));
}

static void check_norm(enum vx_gpu_type type, int rows, int c, bool affine, bool in_place)
{
    const size_t n = (size_t)rows * (size_t)c, width = (size_t)c * sizeof(float);
    float *in = vx_element_random(&rng, type, n, 3), *want = vx_calloc(n, sizeof *want);
    float *gamma = vx_element_random(&rng, VX_GPU_F32, (size_t)c, 2), *beta = vx_element_random(&rng, VX_GPU_F32, (size_t)c, 1);
    void *d_in = vx_element_upload(type, in, n), *d_out = in_place ? d_in : vx_device_alloc(n * vx_gpu_type_size(type));
    float *d_gamma = affine ? vx_device_copy(gamma, width) : NULL, *d_beta = affine ? vx_device_copy(beta, width) : NULL;
    struct vx_err err;

    assert_non_null(want);
    ok(vx_gpu_layer_norm(NULL, type, d_in, d_gamma, d_beta, rows, c, eps, d_out, &err), &err);
    vx_ref_layer_norm(want, in, affine ? gamma : NULL, affine ? beta : NULL, rows, c, eps);
    float *got = vx_element_download(type, d_out, n);
    for (size_t i = 0; i < n; i++) {
        const double float32 = VX_TOL_OP_F32 * 4 * growth(in + i / (size_t)c * (size_t)c, c) * fmax(1, fabs(want[i]));
        if (!(fabs((double)got[i] - want[i]) <= float32 + vx_element_rounding(type, fabs(want[i]) + float32)))
            fail_msg("layer_norm, %s, %d rows of %d: element %zu is %.9g, expected %.9g", vx_element_name(type), rows, c, i, got[i],
                     want[i]);
    }
    free(in);
    free(want);
    free(gamma);
    free(beta);
    free(got);
    vx_device_free(d_gamma);
    vx_device_free(d_beta);
    vx_device_free(in_place ? NULL : d_out);
    vx_device_free(d_in);
}

static void test_layer_norm(void **state)
{
    static const int widths[] = {96, 320, 2, 8, 30, 64, 66, 128, 130, 256, 258, 768, 1024, 1026, 1536, 2048};
    (void)state;

    EACH_TYPE(t)
        for (size_t c = 0; c < VX_DEVICE_CASES(COUNT(widths)); c++)
            for (int rows = 1; rows < 80; rows = 3 * rows + 1)
                check_norm(*t, widths[c] > 400 ? rows % 7 : rows, widths[c], c % 2, rows % 4 == 0);
}

/* A row has the same bits wherever it stands: each of these rows is the first one, moved. */
static void test_layer_norm_place(void **state)
{
    static const int widths[] = {40, 96, 320, 1536};
    enum { ROWS = 35 };
    (void)state;

    EACH_TYPE(t)
        for (size_t w = 0; w < VX_DEVICE_CASES(COUNT(widths)); w++) {
            const size_t c = (size_t)widths[w], bytes = c * vx_gpu_type_size(*t);
            float *in = vx_element_random(&rng, *t, ROWS * c, 1);
            struct vx_err err;
            for (size_t r = 1; r < ROWS; r++)
                memcpy(in + r * c, in, c * sizeof *in);
            void *rows = vx_element_upload(*t, in, ROWS * c);
            ok(vx_gpu_layer_norm(NULL, *t, rows, NULL, NULL, ROWS, widths[w], eps, rows, &err), &err);
            unsigned char *got = vx_device_read(rows, ROWS * bytes);
            for (size_t r = 1; r < ROWS; r++)
                assert_memory_equal(got + r * bytes, got, bytes);
            free(got);
            free(in);
            vx_device_free(rows);
        }
}

/* Gathering is normalising, then moving. */
static void check_gather_norm(enum vx_gpu_type type, int windows, int side, int c)
{
    const size_t wide = 2 * (size_t)side, pixels = (size_t)windows * wide * wide, n = pixels * (size_t)c,
                 bytes = (size_t)c * vx_gpu_type_size(type);
    float *in = vx_element_random(&rng, type, n, 2);
    void *map = vx_element_upload(type, in, n), *rows = vx_device_alloc(pixels * bytes);
    struct vx_err err;

    ok(vx_gpu_gather_norm(NULL, type, map, windows, side, c, eps, rows, &err), &err);
    unsigned char *got = vx_device_read(rows, pixels * bytes);
    ok(vx_gpu_layer_norm(NULL, type, map, NULL, NULL, (int)pixels, c, eps, map, &err), &err);
    unsigned char *norm = vx_device_read(map, pixels * bytes);
    for (size_t p = 0; p < pixels; p++) {
        const size_t w = p / (wide * wide), y = p / wide % wide, x = p % wide;
        const size_t row = (w * (size_t)side + y / 2) * (size_t)side + x / 2, to = row * 4 + y % 2 * 2 + x % 2;
        assert_memory_equal(got + to * bytes, norm + p * bytes, bytes);
    }
    free(in);
    free(got);
    free(norm);
    vx_device_free(map);
    vx_device_free(rows);
}

static void test_gather_norm(void **state)
{
    static const int sides[] = {3, 1, 2, 7}, widths[] = {40, 8, 32, 96, 320};
    (void)state;

    EACH_TYPE(t) {
        for (size_t s = 0; s < VX_DEVICE_CASES(COUNT(sides)); s++)
            for (size_t c = 0; c < VX_DEVICE_CASES(COUNT(widths)); c++)
                check_gather_norm(*t, 1 + (int)(s + c) % 3, sides[s], widths[c]);
        check_gather_norm(*t, 1, 2, 768);
        check_gather_norm(*t, 1, 1, 1536);
    }
}

static void check_patches(enum vx_gpu_type type, int windows, int side, int patch, int pitch)
{
    const int size = side * patch, columns = patch * patch * 3;
    const size_t n = (size_t)(windows * size * size) * 3, rows = (size_t)(windows * side * side);
    float *table = vx_element_random(&rng, VX_GPU_F32, 768, 3);
    uint8_t *image = vx_calloc(n, 1);
    struct vx_err err;

    assert_non_null(image);
    for (size_t i = 0; i < n; i++)
        image[i] = (uint8_t)vx_random_next(&rng);
    uint8_t *d_image = vx_device_copy(image, n);
    float *d_table = vx_device_copy(table, 768 * sizeof *table);
    void *d_rows = vx_device_alloc(rows * (size_t)pitch * vx_gpu_type_size(type));
    ok(vx_gpu_gather_patches(NULL, type, d_image, d_table, windows, side, patch, pitch, d_rows, &err), &err);
    float *got = vx_element_download(type, d_rows, rows * (size_t)pitch);
    for (int row = 0; row < (int)rows; row++)
        for (int i = 0; i < pitch; i++) {
            const int w = row / (side * side), y = row / side % side * patch + i / (3 * patch),
                      x = row % side * patch + i % (3 * patch) / 3;
            const float want = i < columns ? table[i % 3 * 256 + image[((w * size + y) * size + x) * 3 + i % 3]] : 0;
            if (got[row * pitch + i] != vx_element_round(type, want))
                fail_msg("%s, side %d, patch %d, pitch %d: row %d, column %d is %g, expected %g", vx_element_name(type), side, patch,
                         pitch, row, i, got[row * pitch + i], vx_element_round(type, want));
        }
    free(table);
    free(image);
    free(got);
    vx_device_free(d_image);
    vx_device_free(d_table);
    vx_device_free(d_rows);
}

static void test_gather_patches(void **state)
{
    static const int sides[] = {7, 1, 2, 14}, shapes[][2] = {{4, 48}, {1, 8}, {2, 16}, {3, 32}, {4, 64}, {7, 152}};
    (void)state;

    EACH_TYPE(t)
        for (size_t s = 0; s < VX_DEVICE_CASES(COUNT(sides)); s++)
            for (size_t p = 0; p < VX_DEVICE_CASES(COUNT(shapes)); p++)
                check_patches(*t, 1 + (int)(s + p) % 3, sides[s], shapes[p][0], shapes[p][1]);
}

/* `skew` pairs behind the alignment that lets it take 16 bytes at once */
static void check_gelu(enum vx_gpu_type type, size_t n, size_t skew)
{
    static const float special[] = {0, -0.0F, 1e-6F, -1e-6F, 60000, -60000, 5.5F, -5.5F};
    const size_t all = n + 2 * skew;
    float *x = vx_element_random(&rng, type, all, 6), *want = vx_calloc(all, sizeof *want);
    struct vx_err err;

    assert_non_null(want);
    for (size_t i = 0; i < COUNT(special) && i < n; i++)
        x[2 * skew + i] = vx_element_round(type, special[i]);
    memcpy(want, x, all * sizeof *x);
    vx_ref_gelu(want + 2 * skew, n);
    char *d_x = vx_element_upload(type, x, all);
    ok(vx_gpu_gelu(NULL, type, d_x + 2 * skew * vx_gpu_type_size(type), n, &err), &err);
    float *got = vx_element_download(type, d_x, all);
    assert_memory_equal(got, x, 2 * skew * sizeof *x);
    for (size_t i = 2 * skew; i < all; i++) {
        const double float32 = VX_TOL_GELU * fmax(1, fabs(want[i]));
        if (!(fabs((double)got[i] - want[i]) <= float32 + vx_element_rounding(type, fabs(want[i]) + float32)))
            fail_msg("gelu, %s, %zu elements: of %.9g it gives %.9g, expected %.9g", vx_element_name(type), n, x[i], got[i], want[i]);
    }
    free(x);
    free(want);
    free(got);
    vx_device_free(d_x);
}

static void test_gelu(void **state)
{
    static const size_t sizes[] = {510, 30, 2, 4, 6, 8, 14, 512, 2050, 10000};
    (void)state;

    EACH_TYPE(t)
        for (size_t i = 0; i < VX_DEVICE_CASES(COUNT(sizes)); i++)
            for (size_t skew = 0; skew < 3; skew++)
                check_gelu(*t, sizes[i], skew);
}

struct head {
    enum vx_gpu_type type;
    int windows, pixels, c, labels;
};

/* As the kernel is defined: the sums in double, from the reference's parts */
static void compare_head(const struct head *s, const float *map, const float *weight, const float *bias, const float *got)
{
    const size_t c = (size_t)s->c;
    float *pooled = vx_calloc(c, sizeof *pooled), *norm = vx_calloc(c, sizeof *norm), *want = vx_calloc((size_t)s->labels, sizeof *want);

    assert_non_null(pooled);
    assert_non_null(norm);
    assert_non_null(want);
    vx_ref_mean_pool(pooled, map, s->pixels, s->c);
    vx_ref_layer_norm(norm, pooled, NULL, NULL, 1, s->c, eps);
    vx_ref_linear(want, norm, weight, bias, 1, s->c, s->labels);
    for (int l = 0; l < s->labels; l++) {
        double terms = fabs(bias[l]);
        for (size_t i = 0; i < c; i++)
            terms += fabs(weight[(size_t)l * c + i] * norm[i]);
        if (!(fabs((double)got[l] - want[l]) <= (VX_TOL_SUM(s->c) + VX_TOL_OP_F32 * growth(pooled, s->c)) * terms))
            fail_msg("head, %s, %d pixels of %d, label %d: %.9g, expected %.9g", vx_element_name(s->type), s->pixels, s->c, l, got[l],
                     want[l]);
    }
    free(pooled);
    free(norm);
    free(want);
}

static void check_head(struct head s)
{
    const size_t c = (size_t)s.c, labels = (size_t)s.labels, windows = (size_t)s.windows, a_window = (size_t)s.pixels * c;
    float *map = vx_element_random(&rng, s.type, windows * a_window, 1), *weight = vx_element_random(&rng, VX_GPU_F32, labels * c, 0.5F),
          *bias = vx_element_random(&rng, VX_GPU_F32, labels, 1);
    char *d_map = vx_element_upload(s.type, map, windows * a_window);
    float *d_weight = vx_device_copy(weight, labels * c * sizeof *weight), *d_bias = vx_device_copy(bias, labels * sizeof *bias),
          *d_logits = vx_device_alloc(windows * labels * sizeof *d_logits);
    struct vx_err err;

    ok(vx_gpu_head(NULL, s.type, d_map, d_weight, d_bias, s.windows, s.pixels, s.c, s.labels, eps, d_logits, &err), &err);
    float *got = vx_device_read(d_logits, windows * labels * sizeof *got);
    for (size_t w = 0; w < windows; w++) {
        compare_head(&s, map + w * a_window, weight, bias, got + w * labels);
        ok(vx_gpu_head(NULL, s.type, d_map + w * a_window * vx_gpu_type_size(s.type), d_weight, d_bias, 1, s.pixels, s.c, s.labels, eps,
                       d_logits, &err), &err);
        float *alone = vx_device_read(d_logits, labels * sizeof *alone);
        assert_memory_equal(alone, got + w * labels, labels * sizeof *alone);
        free(alone);
    }
    free(map);
    free(weight);
    free(bias);
    free(got);
    vx_device_free(d_map);
    vx_device_free(d_weight);
    vx_device_free(d_bias);
    vx_device_free(d_logits);
}

static void test_head(void **state)
{
    static const int shapes[][4] = {{2, 4, 32, 3},  {1, 1, 2, 1},   {3, 1, 8, 2},     {3, 49, 320, 2},
                                    {1, 9, 40, 20}, {2, 49, 768, 2}, {1, 4, 1536, 11}, {1, 2, 8192, 2}};
    (void)state;

    EACH_TYPE(t)
        for (size_t i = 0; i < VX_DEVICE_CASES(COUNT(shapes)); i++)
            check_head((struct head){*t, shapes[i][0], shapes[i][1], shapes[i][2], shapes[i][3]});
}

/* Without windows nothing is launched, and NULL is as good as memory. */
static void test_nothing(void **state)
{
    struct vx_err err;
    (void)state;

    EACH_TYPE(t) {
        ok(vx_gpu_layer_norm(NULL, *t, NULL, NULL, NULL, 0, 8, eps, NULL, &err), &err);
        ok(vx_gpu_gather_norm(NULL, *t, NULL, 0, 7, 8, eps, NULL, &err), &err);
        ok(vx_gpu_gather_patches(NULL, *t, NULL, NULL, 0, 7, 4, 48, NULL, &err), &err);
        ok(vx_gpu_gelu(NULL, *t, NULL, 0, &err), &err);
        ok(vx_gpu_head(NULL, *t, NULL, NULL, NULL, 0, 49, 8, 2, eps, NULL, &err), &err);
    }
}

static void test_refused_norms(void **state)
{
    const enum vx_gpu_type wrong = (enum vx_gpu_type)7;
    float x[2] = {0};
    struct vx_err err;
    (void)state;

    refused(vx_gpu_layer_norm(NULL, VX_GPU_F32, x, NULL, NULL, -1, 2, eps, x, &err), &err, "-1 rows");
    refused(vx_gpu_layer_norm(NULL, VX_GPU_F32, x, NULL, NULL, 1, 3, eps, x, &err), &err, "3 channels");
    refused(vx_gpu_layer_norm(NULL, VX_GPU_F32, x, NULL, NULL, 1, 2050, eps, x, &err), &err, "2050 channels");
    refused(vx_gpu_layer_norm(NULL, VX_GPU_F32, x, x, NULL, 1, 2, eps, x, &err), &err, "beta missing");
    refused(vx_gpu_layer_norm(NULL, wrong, x, NULL, NULL, 1, 2, eps, x, &err), &err, "type 7");
    refused(vx_gpu_gather_norm(NULL, VX_GPU_F32, x, -1, 1, 2, eps, x, &err), &err, "-1 windows");
    refused(vx_gpu_gather_norm(NULL, VX_GPU_F32, x, 1, 0, 2, eps, x, &err), &err, "side 0");
    refused(vx_gpu_gather_norm(NULL, VX_GPU_F32, x, 1, 1, 5, eps, x, &err), &err, "5 channels");
    refused(vx_gpu_gather_norm(NULL, wrong, x, 1, 1, 2, eps, x, &err), &err, "type 7");
}

static void test_refused_others(void **state)
{
    const enum vx_gpu_type wrong = (enum vx_gpu_type)7;
    uint8_t image[2] = {0};
    float x[2] = {0};
    struct vx_err err;
    (void)state;

    refused(vx_gpu_gather_patches(NULL, VX_GPU_F32, image, x, 1, 7, 4, 52, x, &err), &err, "pitch 52");
    refused(vx_gpu_gather_patches(NULL, VX_GPU_F32, image, x, 1, 7, 4, 40, x, &err), &err, "at least 48");
    refused(vx_gpu_gather_patches(NULL, VX_GPU_F32, image, x, 1, 0, 4, 48, x, &err), &err, "of 0 x 0 patches");
    refused(vx_gpu_gather_patches(NULL, VX_GPU_F32, image, x, -2, 7, 4, 48, x, &err), &err, "-2 windows");
    refused(vx_gpu_gather_patches(NULL, VX_GPU_F32, image, x, INT32_MAX, 7, 4, 48, x, &err), &err, "windows*side");
    refused(vx_gpu_gather_patches(NULL, wrong, image, x, 1, 7, 4, 48, x, &err), &err, "type 7");
    refused(vx_gpu_gelu(NULL, VX_GPU_F32, x, 3, &err), &err, "3 elements");
    refused(vx_gpu_gelu(NULL, wrong, x, 2, &err), &err, "type 7");
    refused(vx_gpu_head(NULL, VX_GPU_F32, x, x, x, -1, 1, 2, 1, eps, x, &err), &err, "-1 windows");
    refused(vx_gpu_head(NULL, VX_GPU_F32, x, x, x, 1, 0, 2, 1, eps, x, &err), &err, "0 pixels");
    refused(vx_gpu_head(NULL, VX_GPU_F32, x, x, x, 1, 1, 3, 1, eps, x, &err), &err, "3 channels");
    refused(vx_gpu_head(NULL, VX_GPU_F32, x, x, x, 1, 1, 8194, 1, eps, x, &err), &err, "8194 channels");
    refused(vx_gpu_head(NULL, VX_GPU_F32, x, x, x, 1, 1, 2, 0, eps, x, &err), &err, "0 labels");
    refused(vx_gpu_head(NULL, wrong, x, x, x, 1, 1, 2, 1, eps, x, &err), &err, "type 7");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layer_norm),     cmocka_unit_test(test_layer_norm_place), cmocka_unit_test(test_gather_norm),
        cmocka_unit_test(test_gather_patches), cmocka_unit_test(test_gelu),             cmocka_unit_test(test_head),
        cmocka_unit_test(test_nothing),        cmocka_unit_test(test_refused_norms),    cmocka_unit_test(test_refused_others),
    };

    rng = vx_random_start();
    return vx_device_run_tests("the network's kernels on the device", tests, COUNT(tests));
}
