/* scan.c - voxtrawl scan: one program on a laptop, under mpirun and in a Slurm step
 * Rank 0 decides (configuration, work folder) and tells the others its plan; every rank opens model, engine and shard for
 * itself, and one that would score differently is refused. Then rank 0 leads (scan_lead.c), and all work (scan_work.c). */
#include "base/clock.h"
#include "db/merge.h"
#include "io/decoder_serve.h"
#include "io/lister_serve.h"
#include "jobs/engines.h"
#include "jobs/outfile.h"
#include "jobs/sandbox_option.h"
#include "jobs/scan_run.h"
#include "mpi/parting.h"
#include "mpi/worker.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define MAX_CPUS 1024

#define PART_SECONDS 60 /* for the other ranks to say that they are ready to end, at most */
#define ONE_SIGNAL_S 1 /* told within this time is told once: by scancel both Slurm and mpirun tell every rank */

static atomic_bool stop_wanted; /* set by the signal handler, which can be told nothing else */
static _Atomic time_t stop_wanted_at;

static void on_signal(int number)
{
    struct timespec now;
    time_t first = 0;

    clock_gettime(CLOCK_MONOTONIC, &now);
    atomic_store(&stop_wanted, true);
    if (!atomic_compare_exchange_strong(&stop_wanted_at, &first, now.tv_sec) && now.tv_sec - first > ONE_SIGNAL_S) {
        signal(number, SIG_DFL); /* a second one ends the process at once */
        raise(number);
    }
}

/* A shell that starts a command in the background may have told it to ignore Ctrl-C: that stays. */
static void catch_signal(int number)
{
    if (signal(number, on_signal) == SIG_IGN)
        signal(number, SIG_IGN);
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

/* Keep this rank's threads on its share of the host's processors, as many as those unless told otherwise. */
static enum vx_status bind_to_share(struct vx_scan *s, struct vx_err *err)
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
    s->options.scanner.lanes = (int)s->options.threads;
    s->options.scanner.processors = n;
    s->options.scanner.local_rank = s->world.local_rank;
    if (s->options.threads > n && s->world.rank == 0)
        vx_log_say(s->log, VX_LOG_WARNING, "--threads %ld: this rank has %d processor%s, more threads take memory and gain nothing",
                   s->options.threads, n, n == 1 ? "" : "s");
    return VX_OK;
}

/* A job that Slurm has put back into the queue is the same job, which goes on: it must not start over each time. */
static void heed_restart(struct vx_scan_options *o)
{
    const char *count = getenv("SLURM_RESTART_COUNT");

    if (count && atoi(count) > 0)
        o->fresh = o->retry_failed = false;
}

/* Rank 0's decisions, before any other rank begins. What would fail at the end fails here. */
static enum vx_status decide(struct vx_scan *s, struct vx_err *err)
{
    const struct vx_scan_options *o = &s->options;
    enum vx_status rc;

    heed_restart(&s->options);
    if (strcmp(s->work, o->out) == 0)
        return vx_fail(err, VX_EINVAL, "--work %s is the result's name too; it takes a folder for the time of the scan", s->work);
    if ((rc = vx_outfile_free(o->out, o->overwrite, err)) != VX_OK ||
        (o->overwrite && (rc = vx_merge_check_out(o->out, err)) != VX_OK) ||
        (rc = vx_scanner_open(&s->scanner, &o->scanner, s->log, err)) != VX_OK ||
        (rc = vx_outfile_writable(o->out, err)) != VX_OK)
        return rc;
    fresh_uuid(s->record.uuid);
    vx_clock_utc(s->record.started);
    if ((rc = vx_scan_record_fill(&s->record, o, &s->scanner, err)) != VX_OK ||
        (rc = vx_rundir_open(&s->rundir, s->work, &s->record, o->inputs, (size_t)o->n_inputs, o->fresh, err)) != VX_OK)
        return rc;
    s->attempt = s->rundir.attempt;
    return VX_OK;
}

/* What the other ranks are told: the run, and in full what decides scores; or the status to end with. */
static void write_plan(const struct vx_scan *s, int status, struct vx_buf *plan)
{
    if (status != VX_EXIT_OK)
        vx_buf_fmt(plan, "end %d\n", status);
    else
        vx_buf_fmt(plan, "uuid %s\nstarted %s\nattempt %d\nprecision %s\n%s", s->record.uuid, s->record.started, s->attempt,
                   vx_precision_name(s->scanner.engine->precision), s->record.decisive.data);
}

/* A rank other than 0 makes itself ready, by the plan. */
static enum vx_status follow(struct vx_scan *s, const char *plan, struct vx_err *err)
{
    char differences[512];
    enum vx_status rc;
    int decisive = 0;

    if (sscanf(plan, "uuid %32s\nstarted %24s\nattempt %d\nprecision %7s\n%n", s->record.uuid, s->record.started, &s->attempt,
               s->precision, &decisive) != 4 || decisive == 0)
        return vx_fail(err, VX_EFORMAT, "rank 0 sent a plan this program does not understand: ranks of different versions?");
    s->options.scanner.precision = s->precision; /* rank 0 has resolved "auto" */
    if ((rc = vx_scanner_open(&s->scanner, &s->options.scanner, s->log, err)) != VX_OK ||
        (rc = vx_scan_record_fill(&s->record, &s->options, &s->scanner, err)) != VX_OK)
        return rc;
    if (vx_scan_record_differences(plan + decisive, s->record.decisive.data, differences, sizeof differences))
        return vx_fail(err, VX_EINVAL, "%s would score differently than rank 0 (other model files, program or decoders?): %s",
                       s->world.host, differences);
    return vx_rundir_check(s->work, s->record.uuid, s->world.host, err);
}

/* Returns the exit status. Of a failure that rank 0 has heard of and says, that of rank 0 tells: the others may have done
 * without this rank. */
static int follow_and_work(struct vx_scan *s, const char *plan)
{
    struct vx_err err;
    int status;

    if (sscanf(plan, "end %d", &status) == 1)
        return status; /* rank 0 has said why */
    if (vx_link_create(&s->link, &s->world, &err) != VX_OK) {
        vx_log_say(s->log, VX_LOG_ERROR, "%s", err.text);
        vx_world_abort(&s->world, VX_EXIT_FAILED); /* rank 0 cannot be told */
    }
    if (follow(s, plan, &err) != VX_OK)
        vx_worker_give_up(s->link, &err);
    else
        s->deserted = vx_scan_work(s, s->link, &err) == VX_EMPI;
    if (!s->deserted)
        return VX_EXIT_OK;
    vx_log_say(s->log, VX_LOG_ERROR, "%s", err.text); /* nobody else does */
    return VX_EXIT_FAILED;
}

static int process_life(int sock, int memory, const void *config)
{
    const enum vx_life *life = config;

    if (*life == VX_LIFE_LISTER)
        return vx_lister_serve(sock, memory, config);
    return vx_decoder_serve(sock, memory, config, vx_decoder_before);
}

/* Where files will be read, now that the options are known. */
static enum vx_status choose_decoding(struct vx_scan *s, struct vx_err *err)
{
    const struct vx_scan_options *o = &s->options;

    if (strcmp(o->decode_in, "threads") == 0) {
        vx_nursery_close(&s->nursery);
        return VX_OK;
    }
    return vx_sandbox_option_decide(o->sandbox, &s->sandbox, s->world.rank == 0 ? s->log : NULL, err);
}

/* What a host takes is measured once. In a container the host's files and libraries may lie elsewhere. */
static enum vx_status start_meter(struct vx_scan *s, struct vx_err *err)
{
    const struct vx_joules_config config = {.powercap = getenv("VOXTRAWL_POWERCAP"), .nvml = getenv("VOXTRAWL_NVML")};

    return vx_joules_start(&s->meter, &config, err);
}

/* Everything a rank needs before it leads or follows. */
static enum vx_status prepare(struct vx_scan *s, struct vx_err *err)
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
    if ((rc = choose_decoding(s, err)) != VX_OK || (rc = bind_to_share(s, err)) != VX_OK)
        return rc;
    return s->world.local_rank == 0 ? start_meter(s, err) : VX_OK;
}

/* Decide, tell, and go; returns the exit status. */
static int scan(struct vx_scan *s)
{
    struct vx_buf plan = {0};
    struct vx_err err;
    int status = VX_EXIT_OK;

    if (s->world.rank == 0) {
        if (decide(s, &err) != VX_OK)
            status = vx_command_fail(s->self, &err);
        write_plan(s, status, &plan);
    }
    if (vx_world_broadcast(&s->world, &plan, &err) != VX_OK)
        status = vx_command_fail(s->self, &err); /* fails on every rank */
    else if (s->world.rank != 0)
        status = follow_and_work(s, plan.data);
    else if (status == VX_EXIT_OK)
        status = vx_scan_lead(s);
    vx_buf_free(&plan);
    return status;
}

/* The end of MPI: together with the other ranks or, if one of them is gone, alone and not to return. */
static void part(struct vx_scan *s, int status)
{
    const double patience = s->options.lost_after < PART_SECONDS ? s->options.lost_after : PART_SECONDS;
    bool together = !s->deserted;

    if (s->hub)
        together = vx_parting_lead(s->hub, patience);
    else if (s->link && together)
        together = vx_parting_follow(s->link, patience);
    vx_hub_destroy(&s->hub, &s->link);
    if (!together)
        vx_world_leave(&s->world, status);
    vx_world_close(&s->world);
}

int vx_cmd_scan(const struct vx_command *self, int argc, char **argv)
{
    struct vx_scan s = {.self = self, .started_at = vx_clock_now(), .rundir.lock = -1, .stop = &stop_wanted};
    struct vx_err err;
    int status;

    /* the first of all: what is forked later would share the locks and memory of MPI, GPU and threads */
    if (vx_nursery_open(&s.nursery, process_life, &err) != VX_OK || vx_world_open(&s.world, &argc, &argv, &err) != VX_OK ||
        vx_scan_record_command(&s.record, argc, argv, &err) != VX_OK)
        return vx_command_fail(self, &err);
    status = vx_scan_options_parse(&s.options, self, argc, argv, s.world.rank != 0);
    if (status < 0) {
        catch_signal(SIGINT);
        catch_signal(SIGTERM);
        catch_signal(SIGUSR1); /* Slurm's, before the time limit */
        if (prepare(&s, &err) != VX_OK) {
            status = vx_command_fail(self, &err);
            vx_world_abort(&s.world, status); /* the others would wait for this rank */
        }
        status = scan(&s);
        if (s.world.rank == 0)
            vx_rundir_leave_status(s.work, status);
    }
    vx_joules_stop(&s.meter);
    vx_nursery_close(&s.nursery);
    vx_scanner_close(&s.scanner);
    vx_scan_record_free(&s.record);
    vx_rundir_close(&s.rundir);
    free(s.work);
    vx_log_close(&s.log);
    part(&s, status);
    return status;
}
