#include "gpu/engine.h"

#include "base/mem.h"
#include "gpu/cuda.h"
#include "gpu/device.h"
#include "gpu/lane.h"
#include "gpu/lent.h"
#include "gpu/network.h"

#include <stdio.h>
#include <stdlib.h>

#define LANES 3      /* one uploads, one computes, one downloads */
#define MAX_STAGED 4 /* steps that a lane's page-locked memory holds at most */

/* "CUDA 13.0" */
static const char built_with[] = {'C', 'U', 'D', 'A', ' ', '0' + CUDART_VERSION / 10000, '0' + CUDART_VERSION / 1000 % 10, '.',
                                  '0' + CUDART_VERSION % 1000 / 10, '\0'};

struct cuda_engine {
    struct vx_engine base; /* first: vx_engine * and cuda_engine * are the same address */
    struct vx_gpu_lane_config shared;
    struct vx_gpu_network *network;
    void *tables;              /* on the device [2][3][256]: of images given as such, of the front end's */
    struct vx_gpu_lane **lane; /* [base.lanes] */
    struct vx_gpu_lent lent;
    bool unlocked; /* memory was lent that could not be locked: said once */
};

static struct cuda_engine *self(struct vx_engine *engine)
{
    return (struct cuda_engine *)engine;
}

/* All that is on the device */
static void unload(struct cuda_engine *e)
{
    for (int i = 0; i < e->base.lanes; i++)
        vx_gpu_lane_destroy(&e->lane[i]);
    vx_gpu_network_destroy(&e->network);
    vx_gpu_free(&e->tables);
}

static void close_engine(struct vx_engine **engine)
{
    struct cuda_engine *e = self(*engine);
    struct vx_err ignored;

    if (!e)
        return;
    (void)!vx_gpu_device_use(&e->shared.device, &ignored); /* on a lost device there is nothing to give back */
    if (e->lane)
        unload(e);
    vx_gpu_lent_clear(&e->lent);
    free(e->lane);
    free(e);
    *engine = NULL;
}

static enum vx_status upload_tables(struct cuda_engine *e, struct vx_err *err)
{
    const struct vx_processor pcm = vx_profile_processor(&e->shared.profile, &e->shared.processor);
    float table[2][3][256];
    enum vx_status rc;

    vx_processor_table(&e->shared.processor, table[0]);
    vx_processor_table(&pcm, table[1]);
    if ((rc = vx_gpu_upload(&e->tables, table, sizeof table, "pixel values", err)) != VX_OK)
        return rc;
    e->shared.image_table = e->tables;
    e->shared.pcm_table = e->shared.image_table + sizeof table[0] / sizeof(float);
    return VX_OK;
}

/* Everything on the device, and each lane ready for the profile's sound; where the rate is each file's own, for images. */
static enum vx_status load(struct cuda_engine *e, const struct vx_convnext *net, enum vx_gpu_type type, int windows,
                           struct vx_err *err)
{
    const int most = windows * MAX_STAGED, rate = e->shared.profile.sample_rate;
    const struct vx_input like = {.kind = rate ? VX_INPUT_PCM : VX_INPUT_IMAGE,
                                  .sample_rate = rate,
                                  .samples = rate ? vx_profile_samples(&e->shared.profile, rate) : 0};
    enum vx_status rc;

    e->shared.windows = windows;
    e->shared.staged = e->base.max_batch < most ? e->base.max_batch : most;
    if ((rc = vx_gpu_network_create(&e->network, net, type, windows, err)) != VX_OK || (rc = upload_tables(e, err)) != VX_OK)
        return rc;
    e->shared.network = e->network;
    for (int i = 0; i < e->base.lanes; i++)
        if ((rc = vx_gpu_lane_create(&e->lane[i], &e->shared, err)) != VX_OK ||
            (rc = vx_gpu_lane_prepare(e->lane[i], &like, err)) != VX_OK)
            return rc;
    return VX_OK;
}

/* Short of memory, steps are halved until the engine fits. */
static enum vx_status load_smaller(struct cuda_engine *e, const struct vx_convnext *net, enum vx_gpu_type type, int windows,
                                   struct vx_err *err)
{
    const int wanted = windows;
    enum vx_status rc;
    char line[160];

    while ((rc = load(e, net, type, windows, err)) == VX_ENOMEM && windows > 1) {
        unload(e);
        windows /= 2;
    }
    if (rc == VX_OK && windows < wanted && e->shared.note) {
        snprintf(line, sizeof line, "GPU %d is short of memory: %d window%s a step instead of %d; scores may differ in their last digits",
                 e->shared.device.number, windows, windows == 1 ? "" : "s", wanted);
        e->shared.note(e->shared.note_user, line);
    }
    return rc;
}

static enum vx_status choose_type(struct cuda_engine *e, enum vx_precision precision, enum vx_gpu_type *type, struct vx_err *err)
{
    const struct vx_gpu_device *d = &e->shared.device;

    e->base.precision = precision;
    switch (precision) {
    case VX_PRECISION_AUTO:
        e->base.precision = VX_PRECISION_FP16;
        break;
    case VX_PRECISION_FP32:
        *type = VX_GPU_F32;
        return VX_OK;
    case VX_PRECISION_BF16:
        *type = VX_GPU_BF16;
        if (d->major >= 8)
            return VX_OK;
        return vx_fail(err, VX_EUNSUPPORTED, "GPU %d, %s, has compute capability %d.%d, bf16 needs 8.0; use --precision fp16",
                       d->number, d->name, d->major, d->minor);
    case VX_PRECISION_FP16:
        break;
    }
    *type = VX_GPU_F16;
    return VX_OK;
}

static void describe(struct cuda_engine *e)
{
    static const char *const names[] = {
        [VX_PRECISION_FP32] = "fp32", [VX_PRECISION_BF16] = "bf16", [VX_PRECISION_FP16] = "fp16"};

    snprintf(e->base.description, sizeof e->base.description, "cuda: GPU %d, %s, %s, %d windows a step", e->shared.device.number,
             e->shared.device.name, names[e->base.precision], e->shared.windows);
}

enum vx_status vx_cuda_engine_open(struct vx_engine **out, const struct vx_engine_config *config, int windows, struct vx_err *err)
{
    struct cuda_engine *e = NULL;
    struct vx_engine *base = NULL;
    enum vx_gpu_type type = VX_GPU_F16;
    enum vx_status rc;

    *out = NULL;
    if (config->lanes < 1 || config->max_batch < 1 || windows < 1)
        return vx_fail(err, VX_EINVAL, "the CUDA engine needs at least one lane and batches and steps of one, not %d, %d and %d",
                       config->lanes, config->max_batch, windows);
    if (!(e = vx_calloc(1, sizeof *e)))
        return vx_fail_nomem(err, "the CUDA engine");
    base = &e->base;
    *base = (struct vx_engine){.ops = &vx_cuda_engine,
                               .lanes = config->lanes,
                               .max_batch = config->max_batch,
                               .n_labels = config->net->config.n_labels,
                               .image_size = config->net->config.image_size};
    e->shared.profile = *config->profile;
    e->shared.processor = *config->processor;
    e->shared.image_size = base->image_size;
    e->shared.n_labels = base->n_labels;
    e->shared.note = config->note;
    e->shared.note_user = config->note_user;
    e->shared.lent = &e->lent;
    if (!(e->lane = vx_calloc((size_t)base->lanes, sizeof(struct vx_gpu_lane *)))) {
        rc = vx_fail_nomem(err, "the CUDA engine's lanes");
        goto done;
    }
    if ((rc = vx_gpu_device_open(&e->shared.device, config->local_rank, err)) != VX_OK ||
        (rc = choose_type(e, config->precision, &type, err)) != VX_OK ||
        (rc = load_smaller(e, config->net, type, windows, err)) != VX_OK)
        goto done;
    describe(e);
    *out = base;
    base = NULL;
done:
    close_engine(&base);
    return rc;
}

static enum vx_status open_engine(struct vx_engine **out, const struct vx_engine_config *config, struct vx_err *err)
{
    return vx_cuda_engine_open(out, config, VX_CUDA_WINDOWS, err);
}

static enum vx_status check_input(const struct vx_engine *e, int lane, const struct vx_input *in, struct vx_err *err)
{
    if (lane < 0 || lane >= e->lanes)
        return vx_fail(err, VX_EINVAL, "lane %d of an engine with %d", lane, e->lanes);
    if (in->n < 0 || in->n > e->max_batch)
        return vx_fail(err, VX_EINVAL, "batch of %d windows, expected 0 to %d", in->n, e->max_batch);
    if (in->n > 0 && !in->data)
        return vx_fail(err, VX_EINVAL, "batch of %d windows without data", in->n);
    return VX_OK;
}

static enum vx_status run_engine(struct vx_engine *engine, int lane, const struct vx_input *in, float *logits, struct vx_err *err)
{
    const enum vx_status rc = check_input(engine, lane, in, err);

    return rc != VX_OK || in->n == 0 ? rc : vx_gpu_lane_run(self(engine)->lane[lane], in, logits, err);
}

static enum vx_status make_images(struct vx_engine *engine, int lane, const struct vx_input *in, uint8_t *images,
                                  struct vx_err *err)
{
    const enum vx_status rc = check_input(engine, lane, in, err);

    if (rc != VX_OK || in->n == 0)
        return rc;
    if (in->kind != VX_INPUT_PCM)
        return vx_fail(err, VX_EINVAL, "images are made of PCM windows only");
    return vx_gpu_lane_images(self(engine)->lane[lane], in, images, err);
}

static void lend(struct vx_engine *engine, void *memory, size_t bytes)
{
    struct cuda_engine *const e = self(engine);
    struct vx_err err;
    char line[sizeof err.text + 80];

    if (e->unlocked || (vx_gpu_device_use(&e->shared.device, &err) == VX_OK && vx_gpu_lent_add(&e->lent, memory, bytes, &err) == VX_OK))
        return;
    e->unlocked = true;
    snprintf(line, sizeof line, "GPU %d: %s; windows are copied once more on their way to it", e->shared.device.number, err.text);
    if (e->shared.note)
        e->shared.note(e->shared.note_user, line);
}

static void take_back(struct vx_engine *engine, const void *memory)
{
    struct cuda_engine *const e = self(engine);
    struct vx_err ignored;

    (void)!vx_gpu_device_use(&e->shared.device, &ignored); /* a lost device has let go of it */
    vx_gpu_lent_drop(&e->lent, memory);
}

const struct vx_engine_ops vx_cuda_engine = {
    .name = "cuda",
    .library = built_with,
    .default_batch = VX_CUDA_WINDOWS,
    .default_lanes = LANES,
    .open = open_engine,
    .close = close_engine,
    .run = run_engine,
    .images = make_images,
    .lend = lend,
    .take_back = take_back,
};
