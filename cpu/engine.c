/* engine.c - the engine's vtable: precision, lanes, and how a batch becomes calls of the front end and the
 * network */
#include "cpu/engine.h"

#include "base/mem.h"
#include "cpu/images.h"
#include "cpu/network.h"
#include "cpu/network_ops.h"

#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_BATCH 8 /* windows run one by one: a batch only saves its caller some calls */

struct lane {
    struct vx_network_lane *network;
    uint8_t *image; /* [size][size][3], of the PCM window being run */
    struct vx_trace *trace; /* borrowed; NULL: none */
};

struct cpu_engine {
    struct vx_engine base; /* first: vx_engine * and cpu_engine * are the same address */
    struct vx_network *network;
    struct vx_images *images; /* the front end */
    float image_table[3][256]; /* rescaling, mean and std: the checkpoint's, for images given as such */
    float pcm_table[3][256];   /* and the profile's, for those that the front end makes */
    struct lane *lane;         /* [base.lanes] */
    struct vx_trace ops;       /* a new trace */
};

static struct cpu_engine *self(struct vx_engine *engine)
{
    return (struct cpu_engine *)engine;
}

static size_t image_bytes(const struct vx_engine *engine)
{
    return (size_t)engine->image_size * (size_t)engine->image_size * 3;
}

static void close_engine(struct vx_engine **engine)
{
    struct cpu_engine *e = self(*engine);

    if (!e)
        return;
    for (int i = 0; e->lane && i < e->base.lanes; i++) {
        vx_network_lane_destroy(&e->lane[i].network);
        free(e->lane[i].image);
    }
    vx_network_destroy(&e->network);
    vx_images_destroy(&e->images);
    free(e->lane);
    free(e);
    *engine = NULL;
}

static enum vx_status create_network(struct cpu_engine *e, const struct vx_engine_config *config,
                                     struct vx_err *err)
{
    const struct vx_isa isa = vx_isa_detect();
    enum vx_status rc;

    if (config->precision == VX_PRECISION_FP16)
        return vx_fail(err, VX_EUNSUPPORTED, "fp16 is for GPUs, the CPU engine has fp32 and bf16");
    e->base.precision = VX_PRECISION_BF16;
    if (config->precision == VX_PRECISION_BF16)
        return vx_network_create(&e->network, config->net, VX_TYPE_BF16, &isa, err);
    if (config->precision == VX_PRECISION_AUTO && isa.avx512_bf16) {
        rc = vx_network_create(&e->network, config->net, VX_TYPE_BF16, &isa, err);
        if (rc != VX_EUNSUPPORTED) /* oneDNN may have been told not to use what the processor has */
            return rc;
    }
    e->base.precision = VX_PRECISION_FP32;
    return vx_network_create(&e->network, config->net, VX_TYPE_F32, &isa, err);
}

static enum vx_status create_lanes(struct cpu_engine *e, struct vx_err *err)
{
    enum vx_status rc;

    if (!(e->lane = vx_calloc((size_t)e->base.lanes, sizeof *e->lane)))
        return vx_fail_nomem(err, "the CPU engine's lanes");
    for (int i = 0; i < e->base.lanes; i++) {
        if (!(e->lane[i].image = vx_calloc(image_bytes(&e->base), 1)))
            return vx_fail_nomem(err, "the CPU engine's images");
        if ((rc = vx_network_lane_create(&e->lane[i].network, e->network, err)) != VX_OK)
            return rc;
    }
    return VX_OK;
}

static void describe(struct cpu_engine *e)
{
    char products[64];

    vx_network_products(e->network, products);
    snprintf(e->base.description, sizeof e->base.description, "cpu: %s, %s, %s", products,
             e->base.precision == VX_PRECISION_BF16 ? "bf16" : "fp32", vx_network_kernels(e->network)->name);
}

static enum vx_status open_engine(struct vx_engine **out, const struct vx_engine_config *config,
                                  struct vx_err *err)
{
    const struct vx_processor pcm = vx_profile_processor(config->profile, config->processor);
    struct cpu_engine *e = NULL;
    struct vx_engine *base = NULL;
    enum vx_status rc;

    *out = NULL;
    if (config->lanes < 1 || config->max_batch < 1)
        return vx_fail(err, VX_EINVAL,
                       "the CPU engine needs at least one lane and a batch of one, not %d and %d",
                       config->lanes, config->max_batch);
    if (!(e = vx_calloc(1, sizeof *e)))
        return vx_fail_nomem(err, "the CPU engine");
    base = &e->base;
    *base = (struct vx_engine){.ops = &vx_cpu_engine,
                               .lanes = config->lanes,
                               .max_batch = config->max_batch,
                               .n_labels = config->net->config.n_labels,
                               .image_size = config->net->config.image_size};
    vx_processor_table(config->processor, e->image_table);
    vx_processor_table(&pcm, e->pcm_table);
    if ((rc = vx_images_create(&e->images, config->profile, config->processor, base->image_size, base->lanes, err)) !=
            VX_OK ||
        (rc = create_network(e, config, err)) != VX_OK || (rc = create_lanes(e, err)) != VX_OK)
        goto done;
    vx_network_ops(&e->ops, config->net, base->precision == VX_PRECISION_BF16 ? VX_TYPE_BF16 : VX_TYPE_F32);
    describe(e);
    *out = base;
    base = NULL;
done:
    close_engine(&base);
    return rc;
}

static enum vx_status check_input(const struct vx_engine *e, int lane, const struct vx_input *in,
                                  struct vx_err *err)
{
    if (lane < 0 || lane >= e->lanes)
        return vx_fail(err, VX_EINVAL, "lane %d of an engine with %d", lane, e->lanes);
    if (in->n < 0 || in->n > e->max_batch)
        return vx_fail(err, VX_EINVAL, "batch of %d windows, expected 0 to %d", in->n, e->max_batch);
    if (in->n > 0 && !in->data)
        return vx_fail(err, VX_EINVAL, "batch of %d windows without data", in->n);
    return VX_OK;
}

static enum vx_status run_images(struct vx_engine *engine, struct lane *lane, const struct vx_input *in,
                                 float *logits, struct vx_err *err)
{
    const uint8_t *image = in->data;
    enum vx_status rc = VX_OK;

    for (int i = 0; i < in->n && rc == VX_OK; i++, image += image_bytes(engine), logits += engine->n_labels)
        rc = vx_network_forward(lane->network, image, (const float(*)[256])self(engine)->image_table, logits,
                                err);
    return rc;
}

static enum vx_status run_pcm(struct vx_engine *engine, int lane, const struct vx_input *in, float *logits,
                              struct vx_err *err)
{
    struct cpu_engine *e = self(engine);
    struct lane *l = &e->lane[lane];
    const float *pcm = in->data;
    enum vx_status rc = VX_OK;

    for (int i = 0; i < in->n && rc == VX_OK; i++, pcm += in->samples, logits += engine->n_labels) {
        vx_trace_start(l->trace);
        if ((rc = vx_images_run(e->images, lane, pcm, in->samples, in->sample_rate, l->image, err)) != VX_OK)
            break;
        vx_trace_mark(l->trace, VX_OP_FRONT_END);
        rc = vx_network_forward(l->network, l->image, (const float(*)[256])e->pcm_table, logits, err);
    }
    return rc;
}

static enum vx_status run_engine(struct vx_engine *engine, int lane, const struct vx_input *in, float *logits,
                                 struct vx_err *err)
{
    const enum vx_status rc = check_input(engine, lane, in, err);

    if (rc != VX_OK || in->n == 0)
        return rc;
    if (in->kind == VX_INPUT_IMAGE)
        return run_images(engine, &self(engine)->lane[lane], in, logits, err);
    return run_pcm(engine, lane, in, logits, err);
}

static enum vx_status make_images(struct vx_engine *engine, int lane, const struct vx_input *in,
                                  uint8_t *images, struct vx_err *err)
{
    const float *pcm = in->data;
    enum vx_status rc = check_input(engine, lane, in, err);

    if (rc != VX_OK || in->n == 0)
        return rc;
    if (in->kind != VX_INPUT_PCM)
        return vx_fail(err, VX_EINVAL, "images are made of PCM windows only");
    for (int i = 0; i < in->n && rc == VX_OK; i++, pcm += in->samples, images += image_bytes(engine))
        rc = vx_images_run(self(engine)->images, lane, pcm, in->samples, in->sample_rate, images, err);
    return rc;
}

static void trace_lane(struct vx_engine *engine, int lane, struct vx_trace *trace)
{
    struct cpu_engine *e = self(engine);

    if (trace)
        *trace = e->ops;
    e->lane[lane].trace = trace;
    vx_network_lane_trace(e->lane[lane].network, trace);
}

const struct vx_engine_ops vx_cpu_engine = {
    .name = "cpu",
    .default_batch = DEFAULT_BATCH,
    .open = open_engine,
    .close = close_engine,
    .run = run_engine,
    .images = make_images,
    .trace = trace_lane,
};
