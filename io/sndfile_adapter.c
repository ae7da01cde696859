#include "io/sndfile_adapter.h"

#include "base/mem.h"
#include "io/view.h"

#include <sndfile.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A length in bytes may be this far off without the recording being called broken: writers are sloppy about
 * it. FLAC's count of samples is exact. */
static const double promise_slack_s = 0.1;

/* Frames of MP3 asked for at a time: where it is broken, libsndfile drops what it had decoded before that in the same call. So
 * little is lost, and as much whatever the reader asks for. */
enum { MPEG_PIECE = 64, MPEG_CHANNELS = 2 };

struct vx_sndfile {
    struct vx_view view;
    SNDFILE *file;
    SF_INFO info;
    int64_t frames; /* read so far */
    float piece[MPEG_PIECE * MPEG_CHANNELS]; /* of MP3: decoded, and not yet read from piece_at to piece_end */
    size_t piece_at, piece_end;
};

static sf_count_t io_length(void *user)
{
    const struct vx_view *view = user;

    return view->size;
}

static sf_count_t io_seek(sf_count_t offset, int whence, void *user)
{
    return vx_view_seek(user, offset, whence);
}

static sf_count_t io_read(void *out, sf_count_t n, void *user)
{
    return n > 0 ? (sf_count_t)vx_view_read(user, out, (size_t)n) : 0;
}

static sf_count_t io_tell(void *user)
{
    const struct vx_view *view = user;

    return view->at;
}

static enum vx_status check(const SF_INFO *info, struct vx_err *err)
{
    if (info->channels < 1 || info->channels > 1024)
        return vx_fail(err, VX_EFORMAT, "%d channels; 1 to 1024 are possible", info->channels);
    if (info->samplerate < 1000 || info->samplerate > 768000)
        return vx_fail(err, VX_EFORMAT, "a sample rate of %d Hz; 1000 to 768000 are possible",
                       info->samplerate);
    if ((info->format & SF_FORMAT_TYPEMASK) == SF_FORMAT_RAW)
        return vx_fail(err, VX_EFORMAT, "samples without a header: rate and format are unknown");
    return VX_OK;
}

/* libsndfile ends some of its sentences with a full stop. */
static int reason_length(const char *text)
{
    size_t n = strlen(text);

    while (n > 0 && (text[n - 1] == '.' || text[n - 1] == '\n'))
        n--;
    return (int)n;
}

enum vx_status vx_sndfile_open(struct vx_sndfile **out, struct vx_source *source, int64_t begin, struct vx_err *err)
{
    SF_VIRTUAL_IO io = {.get_filelen = io_length, .seek = io_seek, .read = io_read, .tell = io_tell};
    struct vx_sndfile *in = NULL;
    enum vx_status rc;

    *out = NULL;
    if (!(in = vx_calloc(1, sizeof *in)))
        return vx_fail_nomem(err, "a decoder");
    vx_view_open(&in->view, source, begin);
    if (!(in->file = sf_open_virtual(&io, SFM_READ, &in->info, &in->view))) {
        if (vx_source_errno(source) != 0)
            rc = vx_fail(err, VX_ESYS, "reading its header: %s", strerror(vx_source_errno(source)));
        else
            rc = vx_fail(err, VX_EUNSUPPORTED, "not a recording that libsndfile reads: %.*s",
                         reason_length(sf_strerror(NULL)), sf_strerror(NULL));
        goto done;
    }
    if ((rc = check(&in->info, err)) != VX_OK)
        goto done;
    *out = in;
    in = NULL;
done:
    vx_sndfile_close(&in);
    return rc;
}

void vx_sndfile_close(struct vx_sndfile **in)
{
    if (!*in)
        return;
    if ((*in)->file)
        sf_close((*in)->file);
    free(*in);
    *in = NULL;
}

int vx_sndfile_rate(const struct vx_sndfile *in)
{
    return in->info.samplerate;
}

int vx_sndfile_channels(const struct vx_sndfile *in)
{
    return in->info.channels;
}

/* libsndfile's name of a format or encoding, up to its first bracket: "WAV (Microsoft)" is "WAV". */
static void name_of(int format, char *out, size_t size)
{
    SF_FORMAT_INFO about = {.format = format};
    const char *name = "unknown";

    if (format == SF_FORMAT_NIST) { /* "WAV (NIST Sphere)" to libsndfile */
        snprintf(out, size, "NIST Sphere");
        return;
    }
    if (sf_command(NULL, SFC_GET_FORMAT_INFO, &about, sizeof about) == 0 && about.name)
        name = strncmp(about.name, "Signed ", 7) == 0 ? about.name + 7 : about.name;
    snprintf(out, size, "%s", name);
    out[strcspn(out, "(")] = '\0';
    while (*out && out[strlen(out) - 1] == ' ')
        out[strlen(out) - 1] = '\0';
}

void vx_sndfile_format(const struct vx_sndfile *in, char *out, size_t size)
{
    char major[32], minor[32];

    name_of(in->info.format & SF_FORMAT_TYPEMASK, major, sizeof major);
    name_of(in->info.format & SF_FORMAT_SUBMASK, minor, sizeof minor);
    snprintf(out, size, "%s, %s", major, minor);
}

void vx_sndfile_version(char *out, size_t size)
{
    snprintf(out, size, "%s", sf_version_string());
    if (strchr(out, '-'))
        *strchr(out, '-') = ' ';
}

static bool is_format(const struct vx_sndfile *in, int major)
{
    return (in->info.format & SF_FORMAT_TYPEMASK) == major;
}

/* Up to n frames straight from libsndfile. */
static size_t decode(struct vx_sndfile *in, float *out, size_t n)
{
    const sf_count_t got = sf_readf_float(in->file, out, (sf_count_t)n);

    return got > 0 && (size_t)got <= n ? (size_t)got : 0;
}

static size_t read_pieces(struct vx_sndfile *in, float *out, size_t n)
{
    const size_t channels = (size_t)in->info.channels;
    size_t at = 0;

    while (at < n) {
        if (in->piece_at == in->piece_end) {
            in->piece_at = 0;
            if ((in->piece_end = decode(in, in->piece, MPEG_PIECE)) == 0)
                break;
        }
        const size_t left = in->piece_end - in->piece_at, now = n - at < left ? n - at : left;
        memcpy(out + at * channels, in->piece + in->piece_at * channels, now * channels * sizeof *out);
        in->piece_at += now;
        at += now;
    }
    return at;
}

size_t vx_sndfile_read(struct vx_sndfile *in, float *out, size_t n)
{
    const size_t channels = (size_t)in->info.channels;
    size_t at = 0, got = 1;

    if (is_format(in, SF_FORMAT_MPEG) && channels <= MPEG_CHANNELS)
        at = read_pieces(in, out, n);
    else
        for (; at < n && got > 0; at += got)
            got = decode(in, out + at * channels, n - at);
    in->frames += (int64_t)at;
    return at;
}

enum vx_status vx_sndfile_complete(struct vx_sndfile *in, struct vx_err *err)
{
    const double rate = in->info.samplerate, seconds = (double)in->frames / rate;
    double promised = in->view.promised * seconds, slack = promise_slack_s;

    if (vx_source_errno(in->view.source) != 0)
        return vx_fail(err, VX_ESYS, "reading after %.2f s of sound: %s", seconds,
                       strerror(vx_source_errno(in->view.source)));
    if (is_format(in, SF_FORMAT_FLAC) && in->info.frames < SF_COUNT_MAX) {
        promised = (double)in->info.frames / rate;
        slack = 0;
    }
    if (promised > seconds + slack)
        return vx_fail(err, VX_EFORMAT, "ends after %.2f s, its header promises %.2f s", seconds, promised);
    if (in->view.beyond > 0)
        return vx_fail(err, VX_EFORMAT,
                       "goes on for %lld bytes after %.2f s, more than a WAV header can count: convert it to "
                       "RF64 or FLAC",
                       (long long)in->view.beyond, seconds);
    /* Most MP3 files that were cut out of a stream end within a frame. */
    if (is_format(in, SF_FORMAT_MPEG) && in->view.at >= vx_view_real_size(&in->view))
        return VX_OK;
    if (sf_error(in->file) != SF_ERR_NO_ERROR)
        return vx_fail(err, VX_EFORMAT, "damaged after %.2f s: %s", seconds, sf_strerror(in->file));
    return VX_OK;
}

int64_t vx_sndfile_next(const struct vx_sndfile *in)
{
    return vx_view_next(&in->view);
}

int64_t vx_sndfile_unread(const struct vx_sndfile *in)
{
    enum { READ_AHEAD = 4096 }; /* and tags */
    const int64_t left = vx_view_real_size(&in->view) - in->view.at;

    return is_format(in, SF_FORMAT_MPEG) && in->view.patch_at >= 0 && left > READ_AHEAD ? left : 0;
}
