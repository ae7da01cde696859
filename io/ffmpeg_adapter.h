/* ffmpeg_adapter.h - FFmpeg on a vx_source, for what libsndfile declines
 * One audio stream of the file, its best as FFmpeg ranks them, as float32 frames in order at the stream's own rate; encoder
 * delay and edit lists are left out as FFmpeg leaves them out. Nothing but the source is read: formats that name other
 * files or addresses (playlists, image sequences) are refused, and no decoder but one of sound is opened. One thread.
 *
 * A build without FFmpeg has ffmpeg_none.c instead, whose open says so. */
#ifndef VX_IO_FFMPEG_ADAPTER_H
#define VX_IO_FFMPEG_ADAPTER_H

#include "base/err.h"
#include "io/source.h"

#include <stddef.h>

struct vx_ffmpeg;

/* A file without header, which something else has told. */
struct vx_ffmpeg_raw {
    const char *demuxer; /* FFmpeg's name of the format */
    int rate;            /* Hz, where the format does not fix it; else 0 */
};

/* The source is borrowed until close and read from its start; the first of its sound is decoded. raw: NULL where its bytes are to
 * tell the format. VX_EFORMAT: no recording, one
 * of a format that is refused, or not one with 1…64 channels at 1…768 kHz. VX_EUNSUPPORTED: a build without FFmpeg. */
enum vx_status vx_ffmpeg_open(struct vx_ffmpeg **out, struct vx_source *source, const struct vx_ffmpeg_raw *raw,
                              struct vx_err *err) VX_CHECKED;
void vx_ffmpeg_close(struct vx_ffmpeg **in);

int vx_ffmpeg_rate(const struct vx_ffmpeg *in);
int vx_ffmpeg_channels(const struct vx_ffmpeg *in);
void vx_ffmpeg_format(const struct vx_ffmpeg *in, char *out, size_t size);  /* "QuickTime / MOV, AAC" */
void vx_ffmpeg_decoder(const struct vx_ffmpeg *in, char *out, size_t size); /* "FFmpeg 5.1.9 aac" */
const char *vx_ffmpeg_version(void); /* of the library loaded, "5.1.9-0+deb12u1"; "none" */

/* Up to n frames into out [n][channels], fewer only at the end of the sound. Full-scale integers become ±1. Damaged packets
 * are passed over. */
size_t vx_ffmpeg_read(struct vx_ffmpeg *in, float *out, size_t n);

/* After a short read: VX_OK when the sound is complete as far as the file tells. VX_EFORMAT: most of it is damaged, its rate or
 * channels change on the way, or its header promises a quarter of a second more. VX_ESYS: the source could not be read on. */
enum vx_status vx_ffmpeg_complete(const struct vx_ffmpeg *in, struct vx_err *err) VX_CHECKED;

/* After the end: what was left out, "" for nothing. */
void vx_ffmpeg_warning(const struct vx_ffmpeg *in, char *out, size_t size);

#endif
