/* preprocessor_config.json: what is accepted and, beside it, what is not. */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "model/processor.h"

#include <stdlib.h>
#include <string.h>

static char *folder;

static int setup(void **state)
{
    (void)state;
    folder = folder_create();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static enum vx_status load(const char *json, struct vx_processor *p, struct vx_err *err)
{
    folder_write(folder, "preprocessor_config.json", json, strlen(json));
    return vx_processor_load(p, folder, err);
}

static void test_facebook(void **state)
{
    /* as facebook/convnext-tiny-224 has it */
    static const char json[] =
        "{\"crop_pct\": 0.875, \"do_normalize\": true, \"do_resize\": true, \"feature_extractor_type\": "
        "\"ConvNextFeatureExtractor\", \"image_mean\": [0.485, 0.456, 0.406], \"image_std\": [0.229, 0.224, 0.225], "
        "\"resample\": 3, \"size\": 224}";
    const struct vx_processor expected = vx_processor_default();
    struct vx_processor p;
    struct vx_err err;
    (void)state;

    if (load(json, &p, &err) != VX_OK)
        fail_msg("%s", err.text);
    assert_int_equal(p.shortest_edge, expected.shortest_edge);
    assert_true(p.crop_pct == expected.crop_pct && p.rescale_factor == expected.rescale_factor);
    assert_true(p.do_resize && p.do_rescale && p.do_normalize);
    assert_int_equal(p.resample, VX_RESAMPLE_BICUBIC);
    assert_memory_equal(p.mean, expected.mean, sizeof p.mean);
    assert_memory_equal(p.std, expected.std, sizeof p.std);
}

static void test_whole(void **state)
{
    static const char json[] =
        "{\"image_processor_type\": \"ConvNextImageProcessor\", \"do_resize\": false, \"size\": {\"shortest_edge\": 384}, "
        "\"crop_pct\": 1.0, \"resample\": 2, \"do_rescale\": false, \"rescale_factor\": 0.5, \"do_normalize\": false, "
        "\"image_mean\": 0.25, \"image_std\": [1, 2, 3], \"do_center_crop\": false, \"crop_size\": null, \"data_format\": "
        "\"channels_first\"}";
    struct vx_processor p;
    struct vx_err err;
    (void)state;

    if (load(json, &p, &err) != VX_OK)
        fail_msg("%s", err.text);
    assert_false(p.do_resize || p.do_rescale || p.do_normalize);
    assert_int_equal(p.shortest_edge, 384);
    assert_true(p.crop_pct == 1 && p.rescale_factor == 0.5 && p.mean[0] == 0.25f && p.mean[2] == 0.25f && p.std[2] == 3);
    assert_int_equal(p.resample, VX_RESAMPLE_BILINEAR);
}

static void test_rows(void **state)
{
    static const struct {
        const char *json;
        bool ok;
        const char *names; /* the key, where it is refused */
    } rows[] = {
        {"{}", true, NULL},
        {"[]", false, "object"},
        {"{\"size\": 224,}", false, "JSON"},
        {"{\"size\": null}", true, NULL},
        {"{\"size\": 0}", false, "size"},
        {"{\"size\": 4097}", false, "size"},
        {"{\"size\": 224.5}", false, "size"},
        {"{\"size\": \"224\"}", false, "size"},
        {"{\"size\": {}}", false, "size"},
        {"{\"size\": {\"height\": 224, \"width\": 224}}", true, NULL},
        {"{\"size\": {\"height\": 224, \"width\": 256}}", false, "size"},
        {"{\"size\": {\"height\": 224}}", false, "size"},
        {"{\"size\": 224, \"size\": 256}", false, "size"},
        {"{\"do_resize\": 1}", false, "do_resize"},
        {"{\"do_rescale\": \"yes\"}", false, "do_rescale"},
        {"{\"do_normalize\": []}", false, "do_normalize"},
        {"{\"crop_pct\": 0.05}", true, NULL},
        {"{\"crop_pct\": 0}", false, "crop_pct"},
        {"{\"crop_pct\": 1.01}", false, "crop_pct"},
        {"{\"crop_pct\": null}", true, NULL},
        {"{\"resample\": 0}", true, NULL},
        {"{\"resample\": 1}", false, "resample"},
        {"{\"resample\": 4}", false, "resample"},
        {"{\"resample\": 2.5}", false, "resample"},
        {"{\"rescale_factor\": 0}", false, "rescale_factor"},
        {"{\"rescale_factor\": 1e999}", false, "rescale_factor"},
        {"{\"image_mean\": [0.5, 0.5]}", false, "image_mean"},
        {"{\"image_mean\": [0.5, 0.5, null]}", false, "image_mean"},
        {"{\"image_mean\": [-1, 0, 1]}", true, NULL},
        {"{\"image_std\": [0.5, 0, 0.5]}", false, "image_std"},
        {"{\"image_std\": 0}", false, "image_std"},
        {"{\"image_std\": 0.5}", true, NULL},
        {"{\"do_center_crop\": true}", false, "do_center_crop"},
        {"{\"do_pad\": true}", false, "do_pad"},
        {"{\"image_processor_type\": \"ConvNextImageProcessorFast\"}", true, NULL},
        {"{\"image_processor_type\": \"ViTImageProcessor\"}", false, "image_processor_type"},
        {"{\"feature_extractor_type\": \"BeitFeatureExtractor\"}", false, "feature_extractor_type"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_processor p = {.shortest_edge = 7};
        struct vx_err err = {.text = ""};
        const enum vx_status rc = load(rows[i].json, &p, &err);
        if (rc != (rows[i].ok ? VX_OK : VX_EFORMAT))
            fail_msg("%s: status %d, %s", rows[i].json, (int)rc, err.text);
        if (rows[i].ok)
            continue;
        assert_int_equal(p.shortest_edge, 7);
        if (!strstr(err.text, "preprocessor_config.json") || !strstr(err.text, rows[i].names))
            fail_msg("%s: expected the file and \"%s\" in: %s", rows[i].json, rows[i].names, err.text);
    }
}

static void test_missing(void **state)
{
    struct vx_processor p;
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_processor_load(&p, "/nonexistent", &err), VX_ESYS);
    assert_non_null(strstr(err.text, "/nonexistent/preprocessor_config.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facebook),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_missing),
    };
    return cmocka_run_group_tests_name("processor", tests, setup, teardown);
}
