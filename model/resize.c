/* Pillow's Image.resize for 8-bit images (libImaging/Resample.c, and Geometry.c for nearest), pixel for pixel.
 * The order of the two passes shows in the rounding. It is that of Pillow 13: vertical first when the height shrinks by
 * more than twice the pixels that the width does. Older versions always start horizontally, so in such pictures (none of
 * a built-in profile) some of their pixels differ by 1. */
#include "model/processor.h"

#include "base/mem.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PRECISION_BITS 22 /* of the fixed-point coefficients: 32 − 8 bits of pixel − 2 bits of overshoot */
#define MAX_SIDE (1 << 24)

/* One direction: output i is the sum over t < taps[i] of k[i·stride + t]·input[start + first[i] + t]. */
struct axis {
    int n, stride;
    int start, span; /* the pixels that any output needs */
    int *first, *taps;
    int32_t *k; /* fixed point; NULL where the output is input[first[i]]: nearest, or the same size */
};

struct vx_resize {
    int in_w, in_h, channels;
    bool vertical_first;
    struct axis x, y;
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
    return v < 0 ? (int32_t)(-0.5 + v * (1 << PRECISION_BITS)) : (int32_t)(0.5 + v * (1 << PRECISION_BITS));
}

/* Coefficients of output `i` of a line of in pixels stretched by 1/scale, into a->k; weight [stride] is scratch. */
static void filter_at(struct axis *a, int i, int position, int in, double scale, enum vx_resample filter, double *weight)
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
static void find_span(struct axis *a)
{
    a->start = a->first[0];
    a->span = a->first[a->n - 1] + a->taps[a->n - 1] - a->start;
    for (int i = 0; i < a->n; i++)
        a->first[i] -= a->start;
}

/* Outputs begin … begin+n−1 of a line of in pixels resized to out. 0 on success, −1 out of memory. */
static int axis_create(struct axis *a, int in, int out, int begin, int n, enum vx_resample filter)
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

static void axis_clear(struct axis *a)
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

size_t vx_resize_scratch(const struct vx_resize *r)
{
    if (!r->x.k || !r->y.k)
        return 0;
    return (size_t)r->channels * (r->vertical_first ? (size_t)r->x.span : (size_t)r->y.span * (size_t)r->x.n);
}

static uint8_t clip8(int32_t sum)
{
    const int32_t v = sum >> PRECISION_BITS;

    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* One line of the horizontal pass: out [x.n][channels] */
static void line_x(const struct vx_resize *r, const uint8_t *in, uint8_t *out)
{
    const size_t c = (size_t)r->channels;

    for (int i = 0; i < r->x.n; i++) {
        const int32_t *k = r->x.k + (size_t)i * (size_t)r->x.stride;
        const uint8_t *p = in + (size_t)r->x.first[i] * c;
        for (size_t ch = 0; ch < c; ch++) {
            int32_t sum = 1 << (PRECISION_BITS - 1);
            for (int t = 0; t < r->x.taps[i]; t++)
                sum += k[t] * p[(size_t)t * c + ch];
            *out++ = clip8(sum);
        }
    }
}

/* The columns that the output needs, unfiltered: out [x.n][channels] */
static void pick_x(const struct vx_resize *r, const uint8_t *in, uint8_t *out)
{
    const size_t c = (size_t)r->channels;

    for (int i = 0; i < r->x.n; i++)
        memcpy(out + (size_t)i * c, in + (size_t)r->x.first[i] * c, c);
}

/* One line of the vertical pass from taps lines of n bytes, pitch bytes apart */
static void line_y(const int32_t *k, int taps, const uint8_t *in, size_t n, size_t pitch, uint8_t *out)
{
    enum { BLOCK = 64 };
    int32_t sum[BLOCK];

    for (size_t j = 0; j < n; j += BLOCK) {
        const size_t m = n - j < BLOCK ? n - j : BLOCK;
        for (size_t b = 0; b < m; b++)
            sum[b] = 1 << (PRECISION_BITS - 1);
        for (int t = 0; t < taps; t++)
            for (size_t b = 0; b < m; b++)
                sum[b] += k[t] * in[(size_t)t * pitch + j + b];
        for (size_t b = 0; b < m; b++)
            out[j + b] = clip8(sum[b]);
    }
}

void vx_resize_run(const struct vx_resize *r, const uint8_t *in, uint8_t *out, uint8_t *scratch)
{
    const size_t c = (size_t)r->channels, out_pitch = (size_t)r->x.n * c;
    const bool horizontal_first = r->x.k && r->y.k && !r->vertical_first;
    size_t pitch = (size_t)r->in_w * c;
    const uint8_t *from = in + (size_t)r->y.start * pitch + (size_t)r->x.start * c;

    if (horizontal_first) {
        for (int i = 0; i < r->y.span; i++)
            line_x(r, from + (size_t)i * pitch, scratch + (size_t)i * out_pitch);
        from = scratch;
        pitch = out_pitch;
    }
    for (int i = 0; i < r->y.n; i++, out += out_pitch) {
        const uint8_t *line = from + (size_t)r->y.first[i] * pitch;
        const int32_t *k = r->y.k ? r->y.k + (size_t)i * (size_t)r->y.stride : NULL;
        if (k && (horizontal_first || !r->x.k)) {
            line_y(k, r->y.taps[i], line, out_pitch, pitch, out);
        } else if (k) {
            line_y(k, r->y.taps[i], line, (size_t)r->x.span * c, pitch, scratch);
            line_x(r, scratch, out);
        } else if (r->x.k) {
            line_x(r, line, out);
        } else {
            pick_x(r, line, out);
        }
    }
}
