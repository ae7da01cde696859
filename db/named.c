/* named.c - the ready questions of voxtrawl query --named */
#include "db/query.h"
#include "db/reviews.h"

#include <string.h>
#include <strings.h>

/* An untrained model is called that in every answer that shows scores or verdicts. */
#define MODEL                                                                                                          \
    "CASE WHEN r.model_trained = 0 THEN 'untrained: scores mean nothing'"                                              \
    " ELSE coalesce(r.model_name, r.model_path) END AS model"

/* Every ORDER BY ends with something that tells all rows apart, so that an answer does not depend on chance. Runs of one
 * result differ in nothing that affects scores, so scores are grouped by model, not by run. */

static const struct vx_named_query queries[] = {
    {"summary", "items, sound and windows by verdict",
     "SELECT coalesce(i.verdict, i.status) AS verdict, count(*) AS items,\n"
     "       round(sum(i.duration_s) / 3600, 3) AS hours, sum(i.n_scored) AS windows_scored,\n"
     "       round(avg(i.mean_fake), 4) AS mean_fake, round(median(i.mean_fake), 4) AS median_fake, " MODEL "\n"
     "FROM items i JOIN runs r USING (run) GROUP BY 1, model ORDER BY 2 DESC, 1, model"},
    {"top", "the 20 items that sound most fake, by the mean over their windows",
     "SELECT round(mean_fake, 4) AS mean_fake, round(max_fake, 4) AS max_fake, round(longest_run_s, 1) AS longest_run_s,\n"
     "       round(duration_s, 1) AS duration_s, verdict, name, model\n"
     "FROM files WHERE status = 'scored' ORDER BY files.mean_fake DESC, files.worst_fake DESC, item LIMIT 20"},
    {"uncertain", "the 20 items closest to the middle between the verdicts' thresholds",
     "SELECT round(f.mean_fake, 4) AS mean_fake, f.verdict, f.name, f.model\n"
     "FROM files f JOIN items i USING (item) JOIN runs r USING (run) WHERE f.status = 'scored'\n"
     "ORDER BY abs(f.mean_fake - (r.real_below + r.fake_from) / 2), item LIMIT 20"},
    {"windows", "the 30 windows that sound most fake, with their place in the recording",
     "SELECT round(sigmoid(-llr), 4) AS p, round(start_s, 2) AS start_s, round(end_s, 2) AS end_s, flags,\n"
     "       name, model\n"
     "FROM window_scores WHERE llr IS NOT NULL ORDER BY llr, item, idx LIMIT 30"},
    {"stretches", "the 30 most suspicious stretches: neighbouring windows at the threshold, merged (more by voxtrawl export)",
     "WITH over AS (SELECT s.*, round(s.start_s / r.hop_s)\n"
     "              - row_number() OVER (PARTITION BY s.item, s.channel ORDER BY s.start_s) AS island\n"
     "              FROM window_scores s JOIN items i USING (item) JOIN runs r USING (run) WHERE sigmoid(-s.llr) >= r.fake_from)\n"
     "SELECT round(avg(sigmoid(-llr)), 4) AS mean_fake, round(max(sigmoid(-llr)), 4) AS max_fake, round(min(start_s), 2) AS start_s,\n"
     "       round(max(end_s), 2) AS end_s, channel, name, model\n"
     "FROM over GROUP BY item, channel, island ORDER BY avg(sigmoid(-llr)) DESC, item, channel, min(start_s) LIMIT 30"},
    {"inserted", "items that are real on the whole, but not throughout: the longest suspicious stretches first",
     "SELECT round(longest_run_s, 1) AS longest_run_s, round(duration_s, 1) AS duration_s, round(mean_fake, 4) AS mean_fake,\n"
     "       round(worst_fake, 4) AS worst_fake, verdict, name, model\n"
     "FROM files WHERE verdict <> 'fake' AND longest_run_s > 0 ORDER BY files.longest_run_s DESC, files.worst_fake DESC, item LIMIT 30"},
    {"errors", "items without a score, by cause",
     "SELECT count(*) AS items, status, replace(coalesce(error, ''), path, '(path)') AS cause, min(path) AS for_example\n"
     "FROM items WHERE status IN ('failed', 'not_scored') GROUP BY 2, 3 ORDER BY 1 DESC, 2, 3"},
    {"failed", "every item that failed, with its reason",
     "SELECT name, error FROM errors WHERE status = 'failed' ORDER BY item"},
    {"warnings", "items that were read, with what should be known of them",
     "SELECT f.name, i.status, i.warning FROM items i JOIN files f USING (item) WHERE i.warning IS NOT NULL ORDER BY item"},
    {"by-folder", "items and scores by folder (or archive)",
     "SELECT CASE WHEN i.member IS NULL THEN rtrim(i.path, replace(i.path, '/', '')) ELSE i.path END AS folder,\n"
     "       count(*) AS items, count(*) FILTER (WHERE i.verdict = 'fake') AS fake,\n"
     "       count(*) FILTER (WHERE i.verdict = 'uncertain') AS uncertain,\n"
     "       count(*) FILTER (WHERE i.verdict = 'real') AS real,\n"
     "       count(*) FILTER (WHERE i.status = 'failed') AS failed,\n"
     "       round(avg(i.mean_fake), 4) AS mean_fake, " MODEL "\n"
     "FROM items i JOIN runs r USING (run) GROUP BY 1, model ORDER BY 3 DESC, 1, model"},
    {"by-format", "items, sound and failures by format",
     "SELECT coalesce(format, kind) AS format, sample_rate, channels, count(*) AS items,\n"
     "       round(sum(duration_s) / 3600, 3) AS hours, sum(status = 'failed') AS failed\n"
     "FROM items GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"},
    {"metadata", "the metadata's columns, with scores by value for those of at most 20 values",
     "SELECT m.key, m.value, count(*) AS items, round(avg(i.mean_fake), 4) AS mean_fake, " MODEL "\n"
     "FROM metadata m JOIN items i USING (item) JOIN runs r USING (run)\n"
     "WHERE m.key IN (SELECT key FROM metadata GROUP BY key HAVING count(DISTINCT value) <= 20)\n"
     "GROUP BY 1, 2, model ORDER BY 1, 3 DESC, 2, model"},
    {"disagreements", "stretches that people marked otherwise than the model scored them",
     "SELECT label, CASE WHEN p >= fake_from THEN 'fake' WHEN p < real_below THEN 'real' ELSE 'uncertain' END AS model_says,\n"
     "       round(p, 4) AS p, start_s, end_s, name, remark, reviewer, model\n"
     "FROM (SELECT v.*, avg(sigmoid(-w.llr)) AS p, w.name, w.model, r.fake_from, r.real_below FROM reviews v JOIN items i USING (item)\n"
     "      JOIN runs r USING (run) JOIN window_scores w ON w.item = coalesce(i.same_as, i.item)\n"
     "           AND w.start_s < v.end_s AND w.end_s > v.start_s AND (v.channel = 0 OR w.channel = v.channel)\n"
     "      WHERE v.label <> 'unsure' AND w.llr IS NOT NULL AND " VX_REVIEWS_VALID "\n"
     "      GROUP BY v.review)\n"
     "WHERE label <> model_says ORDER BY item, start_s, review"},
    {"outside", "items unlike what the model was measured on: their scores mean less",
     "SELECT outside, round(bandwidth_hz) AS bandwidth_hz, round(level_dbfs, 1) AS level_dbfs,\n"
     "       round(active_share, 2) AS active_share, verdict, round(mean_fake, 4) AS mean_fake, name, model\n"
     "FROM files WHERE outside IS NOT NULL AND status = 'scored' ORDER BY files.outside, item"},
    {"duplicates", "items that share their content, the first of each before its copies",
     "WITH shared AS (SELECT hash, kind, min(item) AS first, count(*) AS items FROM items WHERE hash IS NOT NULL\n"
     "                GROUP BY hash, kind HAVING count(*) > 1)\n"
     "SELECT s.first, s.items, f.item, f.name, i.same_as, f.status, f.verdict, round(f.mean_fake, 4) AS mean_fake, i.hash, f.model\n"
     "FROM shared s JOIN items i ON i.hash = s.hash AND i.kind = s.kind JOIN files f ON f.item = i.item ORDER BY s.first, f.item"},
    {"measured", "how these recordings sound, as \"measured\" of a profile: 1st and 99th percentile",
     "SELECT printf('\"measured\": {\"level_dbfs\": [%.1f, %.1f], \"bandwidth_hz\": [%.0f, %.0f], \"active_share\": [%.2f, %.2f]}',\n"
     "       percentile(level_dbfs, 1), percentile(level_dbfs, 99), percentile(bandwidth_hz, 1),\n"
     "       percentile(bandwidth_hz, 99), percentile(active_share, 1), percentile(active_share, 99)) AS measured,\n"
     "       count(level_dbfs) AS items FROM items WHERE status = 'scored'"},
    {"runs", "the scans in this database",
     "SELECT run, started, finished, state,\n"
     "       coalesce(model_name, model_path, '') || CASE WHEN model_trained = 0 THEN ' (untrained)' ELSE '' END AS model,\n"
     "       substr(model_sha256, 1, 12) AS model_sha256, profile_name,\n"
     "       coalesce('P(fake), calibrated on ' || calibrated_on, 'scores, not probabilities') AS p, real_below, fake_from,\n"
     "       engine, precision, window_s, hop_s, ranks,\n"
     "       round(audio_s / 3600, 3) AS hours, custody, substr(revision, 1, 12) AS revision, command FROM runs ORDER BY run"},
    {"speed", "how fast the scans were",
     "SELECT r.run, r.ranks, round(r.wall_s, 1) AS wall_s, round(r.cpu_s, 1) AS cpu_s,\n"
     "       (SELECT sum(n_scored) FROM items i WHERE i.run = r.run) AS windows_scored,\n"
     "       round((SELECT sum(n_scored) FROM items i WHERE i.run = r.run) / r.wall_s, 1) AS windows_per_s,\n"
     "       round(r.audio_s / r.wall_s, 1) AS times_real_time FROM runs r ORDER BY 1"},
    {"energy", "watt-hours of the scans, of whole machines, and what that comes to for an hour of sound",
     "SELECT run, started, round(audio_s / 3600, 3) AS hours_of_sound, round(wall_s / 3600, 4) AS hours,\n"
     "       round(cpu_wh, 3) AS cpu_wh, round(gpu_wh, 3) AS gpu_wh,\n"
     "       round(nullif(coalesce(cpu_wh, 0) + coalesce(gpu_wh, 0), 0) / (audio_s / 3600), 4) AS wh_per_hour_of_sound,\n"
     "       round(nullif(coalesce(cpu_wh, 0) + coalesce(gpu_wh, 0), 0) / 1000 * grid_g_per_kwh, 3) AS co2_g,\n"
     "       CASE WHEN cpu_wh IS NULL AND gpu_wh IS NULL THEN 'not measured' WHEN cpu_wh IS NULL THEN 'GPUs alone'\n"
     "            WHEN gpu_wh IS NULL THEN 'processors alone' ELSE 'processors and GPUs' END AS of\n"
     "FROM runs ORDER BY run"},
    {"pending", "items that no finished part of a scan has read yet",
     "SELECT path, member FROM items WHERE status = 'pending' ORDER BY item"},
    {NULL, NULL, NULL},
};

const struct vx_named_query *vx_named_queries(void)
{
    return queries;
}

const struct vx_named_query *vx_named_query_find(const char *name)
{
    for (const struct vx_named_query *q = queries; q->name; q++)
        if (strcasecmp(q->name, name) == 0)
            return q;
    return NULL;
}
