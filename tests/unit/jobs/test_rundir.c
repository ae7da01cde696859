/* test_rundir.c - a work folder is taken up by the scan it belongs to, and by no other */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "jobs/rundir.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UUID "0123456789abcdef0123456789abcdef"
#define UUID2 "ffffffffffffffffffffffffffffffff"

static int set_up(void **state)
{
    *state = folder_create();
    return 0;
}

static int tear_down(void **state)
{
    folder_remove((char **)state);
    return 0;
}

static struct vx_scan_record record(const char *uuid, const char *fingerprint)
{
    struct vx_scan_record r = {.started = "2026-01-01T00:00:00Z"};

    snprintf(r.uuid, sizeof r.uuid, "%s", uuid);
    snprintf(r.fingerprint, sizeof r.fingerprint, "%s", fingerprint);
    return r;
}

/* Opens work folder `dir` for inputs, given in one text separated by blanks. */
static enum vx_status open_for(struct vx_rundir *dir, const char *path, struct vx_scan_record *r, const char *inputs,
                               struct vx_err *err)
{
    char text[256], *rest = NULL;
    const char *list[16];
    size_t n = 0;

    snprintf(text, sizeof text, "%s", inputs);
    for (char *word = strtok_r(text, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        list[n++] = word;
    return vx_rundir_open(dir, path, r, list, n, false, err);
}

static void assert_refused(const char *path, struct vx_scan_record r, const char *inputs, enum vx_status status,
                           const char *message)
{
    struct vx_rundir dir;
    struct vx_err err = {0};

    assert_int_equal(open_for(&dir, path, &r, inputs, &err), status);
    if (!strstr(err.text, message))
        fail_msg("\"%s\" does not say \"%s\"", err.text, message);
    assert_null(dir.path); /* nothing is left open: */
    vx_rundir_close(&dir);
}

static void assert_opens(const char *path, const char *inputs, bool resumed, int attempt, size_t shards)
{
    struct vx_scan_record r = record(UUID2, "abc");
    struct vx_rundir dir;
    struct vx_err err;

    if (open_for(&dir, path, &r, inputs, &err) != VX_OK)
        fail_msg("%s", err.text);
    assert_int_equal(dir.resumed, resumed);
    assert_string_equal(r.uuid, resumed ? UUID : UUID2);
    assert_int_equal(dir.attempt, attempt);
    assert_int_equal(dir.n_shards, shards);
    vx_rundir_close(&dir);
}

/* A folder begun with inputs "/a b" and two shards. */
static const char *begun(const char *scratch)
{
    struct vx_scan_record r = record(UUID, "abc");
    struct vx_rundir dir;
    struct vx_err err;
    static char path[4096];

    snprintf(path, sizeof path, "%s", folder_path(scratch, "deep/work"));
    assert_int_equal(open_for(&dir, path, &r, "/a b", &err), VX_OK);
    assert_false(dir.resumed);
    assert_int_equal(dir.attempt, 1);
    vx_rundir_close(&dir);
    folder_write(path, "shard-001-00000.db", "", 0);
    folder_write(path, "shard-003-00012.db", "", 0);
    return path;
}

static void end(const char *scratch, const char *path)
{
    struct vx_scan_record r = record(UUID, "abc");
    struct vx_rundir dir;
    struct vx_err err;

    assert_int_equal(open_for(&dir, path, &r, "/a b /c", &err), VX_OK);
    vx_rundir_remove(&dir);
    vx_rundir_close(&dir);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(rmdir(folder_path(scratch, "deep")), 0);
}

static void test_taken_up(void **state)
{
    const char *path = begun(*state);

    assert_opens(path, "/a b", true, 4, 2);
    folder_write(path, "shard-003-00012.db.bak", "", 0); /* no shards: */
    folder_write(path, "shard-x-1.db", "", 0);
    assert_opens(path, "b /a", true, 4, 2);
    assert_opens(path, "b /a b /c", true, 4, 2); /* more inputs: theirs are listed too */
    assert_refused(path, record(UUID, "abc"), "b /a", VX_EINVAL, "of /c too");
    assert_int_equal(unlink(folder_path(path, "shard-003-00012.db.bak")) | unlink(folder_path(path, "shard-x-1.db")), 0);
    end(*state, path);
}

/* Results that nobody says whose they are, after a power cut say, are not mixed with a new scan's. */
static void test_nobodys(void **state)
{
    const char *path = begun(*state);

    assert_int_equal(rename(folder_path(path, "run.txt"), folder_path(path, "run.bak")), 0);
    assert_refused(path, record(UUID2, "abc"), "/a b", VX_EFORMAT, "no run.txt that says of which scan");
    assert_int_equal(unlink(folder_path(path, "shard-001-00000.db")) | unlink(folder_path(path, "shard-003-00012.db")), 0);
    folder_write(path, "items.db", "", 0);
    assert_refused(path, record(UUID2, "abc"), "/a b", VX_EFORMAT, "no run.txt that says of which scan");
    assert_int_equal(rename(folder_path(path, "run.bak"), folder_path(path, "run.txt")), 0);
    assert_opens(path, "/a b", true, 1, 0);
    end(*state, path);
}

static void test_refused(void **state)
{
    static const struct {
        const char *fingerprint, *inputs, *message;
    } rows[] = {
        {"abd", "/a b", "score differently: fingerprint abd"},
        {"abcd", "/a b", "--fresh"},
        {"abc", "/a", "unfinished scan of b too"},
        {"abc", "/a /b", "unfinished scan of b too"},
        {"abc", "b/ /a", "unfinished scan of b too"},
        {"abc", "corpus", "too, which is not among the inputs"},
    };
    const char *path = begun(*state);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_refused(path, record(UUID2, rows[i].fingerprint), rows[i].inputs, VX_EINVAL, rows[i].message);
    assert_opens(path, "/a b", true, 4, 2); /* and none of them has changed it */
    end(*state, path);
}

/* "b" elsewhere is another b. */
static void test_elsewhere(void **state)
{
    const char *path = begun(*state);
    char *here = getcwd(NULL, 0);

    assert_non_null(here);
    assert_int_equal(chdir("/"), 0);
    assert_refused(path, record(UUID, "abc"), "/a b", VX_EINVAL, here);
    assert_int_equal(chdir(here), 0);
    free(here);
    assert_opens(path, "/a b", true, 4, 2);
    end(*state, path);
}

static void test_names_with_everything(void **state)
{
    static const char *const inputs[] = {"two\nlines", "input x", " blank ", "\xff", "", "folder /"}, *const fewer[] = {"two", "lines"};
    struct vx_scan_record r = record(UUID, "abc");
    struct vx_rundir dir;
    struct vx_err err;
    const char *path = folder_path(*state, "work");

    for (int i = 0; i < 2; i++) {
        assert_int_equal(vx_rundir_open(&dir, path, &r, inputs, 6, false, &err), VX_OK);
        assert_int_equal(dir.resumed, i);
        vx_rundir_close(&dir);
    }
    assert_int_equal(vx_rundir_open(&dir, path, &r, fewer, 2, false, &err), VX_EINVAL);
    assert_int_equal(vx_rundir_open(&dir, path, &r, inputs, 6, false, &err), VX_OK);
    vx_rundir_remove(&dir);
    vx_rundir_close(&dir);
}

static void test_broken(void **state)
{
    static const char *const rows[] = {
        "", "\n", "garbage", "voxtrawl run 3\nuuid " UUID "\nstarted x\nfingerprint abc\n", "voxtrawl run 2\nuuid zz\n",
        "voxtrawl run 2\nuuid " UUID "\nstarted x\nfingerprint abc\ninput /a\n",
        "voxtrawl run 2\nuuid " UUID "\nstarted x\nfingerprint abc\nfolder /\nfolder /\n",
        "voxtrawl run 2\nuuid " UUID "\nstarted x\nfingerprint abc\nfolder /\nsomething else\n",
    };
    const char *path = begun(*state);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        folder_write(path, "run.txt", rows[i], strlen(rows[i]));
        assert_refused(path, record(UUID, "abc"), "/a b", VX_EFORMAT, "run.txt: not a run this version wrote");
    }
    assert_int_equal(unlink(folder_path(path, "shard-001-00000.db")) | unlink(folder_path(path, "shard-003-00012.db")) |
                         unlink(folder_path(path, "run.txt")), 0);
    end(*state, path);
}

static void test_locked(void **state)
{
    struct vx_scan_record r = record(UUID, "abc");
    const char *path = begun(*state);
    struct vx_rundir dir;
    struct vx_err err;

    assert_int_equal(open_for(&dir, path, &r, "/a b", &err), VX_OK);
    assert_refused(path, record(UUID, "abc"), "/a b", VX_ESYS, "another scan is working");
    vx_rundir_close(&dir);
    assert_opens(path, "/a b", true, 4, 2);
    end(*state, path);
}

static void test_not_a_folder(void **state)
{
    folder_write(*state, "file", "", 0);
    assert_refused(folder_path(*state, "file"), record(UUID, "abc"), "/a", VX_ESYS, "file");
    assert_refused(folder_path(*state, "file/work"), record(UUID, "abc"), "/a", VX_ESYS, "file");
    assert_refused("/proc/work", record(UUID, "abc"), "/a", VX_ESYS, "/proc/work");
}

/* What another host sees must be what rank 0 has made. */
static void test_check(void **state)
{
    const char *path = begun(*state);
    struct vx_err err = {0};

    assert_int_equal(vx_rundir_check(path, UUID, "node7", &err), VX_OK);
    assert_int_equal(vx_rundir_check(path, UUID2, "node7", &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "node7"));
    assert_int_equal(vx_rundir_check(folder_path(*state, "elsewhere"), UUID, "node7", &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "share"));
    end(*state, path);
}

/* What slurm/launch.sh waits for: there while the folder is, gone with it, and no reason for a folder to come back. */
static void test_exit_status(void **state)
{
    const char *path = begun(*state);
    size_t len;
    char *text;

    vx_rundir_leave_status(path, 4);
    vx_rundir_leave_status(path, 130);
    text = folder_read(path, "exit-status", &len);
    assert_string_equal(text, "130\n");
    free(text);
    end(*state, path);
    vx_rundir_leave_status(path, 0);
    assert_int_not_equal(access(path, F_OK), 0);
}

/* Only what is known goes; a folder with something else in it stays, with that. */
static void test_removed(void **state)
{
    struct vx_scan_record r = record(UUID, "abc");
    const char *path = begun(*state);
    struct vx_rundir dir;
    struct vx_err err;

    folder_write(path, "shard-001-00000.db-journal", "", 0);
    folder_write(path, "items.db", "", 0);
    folder_write(path, "notes", "mine", 4);
    assert_int_equal(open_for(&dir, path, &r, "/a b", &err), VX_OK);
    vx_rundir_remove(&dir);
    vx_rundir_close(&dir);
    assert_int_equal(unlink(folder_path(path, "notes")), 0);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(rmdir(folder_path(*state, "deep")), 0);
}

/* Shards, pieces of them, and what killed ranks leave beside; names that only look like it are somebody's. */
static void test_pieces(void **state)
{
    static const char *const ours[] = {
        "shard-001-00000.db", "shard-001-00000-0001.db", "shard-001-00001.db", "shard-004-00002-0012.db", /* shards; the rest is beside: */
        "shard-001-00000.db-journal", "shard-001-00000.db.held", "shard-001-00000.db.copy", "shard-001-00000.db.copy-journal",
        "shard-001-00001.db.tmp.4711", "shard-001-00000-0002.db.tmp.1"};
    static const char *const others[] = {"shard-001-00000-0001-2.db", "shard-001-00000.db.tmp.x", "shard-001-00000.db.tmp.1x",
                                         "shard-001-00000.dbx", "shard-001.db"};
    struct vx_scan_record r = record(UUID, "abc");
    struct vx_rundir dir;
    struct vx_err err;
    char path[4096];

    snprintf(path, sizeof path, "%s", folder_path(*state, "work"));
    assert_int_equal(open_for(&dir, path, &r, "/a b", &err), VX_OK);
    vx_rundir_close(&dir);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        folder_write(path, ours[i], "", 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        folder_write(path, others[i], "", 0);
    assert_int_equal(open_for(&dir, path, &r, "/a b", &err), VX_OK);
    assert_int_equal(dir.n_shards, 4);
    assert_int_equal(dir.attempt, 5);
    assert_int_equal(vx_rundir_ranks(&dir, 1), 2); /* each once */
    assert_int_equal(vx_rundir_ranks(&dir, 2), 0);
    vx_rundir_remove(&dir);
    vx_rundir_close(&dir);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        assert_int_not_equal(access(folder_path(path, ours[i]), F_OK), 0);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(unlink(folder_path(path, others[i])), 0);
    assert_int_equal(rmdir(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_up), cmocka_unit_test(test_nobodys), cmocka_unit_test(test_refused), cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_names_with_everything), cmocka_unit_test(test_broken), cmocka_unit_test(test_locked),
        cmocka_unit_test(test_not_a_folder), cmocka_unit_test(test_check), cmocka_unit_test(test_removed), cmocka_unit_test(test_exit_status),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests_name("rundir", tests, set_up, tear_down);
}
