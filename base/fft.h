/* fft.h - power spectra of real signals (KissFFT underneath)
 * A plan is immutable and may be shared by threads; scratch belongs to one thread. */
#ifndef VX_BASE_FFT_H
#define VX_BASE_FFT_H

#include "base/err.h"

#include <stddef.h>

struct vx_fft;

/* n: even, made of the factors 2, 3 and 5 (others would make KissFFT allocate in every transform). */
enum vx_status vx_fft_create(struct vx_fft **out, int n, struct vx_err *err) VX_CHECKED;
void vx_fft_destroy(struct vx_fft **plan); /* NULL is fine */
size_t vx_fft_scratch(const struct vx_fft *plan); /* bytes */

/* in [n] → power[k·stride] = |X[k]|² for k = 0…n/2, X the forward transform without scaling. scratch aligned to 64. */
void vx_fft_power(const struct vx_fft *plan, const float *in, float *power, size_t stride, void *scratch);

#endif
