/* batch.h - the batches that travel between decode stages and lanes
 * A pool is a fixed number of batches of a fixed size in one piece of shared memory: a stage takes a free one, windows of one
 * kind and rate are written into it (by the stage, or by its decoder process), lanes give it back to its pool. So memory is
 * bounded and nothing is allocated per batch. */
#ifndef VX_MPI_BATCH_H
#define VX_MPI_BATCH_H

#include "base/err.h"
#include "base/queue.h"
#include "base/shared_memory.h"
#include "model/engine.h"

#include <stdbool.h>
#include <stddef.h>

struct vx_task; /* one item in the pipeline */

struct vx_batch {
    struct vx_input input; /* data points to bytes */
    size_t window_bytes;   /* of one window of this kind and rate */
    int room;              /* windows that fit */
    struct {
        struct vx_task *task;
        size_t at; /* place among the task's windows */
    } *owner;             /* owned [batch size] */
    unsigned char *bytes; /* in the pool's memory [cap] */
    size_t cap;
    struct vx_batch_pool *pool; /* where it belongs */
};

struct vx_batch_pool { /* zero-initialise */
    struct vx_queue *free;   /* struct vx_batch *: empty */
    struct vx_batch *batches; /* owned [n] */
    int n;
    struct vx_shared_memory shared; /* all their bytes: a decoder process maps it too */
};

/* n batches of up to `windows` windows in `cap` bytes. Memory that is never written costs nothing. */
enum vx_status vx_batch_pool_open(struct vx_batch_pool *pool, int n, int windows, size_t cap, struct vx_err *err) VX_CHECKED;
void vx_batch_pool_close(struct vx_batch_pool *pool); /* zeroed is fine */

/* Empty the batch and set it up for windows of this kind, at most `windows`. VX_ELIMIT: not even one fits. */
enum vx_status vx_batch_begin(struct vx_batch *b, enum vx_input_kind kind, int samples, int sample_rate,
                              size_t window_bytes, int windows, struct vx_err *err) VX_CHECKED;
/* Whether one more of this kind has room in it. */
bool vx_batch_fits(const struct vx_batch *b, enum vx_input_kind kind, int samples, int sample_rate);
void *vx_batch_room(const struct vx_batch *b); /* of the next window, which fits */
void vx_batch_add(struct vx_batch *b, struct vx_task *task, size_t at); /* the window that was written there */

#endif
