/* decode_stage.c - a decoder thread: items become windows in batches */
#include "base/clock.h"
#include "base/mem.h"
#include "io/decode.h"
#include "io/domain.h"
#include "io/image.h"
#include "io/source.h"
#include "io/windows.h"
#include "model/outside.h"
#include "mpi/pipeline_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLUSH_SECONDS 0.5

struct stage {
    struct vx_pipeline *p;
    struct vx_reader *reader;
    struct vx_windower *windower;
    struct vx_domain_meter *meter;
    struct vx_batch *batch; /* being filled, or NULL */
    double batch_since;     /* its first window's time */
    struct vx_fit *fit;     /* of the last picture's shape, pictures of a corpus mostly share one */
    int fit_w, fit_h;
    uint8_t *fit_scratch, *fitted; /* fitted [image_size][image_size][3] */
};

static void fail_item(struct vx_task *task, const struct vx_err *err)
{
    task->result->status = VX_ITEM_FAILED;
    snprintf(task->result->error, sizeof task->result->error, "%.500s", err->text);
}

static void flush(struct stage *s)
{
    if (s->batch && s->batch->input.n > 0)
        vx_queue_push(s->p->filled, s->batch);
    else if (s->batch)
        vx_queue_push(s->p->free, s->batch);
    s->batch = NULL;
}

/* A long silence, a slow disk: windows that wait for company go without it. */
static void flush_stale(struct stage *s)
{
    if (s->batch && vx_clock_now() - s->batch_since > FLUSH_SECONDS)
        flush(s);
}

/* Puts one window into the batch; VX_ESTOP when the pipeline is closing. */
static enum vx_status emit(struct stage *s, struct vx_task *task, size_t at, enum vx_input_kind kind, int samples,
                           int rate, const void *window, struct vx_err *err)
{
    const size_t image_bytes = (size_t)s->p->config.engine->image_size * (size_t)s->p->config.engine->image_size * 3;
    const size_t bytes = kind == VX_INPUT_PCM ? (size_t)samples * sizeof(float) : image_bytes;
    void *batch;

    if (s->batch && !vx_batch_fits(s->batch, kind, samples, rate))
        flush(s);
    if (!s->batch) {
        if (!vx_queue_pop(s->p->free, &batch))
            return vx_fail(err, VX_ESTOP, "the pipeline is closing");
        s->batch = batch;
        s->batch_since = vx_clock_now();
        const enum vx_status rc = vx_batch_begin(s->batch, kind, samples, rate, bytes, s->p->config.batch, err);
        if (rc != VX_OK)
            return rc;
    }
    vx_batch_add(s->batch, window, task, at);
    return VX_OK;
}

/* Records a window and sends it to the lanes if it is to be scored. What fails here is not the item's fault but the
 * rank's end: the failure is noted and VX_ESTOP returned. */
static enum vx_status window_out(struct stage *s, struct vx_task *task, const struct vx_window_score *score,
                                 enum vx_input_kind kind, int samples, int rate, const void *data, struct vx_err *err)
{
    size_t at;
    enum vx_status rc;

    if (atomic_load(&s->p->stopping))
        return vx_fail(err, VX_ESTOP, "the pipeline is closing");
    rc = vx_task_add_window(task, score, &at, err);
    if (rc == VX_OK && !(score->flags & VX_WINDOW_NOT_SCORED))
        rc = emit(s, task, at, kind, samples, rate, data, err);
    flush_stale(s);
    if (rc == VX_OK)
        return VX_OK;
    vx_pipeline_set_failure(s->p, err);
    return VX_ESTOP;
}

/* Level and bandwidth of a window that is scored. As above: a failure is the rank's end. */
static enum vx_status measure(struct stage *s, const struct vx_window_score *score, const float *pcm, struct vx_err *err)
{
    if (score->flags & VX_WINDOW_NOT_SCORED)
        return VX_OK;
    if (vx_domain_add(s->meter, pcm, (size_t)vx_windower_sound(s->windower), err) == VX_OK)
        return VX_OK;
    vx_pipeline_set_failure(s->p, err);
    return VX_ESTOP;
}

static enum vx_status decode_audio(struct stage *s, struct vx_task *task, struct vx_source *source, struct vx_err *err)
{
    struct vx_decoder *dec = NULL;
    struct vx_window_score score;
    const float *pcm;
    enum vx_status rc = vx_decoder_open(&dec, source, s->p->config.profile->sample_rate, err);

    if (rc == VX_OK && (rc = vx_windower_begin(s->windower, dec, err)) == VX_OK)
        rc = vx_domain_begin(s->meter, vx_decoder_rate(dec), err);
    const bool measuring = rc == VX_OK;
    while (rc == VX_OK && (rc = vx_windower_next(s->windower, &score, &pcm, err)) == VX_OK &&
           (rc = measure(s, &score, pcm, err)) == VX_OK)
        rc = window_out(s, task, &score, VX_INPUT_PCM, vx_windower_samples(s->windower), vx_decoder_rate(dec), pcm, err);
    if (measuring) {
        task->result->domain = vx_domain_end(s->meter);
        vx_outside_compare(&task->result->domain, &s->p->config.profile->measured);
    }
    if (dec)
        vx_decoder_info(dec, &task->result->info);
    vx_decoder_close(&dec);
    return rc == VX_DONE ? VX_OK : rc;
}

/* The plan for pictures of w×h, made anew when the shape changes. */
static enum vx_status fit_for(struct stage *s, int w, int h, struct vx_err *err)
{
    const struct vx_pipeline_config *c = &s->p->config;
    enum vx_status rc;

    if (s->fit && s->fit_w == w && s->fit_h == h)
        return VX_OK;
    vx_fit_destroy(&s->fit);
    free(s->fit_scratch);
    s->fit_scratch = NULL;
    if ((rc = vx_fit_create(&s->fit, c->processor, w, h, c->engine->image_size, err)) != VX_OK)
        return rc;
    s->fit_scratch = vx_calloc(vx_fit_scratch(s->fit), 1);
    if (!s->fit_scratch) {
        vx_fit_destroy(&s->fit);
        return vx_fail_nomem(err, "a picture");
    }
    s->fit_w = w;
    s->fit_h = h;
    return VX_OK;
}

static enum vx_status decode_image(struct stage *s, struct vx_task *task, struct vx_source *source, struct vx_err *err)
{
    const struct vx_window_score score = {0};
    const char *format = "";
    uint8_t *rgb = NULL;
    enum vx_status rc;
    int w, h;

    if (!vx_image_sniff(source, &format))
        return vx_fail(err, VX_EFORMAT, "neither PNG nor JPEG");
    snprintf(task->result->info.format, sizeof task->result->info.format, "%s", format);
    if ((rc = vx_image_read(source, &rgb, &w, &h, err)) == VX_OK && (rc = fit_for(s, w, h, err)) == VX_OK) {
        vx_fit_run(s->fit, rgb, s->fitted, s->fit_scratch);
        rc = window_out(s, task, &score, VX_INPUT_IMAGE, 0, 0, s->fitted, err);
    }
    free(rgb);
    return rc;
}

static enum vx_status decode_item(struct stage *s, struct vx_task *task, struct vx_err *err)
{
    const struct vx_item *item = &task->result->item;
    struct vx_source *source;
    enum vx_status rc;

    if (item->kind == VX_ITEM_BROKEN)
        return vx_fail(err, VX_EFORMAT, "%s", item->problem ? item->problem : "could not be listed");
    if ((rc = vx_reader_open(s->reader, item, &source, err)) != VX_OK)
        return rc;
    return item->kind == VX_ITEM_IMAGE ? decode_image(s, task, source, err) : decode_audio(s, task, source, err);
}

static enum vx_status stage_open(struct stage *s, struct vx_err *err)
{
    const struct vx_pipeline_config *c = &s->p->config;
    const size_t side = (size_t)c->engine->image_size;
    enum vx_status rc;

    if ((rc = vx_reader_create(&s->reader, c->max_member_bytes, err)) != VX_OK ||
        (rc = vx_windower_create(&s->windower, &c->rule, err)) != VX_OK || (rc = vx_domain_create(&s->meter, err)) != VX_OK)
        return rc;
    s->fitted = vx_calloc(side * side, 3);
    return s->fitted ? VX_OK : vx_fail_nomem(err, "a picture");
}

static void stage_close(struct stage *s)
{
    vx_fit_destroy(&s->fit);
    free(s->fit_scratch);
    free(s->fitted);
    vx_domain_destroy(&s->meter);
    vx_windower_destroy(&s->windower);
    vx_reader_destroy(&s->reader);
}

void *vx_decode_stage(void *pipeline)
{
    struct stage s = {.p = pipeline};
    struct vx_err err;
    void *next;

    if (stage_open(&s, &err) != VX_OK) {
        vx_pipeline_set_failure(s.p, &err);
        goto done;
    }
    while (!atomic_load(&s.p->stopping)) {
        if (!vx_queue_try_pop(s.p->tasks, &next)) {
            flush(&s); /* nothing follows for now: do not let a half-filled batch hold its items back */
            if (!vx_queue_pop(s.p->tasks, &next))
                break;
        }
        struct vx_task *task = next;
        const enum vx_status rc = decode_item(&s, task, &err);
        if (rc == VX_ESTOP)
            break;
        if (rc != VX_OK)
            fail_item(task, &err);
        flush_stale(&s);
        vx_task_release(s.p, task);
    }
done:
    stage_close(&s);
    return NULL;
}
