/* pipeline_internal.h - what the pipeline's files share: tasks, and who may touch what
 * task.c owns a task's life: it is held by its decoder and by each of its windows in flight, and complete when the last
 * lets go. decode_stage.c and its like (stage.h) fill batches, pipeline.c runs the threads and lanes. */
#ifndef VX_MPI_PIPELINE_INTERNAL_H
#define VX_MPI_PIPELINE_INTERNAL_H

#include "base/queue.h"
#include "io/cutter.h"
#include "mpi/batch.h"
#include "mpi/pipeline.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct vx_task {
    struct vx_job_state *job;
    struct vx_item_result *result;
    pthread_mutex_t lock; /* over result->windows, which grows while lanes fill in logits */
    atomic_long holders;
    atomic_bool complete; /* result is final */
    bool taken;           /* by vx_pipeline_take or vx_job_take */
    size_t followers;     /* tasks behind it that its decoder takes right after it: members of one packed archive */
};

struct vx_job_state {
    struct vx_job job; /* first: a struct vx_job * is a struct vx_job_state * */
    struct vx_task *tasks;
    atomic_size_t left; /* items not complete */
};

struct vx_pipeline {
    struct vx_pipeline_config config;
    struct vx_queue *tasks;    /* struct vx_task *: to be decoded */
    struct vx_queue *filled;   /* struct vx_batch *: for the lanes */
    struct vx_queue *finished; /* struct vx_job_state * */
    struct vx_batch_pool *pools; /* owned [n_pools]: one, or one for each decoder process */
    int n_pools;
    pthread_t *threads; /* [decoders + lanes] started so far */
    int n_threads;
    int next_lane, next_stage; /* handed to threads as they start, under fail_lock */
    _Atomic int64_t windows_scored;
    _Atomic double work_since; /* when a job came and there had been none */
    double engine_wait_s;      /* these three under fail_lock */
    double decoders_cpu_s, decoders_rss; /* of decoder processes: those replaced too; those that live */
    pthread_mutex_t fail_lock;
    struct vx_err failure; /* the first one; status VX_OK: none */
    atomic_bool failed, stopping; /* stopping: by failure or destroy; what is inside is given up */
    struct vx_job_state **inside; /* jobs submitted and not collected, for destroy */
    size_t n_inside, cap_inside;
};

struct vx_cut_config vx_pipeline_cut_config(const struct vx_pipeline *p);
void vx_pipeline_set_failure(struct vx_pipeline *p, const struct vx_err *err);

/* Adds a window to the task; *at is its place. One more holder when it is to be scored. */
enum vx_status vx_task_add_window(struct vx_task *task, const struct vx_window_score *window, size_t *at,
                                  struct vx_err *err) VX_CHECKED;
void vx_task_found(struct vx_task *task, const struct vx_cut_result *found); /* what reading it told about it */
void vx_task_set_logits(struct vx_task *task, size_t at, float real, float fake);
/* One holder lets go; the last one computes the aggregates and may finish the job. A holder that gives up because the
 * pipeline is stopping keeps its hold: such an item is never complete. */
void vx_task_release(struct vx_pipeline *p, struct vx_task *task);

void *vx_decode_stage(void *pipeline); /* a decoder thread's body */

#endif
