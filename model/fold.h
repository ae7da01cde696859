/* fold.h - from a checkpoint's tensors to the folded network of convnext.h
 * Where the tensors come from (a file, the generator) is the source's business. */
#ifndef VX_MODEL_FOLD_H
#define VX_MODEL_FOLD_H

#include "model/convnext.h"
#include "model/layers.h"

struct vx_weight_source {
    /* Row `index` of the layer table → out[count], finite. */
    enum vx_status (*read)(const struct vx_weight_source *self, size_t index, float *out, struct vx_err *err);
    const char *origin; /* for messages: the file, or what generates */
};

/* config and layers are borrowed (config is copied) and must belong together. Leaves sha256 empty. VX_EFORMAT: a
 * folded weight passes float32's range; the message names the tensor. On success *out is the caller's. */
enum vx_status vx_convnext_fold(struct vx_convnext **out, const struct vx_config *config, const struct vx_layers *layers,
                                const struct vx_weight_source *source, struct vx_err *err) VX_CHECKED;

#endif
