#include "mpi/pipeline.h"
#include "base/clock.h"
#include "base/mem.h"
#include "mpi/pipeline_internal.h"

#include <stdlib.h>
#include <string.h>

#define QUEUED_ITEMS 131072 /* more than all leases a worker holds at a time */
#define QUEUED_JOBS 1024
#define REFERENCE_RATE 48000 /* a batch's buffer holds its windows at this rate; at higher rates it holds fewer */
#define HIGHEST_RATE 768000  /* that a recording may have, Hz (io/decode.h) */

enum vx_status vx_job_create(struct vx_job **out, int64_t lease, struct vx_item *items, size_t n, struct vx_err *err)
{
    struct vx_job_state *state = vx_calloc(1, sizeof *state);

    *out = NULL;
    if (!state || !(state->job.results = vx_calloc(n, sizeof *state->job.results)) ||
        !(state->tasks = vx_calloc(n, sizeof *state->tasks))) {
        if (state)
            free(state->job.results);
        free(state);
        return vx_fail_nomem(err, "a lease");
    }
    state->job.lease = lease;
    state->job.n = n;
    atomic_init(&state->left, n);
    for (size_t i = 0; i < n; i++) {
        state->job.results[i].item = items[i];
        items[i] = (struct vx_item){0};
        state->tasks[i].job = state;
        state->tasks[i].result = &state->job.results[i];
        atomic_init(&state->tasks[i].holders, 1);
        pthread_mutex_init(&state->tasks[i].lock, NULL);
    }
    for (size_t i = n; i-- > 1;) {
        const int64_t bundle = state->job.results[i].item.bundle;
        if (bundle != 0 && bundle == state->job.results[i - 1].item.bundle)
            state->tasks[i - 1].followers = state->tasks[i].followers + 1;
    }
    *out = &state->job;
    return VX_OK;
}

void vx_job_destroy(struct vx_job **job)
{
    struct vx_job_state *state = (struct vx_job_state *)*job;

    if (!state)
        return;
    for (size_t i = 0; i < state->job.n; i++) {
        vx_item_result_clear(&state->job.results[i]);
        pthread_mutex_destroy(&state->tasks[i].lock);
    }
    free(state->job.results);
    free(state->tasks);
    free(state);
    *job = NULL;
}

/* Wakes everyone who waits; threads end at the next window. `finished` goes first: nothing comes out half done. */
static void stop(struct vx_pipeline *p)
{
    struct vx_queue *const queues[] = {p->finished, p->tasks, p->filled};

    atomic_store(&p->stopping, true);
    for (size_t i = 0; i < sizeof queues / sizeof *queues; i++)
        if (queues[i])
            vx_queue_close(queues[i]);
    for (int i = 0; i < p->n_pools; i++)
        vx_queue_close(p->pools[i].free);
}

void vx_pipeline_set_failure(struct vx_pipeline *p, const struct vx_err *err)
{
    pthread_mutex_lock(&p->fail_lock);
    if (p->failure.status == VX_OK)
        p->failure = *err;
    pthread_mutex_unlock(&p->fail_lock);
    atomic_store(&p->failed, true);
    stop(p);
}

struct vx_cut_config vx_pipeline_cut_config(const struct vx_pipeline *p)
{
    return (struct vx_cut_config){
        .sample_rate = p->config.profile->sample_rate,
        .rule = p->config.rule,
        .channels = p->config.channels,
        .processor = *p->config.processor,
        .image_size = p->config.engine->image_size,
        .max_member_bytes = p->config.max_member_bytes,
        .hash = p->config.hash,
        .hash_first = p->config.claimer != NULL || p->config.hash.sha256, /* evidence is kept of what kills its decoder, too */
    };
}

/* Gives a batch's logits to their items. */
static void deliver(struct vx_pipeline *p, const struct vx_batch *batch, const float *logits)
{
    const int n_labels = p->config.engine->n_labels;

    for (int i = 0; i < batch->input.n; i++) {
        float real, fake;
        vx_label_map_reduce(p->config.labels, logits + (size_t)i * (size_t)n_labels, &real, &fake);
        vx_task_set_logits(batch->owner[i].task, batch->owner[i].at, real, fake);
    }
    atomic_fetch_add(&p->windows_scored, batch->input.n);
    for (int i = 0; i < batch->input.n; i++)
        vx_task_release(p, batch->owner[i].task);
}

/* The next batch. Waiting counts from when there was something to decode: without a lease nobody waits for sound. */
static bool next_batch(struct vx_pipeline *p, void **batch)
{
    const double start = vx_clock_now();
    double wait;

    if (!vx_queue_pop(p->filled, batch))
        return false;
    const double since = atomic_load(&p->work_since);
    if ((wait = vx_clock_now() - (since > start ? since : start)) > 0) {
        pthread_mutex_lock(&p->fail_lock);
        p->engine_wait_s += wait;
        pthread_mutex_unlock(&p->fail_lock);
    }
    return true;
}

static void *lane_main(void *pipeline)
{
    struct vx_pipeline *p = pipeline;
    struct vx_err err;
    float *logits;
    void *next;
    int lane;

    pthread_mutex_lock(&p->fail_lock);
    lane = p->next_lane++;
    pthread_mutex_unlock(&p->fail_lock);
    logits = vx_calloc((size_t)p->config.batch * (size_t)p->config.engine->n_labels, sizeof *logits);
    if (!logits) {
        (void)vx_fail_nomem(&err, "logits");
        vx_pipeline_set_failure(p, &err);
    }
    while (logits && next_batch(p, &next) && !atomic_load(&p->stopping)) {
        struct vx_batch *batch = next;
        if (vx_engine_run(p->config.engine, lane, &batch->input, logits, &err) != VX_OK) {
            vx_pipeline_set_failure(p, &err);
            break;
        }
        deliver(p, batch, logits);
        vx_queue_push(batch->pool->free, batch);
    }
    free(logits);
    return NULL;
}

/* What a batch takes: its windows at the profile's rate, or at a common one where each recording keeps its own; then at least
 * one at the highest. */
static size_t batch_bytes(const struct vx_pipeline_config *c)
{
    const int rate = c->profile->sample_rate;
    const struct vx_cut_shape picture = {.kind = VX_INPUT_IMAGE};
    const size_t pcm = (size_t)(c->rule.window_seconds * (rate ? rate : REFERENCE_RATE) + 1) * sizeof(float);
    const size_t highest = rate ? 0 : (size_t)(c->rule.window_seconds * HIGHEST_RATE + 1) * sizeof(float);
    const size_t image = vx_cut_bytes(&picture, c->engine->image_size);
    const size_t all = (pcm > image ? pcm : image) * (size_t)c->batch;

    return all > highest ? all : highest;
}

/* Each lane runs one while another waits, and each decoder fills one. A decoder process sees no memory but that of its own
 * batches, so that one which has been taken over cannot touch the others' sound. */
static enum vx_status create_batches(struct vx_pipeline *p, struct vx_err *err)
{
    const struct vx_pipeline_config *c = &p->config;
    const int pools = c->nursery ? c->decoders : 1, batches = 2 * c->engine->lanes + c->decoders;
    const int each = (batches + pools - 1) / pools;

    if (!(p->pools = vx_calloc((size_t)pools, sizeof *p->pools)))
        return vx_fail_nomem(err, "batches");
    for (; p->n_pools < pools; p->n_pools++) {
        struct vx_batch_pool *const pool = &p->pools[p->n_pools];
        const enum vx_status rc = vx_batch_pool_open(pool, each, c->batch, batch_bytes(c), err);
        if (rc != VX_OK)
            return rc;
        vx_engine_lend(c->engine, pool->shared.memory, pool->shared.bytes);
    }
    return vx_queue_create(&p->filled, (size_t)(pools * each), err);
}

static enum vx_status start_threads(struct vx_pipeline *p, struct vx_err *err)
{
    const int n = p->config.decoders + p->config.engine->lanes;

    p->threads = vx_calloc((size_t)n, sizeof *p->threads);
    if (!p->threads)
        return vx_fail_nomem(err, "threads");
    for (; p->n_threads < n; p->n_threads++) {
        const int rc = pthread_create(&p->threads[p->n_threads], NULL,
                                      p->n_threads < p->config.decoders ? vx_decode_stage : lane_main, p);
        if (rc != 0)
            return vx_fail(err, VX_ESYS, "cannot start thread %d of %d: %s", p->n_threads + 1, n, strerror(rc));
    }
    return VX_OK;
}

enum vx_status vx_pipeline_create(struct vx_pipeline **out, const struct vx_pipeline_config *config,
                                  struct vx_err *err)
{
    struct vx_pipeline *p = vx_calloc(1, sizeof *p);
    enum vx_status rc;

    *out = NULL;
    if (!p)
        return vx_fail_nomem(err, "the pipeline");
    p->config = *config;
    pthread_mutex_init(&p->fail_lock, NULL);
    if (config->batch < 1 || config->batch > config->engine->max_batch || config->decoders < 1) {
        rc = vx_fail(err, VX_EINVAL, "batch of %d windows (the engine takes 1 to %d), %d decoders", config->batch,
                     config->engine->max_batch, config->decoders);
        goto done;
    }
    if ((rc = vx_queue_create(&p->tasks, QUEUED_ITEMS, err)) != VX_OK ||
        (rc = vx_queue_create(&p->finished, QUEUED_JOBS, err)) != VX_OK ||
        (rc = create_batches(p, err)) != VX_OK || (rc = start_threads(p, err)) != VX_OK)
        goto done;
    *out = p;
    p = NULL;
done:
    vx_pipeline_destroy(&p);
    return rc;
}

void vx_pipeline_destroy(struct vx_pipeline **pp)
{
    struct vx_pipeline *p = *pp;

    if (!p)
        return;
    stop(p);
    for (int i = 0; i < p->n_threads; i++)
        pthread_join(p->threads[i], NULL);
    for (size_t i = 0; i < p->n_inside; i++) {
        struct vx_job *job = &p->inside[i]->job;
        vx_job_destroy(&job);
    }
    for (int i = 0; i < p->n_pools; i++) {
        vx_engine_take_back(p->config.engine, p->pools[i].shared.memory);
        vx_batch_pool_close(&p->pools[i]);
    }
    vx_queue_destroy(&p->tasks);
    vx_queue_destroy(&p->filled);
    vx_queue_destroy(&p->finished);
    pthread_mutex_destroy(&p->fail_lock);
    free(p->inside);
    free(p->pools);
    free(p->threads);
    free(p);
    *pp = NULL;
}

enum vx_status vx_pipeline_submit(struct vx_pipeline *p, struct vx_job *job, struct vx_err *err)
{
    struct vx_job_state *state = (struct vx_job_state *)job;
    void *inside = p->inside;

    if (vx_grow(&inside, &p->cap_inside, p->n_inside + 1, sizeof *p->inside) != 0)
        return vx_fail_nomem(err, "a lease");
    p->inside = inside;
    if (p->n_inside == 0)
        atomic_store(&p->work_since, vx_clock_now());
    p->inside[p->n_inside++] = state;
    if (state->job.n == 0)
        vx_queue_push(p->finished, state);
    /* a push fails only when the pipeline is stopping: collect will say why */
    for (size_t i = 0, next; i < state->job.n; i = next) {
        next = i + 1 + state->tasks[i].followers;
        vx_queue_push(p->tasks, &state->tasks[i]);
    }
    return VX_OK;
}

enum vx_status vx_pipeline_collect(struct vx_pipeline *p, struct vx_job **job, double seconds, struct vx_err *err)
{
    void *next;

    *job = NULL;
    if (!vx_queue_pop_for(p->finished, &next, seconds) && !atomic_load(&p->failed))
        return VX_OK;
    if (atomic_load(&p->failed)) {
        pthread_mutex_lock(&p->fail_lock);
        *err = p->failure;
        pthread_mutex_unlock(&p->fail_lock);
        return err->status;
    }
    for (size_t i = 0; i < p->n_inside; i++) {
        if (p->inside[i] == next) {
            p->inside[i] = p->inside[--p->n_inside];
            break;
        }
    }
    *job = &((struct vx_job_state *)next)->job;
    return VX_OK;
}

static size_t take(struct vx_job_state *state, const struct vx_item_result **out, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < state->job.n && n < max; i++) {
        struct vx_task *task = &state->tasks[i];
        if (task->taken || !atomic_load(&task->complete))
            continue;
        task->taken = true;
        out[n++] = task->result;
    }
    return n;
}

size_t vx_job_take(struct vx_job *job, const struct vx_item_result **out, size_t max)
{
    return take((struct vx_job_state *)job, out, max);
}

size_t vx_pipeline_take(struct vx_pipeline *p, const struct vx_item_result **out, size_t max)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_inside; i++)
        n += take(p->inside[i], out + n, max - n);
    return n;
}

struct vx_pipeline_stats vx_pipeline_stats(struct vx_pipeline *p)
{
    struct vx_pipeline_stats stats = {.windows_scored = atomic_load(&p->windows_scored)};
    double unused;

    for (int i = 0; i < p->n_pools; i++) {
        double wait;
        vx_queue_waits(p->pools[i].free, &unused, &wait);
        stats.decode_wait_s += wait;
    }
    pthread_mutex_lock(&p->fail_lock);
    stats.engine_wait_s = p->engine_wait_s;
    stats.decoders_cpu_s = p->decoders_cpu_s;
    stats.decoders_rss = p->decoders_rss;
    pthread_mutex_unlock(&p->fail_lock);
    return stats;
}
