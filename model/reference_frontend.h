/* reference_frontend.h - every operation of the front end, written as plainly as it can be
 * The oracle of the engines' tests: sums in double, the discrete Fourier transform by its definition, no plans, no tables
 * kept. Slow. The definitions are those of librosa 0.11, Pillow 13 and transformers' ConvNextImageProcessorPil. */
#ifndef VX_MODEL_REFERENCE_FRONTEND_H
#define VX_MODEL_REFERENCE_FRONTEND_H

#include "base/err.h"
#include "model/processor.h"
#include "model/profile.h"

#include <stddef.h>
#include <stdint.h>

int vx_ref_frames(const struct vx_profile *profile, int samples); /* 1 + samples/hop_length */

/* Weight of frequency bin `bin` in filter m: librosa.filters.mel(sr=rate, …, htk=False, norm="slaney") */
double vx_ref_mel_weight(const struct vx_profile *profile, int rate, int m, int bin);

/* pcm [samples] at rate → mel [n_mels][frames]: librosa.feature.melspectrogram, center=True, zero padding, power 2, of
 * the window after the profile's peak normalisation */
enum vx_status vx_ref_mel_power(const struct vx_profile *profile, const float *pcm, int samples, int rate, double *mel,
                                struct vx_err *err) VX_CHECKED;

/* librosa.power_to_db in place, x [n] */
void vx_ref_decibels(const struct vx_profile *profile, double *x, size_t n);

/* db [rows][columns] → level [rows][columns]: min–max to 8 bits, turned over when low frequencies go to the bottom.
 * float32 throughout, because the truncation shows its rounding. */
void vx_ref_levels(const struct vx_profile *profile, const float *db, int rows, int columns, uint8_t *level);

/* Pillow's Image.resize: in [in_h][in_w][channels] → out [out_h][out_w][channels] */
enum vx_status vx_ref_resize(const uint8_t *in, int in_w, int in_h, uint8_t *out, int out_w, int out_h, int channels,
                             enum vx_resample filter, struct vx_err *err) VX_CHECKED;

/* in [h][w][3] → out [shortest_edge][shortest_edge][3]: resized and cropped by the image processor, which must resize */
enum vx_status vx_ref_fit(const struct vx_processor *p, const uint8_t *in, int w, int h, uint8_t *out,
                          struct vx_err *err) VX_CHECKED;

/* Levels to the network's image [image_size][image_size][3], where the profile or the processor makes that size */
enum vx_status vx_ref_picture(const struct vx_profile *profile, const struct vx_processor *p, const uint8_t *level, int rows,
                              int columns, uint8_t *image, struct vx_err *err) VX_CHECKED;

#endif
