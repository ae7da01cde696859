/* engine.c - the engine's vtable: precision, lanes, and what a batch is checked for */
#include "cpu/engine.h"

#include "base/mem.h"
#include "cpu/matmul.h"
#include "cpu/network.h"

#include <stdio.h>
#include <stdlib.h>

#define DEFAULT_BATCH 8

struct lane {
    struct vx_network_lane *network;
};

struct cpu_engine {
    struct vx_engine base; /* first: vx_engine * and cpu_engine * are the same address */
    struct vx_network *network;
    float image_table[3][256]; /* the checkpoint's rescaling, mean and std, for images given as such */
    struct lane *lane;         /* [base.lanes] */
};

static struct cpu_engine *self(struct vx_engine *engine)
{
    return (struct cpu_engine *)engine;
}

static void close_engine(struct vx_engine **engine)
{
    struct cpu_engine *e = self(*engine);

    if (!e)
        return;
    for (int i = 0; e->lane && i < e->base.lanes; i++)
        vx_network_lane_destroy(&e->lane[i].network);
    vx_network_destroy(&e->network);
    free(e->lane);
    free(e);
    *engine = NULL;
}

static enum vx_status create_network(struct cpu_engine *e, const struct vx_engine_config *config, struct vx_err *err)
{
    const struct vx_isa isa = vx_isa_detect();
    const bool try_bf16 =
        config->precision == VX_PRECISION_BF16 || (config->precision == VX_PRECISION_AUTO && isa.avx512_bf16);
    enum vx_status rc = VX_EUNSUPPORTED;

    e->base.precision = VX_PRECISION_BF16;
    if (try_bf16)
        rc = vx_network_create(&e->network, config->net, VX_TYPE_BF16, &isa, err);
    /* the processor may have bf16 and oneDNN be told not to use it (ONEDNN_MAX_CPU_ISA) */
    if (rc == VX_EUNSUPPORTED && config->precision != VX_PRECISION_BF16) {
        e->base.precision = VX_PRECISION_FP32;
        rc = vx_network_create(&e->network, config->net, VX_TYPE_F32, &isa, err);
    }
    return rc;
}

static enum vx_status open_engine(struct vx_engine **out, const struct vx_engine_config *config, struct vx_err *err)
{
    struct cpu_engine *e = NULL;
    struct vx_engine *base = NULL;
    char library[32];
    enum vx_status rc;

    *out = NULL;
    if (config->lanes < 1 || config->max_batch < 1)
        return vx_fail(err, VX_EINVAL, "the CPU engine needs at least one lane and a batch of one, not %d and %d",
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
    if ((rc = create_network(e, config, err)) != VX_OK)
        goto done;
    if (!(e->lane = vx_calloc((size_t)config->lanes, sizeof *e->lane))) {
        rc = vx_fail_nomem(err, "the CPU engine's lanes");
        goto done;
    }
    for (int i = 0; i < config->lanes; i++)
        if ((rc = vx_network_lane_create(&e->lane[i].network, e->network, err)) != VX_OK)
            goto done;
    vx_matmul_library(library);
    snprintf(base->description, sizeof base->description, "cpu: %s, %s, %s", library,
             base->precision == VX_PRECISION_BF16 ? "bf16" : "fp32", vx_network_kernels(e->network)->name);
    *out = base;
    base = NULL;
done:
    close_engine(&base);
    return rc;
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

static enum vx_status run_engine(struct vx_engine *engine, int lane, const struct vx_input *in, float *logits,
                                 struct vx_err *err)
{
    struct cpu_engine *e = self(engine);
    const size_t image_bytes = (size_t)engine->image_size * (size_t)engine->image_size * 3;
    const uint8_t *image = in->data;
    enum vx_status rc;

    if ((rc = check_input(engine, lane, in, err)) != VX_OK)
        return rc;
    if (in->kind != VX_INPUT_IMAGE)
        return vx_fail(err, VX_EUNSUPPORTED, "the CPU engine takes images only so far");
    for (int i = 0; i < in->n; i++)
        if ((rc = vx_network_forward(e->lane[lane].network, image + (size_t)i * image_bytes, e->image_table,
                                     logits + (size_t)i * (size_t)engine->n_labels, err)) != VX_OK)
            return rc;
    return VX_OK;
}

const struct vx_engine_ops vx_cpu_engine = {
    .name = "cpu",
    .default_batch = DEFAULT_BATCH,
    .open = open_engine,
    .close = close_engine,
    .run = run_engine,
};
