/* Hashes of contents: of bytes, however they are read and wherever they lie; of samples, the same in any container; of what
 * cannot be read, none. */
#include "tests/harness/cmocka.h"
#include "tests/unit/io/pack.h"
#include "tests/unit/io/tree.h"

#include "io/content.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_MEMBER (64u << 20)

static const struct vx_hash_rule BYTES = {.of = VX_HASH_BYTES}, PCM = {.of = VX_HASH_PCM}, NONE = {.of = VX_HASH_NONE};

struct scene {
    char *root;
    struct vx_reader *reader;
};

static int setup(void **state)
{
    static struct scene s;
    struct vx_err err;

    s.root = tree_create();
    assert_int_equal(vx_reader_create(&s.reader, MAX_MEMBER, &err), VX_OK);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    vx_reader_destroy(&s->reader);
    tree_remove(&s->root);
    return 0;
}

static struct vx_source *open_it(struct scene *s, const char *path, const char *member)
{
    struct vx_item item = {.path = (char *)(uintptr_t)path, .member = (char *)(uintptr_t)member, .ordinal = -1};
    struct vx_source *source = NULL;
    struct vx_err err;

    if (vx_reader_open(s->reader, &item, &source, &err) != VX_OK)
        fail_msg("%s", err.text);
    return source;
}

static void expected_hash(const void *data, size_t n, char text[VX_HASH_TEXT])
{
    struct vx_hash *h;
    struct vx_err err;

    assert_int_equal(vx_hash_create(&h, BYTES, &err), VX_OK);
    vx_hash_add(h, data, n);
    vx_hash_end(h, text);
    vx_hash_destroy(&h);
}

/* The hash of the file at once. */
static enum vx_status hash_of(struct scene *s, const char *path, struct vx_hash_rule rule, enum vx_item_kind kind,
                              char text[VX_HASH_TEXT])
{
    struct vx_content *c;
    struct vx_err err;

    assert_int_equal(vx_content_create(&c, rule, &err), VX_OK);
    struct vx_source *const source = open_it(s, path, NULL);
    const enum vx_status rc = vx_content_read(c, source, kind, text, &err);
    assert_int_equal(vx_source_tell(source), 0);
    vx_content_destroy(&c);
    return rc;
}

/* Reads here and there, as decoders do: the hash is of the whole, in order. */
static void test_reads(void **state)
{
    static const size_t sizes[] = {0, 1, 1000, 131071, 131072, 131073, 500000};
    const char *given = getenv("VX_TEST_SEED");
    const unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)getpid();
    struct scene *s = *state;
    char text[VX_HASH_TEXT], want[VX_HASH_TEXT];
    struct vx_content *c;
    struct vx_err err;

    print_message("VX_TEST_SEED=%u\n", seed);
    srand(seed);
    assert_int_equal(vx_content_create(&c, BYTES, &err), VX_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *data = malloc(sizes[i] + 1), *part = malloc(300000);
        assert_true(data && part);
        for (size_t k = 0; k < sizes[i]; k++)
            data[k] = (unsigned char)rand();
        tree_write(s->root, "bytes", data, sizes[i]);
        expected_hash(data, sizes[i], want);
        for (int round = 0; round < 20; round++) {
            struct vx_source *const source = open_it(s, tree_path(s->root, "bytes"), NULL);
            (void)vx_source_read(source, part, (size_t)rand() % 100); /* before anybody asked for a hash */
            vx_content_begin(c, source, VX_ITEM_AUDIO);
            for (int reads = round % 7; reads > 0; reads--) {
                if (rand() % 3 == 0)
                    (void)vx_source_seek(source, rand() % (int64_t)(sizes[i] + 10), SEEK_SET);
                (void)vx_source_read(source, part, (size_t)rand() % (rand() % 2 ? 300000 : 100));
            }
            vx_content_end(c, source, round % 2 != 0, text); /* whether it was decoded to the end does not matter */
            assert_string_equal(text, want);
        }
        free(data);
        free(part);
    }
    vx_content_destroy(&c);
}

static void test_members(void **state)
{
    static const char words[] = "what is in it";
    const struct pack_entry entries[] = {{"a.wav", PACK_FILE, words}, {NULL, PACK_FILE, NULL}};
    struct scene *s = *state;
    char text[VX_HASH_TEXT], want[VX_HASH_TEXT];
    struct vx_content *c;
    struct vx_err err;

    expected_hash(words, strlen(words), want);
    assert_int_equal(vx_content_create(&c, BYTES, &err), VX_OK);
    for (int i = 0; i < PACK_FORMATS; i++) {
        const char *const path = pack_as(s->root, &pack_formats[i], entries);
        char one;
        struct vx_source *source = open_it(s, path, "a.wav");
        vx_content_begin(c, source, VX_ITEM_AUDIO);
        (void)vx_source_read(source, &one, 1);
        vx_content_end(c, source, true, text);
        assert_string_equal(text, want);
        source = open_it(s, path, "a.wav");
        assert_int_equal(vx_content_read(c, source, VX_ITEM_IMAGE, text, &err), VX_OK);
        assert_string_equal(text, want);
    }
    vx_content_destroy(&c);
}

/* A file that grows is what it was when it was opened; one that shrinks has no hash, and says why when asked. */
static void test_changing(void **state)
{
    struct scene *s = *state;
    const char *path;
    char text[VX_HASH_TEXT], want[VX_HASH_TEXT], *zeros = calloc(300000, 1);
    struct vx_content *c;
    struct vx_source *source;
    struct vx_err err;

    assert_non_null(zeros);
    assert_int_equal(vx_content_create(&c, BYTES, &err), VX_OK);
    tree_write(s->root, "growing", zeros, 200000);
    path = tree_path(s->root, "growing");
    expected_hash(zeros, 200000, want);
    source = open_it(s, path, NULL);
    vx_content_begin(c, source, VX_ITEM_AUDIO);
    assert_int_equal(truncate(path, 300000), 0);
    assert_int_equal(vx_source_read(source, zeros, 200000), 200000);
    vx_content_end(c, source, true, text);
    assert_string_equal(text, want);
    source = open_it(s, path, NULL);
    vx_content_begin(c, source, VX_ITEM_AUDIO);
    assert_int_equal(truncate(path, 1000), 0);
    vx_content_end(c, source, false, text);
    assert_string_equal(text, "");
    assert_int_equal(truncate(path, 2000), 0);
    source = open_it(s, path, NULL);
    assert_int_equal(truncate(path, 100), 0);
    assert_int_equal(vx_content_read(c, source, VX_ITEM_AUDIO, text, &err), VX_ESYS);
    assert_string_equal(text, "");
    vx_content_destroy(&c);
    free(zeros);
}

/* 16 bit, as in the FLAC. */
static void write_wav(const struct scene *s, const char *name, const float *samples, size_t n, int rate)
{
    const uint32_t bytes = (uint32_t)(2 * n);
    unsigned char *wav = calloc(44 + bytes, 1);
    const uint32_t at4 = 36 + bytes, at16 = 16, format = 1 | 1 << 16, rate_u = (uint32_t)rate, byte_rate = 2 * rate_u,
                   align = 2 | 16 << 16;

    assert_non_null(wav);
    memcpy(wav, "RIFF....WAVEfmt ", 16);
    memcpy(wav + 4, &at4, 4);
    memcpy(wav + 16, &at16, 4);
    memcpy(wav + 20, &format, 4);
    memcpy(wav + 24, &rate_u, 4);
    memcpy(wav + 28, &byte_rate, 4);
    memcpy(wav + 32, &align, 4);
    memcpy(wav + 36, "data", 4);
    memcpy(wav + 40, &bytes, 4);
    for (size_t i = 0; i < n; i++) {
        const int16_t v = (int16_t)lrintf(samples[i] * 32768);
        memcpy(wav + 44 + 2 * i, &v, 2);
    }
    tree_write(s->root, name, wav, 44 + bytes);
    free(wav);
}

/* All samples of the golden FLAC; how many. */
static size_t decode(struct scene *s, float *out, size_t cap, int *rate)
{
    struct vx_decoder *dec = NULL;
    size_t n = 0, got = 1;
    struct vx_err err;

    assert_int_equal(vx_decoder_open(&dec, open_it(s, VX_GOLDEN_DIR "/speech.flac", NULL), 0, &err), VX_OK);
    *rate = vx_decoder_rate(dec);
    for (; got > 0; n += got) {
        assert_true(n < cap);
        assert_int_equal(vx_decoder_read(dec, out + n, cap - n, &got, &err), VX_OK);
    }
    vx_decoder_close(&dec);
    return n;
}

static void test_samples(void **state)
{
    enum { MOST = 1 << 21 };
    struct scene *s = *state;
    char flac[VX_HASH_TEXT], wav[VX_HASH_TEXT], other[VX_HASH_TEXT], beside[VX_HASH_TEXT];
    float *samples = calloc(MOST, sizeof *samples);
    struct vx_decoder *dec = NULL;
    struct vx_content *c;
    struct vx_err err;
    size_t got = 1;
    int rate;

    assert_non_null(samples);
    const size_t n = decode(s, samples, MOST, &rate);
    write_wav(s, "same.wav", samples, n, rate);
    assert_int_equal(hash_of(s, VX_GOLDEN_DIR "/speech.flac", PCM, VX_ITEM_AUDIO, flac), VX_OK);
    assert_int_equal(strncmp(flac, "pcm-xxh3:", 9), 0);
    assert_int_equal(hash_of(s, tree_path(s->root, "same.wav"), PCM, VX_ITEM_AUDIO, wav), VX_OK);
    assert_string_equal(wav, flac);
    write_wav(s, "slower.wav", samples, n, rate / 2);
    assert_int_equal(hash_of(s, tree_path(s->root, "slower.wav"), PCM, VX_ITEM_AUDIO, other), VX_OK);
    assert_string_not_equal(other, flac);
    samples[n / 2] += 2.0f / 32768;
    write_wav(s, "other.wav", samples, n, rate);
    assert_int_equal(hash_of(s, tree_path(s->root, "other.wav"), PCM, VX_ITEM_AUDIO, other), VX_OK);
    assert_string_not_equal(other, flac);

    /* beside decoding, at another rate: the same */
    assert_int_equal(vx_content_create(&c, PCM, &err), VX_OK);
    struct vx_source *source = open_it(s, tree_path(s->root, "same.wav"), NULL);
    vx_content_begin(c, source, VX_ITEM_AUDIO);
    assert_int_equal(vx_decoder_open(&dec, source, 11025, &err), VX_OK);
    vx_content_sound(c, dec);
    while (got > 0)
        assert_int_equal(vx_decoder_read(dec, samples, 1000, &got, &err), VX_OK);
    vx_decoder_close(&dec);
    vx_content_end(c, source, true, beside);
    assert_string_equal(beside, flac);
    vx_content_end(c, source, false, beside); /* it broke off */
    assert_string_equal(beside, "");
    vx_content_destroy(&c);

    /* a picture has no samples: its bytes; what is no sound has neither */
    assert_int_equal(hash_of(s, tree_path(s->root, "same.wav"), PCM, VX_ITEM_IMAGE, other), VX_OK);
    assert_int_equal(strncmp(other, "xxh3:", 5), 0);
    tree_text(s->root, "no.wav", "no sound");
    assert_int_equal(hash_of(s, tree_path(s->root, "no.wav"), PCM, VX_ITEM_AUDIO, other), VX_EFORMAT);
    assert_string_equal(other, "");
    assert_int_equal(hash_of(s, tree_path(s->root, "no.wav"), NONE, VX_ITEM_AUDIO, other), VX_OK);
    assert_string_equal(other, "");
    free(samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_members, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_samples, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
