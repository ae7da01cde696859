/* sndfile_adapter.h - libsndfile on a vx_source, the only file of ours that knows it
 * Reads float32 frames in order to the end of what libsndfile gives. Its frame count is never used to size anything. */
#ifndef VX_IO_SNDFILE_ADAPTER_H
#define VX_IO_SNDFILE_ADAPTER_H

#include "base/err.h"
#include "io/source.h"

#include <stddef.h>
#include <stdint.h>

struct vx_sndfile;

/* The source is borrowed until close and read from offset `begin` on. VX_EUNSUPPORTED: no recording as far as libsndfile
 * knows. VX_EFORMAT: not one with 1…1024 channels at 1…768 kHz. VX_ESYS: it cannot be read. */
enum vx_status vx_sndfile_open(struct vx_sndfile **out, struct vx_source *source, int64_t begin, struct vx_err *err) VX_CHECKED;
void vx_sndfile_close(struct vx_sndfile **in);

int vx_sndfile_rate(const struct vx_sndfile *in);
int vx_sndfile_channels(const struct vx_sndfile *in);
void vx_sndfile_format(const struct vx_sndfile *in, char *out, size_t size); /* "WAV, 16 bit PCM" */
void vx_sndfile_version(char *out, size_t size);                            /* "libsndfile 1.2.0" */

/* Up to n frames into out [n][channels], fewer only at the end of the sound. Full-scale integers become ±1. */
size_t vx_sndfile_read(struct vx_sndfile *in, float *out, size_t n);

/* After a short read: VX_OK when the sound is complete as far as the file tells. VX_EFORMAT: it is damaged there, or its
 * header promises more (FLAC), a tenth of a second more (WAV, RF64, AIFF, AU); no other header is believed. VX_ESYS: the
 * source could not be read on. */
enum vx_status vx_sndfile_complete(struct vx_sndfile *in, struct vx_err *err) VX_CHECKED;

/* After a short read: where in the source a recording begins that was joined to this one; −1: none. */
int64_t vx_sndfile_next(const struct vx_sndfile *in);

/* After a short read: bytes at the end of an MP3 file that hold another recording, which was not decoded for its rate or channels; else 0. */
int64_t vx_sndfile_unread(const struct vx_sndfile *in);

#endif
