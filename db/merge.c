#include "db/merge.h"
#include "base/clock.h"
#include "base/item.h"
#include "base/mem.h"
#include "db/merge_check.h"
#include "db/merge_claim.h"
#include "db/merge_copy.h"
#include "db/merge_draft.h"
#include "db/merge_runs.h"
#include "db/merge_same.h"
#include "db/merge_source.h"
#include "db/schema.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A run that never finished did not say; an earlier merge of a part of it said less. Copies were not decoded for it. */
static const char FILL_AUDIO[] =
    "UPDATE runs SET audio_s = t.s FROM (SELECT run, sum(duration_s) AS s FROM items WHERE same_as IS NULL GROUP BY run) t"
    " WHERE t.run = runs.run AND (runs.audio_s IS NULL OR runs.finished IS NULL)";
static const char COUNT_VERDICTS[] = "SELECT verdict, count(*), total(duration_s) FROM items GROUP BY verdict";
static const char COUNT_OUTSIDE[] =
    "SELECT outside, count(*) FROM items WHERE outside IS NOT NULL AND status = 'scored' GROUP BY outside";
#define AT_ONCE (VX_SOURCES_MAX - 1) /* shards of one step; the list is a source too */
#define CACHE (4u << 20)            /* bytes, of each source */

enum vx_status vx_merge_check_out(const char *out, struct vx_err *err)
{
    struct vx_sql *sql = NULL;
    enum vx_db_kind kind = VX_DB_NOTHING;
    struct stat sb;
    enum vx_status rc;

    if (stat(out, &sb) != 0)
        return errno == ENOENT ? VX_OK : vx_fail_sys(err, "%s", out);
    rc = vx_sql_open(&sql, out, SQLITE_OPEN_READONLY, err);
    if (rc == VX_OK)
        rc = vx_schema_kind(sql, &kind, err);
    vx_sql_close(&sql);
    if (rc == VX_EDB || rc == VX_ENOMEM)
        return rc;
    if (rc != VX_OK || kind != VX_DB_RESULT)
        return vx_fail(err, VX_EINVAL, "%s: exists and is no result of Voxtrawl's: will not overwrite it", out);
    return VX_OK;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum vx_status open_sources(struct vx_source *sources, const char *const *paths, size_t n, const char *list,
                                   struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < n; i++)
        rc = vx_source_open(&sources[i], paths[i], false, CACHE, err);
    if (rc == VX_OK && list)
        rc = vx_source_open(&sources[n], list, true, CACHE, err);
    return rc;
}

/* What was written must open as an input and hold what was counted on the way: its rows were checked where they came from,
 * and again by the constraints of the tables they went into. */
static enum vx_status check_result(const char *path, const struct vx_merge_stats *stats, struct vx_err *err)
{
    struct vx_source written = {0};
    int64_t items = 0, windows = 0;
    enum vx_status rc;

    if ((rc = vx_source_open(&written, path, false, CACHE, err)) == VX_OK &&
        (rc = vx_sql_integer(written.sql, "SELECT count(*) FROM items", &items, err)) == VX_OK)
        rc = vx_sql_integer(written.sql, "SELECT count(*) FROM windows", &windows, err);
    vx_source_close(&written);
    if (rc == VX_OK && (items != stats->items || windows != stats->windows))
        rc = vx_fail(err, VX_EFORMAT, "%s: the merged file does not check out: %lld items of %lld, %lld windows of %lld",
                     path, (long long)items, (long long)stats->items, (long long)windows, (long long)stats->windows);
    return rc;
}

static enum vx_status count_verdicts(struct vx_sql *out, struct vx_merge_stats *stats, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(out, &stmt, COUNT_VERDICTS, err);

    while (rc == VX_OK && (rc = vx_sql_step(out, stmt, "count verdicts", err)) == VX_OK) {
        const char *const name = (const char *)sqlite3_column_text(stmt, 0);
        for (enum vx_verdict v = VX_VERDICT_REAL; name && v <= VX_VERDICT_FAKE; v++)
            if (strcmp(name, vx_verdict_name(v)) == 0)
                stats->verdicts[v] = sqlite3_column_int64(stmt, 1);
        stats->audio_s += sqlite3_column_double(stmt, 2);
    }
    sqlite3_finalize(stmt);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status count_outside(struct vx_sql *out, struct vx_merge_stats *stats, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(out, &stmt, COUNT_OUTSIDE, err);

    while (rc == VX_OK && (rc = vx_sql_step(out, stmt, "count items outside", err)) == VX_OK) {
        const int64_t bits = sqlite3_column_int64(stmt, 0), items = sqlite3_column_int64(stmt, 1);
        stats->compared += items;
        stats->outside += bits ? items : 0;
        for (int i = 0; i < VX_N_OUTSIDE; i++)
            stats->outside_by[i] += bits & (1 << i) ? items : 0;
    }
    sqlite3_finalize(stmt);
    return rc == VX_DONE ? VX_OK : rc;
}

/* All but the last step, which waits for the checks. */
static enum vx_status fill(struct vx_draft *draft, struct vx_source *sources, size_t n, struct vx_checks *checks, bool part,
                           const struct vx_run *final, struct vx_merge_stats *stats, struct vx_err *err)
{
    struct vx_sql *const out = draft->sql;
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < n; i++)
        rc = vx_source_attach(&sources[i], out, i, CACHE, err);
    if (rc == VX_OK && (rc = vx_draft_begin(draft, err)) == VX_OK &&
        (rc = vx_merge_runs(out, sources, n, final, &stats->runs, err)) == VX_OK &&
        (rc = vx_merge_items(draft, sources, n, checks, stats->runs == 1, stats, err)) == VX_OK &&
        (part || (rc = vx_merge_same(out, stats->runs == 1, stats, err)) == VX_OK) &&
        (rc = vx_sql_exec(out, FILL_AUDIO, "sum up the runs", err)) == VX_OK &&
        (rc = count_verdicts(out, stats, err)) == VX_OK && (rc = count_outside(out, stats, err)) == VX_OK)
        rc = vx_sql_exec(out, VX_SCHEMA_INDEXES, "create indexes", err);
    return rc;
}

static enum vx_status fill_checked(struct vx_draft *draft, struct vx_source *sources, size_t n, bool part,
                                   const struct vx_run *final, struct vx_merge_stats *stats, struct vx_err *err)
{
    struct vx_checks *checks = NULL;
    struct vx_err damage;
    enum vx_status rc = vx_checks_start(&checks, sources, n, err), sound;

    if (rc == VX_OK)
        rc = fill(draft, sources, n, checks, part, final, stats, err);
    if ((sound = vx_checks_finish(&checks, &damage)) != VX_OK) { /* it explains whatever else went wrong */
        rc = sound;
        *err = damage;
    }
    return rc == VX_OK ? vx_draft_complete(draft, part, stats, err) : rc;
}

/* shards [n ≤ AT_ONCE] into the file at path, which is a draft, empty or not there; the caller's to remove on failure. A
 * part that is complete already is done. */
static enum vx_status merge_into(const char *path, const char *const *shards, size_t n, const char *list, bool part,
                                 const struct vx_run *final, struct vx_merge_stats *stats, struct vx_err *err)
{
    const size_t n_sources = n + (list != NULL);
    struct vx_source *sources = vx_calloc(n_sources, sizeof *sources);
    struct vx_draft draft = {0};
    enum vx_status rc;

    *stats = (struct vx_merge_stats){0};
    if (!sources)
        return vx_fail_nomem(err, "the shards");
    if ((rc = open_sources(sources, shards, n, list, err)) == VX_OK &&
        (rc = vx_draft_open(&draft, path, sources, n_sources, final, err)) == VX_OK) {
        *stats = draft.stats;
        stats->taken_up = draft.stats.items;
        if (!draft.complete)
            rc = fill_checked(&draft, sources, n_sources, part, final, stats, err);
        vx_draft_close(&draft);
        if (rc == VX_OK)
            rc = check_result(path, stats, err);
    }
    for (size_t i = 0; i < n_sources; i++)
        vx_source_close(&sources[i]);
    free(sources);
    return rc;
}

/* More shards than SQLite attaches are split into as many groups, which become files beside the result first. */
static enum vx_status merge_parts(const char *tmp, const char *const *shards, size_t n, const char *list, bool part_of,
                                  const struct vx_run *final, struct vx_merge_stats *stats, struct vx_err *err)
{
    const char *part[AT_ONCE];
    char *owned[AT_ONCE] = {NULL};
    int64_t duplicates = 0, taken_up = 0;
    enum vx_status rc = VX_OK;

    if (n <= AT_ONCE)
        return merge_into(tmp, shards, n, list, part_of, final, stats, err);
    for (size_t i = 0; rc == VX_OK && i < AT_ONCE; i++) {
        const size_t first = i * n / AT_ONCE, here = (i + 1) * n / AT_ONCE - first;
        part[i] = shards[first];
        if (here == 1)
            continue;
        if (asprintf(&owned[i], "%s.%zu", tmp, i) < 0) {
            owned[i] = NULL;
            rc = vx_fail_nomem(err, "the shards");
        } else {
            part[i] = owned[i];
            rc = merge_parts(part[i], shards + first, here, NULL, true, NULL, stats, err);
            duplicates += stats->duplicates;
            taken_up += stats->taken_up;
        }
    }
    if (rc == VX_OK)
        rc = merge_into(tmp, part, AT_ONCE, list, part_of, final, stats, err);
    stats->duplicates += duplicates;
    stats->taken_up += taken_up;
    for (size_t i = 0; i < AT_ONCE; i++) {
        if (owned[i])
            unlink(owned[i]);
        free(owned[i]);
    }
    return rc;
}

enum vx_status vx_merge(const char *out, const char *const *shards, size_t n, const char *list,
                        const struct vx_run *final, struct vx_merge_stats *stats, struct vx_err *err)
{
    const double start = vx_clock_now();
    struct vx_merge_stats counted = {0};
    const char **sorted = NULL;
    struct vx_claim claim = {.fd = -1};
    enum vx_status rc;

    if ((rc = vx_merge_check_out(out, err)) != VX_OK)
        return rc;
    if (!(sorted = vx_calloc(n, sizeof *sorted)))
        return vx_fail_nomem(err, "the shards");
    if ((rc = vx_claim_take(&claim, out, err)) != VX_OK)
        goto done;
    if (n > 0)
        memcpy(sorted, shards, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_path); /* the result must not depend on the order they are named in */
    if ((rc = merge_parts(claim.path, sorted, n, list, false, final, &counted, err)) != VX_OK)
        goto done;
    if (final && final->state && strcmp(final->state, "complete") == 0 && counted.pending > 0)
        rc = vx_fail(err, VX_EFORMAT,
                     "%lld of %lld items are in none of the %zu shards, though the run is complete: "
                     "is a shard missing beside %s?",
                     (long long)counted.pending, (long long)counted.items, n, list ? list : out);
    else if (counted.runs == 0)
        rc = vx_fail(err, VX_EINVAL, "%s: nothing to merge: none of %zu shards holds a run", out, n);
    else
        rc = vx_claim_publish(&claim, out, err);
    counted.seconds = vx_clock_now() - start;
    if (rc == VX_OK && stats)
        *stats = counted;
done:
    vx_claim_drop(&claim);
    free(sorted);
    return rc;
}
