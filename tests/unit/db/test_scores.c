/* test_scores.c - a result read back item by item: names, outcomes, window scores, metadata; and what is no result */
#include "db/scores.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"

#include <string.h>

static struct vx_scores *open_scores(const char *path)
{
    struct vx_scores *scores = NULL;
    struct vx_err err;

    if (vx_scores_open(&scores, path, &err) != VX_OK)
        fail_msg("%s", err.text);
    return scores;
}

/* What was committed comes back, to the last bit. */
static void reads_back(void **state)
{
    struct vx_scores *scores = open_scores(fixture_make_result(*state, "r.db", 45, 3));
    struct vx_scored_item item;
    struct vx_err err;
    int64_t n = 0;
    enum vx_status rc;

    assert_true(vx_scores_run(scores)->trained && vx_scores_run(scores)->window_s == 2);
    while ((rc = vx_scores_next(scores, &item, &err)) == VX_OK) {
        struct vx_item_result r = fixture_result(++n, 3);
        assert_int_equal(item.item, n);
        assert_string_equal(item.path, r.item.path);
        assert_int_equal(item.member != NULL, r.item.member != NULL);
        if (item.member)
            assert_string_equal(item.member, r.item.member);
        assert_int_equal(item.n_scores, 3);
        for (int i = 0; i < 3; i++)
            assert_true(item.scores[i] == (double)r.windows[i].real - (double)r.windows[i].fake);
        assert_true(item.duration_s == 6 && item.n_meta == 0);
        assert_int_equal(item.outcome, n < 40 ? VX_OUTCOME_REAL : VX_OUTCOME_UNCERTAIN);
        vx_item_result_clear(&r);
    }
    assert_int_equal(rc, VX_DONE);
    assert_int_equal(n, 45);
    vx_scores_close(&scores);
    assert_null(scores);
}

/* Items without windows or metadata between others that have some, and rows of items that are not there. */
static void gaps(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 5, 2);
    struct vx_scores *scores;
    struct vx_scored_item item;
    struct vx_err err;

    fixture_exec(path, "DELETE FROM items WHERE item IN (1, 4);"
                       "UPDATE items SET status = 'failed', verdict = NULL, duration_s = NULL WHERE item = 2;"
                       "UPDATE windows SET logit_real = NULL, logit_fake = NULL WHERE item = 3 AND idx = 0;"
                       "INSERT INTO metadata VALUES (0, 'k', 'v'), (3, 'speaker', 'Ann'), (3, 'empty', NULL), (4, 'k', 'v')");
    scores = open_scores(path);
    assert_int_equal(vx_scores_next(scores, &item, &err), VX_OK);
    assert_true(item.item == 2 && item.outcome == VX_OUTCOME_FAILED && item.n_scores == 2 && item.n_meta == 0);
    assert_true(item.duration_s == 0);
    assert_int_equal(vx_scores_next(scores, &item, &err), VX_OK);
    assert_true(item.item == 3 && item.n_scores == 1 && item.n_meta == 2);
    assert_string_equal(item.meta[0], "empty");
    assert_string_equal(item.meta[1], "");
    assert_string_equal(item.meta[2], "speaker");
    assert_string_equal(item.meta[3], "Ann");
    assert_int_equal(vx_scores_next(scores, &item, &err), VX_OK);
    assert_true(item.item == 5 && item.n_scores == 2 && item.n_meta == 0);
    assert_int_equal(vx_scores_next(scores, &item, &err), VX_DONE);
    vx_scores_close(&scores);
}

static void refused(void **state)
{
    static const struct {
        const char *damage, *says;
        enum vx_status status;
    } rows[] = {
        {"DELETE FROM runs", "without a row in runs", VX_EFORMAT},
        {"UPDATE windows SET logit_real = 9e999 WHERE item = 2", "item 2 has a score of inf", VX_EFORMAT},
        {"UPDATE items SET path_raw = x'610062' WHERE item = 2", "item 2 has no name", VX_EFORMAT},
        {"UPDATE items SET path = '' WHERE item = 2", "item 2 has no name", VX_EFORMAT},
        {"PRAGMA application_id = 7", "not one of Voxtrawl's", VX_EINVAL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const path = fixture_make_result(*state, "r.db", 3, 1);
        struct vx_scores *scores = NULL;
        struct vx_scored_item item;
        struct vx_err err;
        fixture_exec(path, rows[i].damage);
        enum vx_status rc = vx_scores_open(&scores, path, &err);
        while (rc == VX_OK)
            rc = vx_scores_next(scores, &item, &err);
        if (rc != rows[i].status || !strstr(err.text, rows[i].says) || !strstr(err.text, path))
            fail_msg("%s: status %d, %s", rows[i].damage, rc, rc == VX_DONE ? "" : err.text);
        vx_scores_close(&scores);
    }
}

/* Of channels that were scored on their own a file's verdict goes by the worst, which has the largest mean_fake. */
static void worst_channel(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 2, 4);
    struct vx_scores *scores;
    struct vx_scored_item item;
    struct vx_err err;

    fixture_exec(path, "UPDATE windows SET channel = 1 + idx % 2 WHERE item = 1;"
                       "INSERT INTO channels (item, channel, n_windows, n_scored, mean_fake) VALUES (1, 1, 2, 2, 0.2), (1, 2, 2, 2, 0.3), (1, 3, 2, 0, NULL)");
    scores = open_scores(path);
    assert_int_equal(vx_scores_next(scores, &item, &err), VX_OK);
    assert_int_equal(item.n_scores, 4);
    assert_int_equal(item.n_judged, 2);
    assert_true(item.judged[0] == item.scores[1] && item.judged[1] == item.scores[3]);
    assert_int_equal(vx_scores_next(scores, &item, &err), VX_OK);
    assert_int_equal(item.n_judged, 4);
    assert_memory_equal(item.judged, item.scores, 4 * sizeof *item.scores);
    vx_scores_close(&scores);
    fixture_exec(path, "UPDATE channels SET mean_fake = 0.9 WHERE channel = 3"); /* of no window: nothing to judge by */
    scores = open_scores(path);
    assert_int_equal(vx_scores_next(scores, &item, &err), VX_EFORMAT);
    assert_non_null(strstr(err.text, "channel, 3,"));
    vx_scores_close(&scores);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(worst_channel, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(gaps, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refused, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("scores of a result", tests, NULL, NULL);
}
