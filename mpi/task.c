/* task.c - one item on its way through the pipeline */
#include "base/mem.h"
#include "model/verdict.h"
#include "mpi/pipeline_internal.h"

#include <stdlib.h>
#include <string.h>

enum vx_status vx_task_add_window(struct vx_task *task, const struct vx_window_score *window, size_t *at,
                                  struct vx_err *err)
{
    struct vx_item_result *result = task->result;
    enum vx_status rc = VX_OK;
    void *windows;

    pthread_mutex_lock(&task->lock);
    windows = result->windows;
    if (vx_grow(&windows, &result->cap_windows, result->n_windows + 1, sizeof *window) != 0) {
        rc = vx_fail_nomem(err, "a recording's scores");
    } else {
        result->windows = windows;
        *at = result->n_windows++;
        result->windows[*at] = *window;
        if (!(window->flags & VX_WINDOW_NOT_SCORED))
            atomic_fetch_add(&task->holders, 1);
    }
    pthread_mutex_unlock(&task->lock);
    return rc;
}

void vx_task_set_logits(struct vx_task *task, size_t at, float real, float fake)
{
    pthread_mutex_lock(&task->lock);
    task->result->windows[at].real = real;
    task->result->windows[at].fake = fake;
    pthread_mutex_unlock(&task->lock);
}

/* Why a recording that could be read has no scored window. */
static const char *not_scored_reason(const struct vx_item_result *result)
{
    if (result->n_windows == 0)
        return "no sound in it";
    for (size_t i = 0; i < result->n_windows; i++)
        if (result->windows[i].flags & VX_WINDOW_SILENT)
            return "no window holds a signal";
    return "too short to score";
}

static enum vx_status complete(const struct vx_pipeline *p, struct vx_item_result *result, struct vx_err *err)
{
    const struct vx_pipeline_config *c = &p->config;
    double *scratch;

    if (result->status == VX_ITEM_SAME)
        return VX_OK;
    if (!(scratch = vx_calloc(result->n_windows, sizeof *scratch)))
        return vx_fail_nomem(err, "a recording's aggregates");
    vx_aggregate_compute(&result->aggregate, result->windows, result->n_windows, c->rule.window_seconds,
                         c->rule.hop_seconds, c->profile, scratch);
    free(scratch);
    if (result->status == VX_ITEM_FAILED) {
        /* what was scored before it broke is kept, but half a recording gets no verdict */
        result->aggregate.verdict = VX_VERDICT_NONE;
    } else if (result->aggregate.n_scored == 0) {
        result->status = VX_ITEM_NOT_SCORED;
        strcpy(result->error, not_scored_reason(result));
    } else {
        result->status = VX_ITEM_SCORED;
    }
    return VX_OK;
}

void vx_task_release(struct vx_pipeline *p, struct vx_task *task)
{
    struct vx_job_state *job = task->job;
    struct vx_err err;

    if (atomic_fetch_sub(&task->holders, 1) != 1)
        return;
    if (complete(p, task->result, &err) != VX_OK) {
        vx_pipeline_set_failure(p, &err);
        return;
    }
    atomic_store(&task->complete, true);
    if (atomic_fetch_sub(&job->left, 1) == 1)
        vx_queue_push(p->finished, job);
}
