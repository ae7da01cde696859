/* trace.h - where a window's time goes, operation by operation
 * An engine that is given a trace for a lane fills in its operations and from then on adds up the time of each; without one it costs
 * a comparison an operation. One trace a lane, so nothing is shared between threads. */
#ifndef VX_MODEL_TRACE_H
#define VX_MODEL_TRACE_H

#include "base/clock.h"

enum vx_trace_unit { /* what bounds an operation from above: a kind of arithmetic, or memory alone */
    VX_TRACE_MEMORY,
    VX_TRACE_FP32,
    VX_TRACE_BF16,
    VX_TRACE_INT8,
    VX_TRACE_UNITS,
};

struct vx_trace_op {
    char name[40]; /* "stage 0, depthwise 7x7, norm" */
    enum vx_trace_unit unit;
    double flops;   /* of one window, additions and multiplications; 0: not worth counting */
    double bytes;   /* of one window, read and written once by each of its calls; 0: not counted */
    double seconds; /* of all windows since the trace began */
};

#define VX_TRACE_MAX 64

struct vx_trace {
    int n;
    struct vx_trace_op op[VX_TRACE_MAX];
    double last; /* when the last operation ended; vx_clock_now() */
};

/* An operation begins, and what came before it is not of the trace. NULL is fine, here and below. */
static inline void vx_trace_start(struct vx_trace *trace)
{
    if (trace)
        trace->last = vx_clock_now();
}

/* Operation op ends here; the next one begins. */
static inline void vx_trace_mark(struct vx_trace *trace, int op)
{
    if (trace) {
        const double now = vx_clock_now();
        trace->op[op].seconds += now - trace->last;
        trace->last = now;
    }
}

#endif
