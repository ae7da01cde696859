/* test_merge_kill.c - a merge killed at any moment: the old result or the new one, and the same again finishes it */
#include "base/clock.h"
#include "db/merge.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define ROUNDS 4 /* each takes seconds there */
#else
#define ROUNDS 12
#endif
enum { SHARDS = 12, ITEMS = 1200 }; /* more shards than are merged at once: there are parts */

static void write_shards(struct fixture *f, char path[][96], int n, int items, int windows)
{
    const struct vx_run run = fixture_run(0);

    for (int i = 0; i < n; i++) {
        struct vx_shard *shard = NULL;
        struct vx_err err = {0};
        snprintf(path[i], 96, "%s/s%02d.db", f->dir, i);
        assert_int_equal(vx_shard_open(&shard, path[i], &run, &err), VX_OK);
        fixture_fill(shard, 1 + i, 1 + items, n, windows);
        vx_shard_close(&shard);
    }
}

static bool left_beside(const struct fixture *f)
{
    DIR *const d = opendir(f->dir);
    bool left = false;

    for (struct dirent *e; (e = readdir(d));)
        left |= strstr(e->d_name, ".tmp") != NULL;
    closedir(d);
    return left;
}

static pid_t start(const char *out, const char *const *shards, size_t n)
{
    const pid_t pid = fork();

    if (pid == 0) {
        struct vx_err err;
        _exit(vx_merge(out, shards, n, NULL, NULL, NULL, &err) == VX_OK ? 0 : 1);
    }
    assert_true(pid > 0);
    return pid;
}

static void killed(void **state)
{
    struct fixture *const f = *state;
    const char *const expected = fixture_path(f, "expected.db"), *const out = fixture_path(f, "out.db");
    const char *const given = getenv("VX_TEST_SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)(vx_clock_now() * 1e6);
    static char path[SHARDS][96];
    const char *shards[SHARDS];
    struct vx_merge_stats stats;
    struct vx_err err = {0};
    int kills = 0, litter = 0, taken_up = 0;

    print_message("VX_TEST_SEED=%u\n", seed);
    srandom(seed);
    write_shards(f, path, SHARDS, ITEMS, 4);
    for (int i = 0; i < SHARDS; i++)
        shards[i] = path[i];
    assert_int_equal(vx_merge(expected, shards, SHARDS, NULL, NULL, &stats, &err), VX_OK);
    char *const right = fixture_dump(expected);
    assert_int_equal(vx_merge(out, shards, 1, NULL, NULL, NULL, &err), VX_OK);
    char *const old = fixture_dump(out);
    for (int round = 0; round < ROUNDS; round++) {
        int status;
        assert_int_equal(vx_merge(out, shards, 1, NULL, NULL, NULL, &err), VX_OK);
        const pid_t pid = start(out, shards, SHARDS);
        usleep((useconds_t)((double)random() / RAND_MAX * stats.seconds * 1e6));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        kills += WIFSIGNALED(status);
        litter += left_beside(f);
        char *const now = fixture_dump(out);
        assert_true(strcmp(now, old) == 0 || strcmp(now, right) == 0);
        free(now);
        struct vx_merge_stats here;
        if (vx_merge(out, shards, SHARDS, NULL, NULL, &here, &err) != VX_OK)
            fail_msg("round %d: %s", round, err.text);
        taken_up += here.taken_up > 0;
        assert_int_equal(here.items, stats.items);
        assert_int_equal(here.windows, stats.windows);
        assert_int_equal(here.scored, stats.scored);
        assert_int_equal(here.duplicates, stats.duplicates);
        char *const again = fixture_dump(out);
        assert_string_equal(again, right);
        free(again);
        assert_false(left_beside(f));
    }
    print_message("%d of %d killed, %d left something, %d of these were taken up\n", kills, ROUNDS, litter, taken_up);
    assert_true(taken_up > 0 || ROUNDS < 12); /* of a few it may be none */
    free(right);
    free(old);
}

static bool has_saved(const char *tmp)
{
    sqlite3 *db = NULL;
    const bool saved = sqlite3_open_v2(tmp, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                       sqlite3_exec(db, "SELECT last FROM merging", NULL, NULL, NULL) == SQLITE_OK;

    sqlite3_close(db);
    return saved;
}

/* Kills a merge once it has saved something; false: it was done by then. */
static bool kill_after_save(const char *out, const char *tmp, const char *const *shards, size_t n)
{
    const pid_t pid = start(out, shards, n);
    int status;

    while (!has_saved(tmp)) {
        if (waitpid(pid, &status, WNOHANG) == pid)
            return false;
        usleep(1000);
    }
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status);
}

/* A merge of so many rows saves before its end: that is taken up, unless a source is another file by now. */
static void taken_up(void **state)
{
    struct fixture *const f = *state;
    const char *const expected = fixture_path(f, "expected.db"), *const out = fixture_path(f, "out.db"),
               *const tmp = fixture_path(f, "out.db.tmp");
    enum { N = 3 };
    static char path[N][96];
    static const char *const sums[] = {"SELECT sum(item * 31 + idx * 7 + start_ms + flags) FROM windows",
                                       "SELECT CAST(1e6 * total(logit_real - item * logit_fake) AS INTEGER) FROM windows",
                                       "SELECT sum(item + size + n_windows * run) FROM items",
                                       "SELECT count(*) FROM sqlite_schema", "SELECT audio_s FROM runs"};
    const char *shards[N];
    const struct vx_run run = fixture_run(0);
    struct vx_merge_stats whole, stats;
    struct vx_err err = {0};
    bool took_up = false;

    write_shards(f, path, N, 2600, 500);
    for (int i = 0; i < N; i++)
        shards[i] = path[i];
    for (int change = 0; change < 2; change++) {
        bool killed_late = false;
        for (int attempt = 0; attempt < 5 && !killed_late; attempt++)
            killed_late = kill_after_save(out, tmp, shards, N);
        if (change) {
            struct vx_item_result r = fixture_result(7, 2); /* another one than was copied */
            const struct vx_item_result *const one = &r;
            struct vx_shard *shard = NULL;
            assert_int_equal(vx_shard_open(&shard, path[0], &run, &err), VX_OK);
            assert_int_equal(vx_shard_commit(shard, &one, 1, &err), VX_OK);
            vx_shard_close(&shard);
            vx_item_result_clear(&r);
        }
        assert_int_equal(vx_merge(out, shards, N, NULL, NULL, &stats, &err), VX_OK);
        assert_int_equal(vx_merge(expected, shards, N, NULL, NULL, &whole, &err), VX_OK);
        print_message("killed: %d, taken up: %lld items\n", killed_late, (long long)stats.taken_up);
        took_up |= stats.taken_up > 0;
        assert_true(change == 0 || stats.taken_up == 0);
        assert_int_equal(stats.items, whole.items);
        assert_int_equal(stats.windows, whole.windows);
        for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
            assert_int_equal(fixture_integer(out, sums[i]), fixture_integer(expected, sums[i]));
        assert_false(left_beside(f));
    }
    assert_true(took_up);
}

/* While one process writes OUT.tmp a second one is refused and takes nothing away. */
static void claimed(void **state)
{
    struct fixture *const f = *state;
    const char *const shard = fixture_make_result(f, "in.db", 5, 1), *const out = fixture_path(f, "out.db"),
               *const tmp = fixture_path(f, "out.db.tmp"), *const part = fixture_path(f, "out.db.tmp.3.1"),
               *const other = fixture_path(f, "out.db.tmp.log");
    struct flock first = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    const int fd = open(tmp, O_RDWR | O_CREAT, 0600);
    struct vx_err err = {0};

    close(open(part, O_RDWR | O_CREAT, 0600));
    close(open(other, O_RDWR | O_CREAT, 0600));
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &first), 0);
    assert_int_equal(vx_merge(out, &shard, 1, NULL, NULL, NULL, &err), VX_EDB);
    assert_non_null(strstr(err.text, "another merge is writing it"));
    assert_int_equal(access(tmp, F_OK), 0);
    assert_int_equal(access(part, F_OK), 0);
    assert_int_equal(access(out, F_OK), -1);
    close(fd);
    assert_int_equal(vx_merge(out, &shard, 1, NULL, NULL, NULL, &err), VX_OK);
    assert_int_equal(access(tmp, F_OK), -1);
    assert_int_equal(access(part, F_OK), -1);
    assert_int_equal(access(other, F_OK), 0); /* no part's name */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(killed, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(taken_up, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(claimed, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
