/* test_doctor.c - doctor's parts: limits of control groups, kinds of file systems, the list of findings */
#include "jobs/cgroup.h"
#include "jobs/filesystem.h"
#include "jobs/findings.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "base/file.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* text into root/path, whose folders are made */
static void put(const char *root, const char *path, const char *text)
{
    char full[512], folder[512];
    struct vx_err err;

    snprintf(full, sizeof full, "%s/%s", root, path);
    snprintf(folder, sizeof folder, "%s", full);
    *strrchr(folder, '/') = '\0';
    assert_int_equal(vx_file_mkdirs(folder, &err), VX_OK);
    assert_int_equal(vx_file_write(full, text, strlen(text), &err), VX_OK);
}

static int remove_one(const char *path, const struct stat *sb, int type, struct FTW *at)
{
    (void)sb, (void)type, (void)at;
    return remove(path);
}

/* Everything in a folder of folder_create(). */
static void clear(const char *root)
{
    assert_int_equal(nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    assert_int_equal(mkdir(root, 0700), 0);
}

static void limits_of_groups(void **state)
{
    static const struct {
        struct {
            const char *path, *text;
        } files[5];
        double memory, processors;
    } rows[] = {
        {{{NULL, NULL}}, 0, 0},
        {{{"proc/self/cgroup", "0::/\n"}, {"sys/fs/cgroup/memory.max", "max\n"}, {"sys/fs/cgroup/cpu.max", "max 100000\n"}}, 0, 0},
        {{{"proc/self/cgroup", "0::/\n"}, {"sys/fs/cgroup/memory.max", "1000000\n"}, {"sys/fs/cgroup/cpu.max", "250000 100000\n"}},
         1e6, 2.5},
        /* the tightest on the way up */
        {{{"proc/self/cgroup", "0::/a/b\n"},
          {"sys/fs/cgroup/a/memory.max", "2000\n"},
          {"sys/fs/cgroup/a/b/memory.max", "3000\n"},
          {"sys/fs/cgroup/a/b/cpu.max", "50000 100000\n"},
          {"sys/fs/cgroup/a/cpu.max", "max 100000\n"}},
         2000, 0.5},
        /* a container sees the host's name of its group, but only its own group's files, at the top */
        {{{"proc/self/cgroup", "0::/docker/1234\n"}, {"sys/fs/cgroup/memory.max", "4096\n"}}, 4096, 0},
        {{{"proc/self/cgroup", "12:devices:/x\n4:memory:/job\n3:cpu,cpuacct:/job\n0::/\n"},
          {"sys/fs/cgroup/memory/job/memory.limit_in_bytes", "5000\n"},
          {"sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_quota_us", "300000\n"},
          {"sys/fs/cgroup/cpu,cpuacct/job/cpu.cfs_period_us", "100000\n"}},
         5000, 3},
        {{{"proc/self/cgroup", "4:memory:/\n3:cpu:/\n"},
          {"sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"},
          {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"},
          {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}},
         0, 0},
        /* nonsense is no limit */
        {{{"proc/self/cgroup", "nonsense\n:\n0::/\n"}, {"sys/fs/cgroup/memory.max", "-5\n"}, {"sys/fs/cgroup/cpu.max", "5 0\n"}}, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *root = folder_create();
        for (size_t k = 0; k < 5 && rows[i].files[k].path; k++)
            put(root, rows[i].files[k].path, rows[i].files[k].text);
        const struct vx_cgroup c = vx_cgroup_read(root);
        assert_true(c.memory == rows[i].memory);
        assert_true(c.processors == rows[i].processors);
        clear(root);
        folder_remove(&root);
    }
}

static void kinds_of_file_systems(void **state)
{
    static const struct {
        uint32_t type;
        const char *name;
        enum vx_storage storage;
    } rows[] = {
        {0xef53, "ext4", VX_STORAGE_LOCAL},      {0x6969, "nfs", VX_STORAGE_NETWORK},         {0x0bd00bd0, "lustre", VX_STORAGE_PARALLEL},
        {0x01021994, "tmpfs", VX_STORAGE_MEMORY}, {0xff534d42, "cifs", VX_STORAGE_NETWORK},    {0x794c7630, "overlay", VX_STORAGE_CONTAINER},
        {0x12, "0x00000012", VX_STORAGE_UNKNOWN},
    };
    char name[24];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(vx_filesystem_kind(rows[i].type, name), rows[i].storage);
        assert_string_equal(name, rows[i].name);
    }
}

static void folders_that_do_not_exist_yet(void **state)
{
    char *root = folder_create();
    struct vx_filesystem fs;
    struct vx_err err;
    char path[512], absolute[4096];
    int locks;

    (void)state;
    assert_non_null(realpath(root, absolute));
    const char *const below[] = {"", "/", "/a", "/a/b/c", "/a//b/"};
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        snprintf(path, sizeof path, "%s%s", root, below[i]);
        assert_int_equal(vx_filesystem_look(&fs, path, &err), VX_OK);
        assert_string_equal(fs.folder, absolute);
        assert_true(fs.size >= fs.room && fs.room >= 0);
        assert_int_equal(vx_filesystem_try(&fs, &locks, &err), VX_OK);
    }
    assert_int_equal(rmdir(root), 0); /* the trials have left nothing */
    assert_int_equal(mkdir(root, 0700), 0);
    put(root, "file", "");
    snprintf(path, sizeof path, "%s/file/in/it", root);
    assert_int_equal(vx_filesystem_look(&fs, path, &err), VX_ESYS);
    snprintf(path, sizeof path, "%s/file", root);
    assert_int_equal(vx_filesystem_look(&fs, path, &err), VX_OK);
    assert_int_equal(vx_filesystem_try(&fs, &locks, &err), VX_ESYS);
    assert_int_equal(locks, 0);
    assert_int_equal(vx_filesystem_look(&fs, "no/such/folder", &err), VX_OK);
    assert_int_equal(vx_filesystem_look(&fs, "/no-such-folder-at-the-top/x", &err), VX_OK);
    assert_string_equal(fs.folder, "/");
    folder_remove(&root);
}

static void a_list_of_findings(void **state)
{
    struct vx_findings f = {0};
    struct vx_buf json = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    (void)state;
    assert_non_null(to);
    assert_int_equal(vx_findings_worst(&f), VX_LEVEL_OK);
    vx_found(&f, "memory", VX_LEVEL_OK, "%d GB", 3);
    vx_found(&f, "output", VX_LEVEL_PROBLEM, "a name with \x1b and \xff and \"");
    vx_found_remedy(&f, "do %s", "this");
    vx_found(&f, "engine", VX_LEVEL_NOTE, "slow");
    assert_int_equal(vx_findings_worst(&f), VX_LEVEL_PROBLEM);
    assert_int_equal(vx_findings_count(&f, VX_LEVEL_NOTE), 1);
    vx_findings_print(&f, to);
    fclose(to);
    assert_string_equal(text, "OK       memory        3 GB\n"
                              "PROBLEM  output        a name with \\x1B and \\xFF and \"\n"
                              "                       -> do this\n"
                              "NOTE     engine        slow\n\n"
                              "A scan would fail: 1 problem, 1 note.\n");
    vx_findings_json(&f, &json);
    assert_string_equal(json.data, "[\n  {\"topic\": \"memory\", \"level\": \"ok\", \"text\": \"3 GB\", \"remedy\": null},\n"
                                   "  {\"topic\": \"output\", \"level\": \"problem\", \"text\": \"a name with \\\\x1B and \\\\xFF and \\\"\", "
                                   "\"remedy\": \"do this\"},\n"
                                   "  {\"topic\": \"engine\", \"level\": \"note\", \"text\": \"slow\", \"remedy\": null}]");
    vx_buf_free(&json);
    free(text);
}

static void long_texts_are_cut_between_letters(void **state)
{
    struct vx_findings f = {0};
    char text[1200];

    (void)state;
    for (size_t i = 0; i + 2 < sizeof text; i += 2)
        memcpy(text + i, "ü", 3);
    for (int shift = 0; shift < 2; shift++) {
        vx_found(&f, "name", VX_LEVEL_OK, "%s%s", shift ? "x" : "", text);
        const size_t len = strlen(f.at[shift].text);
        assert_true(len > 500 && (len - (size_t)shift) % 2 == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_of_groups),
        cmocka_unit_test(kinds_of_file_systems),
        cmocka_unit_test(folders_that_do_not_exist_yet),
        cmocka_unit_test(a_list_of_findings),
        cmocka_unit_test(long_texts_are_cut_between_letters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
