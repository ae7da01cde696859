/* How far the tanh form of GELU, which cuBLASLt can fuse, takes a network's logits from those of the exact one, which transformers
 * means: gpu/README.md builds on the answer. Plain reference arithmetic throughout, so that nothing else differs. */
#include "tests/harness/cmocka.h"
#include "tests/harness/picture.h"
#include "tests/harness/tolerances.h"

#include "base/mem.h"
#include "model/processor.h"
#include "model/reference.h"

#include <math.h>
#include <stdlib.h>

#define PICTURES 3

/* x·(1 + tanh(√(2/π)·(x + 0.044715·x³)))/2 (torch.nn.GELU(approximate="tanh")) */
static void tanh_gelu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double v = x[i];
        x[i] = (float)(v * (1 + tanh(sqrt(2 / M_PI) * (v + 0.044715 * v * v * v))) / 2);
    }
}

typedef void gelu_form(float *x, size_t n);

static void run_block(const struct vx_convnext_stage *st, const struct vx_convnext_block *w, gelu_form *gelu, float *map,
                      float *other, float *hidden)
{
    const int c = st->channels, rows = st->side * st->side;

    vx_ref_depthwise(other, map, w->dw_weight, w->dw_bias, st->side, st->side, c);
    vx_ref_layer_norm(other, other, NULL, NULL, rows, c, VX_LAYER_NORM_EPS);
    vx_ref_linear(hidden, other, w->pw1_weight, w->pw1_bias, rows, c, 4 * c);
    gelu(hidden, (size_t)rows * 4 * (size_t)c);
    vx_ref_linear(other, hidden, w->pw2_weight, w->pw2_bias, rows, 4 * c, c);
    for (size_t i = 0; i < (size_t)rows * (size_t)c; i++)
        map[i] += other[i];
}

/* vx_ref_forward() with one of the forms */
static void forward(const struct vx_convnext *net, const float *image, gelu_form *gelu, float *logits)
{
    const struct vx_config *cf = &net->config;
    const struct vx_convnext_stage *st = &net->stage[0];
    size_t most = 0;

    for (int s = 0; s < cf->n_stages; s++) {
        const size_t n = (size_t)net->stage[s].side * (size_t)net->stage[s].side * (size_t)net->stage[s].channels;
        most = n > most ? n : most;
    }
    float *map = vx_calloc(most, sizeof *map), *other = vx_calloc(most, sizeof *other), *hidden = vx_calloc(most, 4 * sizeof *hidden);
    assert_true(map && other && hidden);
    vx_ref_patches(map, image, net->embed_weight, net->embed_bias, st->side, cf->patch_size, 3, st->channels);
    vx_ref_layer_norm(map, map, net->embed_gamma, net->embed_beta, st->side * st->side, st->channels, VX_LAYER_NORM_EPS);
    for (int s = 0; s < cf->n_stages; s++) {
        st = &net->stage[s];
        if (s > 0) {
            vx_ref_layer_norm(other, map, NULL, NULL, st[-1].side * st[-1].side, st[-1].channels, VX_LAYER_NORM_EPS);
            vx_ref_patches(map, other, st->down_weight, st->down_bias, st->side, 2, st[-1].channels, st->channels);
        }
        for (int i = 0; i < st->depth; i++)
            run_block(st, &st->block[i], gelu, map, other, hidden);
    }
    vx_ref_mean_pool(other, map, st->side * st->side, st->channels);
    vx_ref_layer_norm(other, other, NULL, NULL, 1, st->channels, cf->layer_norm_eps);
    vx_ref_linear(logits, other, net->head_weight, net->head_bias, 1, st->channels, cf->n_labels);
    free(map);
    free(other);
    free(hidden);
}

static void compare(const char *name, const struct vx_convnext *net)
{
    const struct vx_processor processor = vx_processor_default();
    const int size = net->config.image_size;
    const size_t n = (size_t)size * (size_t)size * 3;
    float table[3][256], exact[2], again[2], approximate[2], *pixels = vx_calloc(n, sizeof *pixels);
    uint8_t *image = vx_calloc(n, 1);
    double most = 0, scale = 0;
    struct vx_err err;

    assert_true(image && pixels && net->config.n_labels == 2);
    vx_processor_table(&processor, table);
    for (int i = 0; i < PICTURES; i++) {
        vx_test_picture(i, size, image);
        for (size_t k = 0; k < n; k++)
            pixels[k] = table[k % 3][image[k]];
        forward(net, pixels, vx_ref_gelu, exact);
        forward(net, pixels, tanh_gelu, approximate);
        if (i == 0) { /* the forward here is the reference's */
            assert_int_equal(vx_ref_forward(net, pixels, again, NULL, NULL, &err), VX_OK);
            assert_memory_equal(again, exact, sizeof exact);
        }
        for (int k = 0; k < 2; k++) {
            most = fmax(most, fabs((double)approximate[k] - exact[k]));
            scale = fmax(scale, fabs(exact[k]));
        }
    }
    print_message("%s: logits up to %.2f, tanh instead of erf moves them by %.1e of that\n", name, scale, most / scale);
    assert_true(most > 0); /* the forms do differ */
    assert_true(most <= VX_TOL_GELU_TANH * scale);
    free(image);
    free(pixels);
}

/* ConvNeXt-Tiny's depths, a quarter of its widths and a smaller image: 18 blocks for the difference to grow in */
static void test_generated(void **state)
{
    static char real[] = "real", fake[] = "fake", *labels[] = {real, fake};
    const struct vx_config config = {.image_size = 64, .patch_size = 4, .num_channels = 3, .n_stages = 4, .depths = {3, 3, 9, 3},
                                     .hidden_sizes = {24, 48, 96, 192}, .layer_norm_eps = 1e-12F, .n_labels = 2, .labels = labels};
    struct vx_convnext *net;
    struct vx_err err;
    (void)state;

    if (vx_convnext_generate(&net, &config, 3, &err) != VX_OK)
        fail_msg("%s", err.text);
    compare("depths of ConvNeXt-Tiny, generated weights", net);
    vx_convnext_destroy(&net);
}

static void test_trained(void **state)
{
    struct vx_convnext *net;
    struct vx_err err;
    (void)state;

    if (vx_convnext_load(&net, VX_DEFAULT_MODEL, &err) != VX_OK)
        fail_msg("%s", err.text);
    compare("the shipped model", net);
    vx_convnext_destroy(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_generated), cmocka_unit_test(test_trained)};

    return cmocka_run_group_tests_name("tanh GELU against the exact one", tests, NULL, NULL);
}
