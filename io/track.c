#include "io/track.h"

#include "base/mem.h"
#include "io/resample.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    /* Runs of what is inside: less than a second in the resampler, a window where other tracks are read first. Should there be
     * more, the newest are joined. */
    MAX_RUNS = 1024,
    KEEP_STEP = 8192, /* samples kept at a time */
};

/* Output samples with the same flags. */
struct run {
    int64_t end; /* where the next begins */
    unsigned flags;
};

struct vx_track {
    struct vx_resampler *resampler;
    int64_t in;  /* samples put in */
    int64_t out; /* samples given */
    struct run runs[MAX_RUNS];
    size_t first_run, n_runs; /* runs[first_run…], a ring */
    float *kept;              /* owned [cap]: out of the resampler, not taken yet, kept[kept_at…kept_end) */
    size_t cap, kept_at, kept_end;
};

enum vx_status vx_track_create(struct vx_track **out, int from, int to, struct vx_err *err)
{
    struct vx_track *track = vx_calloc(1, sizeof *track);
    enum vx_status rc;

    *out = NULL;
    if (!track)
        return vx_fail_nomem(err, "a channel");
    if ((rc = vx_resampler_create(&track->resampler, from, to, err)) != VX_OK)
        vx_track_destroy(&track);
    *out = track;
    return rc;
}

void vx_track_destroy(struct vx_track **track)
{
    if (!*track)
        return;
    vx_resampler_destroy(&(*track)->resampler);
    free((*track)->kept);
    free(*track);
    *track = NULL;
}

/* The output up to `end` carries these flags. */
static void add_run(struct vx_track *track, int64_t end, unsigned flags)
{
    struct run *last = track->n_runs > 0 ? &track->runs[(track->first_run + track->n_runs - 1) % MAX_RUNS] : NULL;

    if (last && (last->flags == flags || track->n_runs == MAX_RUNS)) {
        last->end = end;
        last->flags |= flags;
        return;
    }
    track->runs[(track->first_run + track->n_runs++) % MAX_RUNS] = (struct run){end, flags};
}

void vx_track_put(struct vx_track *track, const float *block, size_t n, unsigned flags)
{
    track->in += (int64_t)n;
    vx_resampler_put(track->resampler, block, n);
    add_run(track, vx_resampler_place(track->resampler, track->in), flags);
}

void vx_track_end(struct vx_track *track)
{
    vx_resampler_end(track->resampler);
    /* The length may be rounded to a sample more than the last block's end. */
    add_run(track, INT64_MAX, 0);
}

enum vx_status vx_track_settle(struct vx_track *track, struct vx_err *err)
{
    enum vx_status rc;
    size_t got;

    if (track->kept_at > 0) {
        track->kept_end -= track->kept_at;
        memmove(track->kept, track->kept + track->kept_at, track->kept_end * sizeof *track->kept);
        track->kept_at = 0;
    }
    do {
        void *kept = track->kept;

        if (vx_grow(&kept, &track->cap, track->kept_end + KEEP_STEP, sizeof *track->kept) != 0)
            return vx_fail_nomem(err, "a channel");
        track->kept = kept;
        if ((rc = vx_resampler_take(track->resampler, track->kept + track->kept_end, KEEP_STEP, &got, err)) != VX_OK)
            return rc;
        track->kept_end += got;
    } while (got > 0);
    return VX_OK;
}

/* As vx_resampler_take, from what was kept first. */
static enum vx_status take(struct vx_track *track, float *out, size_t n, size_t *got, struct vx_err *err)
{
    const size_t kept = track->kept_end - track->kept_at;

    if (kept == 0)
        return vx_resampler_take(track->resampler, out, n, got, err);
    *got = n < kept ? n : kept;
    memcpy(out, track->kept + track->kept_at, *got * sizeof *out);
    track->kept_at += *got;
    return VX_OK;
}

enum vx_status vx_track_take(struct vx_track *track, float *out, size_t n, size_t *got, unsigned *flags, struct vx_err *err)
{
    const struct run *run;
    enum vx_status rc;

    *got = 0;
    while (track->n_runs > 0 && track->runs[track->first_run].end <= track->out) {
        track->first_run = (track->first_run + 1) % MAX_RUNS;
        track->n_runs--;
    }
    if (track->n_runs == 0)
        return VX_OK;
    run = &track->runs[track->first_run];
    if ((int64_t)n > run->end - track->out)
        n = (size_t)(run->end - track->out);
    if ((rc = take(track, out, n, got, err)) != VX_OK)
        return rc;
    track->out += (int64_t)*got;
    *flags = run->flags;
    return VX_OK;
}
