/* test_pieces.c - a shard among others on a shared disk: one writer, no shared memory; and pieces of one on a node's own disk */
#include "base/clock.h"
#include "base/file.h"
#include "db/merge.h"
#include "db/pieces.h"
#include "db/shard.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Every test has, in its fixture's folder, a folder "scratch" too, and leaves it empty. */
static const char *scratch_of(struct fixture *f)
{
    return fixture_path(f, "scratch");
}

static int set_up(void **state)
{
    return fixture_setup(state) == 0 && mkdir(scratch_of(*state), 0777) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    const int removed = rmdir(scratch_of(*state));

    return fixture_teardown(state) == 0 ? removed : -1;
}

/* Names in folder that begin with prefix and hold part; "": any. */
static int count_files(const char *folder, const char *prefix, const char *part)
{
    DIR *d = opendir(folder);
    struct dirent *e;
    int n = 0;

    assert_non_null(d);
    while ((e = readdir(d)))
        n += e->d_name[0] != '.' && strncmp(e->d_name, prefix, strlen(prefix)) == 0 && strstr(e->d_name, part);
    closedir(d);
    return n;
}

static int wait_for(pid_t child)
{
    int status;

    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void count_item(void *ctx, int64_t item)
{
    (void)item;
    ++*(int64_t *)ctx;
}

/* Items in all pieces of the shard at path; *pieces: how many there are. */
static int64_t items_of(const char *path, unsigned *pieces)
{
    struct vx_err err = {0};
    int64_t n = 0;

    for (*pieces = 0;; ++*pieces) {
        char *const piece = vx_pieces_path(path, *pieces);
        const bool there = access(piece, F_OK) == 0;
        if (there && vx_shard_items(piece, count_item, &n, &err) != VX_OK)
            fail_msg("%s", err.text);
        free(piece);
        if (!there)
            return n;
    }
}

/* Neither a write-ahead log nor the memory that goes with it, whatever happens; a journal only while a shard is open. */
static void no_shared_memory(void **state)
{
    struct fixture *const f = *state;
    const struct vx_run run = fixture_run(0);
    const char *const path = fixture_path(f, "shard.db");
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    for (int round = 0; round < 2; round++) { /* new, and gone on with */
        assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
        for (int i = 0; i < 3; i++) {
            fixture_fill(shard, 1 + i, 2 + i, 1, 3);
            assert_int_equal(count_files(f->dir, "shard.db", "-shm") + count_files(f->dir, "shard.db", "-wal"), 0);
        }
        vx_shard_close(&shard);
        assert_int_equal(count_files(f->dir, "shard", ""), 1);
    }
    assert_int_equal(fixture_integer(path, "SELECT journal_mode <> 'wal' FROM pragma_journal_mode"), 1);
}

/* Another process's. */
static void second_writer(void **state)
{
    const char *const path = fixture_path(*state, "shard.db");
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};
    int go[2];

    assert_int_equal(pipe(go), 0);
    const pid_t child = fork(); /* before this process has SQLite open, which does not survive a fork */
    if (child == 0) {
        char word;
        if (read(go[0], &word, 1) != 1)
            _exit(2);
        if (vx_shard_open(&shard, path, &run, &err) != VX_EDB || shard)
            _exit(3);
        if (!vx_shard_is_locked(path))
            _exit(4);
        _exit(strstr(err.text, path) && strstr(err.text, "another process has it open") ? 0 : 5);
    }
    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    fixture_fill(shard, 1, 2, 1, 1);
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(wait_for(child), 0);
    fixture_fill(shard, 2, 3, 1, 1); /* undisturbed */
    vx_shard_close(&shard);
    assert_false(vx_shard_is_locked(path));
    assert_int_equal(fixture_integer(path, "SELECT count(*) FROM items"), 2);
    close(go[0]);
    close(go[1]);
}

static void names(void **state)
{
    static const struct {
        const char *path;
        unsigned n;
        const char *piece;
    } rows[] = {
        {"w/shard-001-00000.db", 0, "w/shard-001-00000.db"},
        {"w/shard-001-00000.db", 1, "w/shard-001-00000-0001.db"},
        {"w.db/shard-002-00012.db", 12345, "w.db/shard-002-00012-12345.db"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *const piece = vx_pieces_path(rows[i].path, rows[i].n);
        assert_string_equal(piece, rows[i].piece);
        free(piece);
    }
}

/* The same commits with and without scratch: nothing in scratch, each commit in its place when it returns, several pieces, and
 * the same result. */
static void same_as_without(void **state)
{
    enum { LEASES = 12, WINDOWS = 200 };
    struct fixture *const f = *state;
    const struct vx_run run = fixture_run(0);
    const char *const path = fixture_path(f, "pieces.db"), *const whole = fixture_path(f, "whole.db");
    const char *const one = fixture_path(f, "one.db"), *const other = fixture_path(f, "other.db"), *const scratch = scratch_of(f);
    struct vx_shard *shard = NULL, *direct = NULL;
    struct vx_merge_stats stats;
    struct vx_err err = {0};
    char *pieces[16];
    unsigned n;

    assert_int_equal(vx_shard_open(&direct, whole, &run, &err), VX_OK);
    if (vx_shard_open_scratch(&shard, path, scratch, &run, &err) != VX_OK)
        fail_msg("%s", err.text);
    assert_int_equal(items_of(path, &n), 0);
    assert_int_equal(n, 1);
    for (int i = 0; i < LEASES; i++) {
        fixture_fill(direct, 1 + 64 * i, 65 + 64 * i, 1, WINDOWS);
        fixture_fill(shard, 1 + 64 * i, 65 + 64 * i, 1, WINDOWS);
        assert_int_equal(items_of(path, &n), 64 * (i + 1));
        assert_int_equal(count_files(scratch, "", ""), 0);
        assert_false(vx_shard_is_locked(path));
    }
    fixture_fill(shard, 1, 65, 1, WINDOWS); /* replay, into a later piece */
    vx_shard_close(&shard);
    vx_shard_close(&direct);
    items_of(path, &n);
    print_message("%u pieces of %zu bytes and what is left\n", n, VX_PIECE_BYTES);
    assert_in_range(n, 3, 16);
    assert_int_equal(count_files(f->dir, "pieces", ""), n); /* nothing beside them */
    for (unsigned i = 0; i < n; i++)
        pieces[i] = vx_pieces_path(path, i);
    assert_int_equal(vx_merge(one, (const char *const *)pieces, n, NULL, NULL, &stats, &err), VX_OK);
    assert_int_equal(stats.duplicates, 64);
    assert_int_equal(vx_merge(other, &whole, 1, NULL, NULL, NULL, &err), VX_OK);
    char *const a = fixture_dump(one), *const b = fixture_dump(other);
    assert_string_equal(a, b);
    free(a);
    free(b);
    for (unsigned i = 0; i < n; i++)
        free(pieces[i]);
}

static void refused(void **state)
{
    struct fixture *const f = *state;
    const struct vx_run run = fixture_run(0), none = {.uuid = "x"};
    const char *const file = fixture_path(f, "file.db");
    const struct {
        const char *path, *scratch;
        const struct vx_run *run;
        enum vx_status status;
        const char *says;
    } rows[] = {
        {fixture_path(f, "a.db"), fixture_path(f, "none"), &run, VX_ESYS, "none"},
        {fixture_path(f, "a.db"), file, &run, VX_ESYS, "--scratch"},
        {fixture_path(f, "a.db"), "/proc", &run, VX_ESYS, "--scratch /proc"},
        {fixture_path(f, "none/a.db"), scratch_of(f), &run, VX_ESYS, "none/a.db"},
        {"/proc/a.db", scratch_of(f), &run, VX_ESYS, "same command again"},
        {file, scratch_of(f), &run, VX_EINVAL, "exists"},
        {fixture_path(f, "a.db"), scratch_of(f), &none, VX_EINVAL, "uuid and fingerprint"},
    };
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    assert_int_equal(vx_file_write(file, "mine", 4, &err), VX_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        err.text[0] = '\0';
        assert_int_equal(vx_shard_open_scratch(&shard, rows[i].path, rows[i].scratch, rows[i].run, &err), rows[i].status);
        assert_null(shard);
        if (!strstr(err.text, rows[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.text, rows[i].says);
        assert_int_equal(count_files(scratch_of(f), "", ""), 0);
    }
    assert_int_equal(count_files(f->dir, "", ".db"), 1); /* mine */
}

static bool limit_file_size(rlim_t bytes)
{
    struct rlimit r;

    signal(SIGXFSZ, SIG_IGN); /* writing fails with EFBIG instead */
    if (getrlimit(RLIMIT_FSIZE, &r) != 0)
        return false;
    r.rlim_cur = bytes < r.rlim_max ? bytes : r.rlim_max;
    return setrlimit(RLIMIT_FSIZE, &r) == 0;
}

/* Commits until scratch takes no more: an error, the last copy stays; with room all goes in. In a child, because
 * the limit binds the whole process. */
static void no_room(void **state)
{
    struct fixture *const f = *state;
    const char *const path = fixture_path(f, "shard.db");
    const pid_t child = fork();

    if (child == 0) {
        const struct vx_run run = fixture_run(0);
        struct vx_shard *shard = NULL;
        struct vx_err err = {0};
        int64_t committed = 0;
        unsigned n;
        enum vx_status rc = VX_OK;
        if (!limit_file_size(256 * 1024) || vx_shard_open_scratch(&shard, path, scratch_of(f), &run, &err) != VX_OK)
            _exit(2);
        for (int64_t id = 1; rc == VX_OK && id < 10000; id++) {
            struct vx_item_result r = fixture_result(id, 300);
            const struct vx_item_result *one = &r;
            if ((rc = vx_shard_commit(shard, &one, 1, &err)) == VX_OK)
                committed = id;
            vx_item_result_clear(&r);
        }
        fprintf(stderr, "full after %lld items: %s\n", (long long)committed, err.text);
        if (committed < 10 || !strstr(err.text, "same command again") || items_of(path, &n) != committed)
            _exit(3);
        if (count_files(f->dir, "shard.db.", "") != 0) /* half a copy */
            _exit(4);
        limit_file_size(RLIM_INFINITY);
        fixture_fill(shard, committed + 1, committed + 3, 1, 300);
        vx_shard_close(&shard);
        _exit(items_of(path, &n) == committed + 2 ? 0 : 5);
    }
    assert_int_equal(wait_for(child), 0);
}

/* The place of the pieces is gone for a while: commits fail and say where, what they had written comes with the next one. */
static void no_place(void **state)
{
    struct fixture *const f = *state;
    const struct vx_run run = fixture_run(0);
    const char *const folder = fixture_path(f, "work"), *const away = fixture_path(f, "away");
    const char *const path = fixture_path(f, "work/shard.db");
    struct vx_item_result r = fixture_result(1, 3);
    const struct vx_item_result *one = &r;
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};
    unsigned n;

    assert_int_equal(mkdir(folder, 0777), 0);
    assert_int_equal(vx_shard_open_scratch(&shard, path, scratch_of(f), &run, &err), VX_OK);
    assert_int_equal(rename(folder, away), 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(vx_shard_commit(shard, &one, 1, &err), VX_ESYS);
        assert_true(strstr(err.text, path) && strstr(err.text, "same command again"));
    }
    vx_item_result_clear(&r);
    assert_int_equal(rename(away, folder), 0);
    assert_int_equal(items_of(path, &n), 0);
    fixture_fill(shard, 2, 3, 1, 1);
    assert_int_equal(items_of(path, &n), 2);
    vx_shard_close(&shard);
    assert_int_equal(unlink(path) | rmdir(folder), 0);
}

/* Killed at any time: what was reported is there, whole, and scratch is empty. */
static void killed_writer(void **state)
{
    struct fixture *const f = *state;
    const struct vx_run run = fixture_run(0);
    unsigned n, seed = (unsigned)(vx_clock_now() * 1e6);
    const char *const given = getenv("VX_TEST_SEED");

    if (given)
        seed = (unsigned)strtoul(given, NULL, 10);
    print_message("VX_TEST_SEED=%u\n", seed);
    srandom(seed);
    for (int round = 0; round < 6; round++) {
        char name[32];
        int64_t last = 0, next;
        int report[2];
        snprintf(name, sizeof name, "shard%d.db", round);
        const char *const path = fixture_path(f, name);
        assert_int_equal(pipe(report), 0);
        const pid_t child = fork();
        if (child == 0) {
            struct vx_shard *shard = NULL;
            struct vx_err err;
            if (vx_shard_open_scratch(&shard, path, scratch_of(f), &run, &err) != VX_OK)
                _exit(2);
            for (next = 1;; next += 64) {
                fixture_fill(shard, next, next + 64, 1, 200);
                if (write(report[1], &next, sizeof next) != sizeof next)
                    _exit(3);
            }
        }
        close(report[1]);
        assert_int_equal(read(report[0], &last, sizeof last), sizeof last);
        vx_clock_sleep((double)(random() % 60000) * 1e-6);
        kill(child, SIGKILL);
        assert_int_equal(wait_for(child), 128 + SIGKILL);
        while (read(report[0], &next, sizeof next) == sizeof next)
            last = next;
        close(report[0]);
        const int64_t there = items_of(path, &n);
        assert_int_equal(there % 64, 0);
        assert_in_range(there, last + 63, last + 127);
        assert_int_equal(count_files(scratch_of(f), "", ""), 0);
    }
}

static int bench(void)
{
    enum { LEASES = 200 };
    static const struct {
        const char *what;
        int items, windows;
    } rows[] = {{"64 items x 2 windows", 64, 2}, {"64 items x 30 windows", 64, 30}, {"8 items x 1800 windows", 8, 1800}};
    const struct vx_run run = fixture_run(0);
    struct vx_err err;
    void *state;

    if (set_up(&state) != 0)
        return 1;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
        for (int scratch = 0; scratch < 2; scratch++) {
            char name[32];
            struct vx_shard *shard = NULL;
            snprintf(name, sizeof name, "bench%zu%d.db", r, scratch);
            const char *const path = fixture_path(state, name);
            if ((scratch ? vx_shard_open_scratch(&shard, path, scratch_of(state), &run, &err)
                         : vx_shard_open(&shard, path, &run, &err)) != VX_OK)
                return 1;
            const double start = vx_clock_now();
            for (int64_t i = 0; i < LEASES; i++)
                fixture_fill(shard, 1 + rows[r].items * i, 1 + rows[r].items * (i + 1), 1, rows[r].windows);
            printf("%s %s: %.2f ms a lease\n", rows[r].what, scratch ? "by scratch" : "in place",
                   1e3 * (vx_clock_now() - start) / LEASES);
            vx_shard_close(&shard);
        }
    return tear_down(&state);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_shared_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(second_writer, set_up, tear_down),
        cmocka_unit_test(names),
        cmocka_unit_test_setup_teardown(same_as_without, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_place, set_up, tear_down),
        cmocka_unit_test_setup_teardown(killed_writer, set_up, tear_down),
    };

    if (argc > 1 && strcmp(argv[1], "--bench") == 0)
        return bench();
    return cmocka_run_group_tests_name("pieces", tests, NULL, NULL);
}
