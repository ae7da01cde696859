/* test_reviews.c - review files taken into a result: whole or not at all, once, beside the scores */
#include "db/reviews.h"
#include "base/buf.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/ask.h"
#include "tests/unit/db/fixture.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HEAD "{\"voxtrawl_review\":1,\"reviewer\":\"Anna\",\"marks\":["
#define MARK_OF(item, path, member, more)                                                                              \
    "{\"run\":\"%RUN%\",\"item\":" item ",\"path\":\"" path "\",\"member\":" member "," more                              \
    ",\"label\":\"fake\",\"reviewed\":\"2026-01-31T23:59:59Z\"}"
#define MARK(more) MARK_OF("1", "corpus/000001.wav", "null", more)
#define TIMES "\"start_s\":0.5,\"end_s\":1.5"
#define GOOD MARK(TIMES)
#define WITH(key, value) "{\"" key "\":" value ",\"run\":\"%RUN%\",\"item\":1,\"path\":\"corpus/000001.wav\",\"start_s\":0,\"end_s\":1"

/* text with the uuid of the result's run in it; the caller's to free. */
static char *with_run(const char *path, const char *text)
{
    char uuid[64] = "";
    struct vx_buf b = {0};
    sqlite3 *db = fixture_sqlite(path);
    sqlite3_stmt *stmt = NULL;

    assert_int_equal(sqlite3_prepare_v2(db, "SELECT uuid FROM runs", -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    snprintf(uuid, sizeof uuid, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    for (const char *at; (at = strstr(text, "%RUN%")); text = at + 5) {
        vx_buf_add(&b, text, (size_t)(at - text));
        vx_buf_str(&b, uuid);
    }
    vx_buf_str(&b, text);
    return b.data;
}

static enum vx_status import(const char *path, const char *text, struct vx_reviews_stats *stats, struct vx_err *err)
{
    char *const whole = with_run(path, text);
    const enum vx_status rc = vx_reviews_import(path, whole, strlen(whole), "review.json", stats, err);

    free(whole);
    return rc;
}

static void taken_once(void **state)
{
    static const char file[] = HEAD GOOD "," MARK("\"start_s\":1,\"end_s\":2,\"remark\":\"<b>hiss</b>\\n'\\\"\"") "]}";
    const char *const path = fixture_make_result(*state, "r.db", 5, 3);
    struct vx_reviews_stats stats;
    struct vx_err err = {0};

    for (int i = 0; i < 2; i++) {
        if (import(path, file, &stats, &err) != VX_OK)
            fail_msg("%s", err.text);
        assert_int_equal(stats.added, i == 0 ? 2 : 0);
        assert_int_equal(stats.known, i == 0 ? 0 : 2);
        assert_int_equal(fixture_integer(path, "SELECT count(*) FROM reviews"), 2);
    }
    assert_int_equal(fixture_integer(path, "SELECT count(*) FROM reviews WHERE item = 1 AND channel = 0 AND start_s = 0.5 AND end_s = 1.5"
                                           " AND label = 'fake' AND remark IS NULL AND reviewer = 'Anna' AND source = 'review.json'"
                                           " AND reviewed = '2026-01-31T23:59:59Z' AND imported > reviewed"), 1);
    assert_int_equal(fixture_integer(path, "SELECT count(*) FROM reviews WHERE remark = '<b>hiss</b>' || char(10) || '''\"'"), 1);
}

/* A merge may have numbered the items otherwise: the name counts. Older results get the table. */
static void found_by_name(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 5, 3);
    struct vx_reviews_stats stats;
    struct vx_err err = {0};

    fixture_age(path, 3);
    if (import(path, HEAD MARK_OF("4", "corpus/000002.wav", "null", TIMES) "]}", &stats, &err) != VX_OK)
        fail_msg("%s", err.text);
    assert_int_equal(fixture_integer(path, "SELECT item FROM reviews"), 2);
}

static void refused(void **state)
{
    static const struct {
        const char *text, *says;
    } row[] = {
        {"", "not JSON"},
        {"{", "not JSON"},
        {"\xff", "not text in UTF-8"},
        {"[1]", "version 1"},
        {"{\"voxtrawl_review\":2,\"reviewer\":\"A\",\"marks\":[]}", "version 1"},
        {"{\"voxtrawl_review\":\"1\",\"reviewer\":\"A\",\"marks\":[]}", "version 1"},
        {"{\"voxtrawl_review\":1,\"reviewer\":\"A\",\"marks\":{}}", "version 1"},
        {"{\"voxtrawl_review\":1,\"marks\":[]}", "reviewer must be a name"},
        {"{\"voxtrawl_review\":1,\"reviewer\":7,\"marks\":[]}", "reviewer must be a name"},
        {"{\"voxtrawl_review\":1,\"reviewer\":\" \",\"marks\":[]}", "reviewer must be a name"},
        {"{\"voxtrawl_review\":1,\"reviewer\":\"A\\u001b[2J\",\"marks\":[]}", "reviewer must be a name"},
        {HEAD GOOD ",7]}", "mark 2: it is no object"},
        {HEAD GOOD ",\"text\"]}", "mark 2: it is no object"},
        {HEAD GOOD ",{}]}", "mark 2: run, item, path and member"},
        {HEAD GOOD "," MARK_OF("\"1\"", "corpus/000001.wav", "null", TIMES) "]}", "mark 2: run, item, path and member"},
        {HEAD GOOD "," MARK_OF("1", "corpus/000001.wav", "[]", TIMES) "]}", "mark 2: run, item, path and member"},
        {HEAD GOOD "," MARK_OF("1", "elsewhere.wav", "null", TIMES) "]}", "mark 2: no recording \"elsewhere.wav\""},
        {HEAD GOOD "," MARK_OF("1", "corpus/000001.wav", "\"a\"", TIMES) "]}", "mark 2: no recording"},
        {HEAD GOOD "," MARK("\"start_s\":1,\"end_s\":1") "]}", "mark 2: start_s and end_s"},
        {HEAD GOOD "," MARK("\"start_s\":-1,\"end_s\":1") "]}", "mark 2: start_s and end_s"},
        {HEAD GOOD "," MARK("\"start_s\":\"0\",\"end_s\":1") "]}", "mark 2: start_s and end_s"},
        {HEAD GOOD "," MARK("\"start_s\":0,\"end_s\":1e999") "]}", "mark 2: start_s and end_s"},
        {HEAD GOOD "," MARK("\"start_s\":0,\"end_s\":1e9") "]}", "mark 2: it goes from"},
        {HEAD GOOD "," MARK(TIMES ",\"channel\":-1") "]}", "mark 2: its channel"},
        {HEAD GOOD "," MARK(TIMES ",\"channel\":\"1\"") "]}", "mark 2: its channel"},
        {HEAD GOOD "," MARK(TIMES ",\"channel\":60000") "]}", "mark 2: it is of channel 60000"},
        {HEAD GOOD "," MARK(TIMES ",\"remark\":7") "]}", "mark 2: its remark"},
        {HEAD GOOD "," WITH("label", "\"maybe\"") ",\"reviewed\":\"2026-01-31T23:59:59Z\"}]}", "mark 2: its label"},
        {HEAD GOOD "," WITH("label", "\"fake\"") "}]}", "mark 2: reviewed"},
        {HEAD GOOD "," WITH("label", "\"fake\"") ",\"reviewed\":\"2026-02-29T23:59:59Z\"}]}", "mark 2: reviewed"},
        {HEAD GOOD "," WITH("label", "\"fake\"") ",\"reviewed\":\"2026-01-31T24:00:00Z\"}]}", "mark 2: reviewed"},
    };
    const char *const path = fixture_make_result(*state, "r.db", 5, 3);
    struct vx_reviews_stats stats;

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct vx_err err = {0};
        if (import(path, row[i].text, &stats, &err) == VX_OK || !strstr(err.text, row[i].says) || !strstr(err.text, "review.json"))
            fail_msg("%s: %s: expected %s", row[i].text, err.text, row[i].says);
        assert_int_equal(stats.added, 0);
        assert_int_equal(fixture_integer(path, "SELECT count(*) FROM reviews"), 0);
    }
}

/* Files that were damaged anyhow are refused or taken, and what is taken is well-formed. */
static void damaged(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 5, 3);
    char *const good = with_run(path, HEAD GOOD "," MARK("\"start_s\":1,\"end_s\":2,\"remark\":\"r\",\"channel\":0") "]}");
    const size_t len = strlen(good);
    unsigned seed = (unsigned)time(NULL);
    struct vx_reviews_stats stats;

    printf("seed %u\n", seed);
    for (int i = 0; i < 300; i++) {
        static const char bytes[] = "\"{}[]:,0-9.eE\\u \x01\x80\xff";
        char *const text = strdup(good);
        struct vx_err err = {0};
        for (int k = rand_r(&seed) % 3; k >= 0; k--)
            text[(size_t)rand_r(&seed) % len] = bytes[(size_t)rand_r(&seed) % (sizeof bytes - 1)];
        const size_t cut = rand_r(&seed) % 4 == 0 ? (size_t)rand_r(&seed) % len : len;
        text[cut] = 0;
        if (vx_reviews_import(path, text, cut, "review.json", &stats, &err) != VX_OK && !strstr(err.text, "review.json"))
            fail_msg("%s: %s", text, err.text);
        free(text);
    }
    assert_int_equal(fixture_integer(path, "SELECT count(*) FROM reviews WHERE start_s < 0 OR end_s <= start_s OR end_s > 60 OR"
                                           " item <> 1 OR label <> 'fake' OR length(reviewed) <> 20 OR length(reviewer) > 200"), 0);
    free(good);
}

/* Of all marks those count that their reviewer has not covered by a later one; of reviewers that differ about a place, none. */
static void labels(void **state)
{
    static const char REVIEWS[] =
        "INSERT INTO reviews (item, channel, start_s, end_s, label, reviewer, reviewed) VALUES"
        " (1, 0, 0, 2, 'fake', 'Anna', '1'), (1, 0, 0, 3, 'real', 'Anna', '2')," /* changed her mind */
        " (2, 0, 0, 2, 'fake', 'Anna', '1'), (2, 0, 0, 1, 'real', 'Anna', '2')," /* about a part: some of it stays fake */
        " (3, 0, 0, 2, 'fake', 'Anna', '1'), (3, 0, 1, 3, 'real', 'Ben', '2'),"  /* differ */
        " (4, 0, 0, 2, 'fake', 'Anna', '1'), (4, 0, 2, 3, 'real', 'Ben', '2'),"  /* do not: other places */
        " (5, 0, 0, 2, 'unsure', 'Anna', '1'), (5, 1, 0, 2, 'fake', 'Anna', '1'), (5, 2, 0, 2, 'real', 'Ben', '1')"; /* other channels */
    const char *const path = fixture_make_result(*state, "r.db", 5, 3);

    fixture_exec(path, REVIEWS);
    struct vx_query_db *db = ask_open(path);
    char *const text = ask(db, VX_REVIEWS_LABELS, VX_QUERY_CSV, NULL);
    vx_query_close(&db);
    assert_string_equal(text, "file,label,reviewer\nitem/1,bonafide,Anna\nitem/2,spoof,Anna\nitem/4,spoof,Anna\nitem/5,spoof,Anna\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(taken_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(found_by_name, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(damaged, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(labels, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
