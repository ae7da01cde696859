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

void vx_task_found(struct vx_task *task, const struct vx_cut_result *found)
{
    struct vx_item_result *const r = task->result;

    r->info = found->info;
    r->domain = found->domain;
    memcpy(r->warning, found->warning, sizeof r->warning);
    memcpy(r->hash, found->hash, sizeof r->hash);
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

/* Each channel's aggregates, and as the item's those of its worst channel: the largest mean of p. Its counts are of all windows. */
static void aggregate_channels(const struct vx_pipeline_config *c, struct vx_item_result *result, struct vx_window_score *own,
                               double *scratch)
{
    const struct vx_aggregate *worst = NULL;

    for (size_t k = 0; k < result->n_channels; k++) {
        struct vx_aggregate *const a = &result->channels[k];
        size_t n = 0;

        for (size_t i = 0; i < result->n_windows; i++)
            if (result->windows[i].channel == (int32_t)k + 1)
                own[n++] = result->windows[i];
        vx_aggregate_compute(a, own, n, c->rule.window_seconds, c->rule.hop_seconds, c->profile, scratch);
        result->aggregate.n_windows += a->n_windows;
        result->aggregate.n_scored += a->n_scored;
        if (a->n_scored > 0 && (!worst || a->mean_fake > worst->mean_fake))
            worst = a;
    }
    if (worst) {
        const int32_t n_windows = result->aggregate.n_windows, n_scored = result->aggregate.n_scored;

        result->aggregate = *worst;
        result->aggregate.n_windows = n_windows;
        result->aggregate.n_scored = n_scored;
    }
}

static enum vx_status aggregate(const struct vx_pipeline_config *c, struct vx_item_result *result, struct vx_err *err)
{
    double *scratch = vx_calloc(result->n_windows, sizeof *scratch);
    struct vx_window_score *own = NULL;
    enum vx_status rc = VX_OK;

    for (size_t i = 0; i < result->n_windows; i++)
        if ((size_t)result->windows[i].channel > result->n_channels)
            result->n_channels = (size_t)result->windows[i].channel;
    if (!scratch || (result->n_channels > 0 && (!(own = vx_calloc(result->n_windows, sizeof *own)) ||
                                                !(result->channels = vx_calloc(result->n_channels, sizeof *result->channels))))) {
        result->n_channels = 0;
        rc = vx_fail_nomem(err, "a recording's aggregates");
    } else if (result->n_channels > 0) {
        aggregate_channels(c, result, own, scratch);
    } else {
        vx_aggregate_compute(&result->aggregate, result->windows, result->n_windows, c->rule.window_seconds, c->rule.hop_seconds,
                             c->profile, scratch);
    }
    free(own);
    free(scratch);
    return rc;
}

static enum vx_status complete(const struct vx_pipeline *p, struct vx_item_result *result, struct vx_err *err)
{
    enum vx_status rc;

    if (result->status == VX_ITEM_SAME)
        return VX_OK;
    if ((rc = aggregate(&p->config, result, err)) != VX_OK)
        return rc;
    if (result->status == VX_ITEM_FAILED) {
        /* what was scored before it broke is kept, but half a recording gets no verdict */
        result->aggregate.verdict = VX_VERDICT_NONE;
        for (size_t k = 0; k < result->n_channels; k++)
            result->channels[k].verdict = VX_VERDICT_NONE;
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
