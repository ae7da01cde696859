#include "io/clips.h"
#include "base/mem.h"

#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_SAMPLES 65536      /* of all channels, decoded at a time */
#define PLAIN_WAV_BYTES 3.9e9    /* more need RF64's longer counts */

enum depth { DEPTH_16, DEPTH_24, DEPTH_FLOAT };

struct output { /* one clip on its way */
    struct vx_clip *clip;
    int64_t from, to, at; /* frames of the recording: first, one past the last, next to be written */
    char *partial;        /* owned: path while it is written; NULL: nothing is open */
    SNDFILE *file;
    int fd;
};

struct cutting {
    struct vx_sound *sound;
    int rate, channels;
    enum depth depth;
    enum vx_clip_type type;
    struct output *out; /* owned [n], by start */
    size_t n;
    float *frames; /* owned [block][channels] */
    int *whole;    /* owned, the same: as integers, the highest bits used */
    size_t block;
};

static int by_start(const void *a, const void *b)
{
    const struct output *x = a, *y = b;

    return (x->from > y->from) - (x->from < y->from);
}

/* How deep samples are that come from such a file; its words are those of the decoders. */
static enum depth depth_of(const char *format, enum vx_clip_type type)
{
    static const char *const shallow[] = {"16 bit", "8 bit", "-law", "Law", "GSM", "ADPCM"};

    for (size_t i = 0; i < sizeof shallow / sizeof *shallow; i++)
        if (strstr(format, shallow[i]))
            return DEPTH_16;
    return type == VX_CLIP_WAV && !strstr(format, "24 bit") ? DEPTH_FLOAT : DEPTH_24;
}

static int format_of(const struct cutting *c, const struct output *o)
{
    static const int subtype[] = {SF_FORMAT_PCM_16, SF_FORMAT_PCM_24, SF_FORMAT_FLOAT};
    const double bytes = (double)(o->to - o->from) * c->channels * 4;

    if (c->type == VX_CLIP_FLAC)
        return SF_FORMAT_FLAC | subtype[c->depth];
    return (bytes > PLAIN_WAV_BYTES ? SF_FORMAT_RF64 : SF_FORMAT_WAV) | subtype[c->depth];
}

/* Gives the clip up; the first reason stays. */
static void fail_clip(struct output *o, const struct vx_err *err)
{
    if (o->file)
        sf_close(o->file);
    if (o->partial) {
        if (o->fd >= 0)
            close(o->fd);
        unlink(o->partial);
        free(o->partial);
    }
    o->file = NULL;
    o->partial = NULL;
    if (!o->clip->written && o->clip->err.status == VX_OK)
        o->clip->err = *err;
}

static enum vx_status open_output(const struct cutting *c, struct output *o, struct vx_err *err)
{
    SF_INFO info = {.samplerate = c->rate, .channels = c->channels, .format = format_of(c, o)};

    if (!sf_format_check(&info))
        return vx_fail(err, VX_EUNSUPPORTED, "%d channels at %d Hz do not fit into a %s file%s", c->channels, c->rate,
                       c->type == VX_CLIP_FLAC ? "FLAC" : "WAV", c->type == VX_CLIP_FLAC ? ": cut WAV clips" : "");
    if (asprintf(&o->partial, "%s.part", o->clip->path) < 0) {
        o->partial = NULL;
        return vx_fail_nomem(err, "a path");
    }
    if ((o->fd = open(o->partial, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0)
        return vx_fail_sys(err, "create %s", o->partial);
    if (!(o->file = sf_open_fd(o->fd, SFM_WRITE, &info, SF_FALSE)))
        return vx_fail(err, VX_ESYS, "write %s: %s", o->partial, sf_strerror(NULL));
    return VX_OK;
}

/* All of the clip is written: gives it its name. */
static enum vx_status close_output(struct output *o, struct vx_err *err)
{
    const int failed = sf_close(o->file);

    o->file = NULL;
    if (failed)
        return vx_fail(err, VX_ESYS, "write %s: %s", o->partial, sf_error_number(failed));
    if (rename(o->partial, o->clip->path) != 0)
        return vx_fail_sys(err, "write %s", o->clip->path);
    close(o->fd);
    free(o->partial);
    o->partial = NULL;
    o->clip->written = true;
    return VX_OK;
}

/* What libsndfile would make of floats is a matter of 1/32767 and 1/32768: so that samples come back as they were read, they
 * are scaled as reading did it. NaN becomes 0. */
static void to_integers(const struct cutting *c, const float *from, size_t n)
{
    const double scale = c->depth == DEPTH_16 ? 32768 : 8388608;
    const int shift = c->depth == DEPTH_16 ? 16 : 8;

    for (size_t i = 0; i < n; i++) {
        const double x = isnan(from[i]) ? 0 : fmax(-scale, fmin(scale - 1, rint((double)from[i] * scale)));
        c->whole[i] = (int)((unsigned)(int)x << shift);
    }
}

static enum vx_status write_frames(const struct cutting *c, struct output *o, const float *from, size_t frames, struct vx_err *err)
{
    sf_count_t written;

    if (c->depth == DEPTH_FLOAT) {
        written = sf_writef_float(o->file, from, (sf_count_t)frames);
    } else {
        to_integers(c, from, frames * (size_t)c->channels);
        written = sf_writef_int(o->file, c->whole, (sf_count_t)frames);
    }
    if (written != (sf_count_t)frames)
        return vx_fail(err, VX_ESYS, "write %s: %s", o->partial, sf_strerror(o->file));
    o->at += (int64_t)frames;
    return VX_OK;
}

/* The block [got] at frame `at` goes to every clip that has part in it; *left counts those that have not ended. */
static void hand_out(struct cutting *c, int64_t at, size_t got, size_t *left)
{
    const int64_t end = at + (int64_t)got;
    struct vx_err err;

    *left = 0;
    for (size_t i = 0; i < c->n; i++) {
        struct output *o = &c->out[i];
        if (o->clip->written || o->clip->err.status != VX_OK)
            continue;
        enum vx_status rc = VX_OK;
        if (o->from < end && o->to > at && got > 0) {
            const int64_t stop = o->to < end ? o->to : end;
            if (!o->partial)
                rc = open_output(c, o, &err);
            if (rc == VX_OK)
                rc = write_frames(c, o, c->frames + (size_t)(o->at - at) * (size_t)c->channels, (size_t)(stop - o->at), &err);
            if (rc == VX_OK && o->at == o->to)
                rc = close_output(o, &err);
        }
        if (rc != VX_OK)
            fail_clip(o, &err);
        else
            *left += !o->clip->written;
    }
}

/* The sound has ended, maybe too early: what there is of a clip stands. */
static void end_all(struct cutting *c, int64_t at, const struct vx_err *broken)
{
    struct vx_err err;

    for (size_t i = 0; i < c->n; i++) {
        struct output *o = &c->out[i];
        if (o->clip->written || o->clip->err.status != VX_OK)
            continue;
        if (!o->partial && broken)
            fail_clip(o, broken);
        else if (!o->partial) {
            (void)vx_fail(&err, VX_EFORMAT, "ends after %.2f s, before this: has it changed since the scan?", (double)at / c->rate);
            fail_clip(o, &err);
        } else if (close_output(o, &err) != VX_OK) {
            fail_clip(o, &err);
        }
    }
}

/* The frame at so many seconds, whatever they are: from the first up to what can be counted. */
static int64_t frame_at(const struct cutting *c, double seconds)
{
    const double at = rint(seconds * c->rate);

    return !(at > 0) ? 0 : at < 9e18 ? (int64_t)at : INT64_MAX - 1;
}

static enum vx_status prepare(struct cutting *c, struct vx_clip *clips, size_t n, struct vx_err *err)
{
    struct vx_audio_info info;

    vx_sound_describe(c->sound, &info);
    c->rate = vx_sound_rate(c->sound);
    c->channels = vx_sound_channels(c->sound);
    c->depth = depth_of(info.format, c->type);
    c->block = BLOCK_SAMPLES / (size_t)c->channels + 1;
    c->out = vx_calloc(n, sizeof *c->out);
    c->frames = vx_calloc(c->block * (size_t)c->channels, sizeof *c->frames);
    c->whole = vx_calloc(c->block * (size_t)c->channels, sizeof *c->whole);
    if (!c->out || !c->frames || !c->whole)
        return vx_fail_nomem(err, "the memory of clips");
    for (size_t i = 0; i < n; i++) {
        const int64_t from = frame_at(c, clips[i].start_s), to = frame_at(c, clips[i].end_s);
        c->out[i] = (struct output){.clip = &clips[i], .from = from, .to = to > from ? to : from + 1, .at = from, .fd = -1};
    }
    c->n = n;
    qsort(c->out, n, sizeof *c->out, by_start);
    return VX_OK;
}

static enum vx_status cut(struct cutting *c, struct vx_err *err)
{
    size_t got = c->block, left = c->n;
    enum vx_status rc = VX_OK;
    int64_t at = 0;

    while (left > 0 && got == c->block) {
        got = vx_sound_read(c->sound, c->frames, c->block);
        hand_out(c, at, got, &left);
        at += (int64_t)got;
    }
    if (left > 0) {
        rc = vx_sound_complete(c->sound, err);
        end_all(c, at, rc == VX_OK ? NULL : err);
    }
    return rc;
}

enum vx_status vx_clips_cut(struct vx_player *player, const struct vx_item *item, struct vx_clip *clips, size_t n,
                            enum vx_clip_type type, struct vx_err *err)
{
    struct cutting c = {.type = type};
    struct vx_err broken = {0};
    enum vx_status rc;

    for (size_t i = 0; i < n; i++) {
        clips[i].written = false;
        clips[i].err = (struct vx_err){0};
    }
    if (n == 0)
        return VX_OK;
    if ((rc = vx_player_open(player, item, &c.sound, &broken)) == VX_OK && (rc = prepare(&c, clips, n, &broken)) == VX_OK)
        rc = cut(&c, &broken);
    for (size_t i = 0; i < c.n; i++)
        if (c.out[i].partial)
            fail_clip(&c.out[i], &broken);
    free(c.out);
    free(c.frames);
    free(c.whole);
    vx_sound_close(&c.sound);
    for (size_t i = 0; i < n; i++)
        if (rc != VX_OK && !clips[i].written && clips[i].err.status == VX_OK)
            clips[i].err = broken;
    for (size_t i = 0; i < n; i++)
        if (!clips[i].written)
            return vx_fail(err, clips[i].err.status, "%s", clips[i].err.text);
    return VX_OK;
}
