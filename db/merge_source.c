#include "db/merge_source.h"
#include "db/schema.h"

#include <stdio.h>
#include <stdlib.h>

/* Names are compared as the bytes they were: where a path is no UTF-8, path_raw has them. */
static const char WALK_ITEMS[] =
    "SELECT item, CASE status WHEN 'scored' THEN 4 WHEN 'not_scored' THEN 3 WHEN 'failed' THEN 2 ELSE 1 END, run,"
    " coalesce(path_raw, CAST(path AS BLOB)), coalesce(member_raw, CAST(member AS BLOB)) FROM items ORDER BY item";
static const char WALK_LIST[] = "SELECT item, 0, 0, path, member FROM listed ORDER BY item";

static const char VERSION[] = "PRAGMA user_version"; /* vx_schema_check has found it to be one of ours */
static const char HAS_METADATA[] = "SELECT EXISTS (SELECT 1 FROM metadata)";
static const char HAS_REVIEWS[] = "SELECT EXISTS (SELECT 1 FROM reviews)"; /* from version 4 on */

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
    int64_t metadata = 0, version = 0, reviews = 0;
    enum vx_status rc;

    *source = (struct vx_source){.is_list = is_list};
    snprintf(settings, sizeof settings, "PRAGMA cache_size = -%zu; PRAGMA cell_size_check = ON", cache / 1024);
    if ((rc = vx_sql_open_reader(&source->sql, path, err)) != VX_OK ||
        (rc = vx_sql_exec(source->sql, settings, "open", err)) != VX_OK ||
        (rc = is_list ? check_list(source, err) : vx_schema_check(source->sql, &source->empty, err)) != VX_OK ||
        source->empty ||
        (rc = vx_sql_integer(source->sql, HAS_METADATA, &metadata, err)) != VX_OK ||
        (rc = vx_sql_integer(source->sql, VERSION, &version, err)) != VX_OK ||
        (!is_list && version >= 4 && (rc = vx_sql_integer(source->sql, HAS_REVIEWS, &reviews, err)) != VX_OK))
        goto done;
    source->has_metadata = metadata != 0;
    source->has_reviews = reviews != 0;
    source->version = (int)version;
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
