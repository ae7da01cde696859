/* Unit tests of archives that are too large, cut off, damaged or made to do harm. */
#include "tests/harness/cmocka.h"
#include "tests/unit/io/pack.h"
#include "tests/unit/io/tree.h"

#include "base/file.h"
#include "io/source.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MIB (1u << 20)

static int setup(void **state)
{
    *state = tree_create();
    return 0;
}

static int teardown(void **state)
{
    char *root = *state;

    tree_remove(&root);
    return 0;
}

static void test_limits(void **state)
{
    static const struct pack_entry entries[] = {{"a.wav", PACK_FILE, "12345678"}, {NULL, PACK_FILE, NULL}};
    const char *root = *state;
    struct vx_source *source;
    struct listing l;
    struct vx_err err;
    char text[1100];

    for (size_t f = 0; f < PACK_FORMATS; f++) {
        const char *path = tree_path(root, pack_formats[f].name);
        pack_write(path, pack_formats[f].format, pack_formats[f].filter, pack_formats[f].options, entries, 20 * MIB);
        listing_read(&l, &path, 1);
        assert_int_equal(l.n, 2);
        const struct {
            size_t max;
            enum vx_status small, large;
        } rows[] = {
            {0, VX_ELIMIT, VX_ELIMIT},          {7, VX_ELIMIT, VX_ELIMIT},        {8, VX_OK, VX_ELIMIT},
            {20 * MIB - 1, VX_OK, VX_ELIMIT},   {20 * MIB, VX_OK, VX_OK},         {SIZE_MAX, VX_OK, VX_OK},
        };
        const bool plain = l.items[0].offset >= 0; /* read where it lies: no memory */
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            struct vx_reader *reader = NULL;
            const enum vx_status small = plain ? VX_OK : rows[i].small, large = plain ? VX_OK : rows[i].large;
            assert_int_equal(vx_reader_create(&reader, rows[i].max, &err), VX_OK);
            assert_int_equal(pack_read(reader, &l.items[0], text, sizeof text), small);
            assert_int_equal(vx_reader_open(reader, &l.items[1], &source, &err), large);
            if (large == VX_OK)
                assert_int_equal(vx_source_size(source), 20 * MIB);
            assert_int_equal(pack_read(reader, &l.items[0], text, sizeof text), small);
            vx_reader_destroy(&reader);
        }
        listing_free(&l);
    }
}

/* A zip without its central directory: sizes are known when the data has been read. */
static void test_undeclared_size(void **state)
{
    static const struct pack_entry entries[] = {{"a.wav", PACK_FILE, "a"}, {NULL, PACK_FILE, NULL}};
    static const struct {
        size_t max;
        enum vx_status rc;
    } rows[] = {{20 * MIB - 1, VX_ELIMIT}, {20 * MIB, VX_OK}, {MIB, VX_ELIMIT}, {0, VX_ELIMIT}};
    const char *root = *state, *path = tree_path(root, "a.zip");
    struct vx_source *source;
    struct listing l;
    struct vx_err err;
    char *data, *directory;
    size_t len;

    pack_write(path, "zip", NULL, "zip:compression=deflate", entries, 20 * MIB);
    assert_int_equal(vx_file_read(path, MIB, &data, &len, &err), VX_OK);
    directory = memmem(data, len, "PK\1\2", 4);
    assert_non_null(directory);
    tree_write(root, "a.zip", data, (size_t)(directory - data));
    free(data);
    listing_read(&l, &path, 1);
    listing_expect(&l, root, (const char *const[]){"audio: a.zip!a.wav", "audio: a.zip!zeros.wav", "broken: a.zip: "},
                   3);
    assert_int_equal(l.items[1].size, -1);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_reader *reader = NULL;
        assert_int_equal(vx_reader_create(&reader, rows[i].max, &err), VX_OK);
        assert_int_equal(vx_reader_open(reader, &l.items[1], &source, &err), rows[i].rc);
        if (rows[i].rc == VX_OK)
            assert_int_equal(vx_source_size(source), 20 * MIB);
        vx_reader_destroy(&reader);
    }
    listing_free(&l);
}

/* A few kilobytes that unpack to more than a gigabyte. */
static void test_bomb(void **state)
{
    static const struct pack_entry entries[] = {{"a.wav", PACK_FILE, "a"}, {NULL, PACK_FILE, NULL}};
    const char *root = *state;

    pack_write(tree_path(root, "b.tar.zst"), "pax", "zstd", NULL, entries, 1200u * MIB);
    tree_expect(root, "b.tar.zst", 0, "audio: b.tar.zst!a.wav", "audio: b.tar.zst!zeros.wav",
                "broken: b.tar.zst: unpacks to more than 2000 times its size", NULL);
}

/* Lists and reads everything; each broken piece is an item or an error, and the process lives. */
static void list_and_read(const char *path, const struct pack_entry *entries, size_t *n_read)
{
    static char text[65536];
    struct vx_reader *reader = NULL;
    struct listing l;
    struct vx_err err;

    *n_read = 0;
    listing_read(&l, &path, 1);
    assert_int_equal(vx_reader_create(&reader, sizeof text - 1, &err), VX_OK);
    for (size_t i = 0; i < l.n; i++) {
        const enum vx_status rc = pack_read(reader, &l.items[i], text, sizeof text);
        if (l.items[i].kind == VX_ITEM_BROKEN)
            assert_int_equal(rc, VX_EINVAL);
        else if (rc == VX_OK && entries)
            assert_string_equal(text, entries[(*n_read)++].text);
    }
    vx_reader_destroy(&reader);
    listing_free(&l);
}

/* Three sounds of some kilobytes that do not compress well. */
static void make_sounds(struct pack_entry entries[4], char text[3][9001])
{
    static const char *const names[] = {"a.wav", "b.wav", "c.wav"};
    uint32_t random = 1;

    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 3000 * (i + 1); k++) {
            random = random * 1664525 + 1013904223;
            text[i][k] = (char)('!' + (random >> 25) % 90);
        }
        text[i][3000 * (i + 1)] = '\0';
        entries[i] = (struct pack_entry){names[i], PACK_FILE, text[i]};
    }
    entries[3] = (struct pack_entry){NULL, PACK_FILE, NULL};
}

static void test_truncated(void **state)
{
    const char *root = *state;
    struct pack_entry entries[4];
    static char text[3][9001];
    struct stat sb;

    make_sounds(entries, text);
    for (size_t f = 0; f < PACK_WELL_NAMED; f++) {
        char *path = strdup(pack_as(root, &pack_formats[f], entries));
        size_t n_read, most = 3;
        struct vx_err err;
        char *data;
        size_t len;
        assert_int_equal(vx_file_read(path, MIB, &data, &len, &err), VX_OK);
        assert_int_equal(stat(path, &sb), 0);
        list_and_read(path, entries, &n_read);
        assert_int_equal(n_read, 3);
        for (size_t cut = len - 1; cut > 97; cut -= 97) {
            struct listing l;
            assert_int_equal(truncate(path, (off_t)cut), 0);
            list_and_read(path, entries, &n_read);
            assert_true(n_read <= most); /* what is whole can be read, and is the first */
            most = n_read;
            listing_read(&l, (const char *const *)&path, 1);
            assert_true(l.n > 0 && (n_read == 3 || l.items[l.n - 1].kind == VX_ITEM_BROKEN));
            listing_free(&l);
        }
        free(data);
        free(path);
    }
}

static void test_wrong_checksum(void **state)
{
    const char *root = *state, *path = pack_as(root, &pack_formats[PACK_STORED_ZIP], pack_speech);
    struct vx_reader *reader = NULL;
    struct listing l;
    struct vx_err err;
    char *data, *at, text[1100];
    size_t len;

    assert_int_equal(vx_file_read(path, MIB, &data, &len, &err), VX_OK);
    at = memmem(data, len, "bee", 3);
    assert_non_null(at);
    at[1] = 'E';
    tree_write(root, "a.zip", data, len);
    free(data);
    listing_read(&l, &path, 1);
    assert_int_equal(vx_reader_create(&reader, MIB, &err), VX_OK);
    assert_int_equal(pack_read(reader, &l.items[0], text, sizeof text), VX_EFORMAT);
    assert_non_null(strstr(text, "CRC"));
    assert_int_equal(pack_read(reader, &l.items[1], text, sizeof text), VX_OK);
    assert_string_equal(text, "ay");
    vx_reader_destroy(&reader);
    listing_free(&l);
}

static void test_mutations(void **state)
{
    const char *root = *state, *fixed = getenv("VX_TEST_SEED");
    const unsigned seed = fixed ? (unsigned)strtoul(fixed, NULL, 10) : (unsigned)time(NULL);
    struct vx_err err;
    size_t len, n_read;
    char *data, *copy;

    print_message("seed %u (VX_TEST_SEED)\n", seed);
    srand(seed);
    for (size_t f = 0; f < PACK_WELL_NAMED; f++) {
        char *path = strdup(pack_as(root, &pack_formats[f], pack_speech));
        assert_int_equal(vx_file_read(path, MIB, &data, &len, &err), VX_OK);
        assert_non_null(copy = malloc(len));
        for (int round = 0; round < 60; round++) {
            memcpy(copy, data, len);
            for (int k = rand() % 8; k >= 0; k--)
                copy[(size_t)rand() % len] = (char)rand();
            tree_write(root, pack_formats[f].name, copy, len);
            list_and_read(path, NULL, &n_read);
        }
        free(copy);
        free(data);
        free(path);
    }
}

#define in_tree(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_tree(test_limits),    in_tree(test_undeclared_size), in_tree(test_bomb),
        in_tree(test_truncated), in_tree(test_wrong_checksum),  in_tree(test_mutations),
    };
    return cmocka_run_group_tests_name("archive_hostile", tests, NULL, NULL);
}
