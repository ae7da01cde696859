/* ffmpeg_open.c - from a source to an FFmpeg decoder of its sound, by nothing but that source's bytes */
#include "io/ffmpeg_internal.h"

#include "base/buf.h"

#include <libavutil/avstring.h>

#include <pthread.h>
#include <string.h>

enum {
    IO_BUFFER = 64 << 10,    /* bytes */
    MAX_PROBE = 1 << 20,     /* bytes looked at to tell the format */
    MAX_LOOK = 5 << 20,      /* bytes looked at to tell the streams, FFmpeg's own default */
    LEAST_SCORE = 25,        /* of a format's certainty, of 100: below it noise passes for MP3 */
    MAX_STREAMS = 64,        /* of a file */
    MAX_ALLOC = 256 << 20,   /* bytes of one allocation within FFmpeg */
};

/* FFmpeg's names of the formats that are read: sound, and films that hold it. What opens other files (hls, dash, concat,
 * image2, imf …), devices and what draws or synthesises (lavfi, mods, tty …) is not among them. */
static const char formats[] =
    "aac,ac3,act,aiff,alaw,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,g722,g723_1,g726,g726le,g729,gsm,"
    "iff,ilbc,ircam,loas,matroska,mlp,mmf,mov,mp3,mpc,mpc8,mpeg,mpegts,mulaw,mxf,nistsphere,nut,ogg,oma,qcp,rm,s16le,sln,sox,"
    "tak,truehd,tta,voc,w64,wav,wsd,wtv,wv,xwma";

/* Its settings are the process's: silent, for what is wrong with a file goes into the file's row, and no allocation by a header's
 * word alone. */
static void silent(void *context, int level, const char *text, va_list args)
{
    (void)context;
    (void)level;
    (void)text;
    (void)args;
}

static void set_up(void)
{
    av_log_set_callback(silent);
    av_max_alloc(MAX_ALLOC);
}

enum vx_status vx_ffmpeg_fail(struct vx_err *err, int av, const char *what)
{
    char why[AV_ERROR_MAX_STRING_SIZE] = "";

    if (av == AVERROR(ENOMEM))
        return vx_fail_nomem(err, "FFmpeg");
    av_strerror(av, why, sizeof why);
    return vx_fail(err, VX_EFORMAT, "%s: %s", what, why);
}

static int io_read(void *user, uint8_t *out, int n)
{
    struct vx_ffmpeg *in = user;
    const size_t got = n > 0 ? vx_source_read(in->source, out, (size_t)n) : 0;

    if (got > 0)
        return (int)got;
    return vx_source_errno(in->source) != 0 ? AVERROR(vx_source_errno(in->source)) : AVERROR_EOF;
}

static int64_t io_seek(void *user, int64_t offset, int whence)
{
    struct vx_ffmpeg *in = user;

    if (whence & AVSEEK_SIZE)
        return vx_source_size(in->source);
    return vx_source_seek(in->source, offset, whence & ~AVSEEK_FORCE);
}

/* What a file says it continues in stays closed. */
static int open_nothing(AVFormatContext *format, AVIOContext **io, const char *url, int flags, AVDictionary **options)
{
    (void)format;
    (void)io;
    (void)url;
    (void)flags;
    (void)options;
    return AVERROR(EPERM);
}

/* All decoders of sound; those of pictures are not opened, not even to find out what a film's first ones look like. */
static char *sound_codecs(void)
{
    struct vx_buf names = {0};
    const AVCodec *codec;
    char *list = NULL;
    void *at = NULL;

    while ((codec = av_codec_iterate(&at)))
        if (codec->type == AVMEDIA_TYPE_AUDIO && av_codec_is_decoder(codec))
            vx_buf_fmt(&names, "%s%s", names.len > 0 ? "," : "", codec->name);
    if (!names.failed && names.len > 0)
        list = av_strdup(names.data);
    vx_buf_free(&names);
    return list;
}

/* Which format it is, by its first megabyte unless the caller knows. */
static enum vx_status recognise(struct vx_ffmpeg *in, const struct vx_ffmpeg_raw *raw, const AVInputFormat **out,
                                struct vx_err *err)
{
    int score;

    if (raw) {
        *out = av_find_input_format(raw->demuxer);
        return *out ? VX_OK : vx_fail(err, VX_EFORMAT, "this one reads no %s", raw->demuxer);
    }
    if ((score = av_probe_input_buffer2(in->io, out, "", NULL, 0, MAX_PROBE)) < 0)
        return vx_ffmpeg_fail(err, score, "its format");
    if (score < LEAST_SCORE || !*out)
        return vx_fail(err, VX_EFORMAT, "Format not recognised");
    if (av_match_list((*out)->name, formats, ',') <= 0 || ((*out)->flags & AVFMT_NOFILE))
        return vx_fail(err, VX_EFORMAT, "%s: not sound, or it names other files, which are not opened",
                       (*out)->long_name ? (*out)->long_name : (*out)->name);
    return VX_OK;
}

static enum vx_status open_format(struct vx_ffmpeg *in, const struct vx_ffmpeg_raw *raw, struct vx_err *err)
{
    AVDictionary *options = NULL;
    const AVInputFormat *format = NULL; /* as probing wants it */
    unsigned char *buffer = av_malloc(IO_BUFFER);
    enum vx_status rc;
    int av;

    if (!buffer || !(in->io = avio_alloc_context(buffer, IO_BUFFER, 0, in, io_read, NULL, io_seek))) {
        av_free(buffer);
        return vx_fail_nomem(err, "FFmpeg");
    }
    if ((rc = recognise(in, raw, &format, err)) != VX_OK)
        return rc;
    if (!(in->format = avformat_alloc_context()) || !(in->format->protocol_whitelist = av_strdup("")) ||
        !(in->format->format_whitelist = av_strdup(formats)) || !(in->format->codec_whitelist = sound_codecs()))
        return vx_fail_nomem(err, "FFmpeg");
    in->format->pb = in->io;
    in->format->flags |= AVFMT_FLAG_CUSTOM_IO; /* opening sets it, but we may not get there: closing would take ours for a URL's */
    in->format->io_open = open_nothing;
    in->format->max_streams = MAX_STREAMS;
    in->format->probesize = MAX_LOOK;
    if (raw && raw->rate > 0 && av_dict_set_int(&options, "sample_rate", raw->rate, 0) < 0)
        return vx_fail_nomem(err, "FFmpeg");
    av = avformat_open_input(&in->format, "", format, &options); /* frees in->format on failure */
    av_dict_free(&options);
    return av < 0 ? vx_ffmpeg_fail(err, av, format->long_name ? format->long_name : format->name) : VX_OK;
}

/* The stream to be heard, and what the header says of its length. What FFmpeg makes up where it does not say is not asked for. */
static enum vx_status choose_stream(struct vx_ffmpeg *in, const AVCodec **codec, struct vx_err *err)
{
    double promised[MAX_STREAMS] = {0};
    AVFormatContext *format = in->format;
    int av;

    for (unsigned i = 0; i < format->nb_streams; i++) {
        AVStream *s = format->streams[i];

        if (s->codecpar->codec_type != AVMEDIA_TYPE_AUDIO)
            s->discard = AVDISCARD_ALL;
        if (i < MAX_STREAMS && s->duration > 0)
            promised[i] = (double)s->duration * av_q2d(s->time_base);
    }
    if ((av = avformat_find_stream_info(format, NULL)) < 0)
        return vx_ffmpeg_fail(err, av, "looking for its streams");
    if ((in->stream = av_find_best_stream(format, AVMEDIA_TYPE_AUDIO, -1, -1, codec, 0)) < 0)
        return in->stream == AVERROR_DECODER_NOT_FOUND
                   ? vx_fail(err, VX_EFORMAT, "%s, whose sound has an encoding that this FFmpeg does not decode",
                             format->iformat->long_name)
                   : vx_fail(err, VX_EFORMAT, "%s without sound", format->iformat->long_name);
    for (unsigned i = 0; i < format->nb_streams; i++) {
        if (format->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO) {
            in->n_streams++;
            if ((int)i <= in->stream)
                in->nth_stream++;
        }
        if ((int)i != in->stream)
            format->streams[i]->discard = AVDISCARD_ALL;
    }
    in->promised = in->stream < MAX_STREAMS ? promised[in->stream] : 0;
    return VX_OK;
}

static enum vx_status open_codec(struct vx_ffmpeg *in, const AVCodec *codec, struct vx_err *err)
{
    const AVStream *stream = in->format->streams[in->stream];
    int av;

    if (!(in->codec = avcodec_alloc_context3(codec)) || !(in->packet = av_packet_alloc()) || !(in->frame = av_frame_alloc()))
        return vx_fail_nomem(err, "FFmpeg");
    if ((av = avcodec_parameters_to_context(in->codec, stream->codecpar)) < 0)
        return vx_ffmpeg_fail(err, av, codec->name);
    in->codec->pkt_timebase = stream->time_base; /* which encoder delay and edit lists are measured in */
    in->codec->thread_count = 1;
    av = avcodec_open2(in->codec, codec, NULL);
    return av < 0 ? vx_ffmpeg_fail(err, av, codec->name) : VX_OK;
}

enum vx_status vx_ffmpeg_open_source(struct vx_ffmpeg *in, const struct vx_ffmpeg_raw *raw, struct vx_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const AVCodec *codec = NULL;
    enum vx_status rc;

    pthread_once(&once, set_up);
    if (vx_source_seek(in->source, 0, SEEK_SET) != 0)
        return vx_fail(err, VX_ESYS, "cannot go back to its start");
    if ((rc = open_format(in, raw, err)) != VX_OK || (rc = choose_stream(in, &codec, err)) != VX_OK)
        return rc;
    return open_codec(in, codec, err);
}
