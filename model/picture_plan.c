#include "model/picture_plan.h"

#include "model/colourmap.h"

static enum vx_status plan_fit(struct vx_picture_plan *p, const struct vx_processor *processor, struct vx_err *err)
{
    return p->colours ? vx_fit_create(&p->fit, processor, p->width, p->height, p->image_size, err)
                      : vx_fit_create_grey(&p->fit, processor, p->width, p->height, p->image_size, err);
}

enum vx_status vx_picture_plan_create(struct vx_picture_plan *out, const struct vx_profile *profile,
                                      const struct vx_processor *processor, int image_size, int rows, int columns,
                                      struct vx_err *err)
{
    const bool resize = profile->image_width > 0;
    struct vx_picture_plan p = {
        .rows = rows,
        .columns = columns,
        .width = resize ? profile->image_width : columns,
        .height = resize ? profile->image_height : rows,
        .image_size = image_size,
        .colours = vx_colourmap(profile->colour),
    };
    enum vx_status rc = VX_OK;

    *out = (struct vx_picture_plan){0};
    p.paint_first = p.colours && resize && profile->image_filter != VX_RESAMPLE_NEAREST;
    if (!profile->use_processor && (p.width != image_size || p.height != image_size))
        return vx_fail(err, VX_EINVAL, "profile %s makes pictures of %dx%d pixels and uses no image processor, but the network "
                       "takes %dx%d", profile->name, p.width, p.height, image_size, image_size);
    if (resize && (rc = vx_resize_create(&p.resize, columns, rows, p.width, p.height, p.paint_first ? 3 : 1,
                                         profile->image_filter, err)) != VX_OK)
        goto done;
    if (profile->use_processor && (rc = plan_fit(&p, processor, err)) != VX_OK) {
        vx_err_prefix(err, "profile %s", profile->name);
        goto done;
    }
    *out = p;
    p = (struct vx_picture_plan){0};
done:
    vx_picture_plan_clear(&p);
    return rc;
}

void vx_picture_plan_clear(struct vx_picture_plan *plan)
{
    vx_resize_destroy(&plan->resize);
    vx_fit_destroy(&plan->fit);
    *plan = (struct vx_picture_plan){0};
}
