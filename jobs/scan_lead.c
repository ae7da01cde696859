/* scan_lead.c - rank 0: the list of the corpus, the coordinator with a worker beside it, the merge at the end */
#include "base/clock.h"
#include "db/merge.h"
#include "jobs/listing.h"
#include "jobs/progress_file.h"
#include "jobs/resume.h"
#include "jobs/resume_content.h"
#include "jobs/scan_run.h"
#include "jobs/spent.h"
#include "jobs/summary.h"
#include "mpi/coordinator.h"
#include "mpi/worker.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BYE_SECONDS 60      /* for a rank that was told to finish, at most */
#define CLOSING_SECONDS 5   /* for a rank that said BYE to end its decoders and close its shard */
#define PROGRESS_SECONDS 30 /* between lines where stderr is no terminal */

struct local_worker {
    struct vx_scan *scan;
    struct vx_link *link;
    pthread_t thread;
    bool started;
};

static void *local_worker_main(void *arg)
{
    struct local_worker *w = arg;
    struct vx_err err;

    (void)!vx_scan_work(w->scan, w->link, &err); /* the coordinator hears of a failure */
    return NULL;
}

static void start_local_worker(struct local_worker *w)
{
    const int failed = pthread_create(&w->thread, NULL, local_worker_main, w);
    struct vx_err err;

    w->started = failed == 0;
    if (failed) { /* the other ranks can do without it */
        (void)vx_fail(&err, VX_ESYS, "cannot start a thread: %s", strerror(failed));
        vx_worker_give_up(w->link, &err);
    }
}

/* What the coordinator asks back for. */
struct lead {
    struct vx_scan *scan;
    struct vx_resume resume;
};

static enum vx_status release(void *ctx, struct vx_leases *leases, struct vx_err *err)
{
    struct lead *lead = ctx;

    return vx_resume_release(&lead->resume, leases, err);
}

static void beat(void *ctx, const struct vx_coordinator_state *state)
{
    const struct vx_scan *s = ((const struct lead *)ctx)->scan;
    struct vx_progress_note note = {.updated = time(NULL), .attempt = s->attempt, .pid = (int)getpid(), .state = *state};

    snprintf(note.host, sizeof note.host, "%s", s->world.host);
    vx_progress_note_write(s->work, &note);
}

/* Hands out what is listed and waits for it: until all is committed, or the scan is stopped or has failed. */
static enum vx_status hand_out(struct lead *lead, struct vx_itemlist *list, struct vx_leases *leases,
                               const struct vx_listing *listing, struct vx_coordinator_result *result, struct vx_err *err)
{
    struct vx_scan *const s = lead->scan;
    struct local_worker local = {.scan = s, .link = s->link};
    const struct vx_coordinator_config config = {
        .hub = s->hub,
        .list = list,
        .leases = leases,
        .claims = lead->resume.claims,
        .listed = &listing->listed,
        .listing_ended = &listing->ended,
        .stop = s->stop,
        .log = s->log,
        .progress_seconds = PROGRESS_SECONDS,
        .window_s = vx_scan_rule(&s->options, &s->scanner.profile).hop_seconds,
        .silent_seconds = s->options.lost_after,
        .bye_seconds = s->options.lost_after < BYE_SECONDS ? s->options.lost_after : BYE_SECONDS,
        .attempt = s->attempt,
        .release = release,
        .beat = beat,
        .ctx = lead,
    };
    enum vx_status rc;

    start_local_worker(&local);
    rc = vx_coordinator_run(&config, result, err);
    if (rc != VX_OK)
        atomic_store(s->stop, true); /* the listing need not go on */
    if (local.started)
        pthread_join(local.thread, NULL);
    return rc;
}

/* Ranks that were lost may still hold their shards; those that have just said BYE are about to close theirs. */
static enum vx_status free_held(const struct vx_scan *s, double patience_s, struct vx_err *err)
{
    int64_t n;
    const enum vx_status rc = vx_rundir_free_held(&s->rundir, patience_s, &n, err);

    if (rc == VX_OK && n > 0)
        vx_log_say(s->log, VX_LOG_WARNING, "%lld shard%s still locked by a rank that hangs: read from a copy", (long long)n,
                   n == 1 ? " is" : "s are");
    return rc;
}

/* Everything between the first item and the last commit. */
static enum vx_status coordinate(struct vx_scan *s, struct vx_coordinator_result *result, int64_t *skipped,
                                 struct vx_err *err)
{
    struct vx_itemlist *list = NULL;
    struct vx_leases *leases = NULL;
    struct vx_claims *claims = NULL;
    struct vx_listing listing = {0};
    struct vx_corpus_limits limits = vx_scan_limits(&s->options);
    struct lead lead = {.scan = s};
    enum vx_status rc, listed;
    struct vx_err listing_err;

    if (vx_hub_create(&s->hub, &s->link, &s->world, err) != VX_OK) {
        (void)vx_command_fail(s->self, err);
        vx_world_abort(&s->world, VX_EXIT_FAILED); /* the other ranks cannot be told otherwise */
    }
    limits.nursery = s->nursery;
    limits.sandbox = s->sandbox;
    if ((rc = vx_itemlist_open(&list, s->rundir.items_path, err)) != VX_OK ||
        (rc = vx_leases_create(&leases, s->options.lease, err)) != VX_OK ||
        (rc = free_held(s, 0, err)) != VX_OK ||
        (rc = vx_resume_open(&lead.resume, &s->rundir, list, leases, s->options.retry_failed, s->log, err)) != VX_OK ||
        (s->options.dedupe && ((rc = vx_claims_create(&claims, err)) != VX_OK ||
                               (rc = vx_resume_content(&s->rundir, claims, leases, err)) != VX_OK)) ||
        (rc = vx_listing_start(&listing, list, &lead.resume, s->options.inputs, s->options.n_inputs, s->options.part,
                               limits, s->stop, err)) != VX_OK) {
        vx_coordinator_dismiss(s->hub);
        goto done;
    }
    lead.resume.claims = claims;
    rc = hand_out(&lead, list, leases, &listing, result, err);
    listed = vx_listing_join(&listing, &listing_err);
    *skipped = listing.stats.skipped;
    if (rc == VX_OK && listed != VX_OK) {
        *err = listing_err;
        rc = listed;
    }
done:
    vx_resume_close(&lead.resume);
    vx_claims_destroy(&claims);
    vx_leases_destroy(&leases);
    vx_itemlist_close(&list);
    return rc;
}

static void say_decoding(const struct vx_scan *s)
{
    const int n = vx_scan_decoders(s);

    vx_log_say(s->log, VX_LOG_INFO, "decoding %d %s%s a rank%s", n, s->nursery ? "process" : "thread",
               n == 1 ? "" : s->nursery ? "es" : "s", s->sandbox ? ", in a sandbox" : s->nursery ? ", without sandbox" : "");
}

/* All is committed: one database of it. */
static enum vx_status finish(struct vx_scan *s, const struct vx_coordinator_result *result, const struct vx_energy *energy,
                             struct vx_merge_stats *stats, struct vx_err *err)
{
    struct vx_run run = vx_scan_record_run(&s->record, &s->options, &s->scanner);
    char finished[25];
    enum vx_status rc;

    vx_clock_utc(finished);
    run.state = "complete";
    run.finished = finished;
    run.hosts_json = result->hosts_json.data;
    run.ranks = s->world.size;
    if (!s->rundir.resumed) { /* else nobody knows what the earlier attempts took */
        run.wall_s = vx_clock_now() - s->started_at;
        run.cpu_s = result->cpu_s;
        run.engine_wait_s = result->engine_wait_s;
        run.decode_wait_s = result->decode_wait_s;
    }
    run.cpu_wh = energy->cpu_j / VX_J_PER_WH;
    run.gpu_wh = energy->gpu_j / VX_J_PER_WH;
    run.grid_g_per_kwh = s->options.grid_g_per_kwh;
    if ((rc = vx_rundir_rescan(&s->rundir, err)) != VX_OK ||
        (result->workers_lost > 0 && (rc = free_held(s, CLOSING_SECONDS, err)) != VX_OK))
        return rc;
    rc = vx_merge(s->options.out, (const char *const *)s->rundir.shards, s->rundir.n_shards, s->rundir.items_path,
                  &run, stats, err);
    if (rc == VX_OK && !s->options.keep_work)
        vx_rundir_remove(&s->rundir);
    return rc;
}

int vx_scan_lead(struct vx_scan *s)
{
    struct vx_coordinator_result result = {0};
    struct vx_merge_stats merged = {0};
    struct vx_joules_used meter = {0};
    struct vx_energy energy;
    struct vx_err err;
    int64_t skipped = 0;
    enum vx_status rc;
    int status = VX_EXIT_FAILED;

    vx_summary_begin(s->log, &s->options, &s->scanner, s->world.size, s->rundir.resumed, s->work);
    say_decoding(s);
    rc = coordinate(s, &result, &skipped, &err);
    vx_log_progress(s->log, "");
    vx_spent_add(s->work, s->attempt, &result.energy, &energy);
    if (s->meter)
        vx_joules_read(s->meter, &meter);
    if (rc == VX_OK && result.stopped) {
        fprintf(stderr, "voxtrawl scan: stopped\n");
        status = VX_EXIT_STOPPED;
    } else if (rc == VX_OK && (rc = finish(s, &result, &energy, &merged, &err)) == VX_OK) {
        if (!s->options.quiet)
            vx_summary_end(&(struct vx_summary){.options = &s->options, .scanner = &s->scanner, .run = &result,
                                                .merged = &merged, .skipped = skipped, .energy = &energy, .meter = &meter,
                                                .resumed = s->rundir.resumed, .ranks = s->world.size,
                                                .wall_s = vx_clock_now() - s->started_at});
        vx_summary_outside(s->log, &s->scanner.profile.measured, &merged, s->options.out);
        status = vx_tolerance_holds(&s->options.max_failed, merged.failed, merged.items) ? VX_EXIT_OK : VX_EXIT_FAILED_ITEMS;
        if (merged.items == 0)
            vx_log_say(s->log, VX_LOG_WARNING, "no recordings found in what was named");
    }
    if (rc != VX_OK)
        (void)vx_command_fail(s->self, &err); /* not its status: the command line was right */
    if (status == VX_EXIT_FAILED || status == VX_EXIT_STOPPED)
        fprintf(stderr, "voxtrawl scan: what is done is kept in %s, the same command goes on from there\n", s->work);
    vx_buf_free(&result.hosts_json);
    return status;
}
