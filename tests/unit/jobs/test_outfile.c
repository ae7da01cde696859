/* test_outfile.c - outputs that cannot be are refused beforehand */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "jobs/outfile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char png[] = "\x89PNG\r\n\x1a\nrest";

static int set_up(void **state)
{
    char *dir = folder_create();

    folder_write(dir, "file", "text", 4);
    folder_write(dir, "empty", "", 0);
    folder_write(dir, "short", "\x89PN", 3);
    folder_write(dir, "picture.png", png, sizeof png);
    *state = dir;
    return 0;
}

static int tear_down(void **state)
{
    folder_remove((char **)state);
    return 0;
}

static void expect(enum vx_status rc, const struct vx_err *err, const char *message)
{
    assert_int_equal(rc, message ? VX_EINVAL : VX_OK);
    if (message && !strstr(err->text, message))
        fail_msg("\"%s\" does not say \"%s\"", err->text, message);
}

static void test_is_free(void **state)
{
    static const struct {
        const char *name; /* NULL: the empty path */
        bool overwrite;
        const char *message; /* NULL: fine */
    } rows[] = {
        {"new", false, NULL},      {"new", true, NULL},   {"no/such/folder/new", false, NULL}, {"file", true, NULL},
        {"file", false, "--overwrite"}, {".", false, "is a folder"}, {".", true, "is a folder"},  {NULL, false, "-o takes"},
    };
    struct vx_err err;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *path = rows[i].name ? folder_path(*state, rows[i].name) : "";
        expect(vx_outfile_free(path, rows[i].overwrite, &err), &err, rows[i].message);
    }
    expect(vx_outfile_free("/dev/null", true, &err), &err, "no regular file");
}

static void test_kind(void **state)
{
    static const struct {
        const char *name, *begin, *message;
    } rows[] = {
        {"new", "{", NULL},       {"file", "text", NULL},          {"file", "te", NULL},  {"file", "text that is longer", "is no report"},
        {"file", "{", "is no report"}, {"empty", "{", NULL}, {".", "{", "is a folder"},
    };
    struct vx_err err;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(vx_outfile_kind(folder_path(*state, rows[i].name), true, rows[i].begin, "report", &err), &err, rows[i].message);
    expect(vx_outfile_kind(folder_path(*state, "file"), false, "text", "report", &err), &err, "--overwrite");
}

static void test_picture(void **state)
{
    static const struct {
        const char *out, *input, *message;
    } rows[] = {
        {"new.png", "file", NULL},
        {"picture.png", "file", NULL}, /* drawn again */
        {"picture.png", "nowhere", NULL},
        {"file", "file", "is the input itself"},
        {"./file", "file", "is the input itself"},
        {"picture.png", "picture.png", "is the input itself"},
        {"file", "picture.png", "is no PNG"},
        {"short", "picture.png", "is no PNG"},
        {".", "file", "is a folder"},
    };
    struct vx_err err;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(vx_outfile_picture(folder_path(*state, rows[i].out), folder_path(*state, rows[i].input), &err), &err,
               rows[i].message);
}

static void test_writable(void **state)
{
    const char *dir = *state;
    struct stat sb;
    struct vx_err err;

    assert_int_equal(vx_outfile_writable(folder_path(dir, "new"), &err), VX_OK);
    assert_int_not_equal(stat(folder_path(dir, "new"), &sb), 0);
    assert_int_equal(vx_outfile_writable(folder_path(dir, "a/b/new"), &err), VX_OK);
    assert_int_equal(rmdir(folder_path(dir, "a/b")), 0); /* is there, and empty */
    assert_int_equal(rmdir(folder_path(dir, "a")), 0);
    assert_int_equal(vx_outfile_writable(folder_path(dir, "file"), &err), VX_OK);
    assert_int_equal(stat(folder_path(dir, "file"), &sb), 0);
    assert_int_equal(sb.st_size, 4); /* untouched */
    assert_int_equal(vx_outfile_writable(folder_path(dir, "file/new"), &err), VX_ESYS);
    assert_non_null(strstr(err.text, "file"));
    assert_int_equal(vx_outfile_writable("/proc/new", &err), VX_ESYS);
    assert_non_null(strstr(err.text, "/proc/new"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_is_free), cmocka_unit_test(test_kind),
                                       cmocka_unit_test(test_picture), cmocka_unit_test(test_writable)};

    return cmocka_run_group_tests_name("outfile", tests, set_up, tear_down);
}
