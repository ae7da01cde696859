/* test_hostile.c - files that are not what they claim to be: refused with a reason, or read up to where they
 * break; and random damage, which may give anything but a crash, a NaN or a run past the end */
#include "io/image.h"
#include "io/sound.h"

#include "tests/harness/cmocka.h"
#include "tests/harness/golden.h"
#include "tests/unit/io/memory_source.h"
#include "tests/unit/io/recording.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WAV_FRAMES = 8000 }; /* of the WAV file below: 16 kHz, mono, half a second */

/* libsndfile 1.2.0 loses the six kilobytes of a Vorbis decoder when it refuses a damaged Ogg file. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:vorbis_info_init\n";
}

static struct vx_golden *sounds, *pictures;

static int open_goldens(void **state)
{
    struct vx_err err;

    (void)state;
    if (vx_golden_open(&sounds, "decode.gold", &err) != VX_OK ||
        vx_golden_open(&pictures, "image-files.gold", &err) != VX_OK) {
        fprintf(stderr, "%s\n", err.text);
        return -1;
    }
    return 0;
}

static int close_goldens(void **state)
{
    (void)state;
    vx_golden_close(&sounds);
    vx_golden_close(&pictures);
    return 0;
}

static struct recording stored(const struct vx_golden *golden, const char *name)
{
    const struct vx_golden_array *file = vx_golden_get(golden, VX_GOLDEN_U8, "%s.file", name);

    return recording_copy(file->data, file->count);
}

static struct recording plain_wav(void)
{
    float x[WAV_FRAMES];

    for (size_t i = 0; i < WAV_FRAMES; i++)
        x[i] = 0.5f * sinf((float)i * 0.03f);
    return recording_wav(x, WAV_FRAMES, 1, 16000);
}

/* Headers with a few bytes wrong. */
static void bad_headers(void **state)
{
    static const struct {
        const char *what;
        size_t at;
        const char *bytes;
        size_t n;
        enum vx_status status;
        const char *says;
    } table[] = {
        {"no channels", 22, "\0\0", 2, VX_EFORMAT, "Channel count is zero"},
        {"1,025 channels", 22, "\1\4", 2, VX_EFORMAT, "channels"},
        {"65,535 channels", 22, "\xff\xff", 2, VX_EFORMAT, "channels"},
        {"0 Hz", 24, "\0\0\0\0", 4, VX_EFORMAT, "libsndfile"},
        {"999 Hz", 24, "\xe7\3\0\0", 4, VX_EFORMAT, "999 Hz"},
        {"768,001 Hz", 24, "\1\xb8\x0b\0", 4, VX_EFORMAT, "768001 Hz"},
        {"4 GHz", 24, "\0\0\0\xf0", 4, VX_EFORMAT, "libsndfile"},
        {"an unknown encoding", 20, "\xe7\3", 2, VX_EFORMAT, "libsndfile"},
        {"0 bits", 34, "\0\0", 2, VX_EFORMAT, "libsndfile"},
        {"no chunk of sound", 36, "tada", 4, VX_EFORMAT, "'data'"},
        {"RIFF, not WAVE", 8, "AVI ", 4, VX_EFORMAT, "not recognised"},
        {"1,000 Hz", 24, "\xe8\3\0\0", 4, VX_OK, ""},
        {"768,000 Hz", 24, "\0\xb8\x0b\0", 4, VX_OK, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct recording r = plain_wav();
        struct decoded d;

        memcpy(r.bytes + table[i].at, table[i].bytes, table[i].n);
        d = recording_decode(&r, 16000, 4096);
        if (d.opened != table[i].status || !strstr(d.err.text, table[i].says))
            fail_msg("%s: status %d, %s", table[i].what, d.opened, d.err.text);
        decoded_free(&d);
        recording_free(&r);
    }
}

/* Whole files that hold no recording. */
static void not_sound(void **state)
{
    static const struct {
        const char *what, *bytes;
        size_t n, repeat; /* the bytes so many times */
        const char *says;
    } table[] = {
        {"nothing", "", 0, 1, "empty, 0 bytes"},
        {"one byte", "R", 1, 1, "not recognised"},
        {"text", "It was a dark and stormy night. ", 32, 300, "not recognised"},
        {"zeros", "\0\0\0\0", 4, 3000, "not recognised"},
        {"half a WAV header", "RIFF\x24\0\0\0WAVEfmt \x10\0\0\0", 20, 1, "libsndfile"},
        {"a FLAC's name", "fLaC", 4, 1, "libsndfile"},
        {"an Ogg's name", "OggS\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 28, 1, "libsndfile"},
        {"only ID3", "ID3\3\0\0\0\0\0\x16TIT2\0\0\0\x0c\0\0\0Only a tag.", 32, 1, "libsndfile"},
        {"ID3 of 256 MB", "ID3\3\0\0\x7f\x7f\x7f\x7f", 10, 1, "libsndfile"},
        {"ID3 without end", "ID3\3\0\0\0\0\0\0", 10, 1000, "libsndfile"},
        {"MPEG-4",
         "\0\0\0\x20"
         "ftypM4A \0\0\0\0",
         16, 100, "not recognised"},
        {"PNG", "\x89PNG\r\n\x1a\n", 8, 1, "not recognised"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct recording r = {malloc(table[i].n * table[i].repeat + 1), table[i].n * table[i].repeat};
        struct decoded d;

        assert_non_null(r.bytes);
        for (size_t j = 0; j < table[i].repeat && table[i].n > 0; j++)
            memcpy(r.bytes + j * table[i].n, table[i].bytes, table[i].n);
        d = recording_decode(&r, 16000, 4096);
        if (d.opened != VX_EFORMAT || !strstr(d.err.text, table[i].says))
            fail_msg("%s: status %d, %s", table[i].what, d.opened, d.err.text);
        decoded_free(&d);
        recording_free(&r);
    }
}

/* Cut in the middle: the samples before the cut are those of the whole file, then comes the reason. */
static void truncated(void **state)
{
    static const struct {
        const char *name;
        bool noticed; /* by its header; the others end like a shorter recording */
    } table[] = {
        {"pcm24.wav", false}, /* what is missing is less than the 0.1 s a header may be wrong */
        {"alaw.wav", true},   {"adpcm.wav", true}, {"mono.flac", true},
        {"big.aiff", false},  {"info.mp3", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct recording r = stored(sounds, table[i].name);
        struct decoded whole = recording_decode(&r, 0, 4096), part;

        r.size = r.size * 3 / 5;
        part = recording_decode(&r, 0, 4096);
        assert_int_equal(part.opened, VX_OK);
        if (part.ended != (table[i].noticed ? VX_EFORMAT : VX_OK) ||
            (table[i].noticed && !strstr(part.err.text, "its header promises")))
            fail_msg("%s: status %d, %s", table[i].name, part.ended, part.err.text);
        assert_true(part.n > 0 && part.n < whole.n);
        assert_memory_equal(part.samples, whole.samples, part.n * sizeof *part.samples);
        decoded_free(&part);
        decoded_free(&whole);
        recording_free(&r);
    }
}

/* An MP3 cut within a frame is an MP3 cut out of a stream: all whole frames are given, and it is no error. */
static void cut_mp3(void **state)
{
    struct recording r = stored(sounds, "vbr.mp3");
    struct decoded whole = recording_decode(&r, 0, 4096);
    const size_t size = r.size;

    (void)state;
    for (size_t cut = 1; cut < 104; cut++) { /* the last frame has 104 bytes */
        struct decoded d;

        r.size = size - cut;
        d = recording_decode(&r, 0, 4096);
        if (d.ended != VX_OK || d.n != whole.n - 1152)
            fail_msg("%zu bytes cut off: %zu of %zu samples, %s", cut, d.n, whole.n, d.err.text);
        decoded_free(&d);
    }
    decoded_free(&whole);
    recording_free(&r);
}

static void truncated_wav(void **state)
{
    static const struct {
        size_t frames;
        enum vx_status ended;
        const char *says;
    } table[] = {{0, VX_EFORMAT, ""},
                 {1600, VX_EFORMAT, "ends after 0.10 s, its header promises 0.50 s"},
                 {6399, VX_EFORMAT, "its header promises 0.50 s"},
                 {6400, VX_OK, ""}, /* a tenth of a second is let pass */
                 {8000, VX_OK, ""}};

    (void)state;
    for (size_t i = 1; i < sizeof table / sizeof *table; i++) {
        struct recording r = plain_wav();
        struct decoded d;

        r.size = 44 + 4 * table[i].frames;
        d = recording_decode(&r, 16000, 4096);
        if (d.opened != VX_OK || d.n != table[i].frames || d.ended != table[i].ended ||
            !strstr(d.err.text, table[i].says))
            fail_msg("%zu frames: %zu, status %d, %s", table[i].frames, d.n, d.ended, d.err.text);
        decoded_free(&d);
        recording_free(&r);
    }
}

/* A hole of zeros in the middle of a FLAC: what comes before the broken frame stands (in its place libFLAC
 * gives silence). */
static void flac_hole(void **state)
{
    struct recording r = stored(sounds, "mono.flac");
    struct decoded whole = recording_decode(&r, 0, 4096), d;

    (void)state;
    memset(r.bytes + r.size / 2, 0, r.size / 4);
    d = recording_decode(&r, 0, 4096);
    assert_int_equal(d.opened, VX_OK);
    assert_int_equal(d.ended, VX_EFORMAT);
    assert_true(d.n >= 4096 && d.n < whole.n);
    assert_memory_equal(d.samples, whole.samples, 4096 * sizeof *d.samples); /* the first frame */
    decoded_free(&d);
    decoded_free(&whole);
    recording_free(&r);
}

/* The disk fails while a recording is read: that is said, and not taken for the recording's fault. */
static void read_errors(void **state)
{
    static const char *const names[] = {"pcm16.wav", "mono.flac", "stereo.ogg",
                                        "info.mp3",  "vbr.mp3",   "big.aiff"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct recording r = stored(sounds, names[i]);

        for (size_t part = 0; part < 4; part++) {
            struct decoded d = recording_decode_failing(&r, 16000, 4096, (int64_t)(1 + r.size * part / 5));

            if (d.opened != VX_ESYS && d.ended != VX_ESYS)
                fail_msg("%s: opened %d, ended %d, %s", names[i], d.opened, d.ended, d.err.text);
            decoded_free(&d);
        }
        recording_free(&r);
    }
}

static uint32_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Overwrite bytes, insert runs of one value, cut the end: mostly near the start, where the headers are. */
static void damage(struct recording *r, uint64_t *random)
{
    const size_t times = 1 + next_random(random) % 8;

    for (size_t i = 0; i < times && r->size > 1; i++) {
        const size_t within = next_random(random) % 3 ? r->size : r->size < 64 ? r->size : 64;
        const size_t at = next_random(random) % within;
        const size_t run = next_random(random) % 4 ? 1 : 1 + next_random(random) % 64;

        for (size_t j = at; j < at + run && j < r->size; j++)
            r->bytes[j] = (unsigned char)(run == 1                  ? next_random(random)
                                          : next_random(random) % 2 ? 0
                                                                    : 0xff);
    }
    if (next_random(random) % 4 == 0)
        r->size = 1 + next_random(random) % r->size;
}

static void check_sound(const struct recording *r, uint64_t *random)
{
    static const int rates[] = {0, 16000, 22050};
    struct decoded d = recording_decode(r, rates[next_random(random) % 3], 4096);

    for (size_t i = 0; i < d.n; i++)
        assert_true(isfinite(d.samples[i]));
    if (d.opened != VX_OK || d.ended != VX_OK)
        assert_true(d.err.text[0] != '\0');
    decoded_free(&d);
}

static void check_picture(const struct recording *r)
{
    struct vx_source source = {.data = r->bytes, .size = (int64_t)r->size};
    struct vx_err err = {0};
    uint8_t *rgb;
    int w, h;

    if (vx_image_read(&source, &rgb, &w, &h, &err) != VX_OK) {
        assert_null(rgb);
        assert_true(err.text[0] != '\0');
    }
    free(rgb);
}

static void random_damage(void **state)
{
    static const struct {
        const char *name;
        bool picture;
    } files[] = {
        {"pcm16.wav", false},  {"adpcm.wav", false},       {"float.wav", false},
        {"six.flac", false},   {"mono.flac", false},       {"big.aiff", false},
        {"stereo.ogg", false}, {"mono.opus", false},       {"info.mp3", false},
        {"vbr.mp3", false},    {"plain-rgb8", true},       {"interlaced-palette4", true},
        {"jpeg-420-90", true}, {"jpeg-progressive", true}, {"plain-grey16", true},
    };
    const char *fixed = getenv("VX_TEST_SEED");
    const uint64_t seed = fixed ? strtoull(fixed, NULL, 10) : (uint64_t)time(NULL);
    uint64_t random = seed;

    (void)state;
    print_message("VX_TEST_SEED=%llu repeats this run\n", (unsigned long long)seed);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (int n = 0; n < 40; n++) {
            struct recording r = stored(files[i].picture ? pictures : sounds, files[i].name);

            damage(&r, &random);
            if (files[i].picture)
                check_picture(&r);
            else
                check_sound(&r, &random);
            recording_free(&r);
        }
}

/* All frames of a recording, `ask` at a time, into out [room][channels]; how many there are, and the status at the end. */
static size_t read_frames(const struct recording *r, size_t ask, float *out, size_t room, enum vx_status *ended)
{
    struct vx_source source = {.data = r->bytes, .size = (int64_t)r->size};
    struct vx_sound *sound;
    struct vx_err err;
    size_t n = 0, got = ask;

    if ((*ended = vx_sound_open(&sound, &source, &err)) != VX_OK)
        return 0;
    const size_t channels = (size_t)vx_sound_channels(sound);
    while (got == ask && (n + ask) * channels <= room) {
        got = vx_sound_read(sound, out + n * channels, ask);
        n += got;
    }
    *ended = vx_sound_complete(sound, &err);
    vx_sound_close(&sound);
    return n * channels;
}

/* Where a recording is damaged, as much comes before that whatever is asked for at a time. */
static void same_however_asked(void **state)
{
    static const char *const names[] = {"vbr.mp3", "info.mp3", "mono.flac", "stereo.ogg", "adpcm.wav"};
    enum { ROOM = 1 << 20, TIMES = 60, GAP = 1500 };
    float *const few = malloc(ROOM * sizeof *few), *const many = malloc(ROOM * sizeof *many);
    uint64_t random = 1;
    size_t broken = 0;

    (void)state;
    assert_true(few && many);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (int n = 0; n < TIMES; n++) {
            struct recording r = stored(sounds, names[i]);
            enum vx_status a, b;

            if (n % 2) /* too long a gap for an MP3's next frame to be looked for */
                memset(r.bytes + (r.size - GAP) * (size_t)n / TIMES, 0x55, GAP);
            else
                damage(&r, &random);
            const size_t got = read_frames(&r, 101, few, ROOM, &a);
            if (read_frames(&r, 40000, many, ROOM, &b) != got || a != b)
                fail_msg("%s, damage %d: %zu samples by 101 frames", names[i], n, got);
            assert_memory_equal(few, many, got * sizeof *few);
            broken += got > 0 && a != VX_OK;
            recording_free(&r);
        }
    assert_true(broken > 10);
    free(few);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_headers),   cmocka_unit_test(not_sound),     cmocka_unit_test(truncated),
        cmocka_unit_test(truncated_wav), cmocka_unit_test(cut_mp3),       cmocka_unit_test(flac_hole),
        cmocka_unit_test(read_errors),   cmocka_unit_test(random_damage), cmocka_unit_test(same_however_asked),
    };

    return cmocka_run_group_tests(tests, open_goldens, close_goldens);
}
