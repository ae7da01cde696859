#include "io/ffmpeg_adapter.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>
#include <libswresample/swresample.h>

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    IO_BUFFER = 64 << 10,    /* bytes */
    MAX_PROBE = 1 << 20,     /* bytes looked at to tell the format */
    MAX_LOOK = 5 << 20,      /* bytes looked at to tell the streams, FFmpeg's own default */
    LEAST_SCORE = 25,        /* of a format's certainty, of 100: below it noise passes for MP3 */
    MAX_STREAMS = 64,        /* of a file */
    MAX_CHANNELS = 64,       /* libswresample's limit */
    MAX_ALLOC = 256 << 20,   /* bytes of one allocation within FFmpeg */
};

/* A header may promise this much more sound than there is: an edit list's rounding, a last packet that was left out. */
static const double promise_slack_s = 0.25;

/* FFmpeg's names of the formats that are read: sound, and films that hold it. What opens other files (hls, dash, concat,
 * image2, imf …), devices and what draws or synthesises (lavfi, mods, tty …) is not among them. */
static const char formats[] =
    "aac,ac3,act,aiff,alaw,amr,amrnb,amrwb,ape,asf,au,avi,caf,dsf,dts,dtshd,eac3,flac,flv,g722,g723_1,g726,g726le,g729,gsm,"
    "iff,ilbc,ircam,loas,matroska,mlp,mmf,mov,mp3,mpc,mpc8,mpeg,mpegts,mulaw,mxf,nistsphere,nut,ogg,oma,qcp,rm,s16le,sln,sox,"
    "tak,truehd,tta,voc,w64,wav,wsd,wtv,wv,xwma";

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

const char *vx_ffmpeg_version(void)
{
    return av_version_info();
}

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

static enum vx_status fail(struct vx_err *err, int av, const char *what)
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
        return fail(err, score, "its format");
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
    in->format->io_open = open_nothing;
    in->format->max_streams = MAX_STREAMS;
    in->format->probesize = MAX_LOOK;
    if (raw && raw->rate > 0 && av_dict_set_int(&options, "sample_rate", raw->rate, 0) < 0)
        return vx_fail_nomem(err, "FFmpeg");
    av = avformat_open_input(&in->format, "", format, &options); /* frees in->format on failure */
    av_dict_free(&options);
    return av < 0 ? fail(err, av, format->long_name ? format->long_name : format->name) : VX_OK;
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
        return fail(err, av, "looking for its streams");
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
        return fail(err, av, codec->name);
    in->codec->pkt_timebase = stream->time_base; /* which encoder delay and edit lists are measured in */
    in->codec->thread_count = 1;
    av = avcodec_open2(in->codec, codec, NULL);
    return av < 0 ? fail(err, av, codec->name) : VX_OK;
}

static enum vx_status check(int channels, int rate, struct vx_err *err)
{
    if (channels < 1 || channels > MAX_CHANNELS)
        return vx_fail(err, VX_EFORMAT, "%d channels; FFmpeg reads 1 to %d", channels, MAX_CHANNELS);
    if (rate < 1000 || rate > 768000)
        return vx_fail(err, VX_EFORMAT, "a sample rate of %d Hz; 1000 to 768000 are possible", rate);
    return VX_OK;
}

static double seconds(const struct vx_ffmpeg *in)
{
    return in->rate > 0 ? (double)in->frames / in->rate : 0;
}

/* Interleaved float32 of the frame, as many channels at the same rate: the order of channels does not matter to swr. */
static enum vx_status set_converter(struct vx_ffmpeg *in, struct vx_err *err)
{
    AVChannelLayout plain = {.order = AV_CHANNEL_ORDER_UNSPEC, .nb_channels = in->channels};
    int av;

    swr_free(&in->swr);
    if ((av = swr_alloc_set_opts2(&in->swr, &plain, AV_SAMPLE_FMT_FLT, in->rate, &plain, in->frame->format, in->rate, 0, NULL)) <
            0 ||
        (av = swr_init(in->swr)) < 0)
        return fail(err, av, "converting its samples");
    in->converting = in->frame->format;
    return VX_OK;
}

/* in->frame into in->held. */
static enum vx_status convert(struct vx_ffmpeg *in, struct vx_err *err)
{
    const AVFrame *f = in->frame;
    const uint8_t *planes[MAX_CHANNELS] = {NULL};
    enum vx_status rc;
    uint8_t *out;
    int got;

    if (in->rate == 0) {
        if ((rc = check(f->ch_layout.nb_channels, f->sample_rate, err)) != VX_OK)
            return rc;
        in->rate = f->sample_rate;
        in->channels = f->ch_layout.nb_channels;
    }
    if (f->sample_rate != in->rate || f->ch_layout.nb_channels != in->channels)
        return vx_fail(err, VX_EFORMAT, "changes from %d channels at %d Hz to %d at %d Hz after %.2f s: split it there", in->channels,
                       in->rate, f->ch_layout.nb_channels, f->sample_rate, seconds(in));
    if ((!in->swr || in->converting != f->format) && (rc = set_converter(in, err)) != VX_OK)
        return rc;
    if (vx_grow((void **)&in->held, &in->cap, (size_t)f->nb_samples, (size_t)in->channels * sizeof *in->held) != 0)
        return vx_fail_nomem(err, "decoded sound");
    out = (uint8_t *)in->held;
    for (int c = 0; c < (av_sample_fmt_is_planar(f->format) ? in->channels : 1); c++)
        planes[c] = f->extended_data[c];
    got = swr_convert(in->swr, &out, f->nb_samples, planes, f->nb_samples);
    if (got < 0)
        return fail(err, got, "converting its samples");
    in->held_at = 0;
    in->held_n = (size_t)got;
    in->frames += got;
    return VX_OK;
}

static void note_damage(struct vx_ffmpeg *in)
{
    if (in->damaged++ == 0)
        in->first_damage_s = seconds(in);
}

/* The stream's next packet to the decoder, or word that there is none. */
static void feed(struct vx_ffmpeg *in)
{
    const int av = av_read_frame(in->format, in->packet);

    if (av < 0) {
        if (av != AVERROR_EOF)
            (void)fail(&in->broken, av, "its packets");
        in->draining = true;
        (void)avcodec_send_packet(in->codec, NULL);
        return;
    }
    if (in->packet->stream_index == in->stream) {
        const AVPacket *p = in->packet;

        in->packets++;
        if (p->pts != AV_NOPTS_VALUE)
            in->reached = (double)(p->pts + p->duration) * av_q2d(in->codec->pkt_timebase);
        if (avcodec_send_packet(in->codec, in->packet) < 0)
            note_damage(in);
    }
    av_packet_unref(in->packet);
}

/* Decode until something is held, or the sound has ended. */
static void decode(struct vx_ffmpeg *in)
{
    in->held_n = in->held_at = 0;
    while (in->held_n == 0 && !in->ended) {
        const int av = avcodec_receive_frame(in->codec, in->frame);

        if (av == 0) {
            in->ended = convert(in, &in->broken) != VX_OK;
            av_frame_unref(in->frame);
        } else if (av == AVERROR_EOF || (av != AVERROR(EAGAIN) && in->draining)) {
            in->ended = true;
        } else if (av == AVERROR(EAGAIN)) {
            feed(in);
        } else {
            note_damage(in);
        }
    }
}

/* Rate and channels are those of the first sound, not of the header: it may know nothing of half of an HE-AAC stream. */
static enum vx_status decode_first(struct vx_ffmpeg *in, struct vx_err *err)
{
    const AVCodecParameters *par = in->format->streams[in->stream]->codecpar;

    decode(in);
    if (in->rate != 0)
        return VX_OK;
    if (in->broken.status != VX_OK)
        return vx_fail(err, in->broken.status, "%s", in->broken.text);
    if (in->damaged > 0)
        return vx_fail(err, VX_EFORMAT, "%s: no packet can be decoded", in->codec->codec->name);
    in->rate = par->sample_rate; /* no sound, and no fault of it */
    in->channels = par->ch_layout.nb_channels;
    return check(in->channels, in->rate, err);
}

enum vx_status vx_ffmpeg_open(struct vx_ffmpeg **out, struct vx_source *source, const struct vx_ffmpeg_raw *raw,
                              struct vx_err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct vx_ffmpeg *in = NULL;
    const AVCodec *codec = NULL;
    enum vx_status rc;

    *out = NULL;
    pthread_once(&once, set_up);
    if (vx_source_seek(source, 0, SEEK_SET) != 0)
        return vx_fail(err, VX_ESYS, "cannot go back to its start");
    if (!(in = vx_calloc(1, sizeof *in)))
        return vx_fail_nomem(err, "a decoder");
    in->source = source;
    if ((rc = open_format(in, raw, err)) != VX_OK || (rc = choose_stream(in, &codec, err)) != VX_OK ||
        (rc = open_codec(in, codec, err)) != VX_OK || (rc = decode_first(in, err)) != VX_OK)
        goto done;
    *out = in;
    in = NULL;
done:
    if (rc != VX_OK && rc != VX_ENOMEM && vx_source_errno(source) != 0)
        rc = vx_fail(err, VX_ESYS, "reading its header: %s", strerror(vx_source_errno(source)));
    else if (rc == VX_EFORMAT)
        vx_err_prefix(err, "FFmpeg");
    vx_ffmpeg_close(&in);
    return rc;
}

void vx_ffmpeg_close(struct vx_ffmpeg **ffmpeg)
{
    struct vx_ffmpeg *in = *ffmpeg;

    if (!in)
        return;
    swr_free(&in->swr);
    av_frame_free(&in->frame);
    av_packet_free(&in->packet);
    avcodec_free_context(&in->codec);
    avformat_close_input(&in->format); /* not in->io, which is ours */
    if (in->io)
        av_freep(&in->io->buffer);
    avio_context_free(&in->io);
    free(in->held);
    free(in);
    *ffmpeg = NULL;
}

int vx_ffmpeg_rate(const struct vx_ffmpeg *in)
{
    return in->rate;
}

int vx_ffmpeg_channels(const struct vx_ffmpeg *in)
{
    return in->channels;
}

/* A long name of FFmpeg's up to its first bracket: "AAC (Advanced Audio Coding)" is "AAC". */
static int name_length(const char *name)
{
    const char *bracket = strstr(name, " (");

    return (int)(bracket ? (size_t)(bracket - name) : strlen(name));
}

void vx_ffmpeg_format(const struct vx_ffmpeg *in, char *out, size_t size)
{
    const AVCodecDescriptor *about = avcodec_descriptor_get(in->codec->codec_id);
    const char *container = in->format->iformat->long_name, *encoding = about && about->long_name ? about->long_name : "unknown";

    if (!container)
        container = in->format->iformat->name;
    snprintf(out, size, "%.*s, %.*s", name_length(container), container, name_length(encoding), encoding);
}

void vx_ffmpeg_decoder(const struct vx_ffmpeg *in, char *out, size_t size)
{
    const char *version = vx_ffmpeg_version();

    snprintf(out, size, "FFmpeg %.*s %s", (int)strcspn(version, "-"), version, in->codec->codec->name);
}

size_t vx_ffmpeg_read(struct vx_ffmpeg *in, float *out, size_t n)
{
    const size_t channels = (size_t)in->channels;
    size_t done = 0;

    while (done < n) {
        size_t some = in->held_n - in->held_at;

        if (some == 0) {
            if (in->ended)
                break;
            decode(in);
            continue;
        }
        some = some < n - done ? some : n - done;
        memcpy(out + done * channels, in->held + in->held_at * channels, some * channels * sizeof *out);
        in->held_at += some;
        done += some;
    }
    return done;
}

enum vx_status vx_ffmpeg_complete(const struct vx_ffmpeg *in, struct vx_err *err)
{
    const double heard = seconds(in);

    if (vx_source_errno(in->source) != 0)
        return vx_fail(err, VX_ESYS, "reading after %.2f s of sound: %s", heard, strerror(vx_source_errno(in->source)));
    if (in->broken.status == VX_ENOMEM)
        return vx_fail_nomem(err, "FFmpeg");
    if (in->broken.status != VX_OK)
        return vx_fail(err, in->broken.status, "ends after %.2f s: %s", heard, in->broken.text);
    if (in->promised > (heard > in->reached ? heard : in->reached) + promise_slack_s)
        return vx_fail(err, VX_EFORMAT, "ends after %.2f s, its header promises %.2f s", heard, in->promised);
    if (in->damaged > in->packets / 2)
        return vx_fail(err, VX_EFORMAT, "damaged: %lld of %lld packets cannot be decoded, the first after %.2f s",
                       (long long)in->damaged, (long long)in->packets, in->first_damage_s);
    return VX_OK;
}

void vx_ffmpeg_warning(const struct vx_ffmpeg *in, char *out, size_t size)
{
    char text[160];

    out[0] = '\0';
    if (in->n_streams > 1) {
        snprintf(text, sizeof text, "stream %d of %d streams of sound was heard", in->nth_stream, in->n_streams);
        vx_text_join(out, size, text);
    }
    if (in->damaged > 0) {
        snprintf(text, sizeof text, "%lld of %lld packets could not be decoded, the first after %.2f s", (long long)in->damaged,
                 (long long)in->packets, in->first_damage_s);
        vx_text_join(out, size, text);
    }
}
