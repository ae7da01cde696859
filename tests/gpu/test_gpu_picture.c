/* Resizing, and the way from levels to the network's image, against the reference: every pixel equal over random shapes. */
#include "tests/gpu/device.h"
#include "tests/harness/check.h"

#include "gpu/frontend_ops.h"
#include "gpu/picture.h"
#include "model/reference_frontend.h"
#include "model/resize_axis.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct vx_random rng;
static const enum vx_resample filters[] = {VX_RESAMPLE_NEAREST, VX_RESAMPLE_BILINEAR, VX_RESAMPLE_BICUBIC};

static void ok(enum vx_status rc, const struct vx_err *err)
{
    if (rc != VX_OK)
        fail_msg("%s", err->text);
}

static uint8_t *random_pixels(size_t n)
{
    uint8_t *p = vx_calloc(n, 1);

    assert_non_null(p);
    for (size_t i = 0; i < n; i++) { /* flat runs too: they overshoot at their edges */
        const uint32_t v = vx_random_next(&rng);
        p[i] = i > 0 && (v & 0x300) == 0 ? p[i - 1] : (v & 0xc00) == 0 ? (v & 0x1000 ? 255 : 0) : (uint8_t)v;
    }
    return p;
}

/* Mostly small, now and then more than a block has threads */
static int random_side(void)
{
    return vx_random_int(&rng, 1, vx_random_int(&rng, 0, 5) == 0 ? 290 : 40);
}

/* One pass over w x h pixels, to `to` columns or lines, windows times */
static void check_pass(bool columns, int w, int h, int to, int channels, enum vx_resample filter, bool triple, int windows)
{
    const int out_w = columns ? to : w, out_h = columns ? h : to;
    const size_t in_bytes = (size_t)(w * h * channels), n = (size_t)(out_w * out_h * channels), copies = triple ? 3 : 1;
    uint8_t *in = random_pixels((size_t)windows * in_bytes), *expected = vx_calloc(n, 1);
    struct vx_resize *plan;
    struct vx_err err;

    assert_non_null(expected);
    ok(vx_resize_create(&plan, w, h, out_w, out_h, channels, filter, &err), &err);
    const struct vx_resize_axis *a = columns ? vx_resize_tables_of(plan).x : vx_resize_tables_of(plan).y;
    int *first = vx_device_copy(a->first, (size_t)a->n * sizeof *first), *taps = vx_device_copy(a->taps, (size_t)a->n * sizeof *taps);
    int32_t *k = a->k ? vx_device_copy(a->k, (size_t)a->n * (size_t)a->stride * sizeof *k) : NULL;
    uint8_t *d_in = vx_device_copy(in, (size_t)windows * in_bytes), *d_out = vx_device_alloc((size_t)windows * n * copies);
    const struct vx_gpu_axis axis = {a->n, a->stride, first, taps, k};
    const size_t pitch = (size_t)(w * channels), start = (size_t)a->start * (columns ? (size_t)channels : pitch);
    const struct vx_gpu_pictures from = {d_in + start, pitch, in_bytes, channels};

    if (columns)
        ok(vx_gpu_resize_columns(NULL, &axis, &from, windows, h, triple, d_out, &err), &err);
    else
        ok(vx_gpu_resize_lines(NULL, &axis, &from, windows, w, triple, d_out, &err), &err);
    uint8_t *out = vx_device_read(d_out, (size_t)windows * n * copies);
    for (int i = 0; i < windows; i++) {
        ok(vx_ref_resize(in + (size_t)i * in_bytes, w, h, expected, out_w, out_h, channels, filter, &err), &err);
        for (size_t j = 0; j < n * copies; j++)
            if (out[(size_t)i * n * copies + j] != expected[j / copies])
                fail_msg("%d x %d to %d x %d, %d channels, filter %d, window %d: pixels differ", w, h, out_w, out_h, channels,
                         (int)filter, i);
    }
    vx_resize_destroy(&plan);
    free(out);
    free(expected);
    free(in);
    vx_device_free(d_out);
    vx_device_free(d_in);
    vx_device_free(k);
    vx_device_free(taps);
    vx_device_free(first);
}

static void test_passes(void **state)
{
    (void)state;
    for (int i = 0; i < VX_DEVICE_CASES(60); i++) {
        const int channels = i % 4 == 0 ? 3 : 1;
        check_pass(i % 2, random_side(), random_side(), random_side(), channels, filters[i % 3], channels == 1 && i % 5 == 0, 1 + i % 2);
    }
}

static void check_picture(const struct vx_profile *profile, const struct vx_processor *p, int size, int rows, int columns,
                          int windows)
{
    const size_t cells = (size_t)(rows * columns), n = (size_t)size * (size_t)size * 3;
    uint8_t *level = random_pixels((size_t)windows * cells), *expected = vx_calloc(n, 1);
    struct vx_gpu_picture *picture;
    struct vx_err err;

    assert_non_null(expected);
    ok(vx_gpu_picture_create(&picture, profile, p, size, rows, columns, windows, &err), &err);
    uint8_t *d_level = vx_device_copy(level, (size_t)windows * cells), *d_image = vx_device_alloc((size_t)windows * n);
    uint8_t *scratch = vx_device_alloc(vx_gpu_picture_scratch(picture));
    ok(vx_gpu_picture_run(picture, NULL, d_level, d_image, scratch, &err), &err);
    uint8_t *image = vx_device_read(d_image, (size_t)windows * n);
    for (int w = 0; w < windows; w++) {
        ok(vx_ref_picture(profile, p, level + (size_t)w * cells, rows, columns, expected, &err), &err);
        if (memcmp(image + (size_t)w * n, expected, n) != 0)
            fail_msg("%d x %d levels by %d x %d to %d, colour %d, filter %d, window %d of %d: pixels differ", columns, rows,
                     profile->image_width, profile->image_height, size, (int)profile->colour, (int)profile->image_filter, w, windows);
    }
    vx_gpu_picture_destroy(&picture);
    free(image);
    free(expected);
    free(level);
    vx_device_free(scratch);
    vx_device_free(d_image);
    vx_device_free(d_level);
}

static void test_pictures(void **state)
{
    static const int sizes[] = {17, 32, 65};
    (void)state;
    for (int i = 0; i < VX_DEVICE_CASES(72); i++) {
        const int size = sizes[i % 3];
        struct vx_processor p = vx_processor_default();
        struct vx_profile profile = {.name = "random", .colour = (enum vx_colour)(i / 3 % 3), .use_processor = i % 4 > 0};

        p.shortest_edge = size;
        p.crop_pct = i % 8 == 1 ? 1.0 : vx_random_int(&rng, 40, 100) / 100.0;
        p.resample = filters[vx_random_int(&rng, 0, 2)];
        profile.image_filter = filters[vx_random_int(&rng, 0, 2)];
        if (i % 4 < 3) {
            const int side = random_side(), other = vx_random_int(&rng, (side + 7) / 8, 8 * side);
            /* narrower ones are fitted by way of towers of ten thousand lines, which take the scalar reference minutes */
            profile.image_width = profile.use_processor ? side : size;
            profile.image_height = profile.use_processor ? (other < 290 ? other : 290) : size;
        }
        check_picture(&profile, &p, size, vx_random_int(&rng, 1, 60), vx_random_int(&rng, 1, 60), 1 + i % 3);
    }
}

/* Where a pass, or all of them, would change nothing: the picture has the size already, or a crop is all there is. */
static void test_nothing_to_resize(void **state)
{
    enum { SIZE = 28 };
    struct vx_processor p = vx_processor_default();
    (void)state;

    p.shortest_edge = SIZE;
    for (int i = 0; i < 9; i++) {
        struct vx_profile profile = {.name = "same", .colour = (enum vx_colour)(i / 3), .image_filter = filters[i % 3]};
        profile.image_width = profile.image_height = SIZE;
        check_picture(&profile, &p, SIZE, SIZE, SIZE, 2);
        check_picture(&profile, &p, SIZE, SIZE + 5, SIZE, 2);
        check_picture(&profile, &p, SIZE, SIZE, SIZE - 5, 2);
        profile.use_processor = true;
        p.crop_pct = 1.0;
        check_picture(&profile, &p, SIZE, SIZE, SIZE, 2);
        profile.image_width = profile.image_height = 32; /* 28/0.875: only the crop is left */
        p.crop_pct = 0.875;
        check_picture(&profile, &p, SIZE, 32, 32, 2);
    }
}

static void test_refused(void **state)
{
    const struct vx_processor p = vx_processor_default();
    struct vx_profile profile = {.name = "small", .image_width = 200, .image_height = 224};
    struct vx_gpu_picture *picture;
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_gpu_picture_create(&picture, &profile, &p, 224, 128, 126, 1, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "small"));
    assert_null(picture);
    profile.use_processor = true;
    assert_int_equal(vx_gpu_picture_create(&picture, &profile, &p, 256, 128, 126, 1, &err), VX_EINVAL);
    assert_null(picture);
    profile.image_width = 224;
    ok(vx_gpu_picture_create(&picture, &profile, &p, 224, 128, 126, 1, &err), &err);
    vx_gpu_picture_destroy(&picture);
    vx_gpu_picture_destroy(&picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_passes), cmocka_unit_test(test_pictures), cmocka_unit_test(test_nothing_to_resize),
        cmocka_unit_test(test_refused),
    };

    rng = vx_random_start();
    return vx_device_run_tests("pictures on the device", tests, COUNT(tests));
}
