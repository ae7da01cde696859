/* scan.c - voxtrawl scan: one program on a laptop, under mpirun and in a Slurm step
 * Rank 0 decides (configuration, work folder), lists, coordinates, works like the others in a thread of its own, and merges.
 * Every rank opens model, engine and shard for itself. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "db/merge.h"
#include "db/shard.h"
#include "jobs/command.h"
#include "jobs/listing.h"
#include "jobs/rundir.h"
#include "jobs/scan_options.h"
#include "jobs/scan_record.h"
#include "jobs/summary.h"
#include "mpi/coordinator.h"
#include "mpi/worker.h"
#include "mpi/world.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define MAX_CPUS 1024
#define LANES_A_DECODER 6 /* one decoder thread keeps at least this many engine threads busy (docs/speed.md) */

struct scan {
    const struct vx_command *self;
    struct vx_world world;
    struct vx_scan_options options;
    struct vx_log *log;
    struct vx_scanner scanner;
    struct vx_scan_record record;
    struct vx_rundir rundir; /* rank 0 */
    char *work;              /* owned: path of the work folder */
    int attempt;
    double started_at;
};

static atomic_bool stop_wanted; /* set by the signal handler, which can be told nothing else */

static void on_signal(int number)
{
    atomic_store(&stop_wanted, true);
    signal(number, SIG_DFL); /* a second one ends the process at once */
}

static void fresh_uuid(char uuid[33])
{
    unsigned char random[16];

    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        const double now = vx_clock_now();
        memset(random, 0, sizeof random);
        memcpy(random, &now, sizeof now);
    }
    for (size_t i = 0; i < sizeof random; i++)
        snprintf(uuid + 2 * i, 3, "%02x", random[i]);
}

/* Keep this rank's threads on its share of the host's processors; returns how many they are. */
static enum vx_status bind_to_share(struct scan *s, struct vx_err *err)
{
    int cpus[MAX_CPUS], n;
    cpu_set_t set;
    const enum vx_status rc = vx_world_cpus(&s->world, cpus, MAX_CPUS, &n, err);

    if (rc != VX_OK)
        return rc;
    CPU_ZERO(&set);
    for (int i = 0; i < n; i++)
        CPU_SET(cpus[i], &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        vx_log_say(s->log, VX_LOG_DEBUG, "cannot bind to processors; going on without");
    s->options.scanner.lanes = s->options.threads ? (int)s->options.threads : n;
    return VX_OK;
}

/* Rank 0's decisions, before any other rank begins. */
static enum vx_status decide(struct scan *s, struct vx_err *err)
{
    enum vx_status rc;

    if (!s->options.overwrite && access(s->options.out, F_OK) == 0)
        return vx_fail(err, VX_EINVAL, "%s exists; give -o another name, or --overwrite to replace it", s->options.out);
    if ((rc = vx_scanner_open(&s->scanner, &s->options.scanner, s->log, err)) != VX_OK)
        return rc;
    fresh_uuid(s->record.uuid);
    vx_clock_utc(s->record.started);
    if ((rc = vx_scan_record_fill(&s->record, &s->options, &s->scanner, err)) != VX_OK ||
        (rc = vx_rundir_open(&s->rundir, s->work, &s->record, err)) != VX_OK)
        return rc;
    s->attempt = s->rundir.attempt;
    return VX_OK;
}

/* Tell the other ranks what rank 0 decided; an empty plan means that it could not begin. */
static enum vx_status share_plan(struct scan *s, bool ok, struct vx_err *err)
{
    struct vx_buf plan = {0};
    enum vx_status rc;
    char precision[8];

    vx_buf_add(&plan, "", 0);
    if (s->world.rank == 0 && ok)
        vx_buf_fmt(&plan, "uuid %s\nstarted %s\nfingerprint %s\nattempt %d\nprecision %s\n", s->record.uuid,
                   s->record.started, s->record.fingerprint, s->attempt,
                   vx_precision_name(s->scanner.engine->precision));
    if (plan.failed) {
        vx_buf_free(&plan);
        return vx_fail_nomem(err, "the plan");
    }
    rc = vx_world_broadcast(&s->world, &plan, err);
    if (rc == VX_OK && s->world.rank != 0) {
        if (plan.len == 0)
            rc = vx_fail(err, VX_ESTOP, "rank 0 could not begin");
        else if (sscanf(plan.data, "uuid %32s\nstarted %24s\nfingerprint %64s\nattempt %d\nprecision %7s\n",
                        s->record.uuid, s->record.started, s->record.fingerprint, &s->attempt, precision) != 5)
            rc = vx_fail(err, VX_EFORMAT, "rank 0 sent a plan this program does not understand: ranks of different versions?");
        else
            s->options.scanner.precision = strcmp(precision, "bf16") == 0 ? "bf16" : "fp32";
    }
    vx_buf_free(&plan);
    return rc;
}

/* A rank other than 0 makes itself ready, by the plan. */
static enum vx_status follow(struct scan *s, struct vx_err *err)
{
    char planned[VX_SHA256_HEX];
    enum vx_status rc;

    memcpy(planned, s->record.fingerprint, sizeof planned);
    if ((rc = vx_scanner_open(&s->scanner, &s->options.scanner, s->log, err)) != VX_OK ||
        (rc = vx_scan_record_fill(&s->record, &s->options, &s->scanner, err)) != VX_OK)
        return rc;
    if (strcmp(planned, s->record.fingerprint) != 0)
        return vx_fail(err, VX_EINVAL, "this rank would score differently than rank 0 (other model files, program or decoder "
                                       "version on this host?): %s", s->record.config_json.data);
    return VX_OK;
}

/* The working half of a rank: shard, pipeline, worker loop. */
static enum vx_status work(struct scan *s, struct vx_link *link, struct vx_err *err)
{
    const struct vx_run run = vx_scan_record_run(&s->record, &s->options, &s->scanner);
    const struct vx_pipeline_config config = {
        .engine = s->scanner.engine,
        .profile = &s->scanner.profile,
        .processor = &s->scanner.processor,
        .labels = &s->scanner.labels,
        .rule = vx_scan_rule(&s->options, &s->scanner.profile),
        .batch = s->scanner.batch,
        .decoders = (s->scanner.engine->lanes + LANES_A_DECODER - 1) / LANES_A_DECODER,
        .max_member_bytes = (size_t)s->options.max_member_mib << 20,
    };
    struct vx_worker_config worker = {
        .link = link,
        .engine = s->scanner.engine->description,
        .host = s->world.host,
        .rank = s->world.rank,
        .threads = s->scanner.engine->lanes,
    };
    char *path = vx_rundir_shard(s->work, s->attempt, s->world.rank);
    enum vx_status rc;

    if (!path)
        rc = vx_fail_nomem(err, "a path");
    else if ((rc = vx_shard_open(&worker.shard, path, &run, err)) == VX_OK)
        rc = vx_pipeline_create(&worker.pipeline, &config, err);
    if (rc == VX_OK)
        rc = vx_worker_run(&worker, err);
    else
        vx_worker_give_up(link, err);
    vx_pipeline_destroy(&worker.pipeline);
    vx_shard_close(&worker.shard);
    free(path);
    return rc;
}

static int follow_and_work(struct scan *s)
{
    struct vx_link *link = NULL;
    struct vx_err err;
    enum vx_status rc;

    if ((rc = share_plan(s, true, &err)) != VX_OK)
        return VX_EXIT_FAILED; /* rank 0 has said why */
    if ((rc = vx_link_create(&link, &s->world, &err)) == VX_OK) {
        if ((rc = follow(s, &err)) != VX_OK)
            vx_worker_give_up(link, &err);
        else
            rc = work(s, link, &err);
    }
    if (rc != VX_OK)
        vx_log_say(s->log, VX_LOG_ERROR, "%s", err.text);
    vx_link_destroy(&link);
    return rc == VX_OK ? VX_EXIT_OK : VX_EXIT_FAILED;
}

struct local_worker {
    struct scan *scan;
    struct vx_link *link;
};

static void *local_worker_main(void *arg)
{
    struct local_worker *w = arg;
    struct vx_err err;

    (void)!work(w->scan, w->link, &err); /* the coordinator hears of a failure */
    return NULL;
}

struct done_marker {
    struct vx_leases *leases;
    enum vx_status rc;
    struct vx_err *err;
};

static void mark_done(void *ctx, int64_t item)
{
    struct done_marker *m = ctx;

    if (m->rc == VX_OK)
        m->rc = vx_leases_mark_done(m->leases, item, m->err);
}

/* What earlier attempts have committed need not be done again. */
static enum vx_status resume(const struct scan *s, struct vx_itemlist *list, struct vx_leases *leases,
                             struct vx_err *err)
{
    struct done_marker marker = {.leases = leases, .err = err};
    enum vx_status rc = vx_leases_extend(leases, vx_itemlist_count(list), err);

    for (size_t i = 0; rc == VX_OK && i < s->rundir.n_shards; i++)
        if ((rc = vx_shard_items(s->rundir.shards[i], mark_done, &marker, err)) == VX_OK)
            rc = marker.rc;
    return rc;
}

/* List, hand out, wait: everything between the first item and the last commit. */
static enum vx_status coordinate(struct scan *s, struct vx_coordinator_result *result, int64_t *skipped,
                                 struct vx_err *err)
{
    struct vx_itemlist *list = NULL;
    struct vx_leases *leases = NULL;
    struct vx_hub *hub = NULL;
    struct vx_listing listing = {0};
    struct local_worker local = {.scan = s};
    pthread_t thread;
    enum vx_status rc, listed;
    struct vx_err listing_err;
    int failed;

    if ((rc = vx_hub_create(&hub, &local.link, &s->world, err)) != VX_OK)
        vx_world_abort(&s->world, VX_EXIT_FAILED); /* the other ranks cannot be told otherwise */
    if ((rc = vx_itemlist_open(&list, s->rundir.items_path, err)) != VX_OK ||
        (rc = vx_leases_create(&leases, s->options.lease, err)) != VX_OK ||
        (rc = resume(s, list, leases, err)) != VX_OK ||
        (rc = vx_listing_start(&listing, list, s->options.inputs, s->options.n_inputs, &stop_wanted, err)) != VX_OK) {
        vx_coordinator_dismiss(hub);
        goto done;
    }
    if ((failed = pthread_create(&thread, NULL, local_worker_main, &local)) != 0) {
        rc = vx_fail(err, VX_ESYS, "cannot start a thread: %s", strerror(failed));
        atomic_store(&stop_wanted, true);
        vx_coordinator_dismiss(hub);
    } else {
        const struct vx_coordinator_config config = {
            .hub = hub,
            .list = list,
            .leases = leases,
            .listed = &listing.listed,
            .listing_ended = &listing.ended,
            .stop = &stop_wanted,
            .log = s->log,
            .progress_seconds = 30,
            .window_s = vx_scan_rule(&s->options, &s->scanner.profile).hop_seconds,
        };
        rc = vx_coordinator_run(&config, result, err);
        atomic_store(&stop_wanted, stop_wanted || rc != VX_OK);
        pthread_join(thread, NULL);
    }
    listed = vx_listing_join(&listing, &listing_err);
    *skipped = listing.stats.skipped;
    if (rc == VX_OK && listed != VX_OK) {
        *err = listing_err;
        rc = listed;
    }
done:
    vx_hub_destroy(&hub, &local.link);
    vx_leases_destroy(&leases);
    vx_itemlist_close(&list);
    return rc;
}

/* All is committed: one database of it. */
static enum vx_status finish(struct scan *s, const struct vx_coordinator_result *result, struct vx_merge_stats *stats,
                             struct vx_err *err)
{
    struct vx_run run = vx_scan_record_run(&s->record, &s->options, &s->scanner);
    char finished[25];
    enum vx_status rc;

    vx_clock_utc(finished);
    run.state = "complete";
    run.finished = finished;
    run.hosts_json = result->hosts_json.data;
    run.ranks = s->world.size;
    run.wall_s = vx_clock_now() - s->started_at;
    run.cpu_s = result->cpu_s;
    run.audio_s = result->tally.audio_s;
    if ((rc = vx_rundir_rescan(&s->rundir, err)) != VX_OK)
        return rc;
    rc = vx_merge(s->options.out, (const char *const *)s->rundir.shards, s->rundir.n_shards, s->rundir.items_path,
                  &run, stats, err);
    if (rc == VX_OK && !s->options.keep_work)
        vx_rundir_remove(&s->rundir);
    return rc;
}

static int lead(struct scan *s)
{
    struct vx_coordinator_result result = {0};
    struct vx_merge_stats merged = {0};
    struct vx_err err, plan_err;
    int64_t skipped = 0;
    enum vx_status rc = decide(s, &err);
    int status = VX_EXIT_FAILED;

    if (share_plan(s, rc == VX_OK, &plan_err) != VX_OK && rc == VX_OK) {
        err = plan_err;
        rc = err.status;
    }
    if (rc != VX_OK)
        return vx_command_fail(s->self, &err);
    vx_summary_begin(s->log, &s->options, &s->scanner, s->world.size, s->rundir.resumed, s->work);
    rc = coordinate(s, &result, &skipped, &err);
    vx_log_progress(s->log, "");
    if (rc == VX_OK && result.stopped) {
        fprintf(stderr, "voxtrawl scan: stopped; what is done is kept in %s, the same command goes on from there\n", s->work);
        status = VX_EXIT_STOPPED;
    } else if (rc == VX_OK && (rc = finish(s, &result, &merged, &err)) == VX_OK) {
        if (!s->options.quiet)
            vx_summary_end(&(struct vx_summary){.options = &s->options, .scanner = &s->scanner, .run = &result,
                                                .merged = &merged, .skipped = skipped,
                                                .wall_s = vx_clock_now() - s->started_at});
        status = merged.items > 0 && merged.failed == merged.items ? VX_EXIT_ALL_FAILED : VX_EXIT_OK;
        if (merged.items == 0)
            vx_log_say(s->log, VX_LOG_WARNING, "no recordings found in what was named");
    }
    if (rc != VX_OK) {
        vx_command_fail(s->self, &err);
        fprintf(stderr, "voxtrawl scan: what is done is kept in %s, the same command goes on from there\n", s->work);
    }
    vx_buf_free(&result.hosts_json);
    return status;
}

/* Everything a rank needs before it leads or follows. */
static enum vx_status prepare(struct scan *s, struct vx_err *err)
{
    char tag[32];
    enum vx_status rc;

    snprintf(tag, sizeof tag, "rank %d", s->world.rank);
    rc = vx_log_open(&s->log, s->world.rank ? tag : NULL, s->options.quiet ? VX_LOG_WARNING : VX_LOG_INFO, err);
    if (rc != VX_OK)
        return rc;
    if (s->options.work)
        s->work = strdup(s->options.work);
    else if (asprintf(&s->work, "%s.work", s->options.out) < 0)
        s->work = NULL;
    if (!s->work)
        return vx_fail_nomem(err, "a path");
    return bind_to_share(s, err);
}

int vx_cmd_scan(const struct vx_command *self, int argc, char **argv)
{
    struct scan s = {.self = self, .started_at = vx_clock_now(), .rundir.lock = -1};
    struct vx_err err;
    int status;

    if (vx_world_open(&s.world, &argc, &argv, &err) != VX_OK)
        return vx_command_fail(self, &err);
    if (vx_scan_record_command(&s.record, argc, argv, &err) != VX_OK)
        return vx_command_fail(self, &err);
    status = vx_scan_options_parse(&s.options, self, argc, argv, s.world.rank != 0);
    if (status < 0) {
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        if (prepare(&s, &err) != VX_OK) {
            status = vx_command_fail(self, &err);
            vx_world_abort(&s.world, status); /* the others would wait for this rank */
        } else {
            status = s.world.rank == 0 ? lead(&s) : follow_and_work(&s);
        }
    }
    vx_scanner_close(&s.scanner);
    vx_scan_record_free(&s.record);
    vx_rundir_close(&s.rundir);
    free(s.work);
    vx_log_close(&s.log);
    vx_world_close(&s.world);
    return status;
}
