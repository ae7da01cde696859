/* test_stretches.c - the suspicious stretches of a result: which items have some, channels apart, the N worst of all */
#include "db/stretches.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static struct vx_stretches *open_all(const char *path, const struct vx_stretches_config *config)
{
    struct vx_stretches *s = NULL;
    struct vx_err err;

    if (vx_stretches_open(&s, path, config, &err) != VX_OK)
        fail_msg("%s", err.text);
    return s;
}

/* p of 3-window items: the fixture's logits are id % 5 - 2.1 against 0, 0.3, 0.6; calibration 0.5 x - 0.25. */
static double fixture_p(int64_t id, int window)
{
    return 1 / (1 + exp(0.5 * ((double)((float)(id % 5) - 2.1f) - (double)((float)window * 0.3f)) - 0.25));
}

/* What the windows of every item give, whatever its verdict, at the run's own threshold and at another one. */
static void all_of_them(void **state)
{
    static const double thresholds[] = {-1, 0.55};
    const char *const path = fixture_make_result(*state, "r.db", 60, 3);
    struct vx_stretches_item item;
    struct vx_err err;
    int64_t seen;
    enum vx_status rc;

    for (size_t t = 0; t < 2; t++) {
        const struct vx_stretches_config config = {.threshold = thresholds[t]};
        const double threshold = thresholds[t] < 0 ? 0.6 : thresholds[t];
        struct vx_stretches *s;

        fixture_exec(path, "UPDATE items SET max_fake = 1"); /* the fixture's is not that of its windows */
        s = open_all(path, &config);
        seen = 0;
        while ((rc = vx_stretches_next(s, &item, &err)) == VX_OK) {
            struct vx_item_result r = fixture_result(item.item, 3);
            for (seen++; seen < item.item; seen++) /* p grows with the window's number: who has none has a last one below */
                assert_true(fixture_p(seen, 2) < threshold);
            assert_int_equal(item.n, 1);
            assert_string_equal(item.path, r.item.path);
            assert_int_equal(item.member != NULL, r.item.member != NULL);
            assert_string_equal(item.model, "tiny");
            assert_true(item.sample_rate == 16000 && item.channels == 1 && item.duration_s == 6 && item.threshold == threshold);
            assert_true(item.at[0].channel == 0 && item.at[0].rank == 0 && item.at[0].stretch.end_s == 6);
            assert_true(fabs(item.at[0].stretch.max_fake - fixture_p(item.item, 2)) < 1e-12);
            const size_t first = item.at[0].stretch.first;
            assert_true(fixture_p(item.item, (int)first) >= threshold);
            assert_true(first == 0 || fixture_p(item.item, (int)first - 1) < threshold);
            vx_item_result_clear(&r);
        }
        assert_int_equal(rc, VX_DONE);
        assert_true(seen > 0);
        vx_stretches_close(&s);
        assert_null(s);
    }
}

/* Pictures, items whose largest p is below, pending ones and those scored as another item have none. */
static void passed_over(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 6, 3);
    const struct vx_stretches_config config = {.threshold = 0};
    struct vx_stretches *s;
    struct vx_stretches_item item;
    struct vx_err err;

    fixture_exec(path, "UPDATE items SET kind = 'image' WHERE item = 1;"
                       "DELETE FROM windows WHERE item = 2; UPDATE items SET same_as = 5, n_windows = 0, n_scored = 0 WHERE item = 2;"
                       "UPDATE windows SET logit_real = NULL, logit_fake = NULL WHERE item = 3;"
                       "UPDATE items SET n_scored = 0, max_fake = NULL WHERE item = 3;"
                       "UPDATE items SET status = 'failed', verdict = NULL, max_fake = NULL, mean_fake = NULL, duration_s = NULL,"
                       " sample_rate = NULL WHERE item = 4;"
                       "DELETE FROM items WHERE item = 6");
    s = open_all(path, &config);
    assert_int_equal(vx_stretches_next(s, &item, &err), VX_OK);
    assert_true(item.item == 4 && item.n == 1 && isnan(item.mean_fake) && isnan(item.duration_s) && item.sample_rate == 0);
    assert_string_equal(item.verdict, "");
    assert_string_equal(item.status, "failed");
    assert_true(item.at[0].stretch.end_s == 6 && item.copies == 0);
    assert_int_equal(vx_stretches_next(s, &item, &err), VX_OK);
    assert_true(item.item == 5 && item.copies == 1);
    assert_int_equal(vx_stretches_next(s, &item, &err), VX_DONE);
    vx_stretches_close(&s);
}

/* Channels lie one within the other in the table; neighbours are those of one channel. */
static void channels_apart(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 1, 6);
    const struct vx_stretches_config config = {.threshold = 0.5};
    struct vx_stretches *s;
    struct vx_stretches_item item;
    struct vx_err err;

    fixture_exec(path, "UPDATE windows SET channel = idx % 2 + 1, start_ms = (idx / 2) * 2000, logit_fake = 0,"
                       " logit_real = CASE WHEN idx IN (0, 2, 3) THEN -4 ELSE 4 END; UPDATE items SET max_fake = 1");
    s = open_all(path, &config);
    assert_int_equal(vx_stretches_next(s, &item, &err), VX_OK);
    assert_int_equal(item.n, 2);
    assert_true(item.at[0].channel == 1 && item.at[0].stretch.start_s == 0 && item.at[0].stretch.end_s == 4);
    assert_true(item.at[1].channel == 2 && item.at[1].stretch.start_s == 2 && item.at[1].stretch.end_s == 4);
    assert_int_equal(vx_stretches_next(s, &item, &err), VX_DONE);
    vx_stretches_close(&s);
}

/* An item's max_fake is that of the channel with the largest mean: another one may have the only stretch. */
static void peak_of_another_channel(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 1, 6);
    const struct vx_stretches_config config = {.threshold = 0.7};
    struct vx_stretches *s;
    struct vx_stretches_item item;
    struct vx_err err;

    fixture_exec(path, "UPDATE windows SET channel = idx % 2 + 1, start_ms = (idx / 2) * 2000, logit_fake = 0,"
                       " logit_real = CASE WHEN idx % 2 = 0 THEN 0 WHEN idx = 3 THEN -8 ELSE 8 END;"
                       "UPDATE items SET max_fake = 0.57;"
                       "INSERT INTO channels (item, channel, n_windows, n_scored, mean_fake, max_fake)"
                       " VALUES (1, 1, 3, 3, 0.57, 0.57), (1, 2, 3, 3, 0.34, 0.98)");
    s = open_all(path, &config);
    assert_int_equal(vx_stretches_next(s, &item, &err), VX_OK);
    assert_true(item.n == 1 && item.at[0].channel == 2 && item.at[0].stretch.start_s == 2 && item.at[0].stretch.end_s == 4);
    vx_stretches_close(&s);
}

/* The N worst are the first N of all of them, sorted; more than there are is all. */
static void the_worst(void **state)
{
    enum { ITEMS = 50, MAX = 3 * ITEMS + 1 };
    const char *const path = fixture_make_result(*state, "r.db", ITEMS, 5);
    static const size_t tops[] = {1, 2, 7, 99, 1000};
    struct vx_stretches_config config = {.threshold = 0.5};
    struct vx_stretches *s;
    struct vx_stretches_item item;
    struct vx_stretch_place all[MAX];
    struct vx_err err;
    size_t n = 0;

    fixture_exec(path, "UPDATE windows SET logit_fake = 0, logit_real = (item * 37 + idx * 17) % 11 - 5; UPDATE items SET max_fake = 1");
    s = open_all(path, &config);
    while (vx_stretches_next(s, &item, &err) == VX_OK)
        for (size_t i = 0; i < item.n && n < MAX; i++)
            all[n++] = item.at[i];
    vx_stretches_close(&s);
    assert_true(n > ITEMS && n < MAX);
    for (size_t t = 0; t < sizeof tops / sizeof *tops; t++) {
        const size_t expected = tops[t] < n ? tops[t] : n;
        unsigned char ranks[MAX + 1] = {0};
        size_t got = 0;

        config.top = tops[t];
        s = open_all(path, &config);
        while (vx_stretches_next(s, &item, &err) == VX_OK)
            for (size_t i = 0; i < item.n; i++, got++) {
                size_t worse = 0, before = 0; /* than this one; as bad, and listed before */
                for (size_t k = 0; k < n; k++)
                    worse += vx_stretch_compare(&all[k].stretch, &item.at[i].stretch) < 0;
                for (size_t k = 0; k < n; k++)
                    before += vx_stretch_compare(&all[k].stretch, &item.at[i].stretch) <= 0;
                assert_true(item.at[i].rank > worse && item.at[i].rank <= before && item.at[i].rank <= expected);
                assert_int_equal(ranks[item.at[i].rank]++, 0);
            }
        assert_int_equal(got, expected);
        vx_stretches_close(&s);
    }
}

/* Files of every earlier version are read. */
static void older(void **state)
{
    const struct vx_stretches_config config = {.threshold = 0.5, .top = 3};

    for (int version = 1; version <= 3; version++) {
        const char *const path = fixture_make_result(*state, "r.db", 10, 3);
        struct vx_stretches_item item;
        struct vx_stretches *s;
        struct vx_err err;

        fixture_exec(path, "UPDATE items SET max_fake = 1");
        fixture_age(path, version);
        s = open_all(path, &config);
        assert_int_equal(vx_stretches_next(s, &item, &err), VX_OK);
        assert_string_equal(item.hash, "");
        vx_stretches_close(&s);
        fixture_exec(path, "DROP TABLE windows");
        assert_int_not_equal(vx_stretches_open(&s, path, &config, &err), VX_OK);
        assert_null(s);
        assert_int_equal(remove(path), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_of_them, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(passed_over, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(channels_apart, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(peak_of_another_channel, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_worst, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(older, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
