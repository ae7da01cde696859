/* Resizing, the image processor's geometry and the way from levels to the network's image, against the reference: every
 * pixel equal over random shapes, and nothing written outside of the buffers. */
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"

#include "cpu/picture.h"
#include "model/reference_frontend.h"

#include <stdlib.h>
#include <string.h>

static struct vx_random rng;
static const enum vx_resample filters[] = {VX_RESAMPLE_NEAREST, VX_RESAMPLE_BILINEAR, VX_RESAMPLE_BICUBIC};

static uint8_t *random_pixels(size_t n)
{
    uint8_t *p = vx_guard_alloc(n);

    for (size_t i = 0; i < n; i++) { /* flat runs too: they overshoot at their edges */
        const uint32_t v = vx_random_next(&rng);
        p[i] = i > 0 && (v & 0x300) == 0 ? p[i - 1] : (v & 0xc00) == 0 ? (v & 0x1000 ? 255 : 0) : (uint8_t)v;
    }
    return p;
}

/* Mostly small, now and then up to 300; sizes around vector widths come up by themselves. */
static int random_side(void)
{
    return vx_random_int(&rng, 1, vx_random_int(&rng, 0, 3) == 0 ? 300 : 40);
}

static void test_resize(void **state)
{
    (void)state;
    for (int i = 0; i < 400; i++) {
        const int w = random_side(), h = random_side(), channels = vx_random_int(&rng, 1, 4);
        const int to_w = i % 7 == 0 ? w : random_side(), to_h = i % 5 == 0 ? h : random_side();
        const enum vx_resample filter = filters[i % 3];
        const size_t n = (size_t)to_w * (size_t)to_h * (size_t)channels;
        uint8_t *in = random_pixels((size_t)w * (size_t)h * (size_t)channels);
        uint8_t *out = vx_guard_alloc(n), *expected = vx_guard_alloc(n);
        struct vx_resize *plan;
        struct vx_err err;

        assert_int_equal(vx_resize_create(&plan, w, h, to_w, to_h, channels, filter, &err), VX_OK);
        uint8_t *scratch = vx_guard_alloc(vx_resize_scratch(plan));
        vx_resize_run(plan, in, out, scratch);
        assert_int_equal(vx_ref_resize(in, w, h, expected, to_w, to_h, channels, filter, &err), VX_OK);
        if (memcmp(out, expected, n) != 0)
            fail_msg("%d x %d to %d x %d, %d channels, filter %d: pixels differ", w, h, to_w, to_h, channels, (int)filter);
        vx_resize_destroy(&plan);
        vx_guard_free(scratch);
        vx_guard_free(expected);
        vx_guard_free(out);
        vx_guard_free(in);
    }
}

static void test_fit(void **state)
{
    static const int edges[] = {1, 8, 17, 64, 100, 384};
    (void)state;
    for (int i = 0; i < 120; i++) {
        struct vx_processor p = vx_processor_default();
        const int w = random_side() + 9, h = random_side() + 9, edge = edges[i % 6];
        const size_t area = (size_t)edge * (size_t)edge;
        uint8_t *grey = random_pixels((size_t)w * (size_t)h), *in = vx_guard_alloc(3 * (size_t)w * (size_t)h);
        uint8_t *out = vx_guard_alloc(3 * area), *expected = vx_guard_alloc(3 * area), *one = vx_guard_alloc(area);
        struct vx_fit *fit, *fit_grey;
        struct vx_err err;

        p.shortest_edge = edge;
        p.crop_pct = vx_random_int(&rng, 20, 100) / 100.0;
        p.resample = filters[i % 3];
        for (size_t k = 0; k < 3 * (size_t)w * (size_t)h; k++)
            in[k] = k % 3 == 0 ? grey[k / 3] : (uint8_t)(grey[k / 3] * k);
        assert_int_equal(vx_fit_create(&fit, &p, w, h, edge, &err), VX_OK);
        assert_int_equal(vx_fit_create_grey(&fit_grey, &p, w, h, edge, &err), VX_OK);
        uint8_t *scratch = vx_guard_alloc(vx_fit_scratch(fit)), *scratch_grey = vx_guard_alloc(vx_fit_scratch(fit_grey));
        vx_fit_run(fit, in, out, scratch);
        vx_fit_run(fit_grey, grey, one, scratch_grey);
        assert_int_equal(vx_ref_fit(&p, in, w, h, expected, &err), VX_OK);
        if (memcmp(out, expected, 3 * area) != 0)
            fail_msg("%d x %d to %d, crop_pct %g, filter %d: pixels differ", w, h, edge, p.crop_pct, (int)p.resample);
        for (size_t k = 0; k < area; k++)
            assert_int_equal(one[k], out[3 * k]);
        vx_fit_destroy(&fit);
        vx_fit_destroy(&fit_grey);
        vx_guard_free(scratch);
        vx_guard_free(scratch_grey);
        vx_guard_free(one);
        vx_guard_free(expected);
        vx_guard_free(out);
        vx_guard_free(in);
        vx_guard_free(grey);
    }
}

static void test_picture(void **state)
{
    static const int sizes[] = {32, 65, 224};
    (void)state;
    for (int i = 0; i < 120; i++) {
        const int rows = vx_random_int(&rng, 1, 130), columns = vx_random_int(&rng, 1, 130), size = sizes[i % 3];
        const size_t n = (size_t)size * (size_t)size * 3;
        struct vx_processor p = vx_processor_default();
        struct vx_profile profile = {.name = "random", .colour = (enum vx_colour)(i % 3), .use_processor = i % 4 > 0};
        uint8_t *level = random_pixels((size_t)rows * (size_t)columns);
        uint8_t *image = vx_guard_alloc(n), *expected = vx_guard_alloc(n);
        struct vx_picture *plan;
        struct vx_err err;

        p.shortest_edge = size;
        profile.image_filter = filters[vx_random_int(&rng, 0, 2)];
        if (i % 4 < 3) {
            profile.image_width = profile.use_processor ? random_side() : size;
            profile.image_height = profile.use_processor ? random_side() : size;
        }
        assert_int_equal(vx_picture_create(&plan, &profile, &p, size, rows, columns, &err), VX_OK);
        uint8_t *scratch = vx_guard_alloc(vx_picture_scratch(plan));
        vx_picture_run(plan, level, image, scratch);
        assert_int_equal(vx_ref_picture(&profile, &p, level, rows, columns, expected, &err), VX_OK);
        if (memcmp(image, expected, n) != 0)
            fail_msg("row %d: %d x %d levels to %d: pixels differ", i, columns, rows, size);
        vx_picture_destroy(&plan);
        vx_guard_free(scratch);
        vx_guard_free(expected);
        vx_guard_free(image);
        vx_guard_free(level);
    }
}

static void test_refused(void **state)
{
    struct vx_processor p = vx_processor_default();
    struct vx_profile profile = {.name = "small", .image_width = 200, .image_height = 224, .use_processor = false};
    struct vx_resize *resize;
    struct vx_picture *picture;
    struct vx_fit *fit;
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_resize_create(&resize, 0, 5, 5, 5, 1, VX_RESAMPLE_BICUBIC, &err), VX_ELIMIT);
    assert_int_equal(vx_resize_create(&resize, 5, 5, 5, 1 << 25, 1, VX_RESAMPLE_BICUBIC, &err), VX_ELIMIT);
    assert_int_equal(vx_resize_create(&resize, 5, 5, 5, 5, 5, VX_RESAMPLE_BICUBIC, &err), VX_EINVAL);
    assert_int_equal(vx_resize_create_part(&resize, 5, 5, 9, 9, 5, 0, 5, 9, 1, VX_RESAMPLE_BICUBIC, &err), VX_EINVAL);
    assert_null(resize);
    assert_int_equal(vx_fit_create(&fit, &p, 224, 224, 256, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "256x256"));
    assert_int_equal(vx_fit_create(&fit, &p, 1, 1000000, 224, &err), VX_ELIMIT);
    assert_int_equal(vx_fit_create(&fit, &p, 0, 10, 224, &err), VX_EINVAL);
    p.do_resize = false;
    assert_int_equal(vx_fit_create(&fit, &p, 223, 224, 224, &err), VX_EINVAL);
    assert_null(fit);
    assert_int_equal(vx_fit_create(&fit, &p, 224, 224, 224, &err), VX_OK);
    vx_fit_destroy(&fit);
    assert_int_equal(vx_picture_create(&picture, &profile, &p, 224, 128, 126, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "small"));
    profile.image_width = 224;
    assert_int_equal(vx_picture_create(&picture, &profile, &p, 224, 128, 126, &err), VX_OK);
    vx_picture_destroy(&picture);
    vx_picture_destroy(&picture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resize), cmocka_unit_test(test_fit), cmocka_unit_test(test_picture),
        cmocka_unit_test(test_refused),
    };

    rng = vx_random_start();
    return cmocka_run_group_tests_name("picture", tests, NULL, NULL);
}
