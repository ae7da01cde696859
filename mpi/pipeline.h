/* pipeline.h - one rank's work: items in, scored items out
 * Decoders, threads or processes with a thread each that drives them, open items, cut them into windows and fill batches across files; lane threads run batches through the
 * engine and hand each window's logits back to its item. A job (the items of one lease) comes out when its last item is
 * complete. What goes wrong with an item stays in its result; what comes back as an error here is the rank's end.
 * No MPI and no database in here. */
#ifndef VX_MPI_PIPELINE_H
#define VX_MPI_PIPELINE_H

#include "base/err.h"
#include "base/item.h"
#include "io/nursery.h"
#include "io/windows.h"
#include "model/engine.h"
#include "mpi/claimer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_pipeline;

struct vx_pipeline_config { /* everything is borrowed for the pipeline's life */
    struct vx_engine *engine;
    const struct vx_profile *profile;
    const struct vx_processor *processor; /* the checkpoint's, for images */
    const struct vx_label_map *labels;
    struct vx_window_rule rule;
    enum vx_channels channels;
    int batch;               /* windows an engine call, 1…engine->max_batch */
    int decoders;            /* threads or processes */
    size_t max_member_bytes; /* of an archive's member, which is held in memory */
    struct vx_hash_rule hash;   /* of the items' content */
    struct vx_claimer *claimer; /* asked for each content whether it is scored already; NULL: all are to be scored */
    struct vx_nursery *nursery; /* of decoder processes (vx_decoder_serve), as many as `decoders`; NULL: the threads decode */
    double decode_timeout_s;    /* a decoder process that gives nothing for so long is killed */
    uint64_t decode_memory;     /* bytes that one may take; 0: no limit */
    bool sandbox;               /* io/sandbox.h: available */
};

/* The items of one lease. The caller creates it, the pipeline owns it between submit and collect. */
struct vx_job {
    int64_t lease;
    size_t n;
    struct vx_item_result *results; /* [n] */
};
/* Takes over items[n] (zeroing them) into results. */
enum vx_status vx_job_create(struct vx_job **out, int64_t lease, struct vx_item *items, size_t n,
                             struct vx_err *err) VX_CHECKED;
void vx_job_destroy(struct vx_job **job);

enum vx_status vx_pipeline_create(struct vx_pipeline **out, const struct vx_pipeline_config *config,
                                  struct vx_err *err) VX_CHECKED;
void vx_pipeline_destroy(struct vx_pipeline **p); /* at once: what is begun is given up, jobs inside are destroyed */

/* Hands a job in; waits only when very many items are queued. */
enum vx_status vx_pipeline_submit(struct vx_pipeline *p, struct vx_job *job, struct vx_err *err) VX_CHECKED;
/* The next finished job into *job (the caller's), NULL when none came within `seconds`. An error is final: the engine
 * failed or memory ran out. */
enum vx_status vx_pipeline_collect(struct vx_pipeline *p, struct vx_job **job, double seconds, struct vx_err *err) VX_CHECKED;

/* Results that are complete and were not taken before, so that they can be kept before their job is: of the jobs inside,
 * or of a collected one. At most max into out, borrowed until their job is destroyed; returns how many. By the thread
 * that submits and collects. */
size_t vx_pipeline_take(struct vx_pipeline *p, const struct vx_item_result **out, size_t max);
size_t vx_job_take(struct vx_job *job, const struct vx_item_result **out, size_t max);

struct vx_pipeline_stats {
    int64_t windows_scored;
    double engine_wait_s; /* lanes waited for batches while there were items to decode, summed over lanes */
    double decode_wait_s; /* decoders waited for a free batch, summed */
    double decoders_cpu_s, decoders_rss; /* of decoder processes, summed: processor time and largest resident sets, bytes */
} vx_pipeline_stats(struct vx_pipeline *p);

#endif
