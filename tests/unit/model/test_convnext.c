/* Loading a model's folder: sizes, agreement with the generator, and every way a checkpoint can disagree with its
 * config. */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "base/mem.h"
#include "model/convnext.h"
#include "model/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static char real[] = "real", fake[] = "fa\"ke", *labels[] = {real, fake, real};
static const struct vx_config small = {32, 3, 4, 2, {1, 2}, {4, 6}, 1e-12F, false, 3, labels, false};

/* Parameters of torchvision's convnext_tiny, _small, _base, _large, and the multiply-accumulates it lists for them
 * (millions; it leaves out nothing but the LayerNorms and the layer scales' products). */
static void test_sizes(void **state)
{
    static const struct {
        const char *name;
        uint64_t n_parameters;
        double mmacs;
    } rows[] = {
        {"tiny", 28589128, 4456}, {"small", 50223688, 8684}, {"base", 88591464, 15355}, {"large", 197767336, 34361},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_config c;
        struct vx_layers layers;
        struct vx_err err;
        assert_int_equal(vx_config_standard(&c, rows[i].name, &err), VX_OK);
        struct vx_config thousand = c;
        thousand.n_labels = 1000;
        assert_int_equal(vx_layers_create(&layers, &thousand, &err), VX_OK);
        assert_int_equal(layers.n_elements, rows[i].n_parameters);
        if (fabs(layers.macs / 1e6 - rows[i].mmacs) > 1)
            fail_msg("%s: %.1f million, expected %.0f", rows[i].name, layers.macs / 1e6, rows[i].mmacs);
        vx_layers_clear(&layers);
        vx_config_clear(&c);
    }
}

static void assert_same_network(const struct vx_convnext *a, const struct vx_convnext *b)
{
    struct vx_layers layers;
    struct vx_err err;
    size_t floats = 0;

    assert_int_equal(vx_layers_create(&layers, &a->config, &err), VX_OK);
    for (size_t i = 0; i < layers.n; i++)
        floats += layers.tensor[i].kind == VX_TENSOR_WEIGHT || layers.tensor[i].kind == VX_TENSOR_BIAS
                      ? (layers.tensor[i].count + 15) / 16 * 16 : 0;
    vx_layers_clear(&layers);
    assert_memory_equal(a->storage, b->storage, floats * sizeof *a->storage);
    assert_ptr_equal((const void *)(b->storage + (a->head_bias - a->storage)), b->head_bias);
    for (int s = 0; s < a->config.n_stages; s++) {
        assert_true(a->stage[s].channels == b->stage[s].channels && a->stage[s].side == b->stage[s].side);
        assert_ptr_equal(b->storage + (a->stage[s].block->pw2_weight - a->storage), b->stage[s].block->pw2_weight);
    }
    assert_int_equal(a->n_parameters, b->n_parameters);
    assert_true(a->macs == b->macs);
    assert_string_equal(a->sha256, b->sha256);
    assert_true(a->config.untrained && b->config.untrained);
    assert_int_equal(a->config.n_labels, b->config.n_labels);
    for (int i = 0; i < a->config.n_labels; i++)
        assert_string_equal(a->config.labels[i], b->config.labels[i]);
    assert_true(a->config.layer_norm_eps == b->config.layer_norm_eps);
}

static void test_load_is_generate(void **state)
{
    char *folder = folder_create();
    struct vx_convnext *made, *loaded, *other;
    struct vx_err err;
    (void)state;
    for (int no_scale = 0; no_scale < 2; no_scale++) {
        struct vx_config c = small;
        c.no_layer_scale = no_scale;
        c.layer_norm_eps = no_scale ? 1.0000001e-5F : 1e-12F; /* takes nine digits to write */
        assert_int_equal(vx_convnext_generate_dir(folder, &c, 5, VX_ST_F32, &err), VX_OK);
        assert_int_equal(vx_convnext_load(&loaded, folder, &err), VX_OK);
        assert_int_equal(vx_convnext_generate(&made, &c, 5, &err), VX_OK);
        assert_same_network(made, loaded);
        assert_int_equal(vx_convnext_generate(&other, &c, 6, &err), VX_OK);
        assert_string_not_equal(made->sha256, other->sha256);
        assert_true(made->head_weight[0] != other->head_weight[0]);
        vx_convnext_destroy(&other);
        vx_convnext_destroy(&made);
        vx_convnext_destroy(&loaded);
        assert_null(loaded);
        vx_convnext_destroy(&loaded);
    }
    folder_remove(&folder);
}

/* The depthwise weights are not folded: they show the rounding alone. */
static void test_half_precision(void **state)
{
    static const struct {
        enum vx_st_dtype dtype;
        double precision;
    } rows[] = {{VX_ST_F16, 0x1p-11}, {VX_ST_BF16, 0x1p-8}};
    char *folder = folder_create();
    struct vx_convnext *made, *loaded;
    struct vx_err err;
    (void)state;
    assert_int_equal(vx_convnext_generate(&made, &small, 5, &err), VX_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double worst = 0;
        assert_int_equal(vx_convnext_generate_dir(folder, &small, 5, rows[i].dtype, &err), VX_OK);
        assert_int_equal(vx_convnext_load(&loaded, folder, &err), VX_OK);
        for (int k = 0; k < 49 * small.hidden_sizes[1]; k++) {
            const double want = (double)made->stage[1].block[1].dw_weight[k];
            worst = fmax(worst, fabs((double)loaded->stage[1].block[1].dw_weight[k] - want) / fabs(want));
        }
        assert_true(worst > rows[i].precision / 8 && worst <= rows[i].precision);
        vx_convnext_destroy(&loaded);
    }
    vx_convnext_destroy(&made);
    folder_remove(&folder);
}

static const char victim[] = "convnext.encoder.stages.1.layers.0.pwconv1.weight"; /* [24, 6] */

enum damage { NOTHING, DROP, RENAME, ADD, TRANSPOSE, FLATTEN, WIDEN, EMPTY };

static void write_damaged(const char *folder, enum damage damage)
{
    struct vx_st_tensor *t;
    struct vx_generated g;
    struct vx_err err;
    size_t n, at = 0;

    assert_int_equal(vx_generated_create(&g, &small, 1, &err), VX_OK);
    n = g.layers.n;
    t = vx_calloc(n + 1, sizeof *t);
    assert_non_null(t);
    memcpy(t, g.tensor, n * sizeof *t);
    while (strcmp(t[at].name, victim) != 0)
        at++;
    switch (damage) {
    case NOTHING:
        break;
    case DROP:
        t[at] = t[--n];
        break;
    case RENAME:
        t[at].name = "convnext.encoder.stages.1.layers.0.pwconv1.gewicht";
        break;
    case ADD:
        t[n] = t[at];
        t[n++].name = "convnext.encoder.stages.1.layers.2.pwconv1.weight";
        break;
    case TRANSPOSE:
        t[at].shape[0] = 6, t[at].shape[1] = 24;
        break;
    case FLATTEN:
        t[at].n_dims = 1, t[at].shape[0] = 144;
        break;
    case WIDEN:
        t[at].n_dims = 4, t[at].shape[2] = t[at].shape[3] = 1;
        break;
    case EMPTY:
        t[at].shape[1] = 0;
        break;
    }
    assert_int_equal(vx_st_write(folder_path(folder, "model.safetensors"), t, n, VX_ST_F32, &err), VX_OK);
    free(t);
    vx_generated_clear(&g);
}

static void expect_refused(const char *folder, const char *message, const char *file)
{
    struct vx_convnext *net;
    struct vx_err err = {0};

    assert_int_equal(vx_convnext_load(&net, folder, &err), VX_EFORMAT);
    assert_null(net);
    if (!strstr(err.text, message) || !strstr(err.text, folder_path(folder, file)))
        fail_msg("\"%s\" does not say \"%s\" of %s", err.text, message, file);
}

static void test_refused(void **state)
{
    static const struct {
        enum damage damage;
        const char *message;
    } rows[] = {
        {DROP, "stages.1.layers.0.pwconv1.weight is missing, expected it with shape [24, 6]"},
        {RENAME, "stages.1.layers.0.pwconv1.weight is missing"},
        {ADD, "stages.1.layers.2.pwconv1.weight belongs to no layer"},
        {TRANSPOSE, "pwconv1.weight has shape [6, 24], expected [24, 6]"},
        {FLATTEN, "pwconv1.weight has shape [144], expected [24, 6]"},
        {WIDEN, "pwconv1.weight has shape [24, 6, 1, 1], expected [24, 6]"},
        {EMPTY, "pwconv1.weight has shape [24, 0], expected [24, 6]"},
    };
    char *folder = folder_create();
    struct vx_convnext *net;
    struct vx_err err;
    (void)state;
    assert_int_equal(vx_convnext_generate_dir(folder, &small, 1, VX_ST_F32, &err), VX_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        write_damaged(folder, rows[i].damage);
        expect_refused(folder, rows[i].message, "model.safetensors");
    }
    write_damaged(folder, NOTHING);
    assert_int_equal(vx_convnext_load(&net, folder, &err), VX_OK);
    vx_convnext_destroy(&net);
    folder_remove(&folder);
}

/* Bytes of a good file changed in place: find → replace, of one length. */
static void patch(const char *folder, const char *name, const char *find, const char *replace)
{
    size_t len;
    char *bytes = folder_read(folder, name, &len), *at = memmem(bytes, len, find, strlen(find));

    assert_non_null(at);
    assert_int_equal(strlen(find), strlen(replace));
    memcpy(at, replace, strlen(replace));
    folder_write(folder, name, bytes, len);
    free(bytes);
}

static void test_refused_content(void **state)
{
    static const float nan = NAN;
    char *folder = folder_create(), *bytes;
    struct vx_err err;
    size_t len;
    (void)state;
    write_damaged(folder, NOTHING);
    assert_int_equal(vx_convnext_generate_dir(folder, &small, 1, VX_ST_F32, &err), VX_EINVAL); /* weights without config */
    assert_non_null(strstr(err.text, "holds model.safetensors, which was not generated"));
    folder_remove(&folder);

    folder = folder_create();
    assert_int_equal(vx_convnext_generate_dir(folder, &small, 1, VX_ST_F32, &err), VX_OK);
    patch(folder, "model.safetensors", "\"classifier.bias\":{\"dtype\":\"F32\"", "\"classifier.bias\":{\"dtype\":\"I32\"");
    expect_refused(folder, "classifier.bias: its dtype is no float", "model.safetensors");
    assert_int_equal(vx_convnext_generate_dir(folder, &small, 1, VX_ST_F32, &err), VX_OK);
    bytes = folder_read(folder, "model.safetensors", &len);
    memcpy(bytes + len - 2 * sizeof nan, &nan, sizeof nan); /* the last tensor is classifier.bias [3] */
    folder_write(folder, "model.safetensors", bytes, len);
    expect_refused(folder, "classifier.bias: element 1 is nan", "model.safetensors");
    folder_write(folder, "model.safetensors", bytes, len - 1);
    expect_refused(folder, "classifier.bias: ends at byte", "model.safetensors");
    free(bytes);
    assert_int_equal(vx_convnext_generate_dir(folder, &small, 1, VX_ST_F32, &err), VX_OK);
    patch(folder, "config.json", "[4, 6]", "[4, 8]");
    expect_refused(folder, "downsampling_layer.1.weight has shape [6, 4, 2, 2], expected [8, 4, 2, 2] as config.json has it", "model.safetensors");
    patch(folder, "config.json", "[4, 8]", "[4, 6]");
    patch(folder, "config.json", "[1, 2]", "[1, 3]");
    expect_refused(folder, "stages.1.layers.2.dwconv.weight is missing", "model.safetensors");
    patch(folder, "config.json", "1e-06", "0e-06");
    patch(folder, "config.json", "[1, 3]", "[1, 2]");
    expect_refused(folder, "layer_scale_parameter belongs to no layer", "model.safetensors");
    folder_remove(&folder);
}

static void test_generate_rejected(void **state)
{
    char *folder = folder_create(), bad_name[] = "\xFF", *bad_labels[] = {bad_name, real, real};
    struct vx_config wrong = small, named = small, trained = small;
    struct vx_convnext *net;
    struct vx_err err;
    (void)state;
    wrong.image_size = 33;
    assert_int_equal(vx_convnext_generate(&net, &wrong, 1, &err), VX_EFORMAT);
    assert_non_null(strstr(err.text, "image_size: 33, expected a multiple of 8"));
    assert_null(net);
    named.labels = bad_labels;
    assert_int_equal(vx_convnext_generate(&net, &named, 1, &err), VX_EFORMAT);
    assert_int_equal(vx_convnext_generate_dir(folder, &small, 1, VX_ST_I64, &err), VX_EINVAL);
    assert_int_equal(vx_convnext_generate_dir("/dev/null/x", &small, 1, VX_ST_F32, &err), VX_ESYS);
    /* a model that somebody trained stays */
    assert_int_equal(vx_convnext_generate_dir(folder, &trained, 1, VX_ST_F32, &err), VX_OK);
    patch(folder, "config.json", "\"voxtrawl_untrained\": true", "\"voxtrawl_untraineD\": true");
    assert_int_equal(vx_convnext_generate_dir(folder, &small, 2, VX_ST_F32, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "holds config.json, which was not generated"));
    folder_remove(&folder);
}

/* Another input size is the same weights on larger maps, equal to a network generated at that size. */
static void test_image_size(void **state)
{
    struct vx_config larger = small;
    struct vx_convnext *net, *expected;
    struct vx_err err;
    (void)state;
    larger.image_size = 2 * small.image_size;
    assert_int_equal(vx_convnext_generate(&net, &small, 1, &err), VX_OK);
    assert_int_equal(vx_convnext_generate(&expected, &larger, 1, &err), VX_OK);
    assert_int_equal(vx_convnext_set_image_size(net, larger.image_size + 1, &err), VX_EINVAL);
    assert_int_equal(net->config.image_size, small.image_size);
    assert_int_equal(vx_convnext_set_image_size(net, larger.image_size, &err), VX_OK);
    assert_true(net->macs == expected->macs);
    for (int s = 0; s < small.n_stages; s++)
        assert_int_equal(net->stage[s].side, expected->stage[s].side);
    vx_convnext_destroy(&net);
    vx_convnext_destroy(&expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sizes),           cmocka_unit_test(test_load_is_generate),
        cmocka_unit_test(test_half_precision),  cmocka_unit_test(test_refused),
        cmocka_unit_test(test_refused_content), cmocka_unit_test(test_generate_rejected),
        cmocka_unit_test(test_image_size),
    };
    return cmocka_run_group_tests_name("convnext", tests, NULL, NULL);
}
