/* mel.h - the mel filters of model/mel.h over several frames at once */
#ifndef VX_CPU_MEL_H
#define VX_CPU_MEL_H

#include "model/mel.h"

#include <stddef.h>

/* power [n_bins][VX_MEL_LANES] → out[m·pitch + lane] for lane < lanes. */
#define VX_MEL_LANES 16
void vx_mel_run(const struct vx_mel *mel, const float *power, int lanes, float *out, size_t pitch);

#endif
