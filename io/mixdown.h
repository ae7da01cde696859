/* mixdown.h - blocks of interleaved samples to one channel, with what is to be said about them
 * The mean of the channels, as librosa.to_mono takes it, unless the channels cancel each other: then the louder channel,
 * for the whole recording. The choice rests on the first sound, at most ten seconds of it, which is held back until it
 * is made. It depends on the blocks alone, and every block but the last has vx_mixdown_block() frames.
 *
 * Flags of a block: VX_WINDOW_CLEANED and VX_WINDOW_CLIPPED of its samples, all channels (io/clean.h). VX_WINDOW_CANCELLED: the mean was
 * taken and cancels. */
#ifndef VX_IO_MIXDOWN_H
#define VX_IO_MIXDOWN_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct vx_mixdown;

/* Frames of a block of so many channels at rate Hz: a tenth of a second, fewer with very many channels (256 Ki samples in all). */
size_t vx_mixdown_frames(int channels, int rate);

/* rate in Hz. Memory: at most ten seconds of all channels, and no more than 16 MiB. */
enum vx_status vx_mixdown_create(struct vx_mixdown **out, int channels, int rate, struct vx_err *err) VX_CHECKED;
void vx_mixdown_destroy(struct vx_mixdown **mix);

/* vx_mixdown_frames of its channels and rate. */
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
