#include "io/decode.h"

#include "base/mem.h"
#include "io/clean.h"
#include "io/mixdown.h"
#include "io/sound.h"
#include "io/track.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct vx_decoder {
    struct vx_sound *in;
    struct vx_mixdown *mix; /* NULL: channels on their own */
    size_t block;           /* frames */
    float *frames;          /* owned [block][channels], of channels on their own */
    float *planes;          /* owned [n_tracks][block], the same channel by channel */
    struct vx_track *tracks[VX_MAX_CHANNELS];
    int n_tracks;
    enum vx_channels channels;
    int rate;
    int64_t decoded; /* frames, and through the mixdown */
    unsigned flags;  /* of the last read */
    bool read_all;   /* the sound has no more */
    bool ended;      /* nor has the mixdown */
    struct vx_hash *hash; /* borrowed, or NULL */
};

static enum vx_status open_tracks(struct vx_decoder *dec, struct vx_err *err)
{
    const int channels = vx_sound_channels(dec->in), rate = vx_sound_rate(dec->in);
    enum vx_status rc;

    if (dec->channels == VX_CHANNELS_EACH && channels > VX_MAX_CHANNELS)
        return vx_fail(err, VX_ELIMIT, "%d channels; up to %d can be scored each on its own: scan it with --channels mix", channels,
                       VX_MAX_CHANNELS);
    dec->block = vx_mixdown_frames(channels, rate);
    for (int wanted = dec->channels == VX_CHANNELS_EACH ? channels : 1; dec->n_tracks < wanted; dec->n_tracks++)
        if ((rc = vx_track_create(&dec->tracks[dec->n_tracks], rate, dec->rate, err)) != VX_OK)
            return rc;
    if (dec->channels == VX_CHANNELS_MIX)
        return vx_mixdown_create(&dec->mix, channels, rate, err);
    dec->frames = vx_calloc(dec->block * (size_t)channels, sizeof *dec->frames);
    dec->planes = vx_calloc(dec->block * (size_t)dec->n_tracks, sizeof *dec->planes);
    return dec->frames && dec->planes ? VX_OK : vx_fail_nomem(err, "the blocks of a recording");
}

/* sound is taken over. */
static enum vx_status open_over(struct vx_decoder **out, struct vx_sound *sound, int rate, enum vx_channels channels, struct vx_err *err)
{
    struct vx_decoder *dec = vx_calloc(1, sizeof *dec);
    enum vx_status rc;

    if (!dec) {
        vx_sound_close(&sound);
        return vx_fail_nomem(err, "a decoder");
    }
    dec->channels = channels;
    dec->in = sound;
    dec->rate = rate != 0 ? rate : vx_sound_rate(dec->in);
    if ((rc = open_tracks(dec, err)) == VX_OK) {
        *out = dec;
        dec = NULL;
    }
    vx_decoder_close(&dec);
    return rc;
}

static enum vx_status check_rate(int rate, struct vx_err *err)
{
    if (rate != 0 && (rate < 1000 || rate > 768000))
        return vx_fail(err, VX_EINVAL, "a sample rate of %d Hz; 1000 to 768000 are possible", rate);
    return VX_OK;
}

enum vx_status vx_decoder_open_channels(struct vx_decoder **out, struct vx_source *source, int rate, enum vx_channels channels,
                                        struct vx_err *err)
{
    struct vx_sound *sound;
    enum vx_status rc;

    *out = NULL;
    if ((rc = check_rate(rate, err)) != VX_OK || (rc = vx_sound_open(&sound, source, err)) != VX_OK)
        return rc;
    return open_over(out, sound, rate, channels, err);
}

enum vx_status vx_decoder_open_sound(struct vx_decoder **out, struct vx_sound *sound, int rate, struct vx_err *err)
{
    enum vx_status rc;

    *out = NULL;
    if ((rc = check_rate(rate, err)) == VX_OK)
        return open_over(out, sound, rate, VX_CHANNELS_MIX, err);
    vx_sound_close(&sound);
    return rc;
}

enum vx_status vx_decoder_open(struct vx_decoder **out, struct vx_source *source, int rate, struct vx_err *err)
{
    return vx_decoder_open_channels(out, source, rate, VX_CHANNELS_MIX, err);
}

void vx_decoder_close(struct vx_decoder **dec)
{
    if (!*dec)
        return;
    for (int t = 0; t < VX_MAX_CHANNELS; t++)
        vx_track_destroy(&(*dec)->tracks[t]);
    vx_mixdown_destroy(&(*dec)->mix);
    free((*dec)->frames);
    free((*dec)->planes);
    vx_sound_close(&(*dec)->in);
    free(*dec);
    *dec = NULL;
}

int vx_decoder_rate(const struct vx_decoder *dec)
{
    return dec->rate;
}

int vx_decoder_tracks(const struct vx_decoder *dec)
{
    return dec->n_tracks;
}

int vx_decoder_channel(const struct vx_decoder *dec, int track)
{
    return dec->channels == VX_CHANNELS_EACH ? track + 1 : 0;
}

static void hash_u32(struct vx_hash *hash, uint32_t v)
{
    const unsigned char le[4] = {(unsigned char)v, (unsigned char)(v >> 8), (unsigned char)(v >> 16), (unsigned char)(v >> 24)};

    vx_hash_add(hash, le, sizeof le);
}

void vx_decoder_hash(struct vx_decoder *dec, struct vx_hash *hash)
{
    dec->hash = hash;
    hash_u32(hash, (uint32_t)vx_sound_rate(dec->in));
    hash_u32(hash, (uint32_t)vx_sound_channels(dec->in));
}

static void hash_samples(struct vx_decoder *dec, const float *samples, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    vx_hash_add(dec->hash, samples, n * sizeof *samples);
#else
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, &samples[i], sizeof bits);
        hash_u32(dec->hash, bits);
    }
#endif
}

/* The sound's next block into room; fewer frames at its end. */
static size_t read_block(struct vx_decoder *dec, float *room)
{
    const size_t n = vx_sound_read(dec->in, room, dec->block);

    if (dec->hash && n > 0)
        hash_samples(dec, room, n * (size_t)vx_sound_channels(dec->in));
    return n;
}

/* Give the mix's resampler the next block, or tell it that there is none. */
static void feed_mix(struct vx_decoder *dec)
{
    const float *mono;
    unsigned flags;
    size_t n;

    while (!vx_mixdown_take(dec->mix, &mono, &n, &flags)) {
        if (dec->read_all) {
            vx_track_end(dec->tracks[0]);
            dec->ended = true;
            return;
        }
        n = read_block(dec, vx_mixdown_room(dec->mix));
        if (n > 0)
            vx_mixdown_put(dec->mix, n);
        if (n < dec->block) {
            dec->read_all = true;
            vx_mixdown_end(dec->mix);
        }
    }
    dec->decoded += (int64_t)n;
    vx_track_put(dec->tracks[0], mono, n, flags);
}

/* The same for channels on their own. */
static enum vx_status feed_channels(struct vx_decoder *dec, struct vx_err *err)
{
    const size_t channels = (size_t)vx_sound_channels(dec->in);
    enum vx_status rc;
    size_t n;

    for (int t = 0; t < dec->n_tracks; t++)
        if ((rc = vx_track_settle(dec->tracks[t], err)) != VX_OK)
            return rc;
    n = read_block(dec, dec->frames);
    for (int t = 0; n > 0 && t < dec->n_tracks; t++) {
        float *plane = dec->planes + (size_t)t * dec->block;

        for (size_t f = 0; f < n; f++)
            plane[f] = dec->frames[f * channels + (size_t)t];
        vx_track_put(dec->tracks[t], plane, n, vx_clean(plane, n));
    }
    dec->decoded += (int64_t)n;
    if (n < dec->block) {
        for (int t = 0; t < dec->n_tracks; t++)
            vx_track_end(dec->tracks[t]);
        dec->ended = true;
    }
    return VX_OK;
}

enum vx_status vx_decoder_read_track(struct vx_decoder *dec, int track, float *out, size_t n, size_t *got, struct vx_err *err)
{
    enum vx_status rc;

    for (;;) {
        if ((rc = vx_track_take(dec->tracks[track], out, n, got, &dec->flags, err)) != VX_OK || *got > 0)
            return rc;
        if (dec->ended)
            return vx_sound_complete(dec->in, err);
        if (dec->mix)
            feed_mix(dec);
        else if ((rc = feed_channels(dec, err)) != VX_OK)
            return rc;
    }
}

enum vx_status vx_decoder_read(struct vx_decoder *dec, float *out, size_t n, size_t *got, struct vx_err *err)
{
    return vx_decoder_read_track(dec, 0, out, n, got, err);
}

unsigned vx_decoder_flags(const struct vx_decoder *dec)
{
    return dec->flags;
}

void vx_decoder_info(const struct vx_decoder *dec, struct vx_audio_info *info)
{
    *info = (struct vx_audio_info){
        .sample_rate = vx_sound_rate(dec->in),
        .channels = vx_sound_channels(dec->in),
        .duration_s = (double)dec->decoded / vx_sound_rate(dec->in),
        .louder_channel = dec->mix && vx_mixdown_louder(dec->mix),
    };
    vx_sound_describe(dec->in, info);
}

void vx_decoder_warning(const struct vx_decoder *dec, char *out, size_t size)
{
    vx_sound_warning(dec->in, out, size);
}
