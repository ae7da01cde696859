/* test_merge_channels.c - what came with schema version 4 goes through shard and merge: channels, content, evidence, reviews */
#include "db/merge.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Items first … end-1, two channels each, every third with a hash and a warning. */
static void write_shard(const char *path, int run, int64_t first, int64_t end)
{
    struct vx_run r = fixture_run(run);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    r.custody = true;
    r.revision = "abc123";
    r.gpu_wh = 7.5;
    if (vx_shard_open(&shard, path, &r, &err) != VX_OK)
        fail_msg("%s", err.text);
    for (int64_t id = first; id < end; id++) {
        struct vx_item_result result = fixture_result(id, 4);
        const struct vx_item_result *const one = &result;
        result.n_channels = 2;
        result.channels = calloc(2, sizeof *result.channels);
        for (int i = 0; i < 4; i++)
            result.windows[i].channel = 1 + i % 2;
        for (int c = 0; c < 2; c++) {
            result.channels[c] = result.aggregate;
            result.channels[c].n_windows = result.channels[c].n_scored = 2;
            result.channels[c].mean_fake = 0.25 * (c + 1);
        }
        if (id % 3 == 0) {
            strcpy(result.hash, "xxh3:00112233445566778899aabbccddeeff");
            strcpy(result.warning, "it grew while it was read");
        }
        if (vx_shard_commit(shard, &one, 1, &err) != VX_OK)
            fail_msg("%s", err.text);
        vx_item_result_clear(&result);
    }
    vx_shard_close(&shard);
}

static void merge(const char *out, const char *const *from, size_t n)
{
    struct vx_err err = {0};

    if (vx_merge(out, from, n, NULL, NULL, NULL, &err) != VX_OK)
        fail_msg("%s", err.text);
}

static void is_complete(const char *db)
{
    assert_int_equal(fixture_integer(db, "SELECT count(*) FROM items"), 20);
    assert_int_equal(fixture_integer(db, "SELECT count(*) FROM windows WHERE channel = 1 + idx % 2"), 80);
    assert_int_equal(fixture_integer(db, "SELECT count(*) FROM channels JOIN items USING (item)"
                                         " WHERE channels.mean_fake = 0.25 * channel AND channels.n_windows = 2"), 40);
    assert_int_equal(fixture_integer(db, "SELECT count(*) FROM channel_scores WHERE name IS NOT NULL AND model = 'tiny'"), 40);
    assert_int_equal(fixture_integer(db, "SELECT count(*) FROM items WHERE hash LIKE 'xxh3:%' AND warning LIKE 'it grew%'"), 6);
    assert_int_equal(fixture_integer(db, "SELECT count(*) FROM runs WHERE custody = 1 AND revision = 'abc123' AND gpu_wh = 7.5"
                                         " AND cpu_wh IS NULL"), fixture_integer(db, "SELECT count(*) FROM runs"));
}

/* Of one scan, whose ids are kept, and of two, whose items are numbered anew. */
static void all_of_it_is_kept(void **state)
{
    for (int second = 0; second < 2; second++) {
        const char *const a = fixture_path(*state, "a.db"), *const b = fixture_path(*state, "b.db"),
                   *const out = fixture_path(*state, "out.db"), *const again = fixture_path(*state, "again.db");
        const char *const both[] = {b, a};
        write_shard(a, 0, 1, 11);
        write_shard(b, second, 11, 21);
        merge(out, both, 2);
        is_complete(out);
        merge(again, &out, 1);
        is_complete(again);
        assert_int_equal(remove(a) | remove(b) | remove(out) | remove(again), 0);
    }
}

/* One is in both results: it stays one. The items have other numbers in the merge than where they came from. */
static void reviews_go_along(void **state)
{
    static const char REVIEW[] = "INSERT INTO reviews (item, channel, start_s, end_s, label, reviewer, reviewed)"
                                 " SELECT item, 0, 2, 4, 'real', 'anna', '2026-01-05T10:00:00Z' FROM items WHERE size % 2 = 0";
    const char *const a = fixture_path(*state, "a.db"), *const b = fixture_path(*state, "b.db"),
               *const ra = fixture_path(*state, "ra.db"), *const rb = fixture_path(*state, "rb.db"),
               *const out = fixture_path(*state, "out.db");
    const char *const both[] = {ra, rb}, *const twice[] = {ra, ra};

    write_shard(a, 0, 1, 11);
    write_shard(b, 1, 8, 21);
    merge(ra, &a, 1);
    merge(rb, &b, 1);
    fixture_exec(ra, REVIEW);
    fixture_exec(rb, REVIEW);
    merge(out, both, 2);
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM reviews"), 10); /* 2, 4, … 20; 8 and 10 are in both */
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM reviews v JOIN items i USING (item)"
                                          " WHERE i.size % 2 = 0 AND v.label = 'real' AND v.imported IS NULL"), 10);
    assert_int_equal(remove(out), 0);
    merge(out, twice, 2);
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM reviews"), 5);
}

/* One of version 3 has none of it; the program goes on with a shard of that version. */
static void beside_version_3(void **state)
{
    const char *const old = fixture_path(*state, "old.db"), *const young = fixture_path(*state, "young.db"),
               *const out = fixture_path(*state, "out.db");
    const char *const both[] = {young, old};

    write_shard(old, 0, 1, 11);
    write_shard(young, 1, 11, 21);
    fixture_age(old, 3);
    merge(out, both, 2);
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM windows WHERE channel IS NULL"), 40);
    assert_int_equal(fixture_integer(out, "SELECT count(*) FROM channels"), 20);
    assert_int_equal(fixture_integer(out, "SELECT sum(custody) FROM runs"), 1);
    write_shard(old, 0, 11, 16);
    assert_int_equal(fixture_integer(old, "SELECT count(*) FROM channels"), 10);
    assert_int_equal(fixture_integer(old, "SELECT custody FROM runs"), 0); /* as it was begun */
}

static void wrong_channels_are_refused(void **state)
{
    static const int32_t wrong[] = {-1, 3, 1 << 20};
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    assert_int_equal(vx_shard_open(&shard, fixture_path(*state, "a.db"), &run, &err), VX_OK);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct vx_item_result r = fixture_result(1, 2);
        const struct vx_item_result *const one = &r;
        r.n_channels = 2;
        r.channels = calloc(2, sizeof *r.channels);
        r.windows[1].channel = wrong[i];
        assert_int_equal(vx_shard_commit(shard, &one, 1, &err), VX_EINVAL);
        assert_non_null(strstr(err.text, "channel"));
        vx_item_result_clear(&r);
    }
    vx_shard_close(&shard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_it_is_kept, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(reviews_go_along, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(beside_version_3, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(wrong_channels_are_refused, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
