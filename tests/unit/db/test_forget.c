/* test_forget.c - items taken back from a shard of an earlier attempt: with all their rows, all or nothing */
#include "db/forget.h"
#include "base/file.h"
#include "db/schema.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Items 1…10 with 3 windows and a cell of metadata each; 3 and 7 failed. */
static const char *make_shard(struct fixture *f)
{
    const char *const path = fixture_path(f, "shard.db");
    const struct vx_run run = fixture_run(0);
    struct vx_item_result results[10];
    const struct vx_item_result *lease[10];
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    unlink(path);
    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    for (int i = 0; i < 10; i++) {
        struct vx_item_result *const r = &results[i];
        *r = fixture_result(i + 1, 3);
        r->item.n_meta = 1;
        r->item.meta = calloc(2, sizeof(char *));
        r->item.meta[0] = strdup("speaker");
        r->item.meta[1] = strdup("anna");
        if (i + 1 == 3 || i + 1 == 7)
            fixture_fail(r, "breaks off");
        lease[i] = r;
    }
    assert_int_equal(vx_shard_commit(shard, lease, 10, &err), VX_OK);
    for (int i = 0; i < 10; i++)
        vx_item_result_clear(&results[i]);
    vx_shard_close(&shard);
    return path;
}

static void assert_holds(const char *path, const char *items)
{
    static const char *const tables[] = {"items", "windows", "metadata"};

    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT coalesce(group_concat(item, ' '), '') = '%s' FROM (SELECT DISTINCT item FROM %s ORDER BY item)",
                 items, tables[i]);
        if (fixture_integer(path, sql) != 1)
            fail_msg("%s does not hold items \"%s\"", tables[i], items);
    }
    assert_int_equal(fixture_integer(path, "SELECT integrity_check = 'ok' FROM pragma_integrity_check"), 1);
}

static void these(void **state)
{
    static const struct {
        int64_t items[12];
        size_t n;
        const char *left;
    } rows[] = {
        {{0}, 0, "1 2 3 4 5 6 7 8 9 10"},
        {{5}, 1, "1 2 3 4 6 7 8 9 10"},
        {{10, 1, 3}, 3, "2 4 5 6 7 8 9"},
        {{4, 4, 4}, 3, "1 2 3 5 6 7 8 9 10"},
        {{11, 0, -1, INT64_MAX, INT64_MIN}, 5, "1 2 3 4 5 6 7 8 9 10"}, /* not there: no error */
        {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 12, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *const path = make_shard(*state);
        struct vx_err err = {0};
        assert_int_equal(vx_shard_forget(path, rows[i].items, rows[i].n, &err), VX_OK);
        assert_holds(path, rows[i].left);
        assert_int_equal(vx_shard_forget(path, rows[i].items, rows[i].n, &err), VX_OK); /* once more */
        assert_holds(path, rows[i].left);
        unlink(path);
    }
}

static void failed(void **state)
{
    const char *const path = make_shard(*state);
    struct vx_err err = {0};
    int64_t n = 5;

    assert_int_equal(vx_shard_forget_failed(path, &n, &err), VX_OK);
    assert_int_equal(n, 7); /* grows */
    assert_holds(path, "1 2 4 5 6 8 9 10");
    assert_int_equal(vx_shard_forget_failed(path, &n, &err), VX_OK);
    assert_int_equal(n, 7);
}

/* A scan that an earlier program began goes on. */
static void older(void **state)
{
    static const int64_t some[] = {2, 4};

    for (int version = 1; version <= 3; version++) {
        const char *const path = make_shard(*state);
        struct vx_err err = {0};
        int64_t n = 0;

        fixture_age(path, version);
        if (vx_shard_forget(path, some, 2, &err) != VX_OK)
            fail_msg("version %d: %s", version, err.text);
        assert_int_equal(vx_shard_forget_failed(path, &n, &err), VX_OK);
        assert_int_equal(n, 2);
        assert_holds(path, "1 5 6 8 9 10");
        unlink(path);
    }
}

/* Its rank was killed before it had written anything. */
static void empty(void **state)
{
    const char *const path = fixture_path(*state, "empty.db");
    const int64_t one = 1;
    struct vx_err err = {0};
    int64_t n = 0;

    assert_int_equal(vx_file_write(path, "", 0, &err), VX_OK);
    assert_int_equal(vx_shard_forget(path, &one, 1, &err), VX_OK);
    assert_int_equal(vx_shard_forget_failed(path, &n, &err), VX_OK);
    assert_int_equal(n, 0);
}

static void refused(void **state)
{
    const char *const shard = make_shard(*state), *const text = fixture_path(*state, "text.db"),
               *const gone = fixture_path(*state, "gone.db"), *const newer = fixture_path(*state, "newer.db");
    const int64_t one = 1;
    struct vx_err err = {0};
    const struct {
        const char *path;
        enum vx_status status;
        const char *says;
    } rows[] = {
        {gone, VX_EDB, "does it exist"},
        {text, VX_EFORMAT, "no SQLite database"},
        {newer, VX_EUNSUPPORTED, "newer"},
        {"", VX_EINVAL, "file name"},
    };

    assert_int_equal(vx_file_write(text, "this is no database, whatever its name says, and long enough to see that it is none of "
                                         "ours, or anybody's", 100, &err), VX_OK);
    assert_int_equal(rename(shard, newer), 0);
    fixture_exec(newer, "PRAGMA user_version = 99");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t n = 0;
        assert_int_equal(vx_shard_forget(rows[i].path, &one, 1, &err), rows[i].status);
        if (!strstr(err.text, rows[i].says))
            fail_msg("\"%s\" does not say \"%s\"", err.text, rows[i].says);
        assert_int_equal(vx_shard_forget_failed(rows[i].path, &n, &err), rows[i].status);
        assert_int_equal(n, 0);
    }
    assert_int_not_equal(access(gone, F_OK), 0); /* and is not made */
}

/* A writer that is still there keeps its rows; so does one whose transaction is in the way. */
static void in_use(void **state)
{
    const char *const path = make_shard(*state);
    const struct vx_run run = fixture_run(0);
    const int64_t one = 1;
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};
    int64_t n = 0;

    assert_int_equal(vx_shard_open(&shard, path, &run, &err), VX_OK);
    assert_int_equal(vx_shard_forget(path, &one, 1, &err), VX_EDB);
    assert_non_null(strstr(err.text, "another process has it open"));
    vx_shard_close(&shard);
    sqlite3 *other = fixture_sqlite(path);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(vx_shard_forget_failed(path, &n, &err), VX_EDB);
    assert_int_equal(n, 0);
    sqlite3_close(other);
    assert_holds(path, "1 2 3 4 5 6 7 8 9 10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(these, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(failed, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(older, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(empty, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(in_use, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests_name("forget", tests, NULL, NULL);
}
