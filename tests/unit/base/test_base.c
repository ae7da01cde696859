/* Unit tests of base/: text, options, buffers, queue, files. */
#include "tests/harness/cmocka.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/names.h"
#include "base/opts.h"
#include "base/queue.h"
#include "base/sha256.h"
#include "base/spawn.h"
#include "base/text.h"
#include "base/wrap.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void test_utf8(void **state)
{
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
        {"", true},           {"plain", true},        {"gr\xC3\xBC\xC3\x9F", true}, {"\xF0\x9F\x8E\xB5", true},
        {"\xC0\x80", false},  {"\xED\xA0\x80", false}, {"a\xFF", false},             {"\xE2\x82", false},
        {"\xF4\x90\x80\x80", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vx_text_utf8(rows[i].text), rows[i].ok);
}

static void test_escape(void **state)
{
    (void)state;
    char *s = vx_text_to_utf8("a\nb\xFF\xC3\xBC");
    assert_string_equal(s, "a\nb\\xFF\xC3\xBC");
    free(s);
    static const struct {
        const char *text, *printable;
    } rows[] = {
        {"", ""},
        {"a\nb\x1b[0m\xFF", "a\\nb\\x1B[0m\\xFF"},
        {"\x7F\t", "\\x7F\\t"},
        {"\xC2\x9B[0m\xC2\xA0", "\\xC2\\x9B[0m\xC2\xA0"}, /* CSI in one character; a space that does not break */
        {"a\xE2\x80\xAEvaw.b", "a\\xE2\\x80\\xAEvaw.b"},   /* right-to-left override */
        {"\xE2\x81\xA6\xE2\x80\xA8", "\\xE2\\x81\\xA6\\xE2\\x80\\xA8"},
        {"\xE2\x80\x94\xE2\x82\xAC\xE8\xAA\x9E", "\xE2\x80\x94\xE2\x82\xAC\xE8\xAA\x9E"}, /* dash, euro sign, a kanji */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        s = vx_text_printable(rows[i].text);
        assert_string_equal(s, rows[i].printable);
        free(s);
    }
}

static void test_units(void **state)
{
    char out[32];
    (void)state;
    assert_string_equal(vx_text_bytes(999, out, sizeof out), "999 B");
    assert_string_equal(vx_text_bytes(1500000, out, sizeof out), "1.5 MB");
    assert_string_equal(vx_text_duration(3.21, out, sizeof out), "3.2 s");
    assert_string_equal(vx_text_duration(250, out, sizeof out), "4 min 10 s");
    assert_string_equal(vx_text_duration(7380, out, sizeof out), "2 h 03 min");
}

static void test_json_string(void **state)
{
    struct vx_buf b = {0};
    (void)state;
    vx_buf_json(&b, "a\"b\\c\nd\x01");
    assert_string_equal(b.data, "\"a\\\"b\\\\c\\nd\\u0001\"");
    vx_buf_free(&b);
    assert_null(b.data);
}

static void test_options(void **state)
{
    bool flag, help;
    const char *text;
    long number;
    double real;
    struct vx_opt_list list;
    int n;
    struct vx_err err;
    const struct vx_opt table[] = {
        {"list", 'l', VX_OPT_LIST, &list, "X", "given again and again", 0, 0},
        {"flag", 'f', VX_OPT_FLAG, &flag, NULL, "a flag", 0, 0},
        {"text", 't', VX_OPT_STRING, &text, "TEXT", "a text", 0, 0},
        {"number", 0, VX_OPT_INT, &number, "N", "a number", 1, 10},
        {"real", 0, VX_OPT_REAL, &real, "X", "a real", 0, 0},
        {0},
    };
    static const struct {
        const char *argv[8];
        enum vx_status rc;
        int operands;
    } rows[] = {
        {{"x", "-f", "a", "--text", "b", "c"}, VX_OK, 2},
        {{"x", "--text=b", "--number=7", "--real", "1.5"}, VX_OK, 0},
        {{"x", "--", "--text"}, VX_OK, 1},
        {{"x", "-"}, VX_OK, 1},
        {{"x", "-tb", "a"}, VX_OK, 1},
        {{"x", "--list", "a", "b", "-lc", "--list=d"}, VX_OK, 1},
        {{"x", "--list"}, VX_EINVAL, 0},
        {{"x", "--nope"}, VX_EINVAL, 0},
        {{"x", "--text"}, VX_EINVAL, 0},
        {{"x", "--flag=1"}, VX_EINVAL, 0},
        {{"x", "--number", "11"}, VX_EINVAL, 0},
        {{"x", "--number", "7x"}, VX_EINVAL, 0},
        {{"x", "--real", ""}, VX_EINVAL, 0},
        {{"x", "--real", "nan"}, VX_EINVAL, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *argv[8];
        int argc = 0;
        for (; argc < 8 && rows[i].argv[argc]; argc++)
            argv[argc] = (char *)(uintptr_t)rows[i].argv[argc];
        flag = false, text = NULL, number = 1, real = 0, list.n = 0;
        assert_int_equal(vx_opts_parse(table, argc, argv, &n, &help, &err), rows[i].rc);
        assert_false(help);
        if (rows[i].rc == VX_OK)
            assert_int_equal(n, rows[i].operands);
        if (list.n > 0) {
            assert_int_equal(list.n, 3);
            assert_string_equal(list.at[0], "a");
            assert_string_equal(list.at[2], "d");
        }
    }
    list.n = VX_OPT_LIST_MAX;
    char *full[] = {(char[]){"x"}, (char[]){"-l1"}};
    assert_int_equal(vx_opts_parse(table, 2, full, &n, &help, &err), VX_EINVAL);
}

static void test_names(void **state)
{
    struct vx_names names = {0};
    char text[16];
    (void)state;
    assert_int_equal(vx_names_find(&names, "a"), VX_NAMES_NONE);
    for (uint32_t round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 1000; i++) {
            snprintf(text, sizeof text, i ? "name %u" : "", i);
            assert_int_equal(vx_names_add(&names, text), i);
            assert_int_equal(vx_names_find(&names, text), i);
        }
        assert_int_equal(names.n, 1000);
    }
    assert_string_equal(names.at[999], "name 999");
    assert_int_equal(vx_names_find(&names, "name 1000"), VX_NAMES_NONE);
    vx_names_free(&names);
    assert_null(names.at);
}

static void *push_many(void *q)
{
    for (uintptr_t i = 1; i <= 1000; i++)
        vx_queue_push(q, (void *)i);
    return NULL;
}

static void test_queue(void **state)
{
    struct vx_queue *q = NULL;
    pthread_t thread[2];
    uintptr_t sum = 0;
    void *item;
    struct vx_err err;
    (void)state;
    assert_int_equal(vx_queue_create(&q, 0, &err), VX_EINVAL);
    assert_int_equal(vx_queue_create(&q, 3, &err), VX_OK);
    assert_false(vx_queue_try_pop(q, &item));
    assert_false(vx_queue_pop_for(q, &item, 0.01));
    for (int i = 0; i < 2; i++)
        pthread_create(&thread[i], NULL, push_many, q);
    for (int i = 0; i < 2000; i++) {
        assert_true(vx_queue_pop(q, &item));
        sum += (uintptr_t)item;
    }
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    assert_int_equal(sum, 2 * 500500);
    assert_true(vx_queue_push(q, &sum));
    vx_queue_close(q);
    assert_false(vx_queue_push(q, &sum));
    assert_true(vx_queue_pop(q, &item));
    assert_false(vx_queue_pop(q, &item));
    vx_queue_destroy(&q);
    assert_null(q);
}

static void test_files(void **state)
{
    char dir[] = "/tmp/vx-base-XXXXXX", hex[VX_SHA256_HEX], *data, *deep, *path;
    size_t len;
    struct vx_err err;
    (void)state;
    assert_non_null(mkdtemp(dir));
    deep = vx_file_join(dir, "a/b");
    assert_int_equal(vx_file_mkdirs(deep, &err), VX_OK);
    assert_int_equal(vx_file_mkdirs(deep, &err), VX_OK);
    assert_int_equal(vx_file_mkdirs("", &err), VX_EINVAL);
    path = vx_file_join(deep, "f");
    assert_int_equal(vx_file_write(path, "abc", 3, &err), VX_OK);
    assert_int_equal(vx_file_read(path, 10, &data, &len, &err), VX_OK);
    assert_int_equal(len, 3);
    assert_string_equal(data, "abc");
    free(data);
    assert_int_equal(vx_file_sync_folder(path, &err), VX_OK);
    assert_int_equal(vx_file_sync_folder("here", &err), VX_OK);
    assert_int_equal(vx_file_sync_folder("/nonexistent/x", &err), VX_ESYS);
    assert_non_null(strstr(err.text, "/nonexistent"));
    assert_int_equal(vx_file_read(path, 2, &data, &len, &err), VX_ELIMIT);
    assert_int_equal(vx_file_read(dir, 2, &data, &len, &err), VX_EINVAL);
    assert_int_equal(vx_file_read("/nonexistent/x", 2, &data, &len, &err), VX_ESYS);
    assert_non_null(strstr(err.text, strerror(ENOENT)));
    /* FIPS 180-2, appendix B.1 */
    assert_int_equal(vx_sha256_file(path, hex, &err), VX_OK);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(vx_file_read(path, 10, &data, &len, &err), VX_EINVAL); /* and does not wait for a writer */
    unlink(path);
    rmdir(deep);
    free(path);
    path = vx_file_join(dir, "a");
    rmdir(path);
    rmdir(dir);
    free(path);
    free(deep);
}

/* What is not in the table stays for another command, in order. */
static void test_options_taken(void **state)
{
    static const struct {
        const char *words[8], *left[8];
        enum vx_status rc;
        long n;
    } rows[] = {
        {{"x"}, {"x"}, VX_OK, 0},
        {{"x", "in", "-o", "out", "--count", "3", "--hop=1"}, {"x", "in", "-o", "out", "--hop=1"}, VX_OK, 3},
        {{"x", "-n4", "-", "--flag", "--", "--count", "5"}, {"x", "-", "--", "--count", "5"}, VX_OK, 4},
        {{"x", "--silence-db", "-60"}, {"x", "--silence-db", "-60"}, VX_OK, 0},
        {{"x", "--count"}, {"x"}, VX_EINVAL, 0},
        {{"x", "--count", "many"}, {"x"}, VX_EINVAL, 0},
        {{"x", "--flag=yes"}, {"x"}, VX_EINVAL, 0},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        long count = 0;
        bool flag = false, help;
        const struct vx_opt table[] = {
            {"count", 'n', VX_OPT_INT, &count, "N", "", 0, 0}, {"flag", 0, VX_OPT_FLAG, &flag, NULL, "", 0, 0}, {0}};
        char text[8][32], *argv[9] = {0};
        struct vx_err err;
        int argc = 0;
        for (; argc < 8 && rows[i].words[argc]; argc++) {
            snprintf(text[argc], sizeof text[argc], "%s", rows[i].words[argc]);
            argv[argc] = text[argc];
        }
        assert_int_equal(vx_opts_take(table, &argc, argv, &help, &err), rows[i].rc);
        if (rows[i].rc != VX_OK)
            continue;
        assert_int_equal(count, rows[i].n);
        for (int k = 0; k < argc; k++)
            assert_string_equal(argv[k], rows[i].left[k]);
        assert_true(!argv[argc] && !rows[i].left[argc]);
    }
}

static void test_spawn(void **state)
{
    static const struct {
        const char *script;
        int status;
        const char *out, *says;
    } rows[] = {
        {"", 0, "", ""},
        {"echo out; echo 'first of err' >&2; echo second >&2; exit 3", 3, "out\n", "first of err"},
        {"echo only; echo out", 0, "only\nout\n", "only"},
        {"cat; kill -9 $$", 137, "", ""}, /* stdin is empty */
        {"exec >&- 2>&-; sleep 0.1; exit 4", 4, "", ""},
        {"sleep 3 & echo parent", 0, "parent\n", "parent"}, /* what it leaves behind is not waited for */
    };
    struct vx_spawned r;
    struct vx_err err;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(vx_spawn((const char *const[]){"sh", "-c", rows[i].script, NULL}, 2.5, &r, &err), VX_OK);
        assert_int_equal(r.status, rows[i].status);
        assert_string_equal(r.out.data, rows[i].out);
        assert_string_equal(vx_spawned_says(&r), rows[i].says);
        vx_spawned_free(&r);
    }
    assert_int_equal(vx_spawn((const char *const[]){"sh", "-c", "seq 100000", NULL}, 20, &r, &err), VX_OK);
    assert_int_equal(r.out.len, 588895);
    vx_spawned_free(&r);
    assert_int_equal(vx_spawn((const char *const[]){"sleep", "5", NULL}, 0.2, &r, &err), VX_ESYS);
    assert_non_null(strstr(err.text, "sleep: no answer in 0.2 s"));
    vx_spawned_free(&r);
    assert_int_equal(vx_spawn((const char *const[]){"no-such-program", NULL}, 1, &r, &err), VX_EUNSUPPORTED);
    vx_spawned_free(&r);
}

static void test_wrap(void **state)
{
    static const struct {
        const char *text;
        size_t column, indent, width;
        const char *lines;
    } rows[] = {
        {"", 0, 0, 10, ""},
        {"one two three", 0, 0, 7, "one two\nthree"},
        {"one two three", 0, 0, 6, "one\ntwo\nthree"},
        {"one two three", 4, 2, 11, "one two\n  three"},
        {"aaaaaaaaaaaa b", 0, 0, 5, "aaaaaaaaaaaa\nb"},
        {"\xc3\xbc\xc3\xbc \xc3\xbc\xc3\xbc", 0, 0, 5, "\xc3\xbc\xc3\xbc \xc3\xbc\xc3\xbc"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *to = open_memstream(&text, &size);
        assert_non_null(to);
        vx_wrap(to, rows[i].text, strlen(rows[i].text), rows[i].column, rows[i].indent, rows[i].width);
        fclose(to);
        assert_string_equal(text, rows[i].lines);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_utf8),    cmocka_unit_test(test_escape), cmocka_unit_test(test_units),
        cmocka_unit_test(test_json_string), cmocka_unit_test(test_options), cmocka_unit_test(test_names), cmocka_unit_test(test_queue),
        cmocka_unit_test(test_files), cmocka_unit_test(test_options_taken), cmocka_unit_test(test_spawn),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
