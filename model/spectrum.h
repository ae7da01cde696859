/* spectrum.h - the tables of a profile's mel spectrogram at one sample rate: what every engine computes it with */
#ifndef VX_MODEL_SPECTRUM_H
#define VX_MODEL_SPECTRUM_H

#include "base/err.h"
#include "model/mel.h"
#include "model/profile.h"

struct vx_spectrum {
    int samples;   /* of a window of sound */
    int frames;    /* 1 + samples/hop_length; frame t starts n_fft/2 before sample t·hop_length, zeros outside of the sound */
    float *window; /* [n_fft] periodic Hann */
    struct vx_mel mel;
};

/* VX_EINVAL: the profile wants another sample rate, or has no mel filters at this one. VX_ELIMIT: more than 2^26 values. */
enum vx_status vx_spectrum_create(struct vx_spectrum *out, const struct vx_profile *profile, int sample_rate, int samples,
                                  struct vx_err *err) VX_CHECKED;
void vx_spectrum_clear(struct vx_spectrum *spectrum);

#endif
