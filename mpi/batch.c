#include "mpi/batch.h"
#include "base/mem.h"

#include <stdlib.h>

enum vx_status vx_batch_create(struct vx_batch **out, int windows, size_t bytes, struct vx_err *err)
{
    struct vx_batch *b = vx_calloc(1, sizeof *b);

    *out = NULL;
    if (!b || !(b->owner = vx_calloc((size_t)windows, sizeof *b->owner)) || !(b->bytes = vx_calloc(bytes, 1))) {
        vx_batch_destroy(&b);
        return vx_fail_nomem(err, "a batch of windows");
    }
    b->cap = bytes;
    *out = b;
    return VX_OK;
}

void vx_batch_destroy(struct vx_batch **b)
{
    if (!*b)
        return;
    free((*b)->owner);
    free((*b)->bytes);
    free(*b);
    *b = NULL;
}

enum vx_status vx_batch_begin(struct vx_batch *b, enum vx_input_kind kind, int samples, int sample_rate,
                              size_t window_bytes, int windows, struct vx_err *err)
{
    if (window_bytes > b->cap) {
        unsigned char *bytes = vx_calloc(window_bytes, 1);
        if (!bytes)
            return vx_fail_nomem(err, "a window of very high sample rate");
        free(b->bytes);
        b->bytes = bytes;
        b->cap = window_bytes;
    }
    b->input = (struct vx_input){.kind = kind, .samples = samples, .sample_rate = sample_rate, .data = b->bytes};
    b->window_bytes = window_bytes;
    b->room = windows;
    if ((size_t)windows > b->cap / window_bytes)
        b->room = (int)(b->cap / window_bytes);
    return VX_OK;
}

bool vx_batch_fits(const struct vx_batch *b, enum vx_input_kind kind, int samples, int sample_rate)
{
    return b->input.n < b->room && b->input.kind == kind &&
           (kind == VX_INPUT_IMAGE || (b->input.samples == samples && b->input.sample_rate == sample_rate));
}

void *vx_batch_room(const struct vx_batch *b)
{
    return b->bytes + (size_t)b->input.n * b->window_bytes;
}

void vx_batch_add(struct vx_batch *b, struct vx_task *task, size_t at)
{
    b->owner[b->input.n].task = task;
    b->owner[b->input.n].at = at;
    b->input.n++;
}
