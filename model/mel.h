/* mel.h - librosa.filters.mel(htk=False, norm="slaney") as a sparse matrix, float32 as librosa makes it */
#ifndef VX_MODEL_MEL_H
#define VX_MODEL_MEL_H

#include "base/err.h"

#include <stddef.h>

struct vx_mel {
    int n_mels, n_bins;  /* n_bins = n_fft/2 + 1 */
    int *first, *count;  /* [n_mels] the bins where a filter is not 0; count 0: an empty filter, whose power is 0 */
    size_t *offset;      /* [n_mels] of a filter's weights */
    float *weight;       /* [n_weights] */
    size_t n_weights;
};

/* fmax 0: half the sample rate; over half of it: as librosa, filters up there are empty or cut off. VX_EINVAL: fmin is not
 * below fmax. */
enum vx_status vx_mel_create(struct vx_mel *out, int sample_rate, int n_fft, int n_mels, double fmin, double fmax,
                             struct vx_err *err) VX_CHECKED;
void vx_mel_clear(struct vx_mel *mel);

#endif
