#include "db/forget.h"
#include "db/schema.h"
#include "db/sqlite.h"

static const char CREATE[] = "CREATE TEMP TABLE forgotten (item INTEGER PRIMARY KEY)";
static const char INSERT[] = "INSERT OR IGNORE INTO forgotten VALUES (?)";
static const char INSERT_FAILED[] = "INSERT INTO forgotten SELECT item FROM items WHERE status = 'failed'";
static const char DELETE_ROWS[] = "DELETE FROM windows WHERE item IN (SELECT item FROM forgotten);"
                                  "DELETE FROM channels WHERE item IN (SELECT item FROM forgotten);"
                                  "DELETE FROM metadata WHERE item IN (SELECT item FROM forgotten);";
static const char DELETE_ITEMS[] = "DELETE FROM items WHERE item IN (SELECT item FROM forgotten)";

static enum vx_status choose(struct vx_sql *sql, const int64_t *items, size_t n, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(sql, &stmt, INSERT, err);

    for (size_t i = 0; rc == VX_OK && i < n; i++) {
        struct vx_bind b = vx_bind_start(stmt);
        vx_bind_integer(&b, items[i]);
        rc = vx_bind_run(sql, &b, "choose items", err);
    }
    sqlite3_finalize(stmt);
    return rc;
}

/* items NULL: those that failed. */
static enum vx_status forget(const char *path, const int64_t *items, size_t n, int64_t *forgotten, struct vx_err *err)
{
    struct vx_sql *sql = NULL;
    bool empty;
    enum vx_status rc;

    if ((rc = vx_sql_open(&sql, path, SQLITE_OPEN_READWRITE, err)) != VX_OK ||
        (rc = vx_schema_check(sql, &empty, err)) != VX_OK || empty ||
        (rc = vx_sql_exec(sql, CREATE, "choose items", err)) != VX_OK || (rc = vx_sql_begin(sql, err)) != VX_OK)
        goto done;
    if ((rc = vx_schema_migrate(sql, VX_DB_SHARD, err)) == VX_OK) /* of an earlier program's, all tables are there */
        rc = items ? choose(sql, items, n, err) : vx_sql_exec(sql, INSERT_FAILED, "choose items", err);
    if (rc == VX_OK && (rc = vx_sql_exec(sql, DELETE_ROWS, "forget items", err)) == VX_OK &&
        (rc = vx_sql_exec(sql, DELETE_ITEMS, "forget items", err)) == VX_OK) {
        *forgotten += sqlite3_changes(sql->handle);
        rc = vx_sql_commit(sql, err);
    } else {
        vx_sql_rollback(sql);
    }
done:
    vx_sql_close(&sql);
    return rc;
}

enum vx_status vx_shard_forget(const char *path, const int64_t *items, size_t n, struct vx_err *err)
{
    int64_t forgotten = 0;

    return n > 0 ? forget(path, items, n, &forgotten, err) : VX_OK;
}

enum vx_status vx_shard_forget_failed(const char *path, int64_t *n, struct vx_err *err)
{
    return forget(path, NULL, 0, n, err);
}
