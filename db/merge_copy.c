#include "db/merge_copy.h"
#include "base/item.h"
#include "db/merge_plan.h"
#include "db/rows.h"

#include <stdlib.h>
#include <string.h>

static const char INSERT_ITEM[] = "INSERT INTO items (item, run, " VX_ITEM_COLUMNS ") VALUES (?, ?, " VX_ITEM_VALUES ")";
static const char INSERT_WINDOW[] =
    "INSERT INTO windows (item, idx, start_ms, logit_real, logit_fake, flags) VALUES (?, ?, ?, ?, ?, ?)";
/* OR IGNORE: of two sources the one taken first, the preferred one, has the word. */
static const char INSERT_METADATA[] = "INSERT OR IGNORE INTO metadata (item, key, value) VALUES (?, ?, ?)";

struct copier {
    struct vx_sql *out;
    struct vx_source *sources;
    sqlite3_stmt *item, *window, *metadata;
    bool by_id;
    struct vx_merge_stats *stats;
};

static enum vx_status damaged(const struct vx_source *source, int64_t item, const char *what, struct vx_err *err)
{
    return vx_fail(err, VX_EFORMAT, "%s: damaged: item %lld: %s", source->sql->path, (long long)item, what);
}

/* A window that says it was scored must have both logits, another one none. */
static bool sound_window(sqlite3_stmt *row, bool scored)
{
    const int want = scored ? SQLITE_FLOAT : SQLITE_NULL;

    return sqlite3_column_type(row, 2) == want && sqlite3_column_type(row, 3) == want;
}

static enum vx_status copy_windows(struct copier *c, const struct vx_candidate *from, int64_t id, int64_t n_windows,
                                   int64_t n_scored, struct vx_err *err)
{
    struct vx_source *const source = &c->sources[from->source];
    sqlite3_stmt *const row = source->windows;
    int64_t windows = 0, scored = 0;
    enum vx_status rc;

    for (rc = vx_source_find(source, row, from->item, err); rc == VX_OK;
         rc = vx_sql_step(source->sql, row, "read windows", err)) {
        const bool is_scored = !(sqlite3_column_int64(row, 4) & VX_WINDOW_NOT_SCORED);
        if (!sound_window(row, is_scored))
            return damaged(source, from->item, "a window's logits contradict its flags", err);
        struct vx_bind b = vx_bind_start(c->window);
        vx_bind_integer(&b, id);
        for (int i = 0; i < 5; i++)
            vx_bind_value(&b, sqlite3_column_value(row, i));
        if ((rc = vx_bind_run(c->out, &b, "write a window", err)) != VX_OK)
            return rc;
        windows++;
        scored += is_scored;
    }
    if (rc != VX_DONE)
        return rc;
    if (windows != n_windows || scored != n_scored)
        return damaged(source, from->item, "it counts other windows than it has", err);
    c->stats->windows += windows;
    return VX_OK;
}

static enum vx_status copy_result(struct copier *c, const struct vx_candidate *from, int64_t id, struct vx_err *err)
{
    struct vx_source *const source = &c->sources[from->source];
    sqlite3_stmt *const row = source->item;
    struct vx_bind b = vx_bind_start(c->item);
    enum vx_status rc;

    if ((rc = vx_source_find(source, row, from->item, err)) != VX_OK)
        return rc == VX_DONE ? damaged(source, from->item, "it went away while it was read", err) : rc;
    const int64_t n_windows = sqlite3_column_int64(row, 0), n_scored = sqlite3_column_int64(row, 1);
    vx_bind_integer(&b, id);
    vx_bind_integer(&b, from->run);
    for (int i = 0; i < VX_ITEM_COUNT; i++)
        vx_bind_value(&b, sqlite3_column_value(row, 2 + i));
    if ((rc = vx_bind_run(c->out, &b, "write an item", err)) != VX_OK)
        return rc;
    return n_windows > 0 ? copy_windows(c, from, id, n_windows, n_scored, err) : VX_OK;
}

static char *text_of(sqlite3_stmt *row, int column, bool *failed)
{
    const char *const s = (const char *)sqlite3_column_text(row, column);
    char *const copy = s ? strdup(s) : NULL;

    if (!copy && sqlite3_column_type(row, column) != SQLITE_NULL)
        *failed = true;
    return copy;
}

/* An item that the list has and no shard: pending, or failed when it could not even be listed. */
static enum vx_status copy_listed(struct copier *c, const struct vx_candidate *from, int64_t id, struct vx_err *err)
{
    struct vx_source *const source = &c->sources[from->source];
    sqlite3_stmt *const row = source->item;
    struct vx_item item = {0};
    struct vx_bind b = vx_bind_start(c->item);
    bool failed = false;
    enum vx_status rc;

    if ((rc = vx_source_find(source, row, from->item, err)) != VX_OK)
        return rc == VX_DONE ? damaged(source, from->item, "it went away while it was read", err) : rc;
    item.kind = (enum vx_item_kind)sqlite3_column_int(row, 0);
    item.size = sqlite3_column_int64(row, 1);
    item.mtime = sqlite3_column_int64(row, 2);
    item.problem = text_of(row, 3, &failed);
    item.path = text_of(row, 4, &failed);
    item.member = text_of(row, 5, &failed);
    if (failed) {
        rc = vx_fail_nomem(err, "an item");
        goto done;
    }
    const bool broken = item.kind == VX_ITEM_BROKEN;
    vx_bind_integer(&b, id);
    vx_bind_integer(&b, from->run);
    vx_rows_bind_item(&b, &item);
    vx_rows_bind_unseen(&b, !broken ? NULL : item.problem ? item.problem : "could not be listed");
    rc = vx_bind_run(c->out, &b, "write an item", err);
    c->stats->failed += broken;
    c->stats->pending += !broken;
done:
    vx_item_clear(&item);
    return rc;
}

static enum vx_status copy_metadata(struct copier *c, const struct vx_candidate *from, int64_t id, struct vx_err *err)
{
    struct vx_source *const source = &c->sources[from->source];
    sqlite3_stmt *const row = source->metadata;
    enum vx_status rc;

    for (rc = vx_source_find(source, row, from->item, err); rc == VX_OK;
         rc = vx_sql_step(source->sql, row, "read metadata", err)) {
        struct vx_bind b = vx_bind_start(c->metadata);
        vx_bind_integer(&b, id);
        vx_bind_value(&b, sqlite3_column_value(row, 0));
        vx_bind_value(&b, sqlite3_column_value(row, 1));
        if ((rc = vx_bind_run(c->out, &b, "write metadata", err)) != VX_OK)
            return rc;
    }
    return rc == VX_DONE ? VX_OK : rc;
}

static bool same_column(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    const int n = sqlite3_column_bytes(a, column);

    if (sqlite3_column_type(a, column) != sqlite3_column_type(b, column) || n != sqlite3_column_bytes(b, column))
        return false;
    return n == 0 || memcmp(sqlite3_column_blob(a, column), sqlite3_column_blob(b, column), (size_t)n) == 0;
}

/* Sources of one run must mean the same file by an id. */
static enum vx_status compare_names(struct copier *c, const struct vx_candidate *group, size_t n, struct vx_err *err)
{
    struct vx_source *const first = &c->sources[group[0].source];
    enum vx_status rc = vx_source_find(first, first->name, group[0].item, err);

    for (size_t i = 1; rc == VX_OK && i < n; i++) {
        struct vx_source *const other = &c->sources[group[i].source];
        rc = vx_source_find(other, other->name, group[i].item, err);
        if (rc == VX_OK && !(same_column(first->name, other->name, 0) && same_column(first->name, other->name, 1)))
            rc = vx_fail(err, VX_EFORMAT,
                         "item %lld is %.*s in %s and %.*s in %s: they do not belong together, though their run is the same",
                         (long long)group[0].item, sqlite3_column_bytes(first->name, 0),
                         (const char *)sqlite3_column_blob(first->name, 0), first->sql->path,
                         sqlite3_column_bytes(other->name, 0), (const char *)sqlite3_column_blob(other->name, 0),
                         other->sql->path);
        sqlite3_reset(other->name);
    }
    sqlite3_reset(first->name);
    return rc == VX_DONE ? damaged(first, group[0].item, "it went away while it was read", err) : rc;
}

static void count_result(struct vx_merge_stats *stats, const struct vx_candidate *group, size_t n)
{
    size_t results = 0;

    for (size_t i = 0; i < n; i++)
        results += group[i].rank >= VX_RANK_FAILED;
    stats->duplicates += results > 1;
    stats->items++;
    switch (group[0].rank) {
    case VX_RANK_SCORED:
        stats->scored++;
        break;
    case VX_RANK_NOT_SCORED:
        stats->not_scored++;
        break;
    case VX_RANK_FAILED:
        stats->failed++;
        break;
    case VX_RANK_PENDING:
        stats->pending++;
        break;
    case VX_RANK_LISTED: /* copy_listed knows */
        break;
    }
}

static enum vx_status copy_group(struct copier *c, const struct vx_candidate *group, size_t n, int64_t id,
                                 struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    if (c->by_id && n > 1)
        rc = compare_names(c, group, n, err);
    if (rc == VX_OK)
        rc = c->sources[group[0].source].is_list ? copy_listed(c, &group[0], id, err)
                                                 : copy_result(c, &group[0], id, err);
    for (size_t i = 0; rc == VX_OK && i < n; i++)
        if (c->sources[group[i].source].has_metadata)
            rc = copy_metadata(c, &group[i], id, err);
    count_result(c->stats, group, n);
    return rc;
}

enum vx_status vx_merge_items(struct vx_sql *out, struct vx_source *sources, size_t n, bool by_id,
                              struct vx_merge_stats *stats, struct vx_err *err)
{
    struct copier c = {.out = out, .sources = sources, .by_id = by_id, .stats = stats};
    struct vx_plan *plan = NULL;
    const struct vx_candidate *group;
    size_t n_group;
    int64_t id;
    enum vx_status rc;

    if ((rc = vx_sql_prepare(out, &c.item, INSERT_ITEM, err)) != VX_OK ||
        (rc = vx_sql_prepare(out, &c.window, INSERT_WINDOW, err)) != VX_OK ||
        (rc = vx_sql_prepare(out, &c.metadata, INSERT_METADATA, err)) != VX_OK ||
        (rc = vx_plan_open(&plan, out, sources, n, by_id, err)) != VX_OK)
        goto done;
    while ((rc = vx_plan_next(plan, &group, &n_group, &id, err)) == VX_OK)
        if ((rc = copy_group(&c, group, n_group, id, err)) != VX_OK)
            break;
    if (rc == VX_DONE)
        rc = VX_OK;
done:
    vx_plan_close(&plan);
    sqlite3_finalize(c.item);
    sqlite3_finalize(c.window);
    sqlite3_finalize(c.metadata);
    return rc;
}
