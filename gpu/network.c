#include "gpu/network.h"

#include "base/mem.h"
#include "gpu/blas.h"
#include "gpu/network_ops.h"
#include "gpu/plan.h"
#include "gpu/weights.h"

#include <stdlib.h>

#define ALIGN 256 /* bytes */

struct block {
    int expand, project; /* products: C → 4C with GELU, 4C → C added to the feature map */
};

struct stage {
    int side, channels, depth;
    int down; /* product; none for stage 0 */
    struct block *block;
};

struct vx_gpu_network {
    enum vx_gpu_type type;
    int windows, patch, embed, n_labels, n_stages; /* embed: product */
    float head_eps;
    struct stage stage[VX_MAX_STAGES];
    struct block *blocks; /* owned: those of all stages */
    struct vx_gpu_weights weights;
    struct vx_gpu_blas *products;
    struct vx_gpu_plan plan;
};

/* One lane's scratch, carved */
struct buffers {
    void *map, *rows, *hidden, *workspace;
};

static size_t elements(const struct vx_gpu_network *n, const struct stage *st)
{
    return (size_t)n->windows * (size_t)st->side * (size_t)st->side * (size_t)st->channels;
}

static enum vx_status add(struct vx_gpu_network *n, int side, int in_f, int out_f, enum vx_gpu_epilogue epilogue,
                          const void *weight, const void *bias, int *index, struct vx_err *err)
{
    const struct vx_gpu_product product = {n->windows * side * side, in_f, out_f, epilogue, weight, bias};

    return vx_gpu_blas_add(n->products, &product, index, err);
}

static enum vx_status add_block(struct vx_gpu_network *n, const struct stage *st, struct block *b,
                                const struct vx_gpu_block_weights *w, struct vx_err *err)
{
    const int c = st->channels;
    const enum vx_gpu_epilogue gelu = n->type == VX_GPU_F32 ? VX_GPU_BIAS : VX_GPU_BIAS_GELU;
    const enum vx_status rc = add(n, st->side, c, 4 * c, gelu, w->pw1_weight, w->pw1_bias, &b->expand, err);

    if (rc != VX_OK)
        return rc;
    return add(n, st->side, 4 * c, c, VX_GPU_BIAS_ADD, w->pw2_weight, w->pw2_bias, &b->project, err);
}

static enum vx_status add_stage(struct vx_gpu_network *n, int s, const struct vx_convnext_stage *from, struct vx_err *err)
{
    const struct vx_gpu_stage_weights *w = &n->weights.stage[s];
    struct stage *st = &n->stage[s];
    enum vx_status rc;

    st->side = from->side;
    st->channels = from->channels;
    st->depth = from->depth;
    st->block = s ? st[-1].block + st[-1].depth : n->blocks;
    if (s == 0)
        rc = add(n, st->side, n->plan.pitch, st->channels, VX_GPU_BIAS, n->weights.embed_weight, n->weights.embed_bias, &n->embed,
                 err);
    else
        rc = add(n, st->side, 4 * st[-1].channels, st->channels, VX_GPU_BIAS, w->down_weight, w->down_bias, &st->down, err);
    for (int i = 0; i < st->depth && rc == VX_OK; i++)
        rc = add_block(n, st, &st->block[i], &w->block[i], err);
    return rc;
}

static enum vx_status build(struct vx_gpu_network *n, const struct vx_convnext *net, struct vx_err *err)
{
    enum vx_status rc;
    int blocks = 0;

    for (int s = 0; s < n->n_stages; s++)
        blocks += net->stage[s].depth;
    if (!(n->blocks = vx_calloc((size_t)blocks, sizeof *n->blocks)))
        return vx_fail_nomem(err, "the network's layers");
    if ((rc = vx_gpu_plan(&n->plan, net, n->type, n->windows, err)) != VX_OK ||
        (rc = vx_gpu_weights_create(&n->weights, net, n->type, n->plan.pitch, err)) != VX_OK ||
        (rc = vx_gpu_blas_create(&n->products, n->type, n->n_stages + 2 * blocks, err)) != VX_OK)
        return rc;
    for (int s = 0; s < n->n_stages && rc == VX_OK; s++)
        rc = add_stage(n, s, &net->stage[s], err);
    return rc;
}

enum vx_status vx_gpu_network_create(struct vx_gpu_network **out, const struct vx_convnext *net, enum vx_gpu_type type,
                                     int windows, struct vx_err *err)
{
    struct vx_gpu_network *n = vx_calloc(1, sizeof *n);
    enum vx_status rc;

    *out = NULL;
    if (!n)
        return vx_fail_nomem(err, "the network");
    n->type = type;
    n->windows = windows;
    n->patch = net->config.patch_size;
    n->n_labels = net->config.n_labels;
    n->n_stages = net->config.n_stages;
    n->head_eps = net->config.layer_norm_eps;
    if ((rc = build(n, net, err)) != VX_OK)
        vx_gpu_network_destroy(&n);
    *out = n;
    return rc;
}

void vx_gpu_network_destroy(struct vx_gpu_network **network)
{
    struct vx_gpu_network *n = *network;

    if (!n)
        return;
    vx_gpu_blas_destroy(&n->products);
    vx_gpu_weights_clear(&n->weights);
    free(n->blocks);
    free(n);
    *network = NULL;
}

size_t vx_gpu_network_scratch(const struct vx_gpu_network *n)
{
    const size_t workspace = (vx_gpu_blas_workspace(n->products) + ALIGN - 1) / ALIGN * ALIGN;

    return n->plan.map + n->plan.rows + n->plan.hidden + workspace;
}

size_t vx_gpu_network_weights(const struct vx_gpu_network *n)
{
    return n->weights.bytes;
}

static struct buffers carve(const struct vx_gpu_network *n, void *scratch)
{
    char *at = scratch;

    return (struct buffers){at, at + n->plan.map, at + n->plan.map + n->plan.rows,
                            at + n->plan.map + n->plan.rows + n->plan.hidden};
}

static enum vx_status product(const struct vx_gpu_network *n, cudaStream_t stream, const struct buffers *b, int index,
                              const void *in, void *out, struct vx_err *err)
{
    return vx_gpu_blas_run(n->products, stream, index, in, out, b->workspace, err);
}

static enum vx_status run_block(const struct vx_gpu_network *n, cudaStream_t stream, const struct buffers *b,
                                const struct stage *st, const struct block *block, const struct vx_gpu_block_weights *w,
                                struct vx_err *err)
{
    enum vx_status rc;

    if ((rc = vx_gpu_dwconv_norm(stream, n->type, b->map, w->dw_weight, w->dw_bias, n->windows, st->side, st->channels,
                                 VX_LAYER_NORM_EPS, b->rows, err)) != VX_OK ||
        (rc = product(n, stream, b, block->expand, b->rows, b->hidden, err)) != VX_OK)
        return rc;
    if (n->type == VX_GPU_F32 && (rc = vx_gpu_gelu(stream, n->type, b->hidden, 4 * elements(n, st), err)) != VX_OK)
        return rc;
    return product(n, stream, b, block->project, b->hidden, b->map, err);
}

/* The map that a stage begins with */
static enum vx_status enter_stage(const struct vx_gpu_network *n, cudaStream_t stream, const struct buffers *b, int s,
                                  const uint8_t *image, const float *table, struct vx_err *err)
{
    const struct vx_gpu_weights *w = &n->weights;
    const struct stage *st = &n->stage[s];
    enum vx_status rc;

    if (s > 0) {
        rc = vx_gpu_gather_norm(stream, n->type, b->map, n->windows, st->side, st[-1].channels, VX_LAYER_NORM_EPS, b->rows, err);
        return rc != VX_OK ? rc : product(n, stream, b, st->down, b->rows, b->map, err);
    }
    if ((rc = vx_gpu_gather_patches(stream, n->type, image, table, n->windows, st->side, n->patch, n->plan.pitch, b->rows, err)) !=
            VX_OK ||
        (rc = product(n, stream, b, n->embed, b->rows, b->map, err)) != VX_OK)
        return rc;
    return vx_gpu_layer_norm(stream, n->type, b->map, w->embed_gamma, w->embed_beta, n->windows * st->side * st->side,
                             st->channels, VX_LAYER_NORM_EPS, b->map, err);
}

enum vx_status vx_gpu_network_run(const struct vx_gpu_network *n, cudaStream_t stream, const uint8_t *image, const float *table,
                                  float *logits, void *scratch, struct vx_err *err)
{
    const struct buffers b = carve(n, scratch);
    const struct vx_gpu_weights *w = &n->weights;
    const struct stage *last = &n->stage[n->n_stages - 1];
    enum vx_status rc = VX_OK;

    for (int s = 0; s < n->n_stages && rc == VX_OK; s++) {
        rc = enter_stage(n, stream, &b, s, image, table, err);
        for (int i = 0; i < n->stage[s].depth && rc == VX_OK; i++)
            rc = run_block(n, stream, &b, &n->stage[s], &n->stage[s].block[i], &w->stage[s].block[i], err);
    }
    if (rc != VX_OK)
        return rc;
    return vx_gpu_head(stream, n->type, b.map, w->head_weight, w->head_bias, n->windows, last->side * last->side, last->channels,
                       n->n_labels, n->head_eps, logits, err);
}
