/* Every kernel set that this processor runs, against the reference: all widths up to two and a half vectors
 * and those of real networks, sides that fit no tile, every element type. */
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/tolerances.h"

#include "cpu/gather.h"
#include "model/half.h"
#include "model/reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vx_random rng;
static bool bench;

static const struct vx_kernels *sets[3];
static int n_sets;

static const int widths[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,  16,  17,  18, 23,
                             24, 25, 31, 32, 33, 34, 39, 40, 41, 47, 48, 49, 80, 96, 192, 193, 384, 768};
static const int sides[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 14, 15};
#define COUNT(a) (sizeof(a) / sizeof *(a))

static int find_sets(void **state)
{
    (void)state;
    sets[n_sets++] = &vx_kernels_baseline;
#if defined(__x86_64__)
    const struct vx_isa isa = vx_isa_detect();
    if (isa.avx2)
        sets[n_sets++] = &vx_kernels_avx2;
    if (isa.avx512)
        sets[n_sets++] = &vx_kernels_avx512;
#endif
    for (int i = 0; i < n_sets; i++)
        print_message("%s ", sets[i]->name);
    print_message("\n");
    rng = vx_random_start();
    return 0;
}

static float *random_floats(size_t n, float scale)
{
    float *p = vx_guard_alloc(n * sizeof *p);

    vx_random_floats(&rng, p, n, scale);
    return p;
}

/* A row after LayerNorm: an error of the row before it grows by 1/std, which the reference row tells. */
static double row_amplification(const float *row, int c)
{
    double mean = 0, var = 0;

    for (int i = 0; i < c; i++)
        mean += row[i] / (double)c;
    for (int i = 0; i < c; i++)
        var += (row[i] - mean) * (row[i] - mean) / c;
    return 1 / sqrt(var + VX_LAYER_NORM_EPS);
}

static void assert_row(const char *what, const char *set, const float *got, const float *want, int c,
                       double tolerance)
{
    for (int i = 0; i < c; i++)
        if (!(fabs((double)got[i] - want[i]) <= tolerance * fmax(1, fabs(want[i]))))
            fail_msg("%s, %s, width %d: element %d is %.9g, expected %.9g", what, set, c, i, got[i], want[i]);
}

/* The bf16 form of an output is the float32 form, rounded. */
static void assert_rounded(const char *what, const char *set, const uint16_t *half, const float *full,
                           size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (half[i] != vx_bf16_from_float(full[i]))
            fail_msg("%s, %s: element %zu in bf16 is %#x, float32 %.9g rounds to %#x", what, set, i, half[i],
                     full[i], vx_bf16_from_float(full[i]));
}

static void check_norm(const struct vx_kernels *k, int c, size_t rows, bool affine)
{
    const size_t n = rows * (size_t)c;
    float *in = random_floats(n, 4), *gamma = random_floats((size_t)c, 1),
          *beta = random_floats((size_t)c, 1), *want = vx_guard_alloc(n * sizeof(float)),
          *full = vx_guard_alloc(n * sizeof(float));
    uint16_t *half = vx_guard_alloc(n * sizeof *half);
    const struct vx_norm op = {.channels = c,
                               .gamma = affine ? gamma : NULL,
                               .beta = affine ? beta : NULL,
                               .eps = VX_LAYER_NORM_EPS};

    vx_ref_layer_norm(want, in, op.gamma, op.beta, (int)rows, c, op.eps);
    k->norm(&op, in, full, VX_TYPE_F32, rows);
    k->norm(&op, in, half, VX_TYPE_BF16, rows);
    assert_rounded("norm", k->name, half, full, n);
    k->norm(&op, in, in, VX_TYPE_F32, rows); /* in place */
    assert_memory_equal(in, full, n * sizeof *in);
    for (size_t r = 0; r < rows; r++) {
        const double grown = 4 * row_amplification(want + r * (size_t)c, c);
        assert_row("norm", k->name, full + r * (size_t)c, want + r * (size_t)c, c,
                   VX_TOL_OP_F32 * fmax(1, grown));
    }
    vx_guard_free(in);
    vx_guard_free(gamma);
    vx_guard_free(beta);
    vx_guard_free(want);
    vx_guard_free(full);
    vx_guard_free(half);
}

static void test_norm(void **state)
{
    (void)state;
    for (int s = 0; s < n_sets; s++)
        for (size_t w = 0; w < COUNT(widths); w++)
            for (size_t rows = 0; rows < 10; rows++)
                check_norm(sets[s], widths[w], rows, rows % 2);
}

static void check_dwconv(const struct vx_kernels *k, int side, int c)
{
    const size_t rows = (size_t)side * (size_t)side, n = rows * (size_t)c;
    float *in = random_floats(n, 1), *weight = random_floats(49 * (size_t)c, 0.3F),
          *bias = random_floats((size_t)c, 0.1F), *conv = vx_guard_alloc(n * sizeof(float)),
          *want = vx_guard_alloc(n * sizeof(float)), *full = vx_guard_alloc(n * sizeof(float)),
          *scratch = vx_guard_alloc((size_t)side * (size_t)c * sizeof(float));
    uint16_t *half = vx_guard_alloc(n * sizeof *half);
    const struct vx_dwconv op = {side, c, weight, bias};

    vx_ref_depthwise(conv, in, weight, bias, side, side, c);
    vx_ref_layer_norm(want, conv, NULL, NULL, (int)rows, c, VX_LAYER_NORM_EPS);
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++) {
            if (x == 0)
                k->conv_row(&op, in, y, scratch);
            assert_row("depthwise", k->name, scratch + (size_t)x * (size_t)c,
                       conv + (size_t)(y * side + x) * (size_t)c, c, VX_TOL_OP_F32);
        }
    vx_dwconv_norm(k, &op, in, full, VX_TYPE_F32, scratch);
    vx_dwconv_norm(k, &op, in, half, VX_TYPE_BF16, scratch);
    assert_rounded("depthwise and norm", k->name, half, full, n);
    for (size_t r = 0; r < rows; r++)
        assert_row("depthwise and norm", k->name, full + r * (size_t)c, want + r * (size_t)c, c,
                   VX_TOL_OP_F32 * fmax(1, row_amplification(conv + r * (size_t)c, c)));
    vx_guard_free(in);
    vx_guard_free(weight);
    vx_guard_free(bias);
    vx_guard_free(conv);
    vx_guard_free(want);
    vx_guard_free(full);
    vx_guard_free(half);
    vx_guard_free(scratch);
}

static void test_dwconv(void **state)
{
    (void)state;
    for (int s = 0; s < n_sets; s++) {
        for (size_t w = 0; w < COUNT(widths); w++)
            for (size_t i = 0; i < COUNT(sides) && (widths[w] < 50 || i < 4); i++)
                check_dwconv(sets[s], sides[i], widths[w]);
        check_dwconv(sets[s], 28, 40);
        check_dwconv(sets[s], 16, 96);
    }
}

static void test_gather_patches(void **state)
{
    static const int patches[] = {1, 2, 3, 4, 7};
    float table[3][256];

    (void)state;
    vx_random_floats(&rng, table[0], 3 * 256, 3);
    for (size_t p = 0; p < COUNT(patches); p++)
        for (int side = 1; side < 6; side++) {
            const int patch = patches[p], size = side * patch;
            const size_t n = (size_t)size * (size_t)size * 3;
            uint8_t *image = vx_guard_alloc(n);
            float *rows = vx_guard_alloc(n * sizeof *rows);
            for (size_t i = 0; i < n; i++)
                image[i] = (uint8_t)vx_random_next(&rng);
            vx_gather_patches(image, (const float(*)[256])table, side, patch, rows);
            for (int y = 0; y < size; y++)
                for (int x = 0; x < size; x++)
                    for (int c = 0; c < 3; c++) {
                        const int row = y / patch * side + x / patch,
                                  in_row = (y % patch * patch + x % patch) * 3 + c;
                        assert_true(rows[row * patch * patch * 3 + in_row] ==
                                    table[c][image[(y * size + x) * 3 + c]]);
                    }
            vx_guard_free(image);
            vx_guard_free(rows);
        }
}

/* Gathering is normalising, then moving: the set's own norm at the place that the convolution reads. */
static void check_gather_norm(const struct vx_kernels *k, int side, int c, enum vx_type type)
{
    const size_t pixels = 4 * (size_t)side * (size_t)side, element = vx_type_size(type),
                 bytes = (size_t)c * element;
    const struct vx_norm op = {.channels = c, .eps = VX_LAYER_NORM_EPS};
    float *map = random_floats(pixels * (size_t)c, 2);
    unsigned char *rows = vx_guard_alloc(pixels * bytes), *norm = vx_guard_alloc(pixels * bytes);

    vx_gather_norm(k, &op, map, side, rows, type);
    k->norm(&op, map, norm, type, pixels);
    for (int y = 0; y < 2 * side; y++)
        for (int x = 0; x < 2 * side; x++) {
            const size_t at = (size_t)(y / 2 * side + x / 2) * 4 + (size_t)(y % 2 * 2 + x % 2);
            assert_memory_equal(rows + at * bytes, norm + (size_t)(y * 2 * side + x) * bytes, bytes);
        }
    vx_guard_free(map);
    vx_guard_free(rows);
    vx_guard_free(norm);
}

static void test_gather_norm(void **state)
{
    (void)state;
    for (int s = 0; s < n_sets; s++)
        for (size_t w = 0; w < COUNT(widths); w++)
            for (int side = 1; side < 5; side++) {
                check_gather_norm(sets[s], side, widths[w], VX_TYPE_F32);
                check_gather_norm(sets[s], side, widths[w], VX_TYPE_BF16);
            }
}

struct timed {
    const struct vx_kernels *kernels;
    struct vx_dwconv op;
    const float *in;
    void *out;
    float *scratch;
};

static void run_dwconv(void *user)
{
    const struct timed *t = user;

    vx_dwconv_norm(t->kernels, &t->op, t->in, t->out, VX_TYPE_F32, t->scratch);
}

static void run_norm(void *user)
{
    const struct timed *t = user;
    const struct vx_norm op = {.channels = t->op.channels, .eps = VX_LAYER_NORM_EPS};

    t->kernels->norm(&op, t->in, t->out, VX_TYPE_F32, (size_t)t->op.side * (size_t)t->op.side);
}

static void test_speed(void **state)
{
    static const int shapes[][2] = {{56, 96}, {28, 192}, {14, 384}, {7, 768}};

    (void)state;
    if (!bench)
        skip();
    for (int s = 0; s < n_sets; s++)
        for (size_t i = 0; i < COUNT(shapes); i++) {
            const int side = shapes[i][0], c = shapes[i][1];
            const size_t n = (size_t)(side * side) * (size_t)c;
            float *in = random_floats(n, 1), *weight = random_floats(50 * (size_t)c, 1),
                  *scratch = vx_guard_alloc((size_t)side * (size_t)c * sizeof(float));
            void *out = vx_guard_alloc(n * sizeof(float));
            struct timed t = {sets[s], {side, c, weight, weight + 49 * (size_t)c}, in, out, scratch};
            const double conv = vx_check_time(run_dwconv, &t), norm = vx_check_time(run_norm, &t);
            print_message("%-9s %2d² × %3d: depthwise + norm %7.1f µs (%5.1f GFLOP/s), norm %6.1f µs\n",
                          sets[s]->name, side, c, conv * 1e6, 98e-9 * (double)n / conv, norm * 1e6);
            vx_guard_free(in);
            vx_guard_free(weight);
            vx_guard_free(scratch);
            vx_guard_free(out);
        }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_norm), cmocka_unit_test(test_dwconv),
                                       cmocka_unit_test(test_gather_patches),
                                       cmocka_unit_test(test_gather_norm), cmocka_unit_test(test_speed)};

    bench = vx_check_bench(argc, argv);
    return cmocka_run_group_tests_name("kernels", tests, find_sets, NULL);
}
