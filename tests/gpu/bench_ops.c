/* Each operation of the network alone, in the shapes of each stage: time, and its share of the tighter of the two measured ceilings for
 * the bytes and operations it cannot do without. */
#include "tests/gpu/bench.h"

#include "gpu/blas.h"
#include "gpu/cuda.h"
#include "gpu/network_ops.h"
#include "gpu/plan.h"

#include <stdio.h>

struct rig {
    enum vx_gpu_type type;
    int windows, patch, labels;
    struct vx_gpu_plan plan;
    void *image, *map, *rows, *hidden, *weights, *workspace, *logits; /* on the device */
    struct vx_gpu_blas *products;
};

enum operation { PATCHES, NORM, DEPTHWISE, GATHER, PRODUCT, HEAD };

struct run {
    const struct rig *rig;
    enum operation operation;
    int side, c, product;
    const void *in;
    void *out;
};

static enum vx_status enqueue(void *user, cudaStream_t stream, struct vx_err *err)
{
    const struct run *run = user;
    const struct rig *r = run->rig;
    const float *parameters = r->weights;

    switch (run->operation) {
    case PATCHES:
        return vx_gpu_gather_patches(stream, r->type, r->image, parameters, r->windows, run->side, r->patch, r->plan.pitch, r->rows,
                                     err);
    case NORM:
        return vx_gpu_layer_norm(stream, r->type, r->map, parameters, parameters, r->windows * run->side * run->side, run->c,
                                 VX_LAYER_NORM_EPS, r->map, err);
    case DEPTHWISE:
        return vx_gpu_dwconv_norm(stream, r->type, r->map, parameters, parameters, r->windows, run->side, run->c,
                                  VX_LAYER_NORM_EPS, r->rows, err);
    case GATHER:
        return vx_gpu_gather_norm(stream, r->type, r->map, r->windows, run->side, run->c, VX_LAYER_NORM_EPS, r->rows, err);
    case PRODUCT:
        return vx_gpu_blas_run(r->products, stream, run->product, run->in, run->out, r->workspace, err);
    case HEAD:
        break;
    }
    return vx_gpu_head(stream, r->type, r->map, parameters, parameters, r->windows, run->side * run->side, run->c, r->labels,
                       VX_LAYER_NORM_EPS, r->logits, err);
}

/* times: how often the network does it; bytes and flops: of one run */
static enum vx_status measure(const struct rig *r, const char *name, int times, double bytes, double flops, struct run run,
                              double seconds, const struct bench_ceilings *c, double *total, struct vx_err *err)
{
    double t;
    const enum vx_status rc = bench_time(enqueue, &run, seconds, &t, err);

    if (rc != VX_OK)
        return rc;
    const double memory = bytes / c->copy, arithmetic = c->product[r->type] > 0 ? flops / c->product[r->type] : 0,
                 roof = memory > arithmetic ? memory : arithmetic;
    printf("%-26s %3d x %8.1f us %8.1f GB/s %8.2f TFLOP/s %6.1f %% of the %s ceiling\n", name, times, t * 1e6, bytes / t * 1e-9,
           flops / t * 1e-12, 100 * roof / t, memory > arithmetic ? "copy" : "product");
    *total += times * t;
    return VX_OK;
}

static enum vx_status measure_product(struct rig *r, const char *name, int times, int side, int in_f, int out_f,
                                      enum vx_gpu_epilogue epilogue, const void *in, void *out, double seconds,
                                      const struct bench_ceilings *c, double *total, struct vx_err *err)
{
    const size_t size = vx_gpu_type_size(r->type);
    const struct vx_gpu_product product = {r->windows * side * side, in_f, out_f, epilogue, r->weights, r->weights};
    const double rows = product.rows, written = rows * out_f * (epilogue == VX_GPU_BIAS_ADD ? 2 : 1);
    struct run run = {.rig = r, .operation = PRODUCT, .in = in, .out = out};
    enum vx_status rc;

    if ((rc = vx_gpu_blas_add(r->products, &product, &run.product, err)) != VX_OK ||
        (rc = vx_gpu_alloc(&r->workspace, vx_gpu_blas_workspace(r->products), "a workspace", err)) != VX_OK)
        return rc;
    rc = measure(r, name, times, (rows * in_f + (double)in_f * out_f + written) * (double)size, 2 * rows * in_f * out_f, run, seconds, c,
                 total, err);
    if (rc == VX_OK)
        printf("%26s %s\n", "", vx_gpu_blas_choice(r->products, run.product));
    vx_gpu_free(&r->workspace);
    return rc;
}

static enum vx_status measure_stage(struct rig *r, const struct vx_convnext *net, int s, double seconds, const struct bench_ceilings *c,
                                    double *total, struct vx_err *err)
{
    const struct vx_convnext_stage *st = &net->stage[s];
    const enum vx_gpu_epilogue gelu = r->type == VX_GPU_F32 ? VX_GPU_BIAS : VX_GPU_BIAS_GELU;
    const int side = st->side, w = st->channels, before = s ? st[-1].channels : 0;
    const double pixels = (double)r->windows * side * side, map = pixels * w * (double)vx_gpu_type_size(r->type);
    enum vx_status rc;

    printf("stage %d, %d x %d x %d\n", s, side, side, w);
    if (s == 0) {
        const int k = r->patch * r->patch * 3;
        if ((rc = measure(r, "gather patches", 1, pixels * (k + r->plan.pitch * (double)vx_gpu_type_size(r->type)), 0,
                          (struct run){r, PATCHES, side, w, 0, NULL, NULL}, seconds, c, total, err)) != VX_OK ||
            (rc = measure_product(r, "patch embedding", 1, side, r->plan.pitch, w, VX_GPU_BIAS, r->rows, r->map, seconds, c, total,
                                  err)) != VX_OK ||
            (rc = measure(r, "LayerNorm", 1, 2 * map, 0, (struct run){r, NORM, side, w, 0, NULL, NULL}, seconds, c, total, err)) != VX_OK)
            return rc;
    } else {
        const double gathered = pixels * 4 * before * (double)vx_gpu_type_size(r->type);
        if ((rc = measure(r, "LayerNorm and gather", 1, 2 * gathered, 0, (struct run){r, GATHER, side, before, 0, NULL, NULL}, seconds,
                          c, total, err)) != VX_OK ||
            (rc = measure_product(r, "downsampling", 1, side, 4 * before, w, VX_GPU_BIAS, r->rows, r->map, seconds, c, total, err)) !=
                VX_OK)
            return rc;
    }
    if ((rc = measure(r, "depthwise 7x7, LayerNorm", st->depth, 2 * map, 0, (struct run){r, DEPTHWISE, side, w, 0, NULL, NULL},
                      seconds, c, total, err)) != VX_OK ||
        (rc = measure_product(r, "pwconv1, GELU", st->depth, side, w, 4 * w, gelu, r->rows, r->hidden, seconds, c, total, err)) != VX_OK)
        return rc;
    return measure_product(r, "pwconv2, residual", st->depth, side, 4 * w, w, VX_GPU_BIAS_ADD, r->hidden, r->map, seconds, c, total,
                           err);
}

static enum vx_status fill(struct rig *r, const struct vx_convnext *net, struct vx_err *err)
{
    const struct vx_config *cf = &net->config;
    const struct vx_convnext_stage *last = &net->stage[cf->n_stages - 1];
    const struct {
        void **at;
        size_t bytes;
    } memory[] = {
        {&r->image, (size_t)r->windows * (size_t)cf->image_size * (size_t)cf->image_size * 3},
        {&r->map, r->plan.map},
        {&r->rows, r->plan.rows},
        {&r->hidden, r->plan.hidden},
        {&r->weights, 4 * ((size_t)last->channels + 64) * (size_t)last->channels * sizeof(float)},
        {&r->logits, (size_t)r->windows * (size_t)cf->n_labels * sizeof(float)},
    };
    enum vx_status rc;

    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        if ((rc = vx_gpu_alloc(memory[i].at, memory[i].bytes, "memory for a benchmark", err)) != VX_OK ||
            (rc = vx_gpu_check(cudaMemset(*memory[i].at, 0, memory[i].bytes), "memory for a benchmark", err)) != VX_OK)
            return rc;
    return vx_gpu_check(cudaDeviceSynchronize(), "memory for a benchmark", err);
}

enum vx_status bench_operations(const struct vx_convnext *net, enum vx_gpu_type type, int windows, double seconds,
                                const struct bench_ceilings *ceilings, struct vx_err *err)
{
    const struct vx_convnext_stage *last = &net->stage[net->config.n_stages - 1];
    struct rig r = {.type = type, .windows = windows, .patch = net->config.patch_size, .labels = net->config.n_labels};
    const double read = (double)windows * last->side * last->side * last->channels * (double)vx_gpu_type_size(type);
    double total = 0;
    enum vx_status rc;

    if ((rc = vx_gpu_plan(&r.plan, net, type, windows, err)) != VX_OK ||
        (rc = vx_gpu_blas_create(&r.products, type, 3 * VX_MAX_STAGES, err)) != VX_OK || (rc = fill(&r, net, err)) != VX_OK)
        goto done;
    for (int s = 0; s < net->config.n_stages && rc == VX_OK; s++)
        rc = measure_stage(&r, net, s, seconds, ceilings, &total, err);
    if (rc == VX_OK)
        rc = measure(&r, "pool, LayerNorm, classifier", 1, read, 0, (struct run){&r, HEAD, last->side, last->channels, 0, NULL, NULL},
                     seconds, ceilings, &total, err);
    if (rc == VX_OK)
        printf("all together %.3f ms for %d windows: %.0f windows/s\n", total * 1e3, windows, windows / total);
done:
    vx_gpu_blas_destroy(&r.products);
    vx_gpu_free(&r.image);
    vx_gpu_free(&r.map);
    vx_gpu_free(&r.rows);
    vx_gpu_free(&r.hidden);
    vx_gpu_free(&r.weights);
    vx_gpu_free(&r.logits);
    return rc;
}
