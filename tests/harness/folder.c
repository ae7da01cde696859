#include "tests/harness/folder.h"
#include "tests/harness/cmocka.h"

#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *folder_create(void)
{
    const char *tmp = getenv("TMPDIR");
    char *folder = vx_file_join(tmp && *tmp ? tmp : "/tmp", "vx-test-XXXXXX");

    assert_non_null(folder);
    assert_non_null(mkdtemp(folder));
    return folder;
}

void folder_remove(char **folder)
{
    DIR *dir = opendir(*folder);
    const struct dirent *e;

    assert_non_null(dir);
    while ((e = readdir(dir)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            assert_int_equal(unlink(folder_path(*folder, e->d_name)), 0);
    closedir(dir);
    assert_int_equal(rmdir(*folder), 0);
    free(*folder);
    *folder = NULL;
}

const char *folder_path(const char *folder, const char *name)
{
    static char ring[8][4096];
    static size_t turn;
    char *path = ring[turn++ % 8];

    assert_true(snprintf(path, sizeof *ring, "%s/%s", folder, name) < (int)sizeof *ring);
    return path;
}

/* Not vx_file_write(): a test that writes thousands of files has no use for its fsync. */
void folder_write(const char *folder, const char *name, const void *data, size_t len)
{
    FILE *f = fopen(folder_path(folder, name), "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

char *folder_read(const char *folder, const char *name, size_t *len)
{
    struct vx_err err;
    char *data;

    if (vx_file_read(folder_path(folder, name), SIZE_MAX, &data, len, &err) != VX_OK)
        fail_msg("%s", err.text);
    return data;
}
