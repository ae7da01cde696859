/* sound.h - a recording as frames of all its channels, by whichever decoder reads it
 * libsndfile is asked first and decides for most; FFmpeg, where it is built in, for what libsndfile declines and for files
 * without header, which their names alone tell. What both decline has one error with both reasons. Recordings of the same rate and
 * channels that were joined into one file (Ogg, FLAC, WAV; MP3 is made for it) are heard one after the other. */
#ifndef VX_IO_SOUND_H
#define VX_IO_SOUND_H

#include "base/err.h"
#include "base/item.h"
#include "io/source.h"

#include <stddef.h>

struct vx_sound;

/* The source is borrowed until close and read from its start. VX_EFORMAT: no recording, or one that makes no sense. VX_ESYS: it
 * cannot be read. VX_ENOMEM: also where a library went on without memory. */
enum vx_status vx_sound_open(struct vx_sound **out, struct vx_source *source, struct vx_err *err) VX_CHECKED;
/* What a process decodes that has begun a recording (io/player_process.h); borrowed until close. VX_ENOMEM alone. */
struct vx_player_process;
enum vx_status vx_sound_played(struct vx_sound **out, struct vx_player_process *process, struct vx_err *err) VX_CHECKED;
void vx_sound_close(struct vx_sound **sound);

int vx_sound_rate(const struct vx_sound *sound);
int vx_sound_channels(const struct vx_sound *sound);
/* format and decoder. */
void vx_sound_describe(const struct vx_sound *sound, struct vx_audio_info *info);

/* Up to n frames into out [n][channels], fewer only at the end of the sound. */
size_t vx_sound_read(struct vx_sound *sound, float *out, size_t n);
/* After a short read: VX_OK, or why the sound is not complete. VX_ENOMEM: an allocation failed on the way, in a library too. */
enum vx_status vx_sound_complete(struct vx_sound *sound, struct vx_err *err) VX_CHECKED;

/* After that: what people should know of it though it was read, "" for nothing. */
void vx_sound_warning(const struct vx_sound *sound, char *out, size_t size);

#endif
