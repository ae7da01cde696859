#include "io/decode.h"

#include "base/mem.h"
#include "io/mixdown.h"
#include "io/resample.h"
#include "io/sound.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs inside the resampler, which holds back less than a second. Should there be more, the newest are
 * joined. */
#define MAX_RUNS 64

/* Output samples with the same flags. */
struct run {
    int64_t end; /* where the next begins */
    unsigned flags;
};

struct vx_decoder {
    struct vx_sound *in;
    struct vx_mixdown *mix;
    struct vx_resampler *resampler;
    int rate;
    int64_t frames; /* decoded and through the mixdown */
    int64_t out;    /* samples given */
    struct run runs[MAX_RUNS];
    size_t first_run, n_runs; /* runs[first_run…], a ring */
    unsigned flags;           /* of the last read */
    bool read_all;            /* the sound has no more */
    bool ended;               /* nor has the mixdown */
    struct vx_hash *hash;     /* borrowed, or NULL */
};

enum vx_status vx_decoder_open(struct vx_decoder **out, struct vx_source *source, int rate,
                               struct vx_err *err)
{
    struct vx_decoder *dec;
    enum vx_status rc;

    *out = NULL;
    if (rate != 0 && (rate < 1000 || rate > 768000))
        return vx_fail(err, VX_EINVAL, "a sample rate of %d Hz; 1000 to 768000 are possible", rate);
    if (!(dec = vx_calloc(1, sizeof *dec)))
        return vx_fail_nomem(err, "a decoder");
    if ((rc = vx_sound_open(&dec->in, source, err)) != VX_OK)
        goto done;
    dec->rate = rate != 0 ? rate : vx_sound_rate(dec->in);
    if ((rc = vx_mixdown_create(&dec->mix, vx_sound_channels(dec->in), vx_sound_rate(dec->in), err)) !=
        VX_OK)
        goto done;
    if ((rc = vx_resampler_create(&dec->resampler, vx_sound_rate(dec->in), dec->rate, err)) != VX_OK)
        goto done;
    *out = dec;
    dec = NULL;
done:
    vx_decoder_close(&dec);
    return rc;
}

void vx_decoder_close(struct vx_decoder **dec)
{
    if (!*dec)
        return;
    vx_resampler_destroy(&(*dec)->resampler);
    vx_mixdown_destroy(&(*dec)->mix);
    vx_sound_close(&(*dec)->in);
    free(*dec);
    *dec = NULL;
}

int vx_decoder_rate(const struct vx_decoder *dec)
{
    return dec->rate;
}

/* The output up to `end` carries these flags. */
static void add_run(struct vx_decoder *dec, int64_t end, unsigned flags)
{
    struct run *last = dec->n_runs > 0 ? &dec->runs[(dec->first_run + dec->n_runs - 1) % MAX_RUNS] : NULL;

    if (last && (last->flags == flags || dec->n_runs == MAX_RUNS)) {
        last->end = end;
        last->flags |= flags;
        return;
    }
    dec->runs[(dec->first_run + dec->n_runs++) % MAX_RUNS] = (struct run){end, flags};
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

/* Give the resampler the next block, or tell it that there is none. */
static void feed(struct vx_decoder *dec)
{
    const size_t block = vx_mixdown_block(dec->mix);
    const float *mono;
    unsigned flags;
    size_t n;

    while (!vx_mixdown_take(dec->mix, &mono, &n, &flags)) {
        if (dec->read_all) {
            vx_resampler_end(dec->resampler);
            /* The length may be rounded to a sample more than the last block's end. */
            add_run(dec, INT64_MAX, 0);
            dec->ended = true;
            return;
        }
        n = vx_sound_read(dec->in, vx_mixdown_room(dec->mix), block);
        if (dec->hash && n > 0)
            hash_samples(dec, vx_mixdown_room(dec->mix), n * (size_t)vx_sound_channels(dec->in));
        if (n > 0)
            vx_mixdown_put(dec->mix, n);
        if (n < block) {
            dec->read_all = true;
            vx_mixdown_end(dec->mix);
        }
    }
    dec->frames += (int64_t)n;
    vx_resampler_put(dec->resampler, mono, n);
    add_run(dec, vx_resampler_place(dec->resampler, dec->frames), flags);
}

enum vx_status vx_decoder_read(struct vx_decoder *dec, float *out, size_t n, size_t *got, struct vx_err *err)
{
    enum vx_status rc;

    *got = 0;
    for (;;) {
        const struct run *run = &dec->runs[dec->first_run];
        size_t most = n;

        if (dec->n_runs == 0) {
            feed(dec);
            continue;
        }
        if (run->end <= dec->out) {
            dec->first_run = (dec->first_run + 1) % MAX_RUNS;
            dec->n_runs--;
            continue;
        }
        if ((int64_t)most > run->end - dec->out)
            most = (size_t)(run->end - dec->out);
        if ((rc = vx_resampler_take(dec->resampler, out, most, got, err)) != VX_OK)
            return rc;
        if (*got > 0) {
            dec->out += (int64_t)*got;
            dec->flags = run->flags;
            return VX_OK;
        }
        if (dec->ended)
            return vx_sound_complete(dec->in, err);
        feed(dec);
    }
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
        .duration_s = (double)dec->frames / vx_sound_rate(dec->in),
        .louder_channel = vx_mixdown_louder(dec->mix),
    };
    vx_sound_describe(dec->in, info);
}
