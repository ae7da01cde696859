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

enum { SHARDS = 12, ITEMS = 1200, ROUNDS = 20 }; /* more shards than are merged at once: there are parts */

static void write_shards(struct fixture *f, char path[SHARDS][96])
{
    const struct vx_run run = fixture_run(0);

    for (int i = 0; i < SHARDS; i++) {
        struct vx_shard *shard = NULL;
        struct vx_err err = {0};
        snprintf(path[i], 96, "%s/s%02d.db", f->dir, i);
        assert_int_equal(vx_shard_open(&shard, path[i], &run, &err), VX_OK);
        fixture_fill(shard, 1 + i, 1 + ITEMS, SHARDS, 4);
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

static pid_t start(const char *out, const char *const *shards)
{
    const pid_t pid = fork();

    if (pid == 0) {
        struct vx_err err;
        _exit(vx_merge(out, shards, SHARDS, NULL, NULL, NULL, &err) == VX_OK ? 0 : 1);
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
    int kills = 0, litter = 0;

    print_message("VX_TEST_SEED=%u\n", seed);
    srandom(seed);
    write_shards(f, path);
    for (int i = 0; i < SHARDS; i++)
        shards[i] = path[i];
    assert_int_equal(vx_merge(expected, shards, SHARDS, NULL, NULL, &stats, &err), VX_OK);
    char *const right = fixture_dump(expected);
    assert_int_equal(vx_merge(out, shards, 1, NULL, NULL, NULL, &err), VX_OK);
    char *const old = fixture_dump(out);
    for (int round = 0; round < ROUNDS; round++) {
        int status;
        assert_int_equal(vx_merge(out, shards, 1, NULL, NULL, NULL, &err), VX_OK);
        const pid_t pid = start(out, shards);
        usleep((useconds_t)((double)random() / RAND_MAX * stats.seconds * 1e6));
        kill(pid, SIGKILL);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        kills += WIFSIGNALED(status);
        litter += left_beside(f);
        char *const now = fixture_dump(out);
        assert_true(strcmp(now, old) == 0 || strcmp(now, right) == 0);
        free(now);
        if (vx_merge(out, shards, SHARDS, NULL, NULL, NULL, &err) != VX_OK)
            fail_msg("round %d: %s", round, err.text);
        char *const again = fixture_dump(out);
        assert_string_equal(again, right);
        free(again);
        assert_false(left_beside(f));
    }
    print_message("%d of %d killed, %d left something\n", kills, ROUNDS, litter);
    assert_true(litter > 0);
    free(right);
    free(old);
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
        cmocka_unit_test_setup_teardown(claimed, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
