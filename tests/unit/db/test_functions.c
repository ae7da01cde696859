/* test_functions.c - median, percentile, sigmoid and logit against known values, and what they refuse
 * Percentiles are numpy.percentile's of numpy 2 (its default, linear), printed with repr; they agree to the last bit. */
#include "tests/harness/cmocka.h"
#include "tests/unit/db/ask.h"
#include "tests/unit/db/fixture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FROM(values) " FROM (WITH v(x) AS (VALUES " values ") SELECT * FROM v)"
#define SEVENTHS                                                                                                       \
    " FROM (WITH RECURSIVE v(i) AS (SELECT 100 UNION ALL SELECT i - 1 FROM v WHERE i > 1) SELECT i / 7.0 AS x FROM v)"

static void values(void **state)
{
    static const struct {
        const char *sql, *csv; /* csv: the line below the column's name */
    } row[] = {
        {"median(x)" FROM("(3), (1), (4), (2)"), "2.5"},
        {"median(x)" FROM("(3), (1), (2)"), "2"},
        {"percentile(x, 25)" FROM("(4), (3), (2), (1)"), "1.75"},
        {"percentile(x, 40)" FROM("(15), (20), (35), (40), (50)"), "29"},
        {"percentile(x, 33.3)" FROM("(0.7), (0.1), (0.2)"), "0.1666"},
        {"percentile(x, 90)" FROM("(3.5)"), "3.5"},
        {"percentile(x, 0)" FROM("(2), (1)"), "1"},
        {"percentile(x, 100)" FROM("(2), (1)"), "2"},
        {"percentile(x, 99.9)" FROM("(-1.5), (2.25), (1e10), (7)"), "9970000000.021004"},
        {"percentile(x, 12.5)" FROM("(.1), (.2), (.3), (.4), (.5), (.6), (.7)"), "0.17500000000000002"},
        {"percentile(x, 20)" FROM("(.8), (.7), (.1), (.7)"), "0.46"}, /* from below it would be 0.4600000000000001 */
        {"percentile(x, 95)" SEVENTHS, "13.578571428571427"},
        {"percentile(x, 5)" SEVENTHS, "0.85"},
        {"percentile(x, '50')" FROM("(1), (2)"), "1.5"},
        {"median(x)" FROM("(1), (NULL), (3), (NULL)"), "2"},
        {"median(x)" FROM("(1), ('text'), (3), (x'39')"), "2"},
        {"median(x)" FROM("('1'), ('3.0')"), "2"},
        {"median(x)" FROM("('text'), (x'39'), ('')"), "\"\""},
        {"median(x)" FROM("(NULL)"), "\"\""},
        {"median(x)" FROM("(1)") " WHERE x > 1", "\"\""},
        {"percentile(x, 10) IS NULL" FROM("(1)") " WHERE x > 1", "1"},
        {"median(x)" FROM("(1), (2), (9e999)"), "2"}, /* numpy: nan */
        {"median(x)" FROM("(9e999), (9e999)"), "Inf"},
        {"percentile(x, 75)" FROM("(-9e999), (1), (2)"), "1.5"},
        {"typeof(median(x))" FROM("(-9e999), (9e999)"), "null"},
        {"median(x)" FROM("(9223372036854775807), (9223372036854775807)"), "9.223372036854776e+18"},
        {"median(DISTINCT x)" FROM("(1), (1), (1), (5)"), "3"},
        {"median(x) FILTER (WHERE x < 5)" FROM("(1), (2), (9)"), "1.5"},
        {"median(x) - percentile(x, 50)" FROM("(1), (2.7), (9)"), "0"},
        {"group_concat(m, ' ') FROM (SELECT median(x) AS m FROM (WITH v(g, x) AS"
         " (VALUES (1, 1), (2, 10), (1, 2), (3, NULL), (2, 30))"
         " SELECT * FROM v) GROUP BY g ORDER BY g)", "1.5 20.0"},
        {"percentile(idx, item) FROM windows WHERE item = 50", "4.5"}, /* the same in all rows is enough */
        {"sigmoid(0)", "0.5"},
        {"sigmoid(2.0)", "0.8807970779778823"},
        {"sigmoid(-800)", "0"},
        {"sigmoid(800)", "1"},
        {"sigmoid('2')", "0.8807970779778823"},
        {"typeof(sigmoid(NULL)) || typeof(sigmoid('x')) || typeof(sigmoid(x'00'))", "nullnullnull"},
        {"logit(0.5)", "0"},
        {"logit(0.2)", "-1.3862943611198906"},
        {"logit(1e-12)", "-27.63102111592755"},
        {"logit(0)", "-Inf"},
        {"logit(1)", "Inf"},
        {"typeof(logit(-0.1)) || typeof(logit(1.1)) || typeof(logit(NULL)) || typeof(logit('p'))", "nullnullnullnull"},
        {"round(logit(sigmoid(3.25)), 12)", "3.25"},
    };
    struct vx_query_db *db = ask_open(fixture_make_result(*state, "r.db", 50, 10));

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char sql[400], expected[64];
        snprintf(sql, sizeof sql, "SELECT %s", row[i].sql);
        snprintf(expected, sizeof expected, "%s\n", row[i].csv);
        char *const csv = ask(db, sql, VX_QUERY_CSV, NULL), *const second = strchr(csv, '\n') + 1;
        if (strcmp(second, expected) != 0)
            fail_msg("%s: %s", sql, second);
        free(csv);
    }
    vx_query_close(&db);
}

/* Each after some groups have collected values, so that a sanitizer sees whether they are freed. */
static void refused(void **state)
{
    static const struct {
        const char *sql, *says;
    } row[] = {
        {"SELECT item, percentile(idx, -1) FROM windows GROUP BY item", "p has to be a number from 0 to 100"},
        {"SELECT percentile(idx, 100.5) FROM windows", "p has to be a number from 0 to 100"},
        {"SELECT percentile(idx, NULL) FROM windows", "p has to be a number from 0 to 100"},
        {"SELECT percentile(idx, 'half') FROM windows", "p has to be a number from 0 to 100"},
        {"SELECT percentile(idx, x'35') FROM windows", "p has to be a number from 0 to 100"},
        {"SELECT item, percentile(idx, CASE WHEN item > 40 THEN 500 ELSE 50 END) FROM windows GROUP BY item",
         "0 to 100"},
        {"SELECT percentile(idx, item) FROM windows", "p has to be the same in all rows"},
        {"SELECT percentile(NULL, item) FROM windows", "p has to be the same in all rows"},
        {"SELECT median(idx), percentile(idx, item) FROM windows GROUP BY item < 30",
         "p has to be the same in all rows"},
        {"SELECT median(idx) OVER () FROM windows", "may not be used as a window function"},
        {"SELECT percentile(idx, 5) OVER (ORDER BY idx) FROM windows", "may not be used as a window function"},
        {"SELECT median(idx, 2) FROM windows", "wrong number of arguments"},
        {"SELECT percentile(idx) FROM windows", "wrong number of arguments"},
        {"SELECT item FROM windows WHERE median(idx) > 1", "misuse of aggregate"},
        {"SELECT median(idx), abs(-9223372036854775807 - (item > 20)) FROM windows GROUP BY item", "integer overflow"},
    };
    struct vx_query_db *db = ask_open(fixture_make_result(*state, "r.db", 50, 10));
    struct vx_err err = {0};

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const enum vx_status rc = ask_refused(db, row[i].sql, &err);
        if (rc != VX_EINVAL || !strstr(err.text, row[i].says))
            fail_msg("%s: status %d, %s", row[i].sql, rc, err.text);
    }
    vx_query_close(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refused, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
