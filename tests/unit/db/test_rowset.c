/* test_rowset.c - answers as text: escaping in every format, numbers that read back, tables */
#include "base/text.h"
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/ask.h"
#include "tests/unit/db/fixture.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FORMATS = VX_QUERY_JSON + 1 };

/* The whole of text is one JSON document; the caller's to delete. */
static cJSON *parse_json(const char *text)
{
    const char *end = NULL;
    cJSON *const json = cJSON_ParseWithOpts(text, &end, true);

    if (!json)
        fail_msg("no JSON from here: %.60s", end ? end : text);
    return json;
}

/* One value as hostile as can be, alone in its row, in each format. */
static void one_value(void **state)
{
    static const struct {
        const char *sql, *table, *csv, *tsv, *json;
    } row[] = {
        {"'plain'", "plain", "plain", "plain", "\"plain\""},
        {"NULL", "", "\"\"", "", "null"},
        {"''", "", "\"\"", "", "\"\""},
        {"' '", "", " ", " ", "\" \""},
        {"'a,b'", "a,b", "\"a,b\"", "a,b", "\"a,b\""},
        {"'say \"hi\"'", "say \"hi\"", "\"say \"\"hi\"\"\"", "say \"hi\"", "\"say \\\"hi\\\"\""},
        {"'\"'", "\"", "\"\"\"\"", "\"", "\"\\\"\""},
        {"'two' || char(10) || 'lines'", "two\\nlines", "\"two\nlines\"", "two\\nlines", "\"two\\nlines\""},
        {"'a' || char(13, 10) || 'b'", "a\\x0D\\nb", "\"a\r\nb\"", "a\\r\\nb", "\"a\\u000d\\nb\""},
        {"'a' || char(9) || 'b'", "a\\tb", "a\tb", "a\\tb", "\"a\\tb\""},
        {"'a\\b\\n'", "a\\b\\n", "a\\b\\n", "a\\\\b\\\\n", "\"a\\\\b\\\\n\""},
        {"char(27) || '[2J'", "\\x1B[2J", "\x1b[2J", "\x1b[2J", "\"\\u001b[2J\""},
        {"char(155) || '2J'", "\\xC2\\x9B2J", "\xC2\x9B" "2J", "\xC2\x9B" "2J", "\"\xC2\x9B" "2J\""},
        {"char(8238) || 'gpj'", "\\xE2\\x80\\xAEgpj", "\xE2\x80\xAEgpj", "\xE2\x80\xAEgpj", "\"\xE2\x80\xAEgpj\""},
        {"char(127)", "\\x7F", "\x7F", "\x7F", "\"\x7F\""},
        {"'grün'", "grün", "grün", "grün", "\"grün\""},
        {"CAST(x'61ff62' AS TEXT)", "a\\xFFb", "a\\xFFb", "a\\\\xFFb", "\"a\\\\xFFb\""},
        {"CAST(x'c3' AS TEXT)", "\\xC3", "\\xC3", "\\\\xC3", "\"\\\\xC3\""},
        {"CAST(x'eda080' AS TEXT)", "\\xED\\xA0\\x80", "\\xED\\xA0\\x80", "\\\\xED\\\\xA0\\\\x80",
         "\"\\\\xED\\\\xA0\\\\x80\""},
        {"CAST(x'610062' AS TEXT)", "a\\x00b", "a\\x00b", "a\\\\x00b", "\"a\\\\x00b\""},
        {"CAST(x'00' AS TEXT)", "\\x00", "\\x00", "\\\\x00", "\"\\\\x00\""},
        {"CAST(x'6100ff002c' AS TEXT)", "a\\x00\\xFF\\x00,", "\"a\\x00\\xFF\\x00,\"", "a\\\\x00\\\\xFF\\\\x00,",
         "\"a\\\\x00\\\\xFF\\\\x00,\""},
        {"x'00ff2c22'", "00ff2c22", "00ff2c22", "00ff2c22", "\"00ff2c22\""},
        {"x''", "", "\"\"", "", "\"\""},
        {"0", "0", "0", "0", "0"},
        {"-9223372036854775807 - 1", "-9223372036854775808", "-9223372036854775808", "-9223372036854775808",
         "-9223372036854775808"},
        {"9223372036854775807", "9223372036854775807", "9223372036854775807", "9223372036854775807",
         "9223372036854775807"},
        {"0.1", "0.1", "0.1", "0.1", "0.1"},
        {"0.1 + 0.2", "0.3", "0.30000000000000004", "0.30000000000000004", "0.30000000000000004"},
        {"1 / 3.0", "0.333333", "0.3333333333333333", "0.3333333333333333", "0.3333333333333333"},
        {"3.0", "3", "3", "3", "3"},
        {"-0.0", "-0", "-0", "-0", "-0"},
        {"123456.75", "123457", "123456.75", "123456.75", "123456.75"},
        {"1000000.0", "1000000", "1000000", "1000000", "1000000"},
        {"-1234567.8", "-1234568", "-1234567.8", "-1234567.8", "-1234567.8"},
        {"1e15", "1e+15", "1e+15", "1e+15", "1e+15"},
        {"1.7976931348623157e308", "1.79769e+308", "1.7976931348623157e+308", "1.7976931348623157e+308",
         "1.7976931348623157e+308"},
        {"5e-324", "4.94066e-324", "4.94065645841247e-324", "4.94065645841247e-324", "4.94065645841247e-324"},
        {"9e999", "Inf", "Inf", "Inf", "null"},
        {"-9e999", "-Inf", "-Inf", "-Inf", "null"},
    };
    struct vx_query_db *db = ask_open(fixture_make_result(*state, "r.db", 1, 1));

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *const expected[FORMATS] = {row[i].table, row[i].csv, row[i].tsv, row[i].json};
        for (int format = 0; format < FORMATS; format++) {
            char sql[160], whole[160];
            snprintf(sql, sizeof sql, "SELECT %s AS v", row[i].sql);
            char *const got = ask(db, sql, (enum vx_query_format)format, NULL);
            if (format == VX_QUERY_JSON) {
                cJSON *json = parse_json(got);
                cJSON_Delete(json);
                snprintf(whole, sizeof whole, "[\n{\"v\": %s}\n]\n", expected[format]);
            } else { /* of a table what is below the name and the line, which are as wide as the value */
                snprintf(whole, sizeof whole, format == VX_QUERY_TABLE ? "%s\n" : "v\n%s\n", expected[format]);
            }
            const char *const part = format == VX_QUERY_TABLE ? strchr(strchr(got, '\n') + 1, '\n') + 1 : got;
            if (strcmp(part, whole) != 0)
                fail_msg("%s in format %d: %s", row[i].sql, format, got);
            free(got);
        }
    }
    vx_query_close(&db);
}

static void documents(void **state)
{
    static const struct {
        const char *sql, *table, *csv, *tsv, *json;
    } row[] = {
        {"SELECT 1 AS a, NULL AS b, 'x' AS c", "a  b  c\n-  -  -\n1     x\n", "a,b,c\n1,,x\n", "a\tb\tc\n1\t\tx\n",
         "[\n{\"a\": 1, \"b\": null, \"c\": \"x\"}\n]\n"},
        {"SELECT 1 AS a, 2 AS b WHERE 0", "a  b\n-  -\n", "a,b\n", "a\tb\n", "[\n]\n"},
        {"SELECT NULL AS a UNION ALL SELECT 5", "a\n-\n\n5\n", "a\n\"\"\n5\n", "a\n\n5\n",
         "[\n{\"a\": null},\n{\"a\": 5}\n]\n"},
        {"SELECT '' AS \"\"", "\n\n\n", "\"\"\n\"\"\n", "\n\n", "[\n{\"\": \"\"}\n]\n"},
        {"SELECT '' AS \"\", NULL AS \"\"", "\n\n\n", "\"\",\"\"\n\"\",\n", "\t\n\t\n",
         "[\n{\"\": \"\", \":1\": null}\n]\n"},
        {"SELECT 1 AS a, 2 AS a, 3 AS \"a:1\", 4 AS a",
         "a  a  a:1  a\n-  -  ---  -\n1  2    3  4\n", "a,a,a:1,a\n1,2,3,4\n", "a\ta\ta:1\ta\n1\t2\t3\t4\n",
         "[\n{\"a\": 1, \"a:1\": 2, \"a:1:1\": 3, \"a:2\": 4}\n]\n"},
        {"SELECT 'ab' AS long_name, -12.5 AS n UNION ALL SELECT 'abcdefghijkl', 1000",
         "long_name         n\n------------  -----\nab            -12.5\nabcdefghijkl   1000\n",
         "long_name,n\nab,-12.5\nabcdefghijkl,1000\n", "long_name\tn\nab\t-12.5\nabcdefghijkl\t1000\n",
         "[\n{\"long_name\": \"ab\", \"n\": -12.5},\n{\"long_name\": \"abcdefghijkl\", \"n\": 1000}\n]\n"},
        {"SELECT 'äöü' AS a, 'x' AS b UNION ALL SELECT 'abcd', 'y'", "a     b\n----  -\näöü   x\nabcd  y\n",
         "a,b\näöü,x\nabcd,y\n",
         "a\tb\näöü\tx\nabcd\ty\n",
         "[\n{\"a\": \"äöü\", \"b\": \"x\"},\n{\"a\": \"abcd\", \"b\": \"y\"}\n]\n"},
        /* a kanji takes two columns, a combining accent none */
        {"SELECT '語' AS name, 1 AS n UNION ALL SELECT 'e\u0301', 22 UNION ALL SELECT 'abcde', 3",
         "name    n\n-----  --\n語      1\ne\u0301      22\nabcde   3\n", "name,n\n語,1\ne\u0301,22\nabcde,3\n",
         "name\tn\n語\t1\ne\u0301\t22\nabcde\t3\n",
         "[\n{\"name\": \"語\", \"n\": 1},\n{\"name\": \"e\u0301\", \"n\": 22},\n{\"name\": \"abcde\", \"n\": 3}\n]\n"},
        {"SELECT 1 AS \"a\nb\", 2 AS \"c,\"\"\td\"", "a\\nb  c,\"\\td\n----  ------\n   1       2\n",
         "\"a\nb\",\"c,\"\"\td\"\n1,2\n",
         "a\\nb\tc,\"\\td\n1\t2\n", "[\n{\"a\\nb\": 1, \"c,\\\"\\td\": 2}\n]\n"},
        {"SELECT 1 AS a; SELECT 2 AS b", "a\n-\n1\n\nb\n-\n2\n", "a\n1\n\nb\n2\n", "a\n1\n\nb\n2\n",
         "[\n{\"a\": 1}\n]\n[\n{\"b\": 2}\n]\n"},
    };
    struct vx_query_db *db = ask_open(fixture_make_result(*state, "r.db", 1, 1));

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *const expected[FORMATS] = {row[i].table, row[i].csv, row[i].tsv, row[i].json};
        for (int format = 0; format < FORMATS; format++) {
            char *const got = ask(db, row[i].sql, (enum vx_query_format)format, NULL);
            if (strcmp(got, expected[format]) != 0)
                fail_msg("%s in format %d:\n%s", row[i].sql, format, got);
            free(got);
        }
    }
    vx_query_close(&db);
}

/* What stock SQLite put into the file, bytes of every kind and length: always one line a row, valid, and back again. */
static void hostile_rows(void **state)
{
    enum { ROWS = 500 };
    struct vx_random random = vx_random_start();
    const char *const path = fixture_make_result(*state, "r.db", 1, 1);
    sqlite3 *plain = fixture_sqlite(path);
    sqlite3_stmt *insert = NULL;

    sqlite3_exec(plain, "CREATE TABLE hostile (x)", NULL, NULL, NULL);
    sqlite3_prepare_v2(plain, "INSERT INTO hostile VALUES (CAST(? AS TEXT))", -1, &insert, NULL);
    for (int i = 0; i < ROWS; i++) {
        static const char spice[] = "\0\n\r\t\"\\,;'\x1b\x7f\x80\xc2\x9b\xe2\x80\xae\xff\xf0\x9f";
        char bytes[24];
        const int n = vx_random_int(&random, 0, sizeof bytes);
        for (int k = 0; k < n; k++)
            bytes[k] = i % 2 ? (char)vx_random_next(&random) : spice[vx_random_int(&random, 0, (int)sizeof spice - 2)];
        sqlite3_bind_blob(insert, 1, bytes, n, SQLITE_TRANSIENT);
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    sqlite3_close(plain);
    struct vx_query_db *db = ask_open(path);
    for (int format = 0; format < FORMATS; format++) {
        size_t n;
        int lines = 0;
        char *const got = ask(db, "SELECT x, 'end' AS y FROM hostile", (enum vx_query_format)format, &n);
        assert_int_equal(strlen(got), n);
        assert_true(vx_text_utf8(got));
        for (const char *p = got; *p; p++) {
            lines += *p == '\n';
            if (format == VX_QUERY_TABLE && *p != '\n')
                assert_false((unsigned char)*p < 0x20 || *p == 0x7f);
        }
        if (format == VX_QUERY_JSON) {
            cJSON *json = parse_json(got);
            assert_int_equal(cJSON_GetArraySize(json), ROWS);
            cJSON_Delete(json);
        } else if (format != VX_QUERY_CSV) {
            assert_int_equal(lines, ROWS + 1 + (format == VX_QUERY_TABLE));
        }
        free(got);
    }
    vx_query_close(&db);
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

/* Any finite double comes back to the bit, also what began as float32. */
static void reals_read_back(void **state)
{
    enum { ROWS = 3000 };
    static double x[ROWS];
    struct vx_random random = vx_random_start();
    const char *const path = fixture_make_result(*state, "r.db", 1, 1);
    sqlite3 *plain = fixture_sqlite(path);
    sqlite3_stmt *insert = NULL;

    sqlite3_exec(plain, "BEGIN; CREATE TABLE reals (x REAL)", NULL, NULL, NULL);
    sqlite3_prepare_v2(plain, "INSERT INTO reals VALUES (?)", -1, &insert, NULL);
    for (int i = 0; i < ROWS; i++) {
        do {
            const uint64_t bits = (uint64_t)vx_random_next(&random) << 32 | vx_random_next(&random);
            float narrow;
            memcpy(&narrow, &bits, sizeof narrow);
            memcpy(&x[i], &bits, sizeof x[i]);
            if (i % 2)
                x[i] = (double)narrow;
        } while (!isfinite(x[i]) || x[i] == 0); /* SQLite keeps -0.0 as 0 */
        sqlite3_bind_double(insert, 1, x[i]);
        assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
        sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    sqlite3_exec(plain, "COMMIT", NULL, NULL, NULL);
    sqlite3_close(plain);
    struct vx_query_db *db = ask_open(path);
    for (int format = VX_QUERY_CSV; format <= VX_QUERY_TSV; format++) {
        char *const got = ask(db, "SELECT x FROM reals ORDER BY rowid", (enum vx_query_format)format, NULL), *p = got + 2;
        for (int i = 0; i < ROWS; i++) {
            if (!same_double(strtod(p, &p), x[i]))
                fail_msg("row %d: %a: %.30s", i, x[i], p - 20);
            p++;
        }
        free(got);
    }
    char *const got = ask(db, "SELECT x FROM reals ORDER BY rowid", VX_QUERY_JSON, NULL);
    cJSON *json = parse_json(got), *object;
    int i = 0;
    cJSON_ArrayForEach(object, json)
    {
        if (!same_double(cJSON_GetObjectItem(object, "x")->valuedouble, x[i]))
            fail_msg("row %d: %a", i, x[i]);
        i++;
    }
    assert_int_equal(i, ROWS);
    cJSON_Delete(json);
    free(got);
    vx_query_close(&db);
}

/* More rows than are measured: all there, and a wider cell behind them shifts its own line only. */
static void long_tables(void **state)
{
    static const int rows[] = {1, 999, 1000, 1001, 2500};
    struct vx_query_db *db = ask_open(fixture_make_result(*state, "r.db", 1, 1));

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char sql[300];
        snprintf(sql, sizeof sql,
                 "WITH RECURSIVE k(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM k WHERE n < %d) "
                 "SELECT n, CASE WHEN n = 1001 THEN 'a far wider cell' ELSE 'cell' END AS text, n %% 7 AS last FROM k",
                 rows[i]);
        char *const got = ask(db, sql, VX_QUERY_TABLE, NULL);
        const int width = rows[i] < 1000 ? (rows[i] < 100 ? 1 : 3) : 4; /* of n among the first thousand */
        const char *p = got;
        for (int line = -2; line < rows[i]; line++) {
            char expected[80];
            const int n = line + 1;
            if (line == -2)
                snprintf(expected, sizeof expected, "%*s  text  last\n", width, "n");
            else if (line == -1)
                snprintf(expected, sizeof expected, "%.*s  ----  ----\n", width, "-----");
            else
                snprintf(expected, sizeof expected, "%*d  %s  %4d\n", width, n,
                         n == 1001 ? "a far wider cell" : "cell", n % 7);
            if (strncmp(p, expected, strlen(expected)) != 0)
                fail_msg("of %d rows, row %d: %.60s", rows[i], n, p);
            p += strlen(expected);
        }
        assert_string_equal(p, "");
        free(got);
    }
    vx_query_close(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_value, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(documents, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(hostile_rows, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(reals_read_back, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(long_tables, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
