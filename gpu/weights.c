#include "gpu/weights.h"

#include "base/mem.h"
#include "gpu/cuda.h"
#include "model/half.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define ALIGN 256 /* bytes */

/* Walks the tensors in a fixed order: first only adding up their sizes, then writing them to host and telling where each will be on the
 * device. */
struct writer {
    char *host, *device; /* NULL: adding up */
    size_t at;
    enum vx_gpu_type type;
    bool too_large; /* a weight does not fit fp16 */
};

static void convert(struct writer *w, const float *from, size_t n, enum vx_gpu_type type, void *to)
{
    uint16_t *const half = to;

    if (type == VX_GPU_F32) {
        memcpy(to, from, n * sizeof *from);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        half[i] = type == VX_GPU_F16 ? vx_f16_from_float(from[i]) : vx_bf16_from_float(from[i]);
        w->too_large |= type == VX_GPU_F16 && (half[i] & 0x7FFF) == 0x7C00;
    }
}

/* from [rows][width] → [rows][pitch] of type, the rest of each row 0 */
static const void *put_rows(struct writer *w, const float *from, size_t rows, size_t width, size_t pitch, enum vx_gpu_type type)
{
    const size_t size = vx_gpu_type_size(type), begin = w->at;

    w->at += (rows * pitch * size + ALIGN - 1) / ALIGN * ALIGN;
    if (!w->host)
        return NULL;
    for (size_t r = 0; r < rows; r++)
        convert(w, from + r * width, width, type, w->host + begin + r * pitch * size);
    return w->device + begin;
}

static const float *put_float(struct writer *w, const float *from, size_t n)
{
    return put_rows(w, from, 1, n, n, VX_GPU_F32);
}

static const void *put(struct writer *w, const float *from, size_t n)
{
    return put_rows(w, from, 1, n, n, w->type);
}

static void put_block(struct writer *w, struct vx_gpu_block_weights *to, const struct vx_convnext_block *from, size_t c)
{
    to->dw_weight = put_float(w, from->dw_weight, 49 * c);
    to->dw_bias = put_float(w, from->dw_bias, c);
    to->pw1_weight = put(w, from->pw1_weight, 4 * c * c);
    to->pw1_bias = put(w, from->pw1_bias, 4 * c);
    to->pw2_weight = put(w, from->pw2_weight, 4 * c * c);
    to->pw2_bias = put(w, from->pw2_bias, c);
}

static void put_all(struct writer *w, struct vx_gpu_weights *to, const struct vx_convnext *net, int pitch)
{
    const struct vx_config *cf = &net->config;
    const size_t c0 = (size_t)net->stage[0].channels, last = (size_t)net->stage[cf->n_stages - 1].channels,
                 patch = (size_t)cf->patch_size * (size_t)cf->patch_size * 3;

    to->embed_weight = put_rows(w, net->embed_weight, c0, patch, (size_t)pitch, w->type);
    to->embed_bias = put(w, net->embed_bias, c0);
    to->embed_gamma = put_float(w, net->embed_gamma, c0);
    to->embed_beta = put_float(w, net->embed_beta, c0);
    for (int s = 0; s < cf->n_stages; s++) {
        const struct vx_convnext_stage *st = &net->stage[s];
        const size_t c = (size_t)st->channels;
        if (s > 0) {
            to->stage[s].down_weight = put(w, st->down_weight, c * 4 * (size_t)net->stage[s - 1].channels);
            to->stage[s].down_bias = put(w, st->down_bias, c);
        }
        for (int i = 0; i < st->depth; i++)
            put_block(w, &to->stage[s].block[i], &st->block[i], c);
    }
    to->head_weight = put_float(w, net->head_weight, (size_t)cf->n_labels * last);
    to->head_bias = put_float(w, net->head_bias, (size_t)cf->n_labels);
}

enum vx_status vx_gpu_weights_create(struct vx_gpu_weights *to, const struct vx_convnext *net, enum vx_gpu_type type, int pitch,
                                     struct vx_err *err)
{
    struct writer w = {.type = type};
    enum vx_status rc = VX_OK;

    for (int s = 0; s < net->config.n_stages; s++)
        if (!(to->stage[s].block = vx_calloc((size_t)net->stage[s].depth, sizeof *to->stage[s].block)))
            return vx_fail_nomem(err, "the network's layers");
    put_all(&w, to, net, pitch);
    to->bytes = w.at;
    if (!(w.host = vx_calloc(w.at, 1)))
        return vx_fail_nomem(err, "a copy of the weights");
    if ((rc = vx_gpu_alloc(&to->storage, to->bytes, "the network's weights", err)) != VX_OK)
        goto done;
    w.device = to->storage;
    w.at = 0;
    put_all(&w, to, net, pitch);
    if (w.too_large)
        rc = vx_fail(err, VX_EUNSUPPORTED, "weights above 65504 do not fit fp16; use --precision bf16 or fp32");
    else
        rc = vx_gpu_copy_in(to->storage, w.host, to->bytes, "upload of the weights", err);
done:
    free(w.host);
    return rc;
}

void vx_gpu_weights_clear(struct vx_gpu_weights *w)
{
    vx_gpu_free(&w->storage);
    for (int s = 0; s < VX_MAX_STAGES; s++)
        free(w->stage[s].block);
    *w = (struct vx_gpu_weights){0};
}
