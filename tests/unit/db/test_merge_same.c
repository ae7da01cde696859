/* test_merge_same.c - identical content in a merge: whoever scored it and however often, what comes out is the same */
#include "db/itemlist.h"
#include "db/merge.h"
#include "db/scores.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Items 1 … 6; those of one letter have one content. */
static const char content[] = " aabaab";

enum what { OWN, SAME, FAILED, NOTHING };

/* What is scored of content a: from the letter alone, so that it does not matter whose it is. */
static void make(struct vx_item_result *r, int64_t id, enum what what, int64_t same_as)
{
    struct vx_item_result one = fixture_result(content[id], what == OWN || what == FAILED ? 3 : 0);

    one.item.id = id;
    free(one.item.path);
    free(one.item.member);
    one.item.member = NULL;
    one.item.ordinal = -1;
    if (asprintf(&one.item.path, "corpus/%d.wav", (int)id) < 0)
        fail_msg("no memory");
    snprintf(one.hash, sizeof one.hash, "xxh3:%032d", content[id]);
    if (id == 2 || id == 5)
        strcpy(one.warning, "its name in the archive is absolute");
    if (what == FAILED)
        fixture_fail(&one, "it breaks off");
    if (what == SAME) {
        one.status = VX_ITEM_SAME;
        one.same_as = same_as;
        one.error[0] = '\0';
        one.info = (struct vx_audio_info){0};
        one.aggregate = (struct vx_aggregate){0};
        one.domain = (struct vx_item_domain){0};
    }
    *r = one;
}

static struct vx_run deduped(int n)
{
    struct vx_run run = fixture_run(n);

    run.config_json = "{\"hop\": 2, \"dedupe\": true, \"inputs\": [\"corpus\"]}";
    return run;
}

struct row {
    int64_t item;
    enum what what;
    int64_t same_as;
};

static void write_shard(const char *path, const struct vx_run *run, const struct row *rows, size_t n)
{
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    if (vx_shard_open(&shard, path, run, &err) != VX_OK)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < n; i++) {
        struct vx_item_result r;
        const struct vx_item_result *const one = &r;
        if (rows[i].what == NOTHING)
            continue;
        make(&r, rows[i].item, rows[i].what, rows[i].same_as);
        if (vx_shard_commit(shard, &one, 1, &err) != VX_OK)
            fail_msg("%s", err.text);
        vx_item_result_clear(&r);
    }
    vx_shard_close(&shard);
}

static void merge(const char *out, const char *const *from, size_t n, struct vx_merge_stats *stats)
{
    struct vx_err err = {0};

    if (vx_merge(out, from, n, NULL, NULL, stats, &err) != VX_OK)
        fail_msg("%s", err.text);
}

/* Shards of two ranks become a result; its rows as text, the caller's to free. */
static char *merged(struct fixture *f, const struct row *a, size_t n_a, const struct row *b, size_t n_b, struct vx_merge_stats *stats)
{
    const char *const from[] = {fixture_path(f, "a.db"), fixture_path(f, "b.db")}, *const out = fixture_path(f, "out.db");
    const struct vx_run run = deduped(0);

    write_shard(from[0], &run, a, n_a);
    write_shard(from[1], &run, b, n_b);
    merge(out, from, 2, stats);
    char *const dump = fixture_dump(out);
    assert_int_equal(remove(from[0]) | remove(from[1]), 0);
    return dump;
}

/* The first of each content was scored, by either rank; another one was; several were: nobody can tell afterwards. */
static void it_does_not_matter_who_scored(void **state)
{
    static const struct row as_listed[] = {{1, OWN, 0},  {2, SAME, 1}, {3, OWN, 0},  {4, SAME, 1}, {5, SAME, 1}, {6, SAME, 3}},
                            others[] = {{1, SAME, 5}, {2, SAME, 5}, {3, SAME, 6}, {4, SAME, 5}, {5, OWN, 0},  {6, OWN, 0}},
                            twice[] = {{1, OWN, 0},  {2, OWN, 0},  {3, OWN, 0},  {4, SAME, 2}, {5, OWN, 0},  {6, OWN, 0}},
                            again[] = {{2, SAME, 4}, {4, OWN, 0},  {3, SAME, 6}};
    struct fixture *const f = *state;
    struct vx_merge_stats stats;
    char *const first = merged(f, as_listed, 6, NULL, 0, &stats);
    const char *const out = fixture_path(f, "out.db"), *const more = fixture_path(f, "more.db");
    const struct {
        const struct row *a, *b;
        size_t n_a, n_b;
    } ways[] = {{as_listed, as_listed + 3, 3, 3}, {others, NULL, 6, 0}, {others + 2, others, 4, 2}, {twice, NULL, 6, 0},
                {as_listed, again, 6, 3}, {again, others, 3, 6}};

    assert_int_equal(stats.items, 6);
    assert_int_equal(stats.scored, 6);
    assert_int_equal(stats.same, 4);
    assert_int_equal(stats.pending, 0);
    assert_int_equal(stats.windows, 6);
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM items WHERE same_as = 1 AND item IN (2, 4, 5) AND n_windows = 0"), 3);
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM items i JOIN items s ON s.item = i.same_as WHERE i.verdict = s.verdict"
                                          " AND i.mean_fake = s.mean_fake AND i.duration_s = s.duration_s AND s.n_windows = 3"), 4);
    assert_int_equal(fixture_integer(out, "SELECT count(DISTINCT item) FROM windows WHERE item IN (1, 3)"), 2);
    assert_int_equal(fixture_integer(out, "SELECT sum(item) FROM items WHERE warning IS NOT NULL"), 2 + 5);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        char *const dump = merged(f, ways[i].a, ways[i].n_a, ways[i].b, ways[i].n_b, &stats);
        assert_string_equal(dump, first);
        assert_int_equal(stats.windows, 6);
        free(dump);
    }
    merge(more, &out, 1, &stats); /* a result as the input of a merge */
    char *const dump = fixture_dump(more);
    assert_string_equal(dump, first);
    assert_int_equal(stats.same, 4);
    free(dump);
    free(first);
}

/* More shards than are merged at once: what is merged of some of them is not settled before the others are there. */
static void many_shards(void **state)
{
    static const struct row rows[] = {{1, SAME, 5}, {2, SAME, 1}, {3, SAME, 6}, {4, SAME, 5}, {5, OWN, 0},  {6, OWN, 0},
                                      {1, OWN, 0},  {2, SAME, 5}, {3, OWN, 0},  {4, SAME, 1}, {5, SAME, 1}, {6, SAME, 3}};
    enum { SHARDS = sizeof rows / sizeof *rows };
    static const struct row as_listed[] = {{1, OWN, 0}, {2, SAME, 1}, {3, OWN, 0}, {4, SAME, 1}, {5, SAME, 1}, {6, SAME, 3}};
    struct fixture *const f = *state;
    const struct vx_run run = deduped(0);
    struct vx_merge_stats stats;
    char *const first = merged(f, as_listed, 6, NULL, 0, &stats), names[SHARDS][16];
    const char *from[SHARDS];

    for (int i = 0; i < SHARDS; i++) {
        snprintf(names[i], sizeof names[i], "%02d.db", i);
        write_shard(from[i] = fixture_path(f, names[i]), &run, &rows[i], 1);
    }
    const char *const out = fixture_path(f, "out.db");
    merge(out, from, SHARDS, &stats);
    char *const dump = fixture_dump(out);
    assert_string_equal(dump, first);
    assert_int_equal(stats.same, 4);
    free(dump);
    free(first);
}

static void copies_fail_alike(void **state)
{
    static const struct row a[] = {{1, SAME, 4}, {2, SAME, 4}, {3, FAILED, 0}, {4, FAILED, 0}},
                            b[] = {{3, OWN, 0}, {5, SAME, 4}, {6, SAME, 3}};
    struct fixture *const f = *state;
    struct vx_merge_stats stats;
    const char *const out = fixture_path(f, "out.db");

    free(merged(f, a, 4, b, 3, &stats));
    assert_int_equal(stats.failed, 4);
    assert_int_equal(stats.scored, 2); /* 3 failed for one rank and was scored by another: chance, and the score counts */
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM items WHERE same_as = 1 AND status = 'failed'"
                                          " AND error = 'it breaks off' AND verdict IS NULL AND n_windows = 0"), 3);
    assert_int_equal(fixture_integer(out, "SELECT n_windows FROM items WHERE item = 1"), 3);
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM windows WHERE item = 1"), 3);
}

/* Nobody has scored it: the copies wait, and a run that says it is complete is not. One that killed its workers takes its copies
 * with it. */
static void copies_wait(void **state)
{
    static const struct row a[] = {{2, SAME, 1}, {3, OWN, 0}, {4, SAME, 1}, {6, OWN, 0}};
    struct fixture *const f = *state;
    const char *const from = fixture_path(f, "a.db"), *const list = fixture_path(f, "items.db"), *const out = fixture_path(f, "out.db");
    struct vx_run run = deduped(0);
    struct vx_itemlist *items = NULL;
    struct vx_merge_stats stats;
    struct vx_err err = {0};

    write_shard(from, &run, a, 4);
    assert_int_equal(vx_itemlist_open(&items, list, &err), VX_OK);
    for (int64_t id = 1; id <= 6; id++) {
        struct vx_item_result r;
        make(&r, id, OWN, 0);
        r.item.id = 0;
        assert_int_equal(vx_itemlist_add(items, &r.item, 1, &err), VX_OK);
        vx_item_result_clear(&r);
    }
    assert_int_equal(vx_merge(out, &from, 1, list, NULL, &stats, &err), VX_OK);
    assert_int_equal(stats.pending, 4);
    assert_int_equal(stats.same, 1);
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM items WHERE status = 'pending' AND same_as IS NOT NULL"), 0);
    run.state = "complete";
    assert_int_equal(vx_merge(out, &from, 1, list, &run, &stats, &err), VX_EFORMAT);
    for (int attempt = 1; attempt <= 2; attempt++)
        assert_int_equal(vx_itemlist_blame(items, attempt, 0, 1, 1, "it died", &err), VX_OK);
    assert_int_equal(vx_merge(out, &from, 1, list, NULL, &stats, &err), VX_OK);
    assert_int_equal(stats.failed, 3);
    assert_int_equal(stats.pending, 1);
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM items WHERE same_as = 1 AND error LIKE 'killed its worker twice%'"), 2);
    vx_itemlist_close(&items);
}

/* Two scans, whose items are numbered anew; and one that was not deduplicated, whose equal items stay as they are. */
static void several_runs(void **state)
{
    static const struct row a[] = {{3, OWN, 0}, {4, OWN, 0}, {5, SAME, 4}, {6, SAME, 3}}, b[] = {{1, OWN, 0}, {2, OWN, 0}, {3, OWN, 0}};
    struct fixture *const f = *state;
    const char *const from[] = {fixture_path(f, "a.db"), fixture_path(f, "b.db")}, *const out = fixture_path(f, "out.db");
    struct vx_merge_stats stats;
    const struct vx_run first = deduped(0), second = deduped(1), plain = fixture_run(1);

    write_shard(from[0], &first, a, 4);
    write_shard(from[1], &second, b, 3);
    merge(out, from, 2, &stats);
    assert_int_equal(stats.items, 6);
    assert_int_equal(stats.same, 4);
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM items i JOIN items s ON s.item = i.same_as"
                                          " WHERE i.hash = s.hash AND s.same_as IS NULL AND s.n_windows = 3"), 4);
    assert_int_equal(remove(from[1]), 0);
    write_shard(from[1], &plain, b, 3);
    merge(out, from, 2, &stats);
    assert_int_equal(stats.items, 6);
    assert_int_equal(stats.same, 1); /* 5 of the first run: 3 was scored again by the second one, which knows of no copies */
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM items WHERE run = 2 AND same_as IS NULL AND n_windows = 3"), 3);
}

/* What was said of a content goes to its copies, what was said of a name does not. */
static void warnings(void **state)
{
    static const struct row rows[] = {{2, OWN, 0}, {1, OWN, 0}, {4, OWN, 0}};
    struct fixture *const f = *state;
    const char *const out = fixture_path(f, "out.db"), *const again = fixture_path(f, "again.db");
    struct vx_merge_stats stats;

    free(merged(f, rows, 2, rows + 2, 1, &stats));
    fixture_exec(out, "UPDATE items SET warning = 'cut short; its name in the archive is absolute' WHERE item = 1;"
                      "UPDATE items SET warning = 'its name in the archive leads out of it' WHERE item = 2");
    merge(again, &out, 1, &stats);
    assert_int_equal(fixture_integer(again, "SELECT warning = 'cut short; its name in the archive is absolute' FROM items WHERE item = 1"), 1);
    assert_int_equal(fixture_integer(again, "SELECT warning = 'cut short; its name in the archive leads out of it' FROM items WHERE item = 2"), 1);
    assert_int_equal(fixture_integer(again, "SELECT warning = 'cut short' FROM items WHERE item = 4"), 1);
}

/* The first of a content was found changed, so that its copy has a score and no windows; another scan then brings some. */
static void windows_win(void **state)
{
    static const struct row a[] = {{1, OWN, 0}, {2, SAME, 1}}, b[] = {{4, OWN, 0}};
    struct fixture *const f = *state;
    const char *const from[] = {fixture_path(f, "left.db"), fixture_path(f, "b.db")}, *const out = fixture_path(f, "out.db"),
                      *const both = fixture_path(f, "both.db");
    const struct vx_run second = deduped(1);
    struct vx_merge_stats stats;

    free(merged(f, a, 2, NULL, 0, &stats));
    fixture_exec(out, "UPDATE items SET hash = 'xxh3:another' WHERE item = 1");
    merge(from[0], &out, 1, &stats);
    assert_int_equal(fixture_integer(from[0], "SELECT n_windows FROM items WHERE item = 2 AND status = 'scored' AND same_as IS NULL"), 0);
    write_shard(from[1], &second, b, 1);
    merge(both, from, 2, &stats);
    assert_int_equal(stats.windows, 3 + 3);
    assert_int_equal(fixture_integer(both, "SELECT n_windows FROM items WHERE path = 'corpus/2.wav' AND same_as IS NULL"), 3);
    assert_int_equal(fixture_integer(both, "SELECT count(*) FROM items c JOIN items i ON i.item = c.same_as JOIN windows w ON w.item = i.item"
                                           " WHERE c.path = 'corpus/4.wav' AND i.path = 'corpus/2.wav'"), 3);
}

/* Evaluation hears the scores of the one that has them. */
static void scores_of_copies(void **state)
{
    static const struct row a[] = {{1, OWN, 0}, {2, SAME, 1}, {3, OWN, 0}, {4, SAME, 1}, {5, SAME, 1}, {6, SAME, 3}};
    struct fixture *const f = *state;
    struct vx_scores *scores = NULL;
    struct vx_scored_item item;
    double of[7][3];
    struct vx_err err = {0};
    struct vx_merge_stats stats;

    free(merged(f, a, 6, NULL, 0, &stats));
    assert_int_equal(vx_scores_open(&scores, fixture_path(f, "out.db"), &err), VX_OK);
    for (int i = 1; i <= 6; i++) {
        assert_int_equal(vx_scores_next(scores, &item, &err), VX_OK);
        assert_int_equal(item.n_scores, 3);
        memcpy(of[i], item.scores, sizeof of[i]);
        assert_memory_equal(of[i], of[content[i] == 'a' ? 1 : 3], sizeof of[i]);
    }
    assert_int_equal(vx_scores_next(scores, &item, &err), VX_DONE);
    vx_scores_close(&scores);
}

/* A shard takes no row that contradicts itself. */
static void refused(void **state)
{
    const char *const path = fixture_path(*state, "a.db");
    const struct vx_run run = deduped(0);
    struct vx_shard *shard = NULL;
    struct vx_err err;

    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    for (int i = 0; i < 5; i++) {
        struct vx_item_result r;
        const struct vx_item_result *const one = &r;
        make(&r, 2, i == 4 ? OWN : SAME, 1);
        if (i == 0)
            r.same_as = 0;
        if (i == 1)
            r.same_as = 2;
        if (i == 2)
            r.hash[0] = '\0';
        if (i == 4)
            r.same_as = 1;
        assert_int_equal(vx_shard_commit(shard, &one, 1, &err), i == 3 ? VX_OK : VX_EINVAL);
        vx_item_result_clear(&r);
    }
    vx_shard_close(&shard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_does_not_matter_who_scored, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(many_shards, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(copies_fail_alike, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(copies_wait, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(several_runs, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(windows_win, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(warnings, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(scores_of_copies, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refused, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
