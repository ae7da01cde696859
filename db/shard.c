#include "db/shard.h"
#include "base/mem.h"
#include "db/pieces.h"
#include "db/rows.h"
#include "db/schema.h"
#include "db/sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A rollback journal that is synced before the database and the database before the journal is dropped: a commit that
 * returned survives a power cut. No WAL: it needs shared memory, which network file systems lack. One writer holds the
 * lock for good, so nothing is locked, checked or read again for each commit. */
static const char SETTINGS[] = "PRAGMA locking_mode = EXCLUSIVE;"
                               "PRAGMA auto_vacuum = NONE;"
                               "PRAGMA journal_mode = TRUNCATE;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA cache_size = -16384;";
static const char LEAVE[] = "PRAGMA journal_mode = DELETE"; /* takes the empty journal away */

static const char INSERT_RUN[] = "INSERT INTO runs (" VX_RUN_COLUMNS ") VALUES (" VX_RUN_VALUES ")";
static const char SELECT_RUN[] = "SELECT run, uuid, fingerprint FROM runs";
static const char DELETE_WINDOWS[] = "DELETE FROM windows WHERE item = ?";
static const char DELETE_METADATA[] = "DELETE FROM metadata WHERE item = ?";
static const char INSERT_ITEM[] =
    "INSERT OR REPLACE INTO items (item, run, " VX_ITEM_COLUMNS ") VALUES (?, ?, " VX_ITEM_VALUES ")";
static const char INSERT_WINDOW[] =
    "INSERT INTO windows (item, idx, start_ms, logit_real, logit_fake, flags, channel) VALUES (?, ?, ?, ?, ?, ?, ?)";
static const char DELETE_CHANNELS[] = "DELETE FROM channels WHERE item = ?";
static const char INSERT_CHANNEL[] = "INSERT INTO channels (item, " VX_CHANNEL_COLUMNS ") VALUES (?, " VX_CHANNEL_VALUES ")";
static const char INSERT_METADATA[] = "INSERT OR REPLACE INTO metadata (item, key, value) VALUES (?, ?, ?)";

enum { STMT_DELETE_WINDOWS, STMT_DELETE_CHANNELS, STMT_DELETE_METADATA, STMT_ITEM, STMT_WINDOW, STMT_CHANNEL, STMT_METADATA, N_STMTS };
static const char *const STATEMENTS[N_STMTS] = {DELETE_WINDOWS, DELETE_CHANNELS, DELETE_METADATA, INSERT_ITEM,
                                                INSERT_WINDOW, INSERT_CHANNEL, INSERT_METADATA};

struct vx_shard {
    struct vx_sql *sql;
    sqlite3_stmt *stmt[N_STMTS];
    int64_t run;
    /* with scratch: */
    char *path, *scratch; /* owned; NULL: the database is written where it stays */
    const struct vx_run *record;
    unsigned piece;       /* being filled: 0, 1, … */
    size_t bytes;         /* of it, as last copied */
};

static enum vx_status insert_run(struct vx_sql *sql, const struct vx_run *run, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(sql, &stmt, INSERT_RUN, err);

    if (rc == VX_OK) {
        struct vx_bind b = vx_bind_start(stmt);
        vx_rows_bind_run(&b, run);
        rc = vx_bind_run(sql, &b, "write the run", err);
    }
    sqlite3_finalize(stmt);
    return rc;
}

/* The run row that is there must be the run's: item ids of another run mean other files. */
static enum vx_status check_run(struct vx_shard *shard, const struct vx_run *run, struct vx_err *err)
{
    struct vx_sql *const sql = shard->sql;
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc;

    if ((rc = vx_sql_prepare(sql, &stmt, SELECT_RUN, err)) != VX_OK)
        return rc;
    rc = vx_sql_step(sql, stmt, "read the run", err);
    if (rc == VX_DONE) {
        rc = vx_fail(err, VX_EFORMAT, "%s: a shard without its row in runs", sql->path);
    } else if (rc == VX_OK) {
        const char *const uuid = (const char *)sqlite3_column_text(stmt, 1);
        const char *const fingerprint = (const char *)sqlite3_column_text(stmt, 2);
        shard->run = sqlite3_column_int64(stmt, 0);
        if (!uuid || !fingerprint)
            rc = vx_fail_nomem(err, "the run");
        else if (strcmp(fingerprint, run->fingerprint) != 0)
            rc = vx_fail(err, VX_EINVAL,
                         "%s: written by a run with fingerprint %s, this one has %s: model, profile or options "
                         "differ; use another output folder",
                         sql->path, fingerprint, run->fingerprint);
        else if (strcmp(uuid, run->uuid) != 0)
            rc = vx_fail(err, VX_EINVAL, "%s: belongs to run %s, not to %s: resume that one or use another output folder",
                         sql->path, uuid, run->uuid);
    }
    sqlite3_finalize(stmt);
    return rc;
}

/* settings: what a database needs that stays where it is written; NULL: it has its own. */
static enum vx_status prepare_file(struct vx_shard *shard, const struct vx_run *run, const char *settings, struct vx_err *err)
{
    struct vx_sql *const sql = shard->sql;
    enum vx_db_kind kind;
    enum vx_status rc;

    /* First look: a foreign database must not even get another journal mode. */
    if ((rc = vx_schema_kind(sql, &kind, err)) != VX_OK)
        return rc;
    if (kind != VX_DB_NOTHING && kind != VX_DB_SHARD)
        return vx_fail(err, VX_EINVAL, "%s: a result or list of Voxtrawl's, expected a shard", sql->path);
    if ((settings && (rc = vx_sql_exec(sql, settings, "open", err)) != VX_OK) || (rc = vx_sql_begin(sql, err)) != VX_OK)
        return rc;
    rc = vx_schema_migrate(sql, VX_DB_SHARD, err);
    if (rc == VX_OK && kind == VX_DB_NOTHING)
        rc = insert_run(sql, run, err);
    if (rc == VX_OK)
        rc = check_run(shard, run, err);
    if (rc == VX_OK)
        return vx_sql_commit(sql, err);
    vx_sql_rollback(sql);
    return rc;
}

static enum vx_status prepare_statements(struct vx_shard *shard, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (int i = 0; rc == VX_OK && i < N_STMTS; i++)
        rc = vx_sql_prepare(shard->sql, &shard->stmt[i], STATEMENTS[i], err);
    return rc;
}

static void close_file(struct vx_shard *s)
{
    for (int i = 0; i < N_STMTS; i++) {
        sqlite3_finalize(s->stmt[i]);
        s->stmt[i] = NULL;
    }
    if (s->run && !s->scratch) /* ours: a file that was refused is left as it is */
        sqlite3_exec(s->sql->handle, LEAVE, NULL, NULL, NULL);
    vx_sql_close(&s->sql);
    s->run = 0;
}

enum vx_status vx_shard_open(struct vx_shard **out, const char *path, const struct vx_run *run, struct vx_err *err)
{
    struct vx_shard *shard = NULL;
    enum vx_status rc;

    *out = NULL;
    if (!run->uuid || !run->fingerprint)
        return vx_fail(err, VX_EINVAL, "%s: a run needs uuid and fingerprint", path);
    if (!(shard = vx_calloc(1, sizeof *shard)))
        return vx_fail_nomem(err, path);
    if ((rc = vx_sql_open(&shard->sql, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err)) == VX_OK &&
        (rc = prepare_file(shard, run, SETTINGS, err)) == VX_OK && (rc = prepare_statements(shard, err)) == VX_OK) {
        *out = shard;
        shard = NULL;
    }
    vx_shard_close(&shard);
    return rc;
}

/* Puts what is committed in its place. */
static enum vx_status copy_piece(struct vx_shard *s, struct vx_err *err)
{
    char *const path = vx_pieces_path(s->path, s->piece);
    const enum vx_status rc = path ? vx_pieces_copy(s->sql, path, &s->bytes, err) : vx_fail_nomem(err, "a path");

    free(path);
    return rc;
}

static enum vx_status begin_piece(struct vx_shard *s, struct vx_err *err)
{
    enum vx_status rc;

    s->bytes = 0;
    if ((rc = vx_pieces_begin(&s->sql, s->scratch, err)) == VX_OK && (rc = prepare_file(s, s->record, NULL, err)) == VX_OK)
        rc = prepare_statements(s, err);
    return rc;
}

enum vx_status vx_shard_open_scratch(struct vx_shard **out, const char *path, const char *scratch, const struct vx_run *run,
                                     struct vx_err *err)
{
    struct vx_shard *shard = NULL;
    enum vx_status rc;

    *out = NULL;
    if (!run->uuid || !run->fingerprint)
        return vx_fail(err, VX_EINVAL, "%s: a run needs uuid and fingerprint", path);
    if (access(path, F_OK) == 0)
        return vx_fail(err, VX_EINVAL, "%s exists: a shard with --scratch is a new one", path);
    shard = vx_calloc(1, sizeof *shard);
    if (!shard || !(shard->path = strdup(path)) || !(shard->scratch = strdup(scratch))) {
        rc = vx_fail_nomem(err, path);
    } else {
        shard->record = run;
        if ((rc = begin_piece(shard, err)) == VX_OK && (rc = copy_piece(shard, err)) == VX_OK) {
            *out = shard;
            shard = NULL;
        }
    }
    vx_shard_close(&shard);
    return rc;
}

void vx_shard_close(struct vx_shard **shard)
{
    struct vx_shard *const s = *shard;

    if (!s)
        return;
    close_file(s);
    free(s->path);
    free(s->scratch);
    free(s);
    *shard = NULL;
}

static enum vx_status remove_rows(struct vx_shard *shard, int which, int64_t item, struct vx_err *err)
{
    struct vx_bind b = vx_bind_start(shard->stmt[which]);

    vx_bind_integer(&b, item);
    return vx_bind_run(shard->sql, &b, "replace an item", err);
}

static enum vx_status write_windows(struct vx_shard *shard, const struct vx_item_result *r, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < r->n_windows; i++) {
        const struct vx_window_score *const w = &r->windows[i];
        struct vx_bind b = vx_bind_start(shard->stmt[STMT_WINDOW]);
        vx_bind_integer(&b, r->item.id);
        vx_bind_integer(&b, w->index);
        vx_bind_integer(&b, w->start_ms);
        if (w->flags & VX_WINDOW_NOT_SCORED) {
            vx_bind_null(&b);
            vx_bind_null(&b);
        } else {
            vx_bind_real(&b, w->real);
            vx_bind_real(&b, w->fake);
        }
        vx_bind_integer(&b, w->flags);
        if (w->channel > 0)
            vx_bind_integer(&b, w->channel);
        else
            vx_bind_null(&b);
        rc = vx_bind_run(shard->sql, &b, "write a window", err);
    }
    return rc;
}

static enum vx_status write_channels(struct vx_shard *shard, const struct vx_item_result *r, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < r->n_channels; i++) {
        struct vx_bind b = vx_bind_start(shard->stmt[STMT_CHANNEL]);
        vx_bind_integer(&b, r->item.id);
        vx_rows_bind_channel(&b, (int)i + 1, &r->channels[i]);
        rc = vx_bind_run(shard->sql, &b, "write a channel", err);
    }
    return rc;
}

static enum vx_status write_metadata(struct vx_shard *shard, const struct vx_item *item, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < item->n_meta; i++) {
        struct vx_bind b = vx_bind_start(shard->stmt[STMT_METADATA]);
        vx_bind_integer(&b, item->id);
        vx_bind_text(&b, item->meta[2 * i]);
        vx_bind_text(&b, item->meta[2 * i + 1]);
        rc = vx_bind_run(shard->sql, &b, "write metadata", err);
    }
    return rc;
}

static enum vx_status write_item(struct vx_shard *shard, const struct vx_item_result *r, struct vx_err *err)
{
    enum vx_status rc;

    if ((rc = remove_rows(shard, STMT_DELETE_WINDOWS, r->item.id, err)) != VX_OK ||
        (rc = remove_rows(shard, STMT_DELETE_CHANNELS, r->item.id, err)) != VX_OK ||
        (rc = remove_rows(shard, STMT_DELETE_METADATA, r->item.id, err)) != VX_OK)
        return rc;
    struct vx_bind b = vx_bind_start(shard->stmt[STMT_ITEM]);
    vx_bind_integer(&b, r->item.id);
    vx_bind_integer(&b, shard->run);
    vx_rows_bind_item(&b, &r->item);
    vx_rows_bind_result(&b, r);
    if ((rc = vx_bind_run(shard->sql, &b, "write an item", err)) != VX_OK ||
        (rc = write_windows(shard, r, err)) != VX_OK || (rc = write_channels(shard, r, err)) != VX_OK)
        return rc;
    return write_metadata(shard, &r->item, err);
}

static enum vx_status write_results(struct vx_shard *shard, const struct vx_item_result *const *results, size_t n,
                                    struct vx_err *err)
{
    enum vx_status rc = vx_sql_begin(shard->sql, err);

    if (rc != VX_OK)
        return rc;
    for (size_t i = 0; rc == VX_OK && i < n; i++)
        rc = write_item(shard, results[i], err);
    if (rc == VX_OK)
        return vx_sql_commit(shard->sql, err);
    vx_sql_rollback(shard->sql);
    return rc;
}

/* A piece that has grown enough is left as it lies. The next one takes its place only when it is ready. */
static enum vx_status turn_page(struct vx_shard *shard, struct vx_err *err)
{
    struct vx_shard next = {
        .path = shard->path, .scratch = shard->scratch, .record = shard->record, .piece = shard->piece + 1};
    const enum vx_status rc = begin_piece(&next, err);

    if (rc == VX_OK) {
        close_file(shard);
        *shard = next;
    } else {
        close_file(&next);
    }
    return rc;
}

enum vx_status vx_shard_commit(struct vx_shard *shard, const struct vx_item_result *const *results, size_t n,
                               struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < n; i++)
        if ((rc = vx_rows_check_result(results[i], err)) != VX_OK)
            vx_err_prefix(err, "%s", shard->sql->path);
    if (rc != VX_OK || n == 0 || (shard->bytes >= VX_PIECE_BYTES && (rc = turn_page(shard, err)) != VX_OK) ||
        (rc = write_results(shard, results, n, err)) != VX_OK)
        return rc;
    return shard->scratch ? copy_piece(shard, err) : VX_OK;
}
