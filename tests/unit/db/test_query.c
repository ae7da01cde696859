/* test_query.c - what a query may open, what it may ask, and that asking changes nothing */
#include "db/query.h"
#include "db/itemlist.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"
#include "tests/unit/db/ask.h"
#include "tests/unit/db/fixture.h"

#include <dirent.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void accepted(void **state)
{
    static const struct {
        const char *sql, *csv;
    } row[] = {
        {"SELECT 1", "1\n1\n"},
        {"  SELECT 2 ;;; -- and no more", "2\n2\n"},
        {"/* a comment */ SELECT count(*) AS n FROM items", "n\n40\n"},
        {"VALUES (1), (2)", "column1\n1\n2\n"},
        {"SELECT 1 AS a; SELECT 2 AS b;", "a\n1\n\nb\n2\n"},
        {"SELECT item FROM items WHERE item > 100", "item\n"},
        {"WITH few AS (SELECT item FROM items LIMIT 3) SELECT sum(item) AS n FROM few", "n\n6\n"},
        {"WITH RECURSIVE k(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM k WHERE x < 10) SELECT sum(x) AS n FROM k",
         "n\n55\n"},
        {"SELECT DISTINCT first_value(item) OVER (ORDER BY item DESC) AS n FROM items", "n\n40\n"},
        {"SELECT sum(item) OVER (ORDER BY item ROWS 1 PRECEDING) AS n FROM items LIMIT 3", "n\n1\n3\n5\n"},
        {"SELECT json_extract(labels, '$[1]') AS label FROM runs", "label\nfake\n"},
        {"SELECT value FROM runs, json_each(labels)", "value\nreal\nfake\n"},
        {"SELECT fullkey FROM json_tree('{\"a\": [7]}') WHERE atom = 7", "fullkey\n$.a[0]\n"},
        {"SELECT name FROM pragma_table_info('items') WHERE pk", "name\nitem\n"},
        {"SELECT * FROM pragma_table_info('items') LIMIT 1",
         "cid,name,type,notnull,dflt_value,pk\n0,item,INTEGER,0,,1\n"},
        {"SELECT count(*) AS n FROM pragma_index_list('items')", "n\n2\n"},
        {"PRAGMA user_version", "user_version\n4\n"},
        {"pragma INTEGRITY_CHECK", "integrity_check\nok\n"},
        {"PRAGMA quick_check(1)", "quick_check\nok\n"},
        {"SELECT * FROM pragma_quick_check", "quick_check\nok\n"},
        {"PRAGMA foreign_key_check(items)", "table,rowid,parent,fkid\n"},
        {"EXPLAIN QUERY PLAN SELECT 1", "id,parent,notused,detail\n1,0,0,SCAN CONSTANT ROW\n"},
        {"SELECT name FROM sqlite_schema WHERE type = 'view' AND name LIKE 'sus%'", "name\nsuspects\n"},
        {"SELECT count(*) AS n FROM suspects s JOIN files USING (item)", "n\n1\n"},
        {"SELECT count(*) AS n FROM items WHERE verdict = \"real\"", "n\n39\n"},
        {"SELECT sqlite_version() > '3' AS new", "new\n1\n"},
        {"SELECT printf('%05.1f', sigmoid(0)) AS s, upper('ü') IS NOT NULL AS u", "s,u\n000.5,1\n"},
    };
    const char *const path = fixture_make_result(*state, "r.db", 40, 2);
    struct vx_query_db *db = ask_open(path);

    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char *const csv = ask(db, row[i].sql, VX_QUERY_CSV, NULL);
        if (strcmp(csv, row[i].csv) != 0)
            fail_msg("%s: %s", row[i].sql, csv);
        free(csv);
    }
    free(ask(db, "EXPLAIN SELECT * FROM window_scores", VX_QUERY_TABLE, NULL));
    vx_query_close(&db);
    assert_null(db);
    vx_query_close(&db);
}

/* In every one of these nothing may be written before it is refused, and nothing must have happened to any file. */
static void refused(void **state)
{
    static const struct {
        const char *sql, *says;
    } row[] = {
        {"INSERT INTO items DEFAULT VALUES", "only reading is allowed"},
        {"INSERT INTO metadata VALUES (1, 'a', 'b') RETURNING item", "only reading is allowed"},
        {"REPLACE INTO metadata VALUES (1, 'a', 'b')", "only reading is allowed"},
        {"UPDATE items SET verdict = 'real'", "not: UPDATE items SET verdict = 'real'"},
        {"DELETE FROM windows", "not: DELETE FROM windows"},
        {"WITH x AS (SELECT 1) DELETE FROM items WHERE item IN x", "only reading is allowed"},
        {"DELETE FROM items RETURNING item", "only reading is allowed"},
        {"EXPLAIN DELETE FROM items", "only reading is allowed"},
        {"UPDATE sqlite_schema SET sql = 'x'", "may not be modified"},
        {"UPDATE sqlite_master SET rootpage = 2 WHERE name = 'items'", "may not be modified"},
        {"DELETE FROM sqlite_schema", "may not be modified"},
        {"DROP TABLE items", "only reading is allowed"},
        {"DROP VIEW files", "only reading is allowed"},
        {"DROP INDEX items_by_path", "only reading is allowed"},
        {"ALTER TABLE items ADD COLUMN x", "only reading is allowed"},
        {"ALTER TABLE items RENAME TO x", "only reading is allowed"},
        {"CREATE TABLE x (y)", "only reading is allowed"},
        {"CREATE TABLE x AS SELECT * FROM items", "only reading is allowed"},
        {"CREATE TEMP TABLE x (y)", "only reading is allowed"},
        {"CREATE TEMP VIEW x AS SELECT 1", "only reading is allowed"},
        {"CREATE TEMP TRIGGER x AFTER INSERT ON items BEGIN SELECT 1; END", "only reading is allowed"},
        {"CREATE VIEW x AS SELECT 1", "only reading is allowed"},
        {"CREATE INDEX x ON items (size)", "only reading is allowed"},
        {"CREATE VIRTUAL TABLE x USING fts5(y)", "only reading is allowed"},
        {"ATTACH 'other.db' AS other", "only reading is allowed"},
        {"ATTACH ':memory:' AS other", "only reading is allowed"},
        {"DETACH main", "only reading is allowed"},
        {"VACUUM", "only reading is allowed"},
        {"VACUUM INTO 'copy.db'", "only reading is allowed"},
        {"REINDEX", "only reading is allowed"},
        {"ANALYZE", "only reading is allowed"},
        {"BEGIN", "only reading is allowed"},
        {"BEGIN EXCLUSIVE", "only reading is allowed"},
        {"COMMIT", "only reading is allowed"},
        {"SAVEPOINT s", "only reading is allowed"},
        {"PRAGMA user_version = 7", "only reading is allowed"},
        {"PRAGMA user_version(7)", "only reading is allowed"},
        {"PRAGMA application_id = 7", "only reading is allowed"},
        {"PRAGMA journal_mode = WAL", "only reading is allowed"},
        {"PRAGMA journal_mode", "only reading is allowed"},
        {"PRAGMA writable_schema = ON", "only reading is allowed"},
        {"PRAGMA query_only = OFF", "only reading is allowed"},
        {"PRAGMA trusted_schema = ON", "only reading is allowed"},
        {"PRAGMA encoding = 'UTF-16'", "only reading is allowed"},
        {"PRAGMA schema_version = 9", "only reading is allowed"},
        {"PRAGMA page_size = 512", "only reading is allowed"},
        {"PRAGMA incremental_vacuum", "only reading is allowed"},
        {"PRAGMA optimize", "only reading is allowed"},
        {"PRAGMA wal_checkpoint", "only reading is allowed"},
        {"PRAGMA temp_store_directory = '.'", "only reading is allowed"},
        {"SELECT * FROM pragma_journal_mode", "not authorized"},
        {"SELECT load_extension('x.so')", "load_extension"},
        {"SELECT load_extension('x.so', 'f') FROM items", "load_extension"},
        {"SELECT fts3_tokenizer('simple')", "fts3_tokenizer"},
        {"SELECT writefile('x', 'y')", "writefile"},
        {"SELECT readfile('/etc/passwd')", "readfile"},
        {"SELECT 1; DELETE FROM items", "not: DELETE FROM items"},
        {"", "no statement"},
        {" \t\n", "no statement"},
        {";;", "no statement"},
        {"-- nothing but a comment", "no statement"},
        {"/* nothing */ -- at all\n", "no statement"},
        {"/* without end", "no statement"},
        {"SELEC 1", "syntax error, at character 1: SELEC 1"},
        {"SELECT 'üöä' FORM items", "syntax error, at character 19: items"},
        {"SELECT 1; SELECT mean_fak FROM items",
         "no such column: mean_fak, at character 18: mean_fak FROM items (voxtrawl query"},
        {"SELECT 1 FROM nowhere", "no such table: nowhere: SELECT 1 FROM nowhere (voxtrawl query --schema"},
        {"SELECT nofunction(1)", "no such function: nofunction"},
        {"SELECT \n(\n", "incomplete input"},
        {"SELECT 1 WHERE 'a' = :verdict", ":verdict has no value"},
        {"SELECT ?", "? has no value"},
        {"SELECT ?3, $x", "? has no value"},
        {"SELECT count(*) FROM items GROUP BY median(1)", "aggregate"},
        {"SELECT json_extract('{', '$.a')", "malformed JSON"},
        {"SELECT abs(-9223372036854775807 - 1)", "integer overflow"},
        {"SELECT zeroblob(2000000000)", "too big"},
    };
    const char *const path = fixture_make_result(*state, "r.db", 40, 2);
    struct fixture *const f = *state;
    struct vx_query_db *db = ask_open(path);
    struct vx_err err = {0};
    size_t n, after_n;
    char *const before = folder_read(f->dir, "r.db", &n);

    assert_int_equal(chdir(f->dir), 0); /* so that files made by mistake are seen below */
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const enum vx_status rc = ask_refused(db, row[i].sql, &err);
        if (rc != VX_EINVAL || !strstr(err.text, row[i].says) || strchr(err.text, '\n'))
            fail_msg("%s: status %d, %s", row[i].sql, rc, err.text);
        char *const after = folder_read(f->dir, "r.db", &after_n);
        if (after_n != n || memcmp(before, after, n) != 0)
            fail_msg("%s: changed the file", row[i].sql);
        free(after);
    }
    DIR *const d = opendir(f->dir);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' && strcmp(e->d_name, "r.db") != 0)
            fail_msg("%s was made", e->d_name);
    closedir(d);
    assert_int_equal(chdir("/"), 0);
    free(ask(db, "SELECT 1", VX_QUERY_CSV, NULL)); /* still in order */
    vx_query_close(&db);
    free(before);
}

/* A result that an older Voxtrawl wrote is read as it is, and who asks for more is told what to do. */
static void older_results(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 5, 1);
    struct vx_err err = {0};

    fixture_age(path, 2);
    struct vx_query_db *db = ask_open(path);
    free(ask(db, "SELECT mean_fake FROM items", VX_QUERY_CSV, NULL));
    assert_int_equal(ask_refused(db, "SELECT calibrated_on FROM runs", &err), VX_EINVAL);
    if (!strstr(err.text, "no such column: calibrated_on") || !strstr(err.text, "voxtrawl merge -o NEW.db OLD.db"))
        fail_msg("%s", err.text);
    vx_query_close(&db);
}

/* A statement that is refused keeps those before it from running. */
static void all_or_nothing(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 3, 1);
    struct vx_query_db *db = ask_open(path);
    struct vx_err err = {0};
    char *out = NULL;
    size_t n;
    FILE *to = open_memstream(&out, &n);

    assert_int_equal(vx_query_run(db, "SELECT 1; SELECT 2; SELEC 3", VX_QUERY_TABLE, to, &err), VX_EINVAL);
    fclose(to);
    assert_int_equal(n, 0);
    free(out);
    vx_query_close(&db);
}

static void no_result(void **state)
{
    struct fixture *const f = *state;
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_itemlist *list = NULL;
    struct vx_err err = {0};
    sqlite3 *other = NULL;
    static const char text[] = "a text as long as the header of SQLite's files, which is 100 bytes, or somewhat more, "
                               "to be sure of that";

    folder_write(f->dir, "short", "hello", 5);
    folder_write(f->dir, "text", text, sizeof text - 1);
    folder_write(f->dir, "empty.db", "", 0);
    assert_int_equal(sqlite3_open(fixture_path(f, "other.db"), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "CREATE TABLE precious (x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    assert_int_equal(vx_shard_open(&shard, fixture_path(f, "shard.db"), &run, &err), VX_OK);
    vx_shard_close(&shard);
    assert_int_equal(vx_itemlist_open(&list, fixture_path(f, "list.db"), &err), VX_OK);
    vx_itemlist_close(&list);
    assert_int_equal(mkfifo(fixture_path(f, "pipe"), 0600), 0);
    fixture_exec(fixture_make_result(f, "newer.db", 1, 1), "PRAGMA user_version = 9");
    fixture_exec(fixture_make_result(f, "less.db", 1, 1), "DROP TABLE metadata");
    fixture_exec(fixture_make_result(f, "wal.db", 1, 1), "PRAGMA journal_mode = WAL");

    static const struct {
        const char *name;
        enum vx_status status;
        const char *says;
    } row[] = {
        {"missing.db", VX_EDB, "No such file or directory; does it exist"},
        {"no/folder.db", VX_EDB, "does it exist"},
        {"short", VX_EINVAL, "no SQLite database; expected the result of voxtrawl scan"},
        {"text", VX_EINVAL, "no SQLite database; expected the result of voxtrawl scan"},
        {"empty.db", VX_EINVAL, "an empty database; expected the result"},
        {"other.db", VX_EINVAL, "not one of Voxtrawl's (application_id 0x00000000); expected the result"},
        {"list.db", VX_EINVAL, "the list of items of a scan; expected the result"},
        {"shard.db", VX_EINVAL, "merge -o RESULT.db SHARD"},
        {".", VX_EINVAL, "a folder; expected the result"},
        {"pipe", VX_EINVAL, "not a file; expected the result"},
        {"newer.db", VX_EUNSUPPORTED, "schema version 9, this Voxtrawl knows up to 4: use a newer one"},
        {"less.db", VX_EFORMAT, "5 of its 6 tables"},
        {"wal.db", VX_OK, NULL},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *const path = fixture_path(f, row[i].name);
        struct vx_query_db *db = NULL;
        const enum vx_status rc = vx_query_open(&db, path, &err);
        if (rc != row[i].status || (row[i].says && (!strstr(err.text, row[i].says) || !strstr(err.text, path))))
            fail_msg("%s: status %d, %s", row[i].name, rc, err.text);
        assert_true((db != NULL) == (rc == VX_OK));
        vx_query_close(&db);
    }
    struct vx_query_db *db = NULL;
    assert_int_equal(vx_query_open(&db, "", &err), VX_EINVAL);
}

enum { COUNTED, NOT_COUNTED, NO_OTHER_USER, MAY_WRITE };

/* What a user who may only read gets; an error is said on stderr. */
static int count_as_reader(const char *path)
{
    struct vx_query_db *db = NULL;
    struct vx_err err = {0};
    char out[64] = "";
    FILE *to;

    if (geteuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
        return NO_OTHER_USER;
    if (access(path, W_OK) == 0)
        return MAY_WRITE;
    if (!(to = fmemopen(out, sizeof out, "w")))
        return NOT_COUNTED;
    if (vx_query_open(&db, path, &err) != VX_OK ||
        vx_query_run(db, "SELECT count(*) AS n, max(mean_fake) > 0 AS p FROM files", VX_QUERY_CSV, to, &err) != VX_OK)
        fprintf(stderr, "%s\n", err.text);
    vx_query_close(&db);
    fclose(to);
    return strcmp(out, "n,p\n40,1\n") == 0 ? COUNTED : NOT_COUNTED;
}

static int in_child(const char *path)
{
    int status = 0;
    const pid_t child = fork();

    if (child == 0)
        _exit(count_as_reader(path));
    assert_int_equal(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

/* A read-only file in a read-only folder, as on a disc; by its name, through links to folders, and relative. */
static void reading_suffices(void **state)
{
    struct fixture *const f = *state;
    const char *const made = fixture_make_result(f, "r.db", 40, 2), *const disc = fixture_path(f, "disc"),
               *const file = fixture_path(f, "disc/r.db"), *const link = fixture_path(f, "link"),
               *const wal = fixture_path(f, "disc/wal.db");

    assert_int_equal(mkdir(disc, 0755), 0);
    assert_int_equal(rename(made, file), 0);
    assert_int_equal(rename(fixture_make_result(f, "wal.db", 40, 2), wal), 0);
    fixture_exec(wal, "PRAGMA journal_mode = WAL");
    assert_int_equal(chmod(file, 0444), 0);
    assert_int_equal(chmod(wal, 0444), 0);
    assert_int_equal(symlink("disc", link), 0);
    assert_int_equal(symlink("link/r.db", fixture_path(f, "file-link")), 0);
    assert_int_equal(chmod(disc, 0555), 0);
    assert_int_equal(chmod(f->dir, 0555), 0);
    const int first = in_child(file);
    if (first != NO_OTHER_USER) {
        assert_int_equal(first, COUNTED);
        assert_int_equal(in_child(fixture_path(f, "link/r.db")), COUNTED);
        assert_int_equal(in_child(fixture_path(f, "file-link")), COUNTED);
        assert_int_equal(in_child(fixture_path(f, "link/../disc/r.db")), COUNTED);
        assert_int_equal(chdir(f->dir), 0);
        assert_int_equal(in_child("link/r.db"), COUNTED);
        assert_int_equal(chdir("/"), 0);
        assert_int_equal(in_child(fixture_path(f, "disc/wal.db")), NOT_COUNTED); /* takes writing: said, above */
    }
    chmod(f->dir, 0755);
    chmod(disc, 0755);
    unlink(file);
    unlink(wal);
    rmdir(disc);
    if (first == NO_OTHER_USER) {
        print_message("SKIP: root here cannot become another user, and root may write anywhere\n");
        skip();
    }
}

/* Where the answer cannot be written. */
static void nowhere_to_write(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 2000, 1);
    static const char *const sql[] = {
        "SELECT 1", "SELECT * FROM files",
        "SELECT item, median(start_ms), percentile(start_ms, 10) FROM windows GROUP BY item"};
    struct vx_query_db *db = ask_open(path);
    struct vx_err err = {0};

    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof sql / sizeof *sql; i++) {
        for (int format = VX_QUERY_TABLE; format <= VX_QUERY_JSON; format++) {
            FILE *to = fopen("/dev/full", "w");
            assert_non_null(to);
            assert_int_equal(vx_query_run(db, sql[i], (enum vx_query_format)format, to, &err), VX_ESYS);
            assert_non_null(strstr(err.text, "No space left"));
            fclose(to);
            int end[2];
            assert_int_equal(pipe(end), 0);
            close(end[0]);
            to = fdopen(end[1], "w");
            assert_int_equal(vx_query_run(db, sql[i], (enum vx_query_format)format, to, &err), VX_ESYS);
            assert_non_null(strstr(err.text, "Broken pipe"));
            fclose(to);
        }
    }
    vx_query_close(&db);
}

/* A result made to harm who asks it: its views call what a view must not, or never end. */
static void hostile_result(void **state)
{
    const char *const path = fixture_make_result(*state, "r.db", 3, 1);
    struct vx_err err = {0};

    fixture_exec(path, "CREATE VIEW evil AS SELECT load_extension('x.so');"
                       "CREATE VIEW broken AS SELECT * FROM nowhere;"
                       "CREATE TRIGGER fire INSTEAD OF INSERT ON evil BEGIN DELETE FROM items; END;"
                       "CREATE TABLE lazy (x, y AS (x + 1));"
                       "INSERT INTO lazy (x) VALUES (1)");
    struct vx_query_db *db = ask_open(path);
    assert_int_equal(ask_refused(db, "SELECT * FROM evil", &err), VX_EINVAL);
    assert_int_equal(ask_refused(db, "SELECT * FROM broken", &err), VX_EINVAL);
    assert_int_equal(ask_refused(db, "INSERT INTO evil VALUES (1)", &err), VX_EINVAL);
    char *const csv = ask(db, "SELECT y FROM lazy", VX_QUERY_CSV, NULL);
    assert_string_equal(csv, "y\n2\n");
    free(csv);
    vx_query_close(&db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(accepted, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refused, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(all_or_nothing, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(older_results, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(no_result, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(reading_suffices, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(nowhere_to_write, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(hostile_result, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
