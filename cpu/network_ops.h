/* network_ops.h - the operations that a window passes through, as the rows of a trace (model/trace.h)
 * The blocks of a stage share their rows. What each row costs is the operation's own arithmetic, and the bytes that it
 * reads and writes when each is touched once, wherever they lie; weights count once a window. */
#ifndef VX_CPU_NETWORK_OPS_H
#define VX_CPU_NETWORK_OPS_H

#include "cpu/type.h"
#include "model/convnext.h"
#include "model/trace.h"

enum { /* in the order of the trace */
    VX_OP_FRONT_END,  /* sound to image; the engine's */
    VX_OP_PATCHES,    /* pixels gathered for the embedding */
    VX_OP_EMBED,      /* the embedding's product */
    VX_OP_EMBED_NORM, /* and its LayerNorm */
    VX_OP_HEAD,       /* mean, LayerNorm, classifier */
    VX_OP_STAGES,     /* the first of stage 0 */
};
enum { /* of each stage */
    VX_OP_GATHER,  /* the downsampling's LayerNorm and rows; none in stage 0 */
    VX_OP_DOWN,    /* its product; none in stage 0 */
    VX_OP_DWCONV,  /* depthwise 7×7 and LayerNorm */
    VX_OP_EXPAND,  /* C → 4C with GELU */
    VX_OP_PROJECT, /* 4C → C, added to the map */
    VX_OPS_A_STAGE,
};

static inline int vx_op_of_stage(int stage, int op)
{
    return VX_OP_STAGES + stage * VX_OPS_A_STAGE + op;
}

/* Fills in *trace, all times zero; type: of the factors of the blocks' and downsampling products. */
void vx_network_ops(struct vx_trace *trace, const struct vx_convnext *net, enum vx_type type);

#endif
