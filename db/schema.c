#include "db/schema.h"
#include "db/query.h"

#include <stdio.h>
#include <string.h>

/* The comments stand inside the parentheses on purpose: SQLite keeps the text from CREATE to ')', so ".schema" shows
 * them. Only stock types and functions, no STRICT: sqlite3 before 3.37 and DuckDB read the file as well. The views keep
 * to what DuckDB parses too. */
#define TABLES                                                                                                         \
    "CREATE TABLE runs (                    -- one row a scan: everything that explains its scores\n"                 \
    "    run            INTEGER PRIMARY KEY,\n"                                                                        \
    "    uuid           TEXT NOT NULL UNIQUE, -- shards with the same one are parts of one scan\n"                     \
    "    fingerprint    TEXT NOT NULL,      -- SHA-256 over what affects scores; only equal ones are merged\n"         \
    "    started        TEXT,               -- ISO 8601, UTC, like every time here\n"                                  \
    "    finished       TEXT,\n"                                                                                       \
    "    state          TEXT,               -- 'running', 'complete', 'stopped' or 'merged'\n"                         \
    "    command        TEXT,               -- as typed\n"                                                             \
    "    config         TEXT,               -- JSON: the effective options\n"                                          \
    "    model_path     TEXT,\n"                                                                                       \
    "    model_name     TEXT,\n"                                                                                       \
    "    model_sha256   TEXT,\n"                                                                                       \
    "    model_trained  INTEGER NOT NULL,   -- 0: random weights, so the scores mean nothing\n"                        \
    "    labels         TEXT,               -- JSON: the model's labels in order, and the side each is taken for\n"    \
    "    profile_name   TEXT,               -- the front end: from sound to image\n"                                   \
    "    profile        TEXT,               -- JSON\n"                                                                 \
    "    profile_sha256 TEXT,\n"                                                                                       \
    "    engine         TEXT,\n"                                                                                       \
    "    precision      TEXT,\n"                                                                                       \
    "    window_s       REAL,               -- length of a window\n"                                                   \
    "    hop_s          REAL,               -- from the start of a window to the start of the next\n"                  \
    "    min_s          REAL,               -- a last window with less sound than this is not scored\n"                \
    "    silence_dbfs   REAL,               -- a window below this is not scored\n"                                    \
    "    real_below     REAL,               -- mean_fake below this: verdict 'real'\n"                                 \
    "    fake_from      REAL,               -- mean_fake from this on: 'fake'; between the two: 'uncertain'\n"         \
    "    versions       TEXT,               -- JSON: voxtrawl and the libraries it used\n"                             \
    "    hosts          TEXT,               -- JSON: where each rank ran\n"                                            \
    "    ranks          INTEGER,\n"                                                                                    \
    "    wall_s         REAL,\n"                                                                                       \
    "    cpu_s          REAL,\n"                                                                                       \
    "    audio_s        REAL                -- sound decoded\n"                                                        \
    ");\n"                                                                                                             \
    "CREATE TABLE items (                   -- one row a recording or picture\n"                                       \
    "    item           INTEGER PRIMARY KEY,\n"                                                                        \
    "    run            INTEGER NOT NULL REFERENCES runs (run),\n"                                                     \
    "    path           TEXT NOT NULL,      -- UTF-8; bytes of the name that are not are written \\xHH\n"              \
    "    path_raw       BLOB,               -- the exact bytes where they differ from path, else NULL\n"               \
    "    member         TEXT,               -- name inside the archive at path; NULL: the file itself\n"               \
    "    member_raw     BLOB,\n"                                                                                       \
    "    kind           TEXT NOT NULL CHECK (kind IN ('audio', 'image', 'unreadable')),\n"                             \
    "    size           INTEGER,            -- bytes\n"                                                                \
    "    mtime          TEXT,               -- last modified\n"                                                        \
    "    format         TEXT,               -- 'FLAC, 16 bit'\n"                                                       \
    "    decoder        TEXT,               -- with its version: decoders differ\n"                                    \
    "    sample_rate    INTEGER,            -- of the file, Hz\n"                                                      \
    "    channels       INTEGER,            -- of the file\n"                                                          \
    "    duration_s     REAL,               -- of the sound decoded, not what the header claims\n"                     \
    "    louder_channel INTEGER,            -- 1: channels cancel each other, so the loudest was taken, not the mean\n"\
    "    status         TEXT NOT NULL CHECK (status IN ('scored', 'not_scored', 'failed', 'pending')),\n"              \
    "    error          TEXT,               -- why it failed or was not scored\n"                                      \
    "    n_windows      INTEGER NOT NULL,   -- rows in windows; a failed item keeps those scored before the failure\n" \
    "    n_scored       INTEGER NOT NULL,   -- those with logits; all below is over their p (see windows)\n"           \
    "    mean_fake      REAL,               -- mean of p\n"                                                            \
    "    max_fake       REAL,               -- largest p\n"                                                            \
    "    worst_fake     REAL,               -- mean of the largest tenth of p\n"                                       \
    "    fraction_over  REAL,               -- share of windows with p >= runs.fake_from\n"                            \
    "    longest_run_s  REAL,               -- longest stretch of such windows, seconds\n"                             \
    "    verdict        TEXT CHECK (verdict IN ('real', 'uncertain', 'fake', 'not_scored')) -- NULL: failed, pending\n"\
    ");\n"                                                                                                             \
    "CREATE TABLE windows (                 -- one row a window of sound; a picture is one window\n"                   \
    "    item           INTEGER NOT NULL REFERENCES items (item),\n"                                                   \
    "    idx            INTEGER NOT NULL,   -- 0, 1, 2... within the item\n"                                           \
    "    start_ms       INTEGER NOT NULL,\n"                                                                           \
    "    logit_real     REAL,               -- what the model gave; NULL: not scored\n"                                \
    "    logit_fake     REAL,               -- p = 1 / (1 + exp(calibration_scale * (logit_real - logit_fake)\n"       \
    "                                       -- + calibration_offset)) with those of runs: P(fake) where\n"             \
    "                                       -- runs.calibrated_on is not NULL, else a score, no probability\n"         \
    "    flags          INTEGER NOT NULL,   -- 1 padded, 2 silent, 4 too short, 8 cleaned of NaN, 16 clipped,\n"       \
    "                                       -- 32 channels cancelled; 2 and 4 are not scored\n"                        \
    "    PRIMARY KEY (item, idx)\n"                                                                                    \
    ") WITHOUT ROWID;\n"                                                                                               \
    "CREATE TABLE metadata (                -- a manifest's other columns\n"                                           \
    "    item           INTEGER NOT NULL REFERENCES items (item),\n"                                                   \
    "    key            TEXT NOT NULL,\n"                                                                              \
    "    value          TEXT,\n"                                                                                       \
    "    PRIMARY KEY (item, key)\n"                                                                                    \
    ") WITHOUT ROWID;\n"

/* Version 2. Comments within the statement, before its semicolon, stay in the database as well. */
#define ITEM_DOMAIN                                                                                                    \
    "ALTER TABLE main.items ADD COLUMN level_dbfs REAL /* what it sounds like, medians over its scored windows: RMS,"  \
    " 0 a square wave of full scale */;\n"                                                                             \
    "ALTER TABLE main.items ADD COLUMN bandwidth_hz REAL /* highest frequency at which it rises above its noise */;\n" \
    "ALTER TABLE main.items ADD COLUMN active_share REAL /* of the time, how much rises above the noise: 0 is no"      \
    " speech */;\n"                                                                                                    \
    "ALTER TABLE main.items ADD COLUMN outside INTEGER /* of the profile's measured ranges: 0 inside, 1 level below,"  \
    " 2 above, 4 bandwidth below, 8 above, 16 active share below, 32 above; NULL: the ranges are not known */;\n"

/* Version 3. Runs of before had no calibration: 1 and 0. */
#define RUN_CALIBRATION                                                                                                \
    "ALTER TABLE main.runs ADD COLUMN calibration_scale REAL NOT NULL DEFAULT 1 /* log-likelihood ratio of a window =" \
    " scale * (logit_real - logit_fake) + offset */;\n"                                                                \
    "ALTER TABLE main.runs ADD COLUMN calibration_offset REAL NOT NULL DEFAULT 0;\n"                                   \
    "ALTER TABLE main.runs ADD COLUMN calibrated_on TEXT /* what these two were fitted on: p is P(fake); NULL: p is a" \
    " score, not a probability */;\n"

/* Version 4: evidence, energy, channels and what people say. */
#define RUN_EVIDENCE                                                                                                   \
    "ALTER TABLE main.runs ADD COLUMN custody INTEGER NOT NULL DEFAULT 0 /* 1: every item's hash is its SHA-256 */;\n"  \
    "ALTER TABLE main.runs ADD COLUMN revision TEXT /* of voxtrawl's source */;\n"                                     \
    "ALTER TABLE main.runs ADD COLUMN gpu_wh REAL /* watt-hours that the hosts' GPUs took meanwhile; NULL: unknown */;\n" \
    "ALTER TABLE main.runs ADD COLUMN cpu_wh REAL /* and their processors */;\n"                                       \
    "ALTER TABLE main.runs ADD COLUMN grid_g_per_kwh REAL /* grams of CO2 a kilowatt-hour, as the user said */;\n"     \
    "ALTER TABLE main.runs ADD COLUMN engine_wait_s REAL /* engine threads waited for sound, summed over them */;\n"   \
    "ALTER TABLE main.runs ADD COLUMN decode_wait_s REAL /* decoders waited for room, summed over them */;\n"
#define ITEM_CONTENT                                                                                                   \
    "ALTER TABLE main.items ADD COLUMN hash TEXT /* of its bytes, 'xxh3:...' or 'sha256:...', or of its samples,"      \
    " 'pcm-xxh3:...'; NULL: not hashed */;\n"                                                                          \
    "ALTER TABLE main.items ADD COLUMN same_as INTEGER /* item with the same content that was scored in its place: the"   \
    " row is as that one's, but it has no windows of its own, n_windows and n_scored are 0 */;\n"                      \
    "ALTER TABLE main.items ADD COLUMN warning TEXT /* it was read, but this should be known */;\n"
#define CHANNELS                                                                                                       \
    "ALTER TABLE main.windows ADD COLUMN channel INTEGER /* 1, 2... where channels are scored on their own; NULL:"      \
    " their mix */;\n"                                                                                                 \
    "CREATE TABLE main.channels (           -- one row a channel that was scored on its own\n"                        \
    "    item           INTEGER NOT NULL REFERENCES items (item),\n"                                                   \
    "    channel        INTEGER NOT NULL,   -- 1, 2...\n"                                                              \
    "    n_windows      INTEGER NOT NULL,   -- all as in items, over the channel's windows\n"                          \
    "    n_scored       INTEGER NOT NULL,\n"                                                                           \
    "    mean_fake      REAL,\n"                                                                                       \
    "    max_fake       REAL,\n"                                                                                       \
    "    worst_fake     REAL,\n"                                                                                       \
    "    fraction_over  REAL,\n"                                                                                       \
    "    longest_run_s  REAL,\n"                                                                                       \
    "    verdict        TEXT CHECK (verdict IN ('real', 'uncertain', 'fake', 'not_scored')),\n"                        \
    "    PRIMARY KEY (item, channel)\n"                                                                                \
    ") WITHOUT ROWID;\n"
#define REVIEWS                                                                                                        \
    "CREATE TABLE main.reviews (            -- what people said after listening; scores stay as they are\n"           \
    "    review         INTEGER PRIMARY KEY,\n"                                                                        \
    "    item           INTEGER NOT NULL REFERENCES items (item),\n"                                                   \
    "    channel        INTEGER NOT NULL,   -- 1, 2...; 0: the recording as a whole\n"                                 \
    "    start_s        REAL NOT NULL,\n"                                                                              \
    "    end_s          REAL NOT NULL,\n"                                                                              \
    "    label          TEXT NOT NULL CHECK (label IN ('real', 'fake', 'unsure')),\n"                                  \
    "    remark         TEXT,\n"                                                                                       \
    "    reviewer       TEXT NOT NULL,      -- who\n"                                                                  \
    "    reviewed       TEXT NOT NULL,      -- when\n"                                                                 \
    "    imported       TEXT,\n"                                                                                       \
    "    source         TEXT,               -- file it came from\n"                                                    \
    "    UNIQUE (item, channel, start_s, end_s, reviewer, reviewed)\n"                                                 \
    ");\n"

/* An untrained model is called that wherever a score of it can be seen. */
#define MODEL                                                                                                          \
    "CASE WHEN r.model_trained = 0 THEN 'untrained: scores mean nothing'"                                              \
    " ELSE coalesce(r.model_name, r.model_path) END AS model"
#define NAME "CASE WHEN i.member IS NULL THEN i.path ELSE i.path || '/' || i.member END AS name"

#define VIEWS                                                                                                          \
    "CREATE VIEW files AS                   -- one row an item, for people\n"                                          \
    "    SELECT i.item, " NAME ",\n"                                                                                   \
    "           i.status, i.verdict, i.mean_fake, i.max_fake, i.worst_fake, i.fraction_over, i.longest_run_s,\n"       \
    "           i.duration_s, i.n_windows, i.n_scored, i.format, i.error,\n"                                           \
    "           i.level_dbfs, i.bandwidth_hz, i.active_share,\n"                                                       \
    "           nullif(rtrim(CASE WHEN i.outside & 4 THEN 'bandwidth below measured, ' ELSE '' END\n"                  \
    "              || CASE WHEN i.outside & 8 THEN 'bandwidth above measured, ' ELSE '' END\n"                         \
    "              || CASE WHEN i.outside & 1 THEN 'level below measured, ' ELSE '' END\n"                             \
    "              || CASE WHEN i.outside & 2 THEN 'level above measured, ' ELSE '' END\n"                             \
    "              || CASE WHEN i.outside & 16 THEN 'active share below measured, ' ELSE '' END\n"                     \
    "              || CASE WHEN i.outside & 32 THEN 'active share above measured, ' ELSE '' END, ', '), '')\n"          \
    "               AS outside,\n"                                                                                    \
    "           i.hash, i.same_as, " MODEL "\n"                                                                                           \
    "    FROM items i JOIN runs r ON r.run = i.run;\n"                                                                 \
    "CREATE VIEW suspects AS                -- fake or uncertain, the worst first\n"                                   \
    "    SELECT i.item, " NAME ",\n"                                                                                   \
    "           i.verdict, i.mean_fake, i.max_fake, i.worst_fake, i.fraction_over, i.longest_run_s, i.duration_s,\n"   \
    "           " MODEL "\n"                                                                                           \
    "    FROM items i JOIN runs r ON r.run = i.run\n"                                                                  \
    "    WHERE i.verdict IN ('fake', 'uncertain')\n"                                                                   \
    "    ORDER BY i.mean_fake DESC, i.worst_fake DESC, i.item;\n"                                                      \
    "CREATE VIEW errors AS                  -- without a score, and why\n"                                             \
    "    SELECT i.item, " NAME ",\n"                                                                                   \
    "           i.status, i.error, i.kind, i.format, i.duration_s, i.n_windows, i.n_scored\n"                          \
    "    FROM items i WHERE i.status IN ('failed', 'not_scored');\n"                                                   \
    "CREATE VIEW window_scores AS           -- score: higher means bona fide; NULL where not scored. llr: calibrated,\n"\
    "                                       -- the score itself where the run is not; p = 1 / (1 + exp(llr))\n"        \
    "    SELECT w.item, w.idx, w.channel, " NAME ",\n"                                                                            \
    "           w.start_ms / 1000.0 AS start_s, w.start_ms / 1000.0 + r.window_s AS end_s,\n"                          \
    "           w.logit_real - w.logit_fake AS score, w.logit_real, w.logit_fake,\n"                                   \
    "           r.calibration_scale * (w.logit_real - w.logit_fake) + r.calibration_offset AS llr,\n"                  \
    "           rtrim(CASE WHEN w.flags & 1 THEN 'padded ' ELSE '' END\n"                                              \
    "              || CASE WHEN w.flags & 2 THEN 'silent ' ELSE '' END\n"                                              \
    "              || CASE WHEN w.flags & 4 THEN 'too_short ' ELSE '' END\n"                                           \
    "              || CASE WHEN w.flags & 8 THEN 'cleaned ' ELSE '' END\n"                                             \
    "              || CASE WHEN w.flags & 16 THEN 'clipped ' ELSE '' END\n"                                            \
    "              || CASE WHEN w.flags & 32 THEN 'cancelled ' ELSE '' END) AS flags,\n"                               \
    "           " MODEL "\n"                                                                                           \
    "    FROM windows w JOIN items i ON i.item = w.item JOIN runs r ON r.run = i.run;\n"                               \
    "CREATE VIEW channel_scores AS          -- channels that were scored on their own, for people\n"                  \
    "    SELECT c.item, " NAME ",\n"                                                                                   \
    "           c.channel, c.verdict, c.mean_fake, c.max_fake, c.worst_fake, c.fraction_over, c.longest_run_s,\n"      \
    "           c.n_windows, c.n_scored, " MODEL "\n"                                                                  \
    "    FROM channels c JOIN items i ON i.item = c.item JOIN runs r ON r.run = i.run;\n"

/* Entry v brings version v to v + 1. Append only: never change, reorder or remove one that was released. Tables only:
 * views hold nothing, so those of an older file are taken away and the newest made. */
static const char *const MIGRATIONS[VX_SCHEMA_VERSION] = {
    TABLES,
    ITEM_DOMAIN,
    RUN_CALIBRATION,
    RUN_EVIDENCE ITEM_CONTENT CHANNELS REVIEWS,
};
/* main: else, where there are none, those of an attached shard */
#define DROP_VIEWS                                                                                                     \
    "DROP VIEW IF EXISTS main.files; DROP VIEW IF EXISTS main.suspects; DROP VIEW IF EXISTS main.errors;"              \
    "DROP VIEW IF EXISTS main.window_scores; DROP VIEW IF EXISTS main.channel_scores;"

#define INDEXES                                                                                                        \
    "CREATE INDEX items_by_path ON items (path, member);\n"                                                            \
    "CREATE INDEX items_by_verdict ON items (verdict, mean_fake);\n"                                                   \
    "CREATE INDEX metadata_by_key ON metadata (key, value);\n"

const char *const VX_SCHEMA_INDEXES = INDEXES;

const char *vx_schema_sql(void)
{
    return TABLES ITEM_DOMAIN RUN_CALIBRATION RUN_EVIDENCE ITEM_CONTENT CHANNELS REVIEWS VIEWS INDEXES;
}

enum vx_status vx_schema_kind(struct vx_sql *sql, enum vx_db_kind *kind, struct vx_err *err)
{
    int64_t id, objects;
    enum vx_status rc;

    if ((rc = vx_sql_integer(sql, "SELECT count(*) FROM sqlite_schema", &objects, err)) != VX_OK ||
        (rc = vx_sql_integer(sql, "PRAGMA application_id", &id, err)) != VX_OK)
        return rc;
    const bool ours = id == VX_DB_RESULT || id == VX_DB_SHARD || id == VX_DB_LIST;
    if (objects > 0 ? ours : id == 0) {
        *kind = (enum vx_db_kind)id;
        return VX_OK;
    }
    return vx_fail(err, VX_EINVAL, "%s: an SQLite database, but not one of Voxtrawl's (application_id 0x%08llx)",
                   sql->path, (unsigned long long)id & 0xffffffff);
}

static const char *kind_name(enum vx_db_kind kind)
{
    switch (kind) {
    case VX_DB_NOTHING:
        return "empty";
    case VX_DB_RESULT:
        return "a result";
    case VX_DB_SHARD:
        return "a shard";
    case VX_DB_LIST:
        return "a list of items";
    }
    return "unknown";
}

static enum vx_status read_version(struct vx_sql *sql, int64_t *version, struct vx_err *err)
{
    const enum vx_status rc = vx_sql_integer(sql, "PRAGMA user_version", version, err);

    if (rc == VX_OK && (*version < 0 || *version > VX_SCHEMA_VERSION))
        return vx_fail(err, VX_EUNSUPPORTED, "%s: schema version %lld, this Voxtrawl knows up to %d: use a newer one",
                       sql->path, (long long)*version, VX_SCHEMA_VERSION);
    return rc;
}

enum vx_status vx_schema_mark(struct vx_sql *sql, enum vx_db_kind kind, struct vx_err *err)
{
    char mark[96];

    snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d", (int)kind, VX_SCHEMA_VERSION);
    return vx_sql_exec(sql, mark, "mark the file", err);
}

enum vx_status vx_schema_migrate(struct vx_sql *sql, enum vx_db_kind kind, struct vx_err *err)
{
    enum vx_db_kind is;
    int64_t version;
    enum vx_status rc;

    if ((rc = vx_schema_kind(sql, &is, err)) != VX_OK || (rc = read_version(sql, &version, err)) != VX_OK)
        return rc;
    if (is != kind && is != VX_DB_NOTHING)
        return vx_fail(err, VX_EINVAL, "%s: it is %s, expected %s", sql->path, kind_name(is), kind_name(kind));
    const bool older = version < VX_SCHEMA_VERSION;
    for (; version < VX_SCHEMA_VERSION; version++)
        if ((rc = vx_sql_exec(sql, MIGRATIONS[version], "create tables", err)) != VX_OK)
            return rc;
    if (older && (rc = vx_sql_exec(sql, DROP_VIEWS VIEWS, "create views", err)) != VX_OK)
        return rc;
    return vx_schema_mark(sql, kind, err);
}

enum vx_status vx_schema_check(struct vx_sql *sql, bool *empty, struct vx_err *err)
{
    enum vx_db_kind kind = VX_DB_NOTHING;
    int64_t version, tables;
    enum vx_status rc;

    *empty = false;
    if ((rc = vx_schema_kind(sql, &kind, err)) != VX_OK || (rc = read_version(sql, &version, err)) != VX_OK)
        return rc;
    *empty = kind == VX_DB_NOTHING;
    if (*empty)
        return VX_OK;
    if (version < 1)
        return vx_fail(err, VX_EFORMAT, "%s: one of Voxtrawl's, but of no schema version", sql->path);
    if (kind == VX_DB_LIST)
        return vx_fail(err, VX_EINVAL, "%s: it is a list of items, expected a shard or a result", sql->path);
    /* A view of that name could be anything, an endless query for instance. */
    rc = vx_sql_integer(sql,
                        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' "
                        "AND name IN ('runs', 'items', 'windows', 'metadata', 'channels', 'reviews')",
                        &tables, err);
    const int expected = version < 4 ? 4 : 6;
    if (rc == VX_OK && tables != expected)
        rc = vx_fail(err, VX_EFORMAT, "%s: %lld of its %d tables are there", sql->path, (long long)tables, expected);
    return rc;
}
