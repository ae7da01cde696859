/* track.h - one channel of a recording on its way to the rate asked for, with the flags of its blocks
 * What a reader does not take before the next block comes is kept, so that tracks of one recording may be read one after the other:
 * memory grows with how far they are apart, at most a window. */
#ifndef VX_IO_TRACK_H
#define VX_IO_TRACK_H

#include "base/err.h"

#include <stddef.h>

struct vx_track;

/* Rates in Hz, as for vx_resampler_create. */
enum vx_status vx_track_create(struct vx_track **out, int from, int to, struct vx_err *err) VX_CHECKED;
void vx_track_destroy(struct vx_track **track);

/* The next block [n] and its flags (VX_WINDOW_…). Borrowed until the next put, or until take() has answered 0; vx_track_settle comes
 * before it is overwritten. */
void vx_track_put(struct vx_track *track, const float *block, size_t n, unsigned flags);
/* Nothing of the last block is borrowed any longer: what nobody has taken is kept. */
enum vx_status vx_track_settle(struct vx_track *track, struct vx_err *err) VX_CHECKED;
/* No more blocks: what is held back comes out. */
void vx_track_end(struct vx_track *track);

/* Up to n (> 0) samples with the same flags. *got 0: more must be put in or, after the end, all is out. */
enum vx_status vx_track_take(struct vx_track *track, float *out, size_t n, size_t *got, unsigned *flags, struct vx_err *err) VX_CHECKED;

#endif
