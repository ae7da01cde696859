#include "db/query.h"
#include "base/mem.h"
#include "db/functions.h"
#include "db/rowset.h"
#include "db/schema.h"
#include "db/sqlite.h"

#include <stdlib.h>
#include <string.h>

struct vx_query_db {
    struct vx_sql *sql;
};

/* Reading, and what reading needs; everything else is refused, whatever way the statement is written. */
static int authorize(void *unused, int action, const char *a, const char *b, const char *database, const char *trigger)
{
    static const char *const pragmas[] = {"table_info", "table_xinfo", "table_list", "index_list", "index_info",
                                          "database_list", "foreign_key_list", "user_version", "application_id",
                                          "quick_check", "integrity_check", "compile_options", "function_list"};
    static const char *const functions[] = {"load_extension", "writefile", "readfile", "edit", "fts3_tokenizer"};

    (void)unused;
    (void)database;
    (void)trigger;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        for (size_t i = 0; b && i < sizeof functions / sizeof *functions; i++)
            if (sqlite3_stricmp(b, functions[i]) == 0)
                return SQLITE_DENY;
        return SQLITE_OK;
    case SQLITE_PRAGMA:
        for (size_t i = 0; a && i < sizeof pragmas / sizeof *pragmas; i++)
            /* with a value a pragma may set something: only those that take a table's name */
            if (sqlite3_stricmp(a, pragmas[i]) == 0 && (!b || strstr(pragmas[i], "_info") || strstr(pragmas[i], "_list")))
                return SQLITE_OK;
        return SQLITE_DENY;
    case SQLITE_UPDATE:
        /* what SQLite asks when it declares json_each, pragma_table_info and their like; a statement that says UPDATE
         * sqlite_schema is refused by SQLite itself */
        return a && strcmp(a, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
    default:
        return SQLITE_DENY;
    }
}

enum vx_status vx_query_open(struct vx_query_db **out, const char *path, struct vx_err *err)
{
    struct vx_query_db *db = vx_calloc(1, sizeof *db);
    bool empty = false;
    enum vx_status rc;

    *out = NULL;
    if (!db)
        return vx_fail_nomem(err, "a query");
    if ((rc = vx_sql_open(&db->sql, path, SQLITE_OPEN_READONLY, err)) != VX_OK ||
        (rc = vx_schema_check(db->sql, &empty, err)) != VX_OK || (rc = vx_functions_register(db->sql, err)) != VX_OK)
        goto done;
    if (empty) {
        rc = vx_fail(err, VX_EINVAL, "%s: an empty database, expected a result of voxtrawl scan", path);
        goto done;
    }
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

/* Its words, a function's argument, an overflow, something refused: the question's fault, not the file's. */
static bool is_questions_fault(int code)
{
    return (code & 0xff) == SQLITE_ERROR || (code & 0xff) == SQLITE_AUTH || (code & 0xff) == SQLITE_TOOBIG;
}

/* The beginning of sql on one line; out holds at least 4 bytes more than are copied, for the rest of a character. */
static const char *excerpt(const char *sql, char *out, size_t size)
{
    size_t n = 0;

    for (; sql[n] && (n < size - 4 || ((unsigned char)sql[n] & 0xC0) == 0x80) && n + 1 < size; n++)
        out[n] = (unsigned char)sql[n] < 0x20 ? ' ' : sql[n];
    out[n] = '\0';
    return out;
}

/* SQLite's words, and where in the text. */
static enum vx_status refuse(struct vx_query_db *db, int code, const char *sql, const char *statement,
                             struct vx_err *err)
{
    const int at = vx_sql_error_offset(db->sql);
    char from[48];

    if (!is_questions_fault(code))
        return vx_sql_fail(db->sql, err, "query");
    if (code == SQLITE_AUTH)
        return vx_fail(err, VX_EINVAL, "only reading is allowed here: %s: %s", sqlite3_errmsg(db->sql->handle),
                       excerpt(statement, from, sizeof from));
    if (at >= 0)
        return vx_fail(err, VX_EINVAL, "%s, at byte %lld: %s", sqlite3_errmsg(db->sql->handle),
                       (long long)(statement - sql) + at + 1, excerpt(statement + at, from, sizeof from));
    return vx_fail(err, VX_EINVAL, "%s", sqlite3_errmsg(db->sql->handle));
}

enum vx_status vx_query_run(struct vx_query_db *db, const char *sql, enum vx_query_format format, FILE *to,
                            struct vx_err *err)
{
    const char *next = sql, *tail = sql;
    enum vx_status rc = VX_OK;
    bool shown = false;
    char from[48];

    for (; rc == VX_OK && *next; next = tail) {
        sqlite3_stmt *stmt = NULL;
        const int code = sqlite3_prepare_v2(db->sql->handle, next, -1, &stmt, &tail);
        if (code != SQLITE_OK)
            return refuse(db, code, sql, next, err);
        if (!stmt) /* white space, a comment */
            continue;
        if (!sqlite3_stmt_readonly(stmt) || sqlite3_column_count(stmt) == 0) {
            rc = vx_fail(err, VX_EINVAL, "only questions are allowed here, not: %s", excerpt(next, from, sizeof from));
        } else {
            if (shown && format == VX_QUERY_TABLE)
                fputc('\n', to);
            rc = vx_rowset_write(db->sql, stmt, format, to, err);
            if (rc == VX_EDB && is_questions_fault(sqlite3_errcode(db->sql->handle)))
                err->status = rc = VX_EINVAL;
            shown = true;
        }
        sqlite3_finalize(stmt);
    }
    if (rc == VX_OK && !shown)
        rc = vx_fail(err, VX_EINVAL, "there is no statement in the SQL given");
    return rc;
}

const char *vx_sqlite_version(void)
{
    return sqlite3_libversion();
}
