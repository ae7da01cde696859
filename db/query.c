#include "db/query.h"
#include "base/mem.h"
#include "base/text.h"
#include "db/functions.h"
#include "db/result.h"
#include "db/rowset.h"
#include "db/schema.h"
#include "db/sqlite.h"

#include <stdlib.h>
#include <string.h>

#define ONLY_READING "only reading is allowed here (SELECT, EXPLAIN, some PRAGMAs), not: %s"
#define EXCERPT 40 /* bytes of a statement in a message */

struct vx_query_db {
    struct vx_sql *sql;
};

/* Pragmas that tell something; of some the argument says about what, of the others it would set it. */
static const struct {
    const char *name;
    bool argument;
} pragmas[] = {
    {"application_id", false},    {"collation_list", false}, {"compile_options", false}, {"database_list", false},
    {"encoding", false},          {"foreign_key_check", true}, {"foreign_key_list", true}, {"freelist_count", false},
    {"function_list", false},     {"index_info", true},      {"index_list", true},       {"index_xinfo", true},
    {"integrity_check", true},    {"module_list", false},    {"page_count", false},      {"page_size", false},
    {"pragma_list", false},       {"quick_check", true},     {"schema_version", false},  {"table_info", true},
    {"table_list", true},         {"table_xinfo", true},     {"user_version", false},
};

static bool pragma_reads(const char *name, const char *argument)
{
    for (size_t i = 0; name && i < sizeof pragmas / sizeof *pragmas; i++)
        if (sqlite3_stricmp(name, pragmas[i].name) == 0)
            return !argument || pragmas[i].argument;
    return false;
}

/* Functions of SQLite, its shell and its extensions that reach out of the database. */
static bool function_reads(const char *name)
{
    static const char *const others[] = {"edit", "fts3_tokenizer", "load_extension", "readfile", "writefile"};

    for (size_t i = 0; name && i < sizeof others / sizeof *others; i++)
        if (sqlite3_stricmp(name, others[i]) == 0)
            return false;
    return true;
}

/* Reading, and what reading needs; everything else is refused, whatever way the statement is written. */
static int authorize(void *unused, int action, const char *a, const char *b, const char *database, const char *trigger)
{
    bool allowed = false;

    (void)unused;
    (void)database;
    (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        allowed = true;
        break;
    case SQLITE_FUNCTION:
        allowed = function_reads(b);
        break;
    case SQLITE_PRAGMA:
        allowed = pragma_reads(a, b);
        break;
    case SQLITE_UPDATE:
        /* Asked when a table-valued function (json_each, pragma_table_info) is first met, for an update of the schema
         * that never runs. Of a real one SQLite says no on its own: "table sqlite_master may not be modified". */
        allowed = a && strcmp(a, "sqlite_master") == 0;
        break;
    }
    return allowed ? SQLITE_OK : SQLITE_DENY;
}

enum vx_status vx_query_open(struct vx_query_db **out, const char *path, struct vx_err *err)
{
    struct vx_query_db *db = NULL;
    enum vx_status rc;

    *out = NULL;
    if (!(db = vx_calloc(1, sizeof *db)))
        return vx_fail_nomem(err, "a query");
    if ((rc = vx_result_open(&db->sql, path, err)) != VX_OK || (rc = vx_functions_register(db->sql, err)) != VX_OK)
        goto done;
    sqlite3_set_authorizer(db->sql->handle, authorize, NULL);
    *out = db;
    db = NULL;
done:
    vx_query_close(&db);
    return rc;
}

void vx_query_close(struct vx_query_db **db)
{
    if (!*db)
        return;
    vx_sql_close(&(*db)->sql);
    free(*db);
    *db = NULL;
}

/* The beginning of text on one line, whole characters. */
static void excerpt(const char *text, char out[4 * EXCERPT + 1])
{
    char *start, *printable;

    text += strspn(text, " \t\r\n");
    size_t n = strnlen(text, EXCERPT);
    while (n > 0 && text[n] && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    start = strndup(text, n);
    printable = start ? vx_text_printable(start) : NULL;
    strcpy(out, printable ? printable : ""); /* a byte becomes at most four */
    free(printable);
    free(start);
}

/* Its words, a function's argument, an overflow, something refused: the question's fault, not the file's. */
static bool is_questions_fault(int code)
{
    switch (code & 0xff) {
    case SQLITE_ERROR:
    case SQLITE_AUTH:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return true;
    }
    return false;
}

/* The remedy for the commonest mistakes. */
static const char *remedy(struct vx_query_db *db, const char *says)
{
    int64_t version;
    struct vx_err ignored;

    if (strncmp(says, "no such table", 13) != 0 && strncmp(says, "no such column", 14) != 0)
        return "";
    if (vx_sql_integer(db->sql, "PRAGMA user_version", &version, &ignored) == VX_OK && version < VX_SCHEMA_VERSION)
        return " (an older Voxtrawl wrote this file and knew fewer columns: voxtrawl merge -o NEW.db OLD.db adds them)";
    return " (voxtrawl query --schema lists tables and columns)";
}

/* SQLite's words, and where in the text. */
static enum vx_status refuse(struct vx_query_db *db, int code, const char *sql, const char *statement,
                             struct vx_err *err)
{
    const int at = vx_sql_error_offset(db->sql);
    char here[4 * EXCERPT + 1];
    int characters = 1;
    char *says;

    if (!is_questions_fault(code))
        return vx_sql_fail(db->sql, err, "query");
    if (!(says = vx_text_printable(sqlite3_errmsg(db->sql->handle))))
        return vx_fail_nomem(err, "a message");
    excerpt(at >= 0 ? statement + at : statement, here);
    for (const char *p = sql; at >= 0 && p < statement + at; p++)
        characters += ((unsigned char)*p & 0xC0) != 0x80;
    if (code == SQLITE_AUTH)
        vx_fail(err, VX_EINVAL, ONLY_READING, here);
    else if (at >= 0)
        vx_fail(err, VX_EINVAL, "%s, at character %d: %s%s", says, characters, here, remedy(db, says));
    else
        vx_fail(err, VX_EINVAL, "%s: %s%s", says, here, remedy(db, says));
    free(says);
    return VX_EINVAL;
}

/* What is no question, though its parts may be read. */
static enum vx_status check_statement(sqlite3_stmt *stmt, struct vx_err *err)
{
    char here[4 * EXCERPT + 1];

    excerpt(sqlite3_sql(stmt), here);
    if (!sqlite3_stmt_readonly(stmt) || sqlite3_column_count(stmt) == 0)
        return vx_fail(err, VX_EINVAL, ONLY_READING, here);
    if (sqlite3_bind_parameter_count(stmt) > 0) /* SQLite would take NULL for it */
        return vx_fail(err, VX_EINVAL, "%s has no value: write the value itself, a word as 'word': %s",
                       sqlite3_bind_parameter_name(stmt, 1) ? sqlite3_bind_parameter_name(stmt, 1) : "?", here);
    return VX_OK;
}

/* The statement at *next, which then points behind it. VX_DONE: there is none. */
static enum vx_status next_statement(struct vx_query_db *db, const char *sql, const char **next, sqlite3_stmt **out,
                                     struct vx_err *err)
{
    enum vx_status rc;

    *out = NULL;
    while (!*out && **next) { /* white space and comments give no statement */
        const char *const statement = *next;
        const int code = sqlite3_prepare_v2(db->sql->handle, statement, -1, out, next);
        if (code != SQLITE_OK)
            return refuse(db, code, sql, statement, err);
    }
    if (!*out)
        return VX_DONE;
    if ((rc = check_statement(*out, err)) != VX_OK) {
        sqlite3_finalize(*out);
        *out = NULL;
    }
    return rc;
}

static enum vx_status check_all(struct vx_query_db *db, const char *sql, struct vx_err *err)
{
    const char *next = sql;
    sqlite3_stmt *stmt;
    bool any = false;
    enum vx_status rc;

    while ((rc = next_statement(db, sql, &next, &stmt, err)) == VX_OK) {
        sqlite3_finalize(stmt);
        any = true;
    }
    if (rc == VX_DONE)
        rc = any ? VX_OK : vx_fail(err, VX_EINVAL, "there is no statement in the SQL given");
    return rc;
}

enum vx_status vx_query_run(struct vx_query_db *db, const char *sql, enum vx_query_format format, FILE *to,
                            struct vx_err *err)
{
    const char *next = sql;
    sqlite3_stmt *stmt;
    enum vx_status rc = check_all(db, sql, err);
    bool first = true;

    if (rc != VX_OK)
        return rc;
    while ((rc = next_statement(db, sql, &next, &stmt, err)) == VX_OK) {
        if (!first && format != VX_QUERY_JSON)
            fputc('\n', to);
        first = false;
        rc = vx_rowset_write(db->sql, stmt, format, to, err);
        if (rc == VX_EDB && is_questions_fault(sqlite3_errcode(db->sql->handle)))
            err->status = rc = VX_EINVAL;
        sqlite3_finalize(stmt);
        if (rc != VX_OK)
            return rc;
    }
    if (rc == VX_DONE)
        rc = fflush(to) == 0 && !ferror(to) ? VX_OK : vx_fail_sys(err, "write the rows");
    return rc;
}

const char *vx_sqlite_version(void)
{
    return sqlite3_libversion();
}
