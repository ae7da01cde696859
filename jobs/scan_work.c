/* scan_work.c - the working half of a rank: shard, pipeline, worker loop */
#include "base/file.h"
#include "db/shard.h"
#include "jobs/scan_run.h"
#include "mpi/worker.h"

#include <stdlib.h>

#define MAX_DECODERS 64     /* for more processors a rank they are no bottleneck */
#define MAX_GPU_DECODERS 16 /* a GPU's batches are large: more of them in the making take memory and feed no GPU better */

/* One for each processor: how many an engine needs differs by a factor of a hundred between a large network fed with FLAC and a small
 * one fed with MP3 at 48 kHz. One too many waits for room and costs nothing; one too few leaves the engine waiting. */
int vx_scan_decoders(const struct vx_scan *s)
{
    const int most = s->scanner.engine->ops->default_lanes > 0 ? MAX_GPU_DECODERS : MAX_DECODERS;

    if (s->options.decoders > 0)
        return (int)s->options.decoders;
    return s->options.scanner.processors < most ? s->options.scanner.processors : most;
}

static enum vx_status open_shard(struct vx_shard **out, const struct vx_scan *s, const struct vx_run *run, struct vx_err *err)
{
    const char *const scratch = s->options.scratch;
    char *const path = vx_rundir_shard(s->work, s->attempt, s->world.rank);
    enum vx_status rc;

    if (!path)
        rc = vx_fail_nomem(err, "a path");
    else if (!scratch)
        rc = vx_shard_open(out, path, run, err);
    else if ((rc = vx_file_mkdirs(scratch, err)) == VX_OK)
        rc = vx_shard_open_scratch(out, path, scratch, run, err);
    free(path);
    return rc;
}

enum vx_status vx_scan_work(struct vx_scan *s, struct vx_link *link, struct vx_err *err)
{
    const struct vx_run run = vx_scan_record_run(&s->record, &s->options, &s->scanner);
    struct vx_pipeline_config config = {
        .engine = s->scanner.engine,
        .profile = &s->scanner.profile,
        .processor = &s->scanner.processor,
        .labels = &s->scanner.labels,
        .rule = vx_scan_rule(&s->options, &s->scanner.profile),
        .channels = s->options.channels,
        .batch = s->scanner.batch,
        .decoders = vx_scan_decoders(s),
        .nursery = s->nursery,
        .sandbox = s->sandbox,
        .decode_timeout_s = s->options.decode_timeout,
        .decode_memory = (uint64_t)vx_scan_decode_memory(&s->options) << 20,
        .max_member_bytes = (size_t)s->options.max_member_mib << 20,
        .hash = s->options.hash,
    };
    struct vx_worker_config worker = {
        .link = link,
        .engine = s->scanner.engine->description,
        .host = s->world.host,
        .rank = s->world.rank,
        .ranks = s->world.size,
        .threads = s->scanner.engine->lanes,
        .meter = s->meter,
        .stop = s->stop,
        .lost_seconds = s->world.rank > 0 ? s->options.lost_after : 0, /* rank 0's worker dies with its coordinator */
    };
    char *hand = vx_rundir_hand(s->work, s->attempt, s->world.rank);
    enum vx_status rc;

    if (hand)
        worker.hand = vx_hand_open(hand, s->world.host);
    rc = s->options.dedupe ? vx_claimer_create(&worker.claimer, err) : VX_OK;
    config.claimer = worker.claimer;
    if (rc == VX_OK && (rc = open_shard(&worker.shard, s, &run, err)) == VX_OK)
        rc = vx_pipeline_create(&worker.pipeline, &config, err);
    if (rc == VX_OK)
        rc = vx_worker_run(&worker, err);
    else
        vx_worker_give_up(link, err);
    if (worker.claimer)
        vx_claimer_close(worker.claimer); /* or the decoders would wait for ever */
    vx_pipeline_destroy(&worker.pipeline);
    vx_claimer_destroy(&worker.claimer);
    vx_shard_close(&worker.shard);
    vx_hand_close(&worker.hand);
    free(hand);
    return rc;
}
