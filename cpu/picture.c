#include "cpu/picture.h"

#include "model/colourmap.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct vx_picture {
    size_t cells;                 /* rows·columns */
    int width, height;            /* after resizing */
    int image_size;
    const uint8_t (*colours)[3];  /* NULL: grey */
    bool paint_first;             /* colours are mixed by the resizing, so it needs them; nearest does not mix */
    struct vx_resize *resize;     /* NULL: the picture is the spectrogram as it is */
    struct vx_fit *fit;           /* NULL: no processor */
    size_t buffer, filter;        /* bytes of each of two image buffers, of the filters' scratch */
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static enum vx_status plan_fit(struct vx_picture *p, const struct vx_processor *processor, struct vx_err *err)
{
    return p->colours ? vx_fit_create(&p->fit, processor, p->width, p->height, p->image_size, err)
                      : vx_fit_create_grey(&p->fit, processor, p->width, p->height, p->image_size, err);
}

enum vx_status vx_picture_create(struct vx_picture **out, const struct vx_profile *profile,
                                 const struct vx_processor *processor, int image_size, int rows, int columns,
                                 struct vx_err *err)
{
    const bool resize = profile->image_width > 0;
    enum vx_status rc = VX_OK;
    struct vx_picture *p;
    int channels;

    *out = NULL;
    if (!(p = vx_calloc(1, sizeof *p)))
        return vx_fail_nomem(err, "a picture plan");
    p->cells = (size_t)rows * (size_t)columns;
    p->width = resize ? profile->image_width : columns;
    p->height = resize ? profile->image_height : rows;
    p->image_size = image_size;
    p->colours = vx_colourmap(profile->colour);
    p->paint_first = p->colours && resize && profile->image_filter != VX_RESAMPLE_NEAREST;
    channels = p->paint_first ? 3 : 1;
    if (!profile->use_processor && (p->width != image_size || p->height != image_size)) {
        rc = vx_fail(err, VX_EINVAL, "profile %s makes pictures of %dx%d pixels and uses no image processor, but the network "
                     "takes %dx%d", profile->name, p->width, p->height, image_size, image_size);
        goto done;
    }
    if (resize && (rc = vx_resize_create(&p->resize, columns, rows, p->width, p->height, channels, profile->image_filter,
                                         err)) != VX_OK)
        goto done;
    if (profile->use_processor && (rc = plan_fit(p, processor, err)) != VX_OK) {
        vx_err_prefix(err, "profile %s", profile->name);
        goto done;
    }
    p->buffer = 3 * larger(larger(p->cells, (size_t)p->width * (size_t)p->height), (size_t)image_size * (size_t)image_size);
    p->filter = larger(p->resize ? vx_resize_scratch(p->resize) : 0, p->fit ? vx_fit_scratch(p->fit) : 0);
    *out = p;
    p = NULL;
done:
    vx_picture_destroy(&p);
    return rc;
}

void vx_picture_destroy(struct vx_picture **plan)
{
    if (!*plan)
        return;
    vx_resize_destroy(&(*plan)->resize);
    vx_fit_destroy(&(*plan)->fit);
    free(*plan);
    *plan = NULL;
}

size_t vx_picture_scratch(const struct vx_picture *p)
{
    return 2 * p->buffer + p->filter;
}

int vx_picture_width(const struct vx_picture *p)
{
    return p->width;
}

int vx_picture_height(const struct vx_picture *p)
{
    return p->height;
}

static void paint(const uint8_t (*colours)[3], const uint8_t *level, size_t n, uint8_t *rgb)
{
    for (size_t i = 0; i < n; i++)
        memcpy(rgb + 3 * i, colours[level[i]], 3);
}

static void triple(const uint8_t *grey, size_t n, uint8_t *rgb)
{
    for (size_t i = 0; i < n; i++)
        rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = grey[i];
}

/* The picture in as many channels as it needs: one for grey, three for colours. Returns level itself or one of the two
 * buffers in scratch. */
static const uint8_t *draw(const struct vx_picture *p, const uint8_t *level, uint8_t *scratch)
{
    uint8_t *a = scratch, *b = scratch + p->buffer, *filter = scratch + 2 * p->buffer;
    const uint8_t *now = level;

    if (p->paint_first) {
        paint(p->colours, now, p->cells, a);
        now = a;
    }
    if (p->resize) {
        vx_resize_run(p->resize, now, b, filter);
        now = b;
    }
    if (p->colours && !p->paint_first) {
        paint(p->colours, now, (size_t)p->width * (size_t)p->height, a);
        now = a;
    }
    return now;
}

void vx_picture_run(const struct vx_picture *p, const uint8_t *level, uint8_t *image, uint8_t *scratch)
{
    const uint8_t *picture = draw(p, level, scratch);
    const size_t pixels = (size_t)p->image_size * (size_t)p->image_size;
    uint8_t *filter = scratch + 2 * p->buffer;

    if (p->fit) {
        uint8_t *to = p->colours ? image : picture == scratch ? scratch + p->buffer : scratch;
        vx_fit_run(p->fit, picture, to, filter);
        picture = to;
    } else if (p->colours) {
        memcpy(image, picture, 3 * pixels);
    }
    if (!p->colours)
        triple(picture, pixels, image);
}

void vx_picture_draw(const struct vx_picture *p, const uint8_t *level, uint8_t *picture, uint8_t *scratch)
{
    const uint8_t *drawn = draw(p, level, scratch);
    const size_t pixels = (size_t)p->width * (size_t)p->height;

    if (p->colours)
        memcpy(picture, drawn, 3 * pixels);
    else
        triple(drawn, pixels, picture);
}
