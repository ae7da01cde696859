/* test_merge.c - every item once, whatever the number and order of shards; and what merge refuses
 * Over 500 lines because every case is judged by the same few comparisons of whole databases, which stand at the top. */
#include "db/merge.h"
#include "base/clock.h"
#include "db/itemlist.h"
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

/* A shard of run `run` with the items first, first+step, … below end. */
static void write_shard(const char *path, int run, int64_t first, int64_t end, int64_t step, int windows)
{
    const struct vx_run r = fixture_run(run);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    if (vx_shard_open(&shard, path, &r, &err) != VX_OK)
        fail_msg("%s", err.text);
    fixture_fill(shard, first, end, step, windows);
    vx_shard_close(&shard);
}

static void commit_one(const char *path, int run, struct vx_item_result *result)
{
    const struct vx_run r = fixture_run(run);
    const struct vx_item_result *one = result;
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    assert_int_equal(vx_shard_open(&shard, path, &r, &err), VX_OK);
    assert_int_equal(vx_shard_commit(shard, &one, 1, &err), VX_OK);
    vx_shard_close(&shard);
    vx_item_result_clear(result);
}

static void write_list(const char *path, int64_t n)
{
    struct vx_itemlist *list = NULL;
    struct vx_err err = {0};

    assert_int_equal(vx_itemlist_open(&list, path, &err), VX_OK);
    for (int64_t id = 1; id <= n; id++) {
        struct vx_item_result r = fixture_result(id, 1);
        if (id == 1) {
            r.item.n_meta = 1;
            r.item.meta = calloc(2, sizeof(char *));
            r.item.meta[0] = strdup("speaker");
            r.item.meta[1] = strdup("anna");
        }
        if (id == n) {
            r.item.kind = VX_ITEM_BROKEN;
            r.item.problem = strdup("permission denied");
        }
        assert_int_equal(vx_itemlist_add(list, &r.item, 1, &err), VX_OK);
        vx_item_result_clear(&r);
    }
    vx_itemlist_close(&list);
}

static struct vx_merge_stats merge(const char *out, const char *const *shards, size_t n, const char *list,
                                   const struct vx_run *final)
{
    struct vx_merge_stats stats = {0};
    struct vx_err err = {0};

    if (vx_merge(out, shards, n, list, final, &stats, &err) != VX_OK)
        fail_msg("%s", err.text);
    return stats;
}

static void nothing_left_beside(struct fixture *f)
{
    DIR *d = opendir(f->dir);

    for (struct dirent *e; (e = readdir(d));)
        if (strstr(e->d_name, ".tmp") || strstr(e->d_name, "-journal"))
            fail_msg("%s was left", e->d_name);
    closedir(d);
}

static void same_content(const char *a, const char *b)
{
    char *const x = fixture_dump(a), *const y = fixture_dump(b);

    if (strcmp(x, y) != 0)
        fail_msg("%s and %s differ", a, b);
    free(x);
    free(y);
}

/* The same 300 items in one shard, in three, interleaved, with overlaps, and merged in two steps. */
static void shards_do_not_matter(void **state)
{
    struct fixture *const f = *state;
    const char *const one = fixture_path(f, "one.db"), *const a = fixture_path(f, "a.db"),
               *const b = fixture_path(f, "b.db"), *const c = fixture_path(f, "c.db"),
               *const expected = fixture_path(f, "expected.db"), *const got = fixture_path(f, "got.db"),
               *const part = fixture_path(f, "part.db");

    write_shard(one, 0, 1, 301, 1, 3);
    struct vx_merge_stats stats = merge(expected, &one, 1, NULL, NULL);
    assert_int_equal(stats.items, 300);
    assert_int_equal(stats.scored, 300);
    assert_int_equal(stats.windows, 900);
    assert_int_equal(stats.duplicates, 0);
    write_shard(a, 0, 1, 301, 3, 3);
    write_shard(b, 0, 2, 301, 3, 3);
    write_shard(c, 0, 3, 301, 3, 3);
    const char *const orders[][3] = {{a, b, c}, {c, b, a}, {b, c, a}};
    for (int i = 0; i < 3; i++) {
        stats = merge(got, orders[i], 3, NULL, NULL);
        assert_int_equal(stats.items, 300);
        assert_int_equal(stats.duplicates, 0);
        same_content(expected, got);
    }
    write_shard(a, 0, 2, 31, 3, 3); /* replayed by another rank */
    stats = merge(got, orders[0], 3, NULL, NULL);
    assert_int_equal(stats.duplicates, 10);
    same_content(expected, got);
    merge(part, orders[0], 2, NULL, NULL);
    const char *const steps[] = {c, part};
    stats = merge(got, steps, 2, NULL, NULL);
    assert_int_equal(stats.items, 300);
    same_content(expected, got);
    nothing_left_beside(f);
    assert_int_equal(fixture_integer(got, "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name LIKE '%_by_%'"), 3);
    assert_int_equal(fixture_integer(got, "SELECT state = 'merged' AND audio_s = 1800 FROM runs"), 1);
}

static void the_better_row_wins(void **state)
{
    struct fixture *const f = *state;
    const char *const a = fixture_path(f, "a.db"), *const b = fixture_path(f, "b.db"), *const out = fixture_path(f, "out.db");
    const char *const orders[][2] = {{a, b}, {b, a}};
    struct vx_item_result r;

    r = fixture_result(1, 2); /* failed in a after two windows, scored in b */
    fixture_fail(&r, "decoder crashed");
    commit_one(a, 0, &r);
    r = fixture_result(1, 4);
    commit_one(b, 0, &r);
    r = fixture_result(2, 4); /* scored in a, failed in b */
    commit_one(a, 0, &r);
    r = fixture_result(2, 1);
    fixture_fail(&r, "decoder crashed");
    commit_one(b, 0, &r);
    r = fixture_result(3, 1); /* failed in both: the later */
    fixture_fail(&r, "first");
    commit_one(a, 0, &r);
    r = fixture_result(3, 1);
    fixture_fail(&r, "second");
    commit_one(b, 0, &r);
    r = fixture_result(4, 0); /* not scored before failed */
    commit_one(a, 0, &r);
    r = fixture_result(4, 1);
    fixture_fail(&r, "decoder crashed");
    commit_one(b, 0, &r);
    for (int i = 0; i < 2; i++) {
        const struct vx_merge_stats stats = merge(out, orders[i], 2, NULL, NULL);
        assert_int_equal(stats.items, 4);
        assert_int_equal(stats.scored, 2);
        assert_int_equal(stats.not_scored, 1);
        assert_int_equal(stats.failed, 1);
        assert_int_equal(stats.duplicates, 4);
        assert_int_equal(stats.windows, 9);
        assert_int_equal(fixture_integer(out, "SELECT error = 'second' FROM items WHERE item = 3"), 1);
        assert_int_equal(fixture_integer(out, "SELECT count(*) FROM windows WHERE item IN (1, 2)"), 8);
    }
}

static void the_list_tells_what_is_missing(void **state)
{
    struct fixture *const f = *state;
    const char *const a = fixture_path(f, "a.db"), *const b = fixture_path(f, "b.db"), *const out = fixture_path(f, "out.db"),
               *const list = fixture_path(f, "list.db"), *const empty = fixture_path(f, "empty.db");
    struct vx_run final = fixture_run(0);

    write_list(list, 100);
    write_shard(a, 0, 1, 50, 1, 2);
    fclose(fopen(empty, "w")); /* a rank that died before its first commit */
    const char *const shards[] = {a, empty};
    final.state = "stopped";
    final.finished = "2026-01-01T09:00:00Z";
    final.wall_s = 3600;
    final.audio_s = 196;
    final.command = NULL;
    struct vx_merge_stats stats = merge(out, shards, 2, list, &final);
    assert_int_equal(stats.items, 100);
    assert_int_equal(stats.scored, 49);
    assert_int_equal(stats.pending, 50);
    assert_int_equal(stats.failed, 1);
    assert_int_equal(stats.duplicates, 0);
    static const char *const is_true[] = {
        "SELECT count(*) = 50 FROM items WHERE status = 'pending' AND verdict IS NULL AND n_windows = 0 AND size = 1000 + item",
        "SELECT error = 'permission denied' AND kind = 'unreadable' FROM items WHERE item = 100",
        "SELECT value = 'anna' FROM metadata WHERE item = 1 AND key = 'speaker'",
        "SELECT state = 'stopped' AND wall_s = 3600 AND finished IS NOT NULL AND command = 'voxtrawl scan corpus' FROM runs",
        "SELECT path_raw IS NOT NULL AND path = 'corpus/\\xFF000055.wav' FROM items WHERE item = 55",

    };
    for (size_t i = 0; i < sizeof is_true / sizeof *is_true; i++)
        if (fixture_integer(out, is_true[i]) != 1)
            fail_msg("not so: %s", is_true[i]);
    /* going on from there: the earlier result and what was missing */
    write_shard(b, 0, 50, 100, 1, 2);
    const char *const more[] = {out, b};
    stats = merge(out, more, 2, NULL, NULL);
    assert_int_equal(stats.items, 100);
    assert_int_equal(stats.scored, 99);
    assert_int_equal(stats.pending, 0);
    assert_int_equal(stats.duplicates, 0);
    /* a run that calls itself complete must be */
    struct vx_err err = {0};
    final.state = "complete";
    assert_int_equal(vx_merge(out, shards, 2, list, &final, NULL, &err), VX_EFORMAT);
    assert_non_null(strstr(err.text, "50 of 100 items are in none of the 2 shards"));
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM items WHERE status = 'scored'"), 99);
    nothing_left_beside(f);
    final.state = "stopped";
    /* nothing scanned yet at all */
    stats = merge(out, NULL, 0, list, &final);
    assert_int_equal(stats.pending, 99);
}

static void runs_are_matched_by_name(void **state)
{
    struct fixture *const f = *state;
    const char *const a = fixture_path(f, "a.db"), *const b = fixture_path(f, "b.db"), *const c = fixture_path(f, "c.db"),
               *const out = fixture_path(f, "out.db"), *const two = fixture_path(f, "two.db"),
               *const got = fixture_path(f, "got.db");
    struct vx_item_result r;

    write_shard(a, 0, 1, 61, 1, 2);
    write_shard(b, 1, 31, 91, 1, 2); /* half of the files again in a later run … */
    r = fixture_result(40, 1);
    r.item.id = 7; /* … where they have other ids */
    fixture_fail(&r, "decoder crashed");
    commit_one(c, 2, &r);
    const char *const orders[][3] = {{a, b, c}, {c, a, b}};
    struct vx_merge_stats stats = merge(out, orders[0], 3, NULL, NULL);
    assert_int_equal(stats.runs, 3);
    assert_int_equal(stats.items, 90);
    assert_int_equal(stats.scored, 90);
    assert_int_equal(stats.duplicates, 30);
    assert_int_equal(stats.windows, 180);
    static const char *const is_true[] = {
        "SELECT min(item) = 1 AND max(item) = 90 FROM items",
        "SELECT count(*) = 90 FROM (SELECT DISTINCT coalesce(path_raw, path), coalesce(member_raw, member) FROM items)",
        "SELECT count(*) = 30 FROM items WHERE run = 1",
        "SELECT count(*) = 60 FROM items WHERE run = 2",
        "SELECT run = 2 AND n_windows = 2 FROM items WHERE path = 'corpus/000040.wav'",
        "SELECT count(*) = 180 FROM windows w JOIN items i ON i.item = w.item",
    };
    for (size_t i = 0; i < sizeof is_true / sizeof *is_true; i++)
        if (fixture_integer(out, is_true[i]) != 1)
            fail_msg("not so: %s", is_true[i]);
    merge(got, orders[1], 3, NULL, NULL);
    same_content(out, got);
    merge(two, orders[0], 2, NULL, NULL); /* a result of a merge and a shard */
    const char *const steps[] = {c, two};
    merge(got, steps, 2, NULL, NULL);
    same_content(out, got);
}

/* An old shard beside a new one: what the old one did not measure is NULL. */
static void old_shards_are_read(void **state)
{
    struct fixture *const f = *state;
    const char *const old = fixture_path(f, "old.db"), *const young = fixture_path(f, "young.db"),
               *const out = fixture_path(f, "out.db");
    const char *const both[] = {young, old};

    write_shard(old, 0, 1, 61, 1, 2);
    write_shard(young, 0, 61, 91, 1, 2);
    fixture_age(old, 1);
    const struct vx_merge_stats stats = merge(out, both, 2, NULL, NULL);
    assert_int_equal(stats.items, 90);
    assert_int_equal(stats.compared, 30);
    assert_int_equal(stats.outside, 10);
    assert_int_equal(stats.outside_by[2], 10); /* bandwidth below */
    assert_int_equal(stats.outside_by[1], 1);  /* level above: item 90 */
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM items WHERE bandwidth_hz IS NULL AND outside IS NULL"), 60);
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM files WHERE outside IS NOT NULL AND mean_fake IS NOT NULL"), 10);
}

/* Each run keeps its calibration, one from before there was any has none; and that it differs is told. */
static void calibration_is_kept(void **state)
{
    struct fixture *const f = *state;
    const char *const old = fixture_path(f, "old.db"), *const young = fixture_path(f, "young.db"),
               *const out = fixture_path(f, "out.db"), *const again = fixture_path(f, "again.db");
    const char *const both[] = {young, old};
    struct vx_err err = {0};

    write_shard(old, 0, 1, 11, 1, 1);
    write_shard(young, 1, 11, 21, 1, 1);
    fixture_age(old, 2);
    merge(out, both, 2, NULL, NULL);
    merge(again, &out, 1, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(fixture_integer(i ? again : out, "SELECT count(*) FROM runs WHERE calibration_scale = 1"
                         " AND calibration_offset = 0 AND calibrated_on IS NULL"), 1);
        assert_int_equal(fixture_integer(i ? again : out, "SELECT count(*) FROM runs WHERE calibration_scale = 0.5"
                         " AND calibration_offset = -0.25 AND calibrated_on = '200 clips'"), 1);
        assert_int_equal(fixture_integer(i ? again : out, "SELECT count(*) FROM window_scores JOIN items USING (item)"
                         " JOIN runs USING (run) WHERE"
                         " abs(llr - CASE WHEN uuid LIKE '%2' THEN 0.5 * score - 0.25 ELSE score END) < 1e-12"), 20);
    }
    fixture_exec(young, "UPDATE runs SET fingerprint = 'beef'");
    assert_int_equal(vx_merge(out, both, 2, NULL, NULL, NULL, &err), VX_EINVAL);
    if (!strstr(err.text, "calibration_scale 1.0 / 0.5, calibration_offset 0.0 / -0.25"))
        fail_msg("%s", err.text);
}

static void many_shards(void **state)
{
    struct fixture *const f = *state;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__) /* to which more would show nothing more */
    enum { N = 60 };
#else
    enum { N = 260 }; /* more than are opened at once */
#endif
    static char path[N][96];
    const char *shards[N], *const all = fixture_path(f, "all.db"), *const expected = fixture_path(f, "expected.db"),
                           *const out = fixture_path(f, "out.db");

    for (int i = 0; i < N; i++) {
        strcpy(path[i], all);
        snprintf(strrchr(path[i], '/'), 32, "/s%03d.db", i);
        shards[i] = path[i];
        write_shard(shards[i], 0, 1 + i, 1 + 2 * N, N, 1);
    }
    write_shard(shards[0], 0, N, N + 1, 1, 1); /* one twice, in two groups */
    const struct vx_merge_stats stats = merge(out, shards, N, NULL, NULL);
    assert_int_equal(stats.items, 2 * N);
    assert_int_equal(stats.windows, 2 * N);
    assert_int_equal(stats.duplicates, 1);
    write_shard(all, 0, 1, 1 + 2 * N, 1, 1);
    merge(expected, &all, 1, NULL, NULL);
    same_content(expected, out);
    nothing_left_beside(f);
}

/* What the run says of itself comes from final or is summed up over all items, however the shards were grouped. */
static void final_is_the_same_for_any_shards(void **state)
{
    struct fixture *const f = *state;
    enum { N = 20 }; /* so many that even the first group is one of several */
    static char path[N][96];
    const char *shards[N], *const one = fixture_path(f, "one.db"), *const expected = fixture_path(f, "expected.db"),
                           *const out = fixture_path(f, "out.db");
    struct vx_run final = fixture_run(0);

    final.state = "complete";
    final.finished = "2026-01-01T09:00:00Z";
    final.wall_s = 10;
    for (int i = 0; i < N; i++) {
        strcpy(path[i], one);
        snprintf(strrchr(path[i], '/'), 32, "/s%02d.db", i);
        shards[i] = path[i];
        write_shard(shards[i], 0, 1 + i, 1 + 2 * N, N, 2);
    }
    write_shard(one, 0, 1, 1 + 2 * N, 1, 2);
    merge(expected, &one, 1, NULL, &final);
    merge(out, shards, N, NULL, &final);
    same_content(expected, out);
    assert_int_equal(fixture_integer(out, "SELECT audio_s = 160 AND wall_s = 10 AND state = 'complete' FROM runs"), 1);
}

/* Merging reads its sources and leaves them to others, who may even be about to write; and needs to write nothing there. */
static void sources_are_only_read(void **state)
{
    struct fixture *const f = *state;
    const char *const a = fixture_path(f, "a.db"), *const b = fixture_path(f, "b.db"), *const out = fixture_path(f, "out.db");
    const char *const shards[] = {a, b};
    struct stat before, after;

    write_shard(a, 0, 1, 100, 1, 2);
    write_shard(b, 0, 100, 200, 1, 2);
    assert_int_equal(stat(a, &before), 0);
    sqlite3 *other = fixture_sqlite(a);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    merge(out, shards, 2, NULL, NULL);
    sqlite3_close(other);
    assert_int_equal(stat(a, &after), 0);
    assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof before.st_mtim);
    nothing_left_beside(f);
}

/* A full disk, here a limit on the size of files: said, and the result that was there is there. */
static void no_room(void **state)
{
    struct fixture *const f = *state;
    const char *const a = fixture_path(f, "a.db"), *const b = fixture_path(f, "b.db"), *const out = fixture_path(f, "out.db");
    const char *const shards[] = {a, b};
    struct rlimit before, limit;
    int failed = 0;

    write_shard(a, 0, 1, 10, 1, 2);
    merge(out, &a, 1, NULL, NULL);
    write_shard(b, 0, 10, 1000, 1, 4);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    for (rlim_t size = 0; size < 1 << 20; size += 20000) {
        struct vx_err err = {0};
        limit = before;
        limit.rlim_cur = size;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        const enum vx_status rc = vx_merge(out, shards, 2, NULL, NULL, NULL, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        if (rc == VX_OK)
            break;
        failed++;
        assert_int_equal(rc, VX_EDB);
        assert_non_null(strstr(err.text, "out.db"));
        assert_int_equal(fixture_integer(out, "SELECT count(*) FROM items"), 9);
        nothing_left_beside(f);
    }
    assert_true(failed > 3);
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM items"), 999);
}

/* Each row makes something wrong with a copy of a good shard; merging it with a good one must fail, say so, and leave
 * the result that was there before. */
static void refused(void **state)
{
    static const struct {
        const char *sql; /* done to the shard, or NULL: to its bytes */
        enum vx_status status;
        const char *says;
    } row[] = {
        {"UPDATE runs SET fingerprint = 'beef', profile_name = 'other'", VX_EINVAL, "profile_name other / mel-16k-grey"},
        {"UPDATE runs SET fingerprint = 'beef', hop_s = 1", VX_EINVAL, "hop_s 1.0 / 2.0"},
        {"UPDATE runs SET fingerprint = 'beef'", VX_EINVAL, "fingerprints beef / f00d"},
        {"DELETE FROM runs", VX_EFORMAT, "100 rows of runs or items that are not there"},
        {"DELETE FROM windows WHERE item = 105", VX_EFORMAT, "item 105: it counts other windows"},
        {"INSERT INTO windows VALUES (999, 0, 0, 1, 1, 0, NULL)", VX_EFORMAT, "item 999: it has windows but is not there"},
        {"DELETE FROM items WHERE item = 150", VX_EFORMAT, "item 150: it has windows but is not there"},
        {"DELETE FROM windows WHERE item = 105 AND idx = 0; INSERT INTO windows VALUES (106, 9, 0, 1, 1, 0, NULL)", VX_EFORMAT,
         "item 105: it counts other windows"},
        {"UPDATE windows SET logit_real = NULL WHERE item = 105", VX_EFORMAT, "item 105: logits of a window"},
        {"UPDATE windows SET logit_real = 'x' WHERE item = 105", VX_EFORMAT, "item 105: logits of a window"},
        {"UPDATE items SET item = 5 WHERE item = 106; UPDATE windows SET item = 5 WHERE item = 106", VX_EFORMAT,
         "and corpus/000106.wav in"},
        {"UPDATE items SET item = 5, path_raw = x'61ff0a62' WHERE item = 106; UPDATE windows SET item = 5 WHERE item = 106", VX_EFORMAT,
         "and a\\xFF\\nb in"},
        {"PRAGMA user_version = 9", VX_EUNSUPPORTED, "schema version 9"},
        {"PRAGMA user_version = 0", VX_EFORMAT, "of no schema version"},
        {"PRAGMA application_id = 7", VX_EINVAL, "not one of Voxtrawl's"},
        {"DROP TABLE reviews", VX_EFORMAT, "5 of its 6 tables"},
        {"DROP TABLE metadata", VX_EFORMAT, "5 of its 6 tables"},
        {"ALTER TABLE metadata RENAME TO m; CREATE VIEW metadata AS SELECT * FROM m", VX_EFORMAT, "5 of its 6 tables"},
        {NULL, VX_EFORMAT, "bad.db"},
    };
    struct fixture *const f = *state;
    const char *const good = fixture_path(f, "good.db"), *const bad = fixture_path(f, "bad.db"),
               *const out = fixture_path(f, "out.db");
    const char *const shards[] = {bad, good};

    write_shard(good, 0, 1, 100, 1, 2);
    merge(out, &good, 1, NULL, NULL);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct vx_merge_stats stats = {0};
        struct vx_err err = {0};
        write_shard(bad, 0, 100, 200, 1, 2);
        if (row[i].sql) {
            fixture_exec(bad, row[i].sql);
        } else { /* the second page: a table or its root */
            FILE *file = fopen(bad, "r+");
            fseek(file, 4096, SEEK_SET);
            for (int k = 0; k < 64; k++)
                fputc(0xA5, file);
            fclose(file);
        }
        const enum vx_status rc = vx_merge(out, shards, 2, NULL, NULL, &stats, &err);
        if (rc != row[i].status || !strstr(err.text, row[i].says))
            fail_msg("%s: status %d, %s", row[i].sql ? row[i].sql : "flipped bytes", rc, err.text);
        assert_int_equal(stats.items, 0);
        assert_int_equal(fixture_integer(out, "SELECT count(*) FROM items"), 99);
        nothing_left_beside(f);
        unlink(bad);
    }
}

/* Bytes flipped anywhere: merge may not notice a changed number, but it must not crash, and what it makes is whole. */
static void flipped_bytes(void **state)
{
    struct fixture *const f = *state;
    const char *const good = fixture_path(f, "good.db"), *const bad = fixture_path(f, "bad.db"),
               *const out = fixture_path(f, "out.db");
    unsigned seed = (unsigned)(vx_clock_now() * 1e6);
    const char *const given = getenv("VX_TEST_SEED");
    static unsigned char bytes[1 << 20];
    struct vx_err err = {0};
    int accepted = 0;

    if (given)
        seed = (unsigned)strtoul(given, NULL, 10);
    print_message("VX_TEST_SEED=%u\n", seed);
    srandom(seed);
    write_shard(good, 0, 1, 100, 1, 2);
    FILE *file = fopen(good, "r");
    const size_t n = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    for (int round = 0; round < 150; round++) {
        static unsigned char flipped[sizeof bytes];
        memcpy(flipped, bytes, n);
        for (int k = 0; k < 1 + round % 40; k++)
            flipped[(size_t)random() % n] ^= (unsigned char)(1 << random() % 8);
        file = fopen(bad, "w");
        fwrite(flipped, 1, n - (round % 5 == 0 ? (size_t)random() % n : 0), file);
        fclose(file);
        if (vx_merge(out, &bad, 1, NULL, NULL, NULL, &err) == VX_OK) {
            accepted++;
            assert_int_equal(fixture_integer(out, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
        } else {
            assert_true(err.text[0]);
        }
    }
    print_message("%d of 150 taken\n", accepted);
    nothing_left_beside(f);
}

static void foreign_out(void **state)
{
    struct fixture *const f = *state;
    const char *const good = fixture_path(f, "good.db"), *const text = fixture_path(f, "text"),
               *const other = fixture_path(f, "other.db"), *const shard = fixture_path(f, "shard.db"),
               *const empty = fixture_path(f, "empty"), *const list = fixture_path(f, "list.db");
    const char *const outs[] = {text, other, shard, empty, list, f->dir};
    struct vx_err err = {0};
    sqlite3 *db = NULL;

    write_shard(good, 0, 1, 10, 1, 1);
    write_shard(shard, 0, 1, 10, 1, 1);
    write_list(list, 3);
    FILE *file = fopen(text, "w");
    fputs("precious", file);
    fclose(file);
    fclose(fopen(empty, "w"));
    sqlite3_open(other, &db);
    sqlite3_exec(db, "CREATE TABLE precious (x)", NULL, NULL, NULL);
    sqlite3_close(db);
    for (size_t i = 0; i < sizeof outs / sizeof *outs; i++) {
        struct stat before, after;
        assert_int_equal(stat(outs[i], &before), 0);
        const enum vx_status rc = vx_merge(outs[i], &good, 1, NULL, NULL, NULL, &err);
        if (outs[i] == f->dir)
            assert_int_equal(rc, VX_EDB);
        else if (rc != VX_EINVAL || !strstr(err.text, "will not overwrite"))
            fail_msg("%s: status %d, %s", outs[i], rc, err.text);
        assert_int_equal(stat(outs[i], &after), 0);
        assert_int_equal(before.st_ino, after.st_ino);
        assert_int_equal(before.st_size, after.st_size);
    }
    assert_int_equal(vx_merge(fixture_path(f, "no/folder/out.db"), &good, 1, NULL, NULL, NULL, &err), VX_EDB);
    assert_int_equal(vx_merge(fixture_path(f, "out.db"), NULL, 0, NULL, NULL, NULL, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "nothing to merge"));
    const char *const gone = fixture_path(f, "gone.db");
    assert_int_equal(vx_merge(fixture_path(f, "out.db"), &gone, 1, NULL, NULL, NULL, &err), VX_EDB);
    assert_non_null(strstr(err.text, "gone.db"));
    assert_int_equal(vx_merge(fixture_path(f, "out.db"), &good, 1, good, NULL, NULL, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "expected a list"));
    nothing_left_beside(f);
}

/* Merges in a process of its own, whose peak memory is that of the merge alone, and tells. */
static int bench_merge(const char *out, const char *const *paths, size_t n, int windows)
{
    struct rusage used;
    int status = 0;

    fflush(stdout);
    const pid_t pid = fork();
    if (pid == 0) {
        struct vx_merge_stats stats = {0};
        struct vx_err err = {0};
        if (vx_merge(out, paths, n, NULL, NULL, &stats, &err) != VX_OK) {
            fprintf(stderr, "%s\n", err.text);
            _exit(1);
        }
        printf("merge: %d windows a file: %lld items, %lld windows in %.2f s: %.2f million windows/s", windows,
               (long long)stats.items, (long long)stats.windows, stats.seconds, (double)stats.windows / stats.seconds / 1e6);
        fflush(stdout);
        _exit(0);
    }
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid || status != 0)
        return 1;
    printf(", peak memory %ld MiB\n", used.ru_maxrss / 1024);
    return 0;
}

/* 8 shards of so many windows each: 2 or 50 a file, files dealt out in leases of 64. The best of several counts. */
static int bench(int windows, int per_shard)
{
    enum { SHARDS = 8, TIMES = 3 };
    const struct vx_run run = fixture_run(0);
    const char *paths[SHARDS];
    struct vx_err err = {0};
    void *state;
    int rc = 0;

    if (fixture_setup(&state) != 0)
        return 1;
    static char name[SHARDS][96];
    for (int s = 0; s < SHARDS; s++) {
        struct vx_shard *shard = NULL;
        snprintf(name[s], sizeof name[s], "%s/shard%d.db", ((struct fixture *)state)->dir, s);
        paths[s] = name[s];
        if (vx_shard_open(&shard, paths[s], &run, &err) != VX_OK)
            return 1;
        for (int64_t k = 0; k < per_shard / windows; k += 64)
            fixture_fill(shard, 1 + (k / 64 * SHARDS + s) * 64, 1 + (k / 64 * SHARDS + s) * 64 + 64, 1, windows);
        vx_shard_close(&shard);
    }
    for (int i = 0; rc == 0 && i < TIMES; i++)
        rc = bench_merge(fixture_path(state, "out.db"), paths, SHARDS, windows);
    return fixture_teardown(&state) || rc;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(shards_do_not_matter, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_better_row_wins, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_list_tells_what_is_missing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(runs_are_matched_by_name, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(old_shards_are_read, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(calibration_is_kept, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(many_shards, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(final_is_the_same_for_any_shards, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(sources_are_only_read, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(no_room, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(flipped_bytes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(foreign_out, fixture_setup, fixture_teardown),
    };

    if (argc > 1 && strcmp(argv[1], "--bench") == 0)
        return bench(50, 125000) || bench(50, 500000) || bench(2, 125000) || bench(2, 500000);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
