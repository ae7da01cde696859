#include "db/merge_runs.h"
#include "base/buf.h"
#include "base/mem.h"
#include "db/rows.h"
#include "db/schema.h"

#include <stdlib.h>
#include <string.h>

/* Every run row met, with where it came from (-1: final). Of the rows of one uuid that of a finished run is taken,
 * final's only where there is no other. */
static const char CREATE_MET[] =
    "CREATE TEMP TABLE met (source INTEGER, here INTEGER, " VX_RUN_COLUMNS ", PRIMARY KEY (source, here))";
static const char INSERT_MET[] = "INSERT INTO met VALUES (?, ?, " VX_RUN_VALUES ")";
#define SELECT_RUNS_OF(columns) "SELECT run, " columns " FROM runs ORDER BY run"
#define NO_EVIDENCE ", 0, NULL, NULL, NULL, NULL, NULL, NULL"
/* By schema version: what a file does not have is what migrating it would give it. */
static const char *const SELECT_RUNS[VX_SCHEMA_VERSION + 1] = {
    NULL,
    SELECT_RUNS_OF(VX_RUN_COLUMNS_2 ", 1.0, 0.0, NULL" NO_EVIDENCE),
    SELECT_RUNS_OF(VX_RUN_COLUMNS_2 ", 1.0, 0.0, NULL" NO_EVIDENCE),
    SELECT_RUNS_OF(VX_RUN_COLUMNS_3 NO_EVIDENCE),
    SELECT_RUNS_OF(VX_RUN_COLUMNS),
};
static const char INSERT_RUNS[] =
    "INSERT INTO runs (" VX_RUN_COLUMNS ") SELECT " VX_RUN_COLUMNS " FROM"
    " (SELECT *, row_number() OVER (PARTITION BY uuid ORDER BY source < 0, finished DESC NULLS LAST, source, here)"
    "   AS nth FROM met)"
    " WHERE nth = 1 ORDER BY started, uuid";
static const char SELECT_MAP[] =
    "SELECT met.here, runs.run FROM met JOIN runs ON runs.uuid = met.uuid WHERE met.source = ? ORDER BY met.here";
/* What final knows replaces what the shards said, except what they cannot differ in. Without audio_s from it that is
 * summed up later: a source that is a merge of some shards knows of theirs alone. */
static const char UPDATE_FINAL[] =
    "UPDATE runs SET started = coalesce(f.started, runs.started), finished = coalesce(f.finished, runs.finished),"
    " state = coalesce(f.state, runs.state), command = coalesce(f.command, runs.command),"
    " config = coalesce(f.config, runs.config), model_path = coalesce(f.model_path, runs.model_path),"
    " model_name = coalesce(f.model_name, runs.model_name), labels = coalesce(f.labels, runs.labels),"
    " profile_name = coalesce(f.profile_name, runs.profile_name), engine = coalesce(f.engine, runs.engine),"
    " versions = coalesce(f.versions, runs.versions), hosts = coalesce(f.hosts, runs.hosts),"
    " ranks = coalesce(f.ranks, runs.ranks), wall_s = coalesce(f.wall_s, runs.wall_s),"
    " cpu_s = coalesce(f.cpu_s, runs.cpu_s), audio_s = f.audio_s,"
    " calibrated_on = coalesce(f.calibrated_on, runs.calibrated_on),"
    " revision = coalesce(f.revision, runs.revision), gpu_wh = coalesce(f.gpu_wh, runs.gpu_wh),"
    " cpu_wh = coalesce(f.cpu_wh, runs.cpu_wh), grid_g_per_kwh = coalesce(f.grid_g_per_kwh, runs.grid_g_per_kwh),"
    " engine_wait_s = coalesce(f.engine_wait_s, runs.engine_wait_s),"
    " decode_wait_s = coalesce(f.decode_wait_s, runs.decode_wait_s)"
    " FROM met f WHERE f.source = -1 AND f.uuid = runs.uuid";
static const char UPDATE_STATE[] = "UPDATE runs SET state = 'merged' WHERE state = 'running'";
static const char SELECT_FINAL[] = "SELECT run FROM runs WHERE uuid = (SELECT uuid FROM met WHERE source = -1)";
static const char SELECT_ODD[] =
    "SELECT a.source, b.source, a.fingerprint, b.fingerprint, a.model_sha256, b.model_sha256, a.model_trained,"
    " b.model_trained, a.labels, b.labels, a.profile_name, b.profile_name, a.profile_sha256, b.profile_sha256,"
    " a.engine, b.engine, a.precision, b.precision, a.window_s, b.window_s, a.hop_s, b.hop_s, a.min_s, b.min_s,"
    " a.silence_dbfs, b.silence_dbfs, a.real_below, b.real_below, a.fake_from, b.fake_from, a.calibration_scale,"
    " b.calibration_scale, a.calibration_offset, b.calibration_offset, a.config, b.config, a.versions, b.versions"
    " FROM (SELECT * FROM met ORDER BY source, here LIMIT 1) a JOIN met b ON b.fingerprint <> a.fingerprint"
    " ORDER BY b.source, b.here LIMIT 1";
static const char *const ODD_NAMES[] = {"model_sha256", "model_trained", "labels",       "profile_name", "profile_sha256",
                                        "engine",       "precision",     "window_s",     "hop_s",        "min_s",
                                        "silence_dbfs", "real_below",    "fake_from",    "calibration_scale",
                                        "calibration_offset", "config",  "versions"};

static enum vx_status note_final(struct vx_sql *out, sqlite3_stmt *insert, const struct vx_run *final, struct vx_err *err)
{
    struct vx_bind b = vx_bind_start(insert);

    if (!final->uuid || !final->fingerprint)
        return vx_fail(err, VX_EINVAL, "%s: a run needs uuid and fingerprint", out->path);
    vx_bind_integer(&b, -1);
    vx_bind_integer(&b, 0);
    vx_rows_bind_run(&b, final);
    return vx_bind_run(out, &b, "note a run", err);
}

static enum vx_status note_source(struct vx_sql *out, sqlite3_stmt *insert, struct vx_source *source, size_t number,
                                  struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    enum vx_status rc = vx_sql_prepare(source->sql, &stmt, SELECT_RUNS[source->version], err);

    while (rc == VX_OK && (rc = vx_sql_step(source->sql, stmt, "read the runs", err)) == VX_OK) {
        struct vx_bind b = vx_bind_start(insert);
        vx_bind_integer(&b, (int64_t)number);
        for (int i = 0; i <= VX_RUN_COUNT; i++)
            vx_bind_value(&b, sqlite3_column_value(stmt, i));
        rc = vx_bind_run(out, &b, "note a run", err);
    }
    sqlite3_finalize(stmt);
    return rc == VX_DONE ? VX_OK : rc;
}

static const char *origin(const struct vx_source *sources, int64_t number)
{
    return number < 0 ? "this run" : sources[number].sql->path;
}

static const char *shown(sqlite3_stmt *stmt, int column)
{
    const char *const s = (const char *)sqlite3_column_text(stmt, column);

    return s ? s : "nothing";
}

/* VX_EINVAL with two origins and each column in which they differ. */
static enum vx_status compare_fingerprints(struct vx_sql *out, const struct vx_source *sources, struct vx_err *err)
{
    sqlite3_stmt *stmt = NULL;
    struct vx_buf what = {0};
    enum vx_status rc;

    if ((rc = vx_sql_prepare(out, &stmt, SELECT_ODD, err)) != VX_OK)
        return rc;
    rc = vx_sql_step(out, stmt, "compare the runs", err);
    if (rc == VX_OK) {
        for (size_t i = 0; i < sizeof ODD_NAMES / sizeof *ODD_NAMES; i++) {
            const char *const a = shown(stmt, 4 + 2 * (int)i), *const b = shown(stmt, 5 + 2 * (int)i);
            if (strcmp(a, b) != 0)
                vx_buf_fmt(&what, "%s%s %.60s / %.60s", what.len ? ", " : ": ", ODD_NAMES[i], a, b);
        }
        rc = vx_fail(err, VX_EINVAL,
                     "%s and %s cannot be merged, their scores do not compare (fingerprints %.12s / %.12s)%s",
                     origin(sources, sqlite3_column_int64(stmt, 0)), origin(sources, sqlite3_column_int64(stmt, 1)),
                     shown(stmt, 2), shown(stmt, 3), what.data ? what.data : "");
    }
    sqlite3_finalize(stmt);
    vx_buf_free(&what);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status map_source(struct vx_sql *out, sqlite3_stmt *map, struct vx_source *source, size_t number,
                                 struct vx_err *err)
{
    enum vx_status rc;

    sqlite3_bind_int64(map, 1, (int64_t)number); /* cannot fail: the statement is reset and has the parameter */
    while ((rc = vx_sql_step(out, map, "number the runs", err)) == VX_OK) {
        void *p = source->runs;
        if (vx_grow(&p, &source->cap_runs, source->n_runs + 1, sizeof *source->runs) != 0) {
            sqlite3_reset(map);
            return vx_fail_nomem(err, "the runs");
        }
        source->runs = p;
        source->runs[source->n_runs++] =
            (struct vx_run_map){sqlite3_column_int64(map, 0), sqlite3_column_int64(map, 1)};
    }
    return rc == VX_DONE ? VX_OK : rc;
}

/* The items of a list carry no run of their own. */
static enum vx_status map_list(struct vx_source *list, int64_t run, struct vx_err *err)
{
    if (run == 0)
        return vx_fail(err, VX_EINVAL, "%s: a list of items, but which of the runs is it of?", list->sql->path);
    if (!(list->runs = vx_calloc(1, sizeof *list->runs)))
        return vx_fail_nomem(err, "the runs");
    list->runs[0] = (struct vx_run_map){0, run};
    list->n_runs = list->cap_runs = 1;
    return VX_OK;
}

static enum vx_status number_runs(struct vx_sql *out, struct vx_source *sources, size_t n, bool final, int64_t *n_runs,
                                  struct vx_err *err)
{
    sqlite3_stmt *map = NULL;
    int64_t of_list = 0;
    enum vx_status rc;

    if ((rc = vx_sql_exec(out, INSERT_RUNS, "write the runs", err)) != VX_OK ||
        (rc = vx_sql_exec(out, UPDATE_STATE, "write the runs", err)) != VX_OK ||
        (final && (rc = vx_sql_exec(out, UPDATE_FINAL, "write the runs", err)) != VX_OK) ||
        (rc = vx_sql_integer(out, "SELECT count(*) FROM runs", n_runs, err)) != VX_OK ||
        (rc = vx_sql_integer(out, SELECT_FINAL, &of_list, err)) != VX_OK)
        return rc;
    if (*n_runs == 1)
        of_list = 1;
    if ((rc = vx_sql_prepare(out, &map, SELECT_MAP, err)) != VX_OK)
        return rc;
    for (size_t i = 0; rc == VX_OK && i < n; i++)
        rc = sources[i].is_list ? map_list(&sources[i], of_list, err) : map_source(out, map, &sources[i], i, err);
    sqlite3_finalize(map);
    return rc;
}

enum vx_status vx_merge_runs(struct vx_sql *out, struct vx_source *sources, size_t n, const struct vx_run *final,
                             int64_t *n_runs, struct vx_err *err)
{
    sqlite3_stmt *insert = NULL;
    enum vx_status rc;

    *n_runs = 0;
    if ((rc = vx_sql_exec(out, CREATE_MET, "prepare", err)) != VX_OK ||
        (rc = vx_sql_prepare(out, &insert, INSERT_MET, err)) != VX_OK)
        return rc;
    if (final)
        rc = note_final(out, insert, final, err);
    for (size_t i = 0; rc == VX_OK && i < n; i++)
        if (!sources[i].is_list && !sources[i].empty)
            rc = note_source(out, insert, &sources[i], i, err);
    sqlite3_finalize(insert);
    if (rc == VX_OK)
        rc = compare_fingerprints(out, sources, err);
    if (rc == VX_OK)
        rc = number_runs(out, sources, n, final != NULL, n_runs, err);
    return rc;
}
