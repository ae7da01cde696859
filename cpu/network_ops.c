#include "cpu/network_ops.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static_assert(VX_OP_STAGES + VX_MAX_STAGES * VX_OPS_A_STAGE <= VX_TRACE_MAX, "a trace holds every operation of the deepest network");

static enum vx_trace_unit unit_of(enum vx_type type)
{
    return type == VX_TYPE_BF16 ? VX_TRACE_BF16 : VX_TRACE_FP32;
}

VX_PRINTF(5, 6)
static void set(struct vx_trace_op *op, enum vx_trace_unit unit, double flops, double bytes, const char *fmt, ...)
{
    va_list args;

    op->unit = unit;
    op->flops = flops;
    op->bytes = bytes;
    va_start(args, fmt);
    vsnprintf(op->name, sizeof op->name, fmt, args);
    va_end(args);
}

struct shape {
    double rows, in, out; /* [rows][in] by [in][out] */
    enum vx_type from;    /* of both factors */
    double to;            /* bytes moved for an element of the sums */
    double times;
};

static double product_flops(const struct shape *p)
{
    return p->times * 2 * p->rows * p->in * p->out;
}

static double product_bytes(const struct shape *p)
{
    const double element = (double)vx_type_size(p->from);

    return p->times * ((p->rows * p->in + p->in * p->out) * element + p->rows * p->out * p->to);
}

#define set_product(op, shape, ...) set(op, unit_of((shape)->from), product_flops(shape), product_bytes(shape), __VA_ARGS__)

static void set_stage(struct vx_trace *t, const struct vx_convnext *net, int s, enum vx_type type)
{
    const struct vx_convnext_stage *st = &net->stage[s];
    const double rows = (double)st->side * st->side, c = st->channels, depth = st->depth, element = (double)vx_type_size(type);
    const struct shape expand = {rows, c, 4 * c, type, element, depth},
                       project = {rows, 4 * c, c, type, 2 * sizeof(float), depth}; /* the map that it is added to is read and written */
    struct vx_trace_op *op = &t->op[vx_op_of_stage(s, 0)];

    if (s > 0) {
        const double before = 4.0 * net->stage[s - 1].channels;
        set(&op[VX_OP_GATHER], VX_TRACE_MEMORY, 0, rows * before * (sizeof(float) + element), "stage %d, rows for downsampling", s);
        const struct shape down = {rows, before, c, type, sizeof(float), 1};
        set_product(&op[VX_OP_DOWN], &down, "stage %d, downsampling", s);
    }
    set(&op[VX_OP_DWCONV], VX_TRACE_FP32, depth * rows * c * 49 * 2, depth * (rows * c * (sizeof(float) + element) + 49 * c * sizeof(float)),
        "stage %d, depthwise and norm", s);
    set_product(&op[VX_OP_EXPAND], &expand, "stage %d, expand and GELU", s);
    set_product(&op[VX_OP_PROJECT], &project, "stage %d, project and add", s);
}

void vx_network_ops(struct vx_trace *trace, const struct vx_convnext *net, enum vx_type type)
{
    const struct vx_config *cf = &net->config;
    const struct vx_convnext_stage *first = &net->stage[0], *last = &net->stage[cf->n_stages - 1];
    const double rows = (double)first->side * first->side, pixels = (double)cf->patch_size * cf->patch_size * 3,
                 end = (double)last->side * last->side * last->channels;
    const struct shape embed = {rows, pixels, first->channels, VX_TYPE_F32, sizeof(float), 1};

    memset(trace, 0, sizeof *trace);
    trace->n = vx_op_of_stage(cf->n_stages, 0);
    set(&trace->op[VX_OP_FRONT_END], VX_TRACE_MEMORY, 0, 0, "front end");
    set(&trace->op[VX_OP_PATCHES], VX_TRACE_MEMORY, 0, rows * pixels * (1 + sizeof(float)), "rows for the embedding");
    set_product(&trace->op[VX_OP_EMBED], &embed, "embedding");
    set(&trace->op[VX_OP_EMBED_NORM], VX_TRACE_MEMORY, 0, 2 * rows * first->channels * sizeof(float), "embedding, norm");
    set(&trace->op[VX_OP_HEAD], VX_TRACE_FP32, 2.0 * last->channels * cf->n_labels, (end + (double)last->channels * cf->n_labels) * sizeof(float), "mean, norm, classifier");
    for (int s = 0; s < cf->n_stages; s++)
        set_stage(trace, net, s, type);
}
