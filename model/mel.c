#include "model/mel.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

/* Slaney's scale (Auditory Toolbox): linear below 1 kHz, logarithmic above. Constants as in librosa.core.convert. */
#define HZ_PER_MEL (200.0 / 3)
#define LOG_FROM_HZ 1000.0
#define LOG_FROM_MEL (LOG_FROM_HZ / HZ_PER_MEL)

static double log_step(void)
{
    return log(6.4) / 27.0;
}

static double hz_to_mel(double hz)
{
    return hz >= LOG_FROM_HZ ? LOG_FROM_MEL + log(hz / LOG_FROM_HZ) / log_step() : hz / HZ_PER_MEL;
}

static double mel_to_hz(double mel)
{
    return mel >= LOG_FROM_MEL ? LOG_FROM_HZ * exp(log_step() * (mel - LOG_FROM_MEL)) : HZ_PER_MEL * mel;
}

/* Weight of frequency hz in the triangle edge[0] < edge[1] < edge[2], rounded to float32 before and after it is scaled
 * to the same area as every other triangle, because librosa's matrix is. */
static float triangle(const double edge[3], double hz)
{
    const double up = (hz - edge[0]) / (edge[1] - edge[0]), down = (edge[2] - hz) / (edge[2] - edge[1]);
    const double w = fmin(up, down);

    return (float)((double)(float)(w > 0.0 ? w : 0.0) * (2.0 / (edge[2] - edge[0])));
}

enum vx_status vx_mel_create(struct vx_mel *out, int sample_rate, int n_fft, int n_mels, double fmin, double fmax,
                             struct vx_err *err)
{
    const double top = fmax > 0.0 ? fmax : sample_rate / 2.0;
    const double low = hz_to_mel(fmin), step = (hz_to_mel(top) - low) / (n_mels + 1);
    const double hz_per_bin = 1.0 / (n_fft * (1.0 / sample_rate)); /* rounded as numpy.fft.rfftfreq does */
    struct vx_mel m = {.n_mels = n_mels, .n_bins = n_fft / 2 + 1};
    double *edge;
    size_t used = 0;

    *out = (struct vx_mel){0};
    if (fmin >= top)
        return vx_fail(err, VX_EINVAL, "no mel filters from %g Hz up to %g Hz (half of %d Hz, where the profile has no fmax)",
                       fmin, top, sample_rate);
    edge = vx_calloc((size_t)n_mels + 2, sizeof *edge);
    m.first = vx_calloc((size_t)n_mels, sizeof *m.first);
    m.count = vx_calloc((size_t)n_mels, sizeof *m.count);
    m.offset = vx_calloc((size_t)n_mels, sizeof *m.offset);
    m.weight = vx_calloc((size_t)m.n_bins, 2 * sizeof *m.weight); /* a frequency lies in two triangles at most */
    if (!edge || !m.first || !m.count || !m.offset || !m.weight) {
        free(edge);
        vx_mel_clear(&m);
        return vx_fail_nomem(err, "a mel filter bank");
    }
    for (int i = 0; i < n_mels + 2; i++)
        edge[i] = mel_to_hz(i == n_mels + 1 ? hz_to_mel(top) : low + i * step);
    for (int i = 0; i < n_mels; i++) {
        m.offset[i] = used;
        for (int bin = 0; bin < m.n_bins; bin++) {
            const float w = triangle(edge + i, bin * hz_per_bin);
            if (w == 0.0f)
                continue;
            if (m.count[i]++ == 0)
                m.first[i] = bin;
            m.weight[used++] = w;
        }
    }
    m.n_weights = used;
    free(edge);
    *out = m;
    return VX_OK;
}

void vx_mel_clear(struct vx_mel *mel)
{
    free(mel->first);
    free(mel->count);
    free(mel->offset);
    free(mel->weight);
    *mel = (struct vx_mel){0};
}
