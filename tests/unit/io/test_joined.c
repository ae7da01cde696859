/* test_joined.c - recordings that were written one after the other into one file: all of them are heard where rate and channels are
 * alike, else a warning tells where to split; and what merely looks like another recording is none */
#include "io/decode.h"

#include "tests/harness/cmocka.h"
#include "tests/harness/golden.h"
#include "tests/unit/io/memory_source.h"
#include "tests/unit/io/recording.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static struct recording stored(const char *name)
{
    const struct vx_golden_array *file = vx_golden_get(golden, VX_GOLDEN_U8, "%s.file", name);

    return recording_copy(file->data, file->count);
}

static void append(struct recording *to, const void *bytes, size_t n)
{
    unsigned char *grown = realloc(to->bytes, to->size + n);

    assert_non_null(grown);
    memcpy(grown + to->size, bytes, n);
    to->bytes = grown;
    to->size += n;
}

/* Decoded whole at its own rate, with the warning. */
static struct decoded hear(const struct recording *r, char *warning, size_t size)
{
    struct vx_source source = {.data = r->bytes, .size = (int64_t)r->size};
    struct vx_decoder *dec = NULL;
    struct decoded d = recording_decode(r, 0, 4096);
    float room[4096];
    size_t got;

    assert_int_equal(vx_decoder_open(&dec, &source, 0, &d.err), VX_OK);
    while (vx_decoder_read(dec, room, 4096, &got, &d.err) == VX_OK && got > 0)
        ;
    vx_decoder_warning(dec, warning, size);
    vx_decoder_close(&dec);
    return d;
}

static void twice_and_thrice(void **state)
{
    static const struct {
        const char *name;
        bool exact; /* else an MP3, whose second beginning is heard with its encoder's delay */
    } table[] = {{"pcm16.wav", true}, {"alaw.wav", true}, {"mono.flac", true}, {"six.flac", true}, {"stereo.ogg", true}, {"mono.opus", true},
                 {"info.mp3", false}};
    char warning[256];

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        for (size_t times = 2; times <= 3; times++) {
            struct recording one = stored(table[i].name), all = stored(table[i].name);
            struct decoded d1 = hear(&one, warning, sizeof warning), d;

            assert_string_equal(warning, "");
            for (size_t k = 1; k < times; k++)
                append(&all, one.bytes, one.size);
            d = hear(&all, warning, sizeof warning);
            if (d.ended != VX_OK)
                fail_msg("%s: %s", table[i].name, d.err.text);
            if (table[i].exact ? d.n != times * d1.n : d.n < times * d1.n || d.n > times * (d1.n + 3 * 1152))
                fail_msg("%s, %zu times: %zu samples, alone %zu; %s", table[i].name, times, d.n, d1.n, warning);
            for (size_t k = 0; table[i].exact && k < times; k++)
                assert_memory_equal(d.samples + k * d1.n, d1.samples, d1.n * sizeof *d1.samples);
            if (table[i].exact)
                assert_non_null(strstr(warning, times == 2 ? "2 recordings" : "3 recordings"));
            decoded_free(&d);
            decoded_free(&d1);
            recording_free(&all);
            recording_free(&one);
        }
}

/* What cannot be joined is told, and the first is heard as it is. */
static void unlike(void **state)
{
    static const struct {
        const char *first, *second, *says; /* NULL: nothing is said */
    } table[] = {
        {"mono.flac", "six.flac", "of 6 channels at 32000 Hz: it was not heard"},
        {"stereo.ogg", "mono.opus", "of 1 channels at 48000 Hz: it was not heard"},
        {"pcm16.wav", "pcm24.wav", "of 1 channels at 96000 Hz: it was not heard"},
        {"info.mp3", "info.mp3", ""},
        {"mono.flac", "pcm16.wav", NULL}, /* another format: taken for what some writer left behind the sound */
    };
    char warning[256];

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct recording first = stored(table[i].first), second = stored(table[i].second);
        struct decoded d1 = recording_decode(&first, 0, 4096), d;

        append(&first, second.bytes, second.size);
        d = hear(&first, warning, sizeof warning);
        assert_int_equal(d.ended, VX_OK);
        if (table[i].says && !strstr(warning, table[i].says))
            fail_msg("%s and %s: \"%s\"", table[i].first, table[i].second, warning);
        if (!table[i].says)
            assert_string_equal(warning, "");
        assert_true(d.n >= d1.n);
        assert_memory_equal(d.samples, d1.samples, (table[i].says && !*table[i].says ? 0 : d1.n) * sizeof *d.samples);
        decoded_free(&d);
        decoded_free(&d1);
        recording_free(&first);
        recording_free(&second);
    }
}

/* Bytes behind the sound that begin like a recording, but are none; tags between two recordings. */
static void odd_joints(void **state)
{
    static const char ogg[28] = "OggS\0\2", flac[64] = "fLaC\0\0\0\x22", riff[12] = "RIFF\4\0\0\0WAVE", text[] = "made by hand";
    char id3v1[128] = "TAG", ape[64] = "APETAGEX", id3v2[30] = "ID3\4\0\0\0\0\0\x14";
    const struct {
        const char *name;
        const void *bytes;
        size_t n;
        bool again; /* the recording once more behind the bytes */
        bool tells; /* a warning */
    } table[] = {
        {"stereo.ogg", ogg, sizeof ogg, false, true},  {"mono.flac", flac, sizeof flac, false, true},
        {"pcm16.wav", riff, sizeof riff, false, true}, {"stereo.ogg", text, sizeof text, false, false},
        {"mono.flac", text, sizeof text, false, false}, {"mono.flac", text, sizeof text, true, true},
        {"info.mp3", id3v1, sizeof id3v1, false, false}, {"info.mp3", id3v1, sizeof id3v1, true, false},
        {"info.mp3", ape, sizeof ape, true, false},      {"info.mp3", id3v2, sizeof id3v2, true, false},
    };
    char warning[256];

    (void)state;
    ape[12] = sizeof ape - 32;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct recording one = stored(table[i].name), all = stored(table[i].name);
        struct decoded d1 = recording_decode(&one, 0, 4096), d;

        append(&all, table[i].bytes, table[i].n);
        if (table[i].again)
            append(&all, one.bytes, one.size);
        d = hear(&all, warning, sizeof warning);
        if (d.ended != VX_OK)
            fail_msg("%s, %zu: %s", table[i].name, i, d.err.text);
        if (table[i].again ? d.n < 2 * d1.n : d.n != d1.n)
            fail_msg("%s, %zu: %zu samples, alone %zu", table[i].name, i, d.n, d1.n);
        if ((*warning != '\0') != table[i].tells)
            fail_msg("%s, %zu: \"%s\"", table[i].name, i, warning);
        decoded_free(&d);
        decoded_free(&d1);
        recording_free(&all);
        recording_free(&one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twice_and_thrice),
        cmocka_unit_test(unlike),
        cmocka_unit_test(odd_joints),
    };

    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
