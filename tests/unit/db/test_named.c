/* test_named.c - every ready question on small results: some numbers, and that untrained scores are called that */
#include "db/itemlist.h"
#include "db/merge.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/ask.h"
#include "tests/unit/db/fixture.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCORED = 100, FAILED, SILENT, LISTED = 104 }; /* the items' ids: 1 … 100 are scored, 103 and 104 pending */

static void add_metadata(struct vx_item *item, const char *key, const char *value)
{
    item->n_meta = 1;
    item->meta = calloc(2, sizeof(char *));
    item->meta[0] = strdup(key);
    item->meta[1] = strdup(value);
}

static void write_list(const char *path)
{
    struct vx_itemlist *list = NULL;
    struct vx_err err = {0};

    assert_int_equal(vx_itemlist_open(&list, path, &err), VX_OK);
    for (int64_t id = 1; id <= LISTED; id++) {
        struct vx_item_result r = fixture_result(id, 1);
        add_metadata(&r.item, id % 2 ? "speaker" : "take", id % 2 ? (id < 50 ? "anna" : "otto") : r.item.path);
        assert_int_equal(vx_itemlist_add(list, &r.item, 1, &err), VX_OK);
        vx_item_result_clear(&r);
    }
    vx_itemlist_close(&list);
}

static const char *make_result(struct fixture *f, bool trained)
{
    const char *const list = fixture_path(f, "list.db"), *const part = fixture_path(f, "part.db"),
               *const path = fixture_path(f, "r.db");
    struct vx_item_result failed = fixture_result(FAILED, 2), silent = fixture_result(SILENT, 0);
    const struct vx_item_result *const rest[] = {&failed, &silent};
    struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    run.model_trained = trained;
    write_list(list);
    assert_int_equal(vx_shard_open(&shard, part, &run, &err), VX_OK);
    fixture_fill(shard, 1, SCORED + 1, 1, 3);
    fixture_fail(&failed, "corpus/000101.wav: breaks off at 4.0 s");
    assert_int_equal(vx_shard_commit(shard, rest, 2, &err), VX_OK);
    vx_item_result_clear(&failed);
    vx_item_result_clear(&silent);
    for (int64_t id = 7; id <= 27; id += 10) { /* one content; and one that another item's is not */
        struct vx_item_result r = fixture_result(id, 3);
        const struct vx_item_result *const one = &r;
        strcpy(r.hash, id < 27 ? "xxh3:00112233445566778899aabbccddeeff" : "xxh3:ffeeddccbbaa99887766554433221100");
        assert_int_equal(vx_shard_commit(shard, &one, 1, &err), VX_OK);
        vx_item_result_clear(&r);
    }
    vx_shard_close(&shard);
    run.state = "stopped";
    run.finished = "2026-01-01T09:00:00Z";
    run.wall_s = 10;
    run.cpu_s = 20;
    run.audio_s = 604;
    if (vx_merge(path, &part, 1, list, &run, NULL, &err) != VX_OK)
        fail_msg("%s", err.text);
    fixture_exec(path, "INSERT INTO reviews (item, channel, start_s, end_s, label, reviewer, reviewed) VALUES"
                       " (5, 0, 0, 2, 'real', 'anna', '2026-01-05T10:00:00Z'), (5, 0, 0, 2, 'unsure', 'ben', '2026-01-05T10:00:00Z'),"
                       " (10, 0, 1, 3, 'fake', 'anna', '2026-01-05T10:00:00Z');"
                       "UPDATE items SET warning = 'two recordings' WHERE item = 12;"
                       "UPDATE items SET longest_run_s = item / 10 WHERE item IN (15, 25, 75)");
    return path;
}

static cJSON *ask_named(struct vx_query_db *db, const struct vx_named_query *query)
{
    char *const text = ask(db, query->sql, VX_QUERY_JSON, NULL);
    cJSON *const json = cJSON_Parse(text);

    if (!json)
        fail_msg("%s: %s", query->name, text);
    free(text);
    return json;
}

/* Rows of a query, and what one of them says. text NULL: compared as a number. */
static void numbers(void **state)
{
    static const struct {
        const char *query;
        int rows, row;
        const char *column, *text;
        double number;
    } expected[] = {
        {"summary", 6, 0, "verdict", "fake", 0},
        {"summary", 6, 0, "items", NULL, 40},
        {"summary", 6, 0, "mean_fake", NULL, 0.795},
        {"summary", 6, 0, "windows_scored", NULL, 120},
        {"summary", 6, 1, "verdict", "real", 0},
        {"summary", 6, 1, "median_fake", NULL, 0.195},
        {"summary", 6, 2, "verdict", "uncertain", 0},
        {"summary", 6, 2, "items", NULL, 20},
        {"summary", 6, 3, "verdict", "pending", 0},
        {"summary", 6, 3, "items", NULL, 2},
        {"summary", 6, 4, "verdict", "failed", 0},
        {"summary", 6, 5, "verdict", "not_scored", 0},
        {"top", 20, 0, "mean_fake", NULL, 0.99},
        {"top", 20, 1, "name", "corpus/all.tar/corpus/000098.wav", 0},
        {"top", 20, 19, "mean_fake", NULL, 0.8},
        {"uncertain", 20, 0, "mean_fake", NULL, 0.5},
        {"uncertain", 20, 0, "name", "corpus/000050.wav", 0},
        {"windows", 30, 0, "p", NULL, 0.832},
        {"windows", 30, 0, "start_s", NULL, 4},
        {"windows", 30, 0, "end_s", NULL, 6},
        {"windows", 30, 29, "p", NULL, 0.81},
        {"errors", 2, 0, "cause", "(path): breaks off at 4.0 s", 0},
        {"errors", 2, 1, "cause", "silence", 0},
        {"failed", 1, 0, "name", "corpus/000101.wav", 0},
        {"by-folder", 2, 0, "folder", "corpus/", 0},
        {"by-folder", 2, 0, "items", NULL, 90},
        {"by-folder", 2, 0, "failed", NULL, 1},
        {"by-folder", 2, 1, "folder", "corpus/all.tar", 0},
        {"by-folder", 2, 1, "items", NULL, 14},
        {"by-folder", 2, 1, "fake", NULL, 6},
        {"by-format", 2, 0, "format", "WAV, 16 bit", 0},
        {"by-format", 2, 0, "items", NULL, 102},
        {"by-format", 2, 1, "format", "audio", 0},
        {"metadata", 2, 0, "value", "otto", 0},
        {"metadata", 2, 1, "value", "anna", 0},
        {"metadata", 2, 1, "items", NULL, 25},
        {"metadata", 2, 1, "mean_fake", NULL, 0.25},
        {"disagreements", 1, 0, "label", "real", 0},
        {"disagreements", 1, 0, "model_says", "fake", 0},
        {"disagreements", 1, 0, "p", NULL, 0.7858},
        {"disagreements", 1, 0, "name", "corpus/000005.wav", 0},
        {"outside", 33, 0, "outside", "bandwidth below measured", 0},
        {"outside", 33, 0, "name", "corpus/000003.wav", 0},
        {"outside", 33, 0, "bandwidth_hz", NULL, 4000},
        {"outside", 33, 0, "level_dbfs", NULL, -23},
        {"outside", 33, 32, "outside", "bandwidth below measured, level above measured", 0},
        {"duplicates", 2, 0, "name", "corpus/all.tar/corpus/000007.wav", 0},
        {"duplicates", 2, 1, "name", "corpus/000017.wav", 0},
        {"duplicates", 2, 1, "items", NULL, 2},
        {"measured", 1, 0, "measured",
         "\"measured\": {\"level_dbfs\": [-29.0, -20.0], \"bandwidth_hz\": [4000, 8000], \"active_share\": [0.50, 0.50]}", 0},
        {"measured", 1, 0, "items", NULL, 100},
        {"runs", 1, 0, "model", "tiny", 0},
        {"warnings", 1, 0, "name", "corpus/000012.wav", 0},
        {"warnings", 1, 0, "warning", "two recordings", 0},
        {"stretches", 30, 0, "name", "corpus/000005.wav", 0},
        {"stretches", 30, 0, "mean_fake", NULL, 0.8093},
        {"stretches", 30, 0, "end_s", NULL, 6},
        {"stretches", 30, 29, "start_s", NULL, 0},
        {"inserted", 2, 0, "name", "corpus/000025.wav", 0},
        {"inserted", 2, 1, "longest_run_s", NULL, 1},
        {"runs", 1, 0, "p", "P(fake), calibrated on 200 clips", 0},
        {"runs", 1, 0, "fake_from", NULL, 0.6},
        {"speed", 1, 0, "windows_per_s", NULL, 30.2},
        {"speed", 1, 0, "times_real_time", NULL, 60.4},
        {"pending", 2, 0, "path", "corpus/000103.wav", 0},
    };
    struct vx_query_db *db = ask_open(make_result(*state, true));

    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        cJSON *json = ask_named(db, vx_named_query_find(expected[i].query));
        const cJSON *const cell = cJSON_GetObjectItem(cJSON_GetArrayItem(json, expected[i].row), expected[i].column);
        const char *const text = cJSON_GetStringValue(cell);
        if (cJSON_GetArraySize(json) != expected[i].rows)
            fail_msg("%s: %d rows", expected[i].query, cJSON_GetArraySize(json));
        if (expected[i].text ? !text || strcmp(text, expected[i].text) != 0
                             : cJSON_GetNumberValue(cell) != expected[i].number)
            fail_msg("%s, row %d: %s is %s", expected[i].query, expected[i].row, expected[i].column,
                     text ? text : cell ? "another number" : "not there");
        cJSON_Delete(json);
    }
    vx_query_close(&db);
}

/* Does the row show a score, or what was made of one? */
static bool shows_scores(const cJSON *row)
{
    static const char *const columns[] = {"verdict", "fake", "real", "uncertain", "score", "mean_fake",
                                          "median_fake", "max_fake",
                                          "worst_fake", "fraction_over", "longest_run_s", "p", "logit_real",
         "logit_fake"};

    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (cJSON_HasObjectItem(row, columns[i]))
            return true;
    return false;
}

/* The model's name in every row of an answer that shows scores, "untrained" where it is. */
static void scores_name_their_model(void **state)
{
    for (int trained = 0; trained < 2; trained++) {
        struct vx_query_db *db = ask_open(make_result(*state, trained));
        int showing = 0;
        for (const struct vx_named_query *query = vx_named_queries(); query->name; query++) {
            cJSON *json = ask_named(db, query);
            const cJSON *row;
            bool shows = strcmp(query->name, "runs") == 0;
            assert_true(cJSON_GetArraySize(json) > 0);
            cJSON_ArrayForEach(row, json)
            {
                const char *const model = cJSON_GetStringValue(cJSON_GetObjectItem(row, "model"));
                shows |= shows_scores(row);
                if (shows && (!model || !strstr(model, trained ? "tiny" : "untrained")))
                    fail_msg("%s: scores of %s", query->name, model ? model : "a model that is not named");
                if (trained && model && strstr(model, "untrained"))
                    fail_msg("%s: a trained model is called %s", query->name, model);
            }
            showing += shows;
            cJSON_Delete(json);
        }
        assert_int_equal(showing, 12);
        vx_query_close(&db);
        unlink(fixture_path(*state, "list.db"));
        unlink(fixture_path(*state, "part.db"));
    }
}

/* Runs that differ only in their files are one answer. */
static void several_runs(void **state)
{
    struct fixture *const f = *state;
    const char *const paths[] = {fixture_path(f, "a.db"), fixture_path(f, "b.db")}, *const out = fixture_path(f, "r.db");
    struct vx_err err = {0};

    for (int i = 0; i < 2; i++) {
        const struct vx_run run = fixture_run(i);
        struct vx_shard *shard = NULL;
        assert_int_equal(vx_shard_open(&shard, paths[i], &run, &err), VX_OK);
        fixture_fill(shard, 1 + 30 * i, 31 + 30 * i, 1, 2);
        vx_shard_close(&shard);
    }
    assert_int_equal(vx_merge(out, paths, 2, NULL, NULL, NULL, &err), VX_OK);
    struct vx_query_db *db = ask_open(out);
    char *csv = ask(db, "SELECT count(*) AS runs FROM runs", VX_QUERY_CSV, NULL);
    assert_string_equal(csv, "runs\n2\n");
    free(csv);
    cJSON *json = ask_named(db, vx_named_query_find("summary"));
    assert_int_equal(cJSON_GetArraySize(json), 3); /* real, uncertain, fake */
    cJSON_Delete(json);
    json = ask_named(db, vx_named_query_find("runs"));
    assert_int_equal(cJSON_GetArraySize(json), 2);
    cJSON_Delete(json);
    vx_query_close(&db);
}

static void found_by_name(void **state)
{
    (void)state;
    for (const struct vx_named_query *query = vx_named_queries(); query->name; query++) {
        assert_ptr_equal(vx_named_query_find(query->name), query);
        assert_true(query->doc[0] && query->sql[0]);
    }
    assert_ptr_equal(vx_named_query_find("TOP"), vx_named_query_find("top"));
    assert_null(vx_named_query_find("to"));
    assert_null(vx_named_query_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(numbers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(scores_name_their_model, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(several_runs, fixture_setup, fixture_teardown),
        cmocka_unit_test(found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
