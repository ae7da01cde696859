#include "gpu/lane.h"

#include "base/mem.h"
#include "gpu/cuda.h"
#include "gpu/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS 8 /* kinds of input kept: a profile may take each file's own sample rate, and there is no end of rates */

struct vx_gpu_lane {
    const struct vx_gpu_lane_config *config;
    cudaStream_t stream;
    cudaEvent_t finished;
    struct vx_gpu_buffers buffers;
    struct vx_gpu_step step[STEPS];
    uint64_t clock;
};

static size_t image_bytes(const struct vx_gpu_lane_config *c)
{
    return (size_t)c->image_size * (size_t)c->image_size * 3;
}

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

static enum vx_status grow(struct vx_gpu_lane *l, enum vx_gpu_buffer which, size_t bytes, struct vx_err *err)
{
    return vx_gpu_buffer_grow(&l->buffers, which, bytes, l->stream, err);
}

enum vx_status vx_gpu_lane_create(struct vx_gpu_lane **out, const struct vx_gpu_lane_config *config, struct vx_err *err)
{
    const size_t windows = (size_t)config->windows, labels = (size_t)config->n_labels * sizeof(float);
    struct vx_gpu_lane *l = vx_calloc(1, sizeof *l);
    enum vx_status rc;

    *out = NULL;
    if (!l)
        return vx_fail_nomem(err, "a lane");
    l->config = config;
    if ((rc = vx_gpu_check(cudaStreamCreateWithFlags(&l->stream, cudaStreamNonBlocking), "a stream", err)) != VX_OK) {
        l->stream = NULL;
        goto done;
    }
    /* a lane's thread sleeps while it waits: processors are for decoding */
    if ((rc = vx_gpu_check(cudaEventCreateWithFlags(&l->finished, cudaEventBlockingSync | cudaEventDisableTiming), "an event",
                           err)) != VX_OK) {
        l->finished = NULL;
        goto done;
    }
    if ((rc = grow(l, VX_GPU_IMAGE, windows * image_bytes(config), err)) != VX_OK ||
        (rc = grow(l, VX_GPU_LOGITS, windows * labels, err)) != VX_OK ||
        (rc = grow(l, VX_GPU_SCRATCH, vx_gpu_network_scratch(config->network), err)) != VX_OK ||
        (rc = grow(l, VX_GPU_OUT, (size_t)config->staged * labels, err)) != VX_OK)
        goto done;
    *out = l;
    l = NULL;
done:
    vx_gpu_lane_destroy(&l);
    return rc;
}

/* All steps are made anew when they are next asked for. */
static void forget_steps(struct vx_gpu_lane *l)
{
    for (int i = 0; i < STEPS; i++)
        vx_gpu_step_clear(&l->step[i]);
}

void vx_gpu_lane_destroy(struct vx_gpu_lane **lane)
{
    struct vx_gpu_lane *l = *lane;

    if (!l)
        return;
    if (l->stream)
        (void)cudaStreamSynchronize(l->stream);
    forget_steps(l);
    vx_gpu_buffers_clear(&l->buffers);
    if (l->finished)
        (void)cudaEventDestroy(l->finished);
    if (l->stream)
        (void)cudaStreamDestroy(l->stream);
    free(l);
    *lane = NULL;
}

/* The buffers that a step for such input needs, with this much scratch. */
static enum vx_status make_room(struct vx_gpu_lane *l, const struct vx_input *like, size_t scratch, struct vx_err *err)
{
    const struct vx_gpu_lane_config *c = l->config;
    const size_t window = vx_gpu_window_bytes(c, like), pcm = like->kind == VX_INPUT_PCM ? (size_t)c->windows * window : 0,
                 in = max_size((size_t)c->staged * window, (size_t)c->windows * image_bytes(c));
    enum vx_status rc;

    if (vx_gpu_buffer_moves(&l->buffers, VX_GPU_PCM, pcm) || vx_gpu_buffer_moves(&l->buffers, VX_GPU_SCRATCH, scratch))
        forget_steps(l);
    if ((rc = grow(l, VX_GPU_IN, in, err)) != VX_OK || (rc = grow(l, VX_GPU_PCM, pcm, err)) != VX_OK)
        return rc;
    return grow(l, VX_GPU_SCRATCH, max_size(scratch, vx_gpu_network_scratch(c->network)), err);
}

/* One attempt, with a front end for so many windows at once */
static enum vx_status try_step(struct vx_gpu_lane *l, struct vx_gpu_step *out, const struct vx_input *like, int windows,
                               struct vx_err *err)
{
    const struct vx_gpu_lane_config *c = l->config;
    struct vx_gpu_step s = {.kind = like->kind, .frontend_windows = windows};
    size_t scratch = 0;
    enum vx_status rc = VX_OK;

    if (like->kind == VX_INPUT_PCM) {
        s.sample_rate = like->sample_rate;
        s.samples = like->samples;
        rc = vx_gpu_frontend_create(&s.frontend, &c->profile, &c->processor, c->image_size, like->sample_rate, like->samples, windows,
                                    err);
        if (rc == VX_OK)
            scratch = vx_gpu_frontend_scratch(s.frontend);
    }
    if (rc == VX_OK && (rc = make_room(l, like, scratch, err)) == VX_OK)
        rc = vx_gpu_step_capture(&s, c, &l->buffers, l->stream, err);
    if (rc != VX_OK) {
        (void)cudaStreamSynchronize(l->stream);
        vx_gpu_step_clear(&s);
        return rc;
    }
    *out = s;
    return VX_OK;
}

static void note_smaller(const struct vx_gpu_lane_config *c, const struct vx_input *like, int windows)
{
    char line[160];

    if (!c->note)
        return;
    snprintf(line, sizeof line, "GPU %d is short of memory: the front end for %d Hz takes %d window%s at a time instead of %d; scores do "
             "not change", c->device.number, like->sample_rate, windows, windows == 1 ? "" : "s", c->windows);
    c->note(c->note_user, line);
}

/* Short of memory, the other kinds of input are forgotten, then the front end takes fewer windows at a time. */
static enum vx_status make_step(struct vx_gpu_lane *l, struct vx_gpu_step *out, const struct vx_input *like, struct vx_err *err)
{
    int windows = l->config->windows;
    enum vx_status rc = try_step(l, out, like, windows, err);

    if (rc == VX_ENOMEM) {
        forget_steps(l);
        rc = try_step(l, out, like, windows, err);
    }
    while (rc == VX_ENOMEM && like->kind == VX_INPUT_PCM && windows > 1) {
        do
            windows--;
        while (l->config->windows % windows != 0);
        if ((rc = try_step(l, out, like, windows, err)) == VX_OK)
            note_smaller(l->config, like, windows);
    }
    return rc;
}

/* The step for such input, made if it is not there, in place of the one not used for longest. */
static enum vx_status find_step(struct vx_gpu_lane *l, const struct vx_input *like, struct vx_gpu_step **out, struct vx_err *err)
{
    struct vx_gpu_step *oldest = l->step, made;
    enum vx_status rc;

    for (int i = 0; i < STEPS; i++) {
        struct vx_gpu_step *s = &l->step[i];
        if (vx_gpu_step_serves(s, like)) {
            s->last_use = ++l->clock;
            *out = s;
            return VX_OK;
        }
        if (s->last_use < oldest->last_use) /* an empty one was last used at 0 */
            oldest = s;
    }
    vx_gpu_step_clear(oldest);
    if ((rc = make_step(l, &made, like, err)) != VX_OK)
        return rc;
    *oldest = made;
    oldest->last_use = ++l->clock;
    *out = oldest;
    return VX_OK;
}

enum vx_status vx_gpu_lane_prepare(struct vx_gpu_lane *l, const struct vx_input *like, struct vx_err *err)
{
    struct vx_gpu_step *step;
    const enum vx_status rc = vx_gpu_device_use(&l->config->device, err);

    return rc == VX_OK ? find_step(l, like, &step, err) : rc;
}

/* Windows first…first+n of the input to the device: from where they lie if that is page-locked, else by way of the lane's memory, from
 * window `at` of it on */
static enum vx_status send(struct vx_gpu_lane *l, const struct vx_input *in, int first, int n, int at, struct vx_err *err)
{
    const size_t window = vx_gpu_window_bytes(l->config, in);
    const size_t bytes = (size_t)n * window;
    const char *from = (const char *)in->data + (size_t)first * window;
    void *to = l->buffers.at[in->kind == VX_INPUT_PCM ? VX_GPU_PCM : VX_GPU_IMAGE];

    if (!vx_gpu_lent_holds(l->config->lent, from, bytes))
        from = memcpy((char *)l->buffers.at[VX_GPU_IN] + (size_t)at * window, from, bytes);
    return vx_gpu_check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, l->stream), "upload of windows", err);
}

static enum vx_status wait(struct vx_gpu_lane *l, struct vx_err *err)
{
    const enum vx_status rc = vx_gpu_check(cudaEventRecord(l->finished, l->stream), "an event", err);

    return rc == VX_OK ? vx_gpu_check(cudaEventSynchronize(l->finished), "a batch", err) : rc;
}

/* At most `staged` windows of the input: enqueue all of it, wait once. */
static enum vx_status run_piece(struct vx_gpu_lane *l, const struct vx_gpu_step *step, const struct vx_input *in, int first, int n,
                                float *logits, struct vx_err *err)
{
    const size_t labels = (size_t)l->config->n_labels;
    float *out = l->buffers.at[VX_GPU_OUT];
    enum vx_status rc;

    for (int i = 0; i < n; i += l->config->windows) {
        const int m = n - i < l->config->windows ? n - i : l->config->windows;
        if ((rc = send(l, in, first + i, m, i, err)) != VX_OK ||
            (rc = vx_gpu_check(cudaGraphLaunch(step->graph, l->stream), "launch of a graph", err)) != VX_OK ||
            (rc = vx_gpu_check(cudaMemcpyAsync(out + (size_t)i * labels, l->buffers.at[VX_GPU_LOGITS],
                                               (size_t)m * labels * sizeof *out, cudaMemcpyDeviceToHost, l->stream),
                               "download of logits", err)) != VX_OK)
            return rc;
    }
    if ((rc = wait(l, err)) != VX_OK)
        return rc;
    for (size_t i = 0; i < (size_t)n * labels; i++)
        if (!isfinite(out[i]))
            return vx_fail(err, VX_ESYS, "window %zu of a batch has a logit that is %f: the network leaves the range of its arithmetic, "
                           "try --precision bf16 or fp32; or the GPU is faulty", (size_t)first + i / labels, (double)out[i]);
    memcpy(logits, out, (size_t)n * labels * sizeof *out);
    return VX_OK;
}

/* Nothing may be in flight when the caller goes on: it would write into the next batch. */
static enum vx_status fail(struct vx_gpu_lane *l, enum vx_status status, struct vx_err *err)
{
    (void)cudaStreamSynchronize(l->stream);
    (void)cudaGetLastError();
    if (status == VX_EINVAL || status == VX_ELIMIT) /* what was asked for is at fault, not the GPU */
        return status;
    (void)vx_err_prefix(err, "GPU %d (%s)", l->config->device.number, l->config->device.name);
    return status;
}

enum vx_status vx_gpu_lane_run(struct vx_gpu_lane *l, const struct vx_input *in, float *logits, struct vx_err *err)
{
    const size_t labels = (size_t)l->config->n_labels;
    struct vx_gpu_step *step = NULL;
    enum vx_status rc;

    if ((rc = vx_gpu_device_use(&l->config->device, err)) == VX_OK)
        rc = find_step(l, in, &step, err);
    for (int i = 0; i < in->n && rc == VX_OK; i += l->config->staged) {
        const int n = in->n - i < l->config->staged ? in->n - i : l->config->staged;
        rc = run_piece(l, step, in, i, n, logits + (size_t)i * labels, err);
    }
    if (rc == VX_OK)
        return VX_OK;
    for (size_t i = 0; i < (size_t)in->n * labels; i++)
        logits[i] = NAN;
    return fail(l, rc, err);
}

/* The images of one step's windows */
static enum vx_status images_piece(struct vx_gpu_lane *l, const struct vx_gpu_step *step, const struct vx_input *in, int first, int n,
                                   uint8_t *images, struct vx_err *err)
{
    const size_t bytes = (size_t)n * image_bytes(l->config);
    enum vx_status rc;

    if ((rc = send(l, in, first, n, 0, err)) != VX_OK ||
        (rc = vx_gpu_step_images(step, l->config, &l->buffers, l->stream, err)) != VX_OK ||
        (rc = vx_gpu_check(cudaMemcpyAsync(l->buffers.at[VX_GPU_IN], l->buffers.at[VX_GPU_IMAGE], bytes, cudaMemcpyDeviceToHost,
                                           l->stream), "download of images", err)) != VX_OK ||
        (rc = wait(l, err)) != VX_OK)
        return rc;
    memcpy(images, l->buffers.at[VX_GPU_IN], bytes);
    return VX_OK;
}

enum vx_status vx_gpu_lane_images(struct vx_gpu_lane *l, const struct vx_input *in, uint8_t *images, struct vx_err *err)
{
    struct vx_gpu_step *step = NULL;
    enum vx_status rc;

    if ((rc = vx_gpu_device_use(&l->config->device, err)) == VX_OK)
        rc = find_step(l, in, &step, err);
    for (int i = 0; i < in->n && rc == VX_OK; i += l->config->windows) {
        const int n = in->n - i < l->config->windows ? in->n - i : l->config->windows;
        rc = images_piece(l, step, in, i, n, images + (size_t)i * image_bytes(l->config), err);
    }
    return rc == VX_OK ? VX_OK : fail(l, rc, err);
}
