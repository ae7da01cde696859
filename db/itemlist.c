#include "db/itemlist.h"
#include "base/mem.h"
#include "db/rows.h"
#include "db/schema.h"
#include "db/sqlite.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Shards refer to these ids, so a batch is on disk before they are handed out, as in a shard. The lock is not kept:
 * merge reads the list while its run still has it open. */
static const char SETTINGS[] = "PRAGMA auto_vacuum = NONE;"
                               "PRAGMA journal_mode = TRUNCATE;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA cache_size = -65536;";
static const char LEAVE[] = "PRAGMA journal_mode = DELETE";

static const char CREATE[] =
    "CREATE TABLE listed (                  -- the items of a run in listing order\n"
    "    item    INTEGER PRIMARY KEY,       -- 1, 2, 3... without holes\n"
    "    kind    INTEGER NOT NULL,          -- 0 audio, 1 image, 2 could not be listed\n"
    "    path    BLOB NOT NULL,             -- the file, or the archive that holds member; exact bytes\n"
    "    member  BLOB,\n"
    "    ordinal INTEGER NOT NULL,          -- of member among the archive's entries; -1: no archive\n"
    "    size    INTEGER NOT NULL,          -- bytes; -1: unknown\n"
    "    mtime   INTEGER NOT NULL,          -- seconds since 1970; 0: unknown\n"
    "    problem TEXT,                      -- why it could not be listed\n"
    "    place   INTEGER NOT NULL DEFAULT -1, -- of member's headers in the file; -1: unknown\n"
    "    bundle  INTEGER NOT NULL DEFAULT 0 -- the same for members that are unpacked one after the other; 0: none\n"
    ");\n"
    "CREATE UNIQUE INDEX listed_by_name ON listed (path, coalesce(member, x''));\n"
    "CREATE TABLE metadata (item INTEGER NOT NULL, key TEXT NOT NULL, value TEXT, PRIMARY KEY (item, key))\n"
    "WITHOUT ROWID;\n";
/* Apart: lists of before have none of these. */
static const char HAS_PLACES[] = "SELECT count(*) FROM pragma_table_info('listed') WHERE name = 'bundle'";
static const char ADD_PLACES[] = "ALTER TABLE listed ADD COLUMN place INTEGER NOT NULL DEFAULT -1;"
                                 "ALTER TABLE listed ADD COLUMN bundle INTEGER NOT NULL DEFAULT 0";
static const char CREATE_LOSSES[] =
    "CREATE TABLE IF NOT EXISTS losses (     -- items that a worker had in hand when it was lost\n"
    "    item INTEGER NOT NULL, attempt INTEGER NOT NULL, rank INTEGER NOT NULL, why TEXT NOT NULL,\n"
    "    PRIMARY KEY (item, attempt, rank)\n"
    ") WITHOUT ROWID;\n";
static const char INSERT_ITEM[] = "INSERT INTO listed (item, kind, path, member, ordinal, size, mtime, problem, place, bundle)"
                                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
static const char INSERT_METADATA[] = "INSERT OR REPLACE INTO metadata (item, key, value) VALUES (?, ?, ?)";
static const char FIND_ITEM[] = "SELECT item, kind, size, mtime FROM listed WHERE path = ? AND coalesce(member, x'') = coalesce(?, x'')";
static const char READ_ITEMS[] = "SELECT item, kind, path, member, ordinal, size, mtime, problem, place, bundle FROM listed"
                                 " WHERE item >= ? ORDER BY item LIMIT ?";
static const char CHANGE_ITEM[] = "UPDATE listed SET kind = ?, size = ?, mtime = ?, problem = ?, ordinal = ?, place = ?, bundle = ?"
                                  " WHERE item = ?";
static const char FORGET_LOSSES[] = "DELETE FROM losses WHERE item = ?";
static const char BLAME[] = "INSERT OR IGNORE INTO losses (item, attempt, rank, why)"
                            " SELECT item, ?3, ?4, ?5 FROM listed WHERE item BETWEEN ?1 AND ?2";
static const char GIVE_UP[] =
    "UPDATE listed SET problem = (SELECT 'killed its worker twice: ' || group_concat(why, '; ') FROM losses"
    " WHERE losses.item = listed.item) WHERE item BETWEEN ?1 AND ?2 AND kind <> 2 AND problem IS NULL"
    " AND (SELECT count(*) FROM losses WHERE losses.item = listed.item) >= 2";
static const char SELECT_BLAMED[] = "SELECT DISTINCT item, problem IS NOT NULL FROM losses JOIN listed USING (item) ORDER BY item";
static const char ABSOLVE_LOSSES[] =
    "DELETE FROM losses WHERE item IN (SELECT item FROM listed WHERE kind <> 2 AND problem IS NOT NULL)";
static const char ABSOLVE[] = "UPDATE listed SET problem = NULL WHERE kind <> 2 AND problem IS NOT NULL";
static const char COUNT_GIVEN_UP[] = "SELECT count(*) FROM listed WHERE kind <> 2 AND problem IS NOT NULL";
static const char COUNT[] = "SELECT max(item) FROM listed";

enum { STMT_INSERT, STMT_METADATA, STMT_FIND, STMT_READ, STMT_CHANGE, STMT_FORGET_LOSSES, STMT_BLAME, STMT_GIVE_UP, N_STMTS };
static const char *const STATEMENTS[N_STMTS] = {INSERT_ITEM, INSERT_METADATA, FIND_ITEM, READ_ITEMS,
                                                CHANGE_ITEM, FORGET_LOSSES, BLAME, GIVE_UP};

struct vx_itemlist {
    pthread_mutex_t lock; /* over everything below */
    struct vx_sql *sql;
    sqlite3_stmt *stmt[N_STMTS];
    int64_t count;
};

/* A list of an earlier program becomes one of today's. */
static enum vx_status update(struct vx_sql *sql, struct vx_err *err)
{
    int64_t has_places;
    enum vx_status rc = vx_sql_exec(sql, CREATE_LOSSES, "create tables", err);

    if (rc != VX_OK || (rc = vx_sql_integer(sql, HAS_PLACES, &has_places, err)) != VX_OK || has_places)
        return rc;
    if ((rc = vx_sql_begin(sql, err)) == VX_OK && (rc = vx_sql_exec(sql, ADD_PLACES, "add columns", err)) == VX_OK)
        return vx_sql_commit(sql, err);
    vx_sql_rollback(sql);
    return rc;
}

static enum vx_status prepare_file(struct vx_sql *sql, struct vx_err *err)
{
    enum vx_db_kind kind;
    enum vx_status rc;

    if ((rc = vx_schema_kind(sql, &kind, err)) != VX_OK)
        return rc;
    if (kind != VX_DB_NOTHING && kind != VX_DB_LIST)
        return vx_fail(err, VX_EINVAL, "%s: a shard or result of Voxtrawl's, expected a list of items", sql->path);
    if ((rc = vx_sql_exec(sql, SETTINGS, "open", err)) != VX_OK)
        return rc;
    if (kind == VX_DB_LIST)
        return update(sql, err);
    if ((rc = vx_sql_begin(sql, err)) != VX_OK)
        return rc;
    if ((rc = vx_sql_exec(sql, CREATE, "create tables", err)) == VX_OK &&
        (rc = vx_sql_exec(sql, CREATE_LOSSES, "create tables", err)) == VX_OK &&
        (rc = vx_schema_mark(sql, VX_DB_LIST, err)) == VX_OK)
        return vx_sql_commit(sql, err);
    vx_sql_rollback(sql);
    return rc;
}

enum vx_status vx_itemlist_open(struct vx_itemlist **out, const char *path, struct vx_err *err)
{
    struct vx_itemlist *list = NULL;
    enum vx_status rc;

    *out = NULL;
    if (!(list = vx_calloc(1, sizeof *list)))
        return vx_fail_nomem(err, path);
    pthread_mutex_init(&list->lock, NULL);
    rc = vx_sql_open(&list->sql, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    if (rc == VX_OK)
        rc = prepare_file(list->sql, err);
    for (int i = 0; rc == VX_OK && i < N_STMTS; i++)
        rc = vx_sql_prepare(list->sql, &list->stmt[i], STATEMENTS[i], err);
    if (rc == VX_OK)
        rc = vx_sql_integer(list->sql, COUNT, &list->count, err);
    if (rc == VX_OK) {
        *out = list;
        list = NULL;
    }
    vx_itemlist_close(&list);
    return rc;
}

void vx_itemlist_close(struct vx_itemlist **list)
{
    struct vx_itemlist *const l = *list;

    if (!l)
        return;
    const bool ours = l->stmt[N_STMTS - 1] != NULL; /* a file that was refused is left as it is */
    for (int i = 0; i < N_STMTS; i++)
        sqlite3_finalize(l->stmt[i]);
    if (ours)
        sqlite3_exec(l->sql->handle, LEAVE, NULL, NULL, NULL);
    vx_sql_close(&l->sql);
    pthread_mutex_destroy(&l->lock);
    free(l);
    *list = NULL;
}

static enum vx_status find_id(struct vx_itemlist *list, struct vx_item *item, enum vx_met *met, struct vx_err *err)
{
    sqlite3_stmt *const stmt = list->stmt[STMT_FIND];
    struct vx_bind b = vx_bind_start(stmt);
    enum vx_status rc;

    vx_bind_bytes(&b, item->path);
    vx_bind_bytes(&b, item->member);
    rc = vx_sql_step(list->sql, stmt, "find an item", err);
    if (rc == VX_DONE)
        return vx_fail(err, VX_EFORMAT, "%s: item %s is in its index but not in its table", list->sql->path, item->path);
    if (rc == VX_OK) {
        item->id = sqlite3_column_int64(stmt, 0);
        *met = sqlite3_column_int64(stmt, 1) == (int64_t)item->kind && sqlite3_column_int64(stmt, 2) == item->size &&
                       sqlite3_column_int64(stmt, 3) == item->mtime
                   ? VX_MET_SAME
                   : VX_MET_CHANGED;
        sqlite3_reset(stmt);
    }
    return rc;
}

static enum vx_status write_metadata(struct vx_itemlist *list, const struct vx_item *item, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < item->n_meta; i++) {
        struct vx_bind b = vx_bind_start(list->stmt[STMT_METADATA]);
        vx_bind_integer(&b, item->id);
        vx_bind_text(&b, item->meta[2 * i]);
        vx_bind_text(&b, item->meta[2 * i + 1]);
        rc = vx_bind_run(list->sql, &b, "write metadata", err);
    }
    return rc;
}

static enum vx_status add_one(struct vx_itemlist *list, struct vx_item *item, enum vx_met *met, struct vx_err *err)
{
    struct vx_bind b = vx_bind_start(list->stmt[STMT_INSERT]);
    enum vx_status rc;

    if (!item->path || !vx_rows_kind_name(item->kind))
        return vx_fail(err, VX_EINVAL, "%s: an item needs a path and a kind", list->sql->path);
    vx_bind_integer(&b, list->count + 1);
    vx_bind_integer(&b, item->kind);
    vx_bind_bytes(&b, item->path);
    vx_bind_bytes(&b, item->member);
    vx_bind_integer(&b, item->ordinal);
    vx_bind_integer(&b, item->size);
    vx_bind_integer(&b, item->mtime);
    vx_bind_text(&b, item->problem);
    vx_bind_integer(&b, item->offset);
    vx_bind_integer(&b, item->bundle);
    if ((rc = vx_bind_run(list->sql, &b, "add an item", err)) != VX_OK)
        return rc;
    if (sqlite3_changes(list->sql->handle) == 0)
        return find_id(list, item, met, err);
    *met = VX_MET_NEW;
    item->id = ++list->count;
    return write_metadata(list, item, err);
}

enum vx_status vx_itemlist_meet(struct vx_itemlist *list, struct vx_item *items, size_t n, enum vx_met *met,
                                struct vx_err *err)
{
    enum vx_met ignored;
    enum vx_status rc;

    pthread_mutex_lock(&list->lock);
    const int64_t before = list->count;
    rc = vx_sql_begin(list->sql, err);
    for (size_t i = 0; rc == VX_OK && i < n; i++)
        rc = add_one(list, &items[i], met ? &met[i] : &ignored, err);
    if (rc == VX_OK)
        rc = vx_sql_commit(list->sql, err);
    if (rc != VX_OK) {
        vx_sql_rollback(list->sql);
        list->count = before;
        for (size_t i = 0; i < n; i++)
            items[i].id = 0;
    }
    pthread_mutex_unlock(&list->lock);
    return rc;
}

enum vx_status vx_itemlist_add(struct vx_itemlist *list, struct vx_item *items, size_t n, struct vx_err *err)
{
    return vx_itemlist_meet(list, items, n, NULL, err);
}

static enum vx_status change_one(struct vx_itemlist *list, const struct vx_item *item, struct vx_err *err)
{
    struct vx_bind b = vx_bind_start(list->stmt[STMT_CHANGE]), f = vx_bind_start(list->stmt[STMT_FORGET_LOSSES]);
    enum vx_status rc;

    vx_bind_integer(&b, item->kind);
    vx_bind_integer(&b, item->size);
    vx_bind_integer(&b, item->mtime);
    vx_bind_text(&b, item->problem);
    vx_bind_integer(&b, item->ordinal);
    vx_bind_integer(&b, item->offset);
    vx_bind_integer(&b, item->bundle);
    vx_bind_integer(&b, item->id);
    vx_bind_integer(&f, item->id);
    rc = vx_bind_run(list->sql, &b, "change an item", err);
    return rc == VX_OK ? vx_bind_run(list->sql, &f, "change an item", err) : rc;
}

/* Commits the transaction if all went well, and frees the lock. */
static enum vx_status end_change(struct vx_itemlist *list, enum vx_status rc, struct vx_err *err)
{
    if (rc == VX_OK)
        rc = vx_sql_commit(list->sql, err);
    else
        vx_sql_rollback(list->sql);
    pthread_mutex_unlock(&list->lock);
    return rc;
}

enum vx_status vx_itemlist_change(struct vx_itemlist *list, const struct vx_item *items, size_t n, struct vx_err *err)
{
    enum vx_status rc;

    pthread_mutex_lock(&list->lock);
    rc = vx_sql_begin(list->sql, err);
    for (size_t i = 0; rc == VX_OK && i < n; i++)
        rc = change_one(list, &items[i], err);
    return end_change(list, rc, err);
}

enum vx_status vx_itemlist_blame(struct vx_itemlist *list, int attempt, int rank, int64_t first, int64_t count, const char *why,
                                 struct vx_err *err)
{
    enum vx_status rc;

    pthread_mutex_lock(&list->lock);
    struct vx_bind b = vx_bind_start(list->stmt[STMT_BLAME]), g = vx_bind_start(list->stmt[STMT_GIVE_UP]);
    for (struct vx_bind *each = &b; each; each = each == &b ? &g : NULL) {
        vx_bind_integer(each, first);
        vx_bind_integer(each, first + count - 1);
    }
    vx_bind_integer(&b, attempt);
    vx_bind_integer(&b, rank);
    vx_bind_text(&b, why);
    if ((rc = vx_sql_begin(list->sql, err)) == VX_OK && (rc = vx_bind_run(list->sql, &b, "blame items", err)) == VX_OK)
        rc = vx_bind_run(list->sql, &g, "give items up", err);
    return end_change(list, rc, err);
}

enum vx_status vx_itemlist_blamed(struct vx_itemlist *list, void (*each)(void *ctx, int64_t item, bool gave_up), void *ctx,
                                  struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc;

    pthread_mutex_lock(&list->lock);
    rc = vx_sql_prepare(list->sql, &stmt, SELECT_BLAMED, err);
    while (rc == VX_OK && (rc = vx_sql_step(list->sql, stmt, "read who is blamed", err)) == VX_OK)
        each(ctx, sqlite3_column_int64(stmt, 0), sqlite3_column_int(stmt, 1) != 0);
    sqlite3_finalize(stmt);
    pthread_mutex_unlock(&list->lock);
    return rc == VX_DONE ? VX_OK : rc;
}

enum vx_status vx_itemlist_absolve(struct vx_itemlist *list, int64_t *n, struct vx_err *err)
{
    enum vx_status rc;

    *n = 0;
    pthread_mutex_lock(&list->lock);
    if ((rc = vx_sql_begin(list->sql, err)) == VX_OK && (rc = vx_sql_exec(list->sql, ABSOLVE_LOSSES, "absolve", err)) == VX_OK &&
        (rc = vx_sql_exec(list->sql, ABSOLVE, "absolve", err)) == VX_OK)
        *n = sqlite3_changes(list->sql->handle);
    return end_change(list, rc, err);
}

enum vx_status vx_itemlist_peek(const char *path, int64_t *items, int64_t *given_up, struct vx_err *err)
{
    struct vx_sql *sql = NULL;
    enum vx_db_kind kind;
    enum vx_status rc;

    *items = *given_up = 0;
    if ((rc = vx_sql_open_reader(&sql, path, err)) != VX_OK || (rc = vx_schema_kind(sql, &kind, err)) != VX_OK)
        goto done;
    if (kind != VX_DB_LIST) /* empty: killed before it was made */
        rc = kind == VX_DB_NOTHING ? VX_OK : vx_fail(err, VX_EINVAL, "%s: a shard or result, expected a list of items", path);
    else if ((rc = vx_sql_integer(sql, COUNT, items, err)) == VX_OK)
        rc = vx_sql_integer(sql, COUNT_GIVEN_UP, given_up, err);
done:
    vx_sql_close(&sql);
    return rc;
}

int64_t vx_itemlist_count(struct vx_itemlist *list)
{
    pthread_mutex_lock(&list->lock);
    const int64_t count = list->count;
    pthread_mutex_unlock(&list->lock);
    return count;
}

/* Column as a C string of its own; *failed when out of memory. */
static char *copy_column(sqlite3_stmt *stmt, int column, bool *failed)
{
    const void *const data = sqlite3_column_blob(stmt, column);
    const size_t n = (size_t)sqlite3_column_bytes(stmt, column);
    char *s;

    if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
        return NULL;
    s = malloc(n + 1);
    if (!s || (n > 0 && !data)) {
        *failed = true;
        free(s);
        return NULL;
    }
    if (n > 0)
        memcpy(s, data, n);
    s[n] = '\0';
    return s;
}

static enum vx_status read_row(sqlite3_stmt *stmt, struct vx_item *item, struct vx_err *err)
{
    bool failed = false;

    item->id = sqlite3_column_int64(stmt, 0);
    item->kind = (enum vx_item_kind)sqlite3_column_int(stmt, 1);
    item->path = copy_column(stmt, 2, &failed);
    item->member = copy_column(stmt, 3, &failed);
    item->ordinal = sqlite3_column_int64(stmt, 4);
    item->size = sqlite3_column_int64(stmt, 5);
    item->mtime = sqlite3_column_int64(stmt, 6);
    item->problem = copy_column(stmt, 7, &failed);
    item->offset = sqlite3_column_int64(stmt, 8);
    item->bundle = sqlite3_column_int64(stmt, 9);
    return failed ? vx_fail_nomem(err, "items of the list") : VX_OK;
}

enum vx_status vx_itemlist_read(struct vx_itemlist *list, int64_t first, size_t n, struct vx_item *items,
                                struct vx_err *err)
{
    sqlite3_stmt *const stmt = list->stmt[STMT_READ];
    enum vx_status rc = VX_OK;
    size_t got = 0;

    pthread_mutex_lock(&list->lock);
    if (first < 1 || n > INT64_MAX || first > list->count + 1 || (int64_t)n > list->count - first + 1) {
        rc = vx_fail(err, VX_EINVAL, "%s: items %lld and %zu more were asked for, it has %lld", list->sql->path,
                     (long long)first, n, (long long)list->count);
        goto done;
    }
    struct vx_bind b = vx_bind_start(stmt);
    vx_bind_integer(&b, first);
    vx_bind_integer(&b, (int64_t)n);
    while (got < n && (rc = vx_sql_step(list->sql, stmt, "read items", err)) == VX_OK) {
        items[got] = (struct vx_item){0};
        rc = read_row(stmt, &items[got], err);
        if (rc == VX_OK && items[got].id != first + (int64_t)got)
            rc = vx_fail(err, VX_EFORMAT, "%s: item %lld is missing", list->sql->path, (long long)first + (int64_t)got);
        got++;
        if (rc != VX_OK)
            break;
    }
    sqlite3_reset(stmt);
    if (rc == VX_DONE)
        rc = vx_fail(err, VX_EFORMAT, "%s: it ends at item %lld", list->sql->path, (long long)first + (int64_t)got - 1);
    for (size_t i = 0; rc != VX_OK && i < got; i++)
        vx_item_clear(&items[i]);
done:
    pthread_mutex_unlock(&list->lock);
    return rc;
}
