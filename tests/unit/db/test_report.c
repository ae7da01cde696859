/* test_report.c - the data of a report: complete, well-formed, and nothing in it ends a script element */
#include "db/report.h"
#include "base/base64.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static void base64(void **state)
{
    static const struct {
        const char *bytes, *text;
    } row[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfd", "//79"}}; /* RFC 4648, section 10 */

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct vx_buf b = {0};
        vx_buf_str(&b, "");
        vx_base64_add(&b, row[i].bytes, strlen(row[i].bytes));
        assert_string_equal(b.data, row[i].text);
        vx_buf_free(&b);
    }
}

/* The report's data as JSON; NULL where it was refused. text: as it was written, the caller's to free. */
static cJSON *make(const char *path, const struct vx_report_rule *rule, char **text, struct vx_err *err)
{
    struct vx_report_db *db = NULL;
    size_t len;
    FILE *const to = open_memstream(text, &len);
    cJSON *json = NULL;

    fputs("{", to);
    const bool ok = vx_report_open(&db, path, err) == VX_OK && vx_report_write(db, rule, to, err) == VX_OK;
    fputs("}", to);
    fclose(to);
    vx_report_close(&db);
    if (ok && !(json = cJSON_Parse(*text)))
        fail_msg("no JSON: %.2000s", *text);
    return json;
}

static double number(const cJSON *json, const char *object, const char *name)
{
    return cJSON_GetObjectItem(cJSON_GetObjectItem(json, object), name)->valuedouble;
}

static void complete(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 100, 3);
    const struct vx_report_rule rule = {.top = 30, .line_bytes = 100000};
    struct vx_err err = {0};
    char *text = NULL;
    cJSON *const json = make(path, &rule, &text, &err);

    if (!json)
        fail_msg("%s", err.text);
    assert_int_equal(number(json, "totals", "items"), 100);
    assert_int_equal(number(json, "totals", "fake"), 40);
    assert_int_equal(cJSON_GetObjectItem(json, "of")->valuedouble, 100);
    const cJSON *const files = cJSON_GetObjectItem(json, "files"), *const lines = cJSON_GetObjectItem(json, "lines");
    assert_int_equal(cJSON_GetArraySize(files), 30);
    assert_int_equal(cJSON_GetArraySize(lines), 30);
    assert_int_equal(cJSON_GetArrayItem(cJSON_GetArrayItem(files, 0), 0)->valuedouble, 99); /* the largest mean_fake */
    /* item 99: llr = 0.5 * (1.9 - {0, 0.3, 0.6}) - 0.25, p = 0.332, 0.366, 0.401: 250 p = 83, 91, 100 */
    const cJSON *const line = cJSON_GetObjectItem(lines, "99");
    assert_string_equal(cJSON_GetObjectItem(line, "p")->valuestring, "U1tk");
    assert_true(cJSON_GetObjectItem(line, "span")->valuedouble == 6);
    double sum = 0;
    for (int k = 0; k < 3; k++) {
        const cJSON *bin;
        cJSON_ArrayForEach(bin, cJSON_GetObjectItem(cJSON_GetObjectItem(json, "histogram"), k == 0 ? "r" : k == 1 ? "u" : "f"))
            sum += bin->valuedouble;
    }
    assert_int_equal(sum, 100);
    cJSON_Delete(json);
    free(text);
}

/* Where there is no room for all, the most suspicious ones have their scores over time. */
static void lines_of_the_first(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 100, 3);
    const struct vx_report_rule rule = {.top = 30, .line_bytes = 1};
    struct vx_err err = {0};
    char *text = NULL;
    cJSON *const json = make(path, &rule, &text, &err);

    if (!json)
        fail_msg("%s", err.text);
    const cJSON *const lines = cJSON_GetObjectItem(json, "lines");
    assert_int_equal(cJSON_GetArraySize(lines), 1);
    assert_non_null(cJSON_GetObjectItem(lines, "99"));
    cJSON_Delete(json);
    free(text);
}

/* Names, errors, metadata and all that a damaged or hostile file may hold. */
static void hostile(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 5, 2);
    const struct vx_report_rule rule = {.top = 10, .line_bytes = 100000};
    struct vx_err err = {0};
    char *text = NULL;

    fixture_exec(path, "UPDATE items SET path = '</script><script>alert(1)</script>' WHERE item = 1;"
                       "UPDATE items SET path = '<!--', member = '\"]}<img>' WHERE item = 2;"
                       "UPDATE items SET status = 'failed', error = 'not </script>' WHERE item = 3;"
                       "UPDATE items SET mean_fake = 9e999, duration_s = -9e999, max_fake = NULL WHERE item = 4;"
                       "UPDATE windows SET start_ms = 9223372036854775807 WHERE item = 4 AND idx = 1;"
                       "UPDATE windows SET start_ms = -5 WHERE item = 5 AND idx = 0;"
                       "UPDATE windows SET logit_fake = 9e999 WHERE item = 5;"
                       "UPDATE runs SET model_name = '</ScRiPt>', hop_s = 0, command = char(8232, 0, 127);"
                       "INSERT INTO metadata SELECT item, '<b>key', '</script>' || item FROM items");
    cJSON *const json = make(path, &rule, &text, &err);
    if (!json)
        fail_msg("%s", err.text);
    assert_null(strchr(text, '<'));
    assert_string_equal(cJSON_GetObjectItem(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "groups"), 1), "title")->valuestring, "<b>key");
    cJSON_Delete(json);
    free(text);
}

/* 5 MB for 10,000 recordings: the page itself and 40 spectrograms take 0.6. */
static void bounded(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 100, 8);
    const struct vx_report_rule rule = {.top = 10000, .line_bytes = (size_t)3 << 19};
    struct vx_buf sql = {0};
    struct vx_err err = {0};
    char *text = NULL;

    vx_buf_str(&sql, "BEGIN; UPDATE items SET path = 'archive/' || hex(zeroblob(40)) || '/' || path;"
                     "CREATE TEMP TABLE i AS SELECT * FROM items; CREATE TEMP TABLE w AS SELECT * FROM windows;");
    for (int i = 1; i < 100; i++)
        vx_buf_str(&sql, "UPDATE i SET item = item + 100; UPDATE w SET item = item + 100;"
                         "INSERT INTO items SELECT * FROM i; INSERT INTO windows SELECT * FROM w;");
    vx_buf_str(&sql, "COMMIT");
    fixture_exec(path, sql.data);
    vx_buf_free(&sql);
    cJSON *const json = make(path, &rule, &text, &err);
    if (!json)
        fail_msg("%s", err.text);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(json, "files")), 10000);
    assert_true(cJSON_GetArraySize(cJSON_GetObjectItem(json, "lines")) > 5000);
    assert_in_range(strlen(text), 1000000, 4400000);
    cJSON_Delete(json);
    free(text);
}

static void operating_points(void **state)
{
    static const struct {
        const char *profile, *points;
    } row[] = {
        {"{\"real_below\": 0.3, \"fake_from\": 0.5, \"high_recall\": {\"real_below\": 0, \"fake_from\": 0}}",
         "[[\"balanced\",0.3,0.5,50,30],[\"high-recall\",0,0,100,0]]"},
        {"{\"real_below\": \"</script>\", \"fake_from\": [1]}", "[]"},
        {"{\"real_below\": 0.5", "[]"},
        {"{\"real_below\": -1e999, \"fake_from\": 1e999}", "[[\"balanced\",-1e+15,1e+15,0,0]]"},
    };
    const char *const path = fixture_make_result(*state, "r.db", 100, 3);
    const struct vx_report_rule rule = {.top = 1};

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        struct vx_err err = {0};
        char *text = NULL, sql[256];
        snprintf(sql, sizeof sql, "UPDATE runs SET profile = '%s'", row[i].profile);
        fixture_exec(path, sql);
        cJSON *const json = make(path, &rule, &text, &err);
        if (!json)
            fail_msg("%s", err.text);
        char *const points = cJSON_PrintUnformatted(cJSON_GetObjectItem(json, "points"));
        assert_string_equal(points, row[i].points);
        cJSON_free(points);
        cJSON_Delete(json);
        free(text);
    }
}

static void many_windows_share_places(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 1, 1000);
    const struct vx_report_rule rule = {.top = 10, .line_bytes = 100000};
    struct vx_err err = {0};
    char *text = NULL;

    fixture_exec(path, "UPDATE windows SET flags = 2, logit_real = NULL, logit_fake = NULL WHERE idx <> 500");
    cJSON *const json = make(path, &rule, &text, &err);
    const char *const p = cJSON_GetObjectItem(cJSON_GetObjectItem(cJSON_GetObjectItem(json, "lines"), "1"), "p")->valuestring;
    assert_int_equal(strlen(p), 536); /* of 400 bytes */
    assert_int_equal(strspn(p, "/"), 266); /* 255 each, up to place 200 */
    cJSON_Delete(json);
    free(text);
}

static void refused(void **state)
{
    static const char *const unknown[] = {"shoe size"};
    const char *const path = fixture_make_result(*state, "r.db", 3, 1);
    struct vx_report_rule rule = {.top = 10, .line_bytes = 100000, .group_by = unknown, .n_groups = 1};
    struct vx_report_db *db = NULL;
    struct vx_err err = {0};
    char *text = NULL;

    assert_null(make(path, &rule, &text, &err));
    assert_non_null(strstr(err.text, "--group-by shoe size"));
    free(text);
    fixture_age(path, 3);
    assert_int_equal(vx_report_open(&db, path, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "voxtrawl merge -o"));
    assert_int_equal(vx_report_open(&db, fixture_path(*state, "none.db"), &err), VX_EDB);
    assert_null(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64),
        cmocka_unit_test_setup_teardown(complete, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(lines_of_the_first, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(hostile, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(bounded, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(operating_points, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(many_windows_share_places, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refused, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
