/* The algebra, with n a LayerNorm's output before its affine part (gamma, beta):
 *   W·(gamma∘n + beta) + b   = (W∘gamma)·n + (b + W·beta)      downsampling, pwconv1, classifier
 *   scale∘(W·x + b)          = (scale∘W)·x + scale∘b           pwconv2 and the layer scale
 * Each weight is one product and each bias one sum, in double, rounded to float32 once. */
#include "model/fold.h"
#include "base/mem.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* The network and its blocks in one allocation; the weights are in a second one. */
struct net {
    struct vx_convnext net;
    struct vx_convnext_block block[];
};

struct folder {
    const struct vx_layers *layers;
    const struct vx_weight_source *source;
    float *free;  /* where the storage goes on */
    float *raw;   /* scratch: the largest tensor as the source gives it */
    float *gamma; /* scratch: vectors as wide as the widest */
    float *beta;
    enum vx_status rc; /* once not VX_OK, everything below is a no-op */
    struct vx_err *err;
};

static size_t padded(size_t count)
{
    const size_t step = VX_ALIGN / sizeof(float);

    return (count + step - 1) / step * step;
}

/* Every tensor begins at a multiple of VX_ALIGN. */
static float *carve(struct folder *f, size_t count)
{
    float *p = f->free;

    f->free += padded(count);
    return p;
}

static bool read_row(struct folder *f, size_t row, float *out)
{
    if (f->rc == VX_OK)
        f->rc = f->source->read(f->source, row, out, f->err);
    return f->rc == VX_OK;
}

static void check_range(struct folder *f, size_t row, bool finite)
{
    if (f->rc == VX_OK && !finite)
        f->rc = vx_fail(f->err, VX_EFORMAT, "%s: %s: leaves the range of float32 once multiplied with its "
                        "LayerNorm or layer scale", f->source->origin, f->layers->tensor[row].name);
}

/* A vector as it is. */
static const float *take_vector(struct folder *f, size_t row)
{
    float *out = carve(f, f->layers->tensor[row].count);

    read_row(f, row, out);
    return out;
}

/* [out][in][kernel positions] → [out][kernel positions][in], with a LayerNorm's gamma, beta [in] folded in; NULL: none.
 * The bias is the next row. */
static void take_matrix(struct folder *f, size_t row, const float *gamma, const float *beta, const float **weight,
                        const float **bias)
{
    const struct vx_layer_tensor *t = &f->layers->tensor[row];
    const size_t n_out = (size_t)t->shape[0], n_in = (size_t)t->shape[1], k = t->count / n_out / n_in;
    float *w = carve(f, t->count), *b = carve(f, n_out);
    bool finite = true;

    *weight = w;
    *bias = b;
    if (!read_row(f, row, f->raw) || !read_row(f, row + 1, b))
        return;
    for (size_t o = 0; o < n_out; o++) {
        const float *from = f->raw + o * n_in * k;
        float *to = w + o * n_in * k;
        double sum = b[o];
        for (size_t j = 0; j < k; j++) {
            for (size_t i = 0; i < n_in; i++) {
                const double x = from[i * k + j];
                to[j * n_in + i] = gamma ? (float)(x * gamma[i]) : from[i * k + j];
                finite &= isfinite(to[j * n_in + i]) != 0;
                sum += beta ? x * beta[i] : 0;
            }
        }
        b[o] = (float)sum;
        finite &= isfinite(b[o]) != 0;
    }
    check_range(f, row, finite);
}

/* [out][in] with the layer scale [out] folded in; NULL: none. */
static void take_scaled(struct folder *f, size_t row, const float *scale, const float **weight, const float **bias)
{
    const struct vx_layer_tensor *t = &f->layers->tensor[row];
    const size_t n_out = (size_t)t->shape[0], n_in = (size_t)t->shape[1];
    float *w = carve(f, t->count), *b = carve(f, n_out);
    bool finite = true;

    *weight = w;
    *bias = b;
    if (!read_row(f, row, w) || !read_row(f, row + 1, b) || !scale)
        return;
    for (size_t o = 0; o < n_out; o++) {
        for (size_t i = 0; i < n_in; i++) {
            w[o * n_in + i] = (float)((double)w[o * n_in + i] * scale[o]);
            finite &= isfinite(w[o * n_in + i]) != 0;
        }
        b[o] = (float)((double)b[o] * scale[o]);
        finite &= isfinite(b[o]) != 0;
    }
    check_range(f, row, finite);
}

/* Depthwise [C][1][7][7] → [7][7][C]. */
static const float *take_depthwise(struct folder *f, size_t row)
{
    const struct vx_layer_tensor *t = &f->layers->tensor[row];
    const size_t channels = (size_t)t->shape[0], k = t->count / channels;
    float *w = carve(f, t->count);

    if (read_row(f, row, f->raw))
        for (size_t j = 0; j < k; j++)
            for (size_t c = 0; c < channels; c++)
                w[j * channels + c] = f->raw[c * k + j];
    return w;
}

static void take_block(struct folder *f, size_t row, bool scaled, struct vx_convnext_block *b)
{
    b->dw_weight = take_depthwise(f, row + VX_BLOCK_DW_WEIGHT);
    b->dw_bias = take_vector(f, row + VX_BLOCK_DW_BIAS);
    read_row(f, row + VX_BLOCK_GAMMA, f->gamma);
    read_row(f, row + VX_BLOCK_BETA, f->beta);
    take_matrix(f, row + VX_BLOCK_PW1_WEIGHT, f->gamma, f->beta, &b->pw1_weight, &b->pw1_bias);
    if (scaled)
        read_row(f, row + VX_BLOCK_SCALE, f->gamma);
    take_scaled(f, row + VX_BLOCK_PW2_WEIGHT, scaled ? f->gamma : NULL, &b->pw2_weight, &b->pw2_bias);
}

/* Walks the layer table in its order. */
static void take_network(struct folder *f, struct vx_convnext *net)
{
    const bool scaled = !net->config.no_layer_scale;
    size_t row = 0;

    take_matrix(f, row + VX_EMBED_WEIGHT, NULL, NULL, &net->embed_weight, &net->embed_bias);
    net->embed_gamma = take_vector(f, row + VX_EMBED_GAMMA);
    net->embed_beta = take_vector(f, row + VX_EMBED_BETA);
    row += VX_EMBED_TENSORS;
    for (int s = 0; s < net->config.n_stages; s++) {
        struct vx_convnext_stage *stage = &net->stage[s];
        if (s > 0) {
            read_row(f, row + VX_DOWN_GAMMA, f->gamma);
            read_row(f, row + VX_DOWN_BETA, f->beta);
            take_matrix(f, row + VX_DOWN_WEIGHT, f->gamma, f->beta, &stage->down_weight, &stage->down_bias);
            row += VX_DOWN_TENSORS;
        }
        for (int b = 0; b < stage->depth; b++) {
            take_block(f, row, scaled, &stage->block[b]);
            row += scaled ? VX_BLOCK_TENSORS : VX_BLOCK_SCALE;
        }
    }
    read_row(f, row + VX_HEAD_GAMMA, f->gamma);
    read_row(f, row + VX_HEAD_BETA, f->beta);
    take_matrix(f, row + VX_HEAD_WEIGHT, f->gamma, f->beta, &net->head_weight, &net->head_bias);
    assert(f->rc != VX_OK || row + VX_HEAD_TENSORS == f->layers->n);
}

/* The network without its weights. */
static struct net *create_shape(const struct vx_config *config)
{
    size_t n_blocks = 0, used = 0;
    struct net *n;

    for (int s = 0; s < config->n_stages; s++)
        n_blocks += (size_t)config->depths[s];
    n = vx_calloc(1, sizeof *n + n_blocks * sizeof *n->block);
    if (!n)
        return NULL;
    if (vx_config_copy(&n->net.config, config) != 0) {
        free(n);
        return NULL;
    }
    for (int s = 0; s < config->n_stages; s++) {
        n->net.stage[s] = (struct vx_convnext_stage){.channels = config->hidden_sizes[s],
                                                     .depth = config->depths[s],
                                                     .side = (config->image_size / config->patch_size) >> s,
                                                     .block = n->block + used};
        used += (size_t)config->depths[s];
    }
    return n;
}

enum vx_status vx_convnext_set_image_size(struct vx_convnext *net, int image_size, struct vx_err *err)
{
    const int was = net->config.image_size;
    struct vx_layers layers = {0};
    enum vx_status rc;

    net->config.image_size = image_size;
    if ((rc = vx_config_check(&net->config, "input size", err)) != VX_OK ||
        (rc = vx_layers_create(&layers, &net->config, err)) != VX_OK) {
        net->config.image_size = was;
        return rc == VX_EFORMAT ? (err->status = VX_EINVAL) : rc;
    }
    for (int s = 0; s < net->config.n_stages; s++)
        net->stage[s].side = (image_size / net->config.patch_size) >> s;
    net->macs = layers.macs;
    vx_layers_clear(&layers);
    return VX_OK;
}

enum vx_status vx_convnext_fold(struct vx_convnext **out, const struct vx_config *config, const struct vx_layers *layers,
                                const struct vx_weight_source *source, struct vx_err *err)
{
    struct folder f = {.layers = layers, .source = source, .err = err};
    struct net *n = create_shape(config);
    struct vx_convnext *net = n ? &n->net : NULL;
    size_t kept = 2 * padded((size_t)config->hidden_sizes[0]); /* the embedding's LayerNorm stays */
    size_t largest = 0, widest = 0;

    *out = NULL;
    for (size_t i = 0; i < layers->n; i++) {
        const struct vx_layer_tensor *t = &layers->tensor[i];
        if (t->kind == VX_TENSOR_WEIGHT || t->kind == VX_TENSOR_BIAS)
            kept += padded(t->count);
        if (t->count > largest)
            largest = t->count;
        if (t->n_dims == 1 && t->count > widest)
            widest = t->count;
    }
    f.raw = vx_calloc(largest, sizeof *f.raw);
    f.gamma = vx_calloc(widest, sizeof *f.gamma);
    f.beta = vx_calloc(widest, sizeof *f.beta);
    if (net)
        net->storage = f.free = vx_calloc(kept, sizeof *f.free);
    if (!net || !f.raw || !f.gamma || !f.beta || !net->storage) {
        f.rc = vx_fail(err, VX_ENOMEM, "out of memory for %zu weights", layers->n_elements);
        goto done;
    }
    net->n_parameters = layers->n_elements;
    net->macs = layers->macs;
    take_network(&f, net);
    if (f.rc != VX_OK)
        goto done;
    assert(f.free == net->storage + kept);
    *out = net;
    net = NULL; /* now the caller's */
done:
    free(f.raw);
    free(f.gamma);
    free(f.beta);
    vx_convnext_destroy(&net);
    return f.rc;
}

void vx_convnext_destroy(struct vx_convnext **net)
{
    if (!*net)
        return;
    vx_config_clear(&(*net)->config);
    free((*net)->storage);
    free(*net); /* the first member of its struct net */
    *net = NULL;
}
