/* A picture is made in steps, each a kernel over all windows from one buffer to another, the last one into the image. */
#include "gpu/picture.h"

#include "gpu/frontend_ops.h"
#include "gpu/tables.h"
#include "model/picture_plan.h"
#include "model/resize_axis.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

#define MAX_STEPS 5 /* colour, two passes of the resizing, two of the processor */

struct step {
    enum { PAINT, COLUMNS, LINES } kind;
    struct vx_gpu_axis axis;      /* of COLUMNS and LINES */
    size_t begin;                 /* byte of the input's first pixel that is needed */
    int in_width, in_height, in_channels;
    int width, height, channels; /* of the output */
};

struct vx_gpu_picture {
    int windows;
    int rows, columns;
    struct step step[MAX_STEPS];
    int n_steps;
    const uint8_t *colours; /* [256][3] on the device; NULL: grey */
    size_t buffer;          /* bytes of each of two buffers */
    struct vx_gpu_tables tables;
};

/* A further step, its input what the last one makes */
static struct step *add_step(struct vx_gpu_picture *p)
{
    const struct step *last = p->n_steps > 0 ? &p->step[p->n_steps - 1] : NULL;
    struct step *s = &p->step[p->n_steps];

    assert(p->n_steps < MAX_STEPS);
    p->n_steps++;
    s->in_width = last ? last->width : p->columns;
    s->in_height = last ? last->height : p->rows;
    s->in_channels = last ? last->channels : 1;
    s->width = s->in_width;
    s->height = s->in_height;
    s->channels = s->in_channels;
    return s;
}

static void add_paint(struct vx_gpu_picture *p)
{
    struct step *s = add_step(p);

    s->kind = PAINT;
    s->channels = 3;
}

static enum vx_status upload_axis(struct vx_gpu_picture *p, const struct vx_resize_axis *a, struct vx_gpu_axis *out,
                                  struct vx_err *err)
{
    const size_t n = (size_t)a->n;
    const char *what = "tables of a picture plan";
    const void *first, *taps, *k;
    enum vx_status rc;

    if ((rc = vx_gpu_tables_add(&p->tables, a->first, n * sizeof *a->first, what, &first, err)) != VX_OK ||
        (rc = vx_gpu_tables_add(&p->tables, a->taps, n * sizeof *a->taps, what, &taps, err)) != VX_OK ||
        (rc = vx_gpu_tables_add(&p->tables, a->k, n * (size_t)a->stride * sizeof *a->k, what, &k, err)) != VX_OK)
        return rc;
    *out = (struct vx_gpu_axis){.n = a->n, .stride = a->stride, .first = first, .taps = taps, .k = k};
    return VX_OK;
}

/* The horizontal pass over height lines from first_line on; `start`: the input's pixel that the axis counts from */
static enum vx_status add_columns(struct vx_gpu_picture *p, const struct vx_resize_axis *x, int start, int first_line, int height,
                                  struct vx_err *err)
{
    struct step *s = add_step(p);

    s->kind = COLUMNS;
    s->begin = ((size_t)first_line * (size_t)s->in_width + (size_t)start) * (size_t)s->in_channels;
    s->width = x->n;
    s->height = height;
    return upload_axis(p, x, &s->axis, err);
}

/* The vertical pass over width columns from first_column on; `start`: the input's line that the axis counts from */
static enum vx_status add_lines(struct vx_gpu_picture *p, const struct vx_resize_axis *y, int start, int first_column, int width,
                                struct vx_err *err)
{
    struct step *s = add_step(p);

    s->kind = LINES;
    s->begin = ((size_t)start * (size_t)s->in_width + (size_t)first_column) * (size_t)s->in_channels;
    s->width = width;
    s->height = y->n;
    return upload_axis(p, y, &s->axis, err);
}

/* All n pixels of the input, as they are */
static bool changes_nothing(const struct vx_resize_axis *a, int n)
{
    if (a->k || a->n != n || a->start != 0)
        return false;
    for (int i = 0; i < n; i++)
        if (a->first[i] != i)
            return false;
    return true;
}

/* The passes that change something; the first of two makes only what the second one needs. */
static enum vx_status add_resize(struct vx_gpu_picture *p, const struct vx_resize *plan, struct vx_err *err)
{
    const struct vx_resize_tables t = vx_resize_tables_of(plan);
    const bool x = !changes_nothing(t.x, t.in_w), y = !changes_nothing(t.y, t.in_h);
    enum vx_status rc = VX_OK;

    if (t.vertical_first) {
        if (y)
            rc = add_lines(p, t.y, t.y->start, x ? t.x->start : 0, x ? t.x->span : t.in_w, err);
        if (rc == VX_OK && x)
            rc = add_columns(p, t.x, y ? 0 : t.x->start, 0, y ? t.y->n : t.in_h, err);
    } else {
        if (x)
            rc = add_columns(p, t.x, t.x->start, y ? t.y->start : 0, y ? t.y->span : t.in_h, err);
        if (rc == VX_OK && y)
            rc = add_lines(p, t.y, x ? 0 : t.y->start, 0, x ? t.x->n : t.in_w, err);
    }
    return rc;
}

/* Grey becomes three channels where the last step writes it, or in a step of its own where there is none. */
static void end_in_colour(struct vx_gpu_picture *p)
{
    struct step *last = p->n_steps > 0 ? &p->step[p->n_steps - 1] : NULL;

    if (!last)
        add_paint(p);
    else
        last->channels = 3;
}

static enum vx_status add_steps(struct vx_gpu_picture *p, const struct vx_picture_plan *plan, struct vx_err *err)
{
    const struct vx_resize *fit = plan->fit ? vx_fit_resize(plan->fit) : NULL;
    enum vx_status rc;
    const void *colours;

    if ((rc = vx_gpu_tables_add(&p->tables, plan->colours, plan->colours ? 256 * sizeof *plan->colours : 0, "a colour map", &colours,
                                err)) != VX_OK)
        return rc;
    p->colours = colours;
    if (plan->paint_first)
        add_paint(p);
    if (plan->resize && (rc = add_resize(p, plan->resize, err)) != VX_OK)
        return rc;
    if (plan->colours && !plan->paint_first)
        add_paint(p);
    if (fit && (rc = add_resize(p, fit, err)) != VX_OK)
        return rc;
    end_in_colour(p);
    return VX_OK;
}

static size_t bytes(const struct step *s)
{
    return (size_t)s->width * (size_t)s->height * (size_t)s->channels;
}

enum vx_status vx_gpu_picture_create(struct vx_gpu_picture **out, const struct vx_profile *profile,
                                     const struct vx_processor *processor, int image_size, int rows, int columns, int windows,
                                     struct vx_err *err)
{
    struct vx_picture_plan plan = {0};
    struct vx_gpu_picture *p = NULL;
    enum vx_status rc;

    *out = NULL;
    if ((rc = vx_picture_plan_create(&plan, profile, processor, image_size, rows, columns, err)) != VX_OK)
        goto done;
    if (!(p = vx_calloc(1, sizeof *p))) {
        rc = vx_fail_nomem(err, "a picture plan");
        goto done;
    }
    p->windows = windows;
    p->rows = rows;
    p->columns = columns;
    if ((rc = add_steps(p, &plan, err)) != VX_OK)
        goto done;
    for (int i = 0; i < p->n_steps - 1; i++)
        p->buffer = bytes(&p->step[i]) > p->buffer ? bytes(&p->step[i]) : p->buffer;
    p->buffer = (p->buffer * (size_t)windows + 255) / 256 * 256;
    assert(bytes(&p->step[p->n_steps - 1]) == 3 * (size_t)image_size * (size_t)image_size);
    *out = p;
    p = NULL;
done:
    vx_gpu_picture_destroy(&p);
    vx_picture_plan_clear(&plan);
    return rc;
}

void vx_gpu_picture_destroy(struct vx_gpu_picture **picture)
{
    if (!*picture)
        return;
    vx_gpu_tables_clear(&(*picture)->tables);
    free(*picture);
    *picture = NULL;
}

size_t vx_gpu_picture_scratch(const struct vx_gpu_picture *picture)
{
    return 2 * picture->buffer;
}

static enum vx_status run_step(const struct vx_gpu_picture *p, const struct step *s, cudaStream_t stream, const uint8_t *in,
                               uint8_t *out, struct vx_err *err)
{
    const size_t pixels = (size_t)s->in_width * (size_t)s->in_height, channels = (size_t)s->in_channels;
    const struct vx_gpu_pictures from = {in + s->begin, (size_t)s->in_width * channels, pixels * channels, s->in_channels};
    const bool triple = s->channels != s->in_channels;

    switch (s->kind) {
    case PAINT:
        return vx_gpu_paint(stream, in, p->colours, pixels * (size_t)p->windows, out, err);
    case COLUMNS:
        return vx_gpu_resize_columns(stream, &s->axis, &from, p->windows, s->height, triple, out, err);
    case LINES:
        return vx_gpu_resize_lines(stream, &s->axis, &from, p->windows, s->width, triple, out, err);
    }
    return VX_OK;
}

enum vx_status vx_gpu_picture_run(const struct vx_gpu_picture *p, cudaStream_t stream, const uint8_t *level, uint8_t *image,
                                  uint8_t *scratch, struct vx_err *err)
{
    const uint8_t *now = level;
    enum vx_status rc = VX_OK;

    for (int i = 0; rc == VX_OK && i < p->n_steps; i++) {
        uint8_t *to = i == p->n_steps - 1 ? image : scratch + (i % 2 ? p->buffer : 0);
        rc = run_step(p, &p->step[i], stream, now, to, err);
        now = to;
    }
    return rc;
}
