#include "db/merge_source.h"
#include "db/schema.h"

#include <stdio.h>
#include <stdlib.h>

/* Names are compared as the bytes they were: where a path is no UTF-8, path_raw has them. */
static const char WALK_ITEMS[] =
    "SELECT item, CASE status WHEN 'scored' THEN 4 WHEN 'not_scored' THEN 3 WHEN 'failed' THEN 2 ELSE 1 END, run,"
    " coalesce(path_raw, CAST(path AS BLOB)), coalesce(member_raw, CAST(member AS BLOB)) FROM items ORDER BY item";
static const char WALK_LIST[] = "SELECT item, 0, 0, path, member FROM listed ORDER BY item";

/* Both in key order, to be walked side by side: what the items say about their windows and what is there. A window has
 * both logits unless its flags (2 silent, 4 too short) say that it was not scored, then none. */
static const char CLAIMED[] = "SELECT item, n_windows, n_scored FROM items ORDER BY item";
static const char PRESENT[] =
    "SELECT item, count(*), sum(flags & 6 = 0),"
    " sum(typeof(logit_real) <> CASE WHEN flags & 6 THEN 'null' ELSE 'real' END"
    " OR typeof(logit_fake) <> CASE WHEN flags & 6 THEN 'null' ELSE 'real' END) FROM windows GROUP BY item ORDER BY item";
static const char COUNT_ORPHANS[] = "SELECT (SELECT count(*) FROM items WHERE run NOT IN (SELECT run FROM runs))"
                                    " + (SELECT count(*) FROM metadata WHERE item NOT IN (SELECT item FROM items))";
static const char HAS_DOMAIN[] = "SELECT count(*) FROM pragma_table_info('items') WHERE name = 'outside'";
static const char HAS_CALIBRATION[] = "SELECT count(*) FROM pragma_table_info('runs') WHERE name = 'calibrated_on'";
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

static enum vx_status damaged(const struct vx_source *source, int64_t item, const char *what, struct vx_err *err)
{
    return vx_fail(err, VX_EFORMAT, "%s: damaged: item %lld: %s; leave the file out or restore it", source->sql->path,
                   (long long)item, what);
}

/* present stands on the item's windows, if there are any. */
static enum vx_status check_item(struct vx_source *source, sqlite3_stmt *claimed, sqlite3_stmt *present, bool any,
                                 struct vx_err *err)
{
    const int64_t item = sqlite3_column_int64(claimed, 0);
    const int64_t windows = any ? sqlite3_column_int64(present, 1) : 0;
    const int64_t scored = any ? sqlite3_column_int64(present, 2) : 0;

    if (windows != sqlite3_column_int64(claimed, 1) || scored != sqlite3_column_int64(claimed, 2))
        return damaged(source, item, "it counts other windows than it has", err);
    if (any && sqlite3_column_int64(present, 3) != 0)
        return damaged(source, item, "logits of a window contradict its flags", err);
    return VX_OK;
}

/* Both statements side by side. */
static enum vx_status walk_windows(struct vx_source *source, sqlite3_stmt *claimed, sqlite3_stmt *present,
                                   struct vx_err *err)
{
    struct vx_sql *const sql = source->sql;
    enum vx_status rc = VX_OK, more = vx_sql_step(sql, present, "check windows", err);

    while ((more == VX_OK || more == VX_DONE) && (rc = vx_sql_step(sql, claimed, "check items", err)) == VX_OK) {
        const int64_t item = sqlite3_column_int64(claimed, 0);
        const bool any = more == VX_OK && sqlite3_column_int64(present, 0) == item;
        if (more == VX_OK && sqlite3_column_int64(present, 0) < item)
            break;
        if ((rc = check_item(source, claimed, present, any, err)) != VX_OK)
            return rc;
        if (any)
            more = vx_sql_step(sql, present, "check windows", err);
    }
    if (more != VX_OK && more != VX_DONE)
        return more;
    if (rc != VX_OK && rc != VX_DONE)
        return rc;
    if (more == VX_OK)
        return damaged(source, sqlite3_column_int64(present, 0), "it has windows but is not there", err);
    return VX_OK;
}

static enum vx_status check_windows(struct vx_source *source, struct vx_err *err)
{
    sqlite3_stmt *claimed = NULL, *present = NULL;
    enum vx_status rc;

    if ((rc = vx_sql_prepare(source->sql, &claimed, CLAIMED, err)) == VX_OK &&
        (rc = vx_sql_prepare(source->sql, &present, PRESENT, err)) == VX_OK)
        rc = walk_windows(source, claimed, present, err);
    sqlite3_finalize(claimed);
    sqlite3_finalize(present);
    return rc;
}

static enum vx_status check_orphans(struct vx_source *source, struct vx_err *err)
{
    int64_t orphans;
    const enum vx_status rc = vx_sql_integer(source->sql, COUNT_ORPHANS, &orphans, err);

    if (rc == VX_OK && orphans != 0)
        return vx_fail(err, VX_EFORMAT,
                       "%s: damaged: %lld rows of runs or items that are not there; leave it out or restore it",
                       source->sql->path, (long long)orphans);
    return rc;
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

enum vx_status vx_source_open(struct vx_source *source, const char *path, bool is_list, size_t cache, struct vx_err *err)
{
    char settings[96];
    int64_t metadata = 0, domain = 0, calibration = 0;
    enum vx_status rc;

    *source = (struct vx_source){.is_list = is_list};
    snprintf(settings, sizeof settings, "PRAGMA cache_size = -%zu; PRAGMA cell_size_check = ON", cache / 1024);
    if ((rc = vx_sql_open_reader(&source->sql, path, err)) != VX_OK ||
        (rc = vx_sql_exec(source->sql, settings, "open", err)) != VX_OK ||
        (rc = is_list ? check_list(source, err) : vx_schema_check(source->sql, &source->empty, err)) != VX_OK ||
        source->empty || (rc = quick_check(source->sql, err)) != VX_OK ||
        (!is_list && ((rc = check_windows(source, err)) != VX_OK || (rc = check_orphans(source, err)) != VX_OK)) ||
        (rc = vx_sql_integer(source->sql, HAS_METADATA, &metadata, err)) != VX_OK ||
        (rc = vx_sql_integer(source->sql, HAS_DOMAIN, &domain, err)) != VX_OK ||
        (!is_list && (rc = vx_sql_integer(source->sql, HAS_CALIBRATION, &calibration, err)) != VX_OK))
        goto done;
    source->has_metadata = metadata != 0;
    source->has_domain = domain != 0;
    source->has_calibration = calibration != 0;
    rc = vx_sql_prepare(source->sql, &source->walk, is_list ? WALK_LIST : WALK_ITEMS, err);
done:
    if (rc != VX_OK)
        vx_source_close(source);
    return rc;
}

void vx_source_close(struct vx_source *source)
{
    sqlite3_finalize(source->walk);
    vx_sql_close(&source->sql);
    free(source->runs);
    *source = (struct vx_source){0};
}

enum vx_status vx_source_attach(struct vx_source *source, struct vx_sql *out, size_t number, size_t cache,
                                struct vx_err *err)
{
    char settings[64];
    enum vx_status rc;

    snprintf(source->name, sizeof source->name, "s%u", (unsigned)number & 0xffff);
    if (source->empty)
        return VX_OK;
    if ((rc = vx_sql_attach(out, source->sql->path, source->name, err)) != VX_OK)
        return rc;
    snprintf(settings, sizeof settings, "PRAGMA %s.cache_size = -%zu", source->name, cache / 1024);
    return vx_sql_exec(out, settings, "attach", err);
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
