#include "tests/unit/db/fixture.h"
#include "base/buf.h"
#include "base/mem.h"
#include "db/merge.h"
#include "tests/harness/cmocka.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    if (!f)
        return -1;
    strcpy(f->dir, "/tmp/vx-db-XXXXXX");
    if (!mkdtemp(f->dir)) {
        free(f);
        return -1;
    }
    *state = f;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *const f = *state;
    DIR *d = opendir(f->dir);
    struct dirent *e;
    char path[400];

    while (d && (e = readdir(d))) {
        snprintf(path, sizeof path, "%s/%s", f->dir, e->d_name);
        unlink(path);
    }
    if (d)
        closedir(d);
    const int rc = rmdir(f->dir);
    free(f);
    return rc;
}

const char *fixture_path(struct fixture *f, const char *name)
{
    char *const path = f->path[f->next++ % 16];

    assert_true(strlen(f->dir) + 1 + strlen(name) < sizeof f->path[0]);
    strcpy(stpcpy(stpcpy(path, f->dir), "/"), name);
    return path;
}

struct vx_run fixture_run(int n)
{
    static const char *const uuid[] = {"00000000000000000000000000000001", "00000000000000000000000000000002",
                                       "00000000000000000000000000000003"};
    static const char *const started[] = {"2026-01-01T08:00:00Z", "2026-01-02T08:00:00Z", "2026-01-03T08:00:00Z"};

    return (struct vx_run){.uuid = uuid[n],
                           .fingerprint = "f00d",
                           .started = started[n],
                           .state = "running",
                           .command = "voxtrawl scan corpus",
                           .config_json = "{\"hop\":2}",
                           .model_path = "model",
                           .model_name = "tiny",
                           .model_sha256 = "abcd",
                           .model_trained = true,
                           .labels_json = "[\"real\",\"fake\"]",
                           .profile_name = "mel-16k-grey",
                           .profile_json = "{}",
                           .profile_sha256 = "1234",
                           .engine = "cpu",
                           .precision = "bf16",
                           .window_s = 2,
                           .hop_s = 2,
                           .min_s = 0.5,
                           .silence_dbfs = -60,
                           .real_below = 0.4,
                           .fake_from = 0.6,
                           .calibration_scale = 0.5,
                           .calibration_offset = -0.25,
                           .calibrated_on = "200 clips",
                           .versions_json = "{}",
                           .hosts_json = "[]",
                           .ranks = 2};
}

static char *name_of(int64_t id)
{
    char name[64];

    snprintf(name, sizeof name, id % 11 == 0 ? "corpus/\xff%06lld.wav" : "corpus/%06lld.wav", (long long)id);
    return strdup(name);
}

struct vx_item_result fixture_result(int64_t id, int windows)
{
    struct vx_item_result r = {.item = {.id = id, .path = name_of(id), .ordinal = -1, .size = 1000 + id, .mtime = id},
                               .status = windows ? VX_ITEM_SCORED : VX_ITEM_NOT_SCORED,
                               .info = {.format = "WAV, 16 bit",
                                        .decoder = "libsndfile 1.2.0",
                                        .sample_rate = 16000,
                                        .channels = 1,
                                        .duration_s = 2.0 * windows}};

    if (id % 7 == 0) {
        r.item.member = r.item.path;
        r.item.path = strdup("corpus/all.tar");
        r.item.ordinal = id;
    }
    r.n_windows = r.cap_windows = (size_t)windows;
    r.windows = vx_calloc((size_t)windows, sizeof *r.windows);
    for (int i = 0; i < windows; i++)
        r.windows[i] = (struct vx_window_score){
            .index = i, .start_ms = 2000 * i, .real = (float)(id % 5) - 2.1f, .fake = (float)(i % 3) * 0.3f};
    r.aggregate = (struct vx_aggregate){.n_windows = windows, .n_scored = windows};
    if (windows) {
        r.aggregate.mean_fake = (double)(id % 100) / 100;
        r.aggregate.max_fake = r.aggregate.worst_fake = r.aggregate.mean_fake;
        r.domain = (struct vx_item_domain){.n_windows = windows,
                                           .level_dbfs = -20.0 - (double)(id % 10),
                                           .bandwidth_hz = id % 3 ? 8000 : 4000,
                                           .active_share = 0.5,
                                           .compared = true,
                                           .outside = (id % 3 ? 0 : VX_OUTSIDE_BANDWIDTH_BELOW) |
                                                      (id % 30 ? 0 : VX_OUTSIDE_LEVEL_ABOVE)};
        r.aggregate.verdict = id % 100 < 40 ? VX_VERDICT_REAL : id % 100 < 60 ? VX_VERDICT_UNCERTAIN : VX_VERDICT_FAKE;
    } else {
        strcpy(r.error, "silence");
    }
    return r;
}

void fixture_fail(struct vx_item_result *r, const char *error)
{
    r->status = VX_ITEM_FAILED;
    r->aggregate.verdict = VX_VERDICT_NONE;
    snprintf(r->error, sizeof r->error, "%s", error);
}

void fixture_fill(struct vx_shard *shard, int64_t first, int64_t end, int64_t step, int windows)
{
    struct vx_item_result results[64];
    const struct vx_item_result *lease[64];
    struct vx_err err = {0};

    for (int64_t id = first; id < end;) {
        size_t n = 0;
        for (; n < 64 && id < end; id += step, n++) {
            results[n] = fixture_result(id, windows);
            lease[n] = &results[n];
        }
        if (vx_shard_commit(shard, lease, n, &err) != VX_OK)
            fail_msg("%s", err.text);
        for (size_t i = 0; i < n; i++)
            vx_item_result_clear(&results[i]);
    }
}

const char *fixture_make_result(struct fixture *f, const char *name, int64_t n, int windows)
{
    const char *const path = fixture_path(f, name), *const part = fixture_path(f, "part-of-result.db");
    const struct vx_run run = fixture_run(0);
    struct vx_shard *shard = NULL;
    struct vx_err err = {0};

    if (vx_shard_open(&shard, part, &run, &err) != VX_OK)
        fail_msg("%s", err.text);
    fixture_fill(shard, 1, n + 1, 1, windows);
    vx_shard_close(&shard);
    if (vx_merge(path, &part, 1, NULL, NULL, NULL, &err) != VX_OK)
        fail_msg("%s", err.text);
    unlink(part);
    return path;
}

sqlite3 *fixture_sqlite(const char *path)
{
    sqlite3 *db = NULL;

    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        fail_msg("%s: %s", path, sqlite3_errmsg(db));
    return db;
}

int64_t fixture_integer(const char *path, const char *sql)
{
    sqlite3 *db = fixture_sqlite(path);
    sqlite3_stmt *stmt = NULL;
    int64_t value = 0;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK || sqlite3_step(stmt) != SQLITE_ROW)
        fail_msg("%s: %s: %s", path, sql, sqlite3_errmsg(db));
    value = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return value;
}

void fixture_exec(const char *path, const char *sql)
{
    sqlite3 *db = fixture_sqlite(path);

    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s: %s", path, sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

void fixture_age(const char *path, int version)
{
    fixture_exec(path, "DROP VIEW files; DROP VIEW suspects; DROP VIEW errors; DROP VIEW window_scores;"
                       "DROP VIEW channel_scores; DROP TABLE channels; DROP TABLE reviews;"
                       "ALTER TABLE windows DROP COLUMN channel; ALTER TABLE items DROP COLUMN hash;"
                       "ALTER TABLE items DROP COLUMN same_as; ALTER TABLE items DROP COLUMN warning;"
                       "ALTER TABLE runs DROP COLUMN custody; ALTER TABLE runs DROP COLUMN revision;"
                       "ALTER TABLE runs DROP COLUMN gpu_wh; ALTER TABLE runs DROP COLUMN cpu_wh;"
                       "ALTER TABLE runs DROP COLUMN grid_g_per_kwh; ALTER TABLE runs DROP COLUMN engine_wait_s;"
                       "ALTER TABLE runs DROP COLUMN decode_wait_s;"
                       "CREATE VIEW files AS SELECT item, path AS name FROM items; PRAGMA user_version = 3");
    if (version == 3)
        return;
    fixture_exec(path, "ALTER TABLE runs DROP COLUMN calibration_scale; ALTER TABLE runs DROP COLUMN calibration_offset;"
                       "ALTER TABLE runs DROP COLUMN calibrated_on;"
                       "PRAGMA user_version = 2");
    if (version == 1)
        fixture_exec(path, "ALTER TABLE items DROP COLUMN level_dbfs; ALTER TABLE items DROP COLUMN bandwidth_hz;"
                           "ALTER TABLE items DROP COLUMN active_share; ALTER TABLE items DROP COLUMN outside;"
                           "PRAGMA user_version = 1");
}

static int dump_row(void *ctx, int n, char **values, char **names)
{
    (void)names;
    for (int i = 0; i < n; i++) {
        vx_buf_str(ctx, values[i] ? values[i] : "NULL");
        vx_buf_str(ctx, i + 1 < n ? "|" : "\n");
    }
    return 0;
}

char *fixture_dump(const char *path)
{
    static const char *const sql[] = {"SELECT * FROM runs ORDER BY run", "SELECT * FROM items ORDER BY item",
                                      "SELECT * FROM windows ORDER BY item, idx",
                                      "SELECT * FROM metadata ORDER BY item, key",
                                      "SELECT * FROM channels ORDER BY item, channel",
                                      "SELECT * FROM reviews ORDER BY review"};
    sqlite3 *db = fixture_sqlite(path);
    struct vx_buf b = {0};

    vx_buf_str(&b, "");
    for (size_t i = 0; i < sizeof sql / sizeof *sql; i++)
        if (sqlite3_exec(db, sql[i], dump_row, &b, NULL) != SQLITE_OK)
            fail_msg("%s: %s", path, sqlite3_errmsg(db));
    sqlite3_close(db);
    assert_false(b.failed);
    return b.data;
}
