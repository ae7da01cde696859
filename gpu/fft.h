/* fft.h - many Fourier transforms of real rows at once: the only place that knows cuFFT
 * A plan belongs to one lane: a run tells it the stream and where its work area is. */
#ifndef VX_GPU_FFT_H
#define VX_GPU_FFT_H

#include "base/err.h"

#include <cuda_runtime_api.h>
#include <stddef.h>

struct vx_gpu_fft;

/* n: even. VX_ENOMEM: cuFFT found too little memory, on the host or the device. */
enum vx_status vx_gpu_fft_create(struct vx_gpu_fft **out, int n, int transforms, struct vx_err *err) VX_CHECKED;
void vx_gpu_fft_destroy(struct vx_gpu_fft **fft);        /* NULL is fine */
size_t vx_gpu_fft_scratch(const struct vx_gpu_fft *fft); /* bytes of work area on the device */

/* In place, rows [transforms][n + 2]: n real numbers and room for two → n/2 + 1 complex ones (re, im), forward, not scaled. Enqueues
 * only. rows and work at multiples of 256 bytes. */
enum vx_status vx_gpu_fft_run(struct vx_gpu_fft *fft, cudaStream_t stream, float *rows, void *work,
                              struct vx_err *err) VX_CHECKED;

#endif
