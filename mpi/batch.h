/* batch.h - the batches that travel between decoders and lanes
 * A fixed number of buffers of a fixed size: decoders take a free one, fill it with windows of one kind and rate, lanes
 * return it. So memory is bounded and nothing is allocated per batch. */
#ifndef VX_MPI_BATCH_H
#define VX_MPI_BATCH_H

#include "base/err.h"
#include "model/engine.h"

#include <stdbool.h>
#include <stddef.h>

struct vx_task; /* one item in the pipeline */

struct vx_batch {
    struct vx_input input; /* data points to bytes[] */
    size_t window_bytes;   /* of one window of this kind and rate */
    int room;              /* windows that fit */
    struct {
        struct vx_task *task;
        size_t at; /* place among the task's windows */
    } *owner;      /* [batch size] */
    unsigned char *bytes;
    size_t cap;
};

enum vx_status vx_batch_create(struct vx_batch **out, int windows, size_t bytes, struct vx_err *err) VX_CHECKED;
void vx_batch_destroy(struct vx_batch **b);

/* Empty the batch and set it up for windows of this kind; `windows` is the most it may hold. A window larger than the
 * whole buffer enlarges it (a native-rate profile met a very high rate). */
enum vx_status vx_batch_begin(struct vx_batch *b, enum vx_input_kind kind, int samples, int sample_rate,
                              size_t window_bytes, int windows, struct vx_err *err) VX_CHECKED;
/* Whether one more of this kind has room in it. */
bool vx_batch_fits(const struct vx_batch *b, enum vx_input_kind kind, int samples, int sample_rate);
void *vx_batch_room(const struct vx_batch *b); /* of the next window, which fits */
void vx_batch_add(struct vx_batch *b, struct vx_task *task, size_t at); /* the window that was written there */

#endif
