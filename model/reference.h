/* reference.h - every operation of the network, written as plainly as it can be
 * The oracle of the engines' tests: float32 in and out, each sum in double, channels last, one loop an
 * operation. The definitions are those of transformers' modeling_convnext.py and of the PyTorch modules it
 * calls. Nothing in these functions depends on vx_convnext's engines, and no engine calls them. */
#ifndef VX_MODEL_REFERENCE_H
#define VX_MODEL_REFERENCE_H

#include "base/err.h"
#include "model/convnext.h"

/* out [rows][out_f] = in [rows][in_f] · weight [out_f][in_f]ᵀ + bias [out_f] (torch.nn.Linear) */
void vx_ref_linear(float *out, const float *in, const float *weight, const float *bias, int rows, int in_f,
                   int out_f);

/* Convolution of k×k with stride k, the patch embedding and the downsampling:
 * in [side·k][side·k][in_c] → out [side][side][out_c]; weight [out_c][k][k][in_c], bias [out_c] */
void vx_ref_patches(float *out, const float *in, const float *weight, const float *bias, int side, int k,
                    int in_c, int out_c);

/* Depthwise 7×7, stride 1, zero padding 3: in, out [height][width][c]; weight [7][7][c], bias [c]. out must
 * not be in. */
void vx_ref_depthwise(float *out, const float *in, const float *weight, const float *bias, int height,
                      int width, int c);

/* (x − mean)/sqrt(var + eps)·gamma + beta over each row of c, var being the mean of squares
 * (torch.nn.LayerNorm). gamma and beta [c], or both NULL for 1 and 0. out may be in. */
void vx_ref_layer_norm(float *out, const float *in, const float *gamma, const float *beta, int rows, int c,
                       float eps);

/* x·(1 + erf(x/√2))/2 in place (torch.nn.GELU(approximate="none")) */
void vx_ref_gelu(float *x, size_t n);

void vx_ref_mean_pool(float *out, const float *in, int rows,
                      int c); /* out [c] = mean of in [rows][c] over its rows */

/* What vx_ref_forward() calls after each layer, with its output in data [rows][channels]:
 *   "embeddings"        after the patch embedding and its LayerNorm
 *   "stage"             after stage `stage`'s downsampling (block −1) and after each of its blocks (block 0…)
 *   "pooled"            the spatial mean, before the last LayerNorm (rows 1)
 *   "logits"            rows 1 */
struct vx_ref_layer {
    const char *name;
    int stage, block;
    const float *data; /* valid during the call */
    int rows, channels;
};
typedef void vx_ref_hook(void *user, const struct vx_ref_layer *layer);

/* One window through the network. image [size][size][num_channels] after rescaling and mean/std; logits
 * [n_labels]. hook may be NULL. VX_ENOMEM. */
enum vx_status vx_ref_forward(const struct vx_convnext *net, const float *image, float *logits,
                              vx_ref_hook *hook, void *user, struct vx_err *err) VX_CHECKED;

#endif
