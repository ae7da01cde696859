/* test_decode.c - recordings as librosa.load gives them: golden values (tests/golden/decode.py), lengths,
 * read sizes, and headers that are wrong about the length */
#include "tests/harness/cmocka.h"
#include "tests/harness/golden.h"
#include "tests/harness/tolerances.h"
#include "tests/unit/io/recording.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int rates[] = {16000, 22050};

static struct vx_golden *golden;

static int open_golden(void **state)
{
    (void)state;
    return vx_golden_begin(&golden, "decode.gold");
}

static int close_golden(void **state)
{
    (void)state;
    vx_golden_close(&golden);
    return 0;
}

/* The recording called name, of which the golden file owns the bytes. */
static struct recording stored(const char *name)
{
    const struct vx_golden_array *file = vx_golden_get(golden, VX_GOLDEN_U8, "%s.file", name);

    return recording_copy(file->data, file->count);
}

static void compare(const char *name, const char *part, const float *got, const float *want, size_t n,
                    double tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= tolerance))
            fail_msg("%s: sample %zu of the %s is %.9g, expected %.9g", name, i, part, (double)got[i],
                     (double)want[i]);
}

static void check_golden(const char *name, int rate, double tolerance)
{
    struct recording r = stored(name);
    struct decoded d = recording_decode(&r, rate, 4096);
    const int64_t length =
        *(const int64_t *)vx_golden_get(golden, VX_GOLDEN_I64, "%s.%d.length", name, rate)->data;
    const struct vx_golden_array *start = vx_golden_get(golden, VX_GOLDEN_F32, "%s.%d.start", name, rate);
    const struct vx_golden_array *middle = vx_golden_get(golden, VX_GOLDEN_F32, "%s.%d.middle", name, rate);
    const struct vx_golden_array *end = vx_golden_get(golden, VX_GOLDEN_F32, "%s.%d.end", name, rate);
    const double *sums = vx_golden_get(golden, VX_GOLDEN_F64, "%s.%d.sums", name, rate)->data;
    const size_t part = start->count;
    double sum = 0, square = 0;

    if (d.opened != VX_OK || d.ended != VX_OK)
        fail_msg("%s: %s", name, d.err.text);
    if ((int64_t)d.n != length)
        fail_msg("%s at %d Hz: %zu samples, expected %lld", name, rate, d.n, (long long)length);
    compare(name, "start", d.samples, start->data, part, tolerance);
    compare(name, "middle", d.samples + (d.n - part) / 2, middle->data, part, tolerance);
    compare(name, "end", d.samples + d.n - part, end->data, part, tolerance);
    for (size_t i = 0; i < d.n; i++) {
        sum += (double)d.samples[i];
        square += (double)d.samples[i] * (double)d.samples[i];
        assert_int_equal(d.flags[i], 0);
    }
    assert_true(fabs(sum - sums[0]) <= tolerance * (double)d.n);
    assert_true(fabs(square - sums[1]) <= tolerance * (double)d.n);
    decoded_free(&d);
    recording_free(&r);
}

static void as_librosa(void **state)
{
    static const struct {
        const char *name, *format;
        int rate, channels;
        double tolerance;
    } table[] = {
        {"pcm16.wav", "WAV, 16 bit PCM", 44100, 2, VX_TOL_DECODE_EXACT},
        {"pcm24.wav", "WAV, 24 bit PCM", 96000, 1, VX_TOL_DECODE_EXACT},
        {"float.wav", "WAV, 32 bit float", 22050, 1, VX_TOL_DECODE_EXACT},
        {"alaw.wav", "WAV, A-Law", 8000, 1, VX_TOL_DECODE_EXACT},
        {"adpcm.wav", "WAV, Microsoft ADPCM", 11025, 1, VX_TOL_DECODE_EXACT},
        {"six.flac", "FLAC, 16 bit PCM", 32000, 6, VX_TOL_DECODE_EXACT},
        {"mono.flac", "FLAC, 16 bit PCM", 48000, 1, VX_TOL_DECODE_EXACT},
        {"big.aiff", "AIFF, 16 bit PCM", 16000, 1, VX_TOL_DECODE_EXACT},
        {"stereo.ogg", "OGG, Vorbis", 44100, 2, VX_TOL_DECODE_LOSSY},
        {"mono.opus", "OGG, Opus", 48000, 1, VX_TOL_DECODE_LOSSY},
        {"info.mp3", "MPEG-1/2 Audio, MPEG Layer III", 44100, 2, VX_TOL_DECODE_LOSSY},
    };

    (void)state;
    vx_golden_assert_script(golden);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct recording r = stored(table[i].name);
        struct decoded d = recording_decode(&r, 0, 4096);

        assert_int_equal(d.opened, VX_OK);
        assert_int_equal(d.ended, VX_OK);
        assert_string_equal(d.info.format, table[i].format);
        assert_memory_equal(d.info.decoder, "libsndfile 1.", 13);
        assert_int_equal(d.info.sample_rate, table[i].rate);
        assert_int_equal(d.info.channels, table[i].channels);
        assert_false(d.info.louder_channel);
        assert_true(fabs(d.info.duration_s - (double)d.n / table[i].rate) < 1e-9);
        decoded_free(&d);
        recording_free(&r);
        for (size_t j = 0; j < sizeof rates / sizeof *rates; j++)
            check_golden(table[i].name, rates[j], table[i].tolerance);
    }
}

/* Samples and flags are the same bits however many are asked for at a time. */
static void read_sizes(void **state)
{
    static const char *const names[] = {"pcm16.wav", "six.flac", "stereo.ogg",
                                        "mono.opus", "info.mp3", "alaw.wav"};
    static const size_t sizes[] = {1, 7, 4096};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t j = 0; j < sizeof rates / sizeof *rates; j++) {
            struct recording r = stored(names[i]);
            struct decoded whole = recording_decode(&r, rates[j], 100000);

            assert_int_equal(whole.ended, VX_OK);
            for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
                struct decoded d = recording_decode(&r, rates[j], sizes[k]);

                assert_int_equal(d.n, whole.n);
                assert_memory_equal(d.samples, whole.samples, d.n * sizeof *d.samples);
                assert_memory_equal(d.flags, whole.flags, d.n);
                decoded_free(&d);
            }
            decoded_free(&whole);
            recording_free(&r);
        }
}

/* ceil(n·ratio) in double precision, as librosa computes it; equal rates give the samples themselves. */
static void lengths(void **state)
{
    static const struct {
        int from, to;
    } pairs[] = {{44100, 16000},  {48000, 16000}, {8000, 16000},  {22050, 16000},
                 {44100, 22050},  {11025, 22050}, {16000, 16000}, {1000, 48000},
                 {192000, 16000}, {44101, 16000}, {768000, 1000}, {1000, 768000}};
    static const size_t frames[] = {0, 1, 2, 3, 31, 440, 441, 442, 4410, 44100, 50001};
    float *x = calloc(50001, sizeof *x);

    (void)state;
    assert_non_null(x);
    for (size_t i = 0; i < 50001; i++)
        x[i] = 0.5f * sinf((float)i * 0.01f);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (size_t j = 0; j < sizeof frames / sizeof *frames; j++) {
            const double ratio = (double)pairs[i].to / pairs[i].from;
            struct recording r;
            struct decoded d;

            if (ratio > 100 && frames[j] > 5000)
                continue;
            r = recording_wav(x, frames[j], 1, pairs[i].from);
            d = recording_decode(&r, pairs[i].to, 4096);
            if (d.opened != VX_OK || d.ended != VX_OK || d.n != (size_t)ceil((double)frames[j] * ratio))
                fail_msg("%zu samples from %d to %d Hz: %zu, expected %.0f (%s)", frames[j], pairs[i].from,
                         pairs[i].to, d.n, ceil((double)frames[j] * ratio), d.err.text);
            if (ratio == 1 && d.n > 0)
                assert_memory_equal(d.samples, x, d.n * sizeof *x);
            decoded_free(&d);
            recording_free(&r);
        }
    free(x);
}

/* Headers that are wrong about the length, with all the sound there: it is read to the end. */
static void wrong_lengths(void **state)
{
    static const struct {
        const char *what;
        uint32_t riff, data;
    } table[] = {
        {"never filled in", 0, 0},   {"only RIFF filled in", 40036, 0},     {"killed writer", 8, 0},
        {"pipe, ffmpeg", ~0u, ~0u},  {"pipe, sox", 0x7ffff024, 0x7ffff000}, {"pipe, RIFF right", 40036, ~0u},
        {"all right", 40036, 40000},
    };
    float x[10000];

    (void)state;
    for (size_t i = 0; i < 10000; i++)
        x[i] = 0.5f * sinf((float)i * 0.03f);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct recording r = recording_wav(x, 10000, 1, 16000);
        struct decoded d;

        memcpy(r.bytes + 4, &table[i].riff, 4);
        memcpy(r.bytes + 40, &table[i].data, 4);
        d = recording_decode(&r, 0, 4096);
        if (d.opened != VX_OK || d.ended != VX_OK || d.n != 10000 || memcmp(d.samples, x, sizeof x) != 0)
            fail_msg("%s: %zu samples (%s)", table[i].what, d.n, d.err.text);
        decoded_free(&d);
        recording_free(&r);
    }
}

/* A length of 0 that is meant: another chunk follows. */
static void really_empty(void **state)
{
    static const float chunk[] = {0, 0, 0}; /* its bytes become a chunk LIST of 4 bytes */
    struct recording r = recording_wav(chunk, 3, 1, 16000);
    struct decoded d;

    (void)state;
    memset(r.bytes + 40, 0, 4);
    memcpy(r.bytes + 44, "LIST\4\0\0\0INFO", 12);
    d = recording_decode(&r, 0, 4096);
    assert_int_equal(d.opened, VX_OK);
    assert_int_equal(d.ended, VX_OK);
    assert_int_equal(d.n, 0);
    assert_true(d.info.duration_s == 0);
    decoded_free(&d);
    recording_free(&r);
}

/* Variable bit rate and no Xing header: libmpg123's guess would end after a fraction of the frames. */
static void mp3_without_length(void **state)
{
    const int64_t frames = *(const int64_t *)vx_golden_get(golden, VX_GOLDEN_I64, "vbr.mp3.frames")->data;
    struct recording r = stored("vbr.mp3");
    struct decoded d = recording_decode(&r, 0, 4096);

    (void)state;
    assert_int_equal(d.opened, VX_OK);
    assert_int_equal(d.ended, VX_OK);
    assert_int_equal(d.n, frames);
    decoded_free(&d);
    recording_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_librosa),    cmocka_unit_test(read_sizes),   cmocka_unit_test(lengths),
        cmocka_unit_test(wrong_lengths), cmocka_unit_test(really_empty), cmocka_unit_test(mp3_without_length),
    };

    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
