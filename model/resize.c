/* Pillow's Image.resize for 8-bit images (libImaging/Resample.c, and Geometry.c for nearest), pixel for pixel.
 * The order of the two passes shows in the rounding. It is that of Pillow 13: vertical first when the height shrinks by
 * more than twice the pixels that the width does. Older versions always start horizontally, so in such pictures (none of
 * a built-in profile) some of their pixels differ by 1. */
#include "model/processor.h"
#include "model/resize_rows.h"

#include "base/mem.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIDE (1 << 20) /* pixels */

struct vx_resize {
    int in_w, in_h, channels;
    bool vertical_first;
    struct vx_resize_axis x, y;
    size_t filter; /* bytes of scratch for the horizontal pass */
};

static double bilinear(double x)
{
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

/* Keys' cubic convolution with a = −0.5 */
static double bicubic(double x)
{
    const double a = -0.5;

    x = fabs(x);
    if (x < 1.0)
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
    if (x < 2.0)
        return (((x - 5) * x + 8) * x - 4) * a;
    return 0.0;
}

static int32_t to_fixed(double v)
{
    return v < 0 ? (int32_t)(-0.5 + v * (1 << VX_RESIZE_BITS)) : (int32_t)(0.5 + v * (1 << VX_RESIZE_BITS));
}

/* Coefficients of output `i` of a line of in pixels stretched by 1/scale, into a->k; weight [stride] is scratch. */
static void filter_at(struct vx_resize_axis *a, int i, int position, int in, double scale, enum vx_resample filter, double *weight)
{
    double (*const f)(double) = filter == VX_RESAMPLE_BICUBIC ? bicubic : bilinear;
    const double stretch = scale < 1.0 ? 1.0 : scale;
    const double support = (filter == VX_RESAMPLE_BICUBIC ? 2.0 : 1.0) * stretch;
    const double center = (position + 0.5) * scale, inverse = 1.0 / stretch;
    int first = (int)(center - support + 0.5), end = (int)(center + support + 0.5);
    double sum = 0.0;

    if (first < 0)
        first = 0;
    if (end > in)
        end = in;
    for (int t = 0; t < end - first; t++) {
        weight[t] = f((t + first - center + 0.5) * inverse);
        sum += weight[t];
    }
    for (int t = 0; t < end - first; t++)
        a->k[(size_t)i * (size_t)a->stride + (size_t)t] = to_fixed(sum != 0.0 ? weight[t] / sum : weight[t]);
    a->first[i] = first;
    a->taps[i] = end - first;
}

/* Both `first` and the end of what is needed ascend. */
static void find_span(struct vx_resize_axis *a)
{
    a->start = a->first[0];
    a->span = a->first[a->n - 1] + a->taps[a->n - 1] - a->start;
    for (int i = 0; i < a->n; i++)
        a->first[i] -= a->start;
}

/* Outputs begin … begin+n−1 of a line of in pixels resized to out. 0 on success, −1 out of memory. */
static int axis_create(struct vx_resize_axis *a, int in, int out, int begin, int n, enum vx_resample filter)
{
    const double scale = (double)in / out;
    const double support = (filter == VX_RESAMPLE_BICUBIC ? 2.0 : 1.0) * (scale < 1.0 ? 1.0 : scale);
    double *weight = NULL;

    a->n = n;
    a->first = vx_calloc((size_t)n, sizeof *a->first);
    a->taps = vx_calloc((size_t)n, sizeof *a->taps);
    if (!a->first || !a->taps)
        return -1;
    if (filter == VX_RESAMPLE_NEAREST || in == out) {
        double position = 0.5 * scale; /* summed, not multiplied, as Pillow does: the rounding errors are its own */
        for (int i = 0; i < begin + n; i++, position += scale)
            if (i >= begin) {
                a->first[i - begin] = position < in ? (int)position : in - 1;
                a->taps[i - begin] = 1;
            }
        find_span(a);
        return 0;
    }
    a->stride = (int)ceil(support) * 2 + 1;
    weight = vx_calloc((size_t)a->stride, sizeof *weight);
    a->k = vx_calloc((size_t)n * (size_t)a->stride, sizeof *a->k);
    if (weight && a->k) {
        for (int i = 0; i < n; i++)
            filter_at(a, i, begin + i, in, scale, filter, weight);
        find_span(a);
    }
    free(weight);
    return weight && a->k ? 0 : -1;
}

enum vx_status vx_resize_create_part(struct vx_resize **out, int in_w, int in_h, int out_w, int out_h, int x, int y,
                                     int w, int h, int channels, enum vx_resample filter, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    struct vx_resize *r = NULL;

    *out = NULL;
    if (in_w < 1 || in_h < 1 || out_w < 1 || out_h < 1 || in_w > MAX_SIDE || in_h > MAX_SIDE || out_w > MAX_SIDE ||
        out_h > MAX_SIDE)
        return vx_fail(err, VX_ELIMIT, "cannot resize %dx%d pixels to %dx%d: sides from 1 to %d are possible", in_w, in_h,
                       out_w, out_h, MAX_SIDE);
    if (x < 0 || y < 0 || w < 1 || h < 1 || x > out_w - w || y > out_h - h || channels < 1 || channels > 4)
        return vx_fail(err, VX_EINVAL, "no part %dx%d at %d,%d with %d channels in %dx%d pixels", w, h, x, y, channels,
                       out_w, out_h);
    if (!(r = vx_calloc(1, sizeof *r)) || axis_create(&r->x, in_w, out_w, x, w, filter) != 0 ||
        axis_create(&r->y, in_h, out_h, y, h, filter) != 0) {
        rc = vx_fail_nomem(err, "a resizing plan");
        goto done;
    }
    r->in_w = in_w;
    r->in_h = in_h;
    r->channels = channels;
    r->vertical_first = out_h < in_h && in_h - out_h > 2 * (in_w - out_w);
    r->filter = r->x.k ? vx_resize_columns_scratch(&r->x, channels) : 0;
    *out = r;
    r = NULL;
done:
    vx_resize_destroy(&r);
    return rc;
}

enum vx_status vx_resize_create(struct vx_resize **out, int in_w, int in_h, int out_w, int out_h, int channels,
                                enum vx_resample filter, struct vx_err *err)
{
    return vx_resize_create_part(out, in_w, in_h, out_w, out_h, 0, 0, out_w, out_h, channels, filter, err);
}

static void axis_clear(struct vx_resize_axis *a)
{
    free(a->first);
    free(a->taps);
    free(a->k);
}

void vx_resize_destroy(struct vx_resize **plan)
{
    if (!*plan)
        return;
    axis_clear(&(*plan)->x);
    axis_clear(&(*plan)->y);
    free(*plan);
    *plan = NULL;
}

struct vx_resize_tables vx_resize_tables_of(const struct vx_resize *r)
{
    return (struct vx_resize_tables){r->in_w, r->in_h, r->vertical_first, &r->x, &r->y};
}

/* Bytes between the passes: all lines that the vertical pass needs, or a few that it has made. */
static size_t between(const struct vx_resize *r)
{
    if (!r->x.k || !r->y.k)
        return 0;
    return (size_t)r->channels *
           (r->vertical_first ? (size_t)r->x.span * VX_RESIZE_LANES : (size_t)r->y.span * (size_t)r->x.n);
}

size_t vx_resize_scratch(const struct vx_resize *r)
{
    return between(r) + r->filter;
}

/* lines of the horizontal pass, in [lines][in_pitch] from pixel x.start on → out [lines][x.n·channels] */
static void pass_x(const struct vx_resize *r, const uint8_t *in, size_t in_pitch, int lines, uint8_t *out, uint8_t *scratch)
{
    const size_t out_pitch = (size_t)r->x.n * (size_t)r->channels;

    for (int i = 0; i < lines; i += VX_RESIZE_LANES) {
        const int rows = lines - i < VX_RESIZE_LANES ? lines - i : VX_RESIZE_LANES;
        vx_resize_columns(&r->x, r->channels, in + (size_t)i * in_pitch, in_pitch, rows, out + (size_t)i * out_pitch,
                          out_pitch, scratch);
    }
}

/* Output lines i … i+lines−1 of the vertical pass, n bytes each: in is line y.start → out [lines][n] */
static void pass_y(const struct vx_resize *r, int i, int lines, const uint8_t *in, size_t pitch, size_t n, uint8_t *out)
{
    for (int end = i + lines; i < end; i++, out += n)
        vx_resize_line(r->y.k + (size_t)i * (size_t)r->y.stride, r->y.taps[i], in + (size_t)r->y.first[i] * pitch, n, pitch,
                       out);
}

/* The pixels that a line of the output takes as they are; inlined with c constant, so that a copy is an instruction. */
static inline __attribute__((always_inline)) void pick_line(const struct vx_resize_axis *x, const uint8_t *line, size_t c,
                                                            uint8_t *out)
{
    for (int j = 0; j < x->n; j++, out += c)
        memcpy(out, line + (size_t)x->first[j] * c, c);
}

/* No filter at all: in is line y.start, pixel x.start. */
static void pick(const struct vx_resize *r, const uint8_t *in, size_t pitch, uint8_t *out)
{
    const size_t c = (size_t)r->channels;

    for (int i = 0; i < r->y.n; i++, out += (size_t)r->x.n * c) {
        const uint8_t *line = in + (size_t)r->y.first[i] * pitch;
        if (c == 1)
            pick_line(&r->x, line, 1, out);
        else if (c == 3)
            pick_line(&r->x, line, 3, out);
        else
            pick_line(&r->x, line, c, out);
    }
}

void vx_resize_run(const struct vx_resize *r, const uint8_t *in, uint8_t *out, uint8_t *scratch)
{
    const size_t c = (size_t)r->channels, pitch = (size_t)r->in_w * c, n = (size_t)r->x.n * c, span = (size_t)r->x.span * c;
    const uint8_t *from = in + (size_t)r->y.start * pitch + (size_t)r->x.start * c;
    uint8_t *filter = scratch + between(r);

    if (!r->x.k && !r->y.k) {
        pick(r, from, pitch, out);
    } else if (!r->y.k) {
        pass_x(r, from, pitch, r->y.n, out, filter); /* the same height: the lines are neighbours */
    } else if (!r->x.k) {
        pass_y(r, 0, r->y.n, from, pitch, n, out);
    } else if (!r->vertical_first) {
        pass_x(r, from, pitch, r->y.span, scratch, filter);
        pass_y(r, 0, r->y.n, scratch, n, n, out);
    } else {
        for (int i = 0; i < r->y.n; i += VX_RESIZE_LANES) {
            const int lines = r->y.n - i < VX_RESIZE_LANES ? r->y.n - i : VX_RESIZE_LANES;
            pass_y(r, i, lines, from, pitch, span, scratch);
            pass_x(r, scratch, span, lines, out + (size_t)i * n, filter);
        }
    }
}
