/* mixdown.h - blocks of interleaved samples to one channel, with what is to be said about them
 * The mean of the channels, as librosa.to_mono takes it, unless the channels cancel each other: then the louder channel,
 * for the whole recording. The choice rests on the first sound, at most ten seconds of it, which is held back until it
 * is made. It depends on the blocks alone, and every block but the last has vx_mixdown_block() frames.
 *
 * Flags of a block: VX_WINDOW_CLEANED: samples that are NaN, infinite or beyond ±1e10 were set to 0. VX_WINDOW_CLIPPED:
 * 1 % or more of its samples (all channels) at |x| >= 0.999. VX_WINDOW_CANCELLED: the mean was taken and cancels. */
#ifndef VX_IO_MIXDOWN_H
#define VX_IO_MIXDOWN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct vx_mixdown;

/* rate in Hz. Memory: at most ten seconds of all channels, and no more than 16 MiB. */
enum vx_status vx_mixdown_create(struct vx_mixdown **out, int channels, int rate, struct vx_err *err) VX_CHECKED;
void vx_mixdown_destroy(struct vx_mixdown **mix);

/* Frames of a block: a tenth of a second, fewer with very many channels (256 Ki samples in all). */
size_t vx_mixdown_block(const struct vx_mixdown *mix);

/* Where the next block goes, [vx_mixdown_block][channels]; then put() says how many frames of it are filled. Only when
 * take() has answered false. */
float *vx_mixdown_room(struct vx_mixdown *mix);
void vx_mixdown_put(struct vx_mixdown *mix, size_t frames);
/* No more blocks: what is held back comes out. */
void vx_mixdown_end(struct vx_mixdown *mix);

/* The next block as one channel, *mono [*frames], valid until the next call; false: put in more, or all is out. */
bool vx_mixdown_take(struct vx_mixdown *mix, const float **mono, size_t *frames, unsigned *flags);

/* True when the louder channel is taken instead of the mean. */
bool vx_mixdown_louder(const struct vx_mixdown *mix);

#endif
