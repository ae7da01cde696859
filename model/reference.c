#include "model/reference.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

void vx_ref_linear(float *out, const float *in, const float *weight, const float *bias, int rows, int in_f,
                   int out_f)
{
    for (int r = 0; r < rows; r++)
        for (int o = 0; o < out_f; o++) {
            double sum = bias[o];
            for (int i = 0; i < in_f; i++)
                sum += (double)in[(size_t)r * in_f + i] * weight[(size_t)o * in_f + i];
            out[(size_t)r * out_f + o] = (float)sum;
        }
}

void vx_ref_patches(float *out, const float *in, const float *weight, const float *bias, int side, int k,
                    int in_c, int out_c)
{
    const size_t row = (size_t)side * k * in_c; /* of the input image */

    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            for (int o = 0; o < out_c; o++) {
                const float *patch = in + (size_t)y * k * row + (size_t)x * k * in_c;
                const float *w = weight + (size_t)o * k * k * in_c;
                double sum = bias[o];
                for (int ky = 0; ky < k; ky++)
                    for (int i = 0; i < k * in_c; i++)
                        sum += (double)patch[ky * row + i] * w[ky * k * in_c + i];
                out[((size_t)y * side + x) * out_c + o] = (float)sum;
            }
}

void vx_ref_depthwise(float *out, const float *in, const float *weight, const float *bias, int height,
                      int width, int c)
{
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int ch = 0; ch < c; ch++) {
                double sum = bias[ch];
                for (int ky = 0; ky < 7; ky++)
                    for (int kx = 0; kx < 7; kx++) {
                        const int iy = y + ky - 3, ix = x + kx - 3;
                        if (iy >= 0 && iy < height && ix >= 0 && ix < width)
                            sum += (double)in[((size_t)iy * width + ix) * c + ch] *
                                   weight[(ky * 7 + kx) * (size_t)c + ch];
                    }
                out[((size_t)y * width + x) * c + ch] = (float)sum;
            }
}

void vx_ref_layer_norm(float *out, const float *in, const float *gamma, const float *beta, int rows, int c,
                       float eps)
{
    for (int r = 0; r < rows; r++) {
        const float *x = in + (size_t)r * c;
        float *y = out + (size_t)r * c;
        double mean = 0, var = 0;
        for (int i = 0; i < c; i++)
            mean += x[i];
        mean /= c;
        for (int i = 0; i < c; i++)
            var += (x[i] - mean) * (x[i] - mean);
        const double scale = 1 / sqrt(var / c + eps);
        for (int i = 0; i < c; i++) {
            const double z = (x[i] - mean) * scale;
            y[i] = (float)(gamma ? z * gamma[i] + beta[i] : z);
        }
    }
}

void vx_ref_gelu(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(0.5 * x[i] * (1 + erf(x[i] * M_SQRT1_2)));
}

void vx_ref_mean_pool(float *out, const float *in, int rows, int c)
{
    for (int i = 0; i < c; i++) {
        double sum = 0;
        for (int r = 0; r < rows; r++)
            sum += in[(size_t)r * c + i];
        out[i] = (float)(sum / rows);
    }
}

/* Three buffers are enough: the feature map, a second one of its size, and the hidden layer of 4C. */
struct buffers {
    float *map, *other, *hidden;
};

static enum vx_status allocate(struct buffers *b, const struct vx_convnext *net, struct vx_err *err)
{
    size_t most = 0;

    for (int s = 0; s < net->config.n_stages; s++) {
        const struct vx_convnext_stage *st = &net->stage[s];
        const size_t n = (size_t)st->side * st->side * st->channels;
        most = n > most ? n : most;
    }
    b->map = vx_calloc(most, sizeof(float));
    b->other = vx_calloc(most, sizeof(float));
    b->hidden = vx_calloc(most, 4 * sizeof(float));
    if (!b->map || !b->other || !b->hidden)
        return vx_fail_nomem(err, "the reference network's feature maps");
    return VX_OK;
}

/* x + pwconv2(gelu(pwconv1(norm(dwconv(x))))), LayerNorm's affine part and the layer scale being folded */
static void block_forward(const struct vx_convnext_block *w, struct buffers *b, int side, int c)
{
    const int rows = side * side;

    vx_ref_depthwise(b->other, b->map, w->dw_weight, w->dw_bias, side, side, c);
    vx_ref_layer_norm(b->other, b->other, NULL, NULL, rows, c, VX_LAYER_NORM_EPS);
    vx_ref_linear(b->hidden, b->other, w->pw1_weight, w->pw1_bias, rows, c, 4 * c);
    vx_ref_gelu(b->hidden, (size_t)rows * 4 * c);
    vx_ref_linear(b->other, b->hidden, w->pw2_weight, w->pw2_bias, rows, 4 * c, c);
    for (size_t i = 0; i < (size_t)rows * c; i++)
        b->map[i] += b->other[i];
}

static void tell(vx_ref_hook *hook, void *user, const char *name, int stage, int block, const float *data,
                 int rows, int channels)
{
    const struct vx_ref_layer layer = {name, stage, block, data, rows, channels};

    if (hook)
        hook(user, &layer);
}

enum vx_status vx_ref_forward(const struct vx_convnext *net, const float *image, float *logits,
                              vx_ref_hook *hook, void *user, struct vx_err *err)
{
    const struct vx_config *cf = &net->config;
    const struct vx_convnext_stage *st = &net->stage[0];
    struct buffers b = {0};
    enum vx_status rc;

    if ((rc = allocate(&b, net, err)) != VX_OK)
        goto done;
    vx_ref_patches(b.map, image, net->embed_weight, net->embed_bias, st->side, cf->patch_size,
                   cf->num_channels, st->channels);
    vx_ref_layer_norm(b.map, b.map, net->embed_gamma, net->embed_beta, st->side * st->side, st->channels,
                      VX_LAYER_NORM_EPS);
    tell(hook, user, "embeddings", 0, -1, b.map, st->side * st->side, st->channels);

    for (int s = 0; s < cf->n_stages; s++) {
        st = &net->stage[s];
        const int rows = st->side * st->side;
        if (s > 0) {
            const struct vx_convnext_stage *prev = &net->stage[s - 1];
            vx_ref_layer_norm(b.other, b.map, NULL, NULL, prev->side * prev->side, prev->channels,
                              VX_LAYER_NORM_EPS);
            vx_ref_patches(b.map, b.other, st->down_weight, st->down_bias, st->side, 2, prev->channels,
                           st->channels);
            tell(hook, user, "stage", s, -1, b.map, rows, st->channels);
        }
        for (int i = 0; i < st->depth; i++) {
            block_forward(&st->block[i], &b, st->side, st->channels);
            tell(hook, user, "stage", s, i, b.map, rows, st->channels);
        }
    }
    vx_ref_mean_pool(b.other, b.map, st->side * st->side, st->channels);
    tell(hook, user, "pooled", cf->n_stages, -1, b.other, 1, st->channels);
    vx_ref_layer_norm(b.other, b.other, NULL, NULL, 1, st->channels, cf->layer_norm_eps);
    vx_ref_linear(logits, b.other, net->head_weight, net->head_bias, 1, st->channels, cf->n_labels);
    tell(hook, user, "logits", cf->n_stages, -1, logits, 1, cf->n_labels);
    rc = VX_OK;
done:
    free(b.map);
    free(b.other);
    free(b.hidden);
    return rc;
}
