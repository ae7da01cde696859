#include "db/merge_source.h"
#include "db/rows.h"
#include "db/schema.h"

#include <stdio.h>
#include <stdlib.h>

/* Names are compared as the bytes they were: where a path is no UTF-8, path_raw has them. */
#define NAME_BYTES "coalesce(path_raw, CAST(path AS BLOB)), coalesce(member_raw, CAST(member AS BLOB))"

static const char ALL_ITEMS[] =
    "SELECT item, CASE status WHEN 'scored' THEN 4 WHEN 'not_scored' THEN 3 WHEN 'failed' THEN 2 ELSE 1 END, run,"
    " " NAME_BYTES " FROM items ORDER BY item";
static const char ONE_ITEM[] = "SELECT n_windows, n_scored, " VX_ITEM_COLUMNS " FROM items WHERE item = ?";
static const char ONE_NAME[] = "SELECT " NAME_BYTES " FROM items WHERE item = ?";
static const char WINDOWS[] =
    "SELECT idx, start_ms, logit_real, logit_fake, flags FROM windows WHERE item = ? ORDER BY idx";
static const char METADATA[] = "SELECT key, value FROM metadata WHERE item = ?";

static const char ALL_LISTED[] = "SELECT item, 0, 0, path, member FROM listed ORDER BY item";
static const char ONE_LISTED[] = "SELECT kind, size, mtime, problem, path, member FROM listed WHERE item = ?";
static const char ONE_LISTED_NAME[] = "SELECT path, member FROM listed WHERE item = ?";

static const char COUNT_DIFFERENCE[] =
    "SELECT (SELECT count(*) FROM windows) - (SELECT coalesce(sum(n_windows), 0) FROM items)";
static const char HAS_METADATA[] = "SELECT EXISTS (SELECT 1 FROM metadata)";

static enum vx_status quick_check(struct vx_sql *sql, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(sql, &stmt, "PRAGMA quick_check(1)", err);

    if (rc == VX_OK)
        rc = vx_sql_step(sql, stmt, "check", err);
    if (rc == VX_OK) {
        const char *const says = (const char *)sqlite3_column_text(stmt, 0);
        if (!says || sqlite3_stricmp(says, "ok") != 0)
            rc = vx_fail(err, VX_EFORMAT, "%s: damaged: %s; leave it out or restore it", sql->path, says ? says : "?");
    }
    sqlite3_finalize(stmt);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status check_list(struct vx_source *source, struct vx_err *err)
{
    enum vx_db_kind kind = VX_DB_NOTHING;
    const enum vx_status rc = vx_schema_kind(source->sql, &kind, err);

    if (rc == VX_OK && kind != VX_DB_LIST && kind != VX_DB_NOTHING)
        return vx_fail(err, VX_EINVAL, "%s: a shard or result, expected a list of items", source->sql->path);
    source->empty = kind == VX_DB_NOTHING;
    return rc;
}

static enum vx_status check_counts(struct vx_source *source, struct vx_err *err)
{
    int64_t difference;
    const enum vx_status rc = vx_sql_integer(source->sql, COUNT_DIFFERENCE, &difference, err);

    if (rc == VX_OK && difference != 0)
        return vx_fail(err, VX_EFORMAT, "%s: damaged: it has %lld windows %s than its items count", source->sql->path,
                       llabs((long long)difference), difference > 0 ? "more" : "fewer");
    return rc;
}

static enum vx_status prepare(struct vx_source *s, struct vx_err *err)
{
    enum vx_status rc;

    if ((rc = vx_sql_prepare(s->sql, &s->all, s->is_list ? ALL_LISTED : ALL_ITEMS, err)) != VX_OK ||
        (rc = vx_sql_prepare(s->sql, &s->item, s->is_list ? ONE_LISTED : ONE_ITEM, err)) != VX_OK ||
        (rc = vx_sql_prepare(s->sql, &s->name, s->is_list ? ONE_LISTED_NAME : ONE_NAME, err)) != VX_OK ||
        (rc = vx_sql_prepare(s->sql, &s->metadata, METADATA, err)) != VX_OK || s->is_list)
        return rc;
    return vx_sql_prepare(s->sql, &s->windows, WINDOWS, err);
}

enum vx_status vx_source_open(struct vx_source *source, const char *path, bool is_list, size_t cache, struct vx_err *err)
{
    char settings[96];
    int64_t metadata = 0;
    enum vx_status rc;

    *source = (struct vx_source){.is_list = is_list};
    snprintf(settings, sizeof settings, "PRAGMA cache_size = -%zu; PRAGMA cell_size_check = ON", cache / 1024);
    if ((rc = vx_sql_open_reader(&source->sql, path, err)) != VX_OK ||
        (rc = vx_sql_exec(source->sql, settings, "open", err)) != VX_OK ||
        (rc = is_list ? check_list(source, err) : vx_schema_check(source->sql, &source->empty, err)) != VX_OK ||
        source->empty || (rc = quick_check(source->sql, err)) != VX_OK ||
        (!is_list && (rc = check_counts(source, err)) != VX_OK) ||
        (rc = vx_sql_integer(source->sql, HAS_METADATA, &metadata, err)) != VX_OK)
        goto done;
    source->has_metadata = metadata != 0;
    rc = prepare(source, err);
done:
    if (rc != VX_OK)
        vx_source_close(source);
    return rc;
}

void vx_source_close(struct vx_source *source)
{
    sqlite3_finalize(source->all);
    sqlite3_finalize(source->item);
    sqlite3_finalize(source->name);
    sqlite3_finalize(source->windows);
    sqlite3_finalize(source->metadata);
    vx_sql_close(&source->sql);
    free(source->runs);
    *source = (struct vx_source){0};
}

int64_t vx_source_run(const struct vx_source *source, int64_t here)
{
    size_t low = 0, high = source->n_runs;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (source->runs[middle].here < here)
            low = middle + 1;
        else
            high = middle;
    }
    return low < source->n_runs && source->runs[low].here == here ? source->runs[low].there : 0;
}

enum vx_status vx_source_find(struct vx_source *source, sqlite3_stmt *stmt, int64_t item, struct vx_err *err)
{
    sqlite3_reset(stmt);
    sqlite3_bind_int64(stmt, 1, item); /* cannot fail: the statement is reset and has the parameter */
    return vx_sql_step(source->sql, stmt, "read", err);
}
