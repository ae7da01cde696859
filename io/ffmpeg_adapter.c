#include "io/ffmpeg_internal.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CHANNELS = 64 }; /* libswresample's limit */

/* A header may promise this much more sound than there is: an edit list's rounding, a last packet that was left out. */
static const double promise_slack_s = 0.25;

const char *vx_ffmpeg_version(void)
{
    return av_version_info();
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
        return vx_ffmpeg_fail(err, av, "converting its samples");
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
        return vx_ffmpeg_fail(err, got, "converting its samples");
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
            (void)vx_ffmpeg_fail(&in->broken, av, "its packets");
        in->draining = true;
        (void)avcodec_send_packet(in->codec, NULL);
        return;
    }
    if (in->packet->stream_index == in->stream) {
        const AVPacket *p = in->packet;

        in->packets++;
        if (p->pts != AV_NOPTS_VALUE)
            in->reached = ((double)p->pts + (double)p->duration) * av_q2d(in->codec->pkt_timebase);
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
    struct vx_ffmpeg *in = NULL;
    enum vx_status rc;

    *out = NULL;
    if (!(in = vx_calloc(1, sizeof *in)))
        return vx_fail_nomem(err, "a decoder");
    in->source = source;
    if ((rc = vx_ffmpeg_open_source(in, raw, err)) != VX_OK || (rc = decode_first(in, err)) != VX_OK)
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
