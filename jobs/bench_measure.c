#include "jobs/bench_measure.h"

#include "base/clock.h"
#include "base/mem.h"
#include "cpu/peak.h"
#include "io/decode.h"
#include "io/image.h"
#include "io/windows.h"
#include "jobs/named_file.h"
#include "jobs/scan_options.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#define NATIVE_RATE 44100          /* for a profile that takes each file's own rate */
#define CACHE_BYTES (128 << 10)    /* two of these are within any second-level cache */
#define MEMORY_BYTES (256UL << 20) /* of all lanes' buffers to copy from: beyond any cache but the largest servers' */

#define COPY_LEAST 2e9 /* bytes a second that any machine copies */

enum what { NETWORK, FRONT_END, BOTH, TRACED, ARITHMETIC, COPY };

struct lane_job {
    const struct bench *bench;
    enum what what;
    enum vx_trace_unit unit;
    size_t copy; /* bytes */
    int lane;
    double seconds;
    double done, took; /* windows, operations or bytes, and the seconds they took */
    struct vx_trace trace;
    uint8_t *images; /* [batch][side][side][3] */
    float *logits;
    struct vx_err err;
    enum vx_status rc;
};

struct bench {
    const struct vx_scanner *s;
    const struct vx_bench_options *o;
    struct vx_isa isa;
    int lanes, samples, rate;
    float *pcm;      /* [batch][samples], for all lanes */
    uint8_t *images; /* [lanes][batch][side][side][3] */
    float *logits;   /* [lanes][batch][n_labels] */
    struct lane_job *jobs;
    pthread_t *threads;
};

static size_t image_bytes(const struct vx_scanner *s)
{
    return (size_t)s->engine->image_size * (size_t)s->engine->image_size * 3;
}

static enum vx_status run_windows(struct lane_job *j)
{
    const struct bench *b = j->bench;
    struct vx_engine *engine = b->s->engine;
    const bool pcm = j->what != NETWORK;
    const struct vx_input input = {.kind = pcm ? VX_INPUT_PCM : VX_INPUT_IMAGE, .n = b->s->batch, .samples = b->samples,
                                   .sample_rate = b->rate, .data = pcm ? (const void *)b->pcm : b->images};
    const double start = vx_clock_now();
    enum vx_status rc;

    do {
        rc = j->what == FRONT_END ? engine->ops->images(engine, j->lane, &input, j->images, &j->err)
                                  : vx_engine_run(engine, j->lane, &input, j->logits, &j->err);
        j->done += input.n;
        j->took = vx_clock_now() - start;
    } while (rc == VX_OK && j->took < j->seconds);
    return rc;
}

static void *lane_main(void *arg)
{
    struct lane_job *j = arg;

    if (j->what == ARITHMETIC) {
        j->done = vx_peak_arithmetic(j->unit, &j->bench->isa, j->seconds);
        j->took = 1;
    } else if (j->what == COPY) {
        j->rc = vx_peak_copy(j->copy, j->seconds, &j->done, &j->err);
        j->took = 1;
    } else {
        j->rc = run_windows(j);
    }
    return NULL;
}

/* One round of `like` on that many lanes at once; its rate over all of them. */
static enum vx_status run_lanes(struct bench *b, const struct lane_job *like, int lanes, double *rate, struct vx_err *err)
{
    const size_t batch = (size_t)b->s->batch;
    enum vx_status rc = VX_OK;
    int started = 0;

    *rate = 0;
    for (int i = 0; i < lanes; i++) {
        struct lane_job *j = &b->jobs[i];
        *j = *like;
        j->bench = b;
        j->lane = i;
        j->seconds = b->o->seconds / b->o->rounds;
        j->images = b->images + (size_t)i * batch * image_bytes(b->s);
        j->logits = b->logits + (size_t)i * batch * (size_t)b->s->engine->n_labels;
        if (pthread_create(&b->threads[i], NULL, lane_main, j) != 0) {
            rc = vx_fail(err, VX_ESYS, "cannot start thread %d", i);
            break;
        }
        started++;
    }
    for (int i = 0; i < started; i++) {
        pthread_join(b->threads[i], NULL);
        *rate += b->jobs[i].done / b->jobs[i].took;
        if (b->jobs[i].rc != VX_OK) {
            rc = b->jobs[i].rc;
            *err = b->jobs[i].err;
        }
    }
    return rc;
}

/* The same, and *best becomes the rate where that is more. */
static enum vx_status improve(struct bench *b, struct lane_job like, int lanes, double *best, struct vx_err *err)
{
    double rate;
    const enum vx_status rc = run_lanes(b, &like, lanes, &rate, err);

    *best = fmax(*best, rate);
    return rc;
}

static enum vx_status measure_ceilings(struct bench *b, struct vx_bench_ceilings *c, struct vx_err *err)
{
    /* in a short round buffers that take longer to fill than to copy would be most of the work */
    const double worth = fmin((double)MEMORY_BYTES, b->o->seconds / b->o->rounds * COPY_LEAST);
    const size_t apart = (size_t)worth / (size_t)b->lanes;
    enum vx_status rc;

    for (int unit = 0; unit < VX_TRACE_UNITS; unit++) {
        if (!(c->name[unit] = vx_peak_name((enum vx_trace_unit)unit, &b->isa)))
            continue;
        if ((rc = improve(b, (struct lane_job){.what = ARITHMETIC, .unit = (enum vx_trace_unit)unit}, b->lanes, &c->flops[unit], err)) !=
            VX_OK)
            return rc;
    }
    if ((rc = improve(b, (struct lane_job){.what = COPY, .copy = CACHE_BYTES}, b->lanes, &c->cache, err)) != VX_OK)
        return rc;
    return improve(b, (struct lane_job){.what = COPY, .copy = apart > CACHE_BYTES ? apart : CACHE_BYTES}, b->lanes, &c->memory, err);
}

/* The engine with traces on all lanes; the fastest round's are kept. */
static enum vx_status measure_operations(struct bench *b, struct vx_bench_results *r, double *best, struct vx_err *err)
{
    struct vx_engine *engine = b->s->engine;
    struct vx_trace *traces = vx_calloc((size_t)b->lanes, sizeof *traces);
    double rate;
    enum vx_status rc;

    if (!traces)
        return vx_fail_nomem(err, "the operations' times");
    for (int i = 0; i < b->lanes; i++)
        engine->ops->trace(engine, i, &traces[i]);
    rc = run_lanes(b, &(struct lane_job){.what = TRACED}, b->lanes, &rate, err);
    for (int i = 0; i < b->lanes; i++)
        engine->ops->trace(engine, i, NULL);
    if (rc == VX_OK && rate > *best) {
        *best = rate;
        r->traced = true;
        r->trace = traces[0];
        r->traced_windows = b->jobs[0].done;
        for (int i = 1; i < b->lanes; i++) {
            r->traced_windows += b->jobs[i].done;
            for (int k = 0; k < r->trace.n; k++)
                r->trace.op[k].seconds += traces[i].op[k].seconds;
        }
    }
    free(traces);
    return rc;
}

static enum vx_status measure_round(struct bench *b, struct vx_bench_results *r, double *traced, struct vx_err *err)
{
    const struct vx_engine_ops *ops = b->s->engine->ops;
    enum vx_status rc;

    if (ops->default_lanes == 0 && (rc = measure_ceilings(b, &r->ceilings, err)) != VX_OK)
        return rc;
    if ((rc = improve(b, (struct lane_job){.what = NETWORK}, b->lanes, &r->network, err)) != VX_OK || b->o->network_only)
        return rc;
    if ((rc = improve(b, (struct lane_job){.what = FRONT_END}, r->front_lanes, &r->front, err)) != VX_OK ||
        (rc = improve(b, (struct lane_job){.what = BOTH}, b->lanes, &r->both, err)) != VX_OK)
        return rc;
    return ops->trace ? measure_operations(b, r, traced, err) : VX_OK;
}

/* A voice-like test signal: harmonics of a gliding tone, and noise; deterministic. */
static void fill_pcm(float *pcm, int n, int rate)
{
    uint32_t noise = 1;
    double phase = 0;

    for (int i = 0; i < n; i++) {
        const double t = (double)i / rate;
        phase += 2 * M_PI * (120 + 40 * sin(2 * M_PI * 1.3 * t)) / rate;
        noise = noise * 1664525u + 1013904223u;
        double x = 0.02 * ((double)noise / 4294967296.0 - 0.5);
        for (int h = 1; h <= 12; h++)
            x += 0.2 / h * sin(h * phase);
        pcm[i] = (float)x;
    }
}

static enum vx_status prepare(struct bench *b, struct vx_err *err)
{
    const struct vx_scanner *s = b->s;
    const size_t batch = (size_t)s->batch, lanes = (size_t)b->lanes, image = image_bytes(s);

    b->rate = s->profile.sample_rate ? s->profile.sample_rate : NATIVE_RATE;
    b->samples = vx_profile_samples(&s->profile, b->rate);
    b->pcm = vx_calloc(batch * (size_t)b->samples, sizeof *b->pcm);
    b->images = vx_calloc(batch * lanes, image);
    b->logits = vx_calloc(batch * lanes * (size_t)s->engine->n_labels, sizeof *b->logits);
    b->jobs = vx_calloc(lanes, sizeof *b->jobs);
    b->threads = vx_calloc(lanes, sizeof *b->threads);
    if (!b->pcm || !b->images || !b->logits || !b->jobs || !b->threads)
        return vx_fail_nomem(err, "the measurement");
    for (size_t i = 0; i < batch; i++)
        fill_pcm(b->pcm + i * (size_t)b->samples, b->samples, b->rate);
    for (size_t i = 0; i < batch * image; i++)
        b->images[i] = (uint8_t)(i * 7 >> 3);
    return VX_OK;
}

enum vx_status vx_bench_measure(struct vx_bench_results *out, const struct vx_scanner *scanner, const struct vx_bench_options *options,
                                struct vx_err *err)
{
    struct bench b = {.s = scanner, .o = options, .isa = vx_isa_detect(), .lanes = scanner->engine->lanes};
    double traced = 0;
    enum vx_status rc;

    *out = (struct vx_bench_results){0};
    /* where lanes are processors the front end's one costs the same on each; elsewhere all share one device */
    out->front_lanes = scanner->engine->ops->default_lanes > 0 ? 1 : b.lanes;
    rc = prepare(&b, err);
    for (int round = 0; rc == VX_OK && round < options->rounds; round++)
        rc = measure_round(&b, out, &traced, err);
    free(b.pcm);
    free(b.images);
    free(b.logits);
    free(b.jobs);
    free(b.threads);
    return rc;
}

double vx_bench_share(const struct vx_bench_results *r, int i, int lanes)
{
    const struct vx_trace_op *op = &r->trace.op[i];
    const double peak = r->ceilings.flops[op->unit], one = lanes * r->traced_windows / op->seconds,
                 arithmetic = peak > 0 ? op->flops / peak : 0, bytes = r->ceilings.cache > 0 ? op->bytes / r->ceilings.cache : 0;

    return op->seconds > 0 ? fmax(arithmetic, bytes) * one : 0;
}

enum vx_status vx_bench_decode(const struct vx_scanner *s, const char *path, double *audio_s, double *wall_s, struct vx_err *err)
{
    const struct vx_scan_options defaults = vx_scan_options_default();
    const struct vx_window_rule rule = vx_scan_rule(&defaults, &s->profile);
    struct vx_named_file file = {0};
    struct vx_audio_info info = {0};
    struct vx_decoder *dec = NULL;
    struct vx_windower *windower = NULL;
    struct vx_window_score score;
    const char *format;
    const float *pcm;
    const double start = vx_clock_now();
    enum vx_status rc = vx_named_file_open(&file, path, err);

    if (rc != VX_OK)
        return rc;
    if (vx_image_sniff(file.source, &format))
        rc = vx_fail(err, VX_EINVAL, "a picture (%s); bench decodes recordings", format);
    else if ((rc = vx_decoder_open(&dec, file.source, s->profile.sample_rate, err)) == VX_OK &&
        (rc = vx_windower_create(&windower, &rule, err)) == VX_OK)
        rc = vx_windower_begin(windower, dec, err);
    while (rc == VX_OK)
        rc = vx_windower_next(windower, &score, &pcm, err);
    if (dec)
        vx_decoder_info(dec, &info);
    *audio_s = info.duration_s;
    *wall_s = vx_clock_now() - start;
    vx_windower_destroy(&windower);
    vx_decoder_close(&dec);
    vx_named_file_close(&file);
    return rc == VX_DONE ? VX_OK : vx_err_prefix(err, "%s", path);
}
