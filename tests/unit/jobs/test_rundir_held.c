/* test_rundir_held.c - shards that another process still has locked: what is committed is read from a copy, nothing more
 * The other process is forked before this one opens SQLite, whose locks do not survive a fork. */
#include "base/clock.h"
#include "db/shard.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"
#include "tests/unit/db/fixture.h"
#include "tests/unit/jobs/work_folder.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAME "shard-001-00003.db"

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

/* What another process does with the shard; it says when it is done by a byte, and then stands still. */
enum other { HOLDS, IN_A_TRANSACTION, WRITES_ON, CLOSES, HAS_ENDED };

static void be_another(enum other what, const char *path, int ready)
{
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err;

    if (vx_shard_open(&shard, path, &run, &err) != VX_OK)
        _exit(2);
    fixture_fill(shard, 1, 9, 1, 20);
    if (what == IN_A_TRANSACTION) { /* that has reached the file: its cache is small */
        sqlite3 *db = NULL;
        vx_shard_close(&shard);
        if (sqlite3_open(path, &db) != SQLITE_OK ||
            sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = TRUNCATE; PRAGMA cache_size = 2; BEGIN;"
                             "DELETE FROM items WHERE item < 5; UPDATE windows SET start_ms = start_ms + 1;"
                             "WITH n(i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
                             " INSERT INTO windows SELECT i, 0, 0, 1.0, 2.0, 0, NULL FROM n", NULL, NULL, NULL) != SQLITE_OK)
            _exit(3);
    }
    if (what == HAS_ENDED)
        vx_shard_close(&shard);
    if (write(ready, "x", 1) != 1)
        _exit(4);
    for (int64_t id = 9; what == WRITES_ON; id += 8)
        fixture_fill(shard, id, id + 8, 1, 20);
    if (what == CLOSES) {
        vx_clock_sleep(0.3);
        vx_shard_close(&shard);
    }
    if (what != HAS_ENDED)
        pause();
    _exit(0);
}

static pid_t start(enum other what, const char *path)
{
    int ready[2];
    char byte;

    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(ready[0]);
        be_another(what, path, ready[1]);
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void end(pid_t child)
{
    int status;

    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
}

static void test_freed(void **state)
{
    static const struct {
        const char *what;
        enum other other;
        bool locked;
        double patience_s;
        int64_t freed;
    } rows[] = {
        {"held", HOLDS, true, 0.1, 1},
        {"in a transaction", IN_A_TRANSACTION, true, 0, 1},
        {"closed in time", CLOSES, true, 60, 0},
        {"nobody's", HAS_ENDED, false, 60, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *folder = folder_create();
        char path[4096], held[4096];
        snprintf(path, sizeof path, "%s", folder_path(folder, NAME));
        snprintf(held, sizeof held, "%s", folder_path(folder, NAME ".held"));
        struct vx_err err = {0};
        int64_t n = -1;
        const pid_t child = start(rows[i].other, path);
        struct vx_rundir dir = work_folder_open(folder, 2);
        assert_int_equal(vx_shard_is_locked(path), rows[i].locked);
        if (vx_rundir_free_held(&dir, rows[i].patience_s, &n, &err) != VX_OK)
            fail_msg("%s: %s", rows[i].what, err.text);
        assert_int_equal(n, rows[i].freed);
        assert_false(vx_shard_is_locked(path));
        assert_string_equal(work_folder_items(path), "1 2 3 4 5 6 7 8");
        assert_int_equal(fixture_integer(path, "SELECT count(*) = 160 AND max(start_ms % 2) = 0 FROM windows"), 1);
        assert_int_equal(fixture_integer(path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
        assert_int_equal(access(held, F_OK) == 0, rows[i].freed);
        assert_int_not_equal(access(folder_path(folder, NAME ".copy"), F_OK), 0);
        /* once is enough: the copy is nobody's */
        assert_int_equal(vx_rundir_free_held(&dir, 0, &n, &err), VX_OK);
        assert_int_equal(n, 0);
        end(child);
        assert_string_equal(work_folder_items(path), "1 2 3 4 5 6 7 8");
        vx_rundir_close(&dir);
        folder_remove(&folder);
    }
}

/* One that is being written is refused, and left as it is; or copied where it stands still for long enough between two commits. */
static void test_still_written(void **state)
{
    char path[4096];

    snprintf(path, sizeof path, "%s", folder_path(*state, NAME));
    const pid_t child = start(WRITES_ON, path);
    struct vx_rundir dir = work_folder_open(*state, 2);
    int refused = 0, freed = 0;

    for (int i = 0; i < 5 && !freed; i++) {
        struct vx_err err = {0};
        int64_t n = 0;
        const enum vx_status rc = vx_rundir_free_held(&dir, 0, &n, &err);
        if (rc == VX_OK) {
            freed = n == 1;
            continue;
        }
        if (rc != VX_EDB && rc != VX_EFORMAT)
            fail_msg("%s", err.text);
        assert_non_null(strstr(err.text, NAME));
        assert_int_equal(n, 0);
        refused++;
        assert_int_not_equal(access(folder_path(*state, NAME ".held"), F_OK), 0);
        assert_int_not_equal(access(folder_path(*state, NAME ".copy"), F_OK), 0);
        assert_int_not_equal(access(folder_path(*state, NAME ".copy-journal"), F_OK), 0);
    }
    end(child);
    print_message("refused %d times, then %s\n", refused, freed ? "copied" : "given up");
    struct vx_err err = {0};
    int64_t n;
    assert_int_equal(vx_rundir_free_held(&dir, 0, &n, &err), VX_OK); /* nobody's now */
    assert_int_equal(n, 0);
    assert_int_equal(fixture_integer(path, "SELECT count(*) >= 8 AND count(*) % 8 = 0 AND count(*) = max(item) FROM items"), 1);
    assert_int_equal(fixture_integer(path, "SELECT count(*) = (SELECT 20 * count(*) FROM items) FROM windows"), 1);
    vx_rundir_close(&dir);
    unlink(folder_path(*state, NAME "-journal"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_freed),
        cmocka_unit_test_setup_teardown(test_still_written, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("rundir_held", tests, NULL, NULL);
}
