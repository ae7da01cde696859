/* test_notes.c - the schema's comments: every table, view and column that a result has, once, with what is said of it */
#include "db/notes.h"
#include "db/query.h"
#include "tests/harness/cmocka.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

struct seen {
    sqlite3 *db;
    int tables, views, columns, silent;
};

static int count(sqlite3 *db, const char *sql, const char *a, const char *b)
{
    sqlite3_stmt *stmt;
    int n;

    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
    if (a)
        sqlite3_bind_text(stmt, 1, a, -1, SQLITE_TRANSIENT);
    if (b)
        sqlite3_bind_text(stmt, 2, b, -1, SQLITE_TRANSIENT);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    n = sqlite3_column_int(stmt, 0);
    sqlite3_finalize(stmt);
    return n;
}

static void take(void *ctx, const struct vx_schema_note *note)
{
    struct seen *s = ctx;

    assert_null(strstr(note->text, "--"));
    assert_null(strchr(note->text, '\n'));
    assert_true(note->text[0] != ' ' && (!*note->text || note->text[strlen(note->text) - 1] != ' '));
    if (note->column) {
        s->columns++;
        s->silent += !*note->text;
        if (count(s->db, "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2", note->table, note->column) != 1)
            fail_msg("no column %s in %s", note->column, note->table);
    } else {
        assert_true(*note->text);
        *(note->view ? &s->views : &s->tables) += 1;
        assert_int_equal(count(s->db, "SELECT count(*) FROM sqlite_schema WHERE name = ?1 AND type = ?2", note->table,
                               note->view ? "view" : "table"), 1);
    }
    if (strcmp(note->table, "windows") == 0 && note->column && strcmp(note->column, "logit_fake") == 0) /* three lines of it */
        assert_non_null(strstr(note->text, "(logit_real - logit_fake) + calibration_offset)) with those of runs: P(fake) where runs."));
    if (strcmp(note->table, "items") == 0 && note->column && strcmp(note->column, "same_as") == 0) /* of a later version */
        assert_true(strncmp(note->text, "item with the same content", 26) == 0 && !strchr(note->text, '/'));
}

static void all_of_it(void **state)
{
    struct seen s = {0};
    struct vx_err err;

    (void)state;
    assert_int_equal(sqlite3_open(":memory:", &s.db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(s.db, vx_schema_sql(), NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(vx_schema_notes(take, &s, &err), VX_OK);
    assert_int_equal(s.tables, count(s.db, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'", NULL, NULL));
    assert_int_equal(s.views, count(s.db, "SELECT count(*) FROM sqlite_schema WHERE type = 'view'", NULL, NULL));
    assert_int_equal(s.columns, count(s.db, "SELECT count(*) FROM sqlite_schema t, pragma_table_info(t.name) WHERE t.type = 'table'", NULL, NULL));
    assert_true(s.silent < s.columns / 2);
    sqlite3_close(s.db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_of_it)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
