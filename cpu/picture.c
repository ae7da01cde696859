#include "cpu/picture.h"

#include "model/picture_plan.h"

#include "base/clones.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct vx_picture {
    struct vx_picture_plan plan;
    size_t buffer, filter; /* bytes of each of two image buffers, of the filters' scratch */
};

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

enum vx_status vx_picture_create(struct vx_picture **out, const struct vx_profile *profile,
                                 const struct vx_processor *processor, int image_size, int rows, int columns,
                                 struct vx_err *err)
{
    const struct vx_picture_plan *plan;
    enum vx_status rc;
    struct vx_picture *p;
    size_t pixels;

    *out = NULL;
    if (!(p = vx_calloc(1, sizeof *p)))
        return vx_fail_nomem(err, "a picture plan");
    plan = &p->plan;
    if ((rc = vx_picture_plan_create(&p->plan, profile, processor, image_size, rows, columns, err)) != VX_OK) {
        vx_picture_destroy(&p);
        return rc;
    }
    pixels = larger((size_t)rows * (size_t)columns, (size_t)plan->width * (size_t)plan->height);
    p->buffer = 3 * larger(pixels, (size_t)image_size * (size_t)image_size);
    p->filter = larger(plan->resize ? vx_resize_scratch(plan->resize) : 0, plan->fit ? vx_fit_scratch(plan->fit) : 0);
    *out = p;
    return VX_OK;
}

void vx_picture_destroy(struct vx_picture **picture)
{
    if (!*picture)
        return;
    vx_picture_plan_clear(&(*picture)->plan);
    free(*picture);
    *picture = NULL;
}

size_t vx_picture_scratch(const struct vx_picture *p)
{
    return 2 * p->buffer + p->filter;
}

int vx_picture_width(const struct vx_picture *p)
{
    return p->plan.width;
}

int vx_picture_height(const struct vx_picture *p)
{
    return p->plan.height;
}

static void paint(const uint8_t (*colours)[3], const uint8_t *level, size_t n, uint8_t *rgb)
{
    for (size_t i = 0; i < n; i++)
        memcpy(rgb + 3 * i, colours[level[i]], 3);
}

typedef uint8_t bytes __attribute__((vector_size(16)));

VX_CLONES
static void triple(const uint8_t *grey, size_t n, uint8_t *rgb)
{
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        bytes v, out[3];
        memcpy(&v, grey + i, sizeof v);
        out[0] = __builtin_shufflevector(v, v, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5);
        out[1] = __builtin_shufflevector(v, v, 5, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 9, 9, 9, 10, 10);
        out[2] = __builtin_shufflevector(v, v, 10, 11, 11, 11, 12, 12, 12, 13, 13, 13, 14, 14, 14, 15, 15, 15);
        memcpy(rgb + 3 * i, out, sizeof out);
    }
    for (; i < n; i++)
        rgb[3 * i] = rgb[3 * i + 1] = rgb[3 * i + 2] = grey[i];
}

/* The picture in as many channels as it needs: one for grey, three for colours. Returns level itself or one of the two
 * buffers in scratch. */
static const uint8_t *draw(const struct vx_picture *p, const uint8_t *level, uint8_t *scratch)
{
    uint8_t *a = scratch, *b = scratch + p->buffer, *filter = scratch + 2 * p->buffer;
    const uint8_t *now = level;

    if (p->plan.paint_first) {
        paint(p->plan.colours, now, (size_t)p->plan.rows * (size_t)p->plan.columns, a);
        now = a;
    }
    if (p->plan.resize) {
        vx_resize_run(p->plan.resize, now, b, filter);
        now = b;
    }
    if (p->plan.colours && !p->plan.paint_first) {
        paint(p->plan.colours, now, (size_t)p->plan.width * (size_t)p->plan.height, a);
        now = a;
    }
    return now;
}

void vx_picture_run(const struct vx_picture *p, const uint8_t *level, uint8_t *image, uint8_t *scratch)
{
    const uint8_t *picture = draw(p, level, scratch);
    const size_t pixels = (size_t)p->plan.image_size * (size_t)p->plan.image_size;
    uint8_t *filter = scratch + 2 * p->buffer;

    if (p->plan.fit) {
        uint8_t *to = p->plan.colours ? image : picture == scratch ? scratch + p->buffer : scratch;
        vx_fit_run(p->plan.fit, picture, to, filter);
        picture = to;
    } else if (p->plan.colours) {
        memcpy(image, picture, 3 * pixels);
    }
    if (!p->plan.colours)
        triple(picture, pixels, image);
}

void vx_picture_draw(const struct vx_picture *p, const uint8_t *level, uint8_t *picture, uint8_t *scratch)
{
    const uint8_t *drawn = draw(p, level, scratch);
    const size_t pixels = (size_t)p->plan.width * (size_t)p->plan.height;

    if (p->plan.colours)
        memcpy(picture, drawn, 3 * pixels);
    else
        triple(drawn, pixels, picture);
}
