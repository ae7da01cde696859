/* Pillow's resizing and transformers' ConvNextImageProcessorPil (tests/golden/frontend.py): every pixel equal. */
#include "tests/harness/cmocka.h"
#include "tests/harness/golden.h"
#include "tests/harness/signal.h"

#include "model/processor.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int open_golden(void **state)
{
    struct vx_golden *golden;
    struct vx_err err;

    if (vx_golden_open(&golden, "image.gold", &err) != VX_OK)
        fail_msg("%s", err.text);
    *state = golden;
    return 0;
}

static int close_golden(void **state)
{
    struct vx_golden *golden = *state;

    vx_golden_close(&golden);
    return 0;
}

static void test_made_by_script(void **state)
{
    vx_golden_assert_script(*state);
}

static uint8_t *pixels(int h, int w, int channels, uint64_t seed)
{
    uint8_t *p = vx_calloc((size_t)h * (size_t)w, (size_t)channels);

    assert_non_null(p);
    vx_test_pixels(p, h, w, channels, seed);
    return p;
}

/* shape: width and height before and after, channels. Large results are compared by their hash. */
static void resize_one(const struct vx_golden *golden, const char *group, int i, const int32_t *shape)
{
    static const struct {
        const char *name;
        enum vx_resample filter;
    } filters[] = {{"nearest", VX_RESAMPLE_NEAREST}, {"bilinear", VX_RESAMPLE_BILINEAR}, {"bicubic", VX_RESAMPLE_BICUBIC}};
    const size_t n = (size_t)shape[2] * (size_t)shape[3] * (size_t)shape[4];
    uint8_t *in = pixels(shape[1], shape[0], shape[4], 100 + (uint64_t)i), *out = vx_calloc(n, 1);
    struct vx_resize *plan;
    struct vx_err err;

    for (size_t f = 0; f < sizeof filters / sizeof *filters; f++) {
        if (vx_resize_create(&plan, shape[0], shape[1], shape[2], shape[3], shape[4], filters[f].filter, &err) != VX_OK)
            fail_msg("%s", err.text);
        uint8_t *scratch = vx_calloc(vx_resize_scratch(plan), 1);
        vx_resize_run(plan, in, out, scratch);
        if (strcmp(group, "small") == 0) {
            const struct vx_golden_array *e = vx_golden_get(golden, VX_GOLDEN_U8, "resize.small.%d.%s", i, filters[f].name);
            assert_int_equal(e->count, n);
            assert_memory_equal(out, e->data, n);
        } else {
            const struct vx_golden_array *e = vx_golden_get(golden, VX_GOLDEN_I64, "resize.large.%d.%s", i, filters[f].name);
            if (vx_test_fnv(out, n) != *(const uint64_t *)e->data)
                fail_msg("%d x %d to %d x %d, %s: pixels differ from Pillow's", shape[0], shape[1], shape[2], shape[3],
                         filters[f].name);
        }
        free(scratch);
        vx_resize_destroy(&plan);
        assert_null(plan);
    }
    free(in);
    free(out);
}

static void test_resize(void **state)
{
    static const char *const groups[] = {"small", "large"};

    for (size_t g = 0; g < 2; g++) {
        const struct vx_golden_array *shapes = vx_golden_get(*state, VX_GOLDEN_I32, "resize.%s", groups[g]);
        for (size_t i = 0; i < shapes->shape[0]; i++)
            resize_one(*state, groups[g], (int)i, (const int32_t *)shapes->data + 5 * i);
    }
}

/* A part is the same pixels as that part of the whole. */
static void test_resize_part(void **state)
{
    static const struct {
        int in_w, in_h, out_w, out_h, x, y, w, h, channels;
    } rows[] = {
        {40, 30, 56, 47, 3, 5, 50, 31, 3}, {40, 30, 40, 47, 7, 0, 33, 47, 1}, {40, 30, 21, 30, 0, 9, 21, 1, 3},
        {40, 30, 40, 30, 1, 2, 3, 4, 3},   {90, 80, 9, 7, 8, 6, 1, 1, 1},
    };
    static const enum vx_resample filters[] = {VX_RESAMPLE_NEAREST, VX_RESAMPLE_BILINEAR, VX_RESAMPLE_BICUBIC};
    struct vx_resize *whole, *part;
    struct vx_err err;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t f = 0; f < 3; f++) {
            const size_t c = (size_t)rows[i].channels, w = (size_t)rows[i].w * c, pitch = (size_t)rows[i].out_w * c;
            uint8_t *in = pixels(rows[i].in_h, rows[i].in_w, rows[i].channels, i);
            uint8_t *all = vx_calloc(pitch, (size_t)rows[i].out_h), *some = vx_calloc(w, (size_t)rows[i].h);
            assert_int_equal(vx_resize_create(&whole, rows[i].in_w, rows[i].in_h, rows[i].out_w, rows[i].out_h,
                                              rows[i].channels, filters[f], &err), VX_OK);
            assert_int_equal(vx_resize_create_part(&part, rows[i].in_w, rows[i].in_h, rows[i].out_w, rows[i].out_h,
                                                   rows[i].x, rows[i].y, rows[i].w, rows[i].h, rows[i].channels, filters[f],
                                                   &err), VX_OK);
            uint8_t *scratch = vx_calloc(vx_resize_scratch(whole) + vx_resize_scratch(part), 1);
            vx_resize_run(whole, in, all, scratch);
            vx_resize_run(part, in, some, scratch);
            for (size_t y = 0; y < (size_t)rows[i].h; y++)
                assert_memory_equal(some + y * w, all + ((size_t)rows[i].y + y) * pitch + (size_t)rows[i].x * c, w);
            vx_resize_destroy(&whole);
            vx_resize_destroy(&part);
            free(scratch);
            free(some);
            free(all);
            free(in);
        }
}

/* The processor's configuration goes through a file, as a checkpoint's does. */
static struct vx_processor load(const struct vx_golden *golden, int i)
{
    const struct vx_golden_array *json = vx_golden_get(golden, VX_GOLDEN_U8, "processor.%d.json", i);
    char dir[] = "/tmp/vx-processor-XXXXXX", *path;
    struct vx_processor p;
    struct vx_err err;

    assert_non_null(mkdtemp(dir));
    path = vx_file_join(dir, "preprocessor_config.json");
    assert_int_equal(vx_file_write(path, json->data, json->count, &err), VX_OK);
    const enum vx_status rc = vx_processor_load(&p, dir, &err);
    unlink(path);
    rmdir(dir);
    free(path);
    if (rc != VX_OK)
        fail_msg("%s", err.text);
    return p;
}

static void fit_one(const struct vx_golden *golden, int i, const struct vx_processor *p, int j, int w, int h)
{
    const int size = p->shortest_edge;
    const size_t area = (size_t)size * (size_t)size;
    uint8_t *in = pixels(h, w, 3, 200 + (uint64_t)j), *out = vx_calloc(area, 3);
    float table[3][256], *values = vx_calloc(area, 3 * sizeof *values);
    struct vx_fit *fit;
    struct vx_err err;

    if (vx_fit_create(&fit, p, w, h, size, &err) != VX_OK)
        fail_msg("%s", err.text);
    uint8_t *scratch = vx_calloc(vx_fit_scratch(fit), 1);
    vx_fit_run(fit, in, out, scratch);
    if (vx_test_fnv(out, 3 * area) != *(const uint64_t *)vx_golden_get(golden, VX_GOLDEN_I64, "processor.%d.fit.%d", i, j)->data)
        fail_msg("processor %d, %d x %d: pixels differ from ConvNextImageProcessorPil's", i, w, h);
    vx_processor_table(p, table);
    for (size_t c = 0; c < 3; c++)
        for (size_t k = 0; k < area; k++)
            values[c * area + k] = table[c][out[3 * k + c]];
    if (vx_test_fnv(values, 3 * area * sizeof *values) !=
        *(const uint64_t *)vx_golden_get(golden, VX_GOLDEN_I64, "processor.%d.values.%d", i, j)->data)
        fail_msg("processor %d, %d x %d: values differ from ConvNextImageProcessorPil's", i, w, h);
    vx_fit_destroy(&fit);
    free(scratch);
    free(values);
    free(out);
    free(in);
}

static void test_processor(void **state)
{
    const struct vx_golden_array *shapes = vx_golden_get(*state, VX_GOLDEN_I32, "fit.shapes");
    const int n = *(const int32_t *)vx_golden_get(*state, VX_GOLDEN_I32, "processors")->data;
    float table[3][256];

    for (int i = 0; i < n; i++) {
        const struct vx_processor p = load(*state, i);
        vx_processor_table(&p, table);
        assert_memory_equal(table, vx_golden_get(*state, VX_GOLDEN_F32, "processor.%d.table", i)->data, sizeof table);
        for (size_t j = 0; j < shapes->shape[0]; j++) {
            const int32_t *shape = (const int32_t *)shapes->data + 2 * j;
            fit_one(*state, i, &p, (int)j, shape[0], shape[1]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_by_script), cmocka_unit_test(test_resize), cmocka_unit_test(test_resize_part),
        cmocka_unit_test(test_processor),
    };
    return cmocka_run_group_tests_name("golden image", tests, open_golden, close_golden);
}
