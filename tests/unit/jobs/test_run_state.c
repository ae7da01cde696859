/* test_run_state.c - the state of a run, told from what lies in its work folder; and folders that are none */
#include "jobs/progress_file.h"
#include "jobs/run_state.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"
#include "tests/unit/jobs/work_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* What lies in the folder of 20 items. */
struct row {
    const char *name;
    struct {
        const char *name;
        int first, last; /* items; every third one of them failed */
    } shard[3];
    const char *exit_status; /* the file's text; NULL: none */
    bool locked;             /* a scan holds the lock */
    int heard;               /* seconds ago: the heartbeat; 0: there is none */
    enum vx_run_phase phase;
    int status, attempt, done, failed;
    const char *says;        /* of the printed line "state" */
};

static const struct row rows[] = {
    {"begun", {{0}}, NULL, true, 0, VX_RUN_RUNNING, -1, 0, 0, 0, "state     running, just begun\n"},
    {"running, by its lock", {{"shard-001-00000.db", 1, 3}}, NULL, true, 400, VX_RUN_RUNNING, -1, 2, 11, 1, "state     running\n"},
    {"running, by its heart", {{"shard-001-00000.db", 1, 3}}, NULL, false, 5, VX_RUN_RUNNING, -1, 2, 11, 1, "state     running\n"},
    {"running again after a failure", {{"shard-001-00000.db", 1, 3}}, "1\n", true, 5, VX_RUN_RUNNING, 1, 2, 11, 1, "state     running\n"},
    {"killed", {{"shard-001-00000.db", 1, 7}}, NULL, false, 400, VX_RUN_INTERRUPTED, -1, 2, 7, 2, "state     interrupted: killed"},
    {"killed before its first heartbeat", {{"shard-001-00000.db", 1, 7}}, NULL, false, 0, VX_RUN_INTERRUPTED, -1, 1, 7, 2, "interrupted"},
    {"complete", {{"shard-001-00000.db", 1, 20}}, "0\n", false, 5, VX_RUN_COMPLETE, 0, 2, 20, 6, "state     complete\n"},
    {"complete, some failed", {{"shard-001-00000.db", 1, 20}}, "3\n", false, 5, VX_RUN_COMPLETE, 3, 2, 20, 6, "state     complete\n"},
    {"stopped", {{"shard-001-00000.db", 1, 2}, {"shard-001-00001.db", 5, 5}, {"shard-003-00000.db", 5, 6}}, "4\n", false, 400,
     VX_RUN_STOPPED, 4, 3, 4, 1, "stopped by a signal; the same command goes on"},
    {"in pieces", {{"shard-001-00000.db", 1, 2}, {"shard-001-00000-0001.db", 3, 9}, {"shard-001-00000-0002.db", 10, 10}}, "4\n", false, 0,
     VX_RUN_STOPPED, 4, 1, 10, 3, "stopped"},
    {"failed", {{0}}, "1\n", false, 400, VX_RUN_FAILED, 1, 2, 0, 0, "failed; the same command goes on once the cause is gone"},
    {"ended by a shell", {{0}}, "137\n", false, 0, VX_RUN_FAILED, 137, 0, 0, 0, "failed"},
    {"a status that is none", {{0}}, "well\n", false, 0, VX_RUN_INTERRUPTED, -1, 0, 0, 0, "interrupted"},
    {"items that are not listed", {{"shard-001-00000.db", 18, 25}}, NULL, false, 0, VX_RUN_INTERRUPTED, -1, 1, 3, 1, "interrupted"},
};

static int lay_out(const struct row *row, const char *folder)
{
    int lock = -1;

    work_folder_claim(folder);
    work_folder_list(folder, 20);
    for (size_t i = 0; i < 3 && row->shard[i].name; i++)
        work_folder_shard(folder, row->shard[i].name, row->shard[i].first, row->shard[i].last, true);
    if (row->exit_status)
        folder_write(folder, "exit-status", row->exit_status, strlen(row->exit_status));
    if (row->heard) {
        const struct vx_progress_note note = {
            .updated = time(NULL) - row->heard, .attempt = 2, .pid = 4711, .host = "node7",
            .state = {.progress = {.done = 11, .items = 20, .failed = 1, .before = 5, .listing = true, .windows_per_s = 3.5},
                      .items_per_s = 0.25, .workers = 4, .lost = 1}};
        vx_progress_note_write(folder, &note);
    }
    if (row->locked) {
        lock = open(folder_path(folder, "lock"), O_RDWR | O_CLOEXEC);
        assert_int_equal(flock(lock, LOCK_EX), 0);
    }
    return lock;
}

static char *printed(const struct vx_run_state *s)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    assert_non_null(f);
    vx_run_state_print(s, "W", f);
    fclose(f);
    return text;
}

static void test_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *folder = folder_create(), *text;
        const int lock = lay_out(&rows[i], folder);
        struct vx_run_state s;
        struct vx_buf json = {0};
        struct vx_err err = {0}, note;
        if (vx_run_state_read(&s, folder, &note, &err) != VX_OK)
            fail_msg("%s: %s", rows[i].name, err.text);
        if (s.phase != rows[i].phase || s.exit_status != rows[i].status || s.attempt != rows[i].attempt || s.done != rows[i].done ||
            s.failed != rows[i].failed)
            fail_msg("%s: phase %d, exit status %d, attempt %d, %d done, %d failed", rows[i].name, (int)s.phase, s.exit_status,
                     s.attempt, (int)s.done, (int)s.failed);
        assert_string_equal(note.text, "");
        assert_string_equal(s.started, "2026-01-01T00:00:00Z");
        text = printed(&s);
        if (!strstr(text, rows[i].says) || !strstr(text, "folder    W, begun 2026-01-01T00:00:00Z"))
            fail_msg("%s: prints %s", rows[i].name, text);
        assert_int_equal(strstr(text, "node7") != NULL, rows[i].heard != 0);
        vx_run_state_json(&s, "W", &json);
        assert_non_null(strstr(json.data, "\"folder\": \"W\""));
        assert_int_equal(strstr(json.data, "\"exit_status\"") != NULL, rows[i].status >= 0);
        assert_int_equal(strstr(json.data, "\"ranks_lost\"") != NULL, rows[i].phase == VX_RUN_RUNNING);
        vx_buf_free(&json);
        free(text);
        if (lock >= 0)
            close(lock);
        folder_remove(&folder);
    }
}

/* While it runs the numbers are the heartbeat's: the shards are locked. */
static void test_heartbeat(void **state)
{
    char *folder = folder_create(), *text;
    const int lock = lay_out(&rows[2], folder);
    struct vx_run_state s;
    struct vx_err err = {0}, note;

    (void)state;
    assert_int_equal(vx_run_state_read(&s, folder, &note, &err), VX_OK);
    assert_true(s.listing && s.before == 5 && s.items == 20 && s.ranks == 4 && s.lost == 1 && s.pid == 4711);
    assert_true(s.windows_per_s == 3.5 && s.items_per_s == 0.25 && s.eta_s < 0 && s.heard_s >= 5 && s.heard_s < 60);
    text = printed(&s);
    assert_non_null(strstr(text, "done      11 of 20 items listed so far, 1 failed (5 done before this attempt)\nleft      9\n"));
    assert_non_null(strstr(text, "ranks     4 at work, 1 lost\nspeed     3.5 windows/s, 0.25 items/s\nETA       not known yet\n"));
    free(text);
    assert_int_equal(lock, -1);
    folder_remove(&folder);
}

/* One shard that cannot be read is told, the others count. */
static void test_damaged(void **state)
{
    static const char text[] = "this is no database, though it is long enough for the head of one, which takes a hundred bytes or so";
    char *folder = folder_create();
    struct vx_run_state s;
    struct vx_err err = {0}, note;

    (void)state;
    assert_int_equal(lay_out(&rows[8], folder), -1);
    folder_write(folder, "shard-001-00001.db", text, sizeof text);
    folder_write(folder, "progress.txt", "rubbish", 7);
    assert_int_equal(vx_run_state_read(&s, folder, &note, &err), VX_OK);
    assert_non_null(strstr(note.text, "shard-001-00001.db"));
    assert_int_equal(s.done, 4);
    assert_true(s.heard_s < 0 && s.host[0] == '\0');
    folder_remove(&folder);
}

static void test_refused(void **state)
{
    static const struct {
        const char *run; /* run.txt; NULL: none */
        const char *list; /* items.db */
        enum vx_status status;
        const char *says;
    } bad[] = {
        {NULL, NULL, VX_EINVAL, "is no work folder of a scan"},
        {"", "", VX_EINVAL, "run.txt: not a run this version wrote"},
        {"voxtrawl run 9\n", "", VX_EINVAL, "run.txt: not a run this version wrote"},
        {"voxtrawl run 2\nuuid 0123\nstarted 2026-01-01T00:00:00Z\nfingerprint abc\n",
         "this is no database, though it is long enough for the head of one, which takes a hundred bytes or so", VX_EFORMAT, "items.db"},
    };
    struct vx_run_state s;
    struct vx_err err = {0}, note;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *folder = folder_create();
        if (bad[i].run)
            folder_write(folder, "run.txt", bad[i].run, strlen(bad[i].run));
        if (bad[i].list)
            folder_write(folder, "items.db", bad[i].list, strlen(bad[i].list));
        assert_int_equal(vx_run_state_read(&s, folder, &note, &err), bad[i].status);
        if (!strstr(err.text, bad[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.text, bad[i].says);
        folder_remove(&folder);
    }
    assert_int_equal(vx_run_state_read(&s, "/nowhere/at/all", &note, &err), VX_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_heartbeat),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("run_state", tests, NULL, NULL);
}
