#include "db/merge_draft.h"
#include "base/buf.h"
#include "db/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Synced, since what a power cut tore must not be taken up; a rollback journal, which for rows that are only ever appended
 * stays small. */
static const char SETTINGS[] = "PRAGMA main.auto_vacuum = NONE;"
                               "PRAGMA main.journal_mode = DELETE;"
                               "PRAGMA main.synchronous = NORMAL;"
                               "PRAGMA main.cache_size = -65536;"
                               "PRAGMA cell_size_check = ON;"; /* the sources are checked while they are copied */
/* Not IMMEDIATE, which locks the attached sources for writing and ties them together by a journal of journals. */
static const char BEGIN[] = "BEGIN";
static const char CREATE_PROGRESS[] =
    "CREATE TABLE merging (key TEXT, last INTEGER, complete INTEGER, items INTEGER, scored INTEGER, not_scored INTEGER,"
    " failed INTEGER, pending INTEGER, windows INTEGER, duplicates INTEGER)";
/* They are written anew: what is told of the run now counts. Their numbers depend on the sources alone. */
static const char CLEAR_RUNS[] = "DELETE FROM runs";
static const char CLEAR_PROGRESS[] = "DELETE FROM merging";
static const char INSERT_PROGRESS[] = "INSERT INTO merging VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char SELECT_PROGRESS[] =
    "SELECT key, last, complete, items, scored, not_scored, failed, pending, windows, duplicates FROM merging";
static const char DROP_PROGRESS[] = "DROP TABLE merging";

static enum vx_status make_key(char key[VX_SHA256_HEX], const struct vx_source *sources, size_t n, const struct vx_run *final,
                               struct vx_err *err)
{
    struct vx_buf b = {0};
    enum vx_status rc = VX_OK;

    vx_buf_fmt(&b, "schema %d, run %s\n", VX_SCHEMA_VERSION, final && final->uuid ? final->uuid : "-");
    for (size_t i = 0; rc == VX_OK && i < n; i++) {
        struct stat sb;
        if (stat(sources[i].sql->path, &sb) != 0)
            rc = vx_fail_sys(err, "%s", sources[i].sql->path);
        else
            vx_buf_fmt(&b, "%d %llu %llu %lld %lld.%09ld %s\n", sources[i].is_list, (unsigned long long)sb.st_dev,
                       (unsigned long long)sb.st_ino, (long long)sb.st_size, (long long)sb.st_mtim.tv_sec,
                       sb.st_mtim.tv_nsec, sources[i].sql->path);
    }
    if (rc == VX_OK)
        rc = b.failed ? vx_fail_nomem(err, "the shards") : vx_sha256_bytes(b.data, b.len, key, err);
    vx_buf_free(&b);
    return rc;
}

static void read_progress(struct vx_draft *d)
{
    int64_t *const counts[] = {&d->stats.items,   &d->stats.scored,  &d->stats.not_scored, &d->stats.failed,
                               &d->stats.pending, &d->stats.windows, &d->stats.duplicates};
    sqlite3_stmt *stmt = NULL;
    struct vx_err none;

    if (vx_sql_prepare(d->sql, &stmt, SELECT_PROGRESS, &none) == VX_OK &&
        vx_sql_step(d->sql, stmt, "read", &none) == VX_OK) {
        const char *const key = (const char *)sqlite3_column_text(stmt, 0);
        d->taken_up = key && strcmp(key, d->key) == 0;
        d->last = sqlite3_column_int64(stmt, 1);
        d->complete = sqlite3_column_int(stmt, 2) != 0;
        for (int i = 0; i < (int)(sizeof counts / sizeof *counts); i++)
            *counts[i] = sqlite3_column_int64(stmt, 3 + i);
    }
    sqlite3_finalize(stmt);
}

/* Emptied, not removed: whoever locked the file keeps it. The journal goes last: without it a torn draft would look sound. */
static enum vx_status empty(const char *path, struct vx_err *err)
{
    char *journal = NULL;

    if (truncate(path, 0) != 0 && errno != ENOENT)
        return vx_fail(err, VX_EDB, "%s: empty it: %s", path, strerror(errno));
    if (asprintf(&journal, "%s-journal", path) < 0)
        return vx_fail_nomem(err, path);
    unlink(journal);
    free(journal);
    return VX_OK;
}

enum vx_status vx_draft_open(struct vx_draft *draft, const char *path, const struct vx_source *sources, size_t n,
                             const struct vx_run *final, struct vx_err *err)
{
    struct vx_err none;
    enum vx_status rc;

    *draft = (struct vx_draft){0};
    if ((rc = make_key(draft->key, sources, n, final, err)) != VX_OK)
        return rc;
    if (vx_sql_open(&draft->sql, path, SQLITE_OPEN_READWRITE, &none) == VX_OK) {
        read_progress(draft);
        if (!draft->taken_up)
            vx_sql_close(&draft->sql);
    }
    if (!draft->taken_up) {
        draft->last = 0;
        draft->complete = false;
        draft->stats = (struct vx_merge_stats){0};
        if ((rc = empty(path, err)) != VX_OK ||
            (rc = vx_sql_open(&draft->sql, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err)) != VX_OK)
            return rc;
    }
    if ((rc = vx_sql_exec(draft->sql, SETTINGS, "create", err)) != VX_OK)
        vx_draft_close(draft);
    return rc;
}

void vx_draft_close(struct vx_draft *draft)
{
    if (draft->sql)
        vx_sql_rollback(draft->sql);
    vx_sql_close(&draft->sql);
}

static enum vx_status write_progress(struct vx_draft *d, int64_t last, bool complete, const struct vx_merge_stats *s,
                                     struct vx_err *err)
{
    const int64_t values[] = {last,      complete,   s->items,   s->scored,    s->not_scored,
                              s->failed, s->pending, s->windows, s->duplicates};
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc;

    if ((rc = vx_sql_exec(d->sql, CLEAR_PROGRESS, "note the progress", err)) != VX_OK ||
        (rc = vx_sql_prepare(d->sql, &stmt, INSERT_PROGRESS, err)) != VX_OK)
        return rc;
    struct vx_bind b = vx_bind_start(stmt);
    vx_bind_text(&b, d->key);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        vx_bind_integer(&b, values[i]);
    rc = vx_bind_run(d->sql, &b, "note the progress", err);
    sqlite3_finalize(stmt);
    return rc;
}

enum vx_status vx_draft_begin(struct vx_draft *draft, struct vx_err *err)
{
    enum vx_status rc = vx_sql_exec(draft->sql, BEGIN, "begin", err);

    if (rc != VX_OK || draft->taken_up)
        return rc == VX_OK ? vx_sql_exec(draft->sql, CLEAR_RUNS, "begin", err) : rc;
    if ((rc = vx_schema_migrate(draft->sql, VX_DB_RESULT, err)) != VX_OK)
        return rc;
    return vx_sql_exec(draft->sql, CREATE_PROGRESS, "create tables", err);
}

enum vx_status vx_draft_save(struct vx_draft *draft, int64_t last, const struct vx_merge_stats *stats, struct vx_err *err)
{
    enum vx_status rc;

    if ((rc = write_progress(draft, last, false, stats, err)) != VX_OK || (rc = vx_sql_commit(draft->sql, err)) != VX_OK)
        return rc;
    return vx_sql_exec(draft->sql, BEGIN, "begin", err);
}

enum vx_status vx_draft_complete(struct vx_draft *draft, bool part, const struct vx_merge_stats *stats, struct vx_err *err)
{
    const enum vx_status rc = part ? write_progress(draft, INT64_MAX, true, stats, err)
                                   : vx_sql_exec(draft->sql, DROP_PROGRESS, "finish", err);

    return rc == VX_OK ? vx_sql_commit(draft->sql, err) : rc;
}
