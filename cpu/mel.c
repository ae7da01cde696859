#include "cpu/mel.h"

#include "base/clones.h"

VX_CLONES
void vx_mel_run(const struct vx_mel *mel, const float *power, int lanes, float *out, size_t pitch)
{
    for (int m = 0; m < mel->n_mels; m++) {
        const float *w = mel->weight + mel->offset[m];
        const float *p = power + (size_t)mel->first[m] * VX_MEL_LANES;
        float sum[VX_MEL_LANES] = {0};
        for (int k = 0; k < mel->count[m]; k++)
            for (int lane = 0; lane < VX_MEL_LANES; lane++)
                sum[lane] += w[k] * p[k * VX_MEL_LANES + lane];
        for (int lane = 0; lane < lanes; lane++)
            out[(size_t)m * pitch + (size_t)lane] = sum[lane];
    }
}
