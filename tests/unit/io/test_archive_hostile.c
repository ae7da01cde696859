/* Unit tests of archives that are too large, cut off, damaged or made to do harm. */
#include "tests/harness/cmocka.h"
#include "tests/unit/io/pack.h"
#include "tests/unit/io/tree.h"

#include "base/buf.h"
#include "base/file.h"
#include "io/nameset.h"
#include "io/source.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define MIB (1u << 20)

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
        const bool plain = !pack_formats[f].filter && strcmp(pack_formats[f].format, "zip") != 0; /* read where it lies: no memory */
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

static void put(struct vx_buf *b, uint64_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        vx_buf_add(b, &(char){(char)(v >> (8 * i))}, 1);
}

/* A zip of n members whose headers lie one behind the other, so that the data of each holds all that follow: what they declare
 * adds up to more than any packing could. */
static void write_overlapping(const char *root, int n, uint32_t size)
{
    enum { LOCAL = 30 + 7, CENTRAL = 46 + 7, DATA = 100 };
    struct vx_buf b = {0};

    for (int central = 0; central < 2; central++)
        for (int i = 0; i < n; i++) {
            char name[24];
            snprintf(name, sizeof name, "%03d.wav", i);
            put(&b, central ? 0x02014b50 : 0x04034b50, 4);
            put(&b, 20, central ? 4 : 2); /* versions */
            put(&b, 8 << 16, 8);          /* flags, deflate, time */
            put(&b, 0, 4);                /* CRC */
            put(&b, (uint64_t)(n - 1 - i) * LOCAL + DATA, 4);
            put(&b, size, 4);
            put(&b, 7, 4); /* name, nothing after it */
            if (central)
                put(&b, 0, 2 + 2 + 2);
            if (central)
                put(&b, 0, 4);
            if (central)
                put(&b, (uint64_t)i * LOCAL, 4);
            vx_buf_add(&b, name, 7);
            for (int k = 0; !central && i == n - 1 && k < DATA; k++)
                put(&b, 0, 1);
        }
    put(&b, 0x06054b50, 8);
    put(&b, (uint64_t)n << 16 | (uint64_t)n, 4);
    put(&b, (uint64_t)n * CENTRAL, 4);
    put(&b, (uint64_t)n * LOCAL + DATA, 4);
    put(&b, 0, 2);
    assert_false(b.failed);
    tree_write(root, "o.zip", b.data, b.len);
    vx_buf_free(&b);
}

static void test_overlapping(void **state)
{
    const char *root = *state, *path = tree_path(root, "o.zip");
    struct vx_reader *reader = NULL;
    struct listing l;
    struct vx_err err;
    char text[1100];

    write_overlapping(root, 40, 64 * MIB);
    listing_read(&l, &path, 1);
    assert_int_equal(l.n, 17); /* a gibibyte of them */
    for (size_t i = 0; i < 16; i++)
        assert_int_equal(l.items[i].kind, VX_ITEM_AUDIO);
    assert_non_null(strstr(l.items[16].problem, "unpacks to more than 2000 times its size"));
    assert_int_equal(vx_reader_create(&reader, 64 * MIB, &err), VX_OK);
    assert_int_equal(pack_read(reader, &l.items[3], text, sizeof text), VX_EFORMAT);
    vx_reader_destroy(&reader);
    listing_free(&l);
}

/* Names that end early: what counts is what comes before the NUL. */
static void test_nul_in_name(void **state)
{
    static const struct pack_entry entries[] = {{"a.wavX.txt", PACK_FILE, "a"}, {"b.txtX.wav", PACK_FILE, "b"}, {NULL, PACK_FILE, NULL}};
    const char *root = *state, *path = tree_path(root, "n.zip");
    struct vx_err err;
    char *data, *x;
    size_t len;

    pack_write(path, "zip", NULL, NULL, entries, 0);
    assert_int_equal(vx_file_read(path, MIB, &data, &len, &err), VX_OK);
    while ((x = memchr(data, 'X', len)) != NULL)
        *x = '\0';
    tree_write(root, "n.zip", data, len);
    free(data);
    tree_expect(root, "n.zip", 1, "audio: n.zip!a.wav", NULL);
}

/* "data" at the end of each of so many bytes of which nothing else is there. */
static void write_sparse(const char *path, const int64_t *sizes, int n)
{
    struct archive *a = archive_write_new();

    archive_write_set_format_pax(a);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    for (int i = 0; i < n; i++) {
        struct archive_entry *e = archive_entry_new();
        const int64_t size = sizes[i];
        char name[16];
        snprintf(name, sizeof name, "%d.wav", i);
        archive_entry_copy_pathname(e, name);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_size(e, size);
        archive_entry_sparse_add_entry(e, size - 4, 4);
        assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
        for (int64_t done = 0; done < size; done++)
            assert_int_equal(archive_write_data(a, size - done > 4 ? "" : "data" + (4 - (size - done)), 1), 1);
        archive_entry_free(e);
    }
    archive_write_close(a);
    archive_write_free(a);
}

static void test_sparse(void **state)
{
    static const int64_t sizes[] = {70000, 3 * (int64_t)MIB, 5000, 4};
    const char *root = *state, *path = tree_path(root, "s.tar");
    struct vx_reader *reader = NULL;
    struct vx_source *source;
    struct listing l;
    struct vx_err err;
    char got[8];

    write_sparse(path, sizes, 4);
    listing_read(&l, &path, 1);
    assert_int_equal(l.n, 4);
    assert_int_equal(vx_reader_create(&reader, MIB, &err), VX_OK);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 4; i++) {
            const int64_t size = sizes[i];
            assert_int_equal(l.items[i].size, size);
            if (round == 1)
                l.items[i].offset = l.items[i].ordinal = -1;
            const enum vx_status rc = vx_reader_open(reader, &l.items[i], &source, &err);
            assert_int_equal(rc, size > MIB ? VX_ELIMIT : VX_OK);
            if (rc != VX_OK)
                continue;
            assert_int_equal(vx_source_size(source), size);
            vx_source_seek(source, size > 8 ? size - 8 : 0, SEEK_SET);
            const size_t n = vx_source_read(source, got, 8);
            assert_int_equal(n, size < 8 ? size : 8);
            assert_memory_equal(got + n - 4, "data", 4);
        }
    vx_reader_destroy(&reader);
    listing_free(&l);
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

/* Two tars one after the other are both read; what only fills the file up, or was left in a buffer, is no archive, but more than that is
 * told. */
static void test_joined(void **state)
{
    static const struct pack_entry one[] = {{"a.wav", PACK_FILE, "a"}, {NULL, PACK_FILE, NULL}},
                                   two[] = {{"b.wav", PACK_FILE, "bb"}, {NULL, PACK_FILE, NULL}};
    static const struct {
        size_t zeros; /* between */
        const char *behind; /* NULL: the second */
        size_t n_behind;
        const char *told; /* NULL: nothing */
    } rows[] = {{0, NULL, 0, NULL}, {10240, NULL, 0, NULL}, {512 * 100 + 77, NULL, 0, NULL},
                {10240, "what was left in a buffer", 512, NULL}, {10240, "what was left in a buffer", 10240, NULL},
                {10240, "more than that", 11264, "11264 bytes at its end are no members"}, {100000, "", 0, NULL}};
    static const char *const names[] = {"joined.tar", "joined.tar.gz"};
    const char *root = *state, *first = tree_path(root, "first.tar"), *second = tree_path(root, "second.tar");
    char *tars[2] = {NULL, NULL}, text[16];
    struct vx_reader *reader;
    struct vx_err err;
    size_t len[2];

    pack_write(first, "ustar", NULL, NULL, one, 0);
    pack_write(second, "ustar", NULL, NULL, two, 0);
    assert_int_equal(vx_file_read(first, MIB, &tars[0], &len[0], &err), VX_OK);
    assert_int_equal(vx_file_read(second, MIB, &tars[1], &len[1], &err), VX_OK);
    assert_int_equal(vx_reader_create(&reader, MIB, &err), VX_OK);
    for (size_t i = 0; i < 2 * (sizeof rows / sizeof *rows); i++) {
        const size_t row = i / 2, n = rows[row].behind ? rows[row].n_behind : len[1], all = len[0] + rows[row].zeros + n;
        const char *const path = tree_path(root, names[i % 2]);
        const bool aligned = rows[row].zeros % 512 == 0;
        unsigned char *const bytes = calloc(all, 1);
        struct listing l;
        memcpy(bytes, tars[0], len[0]);
        if (!rows[row].behind)
            memcpy(bytes + len[0] + rows[row].zeros, tars[1], n);
        for (size_t at = 0; rows[row].behind && at < n; at += 512)
            memcpy(bytes + len[0] + rows[row].zeros + at, rows[row].behind, strlen(rows[row].behind));
        if (i % 2 == 0) {
            tree_write(root, names[0], bytes, all);
        } else {
            gzFile gz = gzopen(path, "wb");
            assert_true(gz && gzwrite(gz, bytes, (unsigned)all) == (int)all && gzclose(gz) == Z_OK);
        }
        free(bytes);
        listing_read(&l, &path, 1);
        assert_string_equal(l.items[0].member, "a.wav");
        if (!rows[row].behind && aligned) {
            assert_int_equal(l.n, 2);
            assert_string_equal(l.items[1].member, "b.wav");
            for (int k = 1; k >= 0; k--) { /* and in any order read */
                assert_int_equal(pack_read(reader, &l.items[k], text, sizeof text), VX_OK);
                assert_string_equal(text, k ? "bb" : "a");
            }
        } else if (rows[row].told) {
            assert_int_equal(l.n, 2);
            assert_int_equal(l.items[1].kind, VX_ITEM_BROKEN);
            assert_null(l.items[1].member);
            if (!strstr(l.items[1].problem, rows[row].told))
                fail_msg("row %zu: %s", i, l.items[1].problem);
        } else {
            assert_int_equal(l.n, 1);
        }
        listing_free(&l);
    }
    vx_reader_destroy(&reader);
    free(tars[0]);
    free(tars[1]);
}

/* A tar's header that is damaged, or overwritten with zeros, costs what it stands for, and that is told. */
static void test_damaged_header(void **state)
{
    static const struct pack_entry entries[] = {{"a.wav", PACK_FILE, "a"}, {"b.wav", PACK_FILE, "b"}, {"c.wav", PACK_FILE, "c"},
                                                {NULL, PACK_FILE, NULL}};
    static const char *const names[] = {"damaged.tar", "damaged.tar.gz"};
    const char *const root = *state, *whole = tree_path(root, "whole.tar");
    char *tar = NULL, text[16];
    struct vx_reader *reader;
    struct vx_err err;
    size_t len;

    pack_write(whole, "ustar", NULL, NULL, entries, 0);
    assert_int_equal(vx_file_read(whole, MIB, &tar, &len, &err), VX_OK);
    assert_string_equal(tar + 1024, "b.wav");
    assert_string_equal(tar + 2048, "c.wav");
    assert_int_equal(vx_reader_create(&reader, MIB, &err), VX_OK);
    for (int i = 0; i < 4; i++) {
        const char *const path = tree_path(root, names[i % 2]);
        struct listing l;
        if (i == 2)
            memset(tar + 1024, 0, 512);
        else if (i == 0)
            tar[1024 + 100] ^= 1;
        if (i % 2 == 0) {
            tree_write(root, names[0], tar, len);
        } else {
            gzFile gz = gzopen(path, "wb");
            assert_true(gz && gzwrite(gz, tar, (unsigned)len) == (int)len && gzclose(gz) == Z_OK);
        }
        listing_read(&l, &path, 1);
        assert_int_equal(l.n, 3);
        assert_string_equal(l.items[1].member, "(before entry 1)");
        assert_string_equal(l.items[1].problem, "damaged: bytes that are no member, and may have been one or more");
        for (int k = 0; k < 3; k += 2) {
            assert_string_equal(l.items[k].member, k ? "c.wav" : "a.wav");
            assert_int_equal(pack_read(reader, &l.items[k], text, sizeof text), VX_OK);
            assert_string_equal(text, k ? "c" : "a");
        }
        listing_free(&l);
    }
    vx_reader_destroy(&reader);
    for (int i = 0; i < 2; i++) { /* the last one's */
        struct listing l;
        memcpy(tar + 1024, tar, 512); /* a.wav once more */
        if (i)
            memset(tar + 2048, 0, 512);
        else
            tar[2048 + 100] ^= 1;
        tree_write(root, names[0], tar, len);
        const char *const path = tree_path(root, names[0]);
        listing_read(&l, &path, 1);
        assert_int_equal(l.n, 3);
        assert_int_equal(l.items[2].kind, VX_ITEM_BROKEN);
        assert_null(l.items[2].member);
        assert_non_null(strstr(l.items[2].problem, "bytes at its end are no members"));
        listing_free(&l);
    }
    free(tar);
}

/* Of members of one name the others are told: what is unpacked last would not be what was scanned. */
static void test_same_names(void **state)
{
    static const struct pack_entry entries[] = {
        {"a.wav", PACK_FILE, "a"}, {"b/a.wav", PACK_FILE, "b"}, {"a.txt", PACK_FILE, "t"}, {"a.wav", PACK_FILE, "c"},
        {"a.txt", PACK_FILE, "t"}, {"a.wav", PACK_FILE, "d"}, {NULL, PACK_FILE, NULL},
    };
    const char *const root = *state;
    char expected[5][128];
    const char *lines[5];

    for (int f = 0; f < PACK_FORMATS; f++) {
        const char *const path = pack_as(root, &pack_formats[f], entries), *const name = pack_formats[f].name;
        struct listing l;
        snprintf(expected[0], sizeof expected[0], "audio: %s!a.wav", name);
        snprintf(expected[1], sizeof expected[1], "audio: %s!b/a.wav", name);
        snprintf(expected[2], sizeof expected[2], "broken: %s!a.wav (entry 3): has the name of a member before it", name);
        snprintf(expected[3], sizeof expected[3], "broken: %s!a.wav (entry 5): has the name of a member before it", name);
        for (int i = 0; i < 4; i++)
            lines[i] = expected[i];
        lines[4] = NULL;
        listing_read(&l, &path, 1);
        listing_expect(&l, root, lines, 4);
        listing_free(&l);
    }
}

static void test_nameset(void **state)
{
    struct vx_nameset set = {0};
    char name[32];
    (void)state;

    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 10000; i++) {
            snprintf(name, sizeof name, "%d.wav", i);
            assert_int_equal(vx_nameset_add(&set, name), round == 0);
        }
    assert_int_equal(set.n, 10000);
    vx_nameset_free(&set);
    assert_int_equal(vx_nameset_add(&set, ""), 1);
    assert_int_equal(vx_nameset_add(&set, ""), 0);
    vx_nameset_free(&set);
}

#define in_tree(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_tree(test_limits),    in_tree(test_undeclared_size), in_tree(test_bomb),
        in_tree(test_overlapping), in_tree(test_nul_in_name), in_tree(test_sparse),
        in_tree(test_same_names), cmocka_unit_test(test_nameset), in_tree(test_joined), in_tree(test_damaged_header), in_tree(test_truncated), in_tree(test_wrong_checksum),  in_tree(test_mutations),
    };
    return cmocka_run_group_tests_name("archive_hostile", tests, NULL, NULL);
}
