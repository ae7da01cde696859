/* resample.h - a stream of mono samples from one rate to another (libsoxr, quality HQ, float32, one thread)
 * The same recipe as librosa.resample(res_type="soxr_hq"), so a recording gives the same samples up to float noise, and
 * the same number of them: ceil(n·to/from) in double precision, zero-padded or cut at the end. Equal rates pass through.
 * The result does not depend on how much the caller takes at a time, only on the runs that are put in. */
#ifndef VX_IO_RESAMPLE_H
#define VX_IO_RESAMPLE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_resampler;

/* Rates in Hz. VX_EINVAL: libsoxr refuses the pair. */
enum vx_status vx_resampler_create(struct vx_resampler **out, int from, int to, struct vx_err *err) VX_CHECKED;
void vx_resampler_destroy(struct vx_resampler **r);

/* Put in the next n samples at `from` Hz. Borrowed until take() has answered 0; not to be called before that. */
void vx_resampler_put(struct vx_resampler *r, const float *samples, size_t n);
/* Nothing follows what was put in: what is still inside comes out. */
void vx_resampler_end(struct vx_resampler *r);

/* Up to n samples at `to` Hz. *got 0: more must be put in or, after the end, all is out. VX_EFORMAT: libsoxr failed. */
enum vx_status vx_resampler_take(struct vx_resampler *r, float *out, size_t n, size_t *got, struct vx_err *err) VX_CHECKED;

/* The place in the output that belongs to sample `in` of the input: ceil(in·to/from), in whole numbers. */
int64_t vx_resampler_place(const struct vx_resampler *r, int64_t in);

#endif
