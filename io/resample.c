#include "io/resample.h"

#include "base/mem.h"

#include <math.h>
#include <soxr.h>
#include <stdlib.h>
#include <string.h>

enum { OUT_SAMPLES = 8192 }; /* libsoxr is asked for this much at a time, whatever the caller wants */

struct vx_resampler {
    soxr_t soxr; /* NULL: equal rates */
    int from, to;
    const float *in; /* borrowed [in_left] */
    size_t in_left;
    int64_t in_total;
    bool ended;
    size_t out_at, out_end; /* ready: out[out_at…out_end) */
    int64_t out_total;      /* taken from libsoxr so far */
    int64_t out_goal;       /* once ended: how many there must be */
    float out[OUT_SAMPLES];
};

enum vx_status vx_resampler_create(struct vx_resampler **out, int from, int to, struct vx_err *err)
{
    const soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    const soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    const soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    struct vx_resampler *r = vx_calloc(1, sizeof *r);
    soxr_error_t why = NULL;

    *out = NULL;
    if (!r)
        return vx_fail_nomem(err, "a resampler");
    r->from = from;
    r->to = to;
    if (from != to)
        r->soxr = soxr_create(from, to, 1, &why, &io, &quality, &runtime);
    if (why || (from != to && !r->soxr)) {
        vx_resampler_destroy(&r);
        return vx_fail(err, VX_EINVAL, "cannot resample %d Hz to %d Hz: %s", from, to,
                       why ? why : "no memory");
    }
    *out = r;
    return VX_OK;
}

void vx_resampler_destroy(struct vx_resampler **r)
{
    if (!*r)
        return;
    if ((*r)->soxr)
        soxr_delete((*r)->soxr);
    free(*r);
    *r = NULL;
}

void vx_resampler_put(struct vx_resampler *r, const float *samples, size_t n)
{
    r->in = samples;
    r->in_left = n;
    r->in_total += (int64_t)n;
}

void vx_resampler_end(struct vx_resampler *r)
{
    r->ended = true;
    /* librosa.resample: int(np.ceil(n * (float(target_sr) / orig_sr))), then util.fix_length() */
    r->out_goal = (int64_t)ceil((double)r->in_total * ((double)r->to / r->from));
}

/* Refill out[]; leaves it empty when more input is needed or everything is out. */
static enum vx_status refill(struct vx_resampler *r, struct vx_err *err)
{
    size_t used = 0, made = 0;
    soxr_error_t why;

    r->out_at = r->out_end = 0;
    if (r->in_left > 0) {
        why = soxr_process(r->soxr, r->in, r->in_left, &used, r->out, OUT_SAMPLES, &made);
        r->in += used;
        r->in_left -= used;
        if (!why && used == 0 && made == 0)
            why = "libsoxr neither takes nor gives";
    } else if (r->ended) {
        if (r->out_total >= r->out_goal)
            return VX_OK;
        why = soxr_process(r->soxr, NULL, 0, NULL, r->out, OUT_SAMPLES, &made);
        if (!why && made == 0) { /* libsoxr has rounded the length down */
            made = OUT_SAMPLES;
            memset(r->out, 0, sizeof r->out);
        }
        if ((int64_t)made > r->out_goal - r->out_total)
            made = (size_t)(r->out_goal - r->out_total);
    } else {
        return VX_OK;
    }
    if (why)
        return vx_fail(err, VX_EFORMAT, "resampling %d Hz to %d Hz: %s", r->from, r->to, why);
    r->out_end = made;
    r->out_total += (int64_t)made;
    return VX_OK;
}

enum vx_status vx_resampler_take(struct vx_resampler *r, float *out, size_t n, size_t *got,
                                 struct vx_err *err)
{
    enum vx_status rc;

    *got = 0;
    if (!r->soxr) {
        if (r->in_left == 0)
            return VX_OK;
        if (n > r->in_left)
            n = r->in_left;
        memcpy(out, r->in, n * sizeof *out);
        r->in += n;
        r->in_left -= n;
        *got = n;
        return VX_OK;
    }
    while (r->out_at == r->out_end) {
        if ((rc = refill(r, err)) != VX_OK)
            return rc;
        if (r->out_at == r->out_end && r->in_left == 0 && (!r->ended || r->out_total >= r->out_goal))
            return VX_OK;
    }
    if (n > r->out_end - r->out_at)
        n = r->out_end - r->out_at;
    memcpy(out, r->out + r->out_at, n * sizeof *out);
    r->out_at += n;
    *got = n;
    return VX_OK;
}

int64_t vx_resampler_place(const struct vx_resampler *r, int64_t in)
{
    /* split so that no product passes 64 bits: in·to can, (in % from)·to cannot */
    return in / r->from * r->to + (in % r->from * r->to + r->from - 1) / r->from;
}
