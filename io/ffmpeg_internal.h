/* ffmpeg_internal.h - what the adapter's two files share: ffmpeg_open.c opens a source for it, ffmpeg_adapter.c reads
 * These two alone know FFmpeg. */
#ifndef VX_IO_FFMPEG_INTERNAL_H
#define VX_IO_FFMPEG_INTERNAL_H

#include "io/ffmpeg_adapter.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswresample/swresample.h>

#include <stdbool.h>
#include <stdint.h>

struct vx_ffmpeg {
    struct vx_source *source; /* borrowed */
    AVFormatContext *format;
    AVIOContext *io;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;
    SwrContext *swr;
    enum AVSampleFormat converting; /* what swr takes */
    int stream, rate, channels;
    int nth_stream, n_streams; /* of those of sound, nth_stream from 1 on */
    double promised; /* seconds, by the header; 0: it does not say */
    double reached;  /* seconds, by the end of the last packet: there may be gaps between them */
    float *held;     /* owned [cap][channels]: of one decoded frame, what nobody has read yet is [held_at … held_n] */
    size_t cap, held_n, held_at;
    int64_t frames;        /* decoded so far */
    int64_t packets;       /* given to the decoder */
    int64_t damaged;       /* of them, passed over */
    double first_damage_s; /* before the first of them */
    bool draining, ended;
    struct vx_err broken; /* why it ended early; status VX_OK: it did not */
};

/* What FFmpeg answered as our error: VX_EFORMAT "what: its words", VX_ENOMEM. */
enum vx_status vx_ffmpeg_fail(struct vx_err *err, int av, const char *what);

/* in->source opened: io, format, the stream that is to be heard, codec, packet and frame. Whatever comes back, vx_ffmpeg_close closes. */
enum vx_status vx_ffmpeg_open_source(struct vx_ffmpeg *in, const struct vx_ffmpeg_raw *raw, struct vx_err *err) VX_CHECKED;

#endif
