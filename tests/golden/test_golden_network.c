/* The network against transformers: the scalar reference layer by layer, the CPU engine by its logits
 * (network.py). */
#include "tests/harness/cmocka.h"
#include "tests/harness/golden.h"
#include "tests/harness/picture.h"
#include "tests/harness/tolerances.h"

#include "cpu/engine.h"
#include "model/reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NETWORKS 3 /* in network.gold */

static struct vx_golden *open_golden(const char *name)
{
    struct vx_golden *g;
    struct vx_err err;

    if (vx_golden_open(&g, name, &err) != VX_OK)
        fail_msg("%s", err.text);
    vx_golden_assert_script(g);
    return g;
}

static struct vx_convnext *generate(const struct vx_config *config, const struct vx_golden *g)
{
    const struct vx_golden_array *seed = vx_golden_get(g, VX_GOLDEN_I64, "seed");
    struct vx_convnext *net;
    struct vx_err err;

    if (vx_convnext_generate(&net, config, (uint64_t) * (const int64_t *)seed->data, &err) != VX_OK)
        fail_msg("%s", err.text);
    return net;
}

/* image_size, patch_size, labels, stages, depths, hidden sizes */
static struct vx_convnext *small_network(const struct vx_golden *g, int index)
{
    static char label[] = "label", *labels[] = {label, label, label};
    const int32_t *shape = vx_golden_get(g, VX_GOLDEN_I32, "net.%d.shape", index)->data;
    const struct vx_golden_array *eps = vx_golden_get(g, VX_GOLDEN_F32, "net.%d.eps", index);
    struct vx_config config = {.image_size = shape[0],
                               .patch_size = shape[1],
                               .n_labels = shape[2],
                               .n_stages = shape[3],
                               .num_channels = 3,
                               .labels = labels,
                               .layer_norm_eps = *(const float *)eps->data};

    for (int s = 0; s < config.n_stages; s++) {
        config.depths[s] = shape[4 + s];
        config.hidden_sizes[s] = shape[4 + config.n_stages + s];
    }
    return generate(&config, g);
}

/* The largest difference, relative to the largest expected magnitude of the layer. */
static double relative_error(const float *got, const float *want, size_t n)
{
    double most = 0, scale = 0;

    for (size_t i = 0; i < n; i++) {
        most = fmax(most, fabs((double)got[i] - want[i]));
        scale = fmax(scale, fabs(want[i]));
    }
    return most / scale;
}

struct layers {
    const struct vx_golden *golden;
    int index, seen;
};

static void check_layer(void *user, const struct vx_ref_layer *layer)
{
    struct layers *l = user;
    char name[64];

    if (layer->stage > 0 && layer->block < 0 && layer->name[0] == 's')
        snprintf(name, sizeof name, "stage.%d.down", layer->stage);
    else if (layer->name[0] == 's')
        snprintf(name, sizeof name, "stage.%d.block.%d", layer->stage, layer->block);
    else
        snprintf(name, sizeof name, "%s", layer->name);
    const struct vx_golden_array *want = vx_golden_get(l->golden, VX_GOLDEN_F32, "net.%d.%s", l->index, name);
    assert_int_equal(want->count, (size_t)layer->rows * (size_t)layer->channels);
    const double error = relative_error(layer->data, want->data, want->count);
    print_message("net.%d.%-16s %.1e\n", l->index, name, error);
    if (!(error <= VX_TOL_REFERENCE))
        fail_msg("net.%d.%s is off by %g of its largest value", l->index, name, error);
    l->seen++;
}

static void test_reference_layers(void **state)
{
    struct vx_golden *g = open_golden("network.gold");
    const struct vx_processor processor = vx_processor_default();
    float table[3][256], logits[3];
    struct vx_err err;

    (void)state;
    vx_processor_table(&processor, table);
    for (int index = 0; index < NETWORKS; index++) {
        struct layers layers = {.golden = g, .index = index};
        struct vx_convnext *net = small_network(g, index);
        const int size = net->config.image_size;
        const size_t n = (size_t)size * (size_t)size * 3;
        uint8_t *image = malloc(n);
        float *pixels = malloc(n * sizeof *pixels);

        assert_true(image && pixels);
        vx_test_picture(index, size, image);
        for (size_t i = 0; i < n; i++)
            pixels[i] = table[i % 3][image[i]];
        assert_int_equal(vx_ref_forward(net, pixels, logits, check_layer, &layers, &err), VX_OK);
        int want = 2 + net->config.n_stages; /* embeddings, downsamplings, pooled, logits, and the blocks */
        for (int s = 0; s < net->config.n_stages; s++)
            want += net->config.depths[s];
        assert_int_equal(layers.seen, want);
        free(image);
        free(pixels);
        vx_convnext_destroy(&net);
    }
    vx_golden_close(&g);
}

/* The engine's logits of `count` pictures from number `first` on; false when it cannot compute in bf16 here,
 * and says so. */
static bool engine_logits(const struct vx_convnext *net, enum vx_precision precision, int first, int count,
                          float *logits)
{
    const struct vx_processor processor = vx_processor_default();
    struct vx_profile profile;
    const struct vx_engine_config config = {.net = net,
                                            .profile = &profile,
                                            .processor = &processor,
                                            .precision = precision,
                                            .lanes = 1,
                                            .max_batch = count};
    const int size = net->config.image_size;
    const size_t bytes = (size_t)size * (size_t)size * 3;
    struct vx_input in = {.kind = VX_INPUT_IMAGE, .n = count};
    uint8_t *images = malloc(bytes * (size_t)count);
    struct vx_engine *engine;
    struct vx_err err;

    assert_non_null(images);
    for (int i = 0; i < count; i++)
        vx_test_picture(first + i, size, images + (size_t)i * bytes);
    in.data = images;
    assert_int_equal(vx_profile_load(&profile, VX_PROFILE_DEFAULT, &err), VX_OK);
    enum vx_status rc = vx_cpu_engine.open(&engine, &config, &err);
    if (rc == VX_OK)
        rc = vx_engine_run(engine, 0, &in, logits, &err);
    vx_engine_close(&engine);
    free(images);
    if (rc == VX_EUNSUPPORTED && precision == VX_PRECISION_BF16)
        print_message("not compared: %s\n", err.text);
    else if (rc != VX_OK)
        fail_msg("%s", err.text);
    return rc == VX_OK;
}

/* tolerance is a share of the largest |logit| of all rows. The label must be the same wherever the expected
 * margin between the first and the second is over `margin` of that. Returns the largest difference. */
static double compare_logits(const char *what, const float *got, const float *want, int rows, int labels,
                             double tolerance, double margin)
{
    double most = 0, scale = 0;

    for (int i = 0; i < rows * labels; i++) {
        most = fmax(most, fabs((double)got[i] - want[i]));
        scale = fmax(scale, fabs(want[i]));
    }
    print_message("%-30s largest difference %.2e at logits up to %.2f\n", what, most, scale);
    if (!(most <= tolerance * scale))
        fail_msg("%s: logits are off by %g, allowed is %g", what, most, tolerance * scale);
    for (int r = 0; r < rows; r++) {
        const float *g = got + r * labels, *w = want + r * labels;
        int top_g = 0, top_w = 0;
        float second = -INFINITY;
        for (int i = 1; i < labels; i++) {
            top_g = g[i] > g[top_g] ? i : top_g;
            top_w = w[i] > w[top_w] ? i : top_w;
        }
        for (int i = 0; i < labels; i++)
            second = i != top_w && w[i] > second ? w[i] : second;
        if (w[top_w] - second > margin * scale)
            assert_int_equal(top_g, top_w);
    }
    return most;
}

static void test_engine_small(void **state)
{
    struct vx_golden *g = open_golden("network.gold");
    float logits[3];

    (void)state;
    for (int index = 0; index < NETWORKS; index++) {
        struct vx_convnext *net = small_network(g, index);
        const struct vx_golden_array *want = vx_golden_get(g, VX_GOLDEN_F32, "net.%d.logits", index);
        assert_true(engine_logits(net, VX_PRECISION_FP32, index, 1, logits));
        compare_logits("small, fp32", logits, want->data, 1, (int)want->count, VX_TOL_LOGITS_FP32, 0);
        if (engine_logits(net, VX_PRECISION_BF16, index, 1, logits))
            compare_logits("small, bf16", logits, want->data, 1, (int)want->count, VX_TOL_LOGITS_BF16,
                           VX_TOL_LOGITS_BF16);
        vx_convnext_destroy(&net);
    }
    vx_golden_close(&g);
}

static void test_engine_tiny(void **state)
{
    struct vx_golden *g = open_golden("network-tiny.gold");
    const struct vx_golden_array *want = vx_golden_get(g, VX_GOLDEN_F32, "logits"),
                                 *torch = vx_golden_get(g, VX_GOLDEN_F32, "logits.bfloat16");
    const int rows = (int)want->shape[0];
    struct vx_config config;
    struct vx_convnext *net;
    float logits[16];
    struct vx_err err;

    (void)state;
    assert_true(want->count <= 16);
    assert_int_equal(vx_config_standard(&config, "tiny", &err), VX_OK);
    net = generate(&config, g);
    assert_true(engine_logits(net, VX_PRECISION_FP32, 0, rows, logits));
    compare_logits("ConvNeXt-Tiny, fp32", logits, want->data, rows, 2, VX_TOL_LOGITS_FP32, 0);
    const double theirs = compare_logits("PyTorch's own bf16", torch->data, want->data, rows, 2,
                                         VX_TOL_LOGITS_BF16, VX_TOL_LOGITS_BF16);
    if (engine_logits(net, VX_PRECISION_BF16, 0, rows, logits))
        assert_true(compare_logits("ConvNeXt-Tiny, bf16", logits, want->data, rows, 2, VX_TOL_LOGITS_BF16,
                                   VX_TOL_LOGITS_BF16) <= theirs);
    vx_convnext_destroy(&net);
    vx_config_clear(&config);
    vx_golden_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reference_layers),
                                       cmocka_unit_test(test_engine_small),
                                       cmocka_unit_test(test_engine_tiny)};

    return cmocka_run_group_tests_name("network against transformers", tests, NULL, NULL);
}
