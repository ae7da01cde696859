/* decode_stage.c - a decode stage's thread: items become windows in batches */
#include "base/clock.h"
#include "base/text.h"
#include "io/member.h"
#include "model/outside.h"
#include "mpi/stage.h"

#include <stdio.h>

#define FLUSH_SECONDS 0.5

void vx_stage_flush(struct vx_stage *s)
{
    if (s->batch && s->batch->input.n > 0)
        vx_queue_push(s->p->filled, s->batch);
    else if (s->batch)
        vx_queue_push(s->pool->free, s->batch);
    s->batch = NULL;
}

void vx_stage_flush_stale(struct vx_stage *s)
{
    if (s->batch && s->batch->input.n > 0 && vx_clock_now() - s->batch_since > FLUSH_SECONDS)
        vx_stage_flush(s);
}

enum vx_status vx_stage_fail(struct vx_stage *s, const struct vx_err *err)
{
    vx_pipeline_set_failure(s->p, err);
    return VX_ESTOP;
}

enum vx_status vx_stage_batch(struct vx_stage *s, const struct vx_cut_shape *shape, struct vx_err *err)
{
    const int image_size = s->p->config.engine->image_size;
    void *batch;

    if (s->batch && !vx_batch_fits(s->batch, shape->kind, shape->samples, shape->sample_rate))
        vx_stage_flush(s);
    if (s->batch)
        return VX_OK;
    if (!vx_queue_pop(s->pool->free, &batch))
        return vx_fail(err, VX_ESTOP, "the pipeline is closing");
    s->batch = batch;
    return vx_batch_begin(s->batch, shape->kind, shape->samples, shape->sample_rate, vx_cut_bytes(shape, image_size),
                          s->p->config.batch, err);
}

enum vx_status vx_stage_window(struct vx_stage *s, const struct vx_window_score *score, struct vx_err *err)
{
    size_t at;

    if (atomic_load(&s->p->stopping))
        return vx_fail(err, VX_ESTOP, "the pipeline is closing");
    if (vx_task_add_window(s->task, score, &at, err) != VX_OK)
        return vx_stage_fail(s, err);
    if (!(score->flags & VX_WINDOW_NOT_SCORED)) {
        if (s->batch->input.n == 0)
            s->batch_since = vx_clock_now();
        vx_batch_add(s->batch, s->task, at);
    }
    return VX_OK;
}

enum vx_status vx_stage_content(struct vx_stage *s, const char *hash, bool *wanted, struct vx_err *err)
{
    struct vx_item_result *const result = s->task->result;
    int64_t scored;
    enum vx_status rc;

    *wanted = true;
    snprintf(result->hash, sizeof result->hash, "%s", hash); /* known now, whatever becomes of its decoder */
    if (!s->p->config.claimer || !*hash)
        return VX_OK;
    if ((rc = vx_claimer_ask(s->p->config.claimer, &result->item, hash, &scored, err)) != VX_OK)
        return rc;
    *wanted = scored == result->item.id;
    if (!*wanted) {
        result->status = VX_ITEM_SAME;
        result->same_as = scored;
    }
    vx_stage_flush_stale(s);
    return VX_OK;
}

static enum vx_status decode_item(struct vx_stage *s, const struct vx_stage_ops *ops, void *decoder, struct vx_err *err)
{
    struct vx_item_result *const result = s->task->result;
    enum vx_status rc;

    if (result->item.kind == VX_ITEM_BROKEN)
        rc = vx_fail(err, VX_EFORMAT, "%s", result->item.problem ? result->item.problem : "could not be listed");
    else
        rc = ops->decode(decoder, s->task, err);
    const char *const remark = result->item.member ? vx_member_remark(result->item.member) : NULL;
    if (remark)
        vx_text_join(result->warning, sizeof result->warning, remark);
    if (result->domain.n_windows > 0)
        vx_outside_compare(&result->domain, &s->p->config.profile->measured);
    if (rc != VX_OK && rc != VX_ESTOP) {
        result->status = VX_ITEM_FAILED;
        result->same_as = 0;
        snprintf(result->error, sizeof result->error, "%.500s", err->text);
    }
    return rc;
}

/* One item to its end; VX_ESTOP: the pipeline is closing. */
static enum vx_status run_task(struct vx_stage *s, const struct vx_stage_ops *ops, void *decoder)
{
    struct vx_err err;

    if (decode_item(s, ops, decoder, &err) == VX_ESTOP)
        return VX_ESTOP;
    vx_stage_flush_stale(s);
    vx_task_release(s->p, s->task);
    return VX_OK;
}

void *vx_decode_stage(void *pipeline)
{
    struct vx_stage s = {.p = pipeline};
    const struct vx_stage_ops *const ops = s.p->config.nursery ? &vx_decode_there : &vx_decode_here;
    void *decoder = NULL, *next;
    struct vx_err err;

    pthread_mutex_lock(&s.p->fail_lock);
    s.pool = &s.p->pools[s.p->next_stage++ % s.p->n_pools];
    pthread_mutex_unlock(&s.p->fail_lock);
    if (ops->open(&decoder, &s, &err) != VX_OK) {
        vx_pipeline_set_failure(s.p, &err);
        goto done;
    }
    while (!atomic_load(&s.p->stopping)) {
        if (!vx_queue_try_pop(s.p->tasks, &next)) {
            vx_stage_flush(&s); /* nothing follows for now: do not let a half-filled batch hold its items back */
            if (!vx_queue_pop(s.p->tasks, &next))
                break;
        }
        s.task = next;
        const struct vx_task *const last = s.task + s.task->followers;
        while (run_task(&s, ops, decoder) == VX_OK && s.task < last)
            s.task++;
    }
done:
    ops->close(&decoder);
    return NULL;
}
