/* Unit tests of archives: their members listed, and read. */
#include "tests/harness/cmocka.h"
#include "tests/unit/io/pack.h"
#include "tests/unit/io/tree.h"

#include "base/file.h"
#include "io/source.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB (1u << 20)

static void test_members(void **state)
{
    static const struct {
        const char *kind, *name, *text;
        int64_t ordinal;
    } rows[] = {
        {"audio", "d/b.wav", "bee", 1},     {"audio", "a.FLAC", "ay", 3},
        {"broken", "d/link.wav: is a symbolic link", NULL, 4},
        {"image", "p.png", "picture", 5},   {"audio", "/abs.wav", "absolute", 6},
        {"audio", "../up.wav", "", 7},      {"audio", "new\\nline.wav", "line", 8},
        {"audio", "bad\\xFF.wav", "bad", 9}, {"audio", "u\xCC\x88.wav", "umlaut", 10},
        {"broken", "in.tar: no archive", NULL, 12}, {"broken", "d/b.wav (entry 13): has the name of", NULL, 13},
    };
    enum { N = sizeof rows / sizeof *rows };
    static const int orders[][N] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, {10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0}, {4, 4, 0, 8, 0, 3, 1, 2, 2, 10, 5}};
    const char *root = *state;

    for (size_t f = 0; f < PACK_FORMATS; f++) {
        const char *path = pack_as(root, &pack_formats[f], pack_speech);
        char lines[N][80], text[1100];
        const char *expected[N];
        struct vx_reader *reader = NULL;
        struct listing l;
        struct vx_err err;
        for (int i = 0; i < N; i++) {
            snprintf(lines[i], sizeof *lines, "%s: %s!%s", rows[i].kind, pack_formats[f].name, rows[i].name);
            expected[i] = lines[i];
        }
        listing_read(&l, &path, 1);
        listing_expect(&l, root, expected, N);
        assert_int_equal(l.stats.skipped, 2); /* text, fork */
        for (int i = 0; i < N; i++) {
            assert_int_equal(l.items[i].ordinal, rows[i].ordinal);
            if (!rows[i].text)
                continue;
            assert_int_equal(l.items[i].mtime, 1700000000);
            assert_int_equal(l.items[i].size, strlen(rows[i].text));
        }
        assert_int_equal(vx_reader_create(&reader, MIB, &err), VX_OK);
        for (size_t o = 0; o < sizeof orders / sizeof *orders; o++)
            for (int i = 0; i < N; i++) {
                const char *const want = rows[orders[o][i]].text;
                assert_int_equal(pack_read(reader, &l.items[orders[o][i]], text, sizeof text), want ? VX_OK : VX_EINVAL);
                if (want)
                    assert_string_equal(text, want);
            }
        vx_reader_destroy(&reader);
        assert_null(reader);
        listing_free(&l);
    }
}

static void test_links_and_fifos(void **state)
{
    static const struct pack_entry entries[] = {
        {"a.wav", PACK_FILE, "a"}, {"b.wav", PACK_HARDLINK, "a.wav"}, {"c.wav", PACK_FIFO, NULL},
        {NULL, PACK_FILE, NULL},
    };
    const char *root = *state;

    for (size_t f = 0; f < 3; f++) {
        pack_as(root, &pack_formats[f], entries);
        tree_expect(root, pack_formats[f].name, 0, "audio: a.tar!a.wav", "broken: a.tar!b.wav: is a hard link",
                    "broken: a.tar!c.wav: is a device, FIFO or socket", NULL);
    }
}

/* Long names in the three ways tar has for them; the bytes come out whatever the thread's locale is. */
static void test_names_and_locales(void **state)
{
    static const char *const locales[] = {"C", "C.UTF-8"};
    const char *root = *state;
    char name[401] = "d\xC3\xBC/";

    for (size_t i = strlen(name); i + 5 < sizeof name; i++)
        name[i] = i % 90 == 0 ? '/' : 'n';
    memcpy(name + sizeof name - 5, ".wav", 5);
    const struct pack_entry entries[] = {
        {name, PACK_FILE, "long"}, {"u\xCC\x88.wav", PACK_FILE, "nfd"}, {"\xC3\xBC.wav", PACK_FILE, "nfc"},
        {"bad\xFF.wav", PACK_FILE, "bad"}, {NULL, PACK_FILE, NULL},
    };
    for (int writer = 0; writer < 2; writer++)
        for (int reader = 0; reader < 2; reader++)
            for (int gnu = 0; gnu < 2; gnu++) {
                const locale_t w = newlocale(LC_CTYPE_MASK, locales[writer], (locale_t)0);
                const locale_t r = newlocale(LC_CTYPE_MASK, locales[reader], (locale_t)0);
                const locale_t before = uselocale(w);
                const char *path = tree_path(root, "a.tar");
                struct listing l;
                pack_write(path, gnu ? "gnutar" : "pax", NULL, NULL, entries, 0);
                uselocale(r);
                listing_read(&l, &path, 1);
                assert_ptr_equal(uselocale(before), r); /* the caller's is as it was */
                assert_int_equal(l.n, 4);
                for (size_t i = 0; i < l.n; i++)
                    assert_string_equal(l.items[i].member, entries[i].name);
                listing_free(&l);
                freelocale(w);
                freelocale(r);
            }
}

/* A zip whose names are marked as UTF-8, whatever they are. */
static const char *pack_utf8_zip(const char *root, const struct pack_entry *entries)
{
    const char *path = tree_path(root, "u.zip");
    struct vx_err err;
    char *data;
    size_t len;

    pack_write(path, "zip", NULL, NULL, entries, 0);
    assert_int_equal(vx_file_read(path, MIB, &data, &len, &err), VX_OK);
    for (size_t i = 0; i + 10 < len; i++) { /* bit 11 of the flags, in the local and the central headers */
        if (memcmp(data + i, "PK\3\4", 4) == 0)
            data[i + 7] |= 8;
        if (memcmp(data + i, "PK\1\2", 4) == 0)
            data[i + 9] |= 8;
    }
    tree_write(root, "u.zip", data, len);
    free(data);
    return path;
}

static void test_zip_utf8_names(void **state)
{
    static const struct pack_entry entries[] = {
        {"\xC3\xBC.wav", PACK_FILE, "nfc"}, {"\xFF.wav", PACK_FILE, "bad"}, {"plain.wav", PACK_FILE, "plain"},
        {NULL, PACK_FILE, NULL},
    };
    const char *root = *state;
    struct vx_reader *reader = NULL;
    struct listing l;
    struct vx_err err;
    char text[1100];
    const char *path = pack_utf8_zip(root, entries);

    listing_read(&l, &path, 1);
    listing_expect(&l, root, (const char *const[]){"audio: u.zip!\xC3\xBC.wav", "broken: u.zip!entry 1: marked as UTF-8",
                                                   "audio: u.zip!plain.wav"}, 3);
    assert_int_equal(vx_reader_create(&reader, MIB, &err), VX_OK);
    assert_int_equal(pack_read(reader, &l.items[0], text, sizeof text), VX_OK);
    assert_string_equal(text, "nfc");
    assert_int_equal(pack_read(reader, &l.items[1], text, sizeof text), VX_EINVAL);
    assert_int_equal(pack_read(reader, &l.items[2], text, sizeof text), VX_OK);
    assert_string_equal(text, "plain");
    vx_reader_destroy(&reader);
    listing_free(&l);
}

static void test_encrypted(void **state)
{
    static const struct pack_entry entries[] = {
        {"a.wav", PACK_FILE, "secret sound"}, {"b.txt", PACK_FILE, "x"}, {NULL, PACK_FILE, NULL},
    };
    const char *root = *state;
    struct vx_reader *reader = NULL;
    struct vx_err err;
    char text[1100];

    pack_write(tree_path(root, "e.zip"), "zip", NULL, "zip:encryption=traditional", entries, 0);
    tree_expect(root, "e.zip", 1, "broken: e.zip!a.wav: is encrypted", NULL);
    char path[4096], member[] = "a.wav";
    snprintf(path, sizeof path, "%s/e.zip", root);
    const struct vx_item item = {.path = path, .member = member, .ordinal = -1};
    assert_int_equal(vx_reader_create(&reader, MIB, &err), VX_OK);
    assert_int_equal(pack_read(reader, &item, text, sizeof text), VX_EFORMAT);
    assert_non_null(strstr(text, "e.zip, a.wav: is encrypted"));
    vx_reader_destroy(&reader);
}

static void test_no_archives(void **state)
{
    const char *root = *state;
    char zeros[10240] = {0};

    tree_text(root, "text.tar", "this is a text\n");
    tree_text(root, "text.zip", "PK, but a text\n");
    tree_text(root, "text.tar.gz", "\x1f\x8b but a text");
    tree_text(root, "empty.tar", "");
    tree_write(root, "none.tar", zeros, sizeof zeros); /* a tar of nothing */
    tree_text(root, "d.tgz/a.wav", "");
    tree_expect(root, "", 0, "audio: d.tgz/a.wav", "broken: empty.tar: no archive", "broken: text.tar: no archive",
                "broken: text.tar.gz: no archive", "broken: text.zip: no archive", NULL);
    tree_expect(root, "text.tar", 0, "broken: text.tar: Unrecognized archive format", NULL);
}

/* Archives among files, in a folder and in a manifest. */
static void test_in_folders_and_manifests(void **state)
{
    static const struct pack_entry entries[] = {
        {"x.wav", PACK_FILE, "ex"}, {"y.txt", PACK_FILE, ""}, {"z.wav", PACK_FILE, "zed"}, {NULL, PACK_FILE, NULL},
    };
    const char *root = *state, *input = tree_path(root, "m.csv");
    struct vx_reader *reader = NULL;
    struct listing l;
    struct vx_err err;
    char text[1100];

    pack_as(root, &pack_formats[0], entries);
    tree_text(root, "a.wav", "");
    tree_text(root, "b.tar", "broken");
    tree_text(root, "c.wav", "");
    tree_text(root, "d.txt", "");
    tree_expect(root, "", 2, "audio: a.tar!x.wav", "audio: a.tar!z.wav", "audio: a.wav", "broken: b.tar: no archive",
                "audio: c.wav", NULL);
    tree_text(root, "m.csv", "path,member,label\na.tar,,all\na.tar,z.wav,one\na.tar,x.wav,two\na.tar,w.wav,none\n"
                             "b.tar,,all\na.wav,,file\n");
    listing_read(&l, &input, 1);
    listing_expect(&l, root,
                   (const char *const[]){"audio: a.tar!x.wav", "audio: a.tar!z.wav", "audio: a.tar!z.wav",
                                         "audio: a.tar!x.wav", "audio: a.tar!w.wav", "broken: b.tar: no archive",
                                         "audio: a.wav"}, 7);
    static const char *const labels[] = {"all", "all", "one", "two", "none", "all", "file"};
    static const char *const texts[] = {"ex", "zed", "zed", "ex", NULL, NULL, ""};
    assert_int_equal(vx_reader_create(&reader, MIB, &err), VX_OK);
    for (int i = 0; i < 7; i++) {
        assert_int_equal(l.items[i].n_meta, 1);
        assert_string_equal(l.items[i].meta[1], labels[i]);
        assert_int_equal(pack_read(reader, &l.items[i], text, sizeof text) == VX_OK, texts[i] != NULL);
        if (texts[i])
            assert_string_equal(text, texts[i]);
    }
    assert_int_equal(l.items[2].ordinal, -1);
    assert_int_equal(pack_read(reader, &l.items[4], text, sizeof text), VX_EFORMAT);
    assert_non_null(strstr(text, "/a.tar, w.wav: no member w.wav in the archive"));
    vx_reader_destroy(&reader);
    listing_free(&l);
}

/* What happens to an item when its archive is written anew after the listing. */
static void test_changed(void **state)
{
    static const struct pack_entry before[] = {
        {"a.wav", PACK_FILE, "a"}, {"b.wav", PACK_FILE, "b"}, {"c.wav", PACK_FILE, "c"}, {NULL, PACK_FILE, NULL},
    }, after[] = {
        {"new.txt", PACK_FILE, ""}, {"c.wav", PACK_FILE, "c2"}, {"a.wav", PACK_DIRECTORY, NULL},
        {"b.wav", PACK_FILE, "b2"}, {NULL, PACK_FILE, NULL},
    };
    const char *root = *state;
    struct listing l;
    struct vx_err err;
    char text[1100];

    for (size_t f = 0; f < PACK_FORMATS; f++) {
        const char *path = pack_as(root, &pack_formats[f], before);
        struct vx_reader *reader = NULL;
        listing_read(&l, &path, 1);
        assert_int_equal(vx_reader_create(&reader, MIB, &err), VX_OK);
        unlink(path);
        assert_int_equal(pack_read(reader, &l.items[0], text, sizeof text), VX_ESYS);
        assert_non_null(strstr(text, "No such file"));
        pack_as(root, &pack_formats[f], after);
        assert_int_equal(pack_read(reader, &l.items[1], text, sizeof text), VX_OK);
        assert_string_equal(text, "b2");
        assert_int_equal(pack_read(reader, &l.items[2], text, sizeof text), VX_OK);
        assert_string_equal(text, "c2");
        assert_int_equal(pack_read(reader, &l.items[0], text, sizeof text), VX_EFORMAT);
        assert_non_null(strstr(text, "the archive changed since it was listed"));
        tree_text(root, pack_formats[f].name, "no archive any more");
        assert_int_equal(pack_read(reader, &l.items[1], text, sizeof text), VX_EFORMAT);
        vx_reader_destroy(&reader);
        listing_free(&l);
    }
}

#define in_tree(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_tree(test_members),        in_tree(test_links_and_fifos), in_tree(test_names_and_locales),
        in_tree(test_zip_utf8_names), in_tree(test_encrypted),       in_tree(test_no_archives),
        in_tree(test_in_folders_and_manifests), in_tree(test_changed),
    };
    return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
