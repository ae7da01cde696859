/* test_shard.c - what a commit keeps: round trip, replay, refusals, full disks, and a killed writer
 * Over 500 lines because each fault is judged by the round trip: the same commits, read back by the same helpers. */
#include "db/schema.h"
#include "db/shard.h"
#include "base/clock.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void commit_one(struct vx_shard *shard, struct vx_item_result *r)
{
    const struct vx_item_result *one = r;
    struct vx_err err = {0};

    if (vx_shard_commit(shard, &one, 1, &err) != VX_OK)
        fail_msg("%s", err.text);
    vx_item_result_clear(r);
}

static void opens_in_stock_sqlite(void **state)
{
    const char *const path = fixture_path(*state, "shard.db");
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    fixture_fill(shard, 1, 201, 1, 3);
    struct vx_item_result silent = fixture_result(201, 0), broken = fixture_result(202, 2);
    fixture_fail(&broken, "breaks off at 4.0 s\xff");
    broken.item.n_meta = 1;
    broken.item.meta = calloc(2, sizeof(char *));
    broken.item.meta[0] = strdup("speaker");
    broken.item.meta[1] = strdup("anna");
    commit_one(shard, &silent);
    commit_one(shard, &broken);
    vx_shard_close(&shard);
    static const struct {
        const char *sql;
        int64_t value;
    } row[] = {
        {"SELECT count(*) FROM items", 202},
        {"SELECT count(*) FROM windows", 602},
        {"SELECT sum(n_windows) FROM items", 602},
        {"SELECT count(*) FROM files WHERE model = 'tiny'", 202},
        {"SELECT count(*) FROM files WHERE name LIKE 'corpus/all.tar/corpus/%'", 28},
        {"SELECT count(*) FROM items WHERE path_raw IS NOT NULL OR member_raw IS NOT NULL", 18},
        {"SELECT count(*) FROM items WHERE path = 'corpus/\\xFF000011.wav' AND path_raw = x'636f727075732fff3030303031312e776176'", 1},
        {"SELECT mtime = '1970-01-01T00:00:05Z' FROM items WHERE item = 5", 1},
        {"SELECT typeof(logit_real) = 'real' AND abs(logit_real + 1.1) < 1e-6 FROM windows WHERE item = 1 AND idx = 0", 1},
        {"SELECT abs(llr - (0.5 * score - 0.25)) < 1e-12 FROM window_scores WHERE item = 1 AND idx = 0", 1},
        {"SELECT calibration_scale = 0.5 AND calibration_offset = -0.25 AND calibrated_on = '200 clips' FROM runs", 1},
        {"SELECT count(*) FROM suspects WHERE mean_fake >= 0.4", 120},
        {"SELECT count(*) FROM errors", 2},
        {"SELECT count(*) FROM items WHERE bandwidth_hz = 4000 AND outside & 4 AND level_dbfs = -20 - item % 10", 66},
        {"SELECT count(*) FROM files WHERE outside LIKE 'bandwidth below%'", 66},
        {"SELECT count(*) FROM files WHERE outside = 'bandwidth below measured, level above measured'", 6},
        {"SELECT count(*) FROM items WHERE status = 'scored' AND outside = 0 AND active_share = 0.5", 134},
        {"SELECT level_dbfs IS NULL AND bandwidth_hz IS NULL AND active_share IS NULL AND outside IS NULL FROM items WHERE item = 201", 1},
        {"SELECT error = 'breaks off at 4.0 s\\xFF' FROM errors WHERE status = 'failed'", 1},
        {"SELECT verdict IS NULL AND n_windows = 2 AND mean_fake > 0 FROM items WHERE item = 202", 1},
        {"SELECT verdict = 'not_scored' AND mean_fake IS NULL FROM items WHERE item = 201", 1},
        {"SELECT count(*) FROM window_scores WHERE score = logit_real - logit_fake AND end_s = start_s + 2", 602},
        {"SELECT count(*) FROM metadata WHERE item = 202 AND key = 'speaker' AND value = 'anna'", 1},
        {"SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'", 1},
        {"SELECT count(*) FROM pragma_foreign_key_check", 0},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++)
        if (fixture_integer(path, row[i].sql) != row[i].value)
            fail_msg("%s: expected %lld", row[i].sql, (long long)row[i].value);
    char command[256];
    snprintf(command, sizeof command, "sqlite3 %s .schema 'select 1 from files' >/dev/null", path);
    if (system("command -v sqlite3 >/dev/null") == 0)
        assert_int_equal(system(command), 0);
    else
        print_message("the sqlite3 shell is not installed: not tried\n");
    snprintf(command, sizeof command, "%s-journal", path);
    assert_int_equal(access(command, F_OK), -1); /* nothing is left beside it */
}

static void untrained_is_said(void **state)
{
    const char *const path = fixture_path(*state, "shard.db");
    struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    run.model_trained = false;
    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    fixture_fill(shard, 1, 101, 1, 1);
    vx_shard_close(&shard);
    static const char *const view[] = {"files", "suspects", "window_scores"};
    for (size_t i = 0; i < sizeof view / sizeof *view; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT count(*) > 0 AND count(*) = sum(model LIKE 'untrained%%') FROM %s", view[i]);
        assert_int_equal(fixture_integer(path, sql), 1);
    }
}

static void replay_replaces(void **state)
{
    const char *const path = fixture_path(*state, "shard.db");
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    fixture_fill(shard, 1, 100, 1, 2);
    vx_shard_close(&shard);
    char *const once = fixture_dump(path);
    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    struct vx_item_result longer = fixture_result(50, 9); /* its windows must go when it is written again */
    commit_one(shard, &longer);
    fixture_fill(shard, 30, 100, 1, 2);
    fixture_fill(shard, 1, 60, 1, 2);
    vx_shard_close(&shard);
    char *const again = fixture_dump(path);
    assert_string_equal(once, again);
    free(once);
    free(again);
}

static void refused_results(void **state)
{
    enum change { NAN_LOGIT, INF_LOGIT, NAN_MEAN, ORDER, REPEATED, NEGATIVE, NO_VERDICT, NO_WINDOW, COUNT, SILENT_FAKE, NO_ID,
                  NO_PATH, BAD_KIND, BAD_STATUS, N_CHANGES };
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    assert_int_equal(vx_shard_open(&shard, fixture_path(*state, "shard.db"), &run, &err), VX_OK);
    for (enum change c = NAN_LOGIT; c < N_CHANGES; c++) {
        struct vx_item_result good = fixture_result(1, 3), r = fixture_result(2, 3);
        const struct vx_item_result *lease[] = {&good, &r};
        switch (c) {
        case NAN_LOGIT:
            r.windows[1].real = NAN;
            break;
        case INF_LOGIT:
            r.windows[2].fake = INFINITY;
            break;
        case NAN_MEAN:
            r.aggregate.mean_fake = NAN;
            break;
        case ORDER:
            r.windows[1].index = 5;
            break;
        case REPEATED:
            r.windows[2].index = 1;
            break;
        case NEGATIVE:
            r.windows[0].index = -1;
            break;
        case NO_VERDICT:
            r.aggregate.verdict = VX_VERDICT_NONE;
            break;
        case NO_WINDOW:
            r.n_windows = 0;
            break;
        case COUNT:
            r.aggregate.n_scored = 2;
            break;
        case SILENT_FAKE:
            r.status = VX_ITEM_NOT_SCORED;
            break;
        case NO_ID:
            r.item.id = 0;
            break;
        case NO_PATH:
            free(r.item.path);
            r.item.path = NULL;
            break;
        case BAD_KIND:
            r.item.kind = (enum vx_item_kind)9;
            break;
        case BAD_STATUS:
            r.status = (enum vx_item_status)9;
            break;
        case N_CHANGES:
            break;
        }
        if (vx_shard_commit(shard, lease, 2, &err) != VX_EINVAL)
            fail_msg("change %d was taken", (int)c);
        assert_non_null(strstr(err.text, "item "));
        vx_item_result_clear(&good);
        vx_item_result_clear(&r);
    }
    /* NaN where nothing was scored is nobody's business: it is not stored */
    struct vx_item_result r = fixture_result(3, 3);
    r.windows[1].flags = VX_WINDOW_SILENT;
    r.windows[1].real = r.windows[1].fake = NAN;
    r.aggregate.n_scored = 2;
    commit_one(shard, &r);
    vx_shard_close(&shard);
    const char *const path = fixture_path(*state, "shard.db");
    assert_int_equal(fixture_integer(path, "SELECT group_concat(item) = '3' FROM items"), 1);
    assert_int_equal(fixture_integer(path, "SELECT sum(logit_real IS NULL) FROM windows"), 1);
}

static void other_runs_are_refused(void **state)
{
    const char *const path = fixture_path(*state, "shard.db"), *const text = fixture_path(*state, "text");
    struct vx_run run = fixture_run(0), other = fixture_run(0), none = {.uuid = "x"};
    struct vx_shard *shard = NULL, *second = NULL;
    struct vx_err err = {0};

    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    assert_int_equal(vx_shard_open(&second, path, &run, &err), VX_EDB); /* one writer */
    assert_non_null(strstr(err.text, "another process"));
    vx_shard_close(&shard);
    other.fingerprint = "beef";
    assert_int_equal(vx_shard_open(&shard, path, &other, &err), VX_EINVAL);
    assert_true(strstr(err.text, "f00d") && strstr(err.text, "beef"));
    other = fixture_run(1);
    assert_int_equal(vx_shard_open(&shard, path, &other, &err), VX_EINVAL);
    assert_true(strstr(err.text, run.uuid) && strstr(err.text, other.uuid));
    assert_int_equal(vx_shard_open(&shard, path, &none, &err), VX_EINVAL);
    fixture_exec(path, "PRAGMA user_version = 99");
    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_EUNSUPPORTED);
    FILE *f = fopen(text, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is no database\n", f);
    fclose(f);
    assert_int_equal(vx_shard_open(&shard, text, &run, &err), VX_EFORMAT);
    assert_int_equal(vx_shard_open(&shard, fixture_path(*state, "no/folder"), &run, &err), VX_EDB);
    assert_null(shard);
}

/* A shard that an older Voxtrawl began is gone on with; what it did not measure is NULL, and so is what is NaN. */
static void older_shards_go_on(void **state)
{
    const char *const path = fixture_path(*state, "shard.db");
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    fixture_fill(shard, 1, 11, 1, 1);
    vx_shard_close(&shard);
    fixture_age(path, 1);
    if (vx_shard_open(&shard, path, &run, &err) != VX_OK)
        fail_msg("%s", err.text);
    fixture_fill(shard, 11, 21, 1, 1);
    struct vx_item_result r = fixture_result(21, 1);
    r.domain.bandwidth_hz = NAN;
    r.domain.compared = false;
    commit_one(shard, &r);
    vx_shard_close(&shard);
    assert_int_equal(fixture_integer(path, "PRAGMA user_version"), VX_SCHEMA_VERSION);
    assert_int_equal(fixture_integer(path, "SELECT calibration_scale = 1 AND calibration_offset = 0 AND calibrated_on IS NULL"
                                           " FROM runs"), 1);
    assert_int_equal(fixture_integer(path, "SELECT count(*) FROM files WHERE level_dbfs IS NULL AND item <= 10"), 10);
    assert_int_equal(fixture_integer(path, "SELECT count(*) FROM files WHERE level_dbfs < 0 AND item > 10"), 11);
    assert_int_equal(fixture_integer(path, "SELECT bandwidth_hz IS NULL AND outside IS NULL AND active_share = 0.5"
                                           " FROM items WHERE item = 21"), 1);
}

static void note_item(void *ctx, int64_t item)
{
    int64_t *const sum = ctx;

    assert_true(item > sum[1]); /* ascending */
    sum[0]++;
    sum[1] = item;
}

static void lists_final_items(void **state)
{
    const char *const path = fixture_path(*state, "shard.db"), *const empty = fixture_path(*state, "empty.db");
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    int64_t seen[2] = {0, 0};
    struct vx_err err = {0};

    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    fixture_fill(shard, 10, 200, 3, 1);
    fixture_fill(shard, 1, 10, 3, 1);
    vx_shard_close(&shard);
    fixture_exec(path, "UPDATE items SET status = 'pending' WHERE item = 13");
    assert_int_equal(vx_shard_items(path, note_item, seen, &err), VX_OK);
    assert_int_equal(seen[0], 66);
    assert_int_equal(seen[1], 199);
    fclose(fopen(empty, "w")); /* what a crash before the first commit leaves */
    seen[0] = seen[1] = 0;
    assert_int_equal(vx_shard_items(empty, note_item, seen, &err), VX_OK);
    assert_int_equal(seen[0], 0);
    assert_int_equal(vx_shard_items(fixture_path(*state, "gone.db"), note_item, seen, &err), VX_EDB);
}

/* Fills a shard until the disk is full; then what was committed must be there, and with room the rest goes in. Runs in
 * a child, because limit() binds the whole process. */
static void fill_up(const char *path, bool (*limit)(bool on))
{
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};
    int64_t committed = 0;
    enum vx_status rc = VX_OK;

    if (!limit(true) || vx_shard_open(&shard, path, &run, &err) != VX_OK)
        _exit(2);
    for (int64_t id = 1; rc == VX_OK && id < 100000; id++) {
        struct vx_item_result r = fixture_result(id, 50);
        const struct vx_item_result *one = &r;
        if ((rc = vx_shard_commit(shard, &one, 1, &err)) == VX_OK)
            committed = id;
        vx_item_result_clear(&r);
    }
    if (rc != VX_EDB || committed < 10 || !strstr(err.text, path))
        _exit(3);
    fprintf(stderr, "full after %lld items: %s\n", (long long)committed, err.text);
    limit(false);
    fixture_fill(shard, committed + 1, committed + 3, 1, 50); /* still usable */
    vx_shard_close(&shard);
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) = %lld AND sum(n_windows) = 50 * %lld FROM items", (long long)committed + 2,
             (long long)committed + 2);
    _exit(fixture_integer(path, sql) == 1 &&
                  fixture_integer(path, "SELECT count(*) = (SELECT sum(n_windows) FROM items) FROM windows") == 1 &&
                  fixture_integer(path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check") == 1
              ? 0
              : 4);
}

static int wait_for(pid_t child)
{
    int status;

    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool limit_file_size(bool on)
{
    struct rlimit r;

    signal(SIGXFSZ, SIG_IGN); /* writing fails with EFBIG instead */
    if (getrlimit(RLIMIT_FSIZE, &r) != 0)
        return false;
    r.rlim_cur = on ? 256 * 1024 : r.rlim_max;
    return setrlimit(RLIMIT_FSIZE, &r) == 0;
}

static void file_size_limit(void **state)
{
    const char *const path = fixture_path(*state, "shard.db");
    const pid_t child = fork();

    if (child == 0)
        fill_up(path, limit_file_size);
    assert_int_equal(wait_for(child), 0);
}

static char small_disk[64];

static bool limit_disk(bool on)
{
    char option[32];

    snprintf(option, sizeof option, "size=%dk", on ? 256 : 4096);
    return mount("none", small_disk, "tmpfs", on ? 0 : MS_REMOUNT, option) == 0;
}

static void disk_full(void **state)
{
    struct fixture *const f = *state;

    strcpy(small_disk, f->dir);
    const char *const path = fixture_path(f, "shard.db");
    const pid_t child = fork();
    if (child == 0) { /* in mounts of its own, which end with it */
        if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
            _exit(77);
        fill_up(path, limit_disk);
    }
    const int rc = wait_for(child);
    if (rc == 77) {
        print_message("SKIP: a small file system of its own needs the right to mount\n");
        skip();
    }
    assert_int_equal(rc, 0);
}

static void read_only(void **state)
{
    const char *const path = fixture_path(*state, "shard.db");
    const pid_t child = fork();

    if (child == 0) { /* root may write anywhere */
        const struct vx_run run = fixture_run(0);
        struct vx_shard *shard = NULL;
        struct vx_err err = {0};
        if (chmod(path, 0444) != 0 && errno != ENOENT)
            _exit(2);
        if (vx_shard_open(&shard, path, &run, &err) != VX_OK)
            _exit(3);
        vx_shard_close(&shard);
        struct fixture *const f = *state;
        if (chmod(path, 0444) != 0 || chmod(f->dir, 0555) != 0 || (getuid() == 0 && setuid(65534) != 0))
            _exit(4);
        if (vx_shard_open(&shard, path, &run, &err) != VX_EDB || shard || !strstr(err.text, "writable"))
            _exit(5);
        _exit(0);
    }
    assert_int_equal(wait_for(child), 0);
    chmod(((struct fixture *)*state)->dir, 0755);
}

#define KILLS 40
#define KILLED_WINDOWS 200 /* an item: a good part of the time goes into writing pages, where a kill hurts most */

/* The child commits leases of 8 until it is killed and says each one that returned. */
static void commit_forever(const char *path, int report)
{
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err;
    int64_t seen[2] = {0, 0}, next;

    if (vx_shard_items(path, note_item, seen, &err) != VX_OK)
        _exit(1);
    next = seen[1] + 1;
    if (vx_shard_open(&shard, path, &run, &err) != VX_OK)
        _exit(2);
    for (;; next += 8) {
        fixture_fill(shard, next, next + 8, 1, KILLED_WINDOWS);
        if (write(report, &next, sizeof next) != sizeof next)
            _exit(3);
    }
}

static void killed_writer(void **state)
{
    const char *const path = fixture_path(*state, "shard.db");
    unsigned seed = (unsigned)(vx_clock_now() * 1e6);
    int64_t lease, reported = 0, total = 0;
    const char *const given = getenv("VX_TEST_SEED");

    if (given)
        seed = (unsigned)strtoul(given, NULL, 10);
    print_message("VX_TEST_SEED=%u\n", seed);
    srandom(seed);
    fclose(fopen(path, "w"));
    for (int round = 0; round < KILLS; round++) {
        int pipe_fd[2];
        assert_int_equal(pipe(pipe_fd), 0);
        const pid_t child = fork();
        if (child == 0) {
            close(pipe_fd[0]);
            commit_forever(path, pipe_fd[1]);
        }
        close(pipe_fd[1]);
        /* now and then while it opens the file, mostly in the middle of its commits */
        if (round % 5 != 0 && read(pipe_fd[0], &lease, sizeof lease) == sizeof lease)
            reported = lease;
        vx_clock_sleep((double)(random() % 8000) * 1e-6);
        kill(child, SIGKILL);
        assert_int_equal(wait_for(child), 128 + SIGKILL);
        while (read(pipe_fd[0], &lease, sizeof lease) == sizeof lease)
            reported = lease;
        close(pipe_fd[0]);
        /* every lease that was reported, whole leases only, at most one that was not reported any more */
        struct vx_err err = {0};
        int64_t seen[2] = {0, 0};
        assert_int_equal(vx_shard_items(path, note_item, seen, &err), VX_OK);
        total = seen[0];
        assert_int_equal(total % 8, 0);
        assert_int_equal(total, seen[1]);
        assert_true(reported == 0 || total >= reported + 7);
        if (total > 0) {
            assert_int_equal(fixture_integer(path, "SELECT count(*) FROM windows"), KILLED_WINDOWS * total);
            assert_int_equal(fixture_integer(path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
        }
    }
    print_message("%lld items survived %d kills\n", (long long)total, KILLS);
    assert_true(total > 0);
}

static int bench(void)
{
    enum { LEASES = 500 };
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err;
    void *state;

    if (fixture_setup(&state) != 0 || vx_shard_open(&shard, fixture_path(state, "shard.db"), &run, &err) != VX_OK)
        return 1;
    const double start = vx_clock_now();
    fixture_fill(shard, 1, 1 + 64 * LEASES, 1, 2);
    const double spent = vx_clock_now() - start;
    printf("commit: %.0f leases/s of 64 items x 2 windows, %.0f items/s\n", LEASES / spent, 64 * LEASES / spent);
    vx_shard_close(&shard);
    return fixture_teardown(&state);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(opens_in_stock_sqlite, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(untrained_is_said, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(replay_replaces, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refused_results, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(older_shards_go_on, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(other_runs_are_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(lists_final_items, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(file_size_limit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(disk_full, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(read_only, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(killed_writer, fixture_setup, fixture_teardown),
    };

    if (argc > 1 && strcmp(argv[1], "--bench") == 0)
        return bench();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
