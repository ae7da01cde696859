/* ConvNextImageProcessor's geometry (transformers, image_processing_pil_convnext.py): resize and centre-crop. */
#include "model/processor.h"
#include "model/resize_axis.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define WARP_FROM 384        /* this size and above: both sides are stretched to it and nothing is cropped */
#define MAX_LONG_SIDE (1 << 20) /* of the resized image, pixels */

struct vx_fit {
    struct vx_resize *resize; /* NULL: the image is copied */
    size_t bytes;             /* of the output */
};

/* The crop of image_size² pixels from the resized image, without ever making the rest of it. */
static enum vx_status create(struct vx_fit **out, const struct vx_processor *p, int w, int h, int image_size,
                             int channels, struct vx_err *err)
{
    const int edge = p->shortest_edge;
    enum vx_status rc = VX_OK;
    struct vx_fit *fit = NULL;
    int64_t new_w = edge, new_h = edge;

    *out = NULL;
    if (w < 1 || h < 1 || image_size < 1)
        return vx_fail(err, VX_EINVAL, "no picture of %dx%d pixels for a network of %d", w, h, image_size);
    if (!p->do_resize && (w != image_size || h != image_size))
        return vx_fail(err, VX_EINVAL, "a picture of %dx%d pixels, but the image processor does not resize and the network "
                       "takes %dx%d", w, h, image_size, image_size);
    if (p->do_resize && edge != image_size)
        return vx_fail(err, VX_EINVAL, "the image processor makes %dx%d pixels (size.shortest_edge), but the network takes "
                       "%dx%d", edge, edge, image_size, image_size);
    if (!(fit = vx_calloc(1, sizeof *fit)))
        return vx_fail_nomem(err, "an image plan");
    fit->bytes = (size_t)image_size * (size_t)image_size * (size_t)channels;
    if (p->do_resize && edge < WARP_FROM) {
        const int64_t to = (int64_t)(edge / p->crop_pct);
        new_w = w <= h ? to : (int64_t)((double)(to * w) / h);
        new_h = w <= h ? (int64_t)((double)(to * h) / w) : to;
    }
    if (new_w > MAX_LONG_SIDE || new_h > MAX_LONG_SIDE)
        rc = vx_fail(err, VX_ELIMIT, "a picture of %dx%d pixels is too narrow: its long side would become more than %d", w, h,
                     MAX_LONG_SIDE);
    else if (p->do_resize)
        rc = vx_resize_create_part(&fit->resize, w, h, (int)new_w, (int)new_h, (int)(new_w - edge) / 2,
                                   (int)(new_h - edge) / 2, edge, edge, channels, p->resample, err);
    if (rc != VX_OK)
        vx_fit_destroy(&fit);
    *out = fit;
    return rc;
}

enum vx_status vx_fit_create(struct vx_fit **out, const struct vx_processor *p, int w, int h, int image_size,
                             struct vx_err *err)
{
    return create(out, p, w, h, image_size, 3, err);
}

enum vx_status vx_fit_create_grey(struct vx_fit **out, const struct vx_processor *p, int w, int h, int image_size,
                                  struct vx_err *err)
{
    return create(out, p, w, h, image_size, 1, err);
}

void vx_fit_destroy(struct vx_fit **fit)
{
    if (!*fit)
        return;
    vx_resize_destroy(&(*fit)->resize);
    free(*fit);
    *fit = NULL;
}

const struct vx_resize *vx_fit_resize(const struct vx_fit *fit)
{
    return fit->resize;
}

size_t vx_fit_scratch(const struct vx_fit *fit)
{
    return fit->resize ? vx_resize_scratch(fit->resize) : 0;
}

void vx_fit_run(const struct vx_fit *fit, const uint8_t *in, uint8_t *out, uint8_t *scratch)
{
    if (fit->resize)
        vx_resize_run(fit->resize, in, out, scratch);
    else
        memcpy(out, in, fit->bytes);
}
