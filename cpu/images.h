/* images.h - windows of sound become the network's input images, with or without a network behind
 * The one way to an image: the engine runs it before the network, and voxtrawl pictures writes what comes out for
 * training, so that training and scanning cannot disagree. A front end is made for each sample rate met; lanes share
 * them, each has scratch of its own. */
#ifndef VX_CPU_IMAGES_H
#define VX_CPU_IMAGES_H

#include "base/err.h"
#include "model/processor.h"
#include "model/profile.h"

#include <stdint.h>

struct vx_images;

/* profile and processor (the checkpoint's) are copied. lanes >= 1. */
enum vx_status vx_images_create(struct vx_images **out, const struct vx_profile *profile,
                                const struct vx_processor *processor, int image_size, int lanes, struct vx_err *err) VX_CHECKED;
void vx_images_destroy(struct vx_images **images); /* when no lane runs; NULL is fine */

/* pcm [samples], mono, at sample_rate Hz → image [image_size][image_size][3], before rescaling, mean and std. Called by
 * the lane's thread, 0 <= lane < lanes. Errors as of vx_frontend_create(), when a sample rate is met first. */
enum vx_status vx_images_run(struct vx_images *images, int lane, const float *pcm, int samples, int sample_rate,
                             uint8_t *image, struct vx_err *err) VX_CHECKED;

#endif
