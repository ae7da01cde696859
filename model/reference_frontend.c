#include "model/reference_frontend.h"

#include "model/colourmap.h"

#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int vx_ref_frames(const struct vx_profile *profile, int samples)
{
    return 1 + samples / profile->hop_length;
}

/* Slaney's mel scale: 15 mel at 1 kHz, below it linear, above it 27 mel to a factor of 6.4. */
static double mel_of(double hz)
{
    return hz < 1000 ? hz * 3 / 200 : 15 + 27 * log(hz / 1000) / log(6.4);
}

static double hz_of(double mel)
{
    return mel < 15 ? mel * 200 / 3 : 1000 * pow(6.4, (mel - 15) / 27);
}

double vx_ref_mel_weight(const struct vx_profile *profile, int rate, int m, int bin)
{
    const double low = mel_of(profile->fmin), high = mel_of(profile->fmax > 0 ? profile->fmax : rate / 2.0);
    const double hz = (double)bin * rate / profile->n_fft;
    double edge[3];

    for (int i = 0; i < 3; i++)
        edge[i] = hz_of(low + (high - low) * (m + i) / (profile->n_mels + 1));
    if (hz <= edge[0] || hz >= edge[2])
        return 0;
    return (hz < edge[1] ? (hz - edge[0]) / (edge[1] - edge[0]) : (edge[2] - hz) / (edge[2] - edge[1])) * 2 /
           (edge[2] - edge[0]);
}

/* |X[k]|² of frame t, windowed with the periodic Hann window; cosine [n_fft] is one turn */
static double power_at(const struct vx_profile *profile, const float *pcm, int samples, double scale, int t, int k,
                       const double *cosine)
{
    const int n = profile->n_fft;
    double re = 0, im = 0;

    for (int i = 0; i < n; i++) {
        const int64_t at = (int64_t)t * profile->hop_length - n / 2 + i;
        if (at < 0 || at >= samples)
            continue;
        const double x = scale * (double)pcm[at] * (0.5 - 0.5 * cosine[i]);
        const int turn = (int)((int64_t)i * k % n);
        re += x * cosine[turn];
        im -= x * cosine[(turn + n - n / 4) % n]; /* the sine, where 4 divides n */
    }
    return re * re + im * im;
}

enum vx_status vx_ref_mel_power(const struct vx_profile *profile, const float *pcm, int samples, int rate, double *mel,
                                struct vx_err *err)
{
    const int frames = vx_ref_frames(profile, samples), n = profile->n_fft;
    double *cosine, peak = 0;

    if (n % 4 != 0)
        return vx_fail(err, VX_EUNSUPPORTED, "the reference takes transforms of multiples of 4 points, not %d", n);
    if (!(cosine = vx_calloc((size_t)n, sizeof *cosine)))
        return vx_fail_nomem(err, "the reference front end");
    for (int i = 0; i < n; i++)
        cosine[i] = cos(2 * M_PI * i / n);
    for (int i = 0; profile->peak_normalise && i < samples; i++)
        peak = fmax(peak, fabs((double)pcm[i]));
    memset(mel, 0, (size_t)profile->n_mels * (size_t)frames * sizeof *mel);
    for (int t = 0; t < frames; t++)
        for (int k = 0; k <= n / 2; k++) {
            const double p = power_at(profile, pcm, samples, peak >= (double)FLT_MIN ? 1 / peak : 1, t, k, cosine);
            for (int m = 0; m < profile->n_mels; m++)
                mel[(size_t)m * (size_t)frames + (size_t)t] += p * vx_ref_mel_weight(profile, rate, m, k);
        }
    free(cosine);
    return VX_OK;
}

void vx_ref_decibels(const struct vx_profile *profile, double *x, size_t n)
{
    double largest = x[0], top = -INFINITY;

    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, x[i]);
    const double ref = profile->ref_max ? largest : profile->ref_value;
    for (size_t i = 0; i < n; i++) {
        x[i] = 10 * log10(fmax(profile->amin, x[i])) - 10 * log10(fmax(profile->amin, ref));
        top = fmax(top, x[i]);
    }
    for (size_t i = 0; profile->top_db > 0 && i < n; i++)
        x[i] = fmax(x[i], top - profile->top_db);
}

void vx_ref_levels(const struct vx_profile *profile, const float *db, int rows, int columns, uint8_t *level)
{
    const float scale = profile->colour == VX_COLOUR_GREY ? 255.0f : 256.0f;
    float low = db[0], high = db[0];

    for (int i = 0; i < rows * columns; i++) {
        low = fminf(low, db[i]);
        high = fmaxf(high, db[i]);
    }
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++) {
            const int to = profile->low_at_bottom ? rows - 1 - r : r;
            const float x = high > low ? (db[r * columns + c] - low) / (high - low) : 0;
            level[to * columns + c] = (uint8_t)fminf(255.0f, x * scale);
        }
}

static double kernel(enum vx_resample filter, double x)
{
    x = fabs(x);
    if (filter == VX_RESAMPLE_BILINEAR)
        return x < 1 ? 1 - x : 0;
    return x < 1 ? 1.5 * x * x * x - 2.5 * x * x + 1 : x < 2 ? -0.5 * x * x * x + 2.5 * x * x - 4 * x + 2 : 0;
}

/* Pixel i of a line of n pixels `step` apart, resized to out pixels: in fixed point with 22 bits. */
static uint8_t resized_pixel(const uint8_t *in, size_t step, int n, int out, int i, enum vx_resample filter)
{
    const double scale = (double)n / out, stretch = fmax(scale, 1), center = (i + 0.5) * scale;
    const double reach = (filter == VX_RESAMPLE_BICUBIC ? 2 : 1) * stretch;
    const int begin = (int)fmax(0, center - reach + 0.5), end = (int)fmin(n, center + reach + 0.5);
    int64_t sum = 1 << 21;
    double total = 0;

    if (n == out)
        return in[(size_t)i * step];
    if (filter == VX_RESAMPLE_NEAREST) {
        double position = scale / 2; /* summed, with the rounding errors of that */
        for (int k = 0; k < i; k++)
            position += scale;
        return in[(size_t)(int)position * step];
    }
    for (int j = begin; j < end; j++)
        total += kernel(filter, (j + 0.5 - center) / stretch);
    for (int j = begin; j < end; j++)
        sum += (int64_t)round(kernel(filter, (j + 0.5 - center) / stretch) / total * (1 << 22)) * in[(size_t)j * step];
    sum >>= 22;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static void resize_width(const uint8_t *in, int w, int h, uint8_t *out, int out_w, int c, enum vx_resample filter)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < out_w; x++)
            for (int k = 0; k < c; k++)
                *out++ = resized_pixel(in + (size_t)y * (size_t)w * (size_t)c + (size_t)k, (size_t)c, w, out_w, x, filter);
}

static void resize_height(const uint8_t *in, int w, int h, uint8_t *out, int out_h, int c, enum vx_resample filter)
{
    for (int y = 0; y < out_h; y++)
        for (int x = 0; x < w * c; x++)
            *out++ = resized_pixel(in + x, (size_t)w * (size_t)c, h, out_h, y, filter);
}

enum vx_status vx_ref_resize(const uint8_t *in, int in_w, int in_h, uint8_t *out, int out_w, int out_h, int channels,
                             enum vx_resample filter, struct vx_err *err)
{
    const size_t w = (size_t)(in_w > out_w ? in_w : out_w), h = (size_t)(in_h > out_h ? in_h : out_h);
    uint8_t *between = vx_calloc(w * h, (size_t)channels);

    if (!between)
        return vx_fail_nomem(err, "a picture");
    if (out_h < in_h && in_h - out_h > 2 * (in_w - out_w)) {
        resize_height(in, in_w, in_h, between, out_h, channels, filter);
        resize_width(between, in_w, out_h, out, out_w, channels, filter);
    } else {
        resize_width(in, in_w, in_h, between, out_w, channels, filter);
        resize_height(between, out_w, in_h, out, out_h, channels, filter);
    }
    free(between);
    return VX_OK;
}

enum vx_status vx_ref_fit(const struct vx_processor *p, const uint8_t *in, int w, int h, uint8_t *out, struct vx_err *err)
{
    const int edge = p->shortest_edge, to = edge < 384 ? (int)(edge / p->crop_pct) : edge;
    const int new_w = edge < 384 && w > h ? (int)((double)to * w / h) : to;
    const int new_h = edge < 384 && h > w ? (int)((double)to * h / w) : to;
    const size_t left = (size_t)(new_w - edge) / 2, top = (size_t)(new_h - edge) / 2;
    uint8_t *whole = vx_calloc((size_t)new_w * (size_t)new_h, 3);
    enum vx_status rc;

    if (!whole)
        return vx_fail_nomem(err, "a picture");
    rc = vx_ref_resize(in, w, h, whole, new_w, new_h, 3, p->resample, err);
    for (size_t y = 0; rc == VX_OK && y < (size_t)edge; y++)
        memcpy(out + y * (size_t)edge * 3, whole + ((top + y) * (size_t)new_w + left) * 3, (size_t)edge * 3);
    free(whole);
    return rc;
}

enum vx_status vx_ref_picture(const struct vx_profile *profile, const struct vx_processor *p, const uint8_t *level, int rows,
                              int columns, uint8_t *image, struct vx_err *err)
{
    const int w = profile->image_width ? profile->image_width : columns;
    const int h = profile->image_width ? profile->image_height : rows;
    const uint8_t (*colours)[3] = vx_colourmap(profile->colour);
    uint8_t *painted = vx_calloc((size_t)rows * (size_t)columns, 3), *picture = vx_calloc((size_t)w * (size_t)h, 3);
    enum vx_status rc = VX_OK;

    if (!painted || !picture) {
        rc = vx_fail_nomem(err, "a picture");
        goto done;
    }
    for (int i = 0; i < rows * columns; i++)
        for (int c = 0; c < 3; c++)
            painted[3 * i + c] = colours ? colours[level[i]][c] : level[i];
    if ((rc = vx_ref_resize(painted, columns, rows, picture, w, h, 3, profile->image_filter, err)) != VX_OK)
        goto done;
    if (profile->use_processor)
        rc = vx_ref_fit(p, picture, w, h, image, err);
    else
        memcpy(image, picture, (size_t)w * (size_t)h * 3);
done:
    free(painted);
    free(picture);
    return rc;
}
