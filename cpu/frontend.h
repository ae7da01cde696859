/* frontend.h - from a window of sound to the network's input image, as a profile says
 * A plan holds for one profile, image processor, sample rate and window length; it is immutable and may be shared by
 * threads. Scratch belongs to one thread; nothing is allocated in a run. The same samples give the same pixels on every
 * processor: no sum's order depends on the instruction set. */
#ifndef VX_CPU_FRONTEND_H
#define VX_CPU_FRONTEND_H

#include "base/err.h"
#include "model/processor.h"
#include "model/profile.h"

#include <stddef.h>
#include <stdint.h>

struct vx_frontend;

/* profile and processor (the checkpoint's) are copied; samples: a window's length, usually vx_profile_samples().
 * VX_EINVAL: the profile wants another sample rate, or its pictures do not have the size the network takes.
 * VX_ELIMIT: a spectrogram of more than 2^26 values. */
enum vx_status vx_frontend_create(struct vx_frontend **out, const struct vx_profile *profile,
                                  const struct vx_processor *processor, int image_size, int sample_rate, int samples,
                                  struct vx_err *err) VX_CHECKED;
void vx_frontend_destroy(struct vx_frontend **frontend); /* NULL is fine */
size_t vx_frontend_scratch(const struct vx_frontend *frontend); /* bytes, to be aligned to VX_ALIGN (base/mem.h) */

/* pcm [samples] → image [image_size][image_size][3], what the network sees before rescaling, mean and std
 * (vx_processor_table() of vx_profile_processor()). Digital silence gives level 0 everywhere. */
void vx_frontend_run(const struct vx_frontend *frontend, const float *pcm, uint8_t *image, void *scratch);

/* The stages, for tests and for looking at. */
struct vx_frontend_shape {
    int frames;                        /* 1 + samples/hop_length */
    int n_mels;
    int picture_width, picture_height; /* before the processor: the profile's, or frames x n_mels */
};
struct vx_frontend_shape vx_frontend_shape(const struct vx_frontend *frontend);
/* db [n_mels][frames], low frequencies first, as librosa.power_to_db(librosa.feature.melspectrogram(…)) */
void vx_frontend_decibels(const struct vx_frontend *frontend, const float *pcm, float *db, void *scratch);
/* level [n_mels][frames]: grey values, or entries of the colour map, oriented as the picture */
void vx_frontend_levels(const struct vx_frontend *frontend, const float *pcm, uint8_t *level, void *scratch);
/* picture [picture_height][picture_width][3]: what goes into the processor */
void vx_frontend_picture(const struct vx_frontend *frontend, const float *pcm, uint8_t *picture, void *scratch);

#endif
