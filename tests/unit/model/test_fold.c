/* Folding against the network as transformers computes it: the same weights once unfolded, found by their names and in
 * PyTorch's layout, and once folded, both evaluated in double. Also each generated value's definition, pinned. */
#include "tests/harness/cmocka.h"

#include "base/mem.h"
#include "model/generate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What differs is that each folded weight was rounded to float32 once: a relative 2^-24, over some ten layers and
 * sums of up to a hundred such terms with random signs. Logits are of the order of 1. */
#define TOLERANCE 2e-6

static char real[] = "real", fake[] = "fake", other[] = "other", *labels[] = {real, fake, other};

static const struct vx_config configs[] = {
    {32, 3, 4, 2, {1, 2}, {5, 8}, 1e-12F, false, 2, labels, false},
    {24, 3, 3, 3, {2, 1, 1}, {4, 6, 3}, 1e-3F, false, 3, labels, false}, /* an eps that shows */
    {16, 3, 2, 2, {1, 1}, {3, 7}, 1e-12F, true, 2, labels, false},       /* no layer scale */
    {8, 3, 1, 1, {1}, {4}, 1e-12F, false, 2, labels, false},             /* nothing to downsample */
};

/* A feature map [side][side][channels]. */
struct map {
    int side, channels;
    double *x;
};

static struct map new_map(int side, int channels)
{
    struct map m = {side, channels, vx_calloc((size_t)side * (size_t)side * (size_t)channels, sizeof *m.x)};

    assert_non_null(m.x);
    return m;
}

static void replace(struct map *m, struct map by)
{
    free(m->x);
    *m = by;
}

static double gelu(double x)
{
    return 0.5 * x * (1 + erf(x / sqrt(2)));
}

/* x [n] → (x − mean)/sqrt(var + eps), then gamma and beta where there are any. */
static void normalise(double *x, int n, double eps, const float *gamma, const float *beta)
{
    double mean = 0, var = 0;

    for (int i = 0; i < n; i++)
        mean += x[i] / n;
    for (int i = 0; i < n; i++)
        var += (x[i] - mean) * (x[i] - mean) / n;
    for (int i = 0; i < n; i++) {
        x[i] = (x[i] - mean) / sqrt(var + eps);
        x[i] = gamma ? x[i] * gamma[i] + beta[i] : x[i];
    }
}

static void normalise_map(struct map *m, const float *gamma, const float *beta)
{
    for (int p = 0; p < m->side * m->side; p++)
        normalise(m->x + p * m->channels, m->channels, VX_LAYER_NORM_EPS, gamma, beta);
}

/* k×k convolution with stride k; weight(o, ky, kx, i) is w[o·so + ky·sy + kx·sx + i·si]. */
static struct map patches(const struct map *in, int k, int channels, const float *w, int so, int sy, int sx, int si,
                          const float *bias)
{
    struct map out = new_map(in->side / k, channels);

    for (int y = 0; y < out.side; y++)
        for (int x = 0; x < out.side; x++)
            for (int o = 0; o < channels; o++) {
                double sum = bias[o];
                for (int ky = 0; ky < k; ky++)
                    for (int kx = 0; kx < k; kx++)
                        for (int i = 0; i < in->channels; i++)
                            sum += (double)w[o * so + ky * sy + kx * sx + i * si] *
                                   in->x[((y * k + ky) * in->side + x * k + kx) * in->channels + i];
                out.x[(y * out.side + x) * channels + o] = sum;
            }
    return out;
}

/* Depthwise 7×7, zero-padded by 3; weight(c, ky, kx) is w[c·sc + (ky·7 + kx)·sk]. */
static struct map depthwise(const struct map *in, const float *w, int sc, int sk, const float *bias)
{
    struct map out = new_map(in->side, in->channels);

    for (int y = 0; y < in->side; y++)
        for (int x = 0; x < in->side; x++)
            for (int c = 0; c < in->channels; c++) {
                double sum = bias[c];
                for (int ky = 0; ky < 7; ky++)
                    for (int kx = 0; kx < 7; kx++) {
                        const int v = y + ky - 3, u = x + kx - 3;
                        if (v >= 0 && v < in->side && u >= 0 && u < in->side)
                            sum += (double)w[c * sc + (ky * 7 + kx) * sk] * in->x[(v * in->side + u) * in->channels + c];
                    }
                out.x[(y * in->side + x) * in->channels + c] = sum;
            }
    return out;
}

/* [n_out][n_in] */
static void matrix(double *out, int n_out, const double *in, int n_in, const float *w, const float *bias)
{
    for (int o = 0; o < n_out; o++) {
        out[o] = bias[o];
        for (int i = 0; i < n_in; i++)
            out[o] += (double)w[o * n_in + i] * in[i];
    }
}

/* m += scale · pw2(gelu(pw1(branch))); scale NULL: 1. */
static void add_branch(struct map *m, const struct map *branch, const float *w1, const float *b1, const float *w2,
                       const float *b2, const float *scale)
{
    const int c = m->channels;
    double *hidden = vx_calloc((size_t)(5 * c), sizeof *hidden), *y = hidden + 4 * c;

    assert_non_null(hidden);
    for (int p = 0; p < m->side * m->side; p++) {
        matrix(hidden, 4 * c, branch->x + p * c, c, w1, b1);
        for (int i = 0; i < 4 * c; i++)
            hidden[i] = gelu(hidden[i]);
        matrix(y, c, hidden, 4 * c, w2, b2);
        for (int i = 0; i < c; i++)
            m->x[p * c + i] += (scale ? (double)scale[i] : 1) * y[i];
    }
    free(hidden);
}

static void classify(double *logits, const struct vx_config *config, const struct map *m, const float *gamma,
                     const float *beta, const float *w, const float *bias)
{
    double *pooled = vx_calloc((size_t)m->channels, sizeof *pooled);
    const int n = m->side * m->side;

    assert_non_null(pooled);
    for (int p = 0; p < n; p++)
        for (int c = 0; c < m->channels; c++)
            pooled[c] += m->x[p * m->channels + c] / n;
    normalise(pooled, m->channels, (double)config->layer_norm_eps, gamma, beta);
    matrix(logits, config->n_labels, pooled, m->channels, w, bias);
    free(pooled);
}

/* A tensor of the checkpoint by its name. */
VX_PRINTF(2, 3) static const float *named(const struct vx_generated *g, const char *fmt, ...)
{
    char name[80];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(name, sizeof name, fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < g->layers.n; i++)
        if (strcmp(g->layers.tensor[i].name, name) == 0)
            return g->data + g->layers.tensor[i].offset;
    fail_msg("no tensor %s", name);
    return NULL;
}

static void run_unfolded(double *logits, const struct vx_generated *g, const struct map *image)
{
    const struct vx_config *c = &g->config;
    const int k = c->patch_size;
    struct map m = patches(image, k, c->hidden_sizes[0], named(g, "convnext.embeddings.patch_embeddings.weight"), 3 * k * k,
                           k, 1, k * k, named(g, "convnext.embeddings.patch_embeddings.bias"));

    normalise_map(&m, named(g, "convnext.embeddings.layernorm.weight"), named(g, "convnext.embeddings.layernorm.bias"));
    for (int s = 0; s < c->n_stages; s++) {
        char at[64];
        if (s > 0) {
            snprintf(at, sizeof at, "convnext.encoder.stages.%d.downsampling_layer", s);
            normalise_map(&m, named(g, "%s.0.weight", at), named(g, "%s.0.bias", at));
            replace(&m, patches(&m, 2, c->hidden_sizes[s], named(g, "%s.1.weight", at), 4 * m.channels, 2, 1, 4,
                                named(g, "%s.1.bias", at)));
        }
        for (int b = 0; b < c->depths[s]; b++) {
            snprintf(at, sizeof at, "convnext.encoder.stages.%d.layers.%d", s, b);
            struct map branch = depthwise(&m, named(g, "%s.dwconv.weight", at), 49, 1, named(g, "%s.dwconv.bias", at));
            normalise_map(&branch, named(g, "%s.layernorm.weight", at), named(g, "%s.layernorm.bias", at));
            add_branch(&m, &branch, named(g, "%s.pwconv1.weight", at), named(g, "%s.pwconv1.bias", at),
                       named(g, "%s.pwconv2.weight", at), named(g, "%s.pwconv2.bias", at),
                       c->no_layer_scale ? NULL : named(g, "%s.layer_scale_parameter", at));
            free(branch.x);
        }
    }
    classify(logits, c, &m, named(g, "convnext.layernorm.weight"), named(g, "convnext.layernorm.bias"),
             named(g, "classifier.weight"), named(g, "classifier.bias"));
    free(m.x);
}

static void run_folded(double *logits, const struct vx_convnext *net, const struct map *image)
{
    const int k = net->config.patch_size;
    struct map m = patches(image, k, net->stage[0].channels, net->embed_weight, 3 * k * k, 3 * k, 3, 1, net->embed_bias);

    normalise_map(&m, net->embed_gamma, net->embed_beta);
    for (int s = 0; s < net->config.n_stages; s++) {
        const struct vx_convnext_stage *stage = &net->stage[s];
        if (s > 0) {
            normalise_map(&m, NULL, NULL);
            replace(&m, patches(&m, 2, stage->channels, stage->down_weight, 4 * m.channels, 2 * m.channels, m.channels, 1,
                                stage->down_bias));
        }
        assert_int_equal(m.side, stage->side);
        for (int b = 0; b < stage->depth; b++) {
            const struct vx_convnext_block *block = &stage->block[b];
            struct map branch = depthwise(&m, block->dw_weight, 1, stage->channels, block->dw_bias);
            normalise_map(&branch, NULL, NULL);
            add_branch(&m, &branch, block->pw1_weight, block->pw1_bias, block->pw2_weight, block->pw2_bias, NULL);
            free(branch.x);
        }
    }
    classify(logits, &net->config, &m, NULL, NULL, net->head_weight, net->head_bias);
    free(m.x);
}

static void test_folding(void **state)
{
    const unsigned seed = 20250101;
    (void)state;
    print_message("seed %u\n", seed);
    srand(seed);
    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++) {
        const struct vx_config *config = &configs[i];
        struct map image = new_map(config->image_size, 3);
        double want[3], got[3];
        struct vx_generated g;
        struct vx_convnext *net;
        struct vx_err err;
        for (int p = 0; p < 3 * config->image_size * config->image_size; p++)
            image.x[p] = 4.0 * rand() / RAND_MAX - 2;
        assert_int_equal(vx_generated_create(&g, config, 11 + i, &err), VX_OK);
        assert_int_equal(vx_convnext_generate(&net, config, 11 + i, &err), VX_OK);
        run_unfolded(want, &g, &image);
        run_folded(got, net, &image);
        for (int k = 0; k < config->n_labels; k++)
            if (!(fabs(got[k] - want[k]) <= TOLERANCE))
                fail_msg("network %zu, logit %d: %.9g folded, %.9g unfolded", i, k, got[k], want[k]);
        vx_convnext_destroy(&net);
        vx_generated_clear(&g);
        free(image.x);
    }
}

/* A weight that is finite, and not once multiplied with its LayerNorm or its layer scale. */
static void test_range(void **state)
{
    static const char *const rows[][2] = {
        {"convnext.encoder.stages.0.layers.0.layernorm.weight", "layers.0.pwconv1.weight"},
        {"convnext.encoder.stages.0.layers.0.layernorm.bias", "layers.0.pwconv1.weight"},
        {"convnext.encoder.stages.1.layers.1.layer_scale_parameter", "layers.1.pwconv2.weight"},
        {"convnext.encoder.stages.1.downsampling_layer.0.bias", "downsampling_layer.1.weight"},
        {"convnext.layernorm.weight", "classifier.weight"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_generated g;
        struct vx_convnext *net;
        struct vx_err err = {0};
        assert_int_equal(vx_generated_create(&g, &configs[0], 1, &err), VX_OK);
        for (size_t k = 0; k < g.layers.n; k++) {
            const struct vx_layer_tensor *t = &g.layers.tensor[k];
            for (size_t e = 0; strcmp(t->name, rows[i][0]) == 0 && e < t->count; e++)
                g.data[t->offset + e] = 3e38F;
            for (size_t e = 0; strstr(t->name, rows[i][1]) && e < t->count; e++)
                g.data[t->offset + e] = 1.5F;
        }
        assert_int_equal(vx_convnext_fold(&net, &g.config, &g.layers, &g.source, &err), VX_EFORMAT);
        assert_null(net);
        if (!strstr(err.text, rows[i][1]) || !strstr(err.text, "range of float32"))
            fail_msg("\"%s\"", err.text);
        vx_generated_clear(&g);
    }
}

/* Bits of the first three values and the last, from an implementation of generate.c's comment in numpy. */
static void test_generator(void **state)
{
    static const struct {
        const char *name; /* of the standard shape "tiny" */
        uint64_t seed;
        uint32_t first[3], last;
    } rows[] = {
        {"convnext.embeddings.patch_embeddings.weight", 1, {0x3E64D622, 0xBD5E32C8, 0xBE5B58A2}, 0x3D93A5E8},
        {"convnext.embeddings.patch_embeddings.weight", UINT64_MAX, {0xBE2051C8, 0x3E3D7704, 0x3D6BF3C8}, 0xBD948D80},
        {"convnext.embeddings.patch_embeddings.bias", 1, {0x3D50DF6D, 0xBBB786B3, 0x3D0A1C6A}, 0x3B22B19A},
        {"convnext.embeddings.layernorm.weight", 1, {0x3F851D61, 0x3F822671, 0x3F89177F}, 0x3F6927FD},
        {"convnext.embeddings.layernorm.bias", 1, {0xBDC1F680, 0x3C0218DA, 0xBCB8849A}, 0x3CB3EB87},
        {"convnext.encoder.stages.0.layers.0.dwconv.weight", 1, {0xBE590626, 0x3E325A07, 0xBDA09ECF}, 0x3E69A916},
        {"convnext.encoder.stages.1.layers.2.layer_scale_parameter", 1, {0x3E808EFE, 0x3EB031DA, 0x3EA63F44}, 0x3E87634C},
        {"convnext.encoder.stages.1.layers.2.layer_scale_parameter", UINT64_MAX, {0x3E8E79A8, 0x3E898E2E, 0x3E8531C2},
         0x3E8A55C5},
        {"convnext.encoder.stages.3.downsampling_layer.1.weight", 1, {0x3D0D6B77, 0xBA21424F, 0x3C5F4459}, 0x3CEAAD98},
        {"classifier.weight", 1, {0xBD70C9BE, 0xBC4CA6E8, 0x3CE8114C}, 0x3CF035CC},
    };
    struct vx_config tiny;
    struct vx_layers layers;
    struct vx_err err;
    (void)state;
    assert_int_equal(vx_config_standard(&tiny, "tiny", &err), VX_OK);
    assert_int_equal(vx_layers_create(&layers, &tiny, &err), VX_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vx_layer_tensor *t = layers.tensor;
        while (strcmp(t->name, rows[i].name) != 0)
            t++;
        float *out = vx_calloc(t->count, sizeof *out);
        assert_non_null(out);
        vx_generate_tensor(out, t, rows[i].seed);
        assert_memory_equal(out, rows[i].first, sizeof rows[i].first);
        assert_memory_equal(out + t->count - 1, &rows[i].last, sizeof rows[i].last);
        free(out);
    }
    vx_layers_clear(&layers);
    vx_config_clear(&tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_folding), cmocka_unit_test(test_range),
                                       cmocka_unit_test(test_generator)};
    return cmocka_run_group_tests_name("fold", tests, NULL, NULL);
}
