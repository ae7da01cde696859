/* The names and shapes of every tensor: four groups of rows, repeated as depths and hidden_sizes say. */
#include "model/layers.h"
#include "base/mem.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* What a dimension of the rows below stands for. */
enum dim { NONE, ONE, TWO, SEVEN, PATCH, COLOURS, PREVIOUS, WIDTH, FOUR_WIDTHS, LABELS, N_DIM_NAMES };

struct row {
    const char *name; /* after the group's prefix */
    enum vx_tensor_kind kind;
    enum dim dims[VX_LAYER_MAX_DIMS];
};

static const struct row embed_rows[VX_EMBED_TENSORS] = {
    [VX_EMBED_WEIGHT] = {"patch_embeddings.weight", VX_TENSOR_WEIGHT, {WIDTH, COLOURS, PATCH, PATCH}},
    [VX_EMBED_BIAS] = {"patch_embeddings.bias", VX_TENSOR_BIAS, {WIDTH}},
    [VX_EMBED_GAMMA] = {"layernorm.weight", VX_TENSOR_GAMMA, {WIDTH}},
    [VX_EMBED_BETA] = {"layernorm.bias", VX_TENSOR_BETA, {WIDTH}},
};

static const struct row down_rows[VX_DOWN_TENSORS] = {
    [VX_DOWN_GAMMA] = {"0.weight", VX_TENSOR_GAMMA, {PREVIOUS}},
    [VX_DOWN_BETA] = {"0.bias", VX_TENSOR_BETA, {PREVIOUS}},
    [VX_DOWN_WEIGHT] = {"1.weight", VX_TENSOR_WEIGHT, {WIDTH, PREVIOUS, TWO, TWO}},
    [VX_DOWN_BIAS] = {"1.bias", VX_TENSOR_BIAS, {WIDTH}},
};

static const struct row block_rows[VX_BLOCK_TENSORS] = {
    [VX_BLOCK_DW_WEIGHT] = {"dwconv.weight", VX_TENSOR_WEIGHT, {WIDTH, ONE, SEVEN, SEVEN}},
    [VX_BLOCK_DW_BIAS] = {"dwconv.bias", VX_TENSOR_BIAS, {WIDTH}},
    [VX_BLOCK_GAMMA] = {"layernorm.weight", VX_TENSOR_GAMMA, {WIDTH}},
    [VX_BLOCK_BETA] = {"layernorm.bias", VX_TENSOR_BETA, {WIDTH}},
    [VX_BLOCK_PW1_WEIGHT] = {"pwconv1.weight", VX_TENSOR_WEIGHT, {FOUR_WIDTHS, WIDTH}},
    [VX_BLOCK_PW1_BIAS] = {"pwconv1.bias", VX_TENSOR_BIAS, {FOUR_WIDTHS}},
    [VX_BLOCK_PW2_WEIGHT] = {"pwconv2.weight", VX_TENSOR_WEIGHT, {WIDTH, FOUR_WIDTHS}},
    [VX_BLOCK_PW2_BIAS] = {"pwconv2.bias", VX_TENSOR_BIAS, {WIDTH}},
    [VX_BLOCK_SCALE] = {"layer_scale_parameter", VX_TENSOR_SCALE, {WIDTH}},
};

static const struct row head_rows[VX_HEAD_TENSORS] = {
    [VX_HEAD_GAMMA] = {"convnext.layernorm.weight", VX_TENSOR_GAMMA, {WIDTH}},
    [VX_HEAD_BETA] = {"convnext.layernorm.bias", VX_TENSOR_BETA, {WIDTH}},
    [VX_HEAD_WEIGHT] = {"classifier.weight", VX_TENSOR_WEIGHT, {LABELS, WIDTH}},
    [VX_HEAD_BIAS] = {"classifier.bias", VX_TENSOR_BIAS, {LABELS}},
};

static void add_group(struct vx_layers *layers, const char *prefix, const struct row *rows, size_t n_rows,
                      const int64_t dim[N_DIM_NAMES], size_t positions)
{
    for (size_t r = 0; r < n_rows; r++) {
        struct vx_layer_tensor *t = &layers->tensor[layers->n++];

        snprintf(t->name, sizeof t->name, "%s%s", prefix, rows[r].name);
        t->kind = rows[r].kind;
        t->count = 1;
        for (int d = 0; d < VX_LAYER_MAX_DIMS && rows[r].dims[d] != NONE; d++) {
            t->shape[t->n_dims++] = dim[rows[r].dims[d]];
            t->count *= (size_t)dim[rows[r].dims[d]]; /* the limits of vx_config keep this below 2^36 */
        }
        t->offset = layers->n_elements;
        t->uses = t->kind == VX_TENSOR_WEIGHT ? positions : 0;
        layers->n_elements += t->count;
        layers->macs += (double)t->count * (double)t->uses;
    }
}

enum vx_status vx_layers_create(struct vx_layers *out, const struct vx_config *config, struct vx_err *err)
{
    const size_t per_block = config->no_layer_scale ? VX_BLOCK_SCALE : VX_BLOCK_TENSORS;
    int64_t dim[N_DIM_NAMES] = {[ONE] = 1,
                                [TWO] = 2,
                                [SEVEN] = 7,
                                [PATCH] = config->patch_size,
                                [COLOURS] = config->num_channels,
                                [LABELS] = config->n_labels};
    size_t n = VX_EMBED_TENSORS + (size_t)(config->n_stages - 1) * VX_DOWN_TENSORS + VX_HEAD_TENSORS;
    int side = config->image_size / config->patch_size;
    char prefix[64];

    *out = (struct vx_layers){0};
    for (int s = 0; s < config->n_stages; s++)
        n += (size_t)config->depths[s] * per_block;
    out->tensor = vx_calloc(n, sizeof *out->tensor);
    if (!out->tensor)
        return vx_fail_nomem(err, "the table of layers");

    for (int s = 0; s < config->n_stages; s++) {
        dim[PREVIOUS] = dim[WIDTH];
        dim[WIDTH] = config->hidden_sizes[s];
        dim[FOUR_WIDTHS] = 4 * dim[WIDTH];
        side /= s > 0 ? 2 : 1;
        const size_t positions = (size_t)side * (size_t)side;
        if (s == 0) {
            add_group(out, "convnext.embeddings.", embed_rows, VX_EMBED_TENSORS, dim, positions);
        } else {
            snprintf(prefix, sizeof prefix, "convnext.encoder.stages.%d.downsampling_layer.", s);
            add_group(out, prefix, down_rows, VX_DOWN_TENSORS, dim, positions);
        }
        for (int b = 0; b < config->depths[s]; b++) {
            snprintf(prefix, sizeof prefix, "convnext.encoder.stages.%d.layers.%d.", s, b);
            add_group(out, prefix, block_rows, per_block, dim, positions);
        }
    }
    add_group(out, "", head_rows, VX_HEAD_TENSORS, dim, 1);
    assert(out->n == n);
    return VX_OK;
}

void vx_layers_clear(struct vx_layers *layers)
{
    free(layers->tensor);
    *layers = (struct vx_layers){0};
}
