/* test_query.c - what may be asked, what comes out in each format, and the ready questions */
#include "db/query.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a question gives as text, the caller's to free; a failed one gives its message and *rc. */
static char *ask(struct vx_query_db *db, const char *sql, enum vx_query_format format, enum vx_status *rc)
{
    char *text = NULL;
    size_t n;
    FILE *to = open_memstream(&text, &n);
    struct vx_err err = {0};

    *rc = vx_query_run(db, sql, format, to, &err);
    fclose(to);
    if (*rc != VX_OK) {
        free(text);
        text = strdup(err.text);
    }
    return text;
}

static struct vx_query_db *small(struct fixture *f, bool trained)
{
    const char *const path = fixture_path(f, "small.db");
    struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_query_db *db = NULL;
    struct vx_err err = {0};

    run.model_trained = trained;
    run.wall_s = 10;
    run.audio_s = 400;
    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    fixture_fill(shard, 1, 101, 1, 2);
    fixture_fill(shard, 101, 111, 1, 0);
    struct vx_item_result broken = fixture_result(111, 1);
    const struct vx_item_result *one = &broken;
    fixture_fail(&broken, "corpus/000111.wav: breaks off");
    broken.item.n_meta = 1;
    broken.item.meta = calloc(2, sizeof(char *));
    broken.item.meta[0] = strdup("speaker");
    broken.item.meta[1] = strdup("anna");
    assert_int_equal(vx_shard_commit(shard, &one, 1, &err), VX_OK);
    vx_item_result_clear(&broken);
    vx_shard_close(&shard);
    fixture_exec(path, "UPDATE items SET status = 'pending', verdict = NULL WHERE item = 101");
    if (vx_query_open(&db, path, &err) != VX_OK)
        fail_msg("%s", err.text);
    return db;
}

static void allowed_and_refused(void **state)
{
    static const struct {
        const char *sql;
        bool allowed;
    } row[] = {
        {"SELECT count(*) FROM items", true},
        {"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT sum(i) FROM n", true},
        {"VALUES (1), (2)", true},
        {"EXPLAIN QUERY PLAN SELECT * FROM items", true},
        {"PRAGMA table_info(items)", true},
        {"SELECT name FROM pragma_table_info('items')", true},
        {"PRAGMA user_version", true},
        {"PRAGMA integrity_check", true},
        {"SELECT name, sql FROM sqlite_schema", true},
        {"SELECT value FROM json_each('[1,2]')", true},
        {"SELECT max(mean_fake) OVER (ORDER BY item) FROM items", true},
        {"SELECT 1; SELECT 2;  -- done\n ; ", true},
        {"INSERT INTO metadata VALUES (1, 'a', 'b')", false},
        {"UPDATE items SET verdict = 'real'", false},
        {"UPDATE sqlite_schema SET sql = ''", false},
        {"UPDATE sqlite_master SET rootpage = 2 WHERE name = 'items'", false},
        {"DELETE FROM items", false},
        {"WITH x AS (SELECT 1) DELETE FROM items", false},
        {"DELETE FROM items RETURNING item", false},
        {"DROP TABLE items", false},
        {"CREATE TABLE t (x)", false},
        {"CREATE TEMP TABLE t (x)", false},
        {"CREATE TEMP VIEW v AS SELECT 1", false},
        {"CREATE VIRTUAL TABLE temp.v USING fts5(x)", false},
        {"ATTACH '/etc/passwd' AS x", false},
        {"ATTACH ':memory:' AS x", false},
        {"DETACH main", false},
        {"VACUUM", false},
        {"VACUUM INTO '/tmp/vx-db-vacuum'", false},
        {"REINDEX", false},
        {"ANALYZE", false},
        {"BEGIN", false},
        {"BEGIN EXCLUSIVE", false},
        {"SAVEPOINT s", false},
        {"PRAGMA journal_mode = DELETE", false},
        {"PRAGMA journal_mode", false},
        {"PRAGMA user_version = 7", false},
        {"PRAGMA application_id = 7", false},
        {"PRAGMA writable_schema = ON", false},
        {"PRAGMA query_only = OFF", false},
        {"PRAGMA trusted_schema = ON", false},
        {"PRAGMA temp_store_directory = '/tmp'", false},
        {"PRAGMA wal_checkpoint", false},
        {"SELECT load_extension('x')", false},
        {"SELECT * FROM pragma_journal_mode", false},
        {"SELECT readfile('/etc/passwd')", false},
        {"SELECT writefile('/tmp/vx-db-file', 'x')", false},
        {"SELECT fts3_tokenizer('simple')", false},
        {"SELECT 1; DELETE FROM items", false},
        {"", false},
        {" -- nothing\n", false},
        {"SELEKT 1", false},
        {"SELECT 1 FROM nowhere", false},
        {"SELECT (1", false},
    };
    struct vx_query_db *db = small(*state, true);

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        enum vx_status rc;
        char *const text = ask(db, row[i].sql, VX_QUERY_CSV, &rc);
        if (rc != (row[i].allowed ? VX_OK : VX_EINVAL) || !*text)
            fail_msg("%s: status %d: %s", row[i].sql, rc, text);
        free(text);
    }
    vx_query_close(&db);
    const char *const path = fixture_path(*state, "small.db");
    assert_int_equal(fixture_integer(path, "SELECT count(*) FROM items"), 111);
}

static void errors_say_where(void **state)
{
    static const struct {
        const char *sql, *says;
    } row[] = {
        {"SELECT item, pth FROM items", "no such column: pth"},
        {"SELECT 1;\nSELECT 2 FRM items", "near \"items\": syntax error"},
        {"DELETE FROM items", "only reading is allowed here"},
        {"SELECT percentile(mean_fake, 101) FROM items", "from 0 to 100"},
        {"SELECT percentile(mean_fake, item) FROM items WHERE item < 3", "same in all rows"},
        {"SELECT abs(-9223372036854775808)", "integer overflow"},
    };
    struct vx_query_db *db = small(*state, true);

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        enum vx_status rc;
        char *const text = ask(db, row[i].sql, VX_QUERY_CSV, &rc);
        if (rc != VX_EINVAL || !strstr(text, row[i].says) || strchr(text, '\n'))
            fail_msg("%s: status %d: %s", row[i].sql, rc, text);
        free(text);
    }
#if SQLITE_VERSION_NUMBER >= 3038000
    enum vx_status rc;
    char *const text = ask(db, "SELECT item, pth\nFROM items", VX_QUERY_CSV, &rc);
    assert_non_null(strstr(text, "at byte 14: pth FROM items"));
    free(text);
#endif
    vx_query_close(&db);
}

static bool ends_with(const char *text, const char *end)
{
    return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

static void functions(void **state)
{
    static const struct {
        const char *expression, *value; /* as CSV */
    } row[] = {
        {"median(column1) FROM (VALUES (1), (2), (10))", "2"},
        {"median(column1) FROM (VALUES (4), (1), (NULL), (2), (3))", "2.5"},
        {"median(column1) FROM (VALUES (NULL))", "\"\""},
        {"median(column1) FROM (VALUES ('x'), ('7'))", "7"},
        {"median(mean_fake) FROM items WHERE 0", "\"\""},
        {"percentile(column1, 0) FROM (VALUES (3), (1), (2))", "1"},
        {"percentile(column1, 100) FROM (VALUES (3), (1), (2))", "3"},
        /* numpy.percentile([1, 2, 4, 8, 16], 90) */
        {"percentile(column1, 90) FROM (VALUES (8), (1), (16), (2), (4))", "12.8"},
        {"percentile(column1, 37.5) FROM (VALUES (8), (1), (16), (2), (4))", "3"},
        {"sigmoid(0)", "0.5"},
        {"sigmoid(1000)", "1"},
        {"sigmoid(-1000)", "0"},
        {"round(sigmoid(2), 12)", "0.880797077978"},
        {"sigmoid(NULL)", "\"\""},
        {"logit(0.5)", "0"},
        {"round(logit(0.880797077977882), 9)", "2"},
        {"logit(0)", "-Inf"},
        {"logit(1.5)", "\"\""},
        {"logit(-0.1)", "\"\""},
        {"logit('x')", "\"\""},
        {"group_concat(m) FROM (SELECT median(item) AS m FROM items WHERE item < 7 GROUP BY item % 2 ORDER BY 1)", "\"3.0,4.0\""},
    };
    struct vx_query_db *db = small(*state, true);

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char sql[256], expected[64];
        enum vx_status rc;
        snprintf(sql, sizeof sql, "SELECT %s", row[i].expression);
        snprintf(expected, sizeof expected, "\r\n%s\r\n", row[i].value);
        char *const text = ask(db, sql, VX_QUERY_CSV, &rc);
        if (rc != VX_OK || !ends_with(text, expected))
            fail_msg("%s: %s, expected %s", sql, text, row[i].value);
        free(text);
    }
    vx_query_close(&db);
}

/* One value as each format writes it. */
static void formats(void **state)
{
    static const struct {
        const char *value, *csv, *tsv, *json, *table;
    } row[] = {
        {"1", "1", "1", "1", "1"},
        {"NULL", "", "", "null", ""},
        {"''", "\"\"", "", "\"\"", ""},
        {"0.1", "0.1", "0.1", "0.1", "0.1"},
        {"1.0 / 3", "0.3333333333333333", "0.3333333333333333", "0.3333333333333333", "0.333333"},
        {"1e300 * 10", "1e+301", "1e+301", "1e+301", "1e+301"},
        {"9e999", "Inf", "Inf", "null", "inf"},
        {"5e-324", "4.94066e-324", "4.94066e-324", "4.94066e-324", "4.94066e-324"},
        {"9223372036854775807", "9223372036854775807", "9223372036854775807", "9223372036854775807", "9223372036854775807"},
        {"'a,b'", "\"a,b\"", "a,b", "\"a,b\"", "a,b"},
        {"'say \"hi\"'", "\"say \"\"hi\"\"\"", "say \"hi\"", "\"say \\\"hi\\\"\"", "say \"hi\""},
        {"'a' || char(10) || 'b'", "\"a\nb\"", "a\\nb", "\"a\\nb\"", "a\\nb"},
        {"'a' || char(13) || 'b'", "\"a\rb\"", "a\\rb", "\"a\\u000db\"", "a\\x0Db"},
        {"'a' || char(9) || 'b'", "a\tb", "a\\tb", "\"a\\tb\"", "a\\tb"},
        {"'a\\b'", "a\\b", "a\\\\b", "\"a\\\\b\"", "a\\b"},
        {"'a' || char(27) || '[0m'", "a\x1b[0m", "a\x1b[0m", "\"a\\u001b[0m\"", "a\\x1B[0m"},
        {"'a' || char(0) || 'b'", "a\\x00b", "a\\\\x00b", "\"a\\\\x00b\"", "a\\x00b"},
        {"CAST(x'61ff' AS TEXT)", "a\\xFF", "a\\\\xFF", "\"a\\\\xFF\"", "a\\xFF"},
        {"'gr\xC3\xBC\xC3\x9F'", "gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F", "\"gr\xC3\xBC\xC3\x9F\"", "gr\xC3\xBC\xC3\x9F"},
        {"x'00ffA5'", "00ffa5", "00ffa5", "\"00ffa5\"", "00ffa5"},
    };
    struct vx_query_db *db = small(*state, true);

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char sql[128], expected[4][160];
        snprintf(sql, sizeof sql, "SELECT %s AS v, 7 AS \"n,n\"", row[i].value);
        snprintf(expected[VX_QUERY_CSV], sizeof expected[0], "v,\"n,n\"\r\n%s,7\r\n", row[i].csv);
        snprintf(expected[VX_QUERY_TSV], sizeof expected[0], "v\tn,n\n%s\t7\n", row[i].tsv);
        snprintf(expected[VX_QUERY_JSON], sizeof expected[0], "[\n{\"v\": %s, \"n,n\": 7}\n]\n", row[i].json);
        for (enum vx_query_format f = VX_QUERY_CSV; f <= VX_QUERY_JSON; f++) {
            enum vx_status rc;
            char *const text = ask(db, sql, f, &rc);
            if (rc != VX_OK || strcmp(text, expected[f]) != 0)
                fail_msg("%s: \"%s\", expected \"%s\"", sql, text, expected[f]);
            free(text);
        }
        enum vx_status rc;
        snprintf(sql, sizeof sql, "SELECT '<' AS a, %s AS v, '>' AS b", row[i].value);
        char *const text = ask(db, sql, VX_QUERY_TABLE, &rc);
        if (rc != VX_OK || !strstr(text, row[i].table))
            fail_msg("%s: \"%s\", expected \"%s\"", sql, text, row[i].table);
        free(text);
    }
    vx_query_close(&db);
}

static void whole_documents(void **state)
{
    static const struct {
        const char *sql;
        enum vx_query_format format;
        const char *text;
    } row[] = {
        {"SELECT 1 AS a WHERE 0", VX_QUERY_CSV, "a\r\n"},
        {"SELECT 1 AS a WHERE 0", VX_QUERY_JSON, "[\n]\n"},
        {"SELECT 1 AS a WHERE 0", VX_QUERY_TABLE, "a\n-\n"},
        {"VALUES (1, 'x'), (20, 'yy')", VX_QUERY_JSON,
         "[\n{\"column1\": 1, \"column2\": \"x\"},\n{\"column1\": 20, \"column2\": \"yy\"}\n]\n"},
        {"SELECT 1 AS n, 'left' AS text, 2.5 AS x UNION ALL SELECT 200, 'l', NULL", VX_QUERY_TABLE,
         "  n  text    x\n---  ----  ---\n  1  left  2.5\n200  l        \n"},
        /* a kanji takes two columns, a combining accent none */
        {"SELECT '\xE8\xAA\x9E' AS name, 1 AS n UNION ALL SELECT 'e\xCC\x81', 22 UNION ALL SELECT 'abcde', 3", VX_QUERY_TABLE,
         "name    n\n-----  --\n\xE8\xAA\x9E      1\ne\xCC\x81      22\nabcde   3\n"},
        {"SELECT 1 AS a; SELECT 2 AS b", VX_QUERY_TABLE, "a\n-\n1\n\nb\n-\n2\n"},
        {"SELECT 1 AS a; SELECT 2 AS b", VX_QUERY_TSV, "a\n1\nb\n2\n"},
    };
    struct vx_query_db *db = small(*state, true);

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        enum vx_status rc;
        char *const text = ask(db, row[i].sql, row[i].format, &rc);
        if (rc != VX_OK || strcmp(text, row[i].text) != 0)
            fail_msg("%s: \"%s\", expected \"%s\"", row[i].sql, text, row[i].text);
        free(text);
    }
    vx_query_close(&db);
}

/* Past the measured rows a table goes on row by row and loses none. */
static void long_tables(void **state)
{
    static const int lengths[] = {999, 1000, 1001, 2500};
    struct vx_query_db *db = small(*state, true);

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        char sql[160];
        int lines = 0;
        enum vx_status rc;
        snprintf(sql, sizeof sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n",
                 lengths[i]);
        char *const text = ask(db, sql, VX_QUERY_TABLE, &rc);
        assert_int_equal(rc, VX_OK);
        for (const char *p = text; *p; p++)
            lines += *p == '\n';
        assert_int_equal(lines, 2 + lengths[i]);
        free(text);
    }
    vx_query_close(&db);
}

static void named_queries(void **state)
{
    static const char *const with_scores[] = {"summary", "top", "uncertain", "windows", "by-folder", "metadata", "runs"};
    struct vx_query_db *db = small(*state, false);

    for (const struct vx_named_query *q = vx_named_queries(); q->name; q++) {
        assert_ptr_equal(vx_named_query_find(q->name), q);
        assert_true(*q->doc && *q->sql);
        for (enum vx_query_format f = VX_QUERY_TABLE; f <= VX_QUERY_JSON; f++) {
            enum vx_status rc;
            char *const text = ask(db, q->sql, f, &rc);
            if (rc != VX_OK)
                fail_msg("%s: %s", q->name, text);
            if (f == VX_QUERY_TSV && (!strchr(text, '\n') || !strchr(text, '\n')[1]))
                fail_msg("%s gives no row", q->name);
            free(text);
        }
    }
    for (size_t i = 0; i < sizeof with_scores / sizeof *with_scores; i++) {
        enum vx_status rc;
        const struct vx_named_query *const q = vx_named_query_find(with_scores[i]);
        assert_non_null(q);
        char *const text = ask(db, q->sql, VX_QUERY_CSV, &rc);
        if (!strstr(text, "untrained"))
            fail_msg("%s does not say that the model is untrained", q->name);
        free(text);
    }
    assert_null(vx_named_query_find("nothing of that name"));
    vx_query_close(&db);
}

static void what_opens(void **state)
{
    struct fixture *const f = *state;
    const char *const text = fixture_path(f, "text"), *const other = fixture_path(f, "other.db"),
               *const empty = fixture_path(f, "empty.db");
    struct vx_query_db *db = NULL;
    struct vx_err err = {0};
    sqlite3 *foreign = NULL;
    FILE *file = fopen(text, "w");

    for (int i = 0; i < 1000; i++)
        fputs("this is no database\n", file);
    fclose(file);
    fclose(fopen(empty, "w"));
    sqlite3_open(other, &foreign);
    sqlite3_exec(foreign, "CREATE TABLE t (x)", NULL, NULL, NULL);
    sqlite3_close(foreign);
    const struct {
        const char *path;
        enum vx_status status;
    } row[] = {
        {text, VX_EFORMAT}, {other, VX_EINVAL}, {empty, VX_EINVAL}, {fixture_path(f, "gone.db"), VX_EDB}, {f->dir, VX_EDB}, {"", VX_EINVAL},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        if (vx_query_open(&db, row[i].path, &err) != row[i].status || db)
            fail_msg("%s: %s", row[i].path, err.text);
    }
    db = small(f, true);
    vx_query_close(&db);
    vx_query_close(&db);
    assert_non_null(strstr(vx_schema_sql(), "CREATE TABLE windows"));
    assert_string_equal(vx_sqlite_version(), sqlite3_libversion());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(allowed_and_refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(errors_say_where, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(functions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(formats, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(whole_documents, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(long_tables, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(named_queries, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(what_opens, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
