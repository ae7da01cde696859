/* report_sql.h - the questions of report.c, each giving one column: a piece of JSON */
#ifndef VX_DB_REPORT_SQL_H
#define VX_DB_REPORT_SQL_H

/* Numbers of a damaged file may be infinite, which JSON has no word for. */
#define R(x, digits) "round(min(max(" x ", -1e15), 1e15), " digits ")"
#define NAME "CASE WHEN i.member IS NULL THEN i.path ELSE i.path || '/' || i.member END"
#define VERDICT "CASE i.verdict WHEN 'fake' THEN 'f' WHEN 'uncertain' THEN 'u' WHEN 'real' THEN 'r' ELSE 'n' END"
#define MOST_SUSPICIOUS " ORDER BY i.mean_fake DESC, i.worst_fake DESC, i.item"
#define LISTED " FROM items i WHERE i.status = 'scored'" MOST_SUSPICIOUS " LIMIT ?1"
#define COUNTS                                                                                                         \
    "count(*), count(*) FILTER (WHERE i.verdict = 'fake'), count(*) FILTER (WHERE i.verdict = 'uncertain'),"           \
    " count(*) FILTER (WHERE i.verdict = 'real'), count(*) FILTER (WHERE i.status = 'failed'), " R("avg(i.mean_fake)", "4")
#define BY_FAKE " ORDER BY count(*) FILTER (WHERE i.verdict = 'fake') DESC, count(*) DESC, 1 LIMIT 200"
#define FOLDER "CASE WHEN i.member IS NULL THEN rtrim(i.path, replace(i.path, '/', '')) ELSE i.path END"

static const char RUNS[] =
    "SELECT json_object('uuid', uuid, 'started', started, 'finished', finished, 'state', state, 'command', command,"
    " 'model_name', model_name, 'model_path', model_path, 'model_sha256', model_sha256, 'labels', labels,"
    " 'profile_name', profile_name, 'profile_sha256', profile_sha256, 'engine', engine, 'precision', precision,"
    " 'window_s', " R("window_s", "3") ", 'hop_s', " R("hop_s", "3") ", 'min_s', " R("min_s", "3") ","
    " 'silence_dbfs', " R("silence_dbfs", "1") ", 'calibrated_on', calibrated_on, 'calibration_scale', "
    R("calibration_scale", "6") ", 'calibration_offset', " R("calibration_offset", "6") ", 'versions', versions,"
    " 'revision', revision, 'custody', custody, 'hosts', hosts, 'ranks', ranks, 'wall_s', " R("wall_s", "1") ","
    " 'cpu_s', " R("cpu_s", "1") ", 'gpu_wh', " R("gpu_wh", "3") ", 'cpu_wh', " R("cpu_wh", "3") ","
    " 'grid_g_per_kwh', " R("grid_g_per_kwh", "1") ", 'engine_wait_s', " R("engine_wait_s", "2") ","
    " 'decode_wait_s', " R("decode_wait_s", "2") ", 'config', config) FROM runs ORDER BY run";
static const char UUIDS[] = "SELECT json_group_object(CAST(run AS TEXT), uuid) FROM runs";
/* Runs of one result agree in what decides scores and verdicts. */
static const char JUDGEMENT[] =
    "SELECT json_object('trained', json(CASE WHEN min(model_trained) THEN 'true' ELSE 'false' END),"
    " 'calibrated', json(CASE WHEN min(calibrated_on IS NOT NULL) THEN 'true' ELSE 'false' END),"
    " 'real_below', " R("min(real_below)", "6") ", 'fake_from', " R("min(fake_from)", "6") ") FROM runs";
static const char TOTALS[] =
    "SELECT json_object('items', count(*), 'fake', count(*) FILTER (WHERE verdict = 'fake'),"
    " 'uncertain', count(*) FILTER (WHERE verdict = 'uncertain'), 'real', count(*) FILTER (WHERE verdict = 'real'),"
    " 'not_scored', count(*) FILTER (WHERE status = 'not_scored'), 'failed', count(*) FILTER (WHERE status = 'failed'),"
    " 'pending', count(*) FILTER (WHERE status = 'pending'), 'copies', count(same_as),"
    " 'outside', count(*) FILTER (WHERE outside > 0), 'hours', coalesce(" R("sum(duration_s) / 3600", "6") ", 0)) FROM items";
/* The profile's operating points, and how many recordings each would call fake and real. Profiles of hostile files may hold anything. */
#define POINT(name, at)                                                                                                \
    "SELECT '" name "', json_extract(profile, '$." at "real_below'), json_extract(profile, '$." at "fake_from') FROM first"
static const char POINTS[] =
    "WITH first AS (SELECT profile FROM (SELECT profile FROM runs ORDER BY run LIMIT 1) WHERE json_valid(profile)),"
    " p(name, low, high) AS (" POINT("balanced", "") " UNION ALL " POINT("high-precision", "high_precision.") " UNION ALL "
    POINT("high-recall", "high_recall.") ")"
    " SELECT json_array(p.name, " R("p.low", "6") ", " R("p.high", "6") ", count(*) FILTER (WHERE i.mean_fake >= p.high),"
    " count(*) FILTER (WHERE i.mean_fake < p.low)) FROM p LEFT JOIN items i ON i.status = 'scored'"
    " WHERE typeof(p.low) IN ('real', 'integer') AND typeof(p.high) IN ('real', 'integer') GROUP BY p.name ORDER BY p.name";
#define BINS 50
static const char HISTOGRAM[] = "SELECT " VERDICT " AS kind, max(0, min(49, CAST(i.mean_fake * 50 AS INTEGER))) AS bin, count(*)"
                                " FROM items i WHERE i.status = 'scored' AND i.verdict IN ('fake', 'uncertain', 'real') GROUP BY 1, 2";
static const char FAILURES[] =
    "SELECT json_array(count(*), replace(coalesce(i.error, i.status), i.path, '(path)'), min(" NAME ")) FROM items i"
    " WHERE i.status IN ('failed', 'not_scored') GROUP BY i.status, replace(coalesce(i.error, i.status), i.path, '(path)')"
    " ORDER BY count(*) DESC, 1 LIMIT 200";
static const char FOLDERS[] = "SELECT json_array(" FOLDER ", " COUNTS ") FROM items i GROUP BY " FOLDER BY_FAKE;
static const char COUNT_FOLDERS[] = "SELECT count(DISTINCT " FOLDER ") FROM items i WHERE ?1 = ?1";
static const char VALUES[] = "SELECT json_array(m.value, " COUNTS ") FROM metadata m JOIN items i USING (item) WHERE m.key = ?1"
                             " GROUP BY m.value" BY_FAKE;
static const char COUNT_VALUES[] = "SELECT count(DISTINCT value) FROM metadata WHERE key = ?1";
static const char FEW_VALUED[] = "SELECT key FROM metadata GROUP BY key HAVING count(DISTINCT value) BETWEEN 2 AND 50 ORDER BY key LIMIT 12";
static const char COUNT_SCORED[] = "SELECT count(*) FROM items WHERE status = 'scored'";
/* As the constants F of report.js have them. */
static const char FILES[] =
    "SELECT json_array(i.item, " NAME ", i.same_as, " VERDICT ", " R("i.mean_fake", "4") ", " R("i.max_fake", "4") ", "
    R("i.longest_run_s", "1") ", " R("i.duration_s", "2") ", i.n_windows, i.format,"
    " nullif(trim(coalesce(i.warning, '') || CASE WHEN i.outside > 0 THEN ' unlike what the model was measured on' ELSE '' END), ''),"
    " CASE WHEN i.member IS NULL THEN NULL ELSE i.path END, i.member, i.run)" LISTED;
static const char REVIEWS[] =
    "SELECT json_object('item', item, 'channel', channel, 'start_s', " R("start_s", "3") ", 'end_s', " R("end_s", "3") ","
    " 'label', label, 'remark', remark, 'reviewer', reviewer, 'reviewed', reviewed) FROM reviews ORDER BY review LIMIT 10000";
static const char LINES[] =
    "SELECT i.item, i.duration_s, r.window_s, r.hop_s, r.calibration_scale, r.calibration_offset"
    " FROM (SELECT item, run, duration_s, n_windows, mean_fake, worst_fake" LISTED ") i"
    " JOIN runs r ON r.run = i.run WHERE i.n_windows > 0" MOST_SUSPICIOUS;
static const char WINDOWS[] = "SELECT start_ms, logit_real, logit_fake, flags, channel FROM windows WHERE item = ?1 ORDER BY idx";
static const char SUSPECTS[] =
    "SELECT i.item, coalesce(i.path_raw, CAST(i.path AS BLOB)), coalesce(i.member_raw, CAST(i.member AS BLOB)), i.size, i.duration_s"
    " FROM items i WHERE i.status = 'scored' AND i.kind = 'audio' AND i.n_windows > 0" MOST_SUSPICIOUS " LIMIT ?1";

#endif
