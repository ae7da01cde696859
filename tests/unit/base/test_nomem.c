/* test_nomem.c - the small things everything else is made of, when an allocation fails */
#include "base/buf.h"
#include "base/file.h"
#include "base/item.h"
#include "base/names.h"
#include "base/newfile.h"
#include "base/text.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/each_alloc.h"
#include "tests/harness/folder.h"

#include <stdlib.h>
#include <string.h>

static enum vx_status write_and_read(void *folder, struct vx_err *err)
{
    char *const path = vx_file_join(folder, "small");
    char *text = NULL;
    size_t len;
    enum vx_status rc;

    if (!path)
        return vx_fail_nomem(err, "a path");
    if ((rc = vx_file_write(path, "hello", 5, err)) == VX_OK)
        rc = vx_file_read(path, 100, &text, &len, err);
    free(text);
    free(path);
    return rc;
}

static enum vx_status write_new(void *folder, struct vx_err *err)
{
    struct vx_newfile file = {0};
    enum vx_status rc = vx_newfile_open(&file, folder_path(folder, "new"), err);

    if (rc == VX_OK)
        rc = vx_newfile_commit(&file, err);
    vx_newfile_drop(&file);
    return rc;
}

static enum vx_status name_all(void *folder, struct vx_err *err)
{
    struct vx_names names = {0};
    enum vx_status rc = VX_OK;

    (void)folder;
    for (int i = 0; rc == VX_OK && i < 100; i++) {
        const char name[3] = {(char)('a' + i % 26), (char)('a' + i / 26), 0};
        if (vx_names_add(&names, name) == VX_NAMES_NONE)
            rc = vx_fail_nomem(err, "a name");
    }
    vx_names_free(&names);
    return rc;
}

static enum vx_status copy_item(void *folder, struct vx_err *err)
{
    char path[] = "a.tar", member[] = "b.wav", key[] = "speaker", value[] = "anna", *meta[] = {key, value};
    const struct vx_item item = {.path = path, .member = member, .n_meta = 1, .meta = meta};
    struct vx_item copy;

    (void)folder;
    if (vx_item_copy(&copy, &item) != 0)
        return vx_fail_nomem(err, "an item");
    vx_item_clear(&copy);
    return VX_OK;
}

static enum vx_status texts(void *folder, struct vx_err *err)
{
    char *const utf8 = vx_text_to_utf8("a\xff"), *const line = vx_text_printable("a\nb");
    struct vx_buf b = {0};

    (void)folder;
    for (int i = 0; i < 50; i++)
        vx_buf_fmt(&b, "%0100d", i);
    const bool failed = b.failed || !utf8 || !line;
    vx_buf_free(&b);
    free(utf8);
    free(line);
    return failed ? vx_fail_nomem(err, "texts") : VX_OK;
}

static int setup(void **state)
{
    *state = folder_create();
    return 0;
}

static int teardown(void **state)
{
    folder_remove((char **)state);
    return 0;
}

static void every_allocation(void **state)
{
    static const struct each_alloc rows[] = {
        {"a file", write_and_read, 2, VX_OK}, {"a new file", write_new, 1, VX_OK},
        {"names", name_all, 3, VX_OK},        {"an item", copy_item, 5, VX_OK},    {"texts", texts, 4, VX_OK},
    };

    each_alloc(rows, sizeof rows / sizeof *rows, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(every_allocation, setup, teardown)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
