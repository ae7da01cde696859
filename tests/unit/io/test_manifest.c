/* Unit tests of tables (CSV, TSV, lists) and manifests. */
#include "tests/harness/cmocka.h"
#include "tests/unit/io/tree.h"

#include "base/buf.h"
#include "io/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

/* All rows as one text: cells between [ ], rows on lines with their number, "!" and the message for broken ones. */
static void table_text(const char *path, char delimiter, struct vx_buf *out)
{
    struct vx_table *t = NULL;
    struct vx_row row;
    struct vx_err err;
    enum vx_status rc;
    int64_t before = 0;

    vx_buf_reset(out);
    vx_buf_str(out, "");
    assert_int_equal(vx_table_open(&t, path, delimiter, &err), VX_OK);
    while ((rc = vx_table_next(t, &row, &err)) != VX_DONE) {
        assert_true(row.line >= 1 && row.line >= before);
        before = row.line;
        vx_buf_fmt(out, "%d:", (int)row.line);
        if (rc != VX_OK)
            vx_buf_fmt(out, "!%s", err.text);
        for (size_t i = 0; rc == VX_OK && i < row.n; i++)
            vx_buf_fmt(out, "[%s]", row.cells[i]);
        vx_buf_str(out, "\n");
    }
    assert_int_equal(vx_table_next(t, &row, &err), VX_DONE);
    vx_table_close(&t);
    assert_null(t);
}

#define BEHIND "text behind a closing quote (a quote within quotes is doubled)"
#define OPEN "a quote that is not closed"
#define UTF16 "is UTF-16 text: save it as UTF-8"

static void test_quoting(void **state)
{
    const char *root = *state;
    static const struct {
        char delimiter;
        const char *text, *rows;
    } cases[] = {
        {',', "", ""},
        {',', "\n\n\r\n", ""},
        {',', "a", "1:[a]\n"},
        {',', "a\n", "1:[a]\n"},
        {',', "a\r\nb\r\n", "1:[a]\n2:[b]\n"},
        {',', "a\r", "1:[a]\n"},
        {',', "a\rb,c", "1:[a\rb][c]\n"},
        {',', "a,b,\n,,c\n", "1:[a][b][]\n2:[][][c]\n"},
        {',', "\xEF\xBB\xBF" "a,b", "1:[a][b]\n"},
        {',', "\xEF\xBB", "1:[\xEF\xBB]\n"},
        {',', "\"a,b\",c", "1:[a,b][c]\n"},
        {',', "\"a\"\"b\",\"\"\"\",\"\"\n", "1:[a\"b][\"][]\n"},
        {',', "\"a\nb\r\nc\",d\ne", "1:[a\nb\r\nc][d]\n4:[e]\n"},
        {',', "\"a\"\r\n\"b\"\r", "1:[a]\n2:[b]\n"},
        {',', "a\"b,c\"d\"\n", "1:[a\"b][c\"d\"]\n"},
        {',', "a, \"b\"\n", "1:[a][ \"b\"]\n"},
        {',', "\"a\"b,c\nd\n", "1:!" BEHIND "\n2:[d]\n"},
        {',', "\"a\"\rb\nd\n", "1:!" BEHIND "\n2:[d]\n"},
        {',', "a\n\"b,c\nd\ne", "1:[a]\n2:!" OPEN "\n3:[d]\n4:[e]\n"},
        {',', "\"", "1:!" OPEN "\n"},
        {',', "\"a\n\"\"\nb\n", "1:!" OPEN "\n3:[b]\n"},
        {'\t', "a\tb,c\n\"d\te\"\tf", "1:[a][b,c]\n2:[d\te][f]\n"},
        {0, "a,b\t\"c\n\"\n\r\nd\r\n", "1:[a,b\t\"c]\n2:[\"]\n4:[d]\n"},
        {0, "\xFF\xFE" "a", "1:!" UTF16 "\n"},
        {',', "\xFE\xFF", "1:!" UTF16 "\n"},
    };
    struct vx_buf got = {0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tree_text(root, "t", cases[i].text);
        table_text(tree_path(root, "t"), cases[i].delimiter, &got);
        if (strcmp(got.data, cases[i].rows) != 0)
            fail_msg("\"%s\" gives \"%s\", expected \"%s\"", cases[i].text, got.data, cases[i].rows);
    }
    vx_buf_free(&got);
}

static void test_nul_bytes(void **state)
{
    static const char text[] = "a,b\nc\0d,e\n\"f\0\ng\"\nh\n";
    const char *root = *state;
    struct vx_buf got = {0};

    tree_write(root, "t", text, sizeof text - 1);
    table_text(tree_path(root, "t"), ',', &got);
    assert_string_equal(got.data, "1:[a][b]\n2:!a NUL byte\n3:!a NUL byte\n4:[g\"]\n5:[h]\n");
    vx_buf_free(&got);
}

/* n bytes of fill between begin and end. */
static void add_long(struct vx_buf *b, const char *begin, size_t n, char fill, const char *end)
{
    vx_buf_str(b, begin);
    for (size_t i = 0; i < n; i++)
        vx_buf_add(b, &fill, 1);
    vx_buf_str(b, end);
}

static void test_long_rows(void **state)
{
    const char *root = *state;
    const size_t max = VX_TABLE_MAX_ROW;
    struct vx_buf text = {0}, got = {0};
    struct vx_table *t = NULL;
    struct vx_row row;
    struct vx_err err;

    add_long(&text, "a\n", max, 'x', "\n");               /* 2: just fits */
    add_long(&text, "", max + 1, 'x', "\n");              /* 3: one byte too many */
    add_long(&text, "\"", max - 2, '\n', "\"\nb\n");      /* 4: fits, many lines */
    add_long(&text, "\"c\n", 3 * max, 'd', "\ne\n\"f\n"); /* a quote that never ends, a line too long behind it */
    add_long(&text, "", max, ',', "\ng\n");
    tree_write(root, "t", text.data, text.len);
    assert_int_equal(vx_table_open(&t, tree_path(root, "t"), ',', &err), VX_OK);
    const int64_t many = (int64_t)max - 2;
    const struct {
        enum vx_status rc;
        int64_t line;
        size_t cells, len; /* of the first cell */
        const char *part;
    } rows[] = {
        {VX_OK, 1, 1, 1, NULL},
        {VX_OK, 2, 1, max, NULL},
        {VX_EFORMAT, 3, 0, 0, "longer than 1048576 bytes"},
        {VX_OK, 4, 1, max - 2, NULL},
        {VX_OK, 5 + many, 1, 1, NULL},
        {VX_EFORMAT, 6 + many, 0, 0, "not closed within"},
        {VX_EFORMAT, 7 + many, 0, 0, "longer than"},
        {VX_OK, 8 + many, 1, 1, NULL},
        {VX_EFORMAT, 9 + many, 0, 0, "not closed"},
        {VX_OK, 10 + many, max + 1, 0, NULL},
        {VX_OK, 11 + many, 1, 1, NULL},
        {VX_DONE, 12 + many, 0, 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(vx_table_next(t, &row, &err), rows[i].rc);
        assert_int_equal(row.line, rows[i].line);
        assert_int_equal(row.n, rows[i].cells);
        if (row.n)
            assert_int_equal(strlen(row.cells[0]), rows[i].len);
        if (rows[i].part)
            assert_non_null(strstr(err.text, rows[i].part));
    }
    vx_table_close(&t);
    vx_buf_free(&text);
    vx_buf_free(&got);
}

static void test_manifest_rows(void **state)
{
    const char *root = *state;

    tree_text(root, "a.wav", "");
    tree_text(root, "m/b.wav", "");
    tree_text(root, "m/c.png", "");
    tree_text(root, "m/word", "");
    tree_text(root, "m/comma,\"quote\"\nline.wav", "");
    tree_text(root, "m/list.txt", "");
    tree_text(root, "m/x.tar", "");
    assert_int_equal(mkfifo(tree_path(root, "m/f.wav"), 0666), 0);
    tree_text(root, "m/all.csv",
              "label,path,member\n"
              "1,b.wav\n"
              "2,../a.wav,\n"
              "3,c.png\n"
              "4,word\n"
              "5,\"comma,\"\"quote\"\"\nline.wav\"\n"
              "6,missing.wav\n"
              "7,list.txt\n"
              "8,../m\n"
              "9,f.wav\n"
              "10,\n"
              "11\n"
              "12,b.wav,,\n"
              "13,\"b.wav\"x\n"
              "14,https://example.org/a.wav\n"
              "15,b.wav,in.wav\n"
              "16,x.tar,in.wav\n"
              "17,x.tar,in.jpg\n"
              "18,b.wav\n"
              "19,\"b.wav\n");
    tree_expect(root, "m/all.csv", 0, "audio: m/b.wav", "audio: m/../a.wav", "image: m/c.png", "audio: m/word",
                "audio: m/comma,\"quote\"\\nline.wav", "broken: m/missing.wav: No such file or directory",
                "broken: m/list.txt: is a manifest itself", "broken: m/../m: is a folder",
                "broken: m/f.wav: is a FIFO", "broken: m/all.csv!line 12: line 12: no path",
                "broken: m/all.csv!line 13: line 13: no path",
                "broken: m/all.csv!line 14: line 14: 4 cells where 3 are expected",
                "broken: m/all.csv!line 15: line 15: text behind a closing quote",
                "broken: https://example.org/a.wav: mount it, or copy it here",
                "broken: m/b.wav!in.wav: no archive by its name", "audio: m/x.tar!in.wav", "image: m/x.tar!in.jpg",
                "audio: m/b.wav", "broken: m/all.csv!line 21: line 21: a quote that is not closed", NULL);
}

static void test_headers(void **state)
{
    const char *root = *state;
    static const struct {
        const char *name, *text, *line; /* the one item that is expected; NULL: none */
    } cases[] = {
        {"h.csv", "path\na.wav\n", "audio: a.wav"},
        {"h.csv", "WAV\na.wav\n", "audio: a.wav"},
        {"h.csv", " FileName \na.wav\n", "audio: a.wav"},
        {"h.csv", "a.wav\n", "audio: a.wav"},
        {"h.csv", "\xEF\xBB\xBFpath,x\r\na.wav,1\r\n", "audio: a.wav"},
        {"h.csv", "\n\naudio,x\na.wav\n", "audio: a.wav"},
        {"h.csv", "wav,Path\nnot,a.wav\n", "audio: a.wav"},
        {"h.csv", "wav,audio,file\nnot,not,a.wav\n", "audio: a.wav"},
        {"h.csv", "path,path\na.wav,not\n", "audio: a.wav"},
        {"h.csv", "name,label\na.wav,1\nb.wav,2\n", "broken: h.csv: its header has no column path"},
        {"h.csv", "path\n", NULL},
        {"h.csv", "", NULL},
        {"h.csv", "\"path,x\na.wav,1\n", "broken: h.csv!line 1: line 1: a quote"},
        {"h.csv", "path\na.wav,1\n", "broken: h.csv!line 2: line 2: 2 cells where 1"},
        {"h.csv", "file\tx\na.wav\t1\n", "broken: file\tx"},
        {"h.tsv", "file\tx\na.wav\t1\n", "audio: a.wav"},
        {"h.txt", "path\na.wav\n", "audio: a.wav"},
        {"h.txt", "PATH\r\n\r\na.wav\r\n", "audio: a.wav"},
        {"h.txt", "wav\n", "audio: wav"},
        {"h.txt", "\"x\",y\n", "audio: \"x\",y"},
        {"h.txt", "\xFF\xFEp\0", "broken: h.txt!line 1: line 1: is UTF-16"},
    };

    tree_text(root, "a.wav", "");
    tree_text(root, "wav", "");
    tree_text(root, "\"x\",y", "");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *input = tree_path(root, cases[i].name);
        struct listing l;
        tree_text(root, cases[i].name, cases[i].text);
        listing_read(&l, &input, 1);
        if (strcmp(cases[i].text, "file\tx\na.wav\t1\n") == 0 && strcmp(cases[i].name, "h.csv") == 0)
            assert_int_equal(l.n, 2); /* a TSV by another name: each line is taken for a path */
        else
            listing_expect(&l, root, &cases[i].line, cases[i].line ? 1 : 0);
        listing_free(&l);
    }
}

static void expect_meta(const struct vx_item *item, const char *const *pairs, size_t n)
{
    assert_int_equal(item->n_meta, n);
    for (size_t i = 0; i < 2 * n; i++)
        assert_string_equal(item->meta[i], pairs[i]);
}

static void test_metadata(void **state)
{
    const char *root = *state, *input = tree_path(root, "m.tsv");
    struct listing l;

    tree_text(root, "a.wav", "");
    tree_text(root, "m.tsv", " label \tpath\t\tspeaker\xFF\tmember\tLabel\n"
                             "spoof\ta.wav\tx\tJ\xC3\xBCrgen \xE9\t\t2\n"
                             "\ta.wav\n"
                             "spoof\tmissing.wav\n");
    listing_read(&l, &input, 1);
    assert_int_equal(l.n, 3);
    expect_meta(&l.items[0], (const char *const[]){"label", "spoof", "column_3", "x", "speaker\\xFF",
                                                   "J\xC3\xBCrgen \\xE9", "Label_6", "2"}, 4);
    expect_meta(&l.items[1], NULL, 0);
    assert_int_equal(l.items[2].kind, VX_ITEM_BROKEN);
    expect_meta(&l.items[2], (const char *const[]){"label", "spoof"}, 1);
    listing_free(&l);
}

/* Relative to the working directory, without a folder in its name. */
static void test_bare_name(void **state)
{
    const char *root = *state, *input = "m.txt";
    char *before = getcwd(NULL, 0);
    struct listing l;

    tree_text(root, "sub/a.wav", "");
    tree_text(root, "m.txt", "sub/a.wav\n");
    assert_int_equal(chdir(root), 0);
    listing_read(&l, &input, 1);
    assert_int_equal(chdir(before), 0);
    listing_expect(&l, root, (const char *const[]){"audio: sub/a.wav"}, 1);
    listing_free(&l);
    free(before);
}

static void gzip_text(const char *path, const char *text, size_t len)
{
    gzFile gz = gzopen(path, "wb");

    assert_non_null(gz);
    assert_int_equal(gzwrite(gz, text, (unsigned)len), len);
    assert_int_equal(gzclose(gz), Z_OK);
}

/* A gzipped list of 20,000 rows, cut at many places: whole rows before the break, then one item for the break. */
static void test_gzip(void **state)
{
    enum { ROWS = 20000 };
    const char *root = *state;
    char *input = strdup(tree_path(root, "m.csv.gz")), *sound = strdup(tree_path(root, "a.wav"));
    struct vx_buf text = {0};
    struct listing l;
    struct stat sb;
    uint32_t random = 1;

    tree_text(root, "a.wav", "");
    vx_buf_str(&text, "path,n\n");
    for (int i = 0; i < ROWS; i++) {
        random = random * 1664525 + 1013904223; /* incompressible enough to spread over the file */
        vx_buf_fmt(&text, "a.wav,%u\n", random);
    }
    gzip_text(input, text.data, text.len);
    listing_read(&l, (const char *const *)&input, 1);
    assert_int_equal(l.n, ROWS);
    assert_string_equal(l.items[ROWS - 1].meta[0], "n");
    listing_free(&l);

    assert_int_equal(stat(input, &sb), 0);
    for (off_t size = sb.st_size - 1; size > 0; size = size > sb.st_size - 12 ? size - 1 : size - 9973) {
        gzip_text(input, text.data, text.len);
        assert_int_equal(truncate(input, size), 0);
        listing_read(&l, (const char *const *)&input, 1);
        assert_true(l.n >= 1 && l.n <= ROWS + 1);
        for (size_t i = 0; i + 1 < l.n; i++)
            assert_string_equal(l.items[i].path, sound);
        const struct vx_item *last = &l.items[l.n - 1];
        char line[64];
        assert_int_equal(last->kind, VX_ITEM_BROKEN);
        assert_string_equal(last->path, input);
        if (l.n > 1) {
            snprintf(line, sizeof line, "line %zu: the gzip stream breaks off: unexpected end of file", l.n + 1);
            assert_string_equal(last->problem, line);
        }
        listing_free(&l);
    }
    gzip_text(input, "a.wav\n", 6); /* an empty file and one that is no gzip at all are plain text */
    tree_expect(root, "m.csv.gz", 0, "audio: a.wav", NULL);
    tree_text(root, "m.csv.gz", "a.wav\n");
    tree_expect(root, "m.csv.gz", 0, "audio: a.wav", NULL);
    tree_text(root, "m.csv.gz", "");
    tree_expect(root, "m.csv.gz", 0, NULL);
    vx_buf_free(&text);
    free(input);
    free(sound);
}

/* Whatever bytes a manifest holds: the reading ends, and no row is lost without a word. */
static void test_mutations(void **state)
{
    static const char alphabet[] = "\"\"\",,\t\n\n\r\\a./\xFF";
    static const char text[] = "path,label,\"note\"\na.wav,1,\"x\ny\"\n\"a.wav\",2,\"\"\"\"\nsub/../a.wav,,\r\n";
    const char *root = *state, *const names[] = {"m.csv", "m.tsv", "m.txt", "m.csv.gz"};
    const char *fixed = getenv("VX_TEST_SEED");
    const unsigned seed = fixed ? (unsigned)strtoul(fixed, NULL, 10) : (unsigned)time(NULL);

    print_message("seed %u (VX_TEST_SEED)\n", seed);
    srand(seed);
    tree_text(root, "a.wav", "");
    for (int round = 0; round < 400; round++) {
        const char *input = tree_path(root, names[round % 4]);
        char bytes[sizeof text];
        struct listing l;
        memcpy(bytes, text, sizeof text);
        for (int k = rand() % 6; k >= 0; k--)
            bytes[(size_t)rand() % (sizeof text - 1)] = alphabet[(size_t)rand() % sizeof alphabet];
        const size_t len = (size_t)rand() % sizeof text;
        tree_write(root, names[round % 4], bytes, len);
        listing_read(&l, &input, 1);
        assert_true(l.n <= len);
        for (size_t i = 0; i < l.n; i++)
            assert_non_null(l.items[i].path);
        listing_free(&l);
    }
}

#define in_tree(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_tree(test_quoting),  in_tree(test_nul_bytes), in_tree(test_long_rows), in_tree(test_manifest_rows),
        in_tree(test_headers),  in_tree(test_metadata),  in_tree(test_bare_name), in_tree(test_gzip),
        in_tree(test_mutations),
    };
    return cmocka_run_group_tests_name("manifest", tests, NULL, NULL);
}
