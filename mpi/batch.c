#include "mpi/batch.h"
#include "base/mem.h"

#include <stdlib.h>
#include <unistd.h>

enum vx_status vx_batch_pool_open(struct vx_batch_pool *pool, int n, int windows, size_t cap, struct vx_err *err)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes;
    enum vx_status rc;

    *pool = (struct vx_batch_pool){0};
    if (cap > SIZE_MAX - page || vx_mul_overflows((cap + page - 1) / page * page, (size_t)n, &bytes))
        return vx_fail_nomem(err, "batches of windows");
    cap = (cap + page - 1) / page * page;
    if ((rc = vx_shared_memory_open(&pool->shared, bytes, "batches of windows", err)) != VX_OK || (rc = vx_queue_create(&pool->free, (size_t)n, err)) != VX_OK)
        goto done;
    if (!(pool->batches = vx_calloc((size_t)n, sizeof *pool->batches))) {
        rc = vx_fail_nomem(err, "batches of windows");
        goto done;
    }
    for (pool->n = 0; pool->n < n; pool->n++) {
        struct vx_batch *const b = &pool->batches[pool->n];
        *b = (struct vx_batch){.bytes = pool->shared.memory + (size_t)pool->n * cap, .cap = cap, .pool = pool};
        if (!(b->owner = vx_calloc((size_t)windows, sizeof *b->owner))) {
            rc = vx_fail_nomem(err, "a batch of windows");
            goto done;
        }
        vx_queue_push(pool->free, b);
    }
    return VX_OK;
done:
    vx_batch_pool_close(pool);
    return rc;
}

void vx_batch_pool_close(struct vx_batch_pool *pool)
{
    for (int i = 0; i < pool->n; i++)
        free(pool->batches[i].owner);
    free(pool->batches);
    vx_queue_destroy(&pool->free);
    vx_shared_memory_close(&pool->shared);
    *pool = (struct vx_batch_pool){0};
}

enum vx_status vx_batch_begin(struct vx_batch *b, enum vx_input_kind kind, int samples, int sample_rate,
                              size_t window_bytes, int windows, struct vx_err *err)
{
    b->input.n = 0;
    if (window_bytes > b->cap)
        return vx_fail(err, VX_ELIMIT, "a window of %zu bytes, which is more than a batch has: %d samples at %d Hz", window_bytes,
                       samples, sample_rate);
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
