/* decode.h - a recording as streams of mono samples: its mix, or channels on their own (libsndfile or FFmpeg, then libsoxr HQ)
 * The mix as librosa.load does it: mean of the channels first, then resampling, ceil(n·ratio) samples out. Reads to the end of
 * the stream whatever the header says. Memory is bounded whatever the file's length. */
#ifndef VX_IO_DECODE_H
#define VX_IO_DECODE_H

#include "base/err.h"
#include "base/hash.h"
#include "base/item.h"
#include "io/sound.h"
#include "io/source.h"

#include <stddef.h>

struct vx_decoder;

enum vx_channels {
    VX_CHANNELS_MIX,   /* one track, see io/mixdown.h */
    VX_CHANNELS_EACH,  /* a track a channel, VX_MAX_CHANNELS at most */
    VX_CHANNELS_FIRST, /* one track, channel 1 */
};
#define VX_MAX_CHANNELS 64 /* scored each on its own */

/* rate: wanted sample rate, 1000…768000 Hz, or 0 for the file's own. The source is borrowed until close. VX_EFORMAT: not
 * a recording (0 channels, a rate outside 1…768 kHz, a header that makes no sense…), with the decoders' words. VX_ELIMIT: too many
 * channels for VX_CHANNELS_EACH. No error of a decoder names the file, which it does not know: the caller puts it in front. */
enum vx_status vx_decoder_open_channels(struct vx_decoder **out, struct vx_source *source, int rate, enum vx_channels channels,
                                        struct vx_err *err) VX_CHECKED;
/* The mix; sound is taken over, also on failure. */
enum vx_status vx_decoder_open_sound(struct vx_decoder **out, struct vx_sound *sound, int rate, struct vx_err *err) VX_CHECKED;
/* The mix. */
enum vx_status vx_decoder_open(struct vx_decoder **out, struct vx_source *source, int rate, struct vx_err *err) VX_CHECKED;
void vx_decoder_close(struct vx_decoder **dec);

int vx_decoder_rate(const struct vx_decoder *dec);   /* of what read() gives, Hz */
int vx_decoder_tracks(const struct vx_decoder *dec); /* 1…64 */
int vx_decoder_channel(const struct vx_decoder *dec, int track); /* 1, 2… with VX_CHANNELS_EACH, else 0 */

/* Before the first read: hash gets the recording as it is decoded, whatever rate and channels read() gives: its sample rate and its
 * channels, as 32-bit integers, then all samples as float32, those of a frame side by side, all little-endian; full scale is 1, and
 * nothing is cleaned yet. Borrowed until close. What is lossless has one hash in any container. */
void vx_decoder_hash(struct vx_decoder *dec, struct vx_hash *hash);

/* Up to n (> 0) samples of track 0…, fewer where the flags change; *got 0 only at the end. A stream that breaks in the middle ends:
 * VX_EFORMAT on the call after its last good sample, what came before stands. A truncated file breaks too: "ends after
 * 1.31 s, its header promises 4.00 s". The samples do not depend on how many are asked for at a time. All tracks have as many
 * samples; how far one is read ahead of another is kept in memory. */
enum vx_status vx_decoder_read_track(struct vx_decoder *dec, int track, float *out, size_t n, size_t *got, struct vx_err *err) VX_CHECKED;
/* Of track 0. */
enum vx_status vx_decoder_read(struct vx_decoder *dec, float *out, size_t n, size_t *got, struct vx_err *err) VX_CHECKED;

/* VX_WINDOW_CLEANED, _CLIPPED and _CANCELLED of the samples that the last read gave, all of them alike: a block of the
 * recording (a tenth of a second, see io/mixdown.h) is flagged as a whole. */
unsigned vx_decoder_flags(const struct vx_decoder *dec);

/* What people should know of a recording that was read, "" for nothing: after the end was reached. */
void vx_decoder_warning(const struct vx_decoder *dec, char *out, size_t size);
/* Complete after the end was reached (duration_s counts what was decoded). */
void vx_decoder_info(const struct vx_decoder *dec, struct vx_audio_info *info);

#endif
