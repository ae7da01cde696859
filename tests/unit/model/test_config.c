/* config.json: what is read, what is refused, and what the message says. */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "model/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* As transformers writes it, with keys that mean nothing here. */
static const char sample[] = "{\n"
                             "  \"_name_or_path\": \"facebook/convnext-tiny-224\",\n"
                             "  \"architectures\": [\"ConvNextForImageClassification\"],\n"
                             "  \"depths\": [3, 3, 9, 3],\n"
                             "  \"drop_path_rate\": 0.0,\n"
                             "  \"hidden_act\": \"gelu\",\n"
                             "  \"hidden_sizes\": [96, 192, 384, 768],\n"
                             "  \"id2label\": {\"0\": \"fake\", \"1\": \"gr\\u00fcn\"},\n"
                             "  \"image_size\": 224,\n"
                             "  \"initializer_range\": 0.02,\n"
                             "  \"label2id\": {\"fake\": 0, \"gr\\u00fcn\": 1},\n"
                             "  \"layer_norm_eps\": 1e-12,\n"
                             "  \"layer_scale_init_value\": 1e-06,\n"
                             "  \"model_type\": \"convnext\",\n"
                             "  \"num_channels\": 3,\n"
                             "  \"num_stages\": 4,\n"
                             "  \"out_features\": [\"stage4\"],\n"
                             "  \"patch_size\": 4,\n"
                             "  \"torch_dtype\": \"float32\"\n"
                             "}\n";

/* sample with the first `find` replaced. */
static char *edited(const char *find, const char *replace)
{
    const char *at = strstr(sample, find);
    char *text = NULL;

    assert_non_null(at);
    assert_true(asprintf(&text, "%.*s%s%s", (int)(at - sample), sample, replace, at + strlen(find)) >= 0);
    return text;
}

static enum vx_status load(struct vx_config *config, const char *folder, const char *text, struct vx_err *err)
{
    folder_write(folder, "config.json", text, strlen(text));
    return vx_config_load(config, folder, err);
}

static void test_sample(void **state)
{
    static const int depths[] = {3, 3, 9, 3}, sizes[] = {96, 192, 384, 768};
    char *folder = folder_create();
    struct vx_config c, copy;
    struct vx_err err;
    (void)state;
    assert_int_equal(load(&c, folder, sample, &err), VX_OK);
    assert_int_equal(c.image_size, 224);
    assert_int_equal(c.num_channels, 3);
    assert_int_equal(c.patch_size, 4);
    assert_int_equal(c.n_stages, 4);
    assert_memory_equal(c.depths, depths, sizeof depths);
    assert_memory_equal(c.hidden_sizes, sizes, sizeof sizes);
    assert_true(c.layer_norm_eps == 1e-12F);
    assert_false(c.no_layer_scale);
    assert_false(c.untrained);
    assert_int_equal(c.n_labels, 2);
    assert_string_equal(c.labels[0], "fake");
    assert_string_equal(c.labels[1], "gr\xC3\xBCn");
    assert_int_equal(vx_config_copy(&copy, &c), 0);
    vx_config_clear(&c);
    vx_config_clear(&c);
    assert_string_equal(copy.labels[1], "gr\xC3\xBCn");
    vx_config_clear(&copy);
    folder_remove(&folder);
}

static void test_accepted(void **state)
{
    static const struct {
        const char *find, *replace;
        int n_labels;
        const char *last_label;
        bool no_layer_scale, untrained;
    } rows[] = {
        {"  \"id2label\": {\"0\": \"fake\", \"1\": \"gr\\u00fcn\"},\n", "", 2, "LABEL_1", false, false},
        {"  \"id2label\": {\"0\": \"fake\", \"1\": \"gr\\u00fcn\"},\n", "\"num_labels\": 7,", 7, "LABEL_6", false, false},
        {"{\"0\": \"fake\", \"1\": \"gr\\u00fcn\"}", "{\"2\": \"c\", \"0\": \"a\", \"1\": \"a\"}", 3, "c", false, false},
        {"1e-06", "0", 2, "gr\xC3\xBCn", true, false},
        {"1e-06", "-1.5", 2, "gr\xC3\xBCn", true, false},
        {"  \"num_stages\": 4,\n", "", 2, "gr\xC3\xBCn", false, false},
        {"\"num_stages\": 4", "\"voxtrawl_untrained\": true", 2, "gr\xC3\xBCn", false, true},
        {"\"num_stages\": 4", "\"voxtrawl_untrained\": false", 2, "gr\xC3\xBCn", false, false},
        {"[\"ConvNextForImageClassification\"]", "[\"Other\", \"ConvNextForImageClassification\"]", 2, "gr\xC3\xBCn", false,
         false},
        {"224,", "32,", 2, "gr\xC3\xBCn", false, false},
        {"224,", "2.24e2,", 2, "gr\xC3\xBCn", false, false},
    };
    char *folder = folder_create();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = edited(rows[i].find, rows[i].replace);
        struct vx_config c;
        struct vx_err err;
        if (load(&c, folder, text, &err) != VX_OK)
            fail_msg("row %zu: %s", i, err.text);
        assert_int_equal(c.n_labels, rows[i].n_labels);
        assert_string_equal(c.labels[c.n_labels - 1], rows[i].last_label);
        assert_int_equal(c.no_layer_scale, rows[i].no_layer_scale);
        assert_int_equal(c.untrained, rows[i].untrained);
        vx_config_clear(&c);
        free(text);
    }
    folder_remove(&folder);
}

static void test_rejected(void **state)
{
    static const struct {
        const char *find, *replace, *message;
    } rows[] = {
        {"\"model_type\": \"convnext\"", "\"model_type\": \"convnextv2\"", "model_type is \"convnextv2\", expected \"convnext\""},
        {"\"model_type\": \"convnext\",", "", "model_type is missing"},
        {"\"model_type\": \"convnext\"", "\"model_type\": 3", "model_type is \"(no text)\""},
        {"ConvNextForImageClassification", "ResNetForImageClassification", "architectures is \"ResNet"},
        {"[\"ConvNextForImageClassification\"]", "[]", "architectures"},
        {"\"gelu\"", "\"relu\"", "hidden_act is \"relu\", expected \"gelu\""},
        {"  \"depths\": [3, 3, 9, 3],\n", "", "depths: expected a list of 1 to 8 numbers"},
        {"[3, 3, 9, 3]", "[]", "depths: expected a list"},
        {"[3, 3, 9, 3]", "[1,1,1,1,1,1,1,1,1]", "depths: expected a list of 1 to 8"},
        {"[3, 3, 9, 3]", "3", "depths: expected a list"},
        {"[3, 3, 9, 3]", "[3, 3, 9]", "hidden_sizes: 4 numbers, expected 3"},
        {"[3, 3, 9, 3]", "[3, 3, 0, 3]", "depths[2]: expected a whole number, 1 to 256"},
        {"[3, 3, 9, 3]", "[3, 3, 9, 257]", "depths[3]: expected a whole number"},
        {"[3, 3, 9, 3]", "[3, 3.5, 9, 3]", "depths[1]: expected a whole number"},
        {"[3, 3, 9, 3]", "[3, \"3\", 9, 3]", "depths[1]: expected a whole number"},
        {"768]", "8193]", "hidden_sizes[3]: expected a whole number, 1 to 8192"},
        {"768]", "-768]", "hidden_sizes[3]: expected"},
        {"768]", "1e300]", "hidden_sizes[3]: expected"},
        {"\"image_size\": 224", "\"image_size\": 225", "image_size: 225, expected a multiple of 32"},
        {"\"image_size\": 224", "\"image_size\": 0", "image_size: expected a whole number, 1 to 4096"},
        {"\"image_size\": 224", "\"image_size\": 1000000", "image_size: expected a whole number"},
        {"\"image_size\": 224,", "", "image_size: expected a whole number"},
        {"\"image_size\": 224,", "\"image_size\": [224, 224],", "image_size: expected a whole number"},
        {"\"num_channels\": 3", "\"num_channels\": 1", "num_channels: expected a whole number, 3 to 3"},
        {"\"patch_size\": 4", "\"patch_size\": 0", "patch_size: expected a whole number"},
        {"\"patch_size\": 4", "\"patch_size\": 5", "image_size: 224, expected a multiple of 40"},
        {"\"num_stages\": 4", "\"num_stages\": 3", "num_stages: expected 4"},
        {"1e-12", "0", "layer_norm_eps: 0, expected more than 0"},
        {"1e-12", "1e-60", "layer_norm_eps: 0, expected more than 0"},
        {"1e-12", "-1e-12", "layer_norm_eps"},
        {"1e-12", "1e400", "layer_norm_eps: inf"},
        {"1e-12", "\"1e-12\"", "layer_norm_eps: expected a number"},
        {"1e-06", "null", "layer_scale_init_value: expected a number"},
        {"  \"layer_scale_init_value\": 1e-06,\n", "", "layer_scale_init_value: expected a number"},
        {"\"0\": \"fake\"", "\"2\": \"fake\"", "id2label: key \"2\" among 2"},
        {"\"0\": \"fake\"", "\"00\": \"fake\"", "id2label: key \"00\""},
        {"\"0\": \"fake\"", "\"-0\": \"fake\"", "id2label: key \"-0\""},
        {"\"0\": \"fake\"", "\"\": \"fake\"", "id2label: key \"\""},
        {"\"0\": \"fake\"", "\"99999999999999999999\": \"fake\"", "id2label: key \"9999"},
        {"\"0\": \"fake\"", "\"1\": \"fake\"", "key \"1\" twice"},
        {"\"0\": \"fake\"", "\"0\": 0", "id2label: \"0\": expected a name"},
        {"\"0\": \"fake\"", "\"0\": \"\"", "id2label: \"0\": expected a name"},
        {"\"0\": \"fake\"", "\"0\": \"a\\u0000b\"", "NUL"},
        {"{\"0\": \"fake\", \"1\": \"gr\\u00fcn\"}", "{}", "id2label: 0 labels"},
        {"{\"0\": \"fake\", \"1\": \"gr\\u00fcn\"}", "[\"fake\", \"real\"]", "id2label: expected an object"},
        {"  \"id2label\": {\"0\": \"fake\", \"1\": \"gr\\u00fcn\"},\n", "\"num_labels\": 0,", "num_labels"},
        {"  \"id2label\": {\"0\": \"fake\", \"1\": \"gr\\u00fcn\"},\n", "\"num_labels\": 10001,", "num_labels"},
        {"\"num_stages\": 4", "\"voxtrawl_untrained\": 1", "voxtrawl_untrained: expected true or false"},
        {"\"drop_path_rate\": 0.0", "\"depths\": [1]", "key \"depths\" twice"},
        {"\"float32\"\n}", "\"float32\"\n} x", "not JSON from byte"},
        {"\"depths\": [", "\"depths\": [[", "not JSON from byte"},
        {"\"float32\"", "\"\xFF\"", "not UTF-8"},
    };
    char *folder = folder_create();
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = edited(rows[i].find, rows[i].replace);
        struct vx_config c;
        struct vx_err err = {0};
        assert_int_equal(load(&c, folder, text, &err), VX_EFORMAT);
        assert_null(c.labels);
        if (!strstr(err.text, rows[i].message) || !strstr(err.text, folder_path(folder, "config.json")))
            fail_msg("row %zu: \"%s\" does not say \"%s\"", i, err.text, rows[i].message);
        free(text);
    }
    folder_remove(&folder);
}

static void test_not_there(void **state)
{
    char *folder = folder_create();
    struct vx_config c;
    struct vx_err err;
    (void)state;
    assert_int_equal(vx_config_load(&c, folder, &err), VX_ESYS);
    assert_non_null(strstr(err.text, folder_path(folder, "config.json")));
    assert_int_equal(load(&c, folder, "", &err), VX_EFORMAT);
    assert_int_equal(load(&c, folder, "[]", &err), VX_EFORMAT);
    assert_int_equal(load(&c, folder, "null", &err), VX_EFORMAT);
    folder_write(folder, "config.json", "{}\0", 3);
    assert_int_equal(vx_config_load(&c, folder, &err), VX_EFORMAT);
    folder_remove(&folder);
}

static void test_standard(void **state)
{
    static const struct {
        const char *name;
        int blocks, first, last;
    } rows[] = {
        {"atto", 12, 40, 320},  {"femto", 12, 48, 384}, {"pico", 12, 64, 512},   {"nano", 14, 80, 640},
        {"tiny", 18, 96, 768},  {"small", 36, 96, 768}, {"base", 36, 128, 1024}, {"large", 36, 192, 1536},
    };
    struct vx_config c;
    struct vx_err err;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int blocks = 0;
        assert_int_equal(vx_config_standard(&c, rows[i].name, &err), VX_OK);
        assert_int_equal(vx_config_check(&c, "standard", &err), VX_OK);
        for (int s = 0; s < c.n_stages; s++)
            blocks += c.depths[s];
        assert_int_equal(blocks, rows[i].blocks);
        assert_int_equal(c.hidden_sizes[0], rows[i].first);
        assert_int_equal(c.hidden_sizes[3], rows[i].last);
        assert_string_equal(c.labels[0], "real");
        assert_string_equal(c.labels[1], "fake");
        vx_config_clear(&c);
    }
    assert_int_equal(vx_config_standard(&c, "Tiny", &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "atto, femto, pico, nano, tiny, small, base, large"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sample),    cmocka_unit_test(test_accepted), cmocka_unit_test(test_rejected),
        cmocka_unit_test(test_not_there), cmocka_unit_test(test_standard),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
