/* frontend.h - from windows of sound to the network's input images, on the device, as a profile says
 * The counterpart of cpu/frontend.h: framing and Hann window, cuFFT, power and mel, decibels and levels a window, colour map, Pillow's
 * resizing in its own fixed point. One object serves one lane, one sample rate and a fixed number of windows; it owns its tables and
 * cuFFT plan on the device, all made at create. A run only enqueues, so it can be captured into a graph. A window's image
 * does not depend on its place or its neighbours, bit for bit. */
#ifndef VX_GPU_FRONTEND_H
#define VX_GPU_FRONTEND_H

#include "base/err.h"
#include "model/processor.h"
#include "model/profile.h"

#include <cuda_runtime_api.h>
#include <stddef.h>
#include <stdint.h>

struct vx_gpu_frontend;

/* windows: of every run, 1…65535. Errors as of vx_frontend_create() (cpu/frontend.h), and those of the device; VX_ENOMEM: fewer windows
 * may work. */
enum vx_status vx_gpu_frontend_create(struct vx_gpu_frontend **out, const struct vx_profile *profile,
                                      const struct vx_processor *processor, int image_size, int sample_rate, int samples,
                                      int windows, struct vx_err *err) VX_CHECKED;
void vx_gpu_frontend_destroy(struct vx_gpu_frontend **frontend); /* when nothing of it is in flight; NULL is fine */
size_t vx_gpu_frontend_scratch(const struct vx_gpu_frontend *frontend); /* bytes on the device, cuFFT's work area included */

/* All on the device: pcm [windows][samples], image [windows][image_size][image_size][3], scratch at a multiple of 256 bytes. */
enum vx_status vx_gpu_frontend_run(struct vx_gpu_frontend *frontend, cudaStream_t stream, const float *pcm, uint8_t *image,
                                   void *scratch, struct vx_err *err) VX_CHECKED;

/* For tests: the same run stopped at db [windows][n_mels][frames] */
enum vx_status vx_gpu_frontend_decibels(struct vx_gpu_frontend *frontend, cudaStream_t stream, const float *pcm, float *db,
                                        void *scratch, struct vx_err *err) VX_CHECKED;

#endif
