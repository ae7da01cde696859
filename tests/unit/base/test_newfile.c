/* test_newfile.c - files that have their names only when they are complete */
#include "base/newfile.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void expect_text(const char *folder, const char *expected)
{
    size_t len;
    char *text = folder_read(folder, "f", &len);

    assert_string_equal(text, expected);
    assert_int_not_equal(access(folder_path(folder, "f.part"), F_OK), 0);
    free(text);
}

static void complete_or_not(void **state)
{
    char *folder = folder_create();
    struct vx_newfile f = {0};
    struct vx_err err;

    (void)state;
    vx_newfile_drop(&f); /* nothing is open */
    folder_write(folder, "f", "old", 3);
    assert_int_equal(vx_newfile_open(&f, folder_path(folder, "f"), &err), VX_OK);
    fputs("new", f.to);
    fflush(f.to);
    assert_int_equal(access(folder_path(folder, "f.part"), F_OK), 0);
    vx_newfile_drop(&f);
    assert_null(f.to);
    expect_text(folder, "old");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vx_newfile_open(&f, folder_path(folder, "f"), &err), VX_OK);
        fputs(i ? "published" : "committed", f.to);
        assert_int_equal(i ? vx_newfile_publish(&f, &err) : vx_newfile_commit(&f, &err), VX_OK);
        assert_null(f.to);
        expect_text(folder, i ? "published" : "committed");
    }
    assert_int_equal(symlink("/dev/full", folder_path(folder, "f.part")), 0);
    assert_int_equal(vx_newfile_open(&f, folder_path(folder, "f"), &err), VX_OK);
    fputs("no room for this", f.to);
    assert_int_equal(vx_newfile_publish(&f, &err), VX_ESYS);
    assert_non_null(strstr(err.text, "f.part: No space left"));
    expect_text(folder, "published");
    assert_int_equal(vx_newfile_open(&f, folder_path(folder, "nowhere/f"), &err), VX_ESYS);
    assert_null(f.to);
    folder_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(complete_or_not)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
