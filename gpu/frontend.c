#include "gpu/frontend.h"

#include "gpu/fft.h"
#include "gpu/frontend_ops.h"
#include "gpu/picture.h"
#include "gpu/tables.h"
#include "model/spectrum.h"

#include "base/mem.h"

#include <limits.h>
#include <stdlib.h>

#define ALIGN 256 /* bytes */

/* Scratch is carved into these parts. Levels and pictures lie where the frames were: by then they are used up. */
enum part { POWER, RANGE, PEAK, ROWS, WORK, LEVELS, PICTURE, N_PARTS };

struct vx_gpu_frontend {
    struct vx_profile profile;
    int windows, samples, frames;
    const float *hann; /* [n_fft] on the device */
    struct vx_gpu_mel mel;
    struct vx_gpu_tables tables;
    struct vx_gpu_fft *fft;
    struct vx_gpu_picture *picture;
    size_t offset[N_PARTS]; /* of each part in the scratch */
    size_t scratch;         /* bytes of it */
};

static size_t cells(const struct vx_gpu_frontend *f)
{
    return (size_t)f->frames * (size_t)f->profile.n_mels;
}

/* Places a part of so many bytes behind *at; *at is then behind the part. */
static void place(struct vx_gpu_frontend *f, enum part part, size_t bytes, size_t *at)
{
    f->offset[part] = *at;
    *at += (bytes + ALIGN - 1) / ALIGN * ALIGN;
    f->scratch = *at > f->scratch ? *at : f->scratch;
}

static void plan_scratch(struct vx_gpu_frontend *f)
{
    const size_t windows = (size_t)f->windows, rows = windows * (size_t)f->frames;
    size_t at = 0, reused;

    place(f, POWER, windows * cells(f) * sizeof(float), &at);
    place(f, RANGE, windows * 2 * sizeof(float), &at);
    place(f, PEAK, windows * sizeof(float), &at);
    reused = at;
    place(f, ROWS, rows * ((size_t)f->profile.n_fft + 2) * sizeof(float), &at);
    place(f, WORK, vx_gpu_fft_scratch(f->fft), &at);
    place(f, LEVELS, windows * cells(f), &reused);
    place(f, PICTURE, vx_gpu_picture_scratch(f->picture), &reused);
}

static enum vx_status upload(struct vx_gpu_frontend *f, const struct vx_spectrum *spectrum, struct vx_err *err)
{
    const struct vx_mel *mel = &spectrum->mel;
    const size_t n = (size_t)mel->n_mels;
    const char *what = "tables of a front end";
    const void *hann, *first, *count, *offset, *weight;
    enum vx_status rc;

    if ((rc = vx_gpu_tables_add(&f->tables, spectrum->window, (size_t)f->profile.n_fft * sizeof *spectrum->window, what, &hann,
                                err)) != VX_OK ||
        (rc = vx_gpu_tables_add(&f->tables, mel->first, n * sizeof *mel->first, what, &first, err)) != VX_OK ||
        (rc = vx_gpu_tables_add(&f->tables, mel->count, n * sizeof *mel->count, what, &count, err)) != VX_OK ||
        (rc = vx_gpu_tables_add(&f->tables, mel->offset, n * sizeof *mel->offset, what, &offset, err)) != VX_OK ||
        (rc = vx_gpu_tables_add(&f->tables, mel->weight, mel->n_weights * sizeof *mel->weight, what, &weight, err)) != VX_OK)
        return rc;
    f->hann = hann;
    f->mel = (struct vx_gpu_mel){mel->n_mels, mel->n_bins, first, count, offset, weight};
    return VX_OK;
}

/* cuFFT counts in int. Too much for that is too much memory too, and a smaller batch is the way out of both. */
static enum vx_status check_windows(int windows, int frames, int n_fft, struct vx_err *err)
{
    if (windows < 1 || windows > VX_GPU_MAX_WINDOWS)
        return vx_fail(err, VX_EINVAL, "no front end for %d windows at once: 1 to %d are possible", windows, VX_GPU_MAX_WINDOWS);
    if ((int64_t)windows * frames > INT_MAX / (n_fft + 2))
        return vx_fail(err, VX_ENOMEM, "%d windows of %d frames of %d points are too many at once: use smaller batches or a longer "
                       "hop_length", windows, frames, n_fft);
    return VX_OK;
}

enum vx_status vx_gpu_frontend_create(struct vx_gpu_frontend **out, const struct vx_profile *profile,
                                      const struct vx_processor *processor, int image_size, int sample_rate, int samples,
                                      int windows, struct vx_err *err)
{
    struct vx_spectrum spectrum = {0};
    struct vx_gpu_frontend *f = NULL;
    enum vx_status rc;

    *out = NULL;
    if ((rc = vx_spectrum_create(&spectrum, profile, sample_rate, samples, err)) != VX_OK ||
        (rc = check_windows(windows, spectrum.frames, profile->n_fft, err)) != VX_OK)
        goto done;
    if (!(f = vx_calloc(1, sizeof *f))) {
        rc = vx_fail_nomem(err, "a front end");
        goto done;
    }
    f->profile = *profile;
    f->windows = windows;
    f->samples = samples;
    f->frames = spectrum.frames;
    if ((rc = vx_gpu_picture_create(&f->picture, profile, processor, image_size, profile->n_mels, f->frames, windows, err)) !=
            VX_OK ||
        (rc = vx_gpu_fft_create(&f->fft, profile->n_fft, windows * f->frames, err)) != VX_OK ||
        (rc = upload(f, &spectrum, err)) != VX_OK)
        goto done;
    plan_scratch(f);
    *out = f;
    f = NULL;
done:
    vx_gpu_frontend_destroy(&f);
    vx_spectrum_clear(&spectrum);
    return rc;
}

void vx_gpu_frontend_destroy(struct vx_gpu_frontend **frontend)
{
    struct vx_gpu_frontend *f = *frontend;

    if (!f)
        return;
    vx_gpu_picture_destroy(&f->picture);
    vx_gpu_fft_destroy(&f->fft);
    vx_gpu_tables_clear(&f->tables);
    free(f);
    *frontend = NULL;
}

size_t vx_gpu_frontend_scratch(const struct vx_gpu_frontend *f)
{
    return f->scratch;
}

static void *part(const struct vx_gpu_frontend *f, void *scratch, enum part which)
{
    return (char *)scratch + f->offset[which];
}

enum vx_status vx_gpu_frontend_decibels(struct vx_gpu_frontend *f, cudaStream_t stream, const float *pcm, float *db, void *scratch,
                                        struct vx_err *err)
{
    const struct vx_profile *p = &f->profile;
    const struct vx_gpu_decibel_scale scale = {p->ref_max, (float)p->ref_value, (float)p->amin, (float)p->top_db};
    float *rows = part(f, scratch, ROWS), *peak = p->peak_normalise ? part(f, scratch, PEAK) : NULL;
    enum vx_status rc = VX_OK;

    if (peak)
        rc = vx_gpu_peak(stream, pcm, f->windows, f->samples, peak, err);
    if (rc == VX_OK)
        rc = vx_gpu_frame(stream, pcm, f->hann, peak, f->windows, f->samples, f->frames, p->n_fft, p->hop_length, rows, err);
    if (rc == VX_OK)
        rc = vx_gpu_fft_run(f->fft, stream, rows, part(f, scratch, WORK), err);
    if (rc == VX_OK)
        rc = vx_gpu_mel_power(stream, &f->mel, rows, f->windows, f->frames, db, err);
    if (rc == VX_OK)
        rc = vx_gpu_decibels(stream, &scale, f->windows, cells(f), db, part(f, scratch, RANGE), err);
    return rc;
}

enum vx_status vx_gpu_frontend_run(struct vx_gpu_frontend *f, cudaStream_t stream, const float *pcm, uint8_t *image, void *scratch,
                                   struct vx_err *err)
{
    const struct vx_profile *p = &f->profile;
    const float scale = p->colour == VX_COLOUR_GREY ? 255.0f : 256.0f, *range = part(f, scratch, RANGE);
    float *db = part(f, scratch, POWER);
    uint8_t *level = part(f, scratch, LEVELS);
    enum vx_status rc;

    if ((rc = vx_gpu_frontend_decibels(f, stream, pcm, db, scratch, err)) != VX_OK ||
        (rc = vx_gpu_levels(stream, db, range, scale, p->low_at_bottom, f->windows, p->n_mels, f->frames, level, err)) != VX_OK)
        return rc;
    return vx_gpu_picture_run(f->picture, stream, level, image, part(f, scratch, PICTURE), err);
}
