/* Unit tests of archives in archives, of 7z, and of members that are read where they lie. */
#include "tests/harness/cmocka.h"
#include "tests/unit/io/pack.h"
#include "tests/unit/io/tree.h"

#include "base/file.h"
#include "io/member.h"
#include "io/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB (1u << 20)

/* Every kind of archive: what its members cost within another. */
static const struct kind {
    const char *ending, *format, *filter, *options;
    bool plain;    /* members lie in the file as they are */
    bool direct;   /* each can be found at its place */
    bool in_order; /* they are cheap in their order alone */
} kinds[] = {
    {"tar", "pax", NULL, NULL, true, true, false},
    {"tar.gz", "gnutar", "gzip", NULL, false, false, true},
    {"tar.zst", "ustar", "zstd", NULL, false, false, true},
    {"zip", "zip", NULL, "zip:compression=deflate", false, true, false},
    {"zip", "zip", NULL, "zip:compression=store", false, false, false},
    {"7z", "7zip", NULL, "7zip:compression=lzma2", false, false, true},
    {"7z", "7zip", NULL, "7zip:compression=store", false, false, true},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static char *pack_kind(const char *root, const char *stem, const struct kind *k, const struct pack_entry *entries)
{
    char name[64];

    snprintf(name, sizeof name, "%s.%s", stem, k->ending);
    char *path = strdup(tree_path(root, name));
    pack_write(path, k->format, k->filter, k->options, entries, 0);
    return path;
}

/* Reads items in this and that order, each with a reader that has just read another. */
static void read_all(const struct listing *l, const char *const *texts)
{
    struct vx_reader *reader = NULL;
    struct vx_err err;
    char text[1100];

    assert_int_equal(vx_reader_create(&reader, MIB, &err), VX_OK);
    for (size_t step = 1; step <= l->n; step++)
        for (size_t i = 0; i < l->n; i++) {
            const size_t at = step == 1 ? i : l->n - 1 - i * step % l->n;
            const enum vx_status rc = pack_read(reader, &l->items[at], text, sizeof text);
            if (rc != VX_OK)
                fail_msg("item %zu: %s", at, text);
            assert_string_equal(text, texts[at]);
        }
    vx_reader_destroy(&reader);
}

static void test_every_kind_in_every_kind(void **state)
{
    const char *root = *state;

    for (int o = 0; o < KINDS; o++)
        for (int i = 0; i < KINDS; i++) {
            const struct kind *outer = &kinds[o], *inner = &kinds[i];
            char in_name[64], lines[5][128];
            const struct pack_entry inside[] = {{"x.wav", PACK_FILE, "ex"}, {"d/y.flac", PACK_FILE, "why"},
                                                {"doc.txt", PACK_FILE, "text"}, {"e.wav", PACK_FILE, ""}, {NULL, PACK_FILE, NULL}};
            char *in = pack_kind(root, "in", inner, inside);
            snprintf(in_name, sizeof in_name, "sub/in.%s", inner->ending);
            const struct pack_entry entries[] = {{"a.wav", PACK_FILE, "ay"}, {in_name, PACK_COPY, in}, {"z.wav", PACK_FILE, "zed"},
                                                 {NULL, PACK_FILE, NULL}};
            char *out = pack_kind(root, "out", outer, entries);
            static const char *const members[] = {"a.wav", "x.wav", "d/y.flac", "e.wav", "z.wav"};
            const char *expected[5];
            struct listing l;
            for (int k = 0; k < 5; k++) {
                const bool within = k > 0 && k < 4;
                snprintf(lines[k], sizeof lines[k], "audio: out.%s!%s%s%s", outer->ending, within ? in_name : "", within ? "/" : "",
                         members[k]);
                expected[k] = lines[k];
            }
            listing_read(&l, (const char *const *)&out, 1);
            listing_expect(&l, root, expected, 5);
            assert_int_equal(l.stats.skipped, 1);
            for (size_t k = 0; k < l.n; k++) {
                const bool within = k > 0 && k < 4;
                const bool in_order = outer->in_order || (within && (inner->in_order || !outer->plain));
                assert_int_equal(l.items[k].bundle != 0, in_order);
                /* libarchive writes a zip's lengths behind the data: stored ones cannot be read without the directory */
                assert_int_equal(l.items[k].offset >= 0, within ? outer->plain && inner->direct : outer->direct);
                assert_int_equal(l.items[k].ordinal, within ? 1 : k == 0 ? 0 : 2);
            }
            if (l.items[1].bundle) /* one bundle of what is unpacked together */
                assert_true(l.items[1].bundle == l.items[2].bundle && l.items[2].bundle == l.items[3].bundle);
            read_all(&l, (const char *const[]){"ay", "ex", "why", "", "zed"});
            for (size_t k = 0; k < l.n; k++) /* as a manifest names them */
                l.items[k].ordinal = l.items[k].offset = -1;
            read_all(&l, (const char *const[]){"ay", "ex", "why", "", "zed"});
            listing_free(&l);
            unlink(out);
            free(in);
            free(out);
        }
}

static void list_limited(struct listing *l, const char *path, struct vx_corpus_limits limits)
{
    tree_limits = &limits;
    listing_read(l, &path, 1);
    tree_limits = NULL;
}

/* a.wav and the archive below it, five times around each other; two copies of each, as an archive that holds itself would. */
static void test_depth(void **state)
{
    const char *root = *state;
    char *below = pack_kind(root, "l0", &kinds[0], (const struct pack_entry[]){{"a.wav", PACK_FILE, "a"}, {NULL, PACK_FILE, NULL}});

    for (int i = 1; i < 6; i++) {
        char name[16];
        snprintf(name, sizeof name, "l%d", i);
        const struct pack_entry entries[] = {{"a.wav", PACK_FILE, "a"}, {"b.tar", PACK_COPY, below}, {"c.tar", PACK_COPY, below},
                                             {NULL, PACK_FILE, NULL}};
        char *around = pack_kind(root, name, &kinds[i % 2 ? 0 : 3], entries);
        free(below);
        below = around;
    }
    for (int depth = 1; depth <= 7; depth++) {
        struct listing l;
        size_t broken = 0, audio = 0;
        list_limited(&l, below, (struct vx_corpus_limits){.depth = depth, .max_bytes = MIB});
        for (size_t i = 0; i < l.n; i++) {
            const bool is_broken = l.items[i].kind == VX_ITEM_BROKEN;
            broken += is_broken;
            audio += !is_broken;
            if (is_broken)
                assert_non_null(strstr(l.items[i].problem, "--archive-depth"));
        }
        const int opened = depth < 6 ? depth : 6;
        assert_int_equal(audio, (1 << opened) - 1);
        assert_int_equal(broken, depth < 6 ? 1 << depth : 0);
        listing_free(&l);
    }
    free(below);
}

/* What is wrong with an archive within costs that one alone. */
static void test_broken_within(void **state)
{
    const char *root = *state;
    const char *cut = tree_path(root, "cut.tar"), *bomb = tree_path(root, "bomb.tar.zst");
    struct listing l;
    struct vx_err err;
    char *data;
    size_t len;

    pack_write(cut, "ustar", NULL, NULL, (const struct pack_entry[]){{"a.wav", PACK_FILE, "a"}, {"b.wav", PACK_FILE, "b"},
                                                                     {NULL, PACK_FILE, NULL}}, 0);
    assert_int_equal(vx_file_read(cut, MIB, &data, &len, &err), VX_OK);
    tree_write(root, "cut.tar", data, 1200);
    free(data);
    pack_write(bomb, "ustar", "zstd", NULL, (const struct pack_entry[]){{"q.wav", PACK_FILE, "q"}, {NULL, PACK_FILE, NULL}},
               (size_t)1100 << 20);
    tree_text(root, "text", "no archive");
    char *zeros = vx_file_join(root, "zeros");
    tree_write(root, "zeros", "", 0);
    assert_int_equal(truncate(zeros, 3 * MIB), 0);
    const struct pack_entry entries[] = {{"a.wav", PACK_FILE, "a"},  {"cut.tar", PACK_COPY, cut},
                                         {"text.7z", PACK_COPY, tree_path(root, "text")}, {"large.zip", PACK_COPY, zeros},
                                         {"bomb.tar.zst", PACK_COPY, bomb}, {"z.wav", PACK_FILE, "z"}, {NULL, PACK_FILE, NULL}};
    char *out = pack_kind(root, "out", &kinds[3], entries);
    list_limited(&l, out, (struct vx_corpus_limits){.depth = 2, .max_bytes = 2 * MIB});
    listing_expect(&l, root,
                   (const char *const[]){"audio: out.zip!a.wav", "audio: out.zip!cut.tar/a.wav", "broken: out.zip!cut.tar: broken",
                                         "broken: out.zip!text.7z: no archive", "broken: out.zip!large.zip: larger than the 2097152",
                                         "audio: out.zip!bomb.tar.zst/q.wav", "audio: out.zip!bomb.tar.zst/zeros.wav",
                                         "broken: out.zip!bomb.tar.zst: unpacks to more than 2000 times its size",
                                         "broken: out.zip: unpacks to more than 2000 times its size"}, 9);
    listing_free(&l);
    list_limited(&l, out, (struct vx_corpus_limits){.depth = 2, .max_bytes = 2 * MIB, .max_entries = 2});
    listing_expect(&l, root, (const char *const[]){"audio: out.zip!a.wav", "broken: out.zip!cut.tar: more than 2 entries",
                                                   "broken: out.zip: more than 2 entries"}, 3);
    listing_free(&l);
    free(zeros);
    free(out);
}

/* A member of a plain tar needs neither memory nor what lies before it; one that has moved is found by its name. */
static void test_read_where_it_lies(void **state)
{
    const char *root = *state, *path = tree_path(root, "a.tar");
    char long_name[200] = "d/";
    struct vx_reader *reader = NULL;
    struct listing l, again;
    struct vx_err err;
    char *data, text[1100];
    size_t len;

    memset(long_name + 2, 'n', sizeof long_name - 3);
    memcpy(long_name + sizeof long_name - 5, ".wav", 5);
    long_name[110] = '/'; /* ustar has no longer ones */
    const struct pack_entry entries[] = {{"a.wav", PACK_FILE, "ay"}, {long_name, PACK_FILE, "long"}, {"c.wav", PACK_FILE, "sea"},
                                         {NULL, PACK_FILE, NULL}};
    const struct pack_entry moved[] = {{"b.wav", PACK_FILE, "be"}, entries[2], entries[1], {NULL, PACK_FILE, NULL}};
    for (int f = 0; f < 3; f++) {
        pack_write(path, pack_formats[f].format, NULL, NULL, entries, 0);
        listing_read(&l, &path, 1);
        assert_int_equal(l.n, 3);
        assert_int_equal(vx_file_read(path, MIB, &data, &len, &err), VX_OK);
        memset(data, 'x', 512); /* whoever walked would not get past this */
        tree_write(root, "a.tar", data, len);
        free(data);
        assert_int_equal(vx_reader_create(&reader, 0, &err), VX_OK);
        assert_int_equal(pack_read(reader, &l.items[2], text, sizeof text), VX_OK);
        assert_string_equal(text, "sea");
        assert_int_equal(pack_read(reader, &l.items[1], text, sizeof text), VX_OK);
        assert_string_equal(text, "long");
        assert_int_equal(pack_read(reader, &l.items[0], text, sizeof text), VX_EFORMAT);
        pack_write(path, pack_formats[f].format, NULL, NULL, moved, 0);
        for (int i = 1; i < 3; i++) {
            assert_int_equal(pack_read(reader, &l.items[i], text, sizeof text), VX_OK);
            assert_string_equal(text, i == 1 ? "long" : "sea");
        }
        assert_int_equal(pack_read(reader, &l.items[0], text, sizeof text), VX_EFORMAT);
        vx_reader_destroy(&reader);
        listing_read(&again, &path, 1); /* an offset that no header is at */
        again.items[1].offset += 7;
        again.items[2].offset = INT64_MAX;
        read_all(&again, (const char *const[]){"be", "sea", "long"});
        listing_free(&again);
        listing_free(&l);
    }
}

/* A member of a zip needs no directory once it is listed, nor what lies before it. */
static void test_zip_by_its_places(void **state)
{
    enum { N = 20, LEN = 900 };
    const char *root = *state, *path = tree_path(root, "a.zip");
    char names[N][24], texts[N][LEN + 1], text[LEN + 100], *data, *directory;
    struct pack_entry entries[N + 1] = {{NULL, PACK_FILE, NULL}};
    struct vx_reader *reader = NULL;
    struct listing l;
    struct vx_err err;
    size_t len;

    srand(1);
    for (int i = 0; i < N; i++) {
        snprintf(names[i], sizeof names[i], "d/%d.wav", i);
        for (int k = 0; k < LEN; k++)
            texts[i][k] = (char)(1 + rand() % 255);
        texts[i][LEN] = '\0';
        entries[i] = (struct pack_entry){names[i], PACK_FILE, texts[i]};
    }
    entries[N].name = NULL;
    pack_write(path, "zip", NULL, "zip:compression=deflate", entries, 0);
    listing_read(&l, &path, 1);
    assert_int_equal(l.n, N);
    assert_int_equal(vx_file_read(path, MIB, &data, &len, &err), VX_OK);
    assert_non_null(directory = memmem(data, len, "PK\1\2", 4));
    memset(data, 'x', 100); /* of the first one */
    memset(directory, 'x', len - (size_t)(directory - data));
    tree_write(root, "a.zip", data, len);
    free(data);
    assert_int_equal(vx_reader_create(&reader, LEN, &err), VX_OK);
    for (int i = N - 1; i > 0; i--) {
        if (pack_read(reader, &l.items[i], text, sizeof text) != VX_OK)
            fail_msg("%d: %s", i, text);
        assert_string_equal(text, texts[i]);
    }
    assert_int_equal(pack_read(reader, &l.items[0], text, sizeof text), VX_EFORMAT);
    vx_reader_destroy(&reader);
    listing_free(&l);
}

static void test_remarks(void **state)
{
    static const struct {
        const char *name, *part;
    } rows[] = {
        {"a.wav", NULL},      {"a..b/c...wav", NULL}, {"..a/b.wav", NULL},  {"a/..b.wav", NULL},          {"/etc/a.wav", "absolute"},
        {"../a.wav", "\"..\""}, {"a/../b.wav", "\"..\""}, {"a/..", "\"..\""}, {"in.zip/../a.wav", "\"..\""}, {"..", "\"..\""},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const remark = vx_member_remark(rows[i].name);
        assert_int_equal(remark != NULL, rows[i].part != NULL);
        if (remark)
            assert_non_null(strstr(remark, rows[i].part));
    }
}

#define in_tree(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_tree(test_every_kind_in_every_kind), in_tree(test_depth), in_tree(test_broken_within), in_tree(test_read_where_it_lies),
        in_tree(test_zip_by_its_places), cmocka_unit_test(test_remarks),
    };
    return cmocka_run_group_tests_name("archive_nested", tests, NULL, NULL);
}
