#include "cpu/frontend.h"

#include "cpu/decibel.h"
#include "cpu/mel.h"
#include "cpu/picture.h"
#include "cpu/transform.h"
#include "model/spectrum.h"

#include "base/clones.h"
#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Scratch is carved into these parts, each on a boundary of VX_ALIGN bytes. */
enum part { SOUND, FRAMES, TRANSFORM, POWER, DECIBELS, LEVELS, PICTURE, N_PARTS };

struct vx_frontend {
    struct vx_profile profile;
    struct vx_spectrum spectrum;
    struct vx_transform *transform;
    struct vx_picture *picture;
    size_t offset[N_PARTS + 1]; /* of each part in the scratch; the last one is its size */
};

static void plan_scratch(struct vx_frontend *f)
{
    const size_t n_fft = (size_t)f->profile.n_fft, cells = (size_t)f->spectrum.frames * (size_t)f->profile.n_mels;
    const size_t size[N_PARTS] = {
        [SOUND] = ((size_t)f->spectrum.samples + n_fft) * sizeof(float),
        [FRAMES] = n_fft * VX_MEL_LANES * sizeof(float),
        [TRANSFORM] = vx_transform_scratch(f->transform),
        [POWER] = (n_fft / 2 + 1) * VX_MEL_LANES * sizeof(float),
        [DECIBELS] = cells * sizeof(float),
        [LEVELS] = cells,
        [PICTURE] = vx_picture_scratch(f->picture),
    };

    for (int i = 0; i < N_PARTS; i++)
        f->offset[i + 1] = f->offset[i] + (size[i] + VX_ALIGN - 1) / VX_ALIGN * VX_ALIGN;
}

enum vx_status vx_frontend_create(struct vx_frontend **out, const struct vx_profile *profile,
                                  const struct vx_processor *processor, int image_size, int sample_rate, int samples,
                                  struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    struct vx_frontend *f = NULL;

    *out = NULL;
    if (!(f = vx_calloc(1, sizeof *f))) {
        rc = vx_fail_nomem(err, "a front end");
        goto done;
    }
    f->profile = *profile;
    if ((rc = vx_spectrum_create(&f->spectrum, profile, sample_rate, samples, err)) != VX_OK ||
        (rc = vx_transform_create(&f->transform, profile->n_fft, err)) != VX_OK ||
        (rc = vx_picture_create(&f->picture, profile, processor, image_size, profile->n_mels, f->spectrum.frames, err)) !=
            VX_OK)
        goto done;
    plan_scratch(f);
    *out = f;
    f = NULL;
done:
    vx_frontend_destroy(&f);
    return rc;
}

void vx_frontend_destroy(struct vx_frontend **frontend)
{
    struct vx_frontend *f = *frontend;

    if (!f)
        return;
    vx_transform_destroy(&f->transform);
    vx_spectrum_clear(&f->spectrum);
    vx_picture_destroy(&f->picture);
    free(f);
    *frontend = NULL;
}

size_t vx_frontend_scratch(const struct vx_frontend *f)
{
    return f->offset[N_PARTS];
}

struct vx_frontend_shape vx_frontend_shape(const struct vx_frontend *f)
{
    return (struct vx_frontend_shape){
        .frames = f->spectrum.frames,
        .n_mels = f->profile.n_mels,
        .picture_width = vx_picture_width(f->picture),
        .picture_height = vx_picture_height(f->picture),
    };
}

static void *part(const struct vx_frontend *f, void *scratch, enum part which)
{
    return (char *)scratch + f->offset[which];
}

/* librosa.util.normalize(norm=inf): divided by the largest magnitude, left alone where that is under the smallest
 * normal number. */
static float peak(const float *pcm, int n)
{
    float largest = 0.0f;

    for (int i = 0; i < n; i++)
        largest = fabsf(pcm[i]) > largest ? fabsf(pcm[i]) : largest;
    return largest < FLT_MIN ? 1.0f : largest;
}

/* The window between n_fft/2 zeros on either side: frame t starts at t·hop. */
static void lay_out(const struct vx_frontend *f, const float *pcm, float *sound)
{
    const size_t edge = (size_t)f->profile.n_fft / 2, n = (size_t)f->spectrum.samples;

    memset(sound, 0, edge * sizeof *sound);
    memset(sound + edge + n, 0, edge * sizeof *sound);
    if (f->profile.peak_normalise) {
        const float p = peak(pcm, f->spectrum.samples);
        for (size_t i = 0; i < n; i++)
            sound[edge + i] = pcm[i] / p;
    } else {
        memcpy(sound + edge, pcm, n * sizeof *sound);
    }
}

typedef float four __attribute__((vector_size(4 * sizeof(float))));

/* frames [n_fft][VX_MEL_LANES]: sample i of the frames that begin every hop samples, times the window's, in blocks of four
 * samples of four frames. Lanes that have no frame are silent. */
VX_CLONES
static void windowed_frames(const float *sound, int hop, const float *window, int n_fft, int n_frames, float *frames)
{
    const int whole = n_fft / 4 * 4;

    for (int lane = 0; lane < VX_MEL_LANES; lane += 4)
        for (int i = 0; i < whole; i += 4) {
            four v[4] = {0}, w;
            memcpy(&w, window + i, sizeof w);
            for (int l = 0; l < 4 && lane + l < n_frames; l++)
                memcpy(&v[l], sound + (size_t)(lane + l) * (size_t)hop + i, sizeof w);
            const four a = v[0] * w, b = v[1] * w, c = v[2] * w, d = v[3] * w;
            const four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), cd = __builtin_shufflevector(c, d, 0, 4, 1, 5),
                       ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
            const four out[4] = {
                __builtin_shufflevector(ab, cd, 0, 1, 4, 5), __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
                __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5), __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7)};
            for (int j = 0; j < 4; j++)
                memcpy(frames + (size_t)(i + j) * VX_MEL_LANES + lane, &out[j], sizeof w);
        }
    for (int i = whole; i < n_fft; i++)
        for (int lane = 0; lane < VX_MEL_LANES; lane++)
            frames[(size_t)i * VX_MEL_LANES + (size_t)lane] =
                lane < n_frames ? sound[(size_t)lane * (size_t)hop + (size_t)i] * window[i] : 0;
}

/* mel power [n_mels][frames], VX_MEL_LANES frames at a time */
static void mel_power(const struct vx_frontend *f, const float *pcm, float *mel, void *scratch)
{
    float *sound = part(f, scratch, SOUND), *frames = part(f, scratch, FRAMES), *power = part(f, scratch, POWER);
    const int hop = f->profile.hop_length;

    lay_out(f, pcm, sound);
    for (int t = 0; t < f->spectrum.frames; t += VX_MEL_LANES) {
        const int n = f->spectrum.frames - t < VX_MEL_LANES ? f->spectrum.frames - t : VX_MEL_LANES;
        windowed_frames(sound + (size_t)t * (size_t)hop, hop, f->spectrum.window, f->profile.n_fft, n, frames);
        vx_transform_power(f->transform, frames, power, part(f, scratch, TRANSFORM));
        vx_mel_run(&f->spectrum.mel, power, n, mel + t, (size_t)f->spectrum.frames);
    }
}

static void decibels(const struct vx_frontend *f, const float *pcm, float *db, float *low, float *high, void *scratch)
{
    mel_power(f, pcm, db, scratch);
    vx_decibels(&f->profile, db, (size_t)f->spectrum.frames * (size_t)f->profile.n_mels, low, high);
}

void vx_frontend_decibels(const struct vx_frontend *f, const float *pcm, float *db, void *scratch)
{
    float low, high;

    decibels(f, pcm, db, &low, &high, scratch);
}

void vx_frontend_levels(const struct vx_frontend *f, const float *pcm, uint8_t *level, void *scratch)
{
    float *db = part(f, scratch, DECIBELS), low, high;

    decibels(f, pcm, db, &low, &high, scratch);
    vx_levels(&f->profile, db, (size_t)f->profile.n_mels, (size_t)f->spectrum.frames, low, high, level);
}

void vx_frontend_picture(const struct vx_frontend *f, const float *pcm, uint8_t *picture, void *scratch)
{
    uint8_t *level = part(f, scratch, LEVELS);

    vx_frontend_levels(f, pcm, level, scratch);
    vx_picture_draw(f->picture, level, picture, part(f, scratch, PICTURE));
}

void vx_frontend_run(const struct vx_frontend *f, const float *pcm, uint8_t *image, void *scratch)
{
    uint8_t *level = part(f, scratch, LEVELS);

    vx_frontend_levels(f, pcm, level, scratch);
    vx_picture_run(f->picture, level, image, part(f, scratch, PICTURE));
}
