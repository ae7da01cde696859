/* test_ffmpeg.c - what libsndfile declines: frames as the program ffmpeg gives them (tests/golden/ffmpeg.py), which decoder read a
 * file, and files that are refused, damaged or more than one */
#include "io/ffmpeg_adapter.h"
#include "io/sound.h"

#include "tests/harness/cmocka.h"
#include "tests/harness/golden.h"
#include "tests/harness/tolerances.h"
#include "tests/unit/io/memory_source.h"
#include "tests/unit/io/recording.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct vx_golden *golden;

static int open_golden(void **state)
{
    (void)state;
    return vx_golden_begin(&golden, "ffmpeg.gold");
}

static int close_golden(void **state)
{
    (void)state;
    vx_golden_close(&golden);
    return 0;
}

/* Frames of a source, all its channels. */
struct frames {
    float *x; /* owned [n][channels] */
    size_t n;
    int channels, rate;
    enum vx_status opened, ended;
    struct vx_err err;
    struct vx_audio_info info;
};

static struct frames read_frames(struct vx_source *source, size_t ask)
{
    struct frames f = {0};
    struct vx_sound *sound;
    size_t got, cap = 0;

    if ((f.opened = vx_sound_open(&sound, source, &f.err)) != VX_OK) {
        assert_null(sound);
        return f;
    }
    f.channels = vx_sound_channels(sound);
    f.rate = vx_sound_rate(sound);
    do {
        float *more = f.n + ask > cap ? realloc(f.x, (cap = 2 * (f.n + ask)) * (size_t)f.channels * sizeof *f.x) : f.x;

        assert_non_null(more);
        f.x = more;
        got = vx_sound_read(sound, f.x + f.n * (size_t)f.channels, ask);
        f.n += got;
    } while (got == ask);
    assert_int_equal(vx_sound_read(sound, f.x, ask > f.n ? f.n : ask), 0);
    f.ended = vx_sound_complete(sound, &f.err);
    vx_sound_describe(sound, &f.info);
    vx_sound_close(&sound);
    return f;
}

static struct vx_source stored(const char *name)
{
    const struct vx_golden_array *file = vx_golden_get(golden, VX_GOLDEN_U8, "%s.file", name);

    return (struct vx_source){.data = file->data, .size = (int64_t)file->count, .suffix = strrchr(name, '.') + 1};
}

static void compare(const char *name, const char *part, const float *got)
{
    const struct vx_golden_array *want = vx_golden_get(golden, VX_GOLDEN_F32, "%s.%s", name, part);
    const float *x = want->data;

    for (size_t i = 0; i < want->count; i++)
        if (!(fabs((double)got[i] - (double)x[i]) <= VX_TOL_DECODE_FFMPEG))
            fail_msg("%s: value %zu of the %s is %.9g, expected %.9g", name, i, part, (double)got[i], (double)x[i]);
}

static void as_ffmpeg(void **state)
{
    static const struct {
        const char *name, *format, *decoder;
    } table[] = {
        {"aac.m4a", "QuickTime / MOV, AAC", "aac"},
        {"aac.aac", "raw ADTS AAC, AAC", "aac"},
        {"front.m4a", "QuickTime / MOV, AAC", "aac"},
        {"film.mp4", "QuickTime / MOV, AAC", "aac"},
        {"fragments.mp4", "QuickTime / MOV, AAC", "aac"},
        {"alac.mov", "QuickTime / MOV, ALAC", "alac"},
        {"six.mp4", "QuickTime / MOV, AAC", "aac"},
        {"vorbis.mkv", "Matroska / WebM, Vorbis", "vorbis"},
        {"opus.webm", "Matroska / WebM, Opus", "opus"},
        {"flac.mka", "Matroska / WebM, FLAC", "flac"},
        {"two.wma", "ASF, Windows Media Audio 2", "wmav2"},
        {"nb.amr", "3GPP AMR, AMR-NB", "amrnb"},
        {"nb.3gp", "QuickTime / MOV, AMR-NB", "amrnb"},
        {"wide.g722", "raw G.722, G.722 ADPCM", "g722"},
        {"phone.gsm", "raw GSM, GSM", "gsm"},
        {"phone.ulaw", "PCM mu-law, PCM mu-law / G.711 mu-law", "pcm_mulaw"},
        {"phone.alaw", "PCM A-law, PCM A-law / G.711 A-law", "pcm_alaw"},
        {"phone.sln", "PCM signed 16-bit little-endian, PCM signed 16-", "pcm_s16le"},
        {"surround.ac3", "raw AC-3, ATSC A/52A", "ac3"},
        {"lossless.wv", "WavPack, WavPack", "wavpack"},
        {"lossless.tta", "TTA, TTA", "tta"},
        {"film.avi", "AVI, MP3", "mp3float"},
        {"film.mpg", "MPEG-PS, MP2", "mp2"},
        {"film.mts", "MPEG-TS, MP2", "mp2"},
        {"film.flv", "FLV, AAC", "aac"},
    };

    (void)state;
    vx_golden_assert_script(golden);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const char *name = table[i].name;
        const int64_t *shape = vx_golden_get(golden, VX_GOLDEN_I64, "%s.shape", name)->data;
        const double *sums = vx_golden_get(golden, VX_GOLDEN_F64, "%s.sums", name)->data;
        struct vx_source source = stored(name);
        struct frames f = read_frames(&source, 1000);
        double sum = 0, square = 0;
        char decoder[48];
        size_t values, part;

        if (f.opened != VX_OK || f.ended != VX_OK)
            fail_msg("%s: %s", name, f.err.text);
        if ((int64_t)f.n != shape[0] || f.channels != shape[1] || f.rate != shape[2])
            fail_msg("%s: %zu frames of %d channels at %d Hz, expected %lld of %lld at %lld", name, f.n, f.channels, f.rate,
                     (long long)shape[0], (long long)shape[1], (long long)shape[2]);
        values = f.n * (size_t)f.channels;
        part = vx_golden_get(golden, VX_GOLDEN_F32, "%s.start", name)->count;
        compare(name, "start", f.x);
        compare(name, "middle", f.x + (f.n - part / (size_t)f.channels) / 2 * (size_t)f.channels);
        compare(name, "end", f.x + values - part);
        for (size_t k = 0; k < values; k++) {
            sum += (double)f.x[k];
            square += (double)f.x[k] * (double)f.x[k];
        }
        assert_true(fabs(sum - sums[0]) <= VX_TOL_DECODE_FFMPEG * (double)values);
        assert_true(fabs(square - sums[1]) <= VX_TOL_DECODE_FFMPEG * (double)values);
        assert_string_equal(f.info.format, table[i].format);
        snprintf(decoder, sizeof decoder, "FFmpeg %.*s %s", (int)strcspn(vx_ffmpeg_version(), "-"), vx_ffmpeg_version(),
                 table[i].decoder);
        assert_string_equal(f.info.decoder, decoder);
        free(f.x);
    }
}

/* The same frames however many are asked for at a time. */
static void read_sizes(void **state)
{
    static const char *const names[] = {"aac.m4a", "six.mp4", "two.wma", "phone.gsm", "lossless.tta"};
    static const size_t sizes[] = {1, 7, 4096};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct vx_source source = stored(names[i]);
        struct frames whole = read_frames(&source, 100000);

        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            struct frames f = read_frames(&source, sizes[k]);

            assert_int_equal(f.n, whole.n);
            assert_memory_equal(f.x, whole.x, f.n * (size_t)f.channels * sizeof *f.x);
            free(f.x);
        }
        free(whole.x);
    }
}

/* What no decoder may follow, or holds no sound. */
static void refused(void **state)
{
    static const struct {
        const char *what, *bytes;
        size_t n;
        const char *says;
    } table[] = {
        {"a playlist", "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:9.0,\nfile:///etc/passwd\n", 0, "names other files"},
        {"a list to join", "ffconcat version 1.0\nfile '/etc/passwd'\n", 0, "names other files"},
        {"a session", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n", 0, "names other files"},
        {"subtitles", "1\n00:00:01,000 --> 00:00:02,000\nNo sound here.\n\n2\n00:00:03,000 --> 00:00:04,000\nNor here.\n", 0,
         "not sound"},
        {"DASH", "<?xml version=\"1.0\"?>\n<MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" profiles=\"x\"></MPD>\n", 0, "FFmpeg"},
        {"GIF", "GIF89a\1\0\1\0\0\0\0;", 14, "not sound"},
        {"MPEG-4 without anything",
         "\0\0\0\x18"
         "ftypM4A \0\0\2\0isomiso2\0\0\0\x08mdat",
         32, "QuickTime / MOV"},
        {"a Matroska name", "\x1a\x45\xdf\xa3\x93\x42\x82\x88matroska\x42\x87\x81\4\x42\x85\x81\2", 24, "FFmpeg"},
        {"text", "It was a dark and stormy night.", 0, "not recognised"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const size_t n = table[i].n ? table[i].n : strlen(table[i].bytes);
        struct vx_source source = {.data = (const unsigned char *)table[i].bytes, .size = (int64_t)n};
        struct frames f = read_frames(&source, 100);

        if (f.opened != VX_EFORMAT || !strstr(f.err.text, table[i].says) || !strstr(f.err.text, "libsndfile"))
            fail_msg("%s: status %d, %s", table[i].what, f.opened, f.err.text);
        free(f.x);
    }
}

/* Cut in the middle: what came before the cut is heard, and said to be a part where the header tells. */
static void truncated(void **state)
{
    static const struct {
        const char *name;
        double share; /* of the bytes that are there */
        const char *says; /* NULL: it ends like a shorter recording */
    } table[] = {
        {"aac.aac", 0.6, NULL},
        {"nb.amr", 0.5, NULL},
        {"phone.gsm", 0.5, NULL},
        {"vorbis.mkv", 0.8, NULL},
        {"aac.m4a", 0.5, "QuickTime / MOV"}, /* its tables are at its end */
        {"front.m4a", 0.7, "its header promises 1.0"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct vx_source source = stored(table[i].name);
        struct frames whole = read_frames(&source, 1000), part;

        source.size = (int64_t)((double)source.size * table[i].share);
        part = read_frames(&source, 1000);
        if (table[i].says ? !strstr(part.err.text, table[i].says) : part.ended != VX_OK || part.n == 0 || part.n >= whole.n)
            fail_msg("%s: status %d, %zu of %zu frames, %s", table[i].name, part.ended, part.n, whole.n, part.err.text);
        free(part.x);
        free(whole.x);
    }
}

/* A read that fails is the system's error, not the file's. */
static void read_errors(void **state)
{
    static const char *const names[] = {"aac.m4a", "aac.aac", "vorbis.mkv", "two.wma", "wide.g722"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int64_t at = 1; at < 4000; at += 499) {
            struct vx_source source = stored(names[i]);
            struct frames f;

            source.fail_at = at;
            f = read_frames(&source, 1000);
            if (source.error != 0 && f.opened != VX_ESYS && f.ended != VX_ESYS)
                fail_msg("%s, failing at %lld: status %d, %d, %s", names[i], (long long)at, f.opened, f.ended, f.err.text);
            free(f.x);
        }
}

/* Two recordings of unlike rate one after the other: the first is heard, then an error says where it changes. */
static void rate_changes(void **state)
{
    const struct vx_source first = stored("aac.aac");
    struct recording r = {malloc((size_t)first.size * 2), (size_t)first.size * 2};
    struct vx_source source = {.data = r.bytes, .size = (int64_t)r.size, .suffix = "aac"};
    struct frames f;

    (void)state;
    assert_non_null(r.bytes);
    memcpy(r.bytes, first.data, (size_t)first.size);
    memcpy(r.bytes + first.size, first.data, (size_t)first.size);
    f = read_frames(&source, 1000);
    assert_int_equal(f.ended, VX_OK);
    free(f.x);
    /* each frame's header, 12 bits of 1: the index of its rate is in the third byte, 22.05 kHz is 7 and 16 kHz 8 */
    for (size_t i = (size_t)first.size; i + 6 < r.size;) {
        assert_true(r.bytes[i] == 0xff && (r.bytes[i + 1] & 0xf0) == 0xf0);
        r.bytes[i + 2] = (unsigned char)((r.bytes[i + 2] & ~0x3c) | 8 << 2);
        i += (size_t)(r.bytes[i + 3] & 3) << 11 | (size_t)r.bytes[i + 4] << 3 | r.bytes[i + 5] >> 5;
    }
    f = read_frames(&source, 1000);
    assert_int_equal(f.opened, VX_OK);
    assert_int_equal(f.ended, VX_EFORMAT);
    if (!strstr(f.err.text, "changes from 1 channels at 22050 Hz to 1 at 16000 Hz"))
        fail_msg("%s", f.err.text);
    assert_int_equal(f.rate, 22050);
    assert_true(f.n > 8000);
    free(f.x);
    recording_free(&r);
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

/* Anything may come out but a crash, a NaN or a run past the end. */
static void random_damage(void **state)
{
    static const char *const names[] = {"aac.m4a", "aac.aac", "film.mp4", "vorbis.mkv", "opus.webm", "two.wma", "nb.amr", "nb.3gp",
                                        "wide.g722", "surround.ac3", "lossless.wv", "film.avi", "film.mts"};
    const char *fixed = getenv("VX_TEST_SEED");
    const uint64_t seed = fixed ? strtoull(fixed, NULL, 10) : (uint64_t)time(NULL);
    uint64_t random = seed;

    (void)state;
    print_message("VX_TEST_SEED=%llu repeats this run\n", (unsigned long long)seed);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int round = 0; round < 10; round++) {
            const struct vx_source whole = stored(names[i]);
            struct recording r = recording_copy(whole.data, (size_t)whole.size);
            struct vx_source source = whole;
            struct decoded d;

            for (uint64_t n = 1 + next_random(&random) % 20; n > 0; n--)
                r.bytes[next_random(&random) % r.size] = (unsigned char)next_random(&random);
            if (next_random(&random) % 4 == 0)
                r.size = 1 + next_random(&random) % r.size;
            source.data = r.bytes;
            source.size = (int64_t)r.size;
            d = recording_decode_source(&source, 16000, 4096);
            for (size_t k = 0; k < d.n; k++)
                assert_true(isfinite(d.samples[k]));
            if (d.opened != VX_OK || d.ended != VX_OK)
                assert_true(d.err.text[0] != '\0');
            decoded_free(&d);
            recording_free(&r);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_ffmpeg), cmocka_unit_test(read_sizes),  cmocka_unit_test(refused),       cmocka_unit_test(truncated),
        cmocka_unit_test(read_errors), cmocka_unit_test(rate_changes), cmocka_unit_test(random_damage),
    };

    if (strcmp(vx_ffmpeg_version(), "none") == 0) {
        printf("SKIP: built without FFmpeg\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
