/* Generated weights. They are a pure function of a tensor's name, kind and shape and of the seed, so any part of a
 * network can be made again anywhere, in any order, by anyone who has this comment:
 *
 *   h = FNV-1a, 64 bit, of the name's bytes
 *   for element i = 0, 1, 2… in PyTorch's row-major order, all modulo 2^64:
 *     z = seed + h + (i + 1)·0x9E3779B97F4A7C15
 *     z ^= z >> 30;  z *= 0xBF58476D1CE4E5B9;  z ^= z >> 27;  z *= 0x94D049BB133111EB;  z ^= z >> 31
 *     s = 2·(z >> 40)·2^-24 − 1                            in [−1, 1), exact in float32
 *   and then in float32, each operation rounded on its own:
 *     weight of a convolution or linear layer   s·scale, scale = (float)sqrt(3/fan_in) computed in double,
 *                                               fan_in = product of all dimensions but the first
 *     bias of a convolution or linear layer     s·0.1f
 *     LayerNorm weight                          1.0f + s·0.1f
 *     LayerNorm bias                            s·0.1f
 *     layer_scale_parameter                     0.3f + s·0.1f
 *
 * (FNV-1a: Fowler, Noll, Vo. The mixing is the finaliser of SplitMix64: Steele, Lea, Flood, OOPSLA 2014.) */
#include "model/generate.h"
#include "base/mem.h"
#include "model/convnext.h"
#include "model/fold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash_name(const char *name)
{
    uint64_t h = 0xCBF29CE484222325;

    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * 0x100000001B3;
    return h;
}

static float uniform(uint64_t start, size_t i)
{
    uint64_t z = start + (i + 1) * 0x9E3779B97F4A7C15;

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    z ^= z >> 31;
    return (float)(z >> 40) * 0x1p-23F - 1.0F;
}

void vx_generate_tensor(float *out, const struct vx_layer_tensor *tensor, uint64_t seed)
{
    const uint64_t start = seed + hash_name(tensor->name);
    float middle = 0, scale = 0.1F;

    switch (tensor->kind) {
    case VX_TENSOR_WEIGHT:
        scale = (float)sqrt(3.0 / (double)(tensor->count / (size_t)tensor->shape[0]));
        break;
    case VX_TENSOR_GAMMA:
        middle = 1.0F;
        break;
    case VX_TENSOR_SCALE:
        middle = 0.3F;
        break;
    case VX_TENSOR_BIAS:
    case VX_TENSOR_BETA:
        break;
    }
    for (size_t i = 0; i < tensor->count; i++)
        out[i] = middle + uniform(start, i) * scale; /* 0 + x is x */
}

static enum vx_status copy_tensor(const struct vx_weight_source *self, size_t index, float *out, struct vx_err *err)
{
    const struct vx_generated *g = (const struct vx_generated *)(const void *)self;
    const struct vx_layer_tensor *t = &g->layers.tensor[index];

    (void)err;
    memcpy(out, g->data + t->offset, t->count * sizeof *out);
    return VX_OK;
}

enum vx_status vx_generated_create(struct vx_generated *out, const struct vx_config *config, uint64_t seed,
                                   struct vx_err *err)
{
    struct vx_generated g = {.source = {copy_tensor, "generated weights"}};
    enum vx_status rc;

    *out = (struct vx_generated){0};
    if ((rc = vx_config_check(config, g.source.origin, err)) != VX_OK)
        return rc;
    if (vx_config_copy(&g.config, config) != 0)
        return vx_fail_nomem(err, "labels");
    g.config.untrained = true;
    if ((rc = vx_layers_create(&g.layers, config, err)) != VX_OK)
        goto done;
    g.data = vx_calloc(g.layers.n_elements, sizeof *g.data);
    g.tensor = vx_calloc(g.layers.n, sizeof *g.tensor);
    if (!g.data || !g.tensor) {
        rc = vx_fail(err, VX_ENOMEM, "out of memory for %zu weights", g.layers.n_elements);
        goto done;
    }
    for (size_t i = 0; i < g.layers.n; i++) {
        const struct vx_layer_tensor *t = &g.layers.tensor[i];
        g.tensor[i] = (struct vx_st_tensor){.name = t->name, .n_dims = t->n_dims, .data = g.data + t->offset};
        memcpy(g.tensor[i].shape, t->shape, sizeof t->shape);
        vx_generate_tensor(g.data + t->offset, t, seed);
    }
    *out = g;
    g = (struct vx_generated){0}; /* now the caller's */
done:
    vx_generated_clear(&g);
    return rc;
}

void vx_generated_clear(struct vx_generated *g)
{
    vx_config_clear(&g->config);
    vx_layers_clear(&g->layers);
    free(g->data);
    free(g->tensor);
    *g = (struct vx_generated){0};
}

enum vx_status vx_convnext_generate(struct vx_convnext **out, const struct vx_config *config, uint64_t seed,
                                    struct vx_err *err)
{
    struct vx_convnext *net = NULL;
    struct vx_generated g;
    enum vx_status rc;

    *out = NULL;
    if ((rc = vx_generated_create(&g, config, seed, err)) != VX_OK ||
        (rc = vx_convnext_fold(&net, &g.config, &g.layers, &g.source, err)) != VX_OK ||
        (rc = vx_st_write_sha256(net->sha256, g.tensor, g.layers.n, VX_ST_F32, err)) != VX_OK)
        goto done;
    *out = net;
    net = NULL; /* now the caller's */
done:
    vx_convnext_destroy(&net);
    vx_generated_clear(&g);
    return rc;
}
