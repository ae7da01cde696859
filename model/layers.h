/* layers.h - the tensors of a ConvNeXt checkpoint, as a table built from its config
 * The loader, the folding and the weight generator walk this one table, so they cannot disagree on a name or a shape.
 * Rows are in network order: the embedding; for each stage its downsampling layer (not stage 0) and its blocks; the
 * head. Within each of these groups rows are at the positions of the enums below; a block's layer scale comes last,
 * so that nothing moves when a network has none. */
#ifndef VX_MODEL_LAYERS_H
#define VX_MODEL_LAYERS_H

#include "model/config.h"

#include <stddef.h>
#include <stdint.h>

enum { VX_EMBED_WEIGHT, VX_EMBED_BIAS, VX_EMBED_GAMMA, VX_EMBED_BETA, VX_EMBED_TENSORS };
enum { VX_DOWN_GAMMA, VX_DOWN_BETA, VX_DOWN_WEIGHT, VX_DOWN_BIAS, VX_DOWN_TENSORS };
enum {
    VX_BLOCK_DW_WEIGHT,
    VX_BLOCK_DW_BIAS,
    VX_BLOCK_GAMMA,
    VX_BLOCK_BETA,
    VX_BLOCK_PW1_WEIGHT,
    VX_BLOCK_PW1_BIAS,
    VX_BLOCK_PW2_WEIGHT,
    VX_BLOCK_PW2_BIAS,
    VX_BLOCK_SCALE, /* absent when config.no_layer_scale */
    VX_BLOCK_TENSORS,
};
enum { VX_HEAD_GAMMA, VX_HEAD_BETA, VX_HEAD_WEIGHT, VX_HEAD_BIAS, VX_HEAD_TENSORS };

enum vx_tensor_kind {
    VX_TENSOR_WEIGHT, /* of a convolution or a linear layer: [out][in]… */
    VX_TENSOR_BIAS,   /* of the same: [out] */
    VX_TENSOR_GAMMA,  /* a LayerNorm's weight */
    VX_TENSOR_BETA,   /* a LayerNorm's bias */
    VX_TENSOR_SCALE,  /* a block's layer_scale_parameter */
};

#define VX_LAYER_MAX_DIMS 4

struct vx_layer_tensor {
    char name[80]; /* as transformers writes it */
    enum vx_tensor_kind kind;
    int n_dims;
    int64_t shape[VX_LAYER_MAX_DIMS]; /* PyTorch's */
    size_t count;  /* elements */
    size_t offset; /* elements of the rows before this one */
    size_t uses;   /* times an image multiplies with each element: output positions of a WEIGHT, else 0 */
};

struct vx_layers {
    size_t n;
    struct vx_layer_tensor *tensor; /* owned [n] */
    size_t n_elements;              /* of all tensors: PyTorch's parameter count */
    double macs;                    /* multiply-accumulates of one image, over all convolutions and linear layers */
};

enum vx_status vx_layers_create(struct vx_layers *out, const struct vx_config *config, struct vx_err *err) VX_CHECKED;
void vx_layers_clear(struct vx_layers *layers); /* frees the rows and zeroes; zeroed or cleared is fine */

#endif
