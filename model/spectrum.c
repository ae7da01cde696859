#include "model/spectrum.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

#define MAX_CELLS (1u << 26)

/* scipy.signal.get_window("hann", n), rounded to float32 */
static float *hann(int n)
{
    float *w = vx_calloc((size_t)n, sizeof *w);

    for (int i = 0; w && i < n; i++)
        w[i] = (float)(0.5 - 0.5 * cos(2.0 * M_PI * i / n));
    return w;
}

enum vx_status vx_spectrum_create(struct vx_spectrum *out, const struct vx_profile *profile, int sample_rate, int samples,
                                  struct vx_err *err)
{
    struct vx_spectrum s = {.samples = samples};
    enum vx_status rc;

    *out = (struct vx_spectrum){0};
    if (sample_rate < 1 || samples < 1)
        return vx_fail(err, VX_EINVAL, "no front end for windows of %d samples at %d Hz", samples, sample_rate);
    if (profile->sample_rate != 0 && profile->sample_rate != sample_rate)
        return vx_fail(err, VX_EINVAL, "profile %s works at %d Hz, the sound is at %d Hz", profile->name,
                       profile->sample_rate, sample_rate);
    s.frames = 1 + samples / profile->hop_length;
    if ((size_t)s.frames > MAX_CELLS / (size_t)profile->n_mels)
        return vx_fail(err, VX_ELIMIT, "profile %s makes %d x %d values of %d samples, the limit is %u: use a longer "
                       "hop_length", profile->name, profile->n_mels, s.frames, samples, MAX_CELLS);
    if (!(s.window = hann(profile->n_fft)))
        return vx_fail_nomem(err, "a front end");
    if ((rc = vx_mel_create(&s.mel, sample_rate, profile->n_fft, profile->n_mels, profile->fmin, profile->fmax, err)) != VX_OK) {
        vx_spectrum_clear(&s);
        return rc;
    }
    *out = s;
    return VX_OK;
}

void vx_spectrum_clear(struct vx_spectrum *spectrum)
{
    free(spectrum->window);
    vx_mel_clear(&spectrum->mel);
    *spectrum = (struct vx_spectrum){0};
}
