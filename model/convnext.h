/* convnext.h - the weights of a ConvNeXt, folded and laid out for channels-last engines
 * Built from the layer table (depths, hidden_sizes), so every size is data. Folding is exact algebra done in double:
 * a block's LayerNorm scale and shift go into pwconv1, its layer scale into pwconv2; a downsampling layer's LayerNorm
 * into its 2×2 convolution; the last LayerNorm into the classifier. The embedding's LayerNorm stays (its output is
 * zero-padded by the next depthwise convolution, so its shift cannot move). All LayerNorms left are
 * (x − mean)/sqrt(var + eps) without affine part, except the embedding's. */
#ifndef VX_MODEL_CONVNEXT_H
#define VX_MODEL_CONVNEXT_H

#include "model/config.h"
#include "model/safetensors.h"

#include <stddef.h>
#include <stdint.h>

#define VX_LAYER_NORM_EPS 1e-6f /* of every LayerNorm but the last, as transformers hard-codes it */

struct vx_convnext_block {
    const float *dw_weight;  /* [7][7][C] */
    const float *dw_bias;    /* [C] */
    const float *pw1_weight; /* [4C][C], LayerNorm folded in */
    const float *pw1_bias;   /* [4C] */
    const float *pw2_weight; /* [C][4C], layer scale folded in */
    const float *pw2_bias;   /* [C] */
};

struct vx_convnext_stage {
    int channels, depth, side;       /* C, blocks, height and width of its feature map */
    const float *down_weight;        /* [C][2][2][Cprev], LayerNorm folded in; NULL for stage 0 */
    const float *down_bias;          /* [C] */
    struct vx_convnext_block *block; /* [depth] */
};

struct vx_convnext {
    struct vx_config config;   /* owned */
    const float *embed_weight; /* [C0][patch][patch][num_channels] */
    const float *embed_bias;   /* [C0] */
    const float *embed_gamma, *embed_beta; /* [C0] LayerNorm after the patch embedding */
    struct vx_convnext_stage stage[VX_MAX_STAGES];
    const float *head_weight; /* [n_labels][Clast], last LayerNorm folded in */
    const float *head_bias;   /* [n_labels] */
    uint64_t n_parameters;    /* as PyTorch counts them, before folding */
    double macs;              /* multiply-accumulates a window */
    char sha256[VX_SHA256_HEX]; /* of the weight file(s); of generated weights: of the file they make as F32 */
    float *storage;           /* owned: the one allocation all weights above point into, each at a multiple of VX_ALIGN */
};

/* Loads DIR (config.json and model.safetensors or its sharded form). Missing, surplus and misshapen tensors and
 * non-finite weights are VX_EFORMAT naming file, tensor and what was expected. */
enum vx_status vx_convnext_load(struct vx_convnext **out, const char *dir, struct vx_err *err) VX_CHECKED;
/* The same weights for another input size: a ConvNeXt takes any, and config.json of a checkpoint fine-tuned at 384 often
 * still says 224, while its image processor tells the truth. VX_EINVAL: no multiple of patch_size·2^(n_stages−1). */
enum vx_status vx_convnext_set_image_size(struct vx_convnext *net, int image_size, struct vx_err *err) VX_CHECKED;
void vx_convnext_destroy(struct vx_convnext **net);

/* Generated weights: a pure function of (config, seed), see generate.c for the generator's definition; for tests and
 * first runs where no trained weights are at hand. The result is the one of loading what vx_convnext_generate_dir()
 * writes as F32. VX_EFORMAT: a config out of its limits. */
enum vx_status vx_convnext_generate(struct vx_convnext **out, const struct vx_config *config, uint64_t seed,
                                    struct vx_err *err) VX_CHECKED;
/* The same weights as a Hugging Face folder (config.json with "voxtrawl_untrained": true, preprocessor_config.json,
 * model.safetensors in dtype). DIR is created where missing. VX_EINVAL: DIR holds a model that is not generated. */
enum vx_status vx_convnext_generate_dir(const char *dir, const struct vx_config *config, uint64_t seed,
                                        enum vx_st_dtype dtype, struct vx_err *err) VX_CHECKED;

#endif
