#include "io/sound.h"

#include "base/mem.h"
#include "base/text.h"
#include "io/ffmpeg_adapter.h"
#include "io/player_process.h"
#include "io/sndfile_adapter.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Formats without header, by suffix. Telephony's G.711 and plain samples are taken for 8 kHz, mono. */
static const struct {
    const char *suffix;
    struct vx_ffmpeg_raw raw;
} headerless[] = {
    {"g722", {"g722", 0}},     {"g729", {"g729", 0}},   {"gsm", {"gsm", 0}},     {"ulaw", {"mulaw", 8000}},
    {"ul", {"mulaw", 8000}},   {"alaw", {"alaw", 8000}}, {"al", {"alaw", 8000}}, {"sln", {"s16le", 8000}},
};

struct vx_sound { /* one of the decoders, or a process that has one */
    struct vx_sndfile *sndfile;
    struct vx_ffmpeg *ffmpeg;
    struct vx_player_process *process; /* borrowed */
    struct vx_source *source; /* borrowed */
    int joined;               /* recordings that followed the first in the same file and were heard */
    char unheard[160];        /* why the next one was not */
    bool no_memory;           /* an allocation failed on the way: nobody knows what is missing for it */
};

/* Nothing in its bytes could tell libsndfile that it is not, say, MP3. */
static enum vx_status open_raw(struct vx_sound *sound, struct vx_source *source, const struct vx_ffmpeg_raw *raw, struct vx_err *err)
{
    const enum vx_status rc = vx_ffmpeg_open(&sound->ffmpeg, source, raw, err);

    if (rc == VX_EUNSUPPORTED)
        return vx_fail(err, VX_EFORMAT, "%s without a header needs a build with FFmpeg", raw->demuxer);
    return rc;
}

static enum vx_status open_either(struct vx_sound *sound, struct vx_source *source, struct vx_err *err)
{
    struct vx_err first, second;
    enum vx_status rc;

    if (vx_source_size(source) == 0)
        return vx_fail(err, VX_EFORMAT, "empty, 0 bytes");
    for (size_t i = 0; i < sizeof headerless / sizeof *headerless; i++)
        if (strcmp(vx_source_suffix(source), headerless[i].suffix) == 0)
            return open_raw(sound, source, &headerless[i].raw, err);
    if ((rc = vx_sndfile_open(&sound->sndfile, source, 0, &first)) == VX_OK)
        return VX_OK;
    if (rc != VX_EUNSUPPORTED)
        return vx_fail(err, rc, "%s", first.text);
    if ((rc = vx_ffmpeg_open(&sound->ffmpeg, source, NULL, &second)) == VX_OK)
        return VX_OK;
    if (rc == VX_ENOMEM || rc == VX_ESYS)
        return vx_fail(err, rc, "%s", second.text);
    return vx_fail(err, VX_EFORMAT, "%s; %s", first.text, second.text);
}

enum vx_status vx_sound_open(struct vx_sound **out, struct vx_source *source, struct vx_err *err)
{
    struct vx_sound *sound = vx_calloc(1, sizeof *sound);
    enum vx_status rc;

    *out = NULL;
    if (!sound)
        return vx_fail_nomem(err, "a decoder");
    sound->source = source;
    errno = 0;
    rc = open_either(sound, source, err);
    if (rc == VX_OK && errno == ENOMEM)
        rc = vx_fail_nomem(err, "a recording's decoder");
    if (rc != VX_OK) {
        vx_sound_close(&sound);
        return rc;
    }
    *out = sound;
    return VX_OK;
}

enum vx_status vx_sound_played(struct vx_sound **out, struct vx_player_process *process, struct vx_err *err)
{
    struct vx_sound *sound = vx_calloc(1, sizeof *sound);

    *out = sound;
    if (!sound)
        return vx_fail_nomem(err, "a decoder");
    sound->process = process;
    return VX_OK;
}

void vx_sound_close(struct vx_sound **sound)
{
    if (!*sound)
        return;
    vx_sndfile_close(&(*sound)->sndfile);
    vx_ffmpeg_close(&(*sound)->ffmpeg);
    free(*sound);
    *sound = NULL;
}

int vx_sound_rate(const struct vx_sound *sound)
{
    if (sound->process)
        return vx_player_process_info(sound->process)->sample_rate;
    return sound->sndfile ? vx_sndfile_rate(sound->sndfile) : vx_ffmpeg_rate(sound->ffmpeg);
}

int vx_sound_channels(const struct vx_sound *sound)
{
    if (sound->process)
        return vx_player_process_info(sound->process)->channels;
    return sound->sndfile ? vx_sndfile_channels(sound->sndfile) : vx_ffmpeg_channels(sound->ffmpeg);
}

void vx_sound_describe(const struct vx_sound *sound, struct vx_audio_info *info)
{
    if (sound->process) {
        const struct vx_audio_info *const said = vx_player_process_info(sound->process);
        snprintf(info->format, sizeof info->format, "%s", said->format);
        snprintf(info->decoder, sizeof info->decoder, "%s", said->decoder);
    } else if (sound->sndfile) {
        vx_sndfile_format(sound->sndfile, info->format, sizeof info->format);
        vx_sndfile_version(info->decoder, sizeof info->decoder);
    } else {
        vx_ffmpeg_format(sound->ffmpeg, info->format, sizeof info->format);
        vx_ffmpeg_decoder(sound->ffmpeg, info->decoder, sizeof info->decoder);
    }
}

/* On to the recording that was joined to this one, if any: files that were written one after the other into one, chained Ogg. */
static bool go_on(struct vx_sound *sound)
{
    struct vx_sndfile *next = NULL;
    struct vx_err err;
    int64_t at;

    if (vx_sndfile_complete(sound->sndfile, &err) != VX_OK || (at = vx_sndfile_next(sound->sndfile)) < 0)
        return false;
    if (vx_sndfile_open(&next, sound->source, at, &err) != VX_OK)
        snprintf(sound->unheard, sizeof sound->unheard, "what follows at byte %lld was not heard: %.80s", (long long)at, err.text);
    else if (vx_sndfile_rate(next) != vx_sndfile_rate(sound->sndfile) || vx_sndfile_channels(next) != vx_sndfile_channels(sound->sndfile))
        snprintf(sound->unheard, sizeof sound->unheard,
                 "another recording follows at byte %lld, of %d channels at %d Hz: it was not heard, split it there", (long long)at,
                 vx_sndfile_channels(next), vx_sndfile_rate(next));
    if (sound->unheard[0]) {
        vx_sndfile_close(&next);
        return false;
    }
    vx_sndfile_close(&sound->sndfile);
    sound->sndfile = next;
    sound->joined++;
    return true;
}

static size_t read_on(struct vx_sound *sound, float *out, size_t n)
{
    size_t done;

    if (sound->process)
        return vx_player_process_read(sound->process, out, n);
    if (sound->ffmpeg)
        return vx_ffmpeg_read(sound->ffmpeg, out, n);
    for (done = 0; done < n;) {
        done += vx_sndfile_read(sound->sndfile, out + done * (size_t)vx_sndfile_channels(sound->sndfile), n - done);
        if (done < n && (sound->unheard[0] || !go_on(sound)))
            break;
    }
    return done;
}

/* FFmpeg and the libraries under libsndfile go on without what they got no memory for, and end as if there were no more, so
 * the C library's word is taken: whoever decodes under a limit of memory must know that it was met. */
size_t vx_sound_read(struct vx_sound *sound, float *out, size_t n)
{
    errno = 0;
    const size_t got = read_on(sound, out, n);
    sound->no_memory = sound->no_memory || errno == ENOMEM;
    return got;
}

enum vx_status vx_sound_complete(struct vx_sound *sound, struct vx_err *err)
{
    if (sound->no_memory)
        return vx_fail_nomem(err, "decoding");
    if (sound->process)
        return vx_player_process_complete(sound->process, err);
    return sound->sndfile ? vx_sndfile_complete(sound->sndfile, err) : vx_ffmpeg_complete(sound->ffmpeg, err);
}

void vx_sound_warning(const struct vx_sound *sound, char *out, size_t size)
{
    char text[128];
    int64_t left;

    if (sound->process) {
        snprintf(out, size, "%s", vx_player_process_warning(sound->process));
        return;
    }
    if (sound->ffmpeg) {
        vx_ffmpeg_warning(sound->ffmpeg, out, size);
        return;
    }
    snprintf(out, size, "%s", sound->unheard);
    if ((left = vx_sndfile_unread(sound->sndfile)) > 0) {
        snprintf(text, sizeof text, "its last %lld bytes hold another recording that was not heard: split it there", (long long)left);
        vx_text_join(out, size, text);
    }
    if (sound->joined > 0) {
        snprintf(text, sizeof text, "%d recordings, one after the other in one file", sound->joined + 1);
        vx_text_join(out, size, text);
    }
}
