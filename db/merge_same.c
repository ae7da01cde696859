#include "db/merge_same.h"
#include "base/item.h"

#include <stddef.h>

/* As written by jobs/scan_record.c: a path that held these words would have its quotes escaped. */
#define DEDUPED "SELECT run FROM runs WHERE instr(config, '\"dedupe\": true') > 0"
static const char COUNT_DEDUPED[] = "SELECT count(*) FROM (" DEDUPED ")";

/* As mpi/claims.c: an extension decides how bytes are read, so they are not the same under another one. */
#define CONTENT                                                                                                        \
    "PARTITION BY hash, kind, CASE WHEN hash LIKE 'pcm-%' THEN '' ELSE suffix(coalesce(member_raw, member, path_raw, path)) END"

/* Every item that shares its content: the smallest of them, and the one whose result is taken. One without windows may be no copy:
 * that whose content it had been scored as was found changed later. */
static const char CREATE_SAME[] = "CREATE TEMP TABLE same (item INTEGER PRIMARY KEY, first INTEGER, best INTEGER)";
static const char FIND_SAME[] =
    "INSERT INTO same SELECT item, first, best FROM"
    " (SELECT item, min(item) OVER content AS first, first_value(item) OVER ranked AS best, count(*) OVER content AS n"
    "  FROM items WHERE run IN (" DEDUPED ") AND hash IN"
    "   (SELECT hash FROM items WHERE hash IS NOT NULL GROUP BY hash HAVING count(*) > 1)"
    "  WINDOW content AS (" CONTENT "),"
    "  ranked AS (" CONTENT " ORDER BY"
    "   CASE status WHEN 'scored' THEN 1 WHEN 'not_scored' THEN 2 WHEN 'failed' THEN 3 ELSE 4 END, same_as IS NOT NULL, n_windows = 0, item))"
    " WHERE n > 1";
/* What is taken, as it was before anything changes; nothing where all of a group wait. */
static const char CREATE_BEST[] =
    "CREATE TEMP TABLE best AS SELECT s.first AS into_item, i.* FROM same s JOIN items i USING (item)"
    " WHERE s.item = s.best AND i.status <> 'pending'";
static const char LEAVE_PENDING[] = "DELETE FROM same WHERE first NOT IN (SELECT into_item FROM best)";
static const char DROP_WINDOWS[] = "DELETE FROM windows WHERE item IN (SELECT item FROM same WHERE item <> best)";
static const char MOVE_WINDOWS[] =
    "UPDATE windows SET item = (SELECT first FROM same WHERE same.item = windows.item)"
    " WHERE item IN (SELECT item FROM same WHERE item = best AND best <> first)";
static const char DROP_CHANNELS[] = "DELETE FROM channels WHERE item IN (SELECT item FROM same WHERE item <> best)";
static const char MOVE_CHANNELS[] =
    "UPDATE channels SET item = (SELECT first FROM same WHERE same.item = channels.item)"
    " WHERE item IN (SELECT item FROM same WHERE item = best AND best <> first)";
/* What is said of a member's name is not of its content (io/member.c); it comes last (mpi/decode_stage.c). */
#define NAME_AT(warning) "instr(" warning ", 'its name in the archive ')"
#define OF_NAME(warning) "CASE WHEN " NAME_AT(warning) " > 0 THEN substr(" warning ", " NAME_AT(warning) ") END"
#define OF_CONTENT(warning)                                                                                            \
    "CASE WHEN " NAME_AT(warning) " > 0 THEN nullif(substr(" warning ", 1, max(" NAME_AT(warning) " - 3, 0)), '') ELSE " warning " END"
#define BOTH(content, name) "coalesce(" content " || '; ' || " name ", " content ", " name ")"
static const char COPY_BEST[] =
    "UPDATE items SET format = b.format, decoder = b.decoder, sample_rate = b.sample_rate, channels = b.channels,"
    " duration_s = b.duration_s, louder_channel = b.louder_channel, status = b.status, error = b.error,"
    " n_windows = CASE WHEN items.item = b.into_item THEN b.n_windows ELSE 0 END,"
    " n_scored = CASE WHEN items.item = b.into_item THEN b.n_scored ELSE 0 END,"
    " mean_fake = b.mean_fake, max_fake = b.max_fake, worst_fake = b.worst_fake, fraction_over = b.fraction_over,"
    " longest_run_s = b.longest_run_s, verdict = b.verdict, level_dbfs = b.level_dbfs, bandwidth_hz = b.bandwidth_hz,"
    " active_share = b.active_share, outside = b.outside,"
    " warning = " BOTH(OF_CONTENT("b.warning"), OF_NAME("items.warning")) ","
    " same_as = CASE WHEN items.item = b.into_item THEN NULL ELSE b.into_item END"
    " FROM same s JOIN best b ON b.into_item = s.first WHERE s.item = items.item";
/* Items that wait for one that killed its workers (db/itemlist.c says so in these words): of that no shard has a row, so it
 * shares no hash with them. */
static const char FAIL_WITH[] =
    "INSERT INTO same SELECT i.item, i.same_as, i.same_as FROM items i JOIN items g ON g.item = i.same_as"
    " WHERE i.status = 'pending' AND g.status = 'failed' AND g.hash IS NULL AND g.error LIKE 'killed its worker twice: %';"
    "UPDATE items SET status = 'failed', error = (SELECT g.error FROM items g WHERE g.item = items.same_as)"
    " WHERE status = 'pending' AND item IN (SELECT item FROM same)";
/* A pointer to what another scan has made something else of, or that nobody has worked on. */
static const char DROP_POINTERS[] = "UPDATE items SET same_as = NULL WHERE same_as IS NOT NULL AND item NOT IN (SELECT item FROM same)";
static const char DROP_TABLES[] = "DROP TABLE best; DROP TABLE same";

static const char COUNT_SCORED[] = "SELECT count(*) FROM items WHERE status = 'scored'";
static const char COUNT_NOT_SCORED[] = "SELECT count(*) FROM items WHERE status = 'not_scored'";
static const char COUNT_FAILED[] = "SELECT count(*) FROM items WHERE status = 'failed'";
static const char COUNT_PENDING[] = "SELECT count(*) FROM items WHERE status = 'pending'";
static const char COUNT_SAME[] = "SELECT count(*) FROM items WHERE same_as IS NOT NULL";

/* suffix(NAME) */
static void suffix_of(sqlite3_context *context, int n, sqlite3_value **value)
{
    const char *const name = (const char *)sqlite3_value_text(value[0]);
    char suffix[VX_ITEM_SUFFIX];

    (void)n;
    vx_item_suffix(name ? name : "", suffix);
    sqlite3_result_text(context, suffix, -1, SQLITE_TRANSIENT);
}

static enum vx_status count(struct vx_sql *out, struct vx_merge_stats *stats, struct vx_err *err)
{
    const struct {
        const char *sql;
        int64_t *to;
    } counts[] = {{COUNT_SCORED, &stats->scored}, {COUNT_NOT_SCORED, &stats->not_scored}, {COUNT_FAILED, &stats->failed},
                  {COUNT_PENDING, &stats->pending}, {COUNT_SAME, &stats->same}};
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < sizeof counts / sizeof *counts; i++)
        rc = vx_sql_integer(out, counts[i].sql, counts[i].to, err);
    return rc;
}

/* Each does nothing where the one before has left nothing to do. */
static enum vx_status settle(struct vx_sql *out, bool by_id, struct vx_merge_stats *stats, struct vx_err *err)
{
    const char *const before[] = {CREATE_SAME, FIND_SAME, CREATE_BEST, LEAVE_PENDING, DROP_WINDOWS};
    const char *const after[] = {MOVE_WINDOWS, DROP_CHANNELS, MOVE_CHANNELS, COPY_BEST, by_id ? FAIL_WITH : "", DROP_POINTERS,
                                 DROP_TABLES};
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < sizeof before / sizeof *before; i++)
        rc = vx_sql_exec(out, before[i], "settle identical content", err);
    if (rc == VX_OK)
        stats->windows -= sqlite3_changes64(out->handle); /* of DROP_WINDOWS */
    for (size_t i = 0; rc == VX_OK && i < sizeof after / sizeof *after; i++)
        rc = vx_sql_exec(out, after[i], "settle identical content", err);
    return rc;
}

enum vx_status vx_merge_same(struct vx_sql *out, bool by_id, struct vx_merge_stats *stats, struct vx_err *err)
{
    int64_t runs;
    enum vx_status rc = vx_sql_integer(out, COUNT_DEDUPED, &runs, err);

    if (rc == VX_OK && runs > 0 &&
        sqlite3_create_function(out->handle, "suffix", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, suffix_of, NULL, NULL) != SQLITE_OK)
        rc = vx_sql_fail(out, err, "settle identical content");
    if (rc == VX_OK && runs > 0 && (rc = settle(out, by_id, stats, err)) == VX_OK)
        rc = count(out, stats, err);
    return rc;
}
