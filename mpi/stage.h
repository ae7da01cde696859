/* stage.h - one decode stage: the batch it fills, whoever decodes
 * A stage is a thread of the rank that takes items from the queue and makes windows of them, either itself (decode_here.c)
 * or by a decoder process that it drives (decode_there.c). What both need is here: windows become part of their item's
 * result and of the batch being filled, full batches go to the lanes. */
#ifndef VX_MPI_STAGE_H
#define VX_MPI_STAGE_H

#include "io/cutter.h"
#include "mpi/pipeline_internal.h"

struct vx_stage {
    struct vx_pipeline *p;
    struct vx_batch_pool *pool; /* its batches; its own where a decoder process writes into them */
    struct vx_task *task;       /* whose windows come */
    struct vx_batch *batch;     /* being filled, or NULL */
    double batch_since;         /* its first window's time */
};

/* What decodes. A status other than VX_OK is the item's failure, except VX_ESTOP: the pipeline is closing, or has failed and
 * its failure is set. */
struct vx_stage_ops {
    enum vx_status (*open)(void **out, struct vx_stage *stage, struct vx_err *err);
    void (*close)(void **decoder);
    enum vx_status (*decode)(void *decoder, struct vx_task *task, struct vx_err *err);
};
extern const struct vx_stage_ops vx_decode_here, vx_decode_there;

/* Sees to it that stage->batch has room for one window of the shape; waits for a free batch. VX_ESTOP as above; VX_ELIMIT: no
 * batch is large enough. */
enum vx_status vx_stage_batch(struct vx_stage *stage, const struct vx_cut_shape *shape, struct vx_err *err) VX_CHECKED;
/* The next window of the task: in the batch's room, if it is to be scored. VX_ESTOP as above. */
enum vx_status vx_stage_window(struct vx_stage *stage, const struct vx_window_score *score, struct vx_err *err) VX_CHECKED;
/* The task's content, before it is decoded: kept in its result. *wanted false: another item is scored for it, and the result says
 * so. VX_ESTOP as above. */
enum vx_status vx_stage_content(struct vx_stage *stage, const char *hash, bool *wanted, struct vx_err *err) VX_CHECKED;
/* What is in the batch goes to the lanes; nobody writes into it from here on. */
void vx_stage_flush(struct vx_stage *stage);
/* The same if it has waited for company too long: a long silence, a slow disk. */
void vx_stage_flush_stale(struct vx_stage *stage);
enum vx_status vx_stage_fail(struct vx_stage *stage, const struct vx_err *err); /* the rank's end: VX_ESTOP */

#endif
