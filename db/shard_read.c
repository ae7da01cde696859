/* shard_read.c - what a shard holds, for resuming and for status: asked of shards that others have written */
#include "db/schema.h"
#include "db/shard.h"
#include "db/sqlite.h"

static const char SELECT_FINAL[] = "SELECT item, status = 'failed' FROM items WHERE status <> 'pending' ORDER BY item";

static const char SELECT_CONTENTS[] =
    "SELECT item, kind = 'image', coalesce(member_raw, member, path_raw, path), hash,"
    " CASE WHEN status = 'pending' THEN same_as ELSE 0 END FROM items WHERE status <> 'pending' OR same_as IS NOT NULL ORDER BY item";

enum vx_status vx_shard_results(const char *path, void (*each)(void *ctx, int64_t item, bool failed), void *ctx,
                                struct vx_err *err)
{
    struct vx_sql *sql = NULL;
    sqlite3_stmt *stmt = NULL;
    bool empty;
    enum vx_status rc;

    if ((rc = vx_sql_open_reader(&sql, path, err)) != VX_OK || (rc = vx_schema_check(sql, &empty, err)) != VX_OK ||
        empty || (rc = vx_sql_prepare(sql, &stmt, SELECT_FINAL, err)) != VX_OK)
        goto done;
    while ((rc = vx_sql_step(sql, stmt, "read items", err)) == VX_OK)
        each(ctx, sqlite3_column_int64(stmt, 0), sqlite3_column_int(stmt, 1) != 0);
    if (rc == VX_DONE)
        rc = VX_OK;
done:
    sqlite3_finalize(stmt);
    vx_sql_close(&sql);
    return rc;
}

struct every { /* of vx_shard_items */
    void (*each)(void *ctx, int64_t item);
    void *ctx;
};

static void pass_on(void *ctx, int64_t item, bool failed)
{
    const struct every *e = ctx;

    (void)failed;
    e->each(e->ctx, item);
}

enum vx_status vx_shard_items(const char *path, void (*each)(void *ctx, int64_t item), void *ctx, struct vx_err *err)
{
    struct every e = {.each = each, .ctx = ctx};

    return vx_shard_results(path, pass_on, &e, err);
}

enum vx_status vx_shard_contents(const char *path, void (*each)(void *ctx, const struct vx_shard_content *content), void *ctx,
                                 struct vx_err *err)
{
    struct vx_sql *sql = NULL;
    sqlite3_stmt *stmt = NULL;
    int64_t version;
    bool empty;
    enum vx_status rc;

    if ((rc = vx_sql_open_reader(&sql, path, err)) != VX_OK || (rc = vx_schema_check(sql, &empty, err)) != VX_OK || empty ||
        (rc = vx_sql_integer(sql, "PRAGMA user_version", &version, err)) != VX_OK || version < 4 ||
        (rc = vx_sql_prepare(sql, &stmt, SELECT_CONTENTS, err)) != VX_OK)
        goto done;
    while ((rc = vx_sql_step(sql, stmt, "read items", err)) == VX_OK) {
        const char *const name = (const char *)sqlite3_column_text(stmt, 2);
        each(ctx, &(struct vx_shard_content){.item = sqlite3_column_int64(stmt, 0),
                                             .kind = sqlite3_column_int(stmt, 1) ? VX_ITEM_IMAGE : VX_ITEM_AUDIO,
                                             .name = name ? name : "",
                                             .hash = (const char *)sqlite3_column_text(stmt, 3),
                                             .same_as = sqlite3_column_int64(stmt, 4)});
    }
    if (rc == VX_DONE)
        rc = VX_OK;
done:
    sqlite3_finalize(stmt);
    vx_sql_close(&sql);
    return rc;
}

bool vx_shard_is_locked(const char *path)
{
    struct vx_sql *sql = NULL;
    struct vx_err ignored;
    bool locked = false;

    if (vx_sql_open(&sql, path, SQLITE_OPEN_READONLY, &ignored) == VX_OK) {
        sqlite3_busy_timeout(sql->handle, 0);
        locked = (sqlite3_exec(sql->handle, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL) & 0xff) == SQLITE_BUSY;
    }
    vx_sql_close(&sql);
    return locked;
}
