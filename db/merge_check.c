#include "db/merge_check.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static const char SETTINGS[] = "PRAGMA cache_size = -2048; PRAGMA cell_size_check = ON"; /* read once, from end to end */

/* Both in key order, to be walked side by side: what the items say about their windows and what is there. A window has
 * both logits unless its flags (2 silent, 4 too short) say that it was not scored, then none. */
static const char CLAIMED[] = "SELECT item, n_windows, n_scored FROM items ORDER BY item";
static const char PRESENT[] =
    "SELECT item, count(*), sum(flags & 6 = 0),"
    " sum(typeof(logit_real) <> CASE WHEN flags & 6 THEN 'null' ELSE 'real' END"
    " OR typeof(logit_fake) <> CASE WHEN flags & 6 THEN 'null' ELSE 'real' END) FROM windows GROUP BY item ORDER BY item";
static const char COUNT_ORPHANS[] = "SELECT (SELECT count(*) FROM items WHERE run NOT IN (SELECT run FROM runs))"
                                    " + (SELECT count(*) FROM metadata WHERE item NOT IN (SELECT item FROM items))";

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

static enum vx_status damaged(const struct vx_sql *sql, int64_t item, const char *what, struct vx_err *err)
{
    return vx_fail(err, VX_EFORMAT, "%s: damaged: item %lld: %s; leave the file out or restore it", sql->path,
                   (long long)item, what);
}

/* present stands on the item's windows, if there are any. */
static enum vx_status check_item(struct vx_sql *sql, sqlite3_stmt *claimed, sqlite3_stmt *present, bool any,
                                 struct vx_err *err)
{
    const int64_t item = sqlite3_column_int64(claimed, 0);
    const int64_t windows = any ? sqlite3_column_int64(present, 1) : 0;
    const int64_t scored = any ? sqlite3_column_int64(present, 2) : 0;

    if (windows != sqlite3_column_int64(claimed, 1) || scored != sqlite3_column_int64(claimed, 2))
        return damaged(sql, item, "it counts other windows than it has", err);
    if (any && sqlite3_column_int64(present, 3) != 0)
        return damaged(sql, item, "logits of a window contradict its flags", err);
    return VX_OK;
}

/* Both statements side by side. */
static enum vx_status walk_windows(struct vx_sql *sql, sqlite3_stmt *claimed, sqlite3_stmt *present,
                                   struct vx_err *err)
{
    enum vx_status rc = VX_OK, more = vx_sql_step(sql, present, "check windows", err);

    while ((more == VX_OK || more == VX_DONE) && (rc = vx_sql_step(sql, claimed, "check items", err)) == VX_OK) {
        const int64_t item = sqlite3_column_int64(claimed, 0);
        const bool any = more == VX_OK && sqlite3_column_int64(present, 0) == item;
        if (more == VX_OK && sqlite3_column_int64(present, 0) < item)
            break;
        if ((rc = check_item(sql, claimed, present, any, err)) != VX_OK)
            return rc;
        if (any)
            more = vx_sql_step(sql, present, "check windows", err);
    }
    if (more != VX_OK && more != VX_DONE)
        return more;
    if (rc != VX_OK && rc != VX_DONE)
        return rc;
    if (more == VX_OK)
        return damaged(sql, sqlite3_column_int64(present, 0), "it has windows but is not there", err);
    return VX_OK;
}

static enum vx_status check_windows(struct vx_sql *sql, struct vx_err *err)
{
    sqlite3_stmt *claimed = NULL, *present = NULL;
    enum vx_status rc;

    if ((rc = vx_sql_prepare(sql, &claimed, CLAIMED, err)) == VX_OK &&
        (rc = vx_sql_prepare(sql, &present, PRESENT, err)) == VX_OK)
        rc = walk_windows(sql, claimed, present, err);
    sqlite3_finalize(claimed);
    sqlite3_finalize(present);
    return rc;
}

static enum vx_status check_orphans(struct vx_sql *sql, struct vx_err *err)
{
    int64_t orphans;
    const enum vx_status rc = vx_sql_integer(sql, COUNT_ORPHANS, &orphans, err);

    if (rc == VX_OK && orphans != 0)
        return vx_fail(err, VX_EFORMAT,
                       "%s: damaged: %lld rows of runs or items that are not there; leave it out or restore it",
                       sql->path, (long long)orphans);
    return rc;
}

struct outcome {
    enum vx_status rc;
    struct vx_err err;
};

struct vx_checks {
    const struct vx_source *sources;
    size_t n;
    struct outcome *of; /* [n] */
    atomic_size_t next;
    atomic_bool failed;
    pthread_t thread; /* one: checking costs less than copying, so it keeps up */
    bool has_thread;  /* else the caller's own does it at the end */
};

static enum vx_status check(const struct vx_source *source, struct vx_err *err)
{
    struct vx_sql *sql = NULL;
    enum vx_status rc;

    if (source->empty)
        return VX_OK;
    if ((rc = vx_sql_open_reader(&sql, source->sql->path, err)) == VX_OK &&
        (rc = vx_sql_exec(sql, SETTINGS, "open", err)) == VX_OK && (rc = quick_check(sql, err)) == VX_OK && !source->is_list &&
        (rc = check_windows(sql, err)) == VX_OK)
        rc = check_orphans(sql, err);
    vx_sql_close(&sql);
    return rc;
}

/* One source after the other, until none is left. */
static void *work(void *arg)
{
    struct vx_checks *const c = arg;

    for (size_t i; (i = atomic_fetch_add(&c->next, 1)) < c->n;) {
        c->of[i].rc = check(&c->sources[i], &c->of[i].err);
        if (c->of[i].rc != VX_OK)
            atomic_store(&c->failed, true);
    }
    return NULL;
}

enum vx_status vx_checks_start(struct vx_checks **out, const struct vx_source *sources, size_t n, struct vx_err *err)
{
    struct vx_checks *const c = vx_calloc(1, sizeof *c);
    struct outcome *const of = vx_calloc(n, sizeof *of);

    *out = NULL;
    if (!c || !of) {
        free(c);
        free(of);
        return vx_fail_nomem(err, "the shards");
    }
    c->sources = sources;
    c->n = n;
    c->of = of;
    c->has_thread = pthread_create(&c->thread, NULL, work, c) == 0;
    *out = c;
    return VX_OK;
}

bool vx_checks_failed(struct vx_checks *checks)
{
    return atomic_load(&checks->failed);
}

enum vx_status vx_checks_finish(struct vx_checks **checks, struct vx_err *err)
{
    struct vx_checks *const c = *checks;
    enum vx_status rc = VX_OK;

    if (!c)
        return VX_OK;
    work(c);
    if (c->has_thread)
        pthread_join(c->thread, NULL);
    for (size_t i = 0; rc == VX_OK && i < c->n; i++)
        if ((rc = c->of[i].rc) != VX_OK)
            *err = c->of[i].err;
    free(c->of);
    free(c);
    *checks = NULL;
    return rc;
}
