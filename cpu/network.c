#include "cpu/network.h"

#include "base/mem.h"
#include "cpu/gather.h"
#include "cpu/matmul.h"
#include "cpu/network_ops.h"

#include <stdlib.h>
#include <string.h>

/* A block's two products run on pieces of a feature map of at most this many rows: enough for oneDNN's
 * blocking, and few enough that the hidden layer in between stays in the second-level cache. */
#define CHUNK_ROWS 400

struct block {
    struct vx_dwconv dwconv;
    int expand, project; /* products: C → 4C with GELU, 4C → C added to the feature map */
};

struct stage {
    int side, channels;
    int chunk, n_chunks;      /* rows a chunk; chunk·n_chunks >= side² */
    int down;                 /* product; none for stage 0 */
    struct vx_norm down_norm; /* over the previous stage's channels */
    int depth;
    struct block *block;
};

/* Sizes of a lane's buffers, elements and bytes. */
struct plan {
    size_t map;    /* float: the feature map */
    size_t rows;   /* bytes: what a product reads: gathered patches, or the normalised convolution */
    size_t hidden; /* bytes: one chunk of 4C */
    size_t line;   /* float: vx_dwconv_norm's scratch; the pooled vector */
};

struct vx_network {
    const struct vx_kernels *kernels;
    enum vx_type type;
    int patch, embed, head, n_labels, n_stages; /* embed, head: products */
    struct vx_norm embed_norm, head_norm;
    struct stage stage[VX_MAX_STAGES];
    struct block *blocks; /* owned: those of all stages */
    float *storage;       /* owned: depthwise weights and the embedding's LayerNorm */
    struct vx_matmul_set *products;
    struct plan plan;
};

struct vx_network_lane {
    const struct vx_network *network;
    struct vx_matmul_lane *products;
    float *map, *line;
    void *rows, *hidden;
    struct vx_trace *trace; /* borrowed; NULL: nobody asks where the time goes */
};

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The shapes that follow from the layer table, and the largest of each buffer. Buffers hold whole chunks: the
 * rows past the map's end are computed like the others and read by nobody. */
static void plan_stage(struct vx_network *n, struct stage *st, const struct vx_convnext_stage *from,
                       const struct stage *prev)
{
    const int rows = from->side * from->side;
    const size_t c = (size_t)from->channels, element = vx_type_size(n->type);
    struct plan *p = &n->plan;

    st->side = from->side;
    st->channels = from->channels;
    st->depth = from->depth;
    st->n_chunks = (rows + CHUNK_ROWS - 1) / CHUNK_ROWS;
    st->chunk = (rows + st->n_chunks - 1) / st->n_chunks;
    const size_t padded = (size_t)st->chunk * (size_t)st->n_chunks;

    p->map = max_size(p->map, padded * c);
    p->rows = max_size(p->rows, padded * c * element);
    if (prev)
        p->rows = max_size(p->rows, (size_t)rows * 4 * (size_t)prev->channels * element);
    else
        p->rows = max_size(p->rows, (size_t)rows * (size_t)(n->patch * n->patch) * 3 * sizeof(float));
    p->hidden = max_size(p->hidden, (size_t)st->chunk * 4 * c * element);
    p->line = max_size(p->line, (size_t)from->side * c);
}

/* Copies count floats to *at and moves it on. */
static const float *keep(float **at, const float *from, size_t count)
{
    float *to = *at;

    memcpy(to, from, count * sizeof *to);
    *at += (count + VX_ALIGN / sizeof(float) - 1) / (VX_ALIGN / sizeof(float)) * (VX_ALIGN / sizeof(float));
    return to;
}

static enum vx_status allocate(struct vx_network *n, const struct vx_convnext *net, const struct vx_isa *isa,
                               struct vx_err *err)
{
    const size_t pad = VX_ALIGN / sizeof(float);
    size_t blocks = 0, floats = 2 * ((size_t)net->stage[0].channels + pad);

    for (int s = 0; s < net->config.n_stages; s++) {
        blocks += (size_t)net->stage[s].depth;
        floats += (size_t)net->stage[s].depth * (50 * (size_t)net->stage[s].channels + 2 * pad);
    }
    n->blocks = vx_calloc(blocks, sizeof *n->blocks);
    n->storage = vx_calloc(floats, sizeof *n->storage);
    if (!n->blocks || !n->storage)
        return vx_fail_nomem(err, "the network's depthwise weights");
    return vx_matmul_set_create(&n->products, (int)(2 * blocks) + net->config.n_stages + 1, isa, err);
}

static enum vx_status add_block(struct vx_network *n, const struct stage *st, struct block *b,
                                const struct vx_convnext_block *from, float **at, struct vx_err *err)
{
    const int c = st->channels;
    const struct vx_matmul_spec expand = {st->chunk, c, 4 * c, n->type, n->type, VX_MATMUL_GELU},
                                project = {st->chunk, 4 * c, c, n->type, VX_TYPE_F32, VX_MATMUL_ADD};
    enum vx_status rc;

    b->dwconv.side = st->side;
    b->dwconv.channels = c;
    b->dwconv.weight = keep(at, from->dw_weight, 49 * (size_t)c);
    b->dwconv.bias = keep(at, from->dw_bias, (size_t)c);
    if ((rc = vx_matmul_add(n->products, &expand, from->pw1_weight, from->pw1_bias, &b->expand, err)) !=
        VX_OK)
        return rc;
    return vx_matmul_add(n->products, &project, from->pw2_weight, from->pw2_bias, &b->project, err);
}

static enum vx_status add_stage(struct vx_network *n, int s, struct block **blocks,
                                const struct vx_convnext *net, float **at, struct vx_err *err)
{
    const struct vx_convnext_stage *from = &net->stage[s];
    const struct stage *prev = s ? &n->stage[s - 1] : NULL;
    struct stage *st = &n->stage[s];
    enum vx_status rc = VX_OK;

    plan_stage(n, st, from, prev);
    if (prev) {
        const struct vx_matmul_spec down = {st->side * st->side, 4 * prev->channels, st->channels, n->type,
                                            VX_TYPE_F32,         VX_MATMUL_PLAIN};
        st->down_norm = (struct vx_norm){.channels = prev->channels, .eps = VX_LAYER_NORM_EPS};
        rc = vx_matmul_add(n->products, &down, from->down_weight, from->down_bias, &st->down, err);
    }
    st->block = *blocks;
    *blocks += st->depth;
    for (int i = 0; i < st->depth && rc == VX_OK; i++)
        rc = add_block(n, st, &st->block[i], &from->block[i], at, err);
    return rc;
}

static enum vx_status add_layers(struct vx_network *n, const struct vx_convnext *net, struct vx_err *err)
{
    const struct vx_config *cf = &net->config;
    const struct vx_convnext_stage *first = &net->stage[0], *last = &net->stage[cf->n_stages - 1];
    const struct vx_matmul_spec embed = {first->side * first->side,
                                         cf->patch_size * cf->patch_size * 3,
                                         first->channels,
                                         VX_TYPE_F32,
                                         VX_TYPE_F32,
                                         VX_MATMUL_PLAIN},
                                head = {1,           last->channels, cf->n_labels,
                                        VX_TYPE_F32, VX_TYPE_F32,    VX_MATMUL_PLAIN};
    struct block *blocks = n->blocks;
    float *at = n->storage;
    enum vx_status rc;

    n->embed_norm = (struct vx_norm){.channels = first->channels,
                                     .gamma = keep(&at, net->embed_gamma, (size_t)first->channels),
                                     .beta = keep(&at, net->embed_beta, (size_t)first->channels),
                                     .eps = VX_LAYER_NORM_EPS};
    if ((rc = vx_matmul_add(n->products, &embed, net->embed_weight, net->embed_bias, &n->embed, err)) !=
        VX_OK)
        return rc;
    for (int s = 0; s < cf->n_stages; s++)
        if ((rc = add_stage(n, s, &blocks, net, &at, err)) != VX_OK)
            return rc;
    n->head_norm = (struct vx_norm){.channels = last->channels, .eps = cf->layer_norm_eps};
    return vx_matmul_add(n->products, &head, net->head_weight, net->head_bias, &n->head, err);
}

enum vx_status vx_network_create(struct vx_network **out, const struct vx_convnext *net, enum vx_type type,
                                 const struct vx_isa *isa, struct vx_err *err)
{
    struct vx_network *n = NULL;
    enum vx_status rc;

    *out = NULL;
    if (net->config.num_channels != 3)
        return vx_fail(err, VX_EUNSUPPORTED, "the network takes %d channels, images have 3",
                       net->config.num_channels);
    if (type == VX_TYPE_BF16 && !isa->avx512_bf16)
        return vx_fail(err, VX_EUNSUPPORTED,
                       "bf16 needs a processor with AVX512_BF16, this one has %s; use fp32",
                       vx_isa_name(isa));
    if (!(n = vx_calloc(1, sizeof *n)))
        return vx_fail_nomem(err, "the network");
    n->kernels = vx_kernels_for(isa);
    n->type = type;
    n->patch = net->config.patch_size;
    n->n_labels = net->config.n_labels;
    n->n_stages = net->config.n_stages;
    if ((rc = allocate(n, net, isa, err)) != VX_OK || (rc = add_layers(n, net, err)) != VX_OK)
        goto done;
    *out = n;
    n = NULL;
done:
    vx_network_destroy(&n);
    return rc;
}

void vx_network_destroy(struct vx_network **network)
{
    struct vx_network *n = *network;

    if (!n)
        return;
    vx_matmul_set_destroy(&n->products);
    free(n->blocks);
    free(n->storage);
    free(n);
    *network = NULL;
}

const struct vx_kernels *vx_network_kernels(const struct vx_network *network)
{
    return network->kernels;
}

void vx_network_products(const struct vx_network *network, char text[64])
{
    vx_matmul_describe(network->products, text);
}

enum vx_status vx_network_lane_create(struct vx_network_lane **out, const struct vx_network *network,
                                      struct vx_err *err)
{
    const struct plan *p = &network->plan;
    struct vx_network_lane *lane = vx_calloc(1, sizeof *lane);
    enum vx_status rc;

    *out = NULL;
    if (!lane || !(lane->map = vx_calloc(p->map, sizeof *lane->map)) ||
        !(lane->rows = vx_calloc(p->rows, 1)) || !(lane->hidden = vx_calloc(p->hidden, 1)) ||
        !(lane->line = vx_calloc(p->line, sizeof *lane->line))) {
        rc = vx_fail_nomem(err, "a lane's feature maps");
        goto done;
    }
    lane->network = network;
    if ((rc = vx_matmul_lane_create(&lane->products, network->products, err)) != VX_OK)
        goto done;
    *out = lane;
    lane = NULL;
done:
    vx_network_lane_destroy(&lane);
    return rc;
}

void vx_network_lane_destroy(struct vx_network_lane **lane)
{
    struct vx_network_lane *l = *lane;

    if (!l)
        return;
    vx_matmul_lane_destroy(&l->products);
    free(l->map);
    free(l->rows);
    free(l->hidden);
    free(l->line);
    free(l);
    *lane = NULL;
}

void vx_network_lane_trace(struct vx_network_lane *lane, struct vx_trace *trace)
{
    lane->trace = trace;
}

static enum vx_status run_block(struct vx_network_lane *lane, int s, const struct block *b, struct vx_err *err)
{
    const struct vx_network *n = lane->network;
    const struct stage *st = &n->stage[s];
    const size_t rows_step = (size_t)st->chunk * (size_t)st->channels * vx_type_size(n->type),
                 map_step = (size_t)st->chunk * (size_t)st->channels;
    enum vx_status rc;

    vx_dwconv_norm(n->kernels, &b->dwconv, lane->map, lane->rows, n->type, lane->line);
    vx_trace_mark(lane->trace, vx_op_of_stage(s, VX_OP_DWCONV));
    for (int i = 0; i < st->n_chunks; i++) {
        const char *rows = (const char *)lane->rows + (size_t)i * rows_step;
        if ((rc = vx_matmul_run(lane->products, b->expand, rows, lane->hidden, err)) != VX_OK)
            return rc;
        vx_trace_mark(lane->trace, vx_op_of_stage(s, VX_OP_EXPAND));
        if ((rc = vx_matmul_run(lane->products, b->project, lane->hidden, lane->map + (size_t)i * map_step,
                                err)) != VX_OK)
            return rc;
        vx_trace_mark(lane->trace, vx_op_of_stage(s, VX_OP_PROJECT));
    }
    return VX_OK;
}

/* The spatial mean, its LayerNorm (whose affine part is in the classifier's weights) and the classifier */
static enum vx_status run_head(struct vx_network_lane *lane, float *logits, struct vx_err *err)
{
    const struct vx_network *n = lane->network;
    const struct stage *st = &n->stage[n->n_stages - 1];
    const int rows = st->side * st->side;
    float *restrict mean = lane->line;
    enum vx_status rc;

    memset(mean, 0, (size_t)st->channels * sizeof *mean);
    for (int r = 0; r < rows; r++)
        for (int i = 0; i < st->channels; i++)
            mean[i] += lane->map[(size_t)r * (size_t)st->channels + (size_t)i];
    for (int i = 0; i < st->channels; i++)
        mean[i] /= (float)rows;
    n->kernels->norm(&n->head_norm, mean, mean, VX_TYPE_F32, 1);
    rc = vx_matmul_run(lane->products, n->head, mean, logits, err);
    vx_trace_mark(lane->trace, VX_OP_HEAD);
    return rc;
}

static enum vx_status run_layers(struct vx_network_lane *lane, const uint8_t *image,
                                 const float table[3][256], float *logits, struct vx_err *err)
{
    const struct vx_network *n = lane->network;
    const struct stage *st = &n->stage[0];
    enum vx_status rc;

    vx_trace_start(lane->trace);
    vx_gather_patches(image, table, st->side, n->patch, lane->rows);
    vx_trace_mark(lane->trace, VX_OP_PATCHES);
    if ((rc = vx_matmul_run(lane->products, n->embed, lane->rows, lane->map, err)) != VX_OK)
        return rc;
    vx_trace_mark(lane->trace, VX_OP_EMBED);
    n->kernels->norm(&n->embed_norm, lane->map, lane->map, VX_TYPE_F32, (size_t)st->side * (size_t)st->side);
    vx_trace_mark(lane->trace, VX_OP_EMBED_NORM);
    for (int s = 0; s < n->n_stages; s++) {
        st = &n->stage[s];
        if (s > 0) {
            vx_gather_norm(n->kernels, &st->down_norm, lane->map, st->side, lane->rows, n->type);
            vx_trace_mark(lane->trace, vx_op_of_stage(s, VX_OP_GATHER));
            if ((rc = vx_matmul_run(lane->products, st->down, lane->rows, lane->map, err)) != VX_OK)
                return rc;
            vx_trace_mark(lane->trace, vx_op_of_stage(s, VX_OP_DOWN));
        }
        for (int i = 0; i < st->depth; i++)
            if ((rc = run_block(lane, s, &st->block[i], err)) != VX_OK)
                return rc;
    }
    return run_head(lane, logits, err);
}

enum vx_status vx_network_forward(struct vx_network_lane *lane, const uint8_t *image,
                                  const float table[3][256], float *logits, struct vx_err *err)
{
    const int threads = vx_matmul_begin();
    const enum vx_status rc = run_layers(lane, image, table, logits, err);

    vx_matmul_end(threads);
    return rc;
}
