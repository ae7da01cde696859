#include "io/picture.h"

#include "base/mem.h"
#include "io/image.h"

#include <stdlib.h>

struct vx_picture_fitter {
    struct vx_processor processor;
    int image_size;
    struct vx_fit *fit; /* of pictures of w×h */
    int w, h;
    uint8_t *scratch;
    uint8_t *rgb; /* owned [h][w][3]: loaded, or NULL */
};

enum vx_status vx_picture_fitter_create(struct vx_picture_fitter **out, const struct vx_processor *processor, int image_size,
                                        struct vx_err *err)
{
    struct vx_picture_fitter *f = vx_calloc(1, sizeof *f);

    *out = f;
    if (!f)
        return vx_fail_nomem(err, "pictures");
    f->processor = *processor;
    f->image_size = image_size;
    return VX_OK;
}

void vx_picture_fitter_destroy(struct vx_picture_fitter **fitter)
{
    struct vx_picture_fitter *const f = *fitter;

    if (!f)
        return;
    vx_fit_destroy(&f->fit);
    free(f->scratch);
    free(f->rgb);
    free(f);
    *fitter = NULL;
}

/* The plan for pictures of w×h, made anew when the shape changes. */
static enum vx_status plan(struct vx_picture_fitter *f, int w, int h, struct vx_err *err)
{
    enum vx_status rc;

    if (f->fit && f->w == w && f->h == h)
        return VX_OK;
    vx_fit_destroy(&f->fit);
    free(f->scratch);
    f->scratch = NULL;
    if ((rc = vx_fit_create(&f->fit, &f->processor, w, h, f->image_size, err)) != VX_OK)
        return rc;
    if (!(f->scratch = vx_calloc(vx_fit_scratch(f->fit), 1))) {
        vx_fit_destroy(&f->fit);
        return vx_fail_nomem(err, "a picture");
    }
    f->w = w;
    f->h = h;
    return VX_OK;
}

enum vx_status vx_picture_load(struct vx_picture_fitter *f, struct vx_source *source, struct vx_err *err)
{
    enum vx_status rc;
    int w, h;

    free(f->rgb);
    f->rgb = NULL;
    if ((rc = vx_image_read(source, &f->rgb, &w, &h, err)) != VX_OK)
        return rc;
    return plan(f, w, h, err);
}

void vx_picture_fit(struct vx_picture_fitter *f, uint8_t *out)
{
    vx_fit_run(f->fit, f->rgb, out, f->scratch);
    free(f->rgb);
    f->rgb = NULL;
}
