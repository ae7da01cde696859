#include "db/merge_copy.h"
#include "base/item.h"
#include "base/mem.h"
#include "db/merge_plan.h"
#include "db/rows.h"
#include "db/schema.h"

#include <stdlib.h>
#include <string.h>

/* Inserting by SELECT from the attached source costs a sixth of stepping through its rows and binding each.
 * ?1 … ?2: ids there; ?3: what makes them ids here; ?4: the run. */
#define COPY_ITEMS_OF(columns)                                                                                         \
    "INSERT INTO items (item, run, " columns ") SELECT item + ?3, ?4, " columns                                        \
    " FROM %s.items WHERE item BETWEEN ?1 AND ?2 ORDER BY item"
#define COPY_WINDOWS_OF(columns)                                                                                       \
    "INSERT INTO windows (item, " columns ") SELECT item + ?3, " columns                                               \
    " FROM %s.windows WHERE item BETWEEN ?1 AND ?2 ORDER BY item, idx"
#define WINDOW_COLUMNS_3 "idx, start_ms, logit_real, logit_fake, flags" /* of files before schema version 4 */
#define COPY_CHANNELS                                                                                                  \
    "INSERT INTO channels (item, " VX_CHANNEL_COLUMNS ") SELECT item + ?3, " VX_CHANNEL_COLUMNS                        \
    " FROM %s.channels WHERE item BETWEEN ?1 AND ?2 ORDER BY item, channel"
/* OR IGNORE: of two sources the one taken first, the preferred one, has the word. */
#define COPY_METADATA                                                                                                  \
    "INSERT OR IGNORE INTO metadata (item, key, value) SELECT item + ?3, key, value FROM %s.metadata"                  \
    " WHERE item BETWEEN ?1 AND ?2 ORDER BY item, key"

#define REVIEW_COLUMNS "channel, start_s, end_s, label, remark, reviewer, reviewed, imported, source"
#define COPY_REVIEWS                                                                                                   \
    "INSERT OR IGNORE INTO reviews (item, " REVIEW_COLUMNS ") SELECT item + ?3, " REVIEW_COLUMNS                       \
    " FROM %s.reviews WHERE item BETWEEN ?1 AND ?2 ORDER BY item, review"

/* By schema version. */
static const char *const COPY_ITEMS[VX_SCHEMA_VERSION + 1] = {
    NULL, COPY_ITEMS_OF(VX_ITEM_COLUMNS_1), COPY_ITEMS_OF(VX_ITEM_COLUMNS_2), COPY_ITEMS_OF(VX_ITEM_COLUMNS_2),
    COPY_ITEMS_OF(VX_ITEM_COLUMNS),
};
static const char COPY_WINDOWS[] = COPY_WINDOWS_OF(WINDOW_COLUMNS_3 ", channel");
static const char COPY_WINDOWS_3[] = COPY_WINDOWS_OF(WINDOW_COLUMNS_3);

static const char INSERT_ITEM[] = "INSERT INTO items (item, run, " VX_ITEM_COLUMNS ") VALUES (?, ?, " VX_ITEM_VALUES ")";
static const char SELECT_LISTED[] = "SELECT kind, size, mtime, problem, path, member FROM %s.listed WHERE item = ?";

/* A killed merge has lost a second's work or so; a save costs two syncs. Stretches end for it. */
#define ROWS_BETWEEN_SAVES (1 << 20)
#define STRETCH_MAX 1024 /* items */

struct statements { /* of one source */
    sqlite3_stmt *items, *windows, *metadata, *listed;
    sqlite3_stmt *channels, *reviews; /* NULL: it has none */
};

/* Items that follow each other in one source and in the result: copied together. */
struct stretch {
    size_t source;
    int64_t first, last; /* ids there; none: last < first */
    int64_t offset, run;
};

struct copier {
    struct vx_sql *out;
    struct vx_source *sources;
    struct statements *of; /* [n] */
    size_t n;
    sqlite3_stmt *insert;
    struct stretch stretch;
    struct vx_merge_stats *stats;
};

static enum vx_status prepare_named(struct copier *c, sqlite3_stmt **out, const char *format, const char *name,
                                    struct vx_err *err)
{
    char *const text = sqlite3_mprintf(format, name);
    const enum vx_status rc = text ? vx_sql_prepare(c->out, out, text, err) : vx_fail_nomem(err, "a statement");

    sqlite3_free(text);
    return rc;
}

static enum vx_status prepare_source(struct copier *c, struct statements *to, const struct vx_source *source, struct vx_err *err)
{
    const int version = source->version;
    enum vx_status rc = prepare_named(c, &to->metadata, COPY_METADATA, source->name, err);

    if (rc == VX_OK && source->is_list)
        return prepare_named(c, &to->listed, SELECT_LISTED, source->name, err);
    if (rc == VX_OK && (rc = prepare_named(c, &to->items, COPY_ITEMS[version], source->name, err)) == VX_OK)
        rc = prepare_named(c, &to->windows, version >= 4 ? COPY_WINDOWS : COPY_WINDOWS_3, source->name, err);
    if (rc == VX_OK && version >= 4)
        rc = prepare_named(c, &to->channels, COPY_CHANNELS, source->name, err);
    if (rc == VX_OK && source->has_reviews)
        rc = prepare_named(c, &to->reviews, COPY_REVIEWS, source->name, err);
    return rc;
}

static enum vx_status prepare(struct copier *c, struct vx_err *err)
{
    enum vx_status rc = vx_sql_prepare(c->out, &c->insert, INSERT_ITEM, err);

    if (!(c->of = vx_calloc(c->n + 1, sizeof *c->of)))
        return vx_fail_nomem(err, "the merge");
    for (size_t i = 0; rc == VX_OK && i < c->n; i++)
        if (!c->sources[i].empty)
            rc = prepare_source(c, &c->of[i], &c->sources[i], err);
    return rc;
}

static void finalize(struct copier *c)
{
    for (size_t i = 0; c->of && i < c->n; i++) {
        sqlite3_finalize(c->of[i].items);
        sqlite3_finalize(c->of[i].windows);
        sqlite3_finalize(c->of[i].channels);
        sqlite3_finalize(c->of[i].reviews);
        sqlite3_finalize(c->of[i].metadata);
        sqlite3_finalize(c->of[i].listed);
    }
    sqlite3_finalize(c->insert);
    free(c->of);
}

/* *rows: how many were inserted. */
static enum vx_status copy_range(struct copier *c, sqlite3_stmt *stmt, const struct stretch *s, int64_t *rows,
                                 struct vx_err *err)
{
    struct vx_bind b = vx_bind_start(stmt);
    enum vx_status rc;

    vx_bind_integer(&b, s->first);
    vx_bind_integer(&b, s->last);
    vx_bind_integer(&b, s->offset);
    if (sqlite3_bind_parameter_count(stmt) == 4)
        vx_bind_integer(&b, s->run);
    if ((rc = vx_bind_run(c->out, &b, "copy", err)) != VX_OK)
        return vx_err_prefix(err, "%s", c->sources[s->source].sql->path);
    *rows = sqlite3_changes64(c->out->handle);
    return VX_OK;
}

static enum vx_status flush(struct copier *c, struct vx_err *err)
{
    const struct stretch *const s = &c->stretch;
    const struct statements *const of = &c->of[s->source];
    int64_t items, windows, channels;
    enum vx_status rc;

    if (s->last < s->first)
        return VX_OK;
    if ((rc = copy_range(c, of->items, s, &items, err)) != VX_OK ||
        (rc = copy_range(c, of->windows, s, &windows, err)) != VX_OK ||
        (of->channels && (rc = copy_range(c, of->channels, s, &channels, err)) != VX_OK))
        return rc;
    c->stats->items += items;
    c->stats->windows += windows;
    c->stretch.last = c->stretch.first - 1;
    return VX_OK;
}

/* Takes an item into the stretch, or begins a new one with it. */
static enum vx_status extend(struct copier *c, const struct vx_candidate *from, int64_t id, struct vx_err *err)
{
    struct stretch *const s = &c->stretch;
    enum vx_status rc;

    if (s->last >= s->first && s->source == from->source && s->run == from->run && s->last + 1 == from->item &&
        s->offset == id - from->item && s->last - s->first < STRETCH_MAX) {
        s->last++;
        return VX_OK;
    }
    if ((rc = flush(c, err)) != VX_OK)
        return rc;
    *s = (struct stretch){
        .source = from->source, .first = from->item, .last = from->item, .offset = id - from->item, .run = from->run};
    return VX_OK;
}

static char *text_of(sqlite3_stmt *row, int column, bool *failed)
{
    const char *const s = (const char *)sqlite3_column_text(row, column);
    char *const copy = s ? strdup(s) : NULL;

    if (!copy && sqlite3_column_type(row, column) != SQLITE_NULL)
        *failed = true;
    return copy;
}

/* An item that the list has and no shard: pending; or failed when it could not even be listed, or has killed its workers. */
static enum vx_status copy_listed(struct copier *c, const struct vx_candidate *from, int64_t id, struct vx_err *err)
{
    sqlite3_stmt *const row = c->of[from->source].listed;
    struct vx_item item = {0};
    struct vx_bind key = vx_bind_start(row), b = vx_bind_start(c->insert);
    bool failed = false;
    enum vx_status rc;

    vx_bind_integer(&key, from->item); /* cannot fail: reset, and the parameter is there */
    rc = vx_sql_step(c->out, row, "read the list", err);
    if (rc != VX_OK)
        return rc == VX_DONE ? vx_fail(err, VX_EFORMAT, "%s: item %lld went away while it was read",
                                       c->sources[from->source].sql->path, (long long)from->item)
                             : rc;
    item.kind = (enum vx_item_kind)sqlite3_column_int(row, 0);
    item.size = sqlite3_column_int64(row, 1);
    item.mtime = sqlite3_column_int64(row, 2);
    item.problem = text_of(row, 3, &failed);
    item.path = text_of(row, 4, &failed);
    item.member = text_of(row, 5, &failed);
    sqlite3_reset(row);
    if (failed) {
        rc = vx_fail_nomem(err, "an item");
        goto done;
    }
    const bool broken = item.kind == VX_ITEM_BROKEN || item.problem;
    vx_bind_integer(&b, id);
    vx_bind_integer(&b, from->run);
    vx_rows_bind_item(&b, &item);
    vx_rows_bind_unseen(&b, !broken ? NULL : item.problem ? item.problem : "could not be listed");
    rc = vx_bind_run(c->out, &b, "write an item", err);
    c->stats->items++;
    c->stats->failed += broken;
    c->stats->pending += !broken;
done:
    vx_item_clear(&item);
    return rc;
}

/* What every source knows of an item, not only the one that is preferred. */
static enum vx_status copy_remarks(struct copier *c, const struct vx_candidate *from, int64_t id, struct vx_err *err)
{
    const struct vx_source *const source = &c->sources[from->source];
    const struct stretch one = {
        .source = from->source, .first = from->item, .last = from->item, .offset = id - from->item};
    int64_t rows;
    enum vx_status rc = VX_OK;

    if (source->has_metadata)
        rc = copy_range(c, c->of[from->source].metadata, &one, &rows, err);
    if (rc == VX_OK && source->has_reviews)
        rc = copy_range(c, c->of[from->source].reviews, &one, &rows, err);
    return rc;
}

static void count_status(struct vx_merge_stats *stats, const struct vx_candidate *group, size_t n)
{
    size_t results = 0;

    for (size_t i = 0; i < n; i++)
        results += group[i].rank >= VX_RANK_FAILED;
    stats->duplicates += results > 1;
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
    enum vx_status rc;

    if (c->sources[group[0].source].is_list) {
        if ((rc = flush(c, err)) == VX_OK)
            rc = copy_listed(c, &group[0], id, err);
    } else {
        rc = extend(c, &group[0], id, err);
    }
    for (size_t i = 0; rc == VX_OK && i < n; i++)
        rc = copy_remarks(c, &group[i], id, err);
    count_status(c->stats, group, n);
    return rc;
}

static enum vx_status save(struct copier *c, struct vx_draft *draft, int64_t id, struct vx_err *err)
{
    const enum vx_status rc = flush(c, err);

    return rc == VX_OK ? vx_draft_save(draft, id, c->stats, err) : rc;
}

/* Every group of the plan that the draft does not have. *items: of all of them. */
static enum vx_status copy_groups(struct copier *c, struct vx_plan *plan, struct vx_draft *draft, struct vx_checks *checks,
                                  int64_t *items, struct vx_err *err)
{
    const struct vx_candidate *group;
    int64_t id, saved = c->stats->items + c->stats->windows;
    size_t n;
    enum vx_status rc;

    while ((rc = vx_plan_next(plan, &group, &n, &id, err)) == VX_OK) {
        ++*items;
        if (id <= draft->last)
            continue;
        if (vx_checks_failed(checks)) /* finishing the checks says which */
            return vx_fail(err, VX_EFORMAT, "%s: one of the shards is damaged", c->out->path);
        if ((rc = copy_group(c, group, n, id, err)) != VX_OK)
            return rc;
        const int64_t rows = c->stats->items + c->stats->windows;
        if (rows - saved < ROWS_BETWEEN_SAVES)
            continue;
        saved = rows;
        if ((rc = save(c, draft, id, err)) != VX_OK)
            return rc;
    }
    return rc == VX_DONE ? flush(c, err) : rc;
}

enum vx_status vx_merge_items(struct vx_draft *draft, struct vx_source *sources, size_t n, struct vx_checks *checks,
                              bool by_id, struct vx_merge_stats *stats, struct vx_err *err)
{
    struct copier c = {.out = draft->sql, .sources = sources, .n = n, .stats = stats, .stretch = {.last = -1}};
    struct vx_plan *plan = NULL;
    int64_t items = 0;
    enum vx_status rc;

    if ((rc = prepare(&c, err)) == VX_OK && (rc = vx_plan_open(&plan, c.out, sources, n, by_id, err)) == VX_OK &&
        (rc = copy_groups(&c, plan, draft, checks, &items, err)) == VX_OK && items != stats->items)
        rc = vx_fail(err, VX_EFORMAT, "%s: %lld items were copied of %lld: a shard changed meanwhile", c.out->path,
                     (long long)stats->items, (long long)items);
    vx_plan_close(&plan);
    finalize(&c);
    return rc;
}
