#include "jobs/summary.h"
#include "base/buf.h"
#include "base/text.h"
#include "db/query.h"
#include "jobs/spent.h"
#include "jobs/version.h"
#include "model/outside.h"

#include <stdio.h>
#include <string.h>

#define VERDICT_WORDS 160

static const char untrained[] = "UNTRAINED: its scores mean nothing";

/* "balanced: real below a mean of 0.3, fake from 0.7, uncertain between" */
static void describe_verdicts(const struct vx_scanner *s, char out[VERDICT_WORDS])
{
    const struct vx_profile *p = &s->profile;

    snprintf(out, VERDICT_WORDS, "%s: real below a mean of %g, fake from %g%s", s->verdict_by, p->real_below, p->fake_from,
             p->real_below < p->fake_from ? ", uncertain between" : "");
}

void vx_summary_begin(struct vx_log *log, const struct vx_scan_options *o, const struct vx_scanner *s, int ranks,
                      bool resumed, const char *work)
{
    const struct vx_window_rule rule = vx_scan_rule(o, &s->profile);
    const char *const revision = vx_version_revision();
    char score[VX_SCORE_WORDS], verdicts[VERDICT_WORDS];

    vx_profile_score_words(&s->profile, score, sizeof score);
    describe_verdicts(s, verdicts);
    vx_log_say(log, VX_LOG_INFO, "model    %s, %.1f M parameters, sha256 %.12s%s%s", s->model_path,
               (double)s->n_parameters / 1e6, s->model_sha256, s->trained ? "" : ", ", s->trained ? "" : untrained);
    if (s->shipped)
        vx_log_say(log, VX_LOG_INFO, "         voxtrawl's own small default model, not made for neural deepfakes: see its README.md");
    vx_log_say(log, VX_LOG_INFO, "profile  %s: %s", s->profile.name, s->profile.description);
    vx_log_say(log, VX_LOG_INFO, "windows  %g s every %g s%s", rule.window_seconds, rule.hop_seconds,
               o->channels == VX_CHANNELS_EACH    ? ", of each channel on its own"
               : o->channels == VX_CHANNELS_FIRST ? ", of the first channel"
                                                  : "");
    vx_log_say(log, VX_LOG_INFO, "scores   %s", score);
    vx_log_say(log, VX_LOG_INFO, "verdicts %s", verdicts);
    vx_log_say(log, VX_LOG_INFO, "engine   %s; %d rank%s, %d thread%s each, batch %d", s->engine->description, ranks,
               ranks == 1 ? "" : "s", s->engine->lanes, s->engine->lanes == 1 ? "" : "s", s->batch);
    vx_log_say(log, VX_LOG_INFO, "output   %s, work folder %s%s", o->out, work,
               resumed ? " (going on with an unfinished scan)" : "");
    if (o->custody || o->dedupe)
        vx_log_say(log, VX_LOG_INFO, "content  %s%s%s", o->custody ? "SHA-256 of each item" : "",
                   o->custody && o->dedupe ? ", " : "", o->dedupe ? "what is identical is scored once" : "");
    if (o->custody && (!revision || strstr(revision, "-dirty")))
        vx_log_say(log, VX_LOG_WARNING, "evidence names the program's revision, and %s",
                   revision ? "this program was built from a source that was changed since" : "this program does not know its own: "
                   "build it from a repository, or from an archive that git has made of one");
    if (rule.hop_seconds > rule.window_seconds)
        vx_log_say(log, VX_LOG_WARNING, "a hop of %g s is longer than a window of %g s: what lies between is not scored",
                   rule.hop_seconds, rule.window_seconds);
    if (!s->trained)
        vx_log_say(log, VX_LOG_WARNING, "the model is %s", untrained);
}

static void print_failures(const struct vx_summary *s)
{
    const struct vx_named_query *errors = vx_named_query_find("errors");
    struct vx_query_db *db = NULL;
    struct vx_err err;

    if (s->merged->failed + s->merged->not_scored == 0 || !errors)
        return;
    fprintf(stderr, "\nitems without a verdict, by cause:\n");
    if (vx_query_open(&db, s->options->out, &err) != VX_OK ||
        vx_query_run(db, errors->sql, VX_QUERY_TABLE, stderr, &err) != VX_OK)
        fprintf(stderr, "  %s\n", err.text);
    vx_query_close(&db);
}

/* Who waited for whom: which of the two would make the scan faster if there were more of it. */
static void print_waits(const struct vx_summary *s)
{
    const double engines = s->wall_s * s->ranks * s->scanner->engine->lanes;
    char a[32], b[32];

    fprintf(stderr, "  waiting   engine threads %s for sound (%.1f %% of their time), decoders %s for room\n",
            vx_text_duration(s->run->engine_wait_s, a, sizeof a), engines > 0 ? 100 * s->run->engine_wait_s / engines : 0,
            vx_text_duration(s->run->decode_wait_s, b, sizeof b));
}

void vx_summary_end(const struct vx_summary *s)
{
    const struct vx_coordinator_result *run = s->run;
    const struct vx_merge_stats *m = s->merged;
    char a[32], b[32], score[VX_SCORE_WORDS], verdicts[VERDICT_WORDS], energy[VX_SPENT_WORDS];

    fprintf(stderr, "\n%lld item%s in %s: %lld scored, %lld not scored, %lld failed", (long long)m->items,
            m->items == 1 ? "" : "s", vx_text_duration(s->wall_s, a, sizeof a), (long long)m->scored, (long long)m->not_scored,
            (long long)m->failed);
    if (run->already_done)
        fprintf(stderr, " (%lld of them done earlier)", (long long)run->already_done);
    if (m->same)
        fprintf(stderr, "; %lld of them copies of others, which alone were scored", (long long)m->same);
    if (s->skipped)
        fprintf(stderr, "; %lld other files passed over", (long long)s->skipped);
    fprintf(stderr, "\n  verdicts  fake %lld, uncertain %lld, real %lld\n",
            (long long)m->verdicts[VX_VERDICT_FAKE], (long long)m->verdicts[VX_VERDICT_UNCERTAIN],
            (long long)m->verdicts[VX_VERDICT_REAL]);
    describe_verdicts(s->scanner, verdicts);
    vx_profile_score_words(&s->scanner->profile, score, sizeof score);
    fprintf(stderr, "            %s\n  scores    %s\n", verdicts, score);
    fprintf(stderr, "  sound     %s, ", vx_text_duration(m->audio_s, a, sizeof a));
    if (run->already_done)
        fprintf(stderr, "of which %s now, ", vx_text_duration(run->tally.audio_s, a, sizeof a));
    fprintf(stderr, "%.0f times real time\n", s->wall_s > 0 ? run->tally.audio_s / s->wall_s : 0);
    fprintf(stderr, "  speed     %lld windows scored, %.1f a second over all\n", (long long)run->windows_scored,
            s->wall_s > 0 ? (double)run->windows_scored / s->wall_s : 0);
    fprintf(stderr, "  cost      %s of processor time, %s memory in the largest rank\n",
            vx_text_duration(run->cpu_s, a, sizeof a), vx_text_bytes(run->peak_rss, b, sizeof b));
    print_waits(s);
    fprintf(stderr, "  energy    %s\n", vx_spent_words(s->energy, s->meter, s->resumed ? 0 : s->wall_s, s->options->grid_g_per_kwh, energy));
    if (run->workers_lost)
        fprintf(stderr, "  ranks     %d lost on the way, their items were done by others\n", run->workers_lost);
    if (!s->scanner->trained)
        fprintf(stderr, "  model     %s\n", untrained);
    fprintf(stderr, "  result    %s\n", s->options->out);
    print_failures(s);
}

/* "bandwidth below 3.1 kHz (30)" */
static void add_outside(struct vx_buf *b, const struct vx_domain *measured, enum vx_outside what, int64_t items)
{
    const double from = vx_outside_limit(measured, what);

    if (items == 0)
        return;
    if (b->len > 0)
        vx_buf_str(b, ", ");
    switch (what) {
    case VX_OUTSIDE_LEVEL_BELOW:
    case VX_OUTSIDE_LEVEL_ABOVE:
        vx_buf_fmt(b, "level %s %.0f dBFS", what == VX_OUTSIDE_LEVEL_BELOW ? "below" : "above", from);
        break;
    case VX_OUTSIDE_BANDWIDTH_BELOW:
    case VX_OUTSIDE_BANDWIDTH_ABOVE:
        vx_buf_fmt(b, "bandwidth %s %.1f kHz", what == VX_OUTSIDE_BANDWIDTH_BELOW ? "below" : "above", from / 1000);
        break;
    case VX_OUTSIDE_ACTIVE_BELOW:
    case VX_OUTSIDE_ACTIVE_ABOVE:
        vx_buf_fmt(b, "active share %s %.0f %%", what == VX_OUTSIDE_ACTIVE_BELOW ? "below" : "above", 100 * from);
        break;
    }
    vx_buf_fmt(b, " (%lld)", (long long)items);
}

void vx_summary_outside(struct vx_log *log, const struct vx_domain *measured, const struct vx_merge_stats *merged,
                        const char *out)
{
    static const int order[VX_N_OUTSIDE] = {2, 3, 0, 1, 4, 5}; /* bits of enum vx_outside: bandwidth, level, active share */
    struct vx_buf what = {0};

    if (merged->outside == 0)
        return;
    for (int i = 0; i < VX_N_OUTSIDE; i++)
        add_outside(&what, measured, (enum vx_outside)(1 << order[i]), merged->outside_by[order[i]]);
    vx_log_say(log, VX_LOG_WARNING,
               "%lld of %lld recordings lie outside what the model was measured on: %s; their scores mean less. They are "
               "listed by: voxtrawl query %s --named outside",
               (long long)merged->outside, (long long)merged->compared, what.failed ? "?" : what.data, out);
    vx_buf_free(&what);
}
