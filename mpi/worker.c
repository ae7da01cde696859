#include "mpi/worker.h"
#include "base/clock.h"
#include "base/mem.h"
#include "mpi/wire.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOTE_SECONDS 0.2   /* between notes of progress: as often as a terminal's line is redrawn */
#define NOTE_CROWD_SECONDS 0.001 /* or so long for each rank there is: rank 0 need not read more than a thousand a second */
#define ALIVE_SECONDS 10   /* between notes without any: the coordinator must not think this rank dead */
#define BUSY_SECONDS 0.002 /* longest wait for one side while the other may have something */
#define ASK_SECONDS 0.0005 /* the same where decoders ask (claimer.h), and would wait for their questions to be noticed */
#define IDLE_SECONDS 0.05
#define KEEP_SECONDS 5

struct worker {
    const struct vx_worker_config *c;
    struct vx_buf message;
    int held;          /* leases submitted and not reported */
    int asked;         /* questions without an answer: decoders wait for it */
    size_t held_items; /* of those leases */
    bool finishing, told; /* FINISH came; a signal was seen */
    double noted_at, kept_at;
    double heard_at; /* 0: never yet */
    int64_t noted;
    const struct vx_item_result **results; /* scratch for held_items */
    size_t cap_results;
};

static enum vx_status say_hello(struct worker *w, struct vx_err *err)
{
    struct vx_msg_hello hello = {.rank = w->c->rank, .pid = (int32_t)getpid(), .threads = w->c->threads};

    snprintf(hello.host, sizeof hello.host, "%s", w->c->host);
    snprintf(hello.engine, sizeof hello.engine, "%s", w->c->engine);
    vx_wire_put_hello(&w->message, &hello);
    return vx_link_send(w->c->link, &w->message, err);
}

static struct vx_energy read_meter(struct worker *w)
{
    struct vx_joules_used used = {0};

    if (w->c->meter)
        vx_joules_read(w->c->meter, &used);
    return (struct vx_energy){used.cpu_known, used.gpu_known, used.cpu_j, used.gpu_j};
}

static enum vx_status say_bye(struct worker *w, struct vx_err *err)
{
    const struct vx_pipeline_stats stats = vx_pipeline_stats(w->c->pipeline);
    const struct vx_msg_bye bye = {
        .cpu_s = vx_clock_cpu() + stats.decoders_cpu_s,
        .peak_rss = vx_clock_peak_rss() + stats.decoders_rss,
        .engine_wait_s = stats.engine_wait_s,
        .decode_wait_s = stats.decode_wait_s,
        .energy = read_meter(w),
        .windows_scored = stats.windows_scored,
    };

    vx_wire_put_bye(&w->message, &bye);
    return vx_link_send(w->c->link, &w->message, err);
}

static enum vx_status take_lease(struct worker *w, struct vx_err *err)
{
    struct vx_msg_lease lease = {0};
    struct vx_job *job = NULL;
    void *results = w->results;
    enum vx_status rc = vx_wire_get_lease(&w->message, &lease, err);

    if (rc == VX_OK && vx_grow(&results, &w->cap_results, w->held_items + lease.n, sizeof *w->results) != 0)
        rc = vx_fail_nomem(err, "a lease");
    w->results = results;
    if (rc == VX_OK && lease.n > 0) /* before the first of them is opened */
        vx_hand_take(w->c->hand, lease.lease, lease.items[0].id, lease.n);
    if (rc == VX_OK && (rc = vx_job_create(&job, lease.lease, lease.items, lease.n, err)) == VX_OK &&
        (rc = vx_pipeline_submit(w->c->pipeline, job, err)) == VX_OK) {
        w->held++;
        w->held_items += lease.n;
    } else {
        vx_job_destroy(&job);
    }
    vx_msg_lease_clear(&lease);
    return rc;
}

static enum vx_status take_answer(struct worker *w, struct vx_err *err)
{
    struct vx_msg_answer m;
    const enum vx_status rc = vx_wire_get_answer(&w->message, &m, err);

    if (rc != VX_OK || !w->c->claimer)
        return rc;
    for (size_t i = 0; i < m.n; i++)
        vx_claimer_answer(w->c->claimer, m.answers[i].item, m.answers[i].scored);
    w->asked -= (int)m.n;
    return VX_OK;
}

/* Passes on what decoders want to know. */
static enum vx_status ask(struct worker *w, struct vx_err *err)
{
    struct vx_msg_claim m;

    if (!w->c->claimer || (m.n = vx_claimer_take(w->c->claimer, m.claims, VX_WIRE_MAX_CLAIMS)) == 0)
        return VX_OK;
    w->asked += (int)m.n;
    vx_wire_put_claim(&w->message, &m);
    return vx_link_send(w->c->link, &w->message, err);
}

/* One message, if one comes in time. */
static enum vx_status listen(struct worker *w, double seconds, struct vx_err *err)
{
    enum vx_msg_type type;
    bool got;
    enum vx_status rc = vx_link_receive(w->c->link, &w->message, seconds, &got, err);

    if (rc != VX_OK || !got || (rc = vx_wire_type(&w->message, &type, err)) != VX_OK)
        return rc;
    w->heard_at = vx_clock_now();
    if (type == VX_MSG_LEASE)
        return take_lease(w, err);
    if (type == VX_MSG_ANSWER)
        return take_answer(w, err);
    if (type == VX_MSG_ALIVE)
        return VX_OK;
    if (type == VX_MSG_FINISH) {
        w->finishing = true;
        return VX_OK;
    }
    return vx_fail(err, VX_EFORMAT, "the coordinator sent a message of type %d, which no worker expects", (int)type);
}

static void count(struct vx_tally *tally, const struct vx_item_result *result)
{
    tally->items++;
    tally->scored += result->status == VX_ITEM_SCORED;
    tally->not_scored += result->status == VX_ITEM_NOT_SCORED;
    tally->failed += result->status == VX_ITEM_FAILED;
    tally->windows += (int64_t)result->n_windows;
    tally->verdicts[result->aggregate.verdict] += result->status == VX_ITEM_SCORED || result->status == VX_ITEM_NOT_SCORED;
    tally->audio_s += result->info.duration_s;
}

/* Commits what is complete of the leases in work. */
static enum vx_status keep(struct worker *w, struct vx_err *err)
{
    const size_t n = vx_pipeline_take(w->c->pipeline, w->results, w->held_items);

    w->kept_at = vx_clock_now();
    return vx_shard_commit(w->c->shard, w->results, n, err);
}

/* Commits what is not yet committed of a finished lease, then reports it. */
static enum vx_status report(struct worker *w, struct vx_job *job, struct vx_err *err)
{
    struct vx_msg_done done = {.lease = job->lease};
    const size_t n = vx_job_take(job, w->results, w->held_items);
    enum vx_status rc;

    if ((rc = vx_shard_commit(w->c->shard, w->results, n, err)) != VX_OK)
        return rc;
    vx_hand_done(w->c->hand, job->lease);
    for (size_t i = 0; i < job->n; i++)
        count(&done.tally, &job->results[i]);
    vx_wire_put_done(&w->message, &done);
    w->held--;
    w->held_items -= job->n;
    return vx_link_send(w->c->link, &w->message, err);
}

static enum vx_status collect(struct worker *w, struct vx_err *err)
{
    double wait = w->held == 0 || w->asked > 0 ? 0 : w->c->claimer ? ASK_SECONDS : BUSY_SECONDS;

    while (w->held > 0) {
        struct vx_job *job;
        enum vx_status rc = vx_pipeline_collect(w->c->pipeline, &job, wait, err);
        if (rc != VX_OK)
            return rc;
        if (!job)
            break;
        rc = report(w, job, err);
        vx_job_destroy(&job);
        if (rc != VX_OK)
            return rc;
        wait = 0;
    }
    const double every = w->c->keep_seconds > 0 ? w->c->keep_seconds : KEEP_SECONDS;
    return w->held > 0 && vx_clock_now() - w->kept_at > every ? keep(w, err) : VX_OK;
}

static enum vx_status note(struct worker *w, struct vx_err *err)
{
    const struct vx_msg_note n = {.windows_scored = vx_pipeline_stats(w->c->pipeline).windows_scored};
    const double now = vx_clock_now(), lost = w->c->lost_seconds;
    const double alive = lost > 0 && lost / 4 < ALIVE_SECONDS ? lost / 4 : ALIVE_SECONDS;
    const double crowd = w->c->ranks * NOTE_CROWD_SECONDS, every = crowd < NOTE_SECONDS ? NOTE_SECONDS : crowd;

    if (now - w->noted_at < (n.windows_scored == w->noted || every > alive ? alive : every))
        return VX_OK;
    w->noted = n.windows_scored;
    w->noted_at = now;
    vx_wire_put_note(&w->message, &n);
    return vx_link_send(w->c->link, &w->message, err);
}

/* What may come from outside: a signal, which launchers follow up by KILL, and the death of rank 0, which MPI does not tell. */
static enum vx_status watch(struct worker *w, struct vx_err *err)
{
    const double silent = w->heard_at > 0 ? vx_clock_now() - w->heard_at : 0;

    if (!w->told && w->c->stop && atomic_load(w->c->stop)) {
        w->told = true;
        vx_hand_told(w->c->hand);
        return w->held > 0 ? keep(w, err) : VX_OK;
    }
    if (w->c->lost_seconds <= 0 || silent <= w->c->lost_seconds)
        return VX_OK;
    if (w->held > 0 && keep(w, err) != VX_OK)
        return err->status;
    return vx_fail(err, VX_EMPI, "nothing heard from rank 0 for %.0f s; what is complete is kept", silent);
}

enum vx_status vx_worker_run(const struct vx_worker_config *config, struct vx_err *err)
{
    struct worker w = {.c = config, .noted_at = vx_clock_now(), .kept_at = vx_clock_now()};
    enum vx_status rc = say_hello(&w, err);

    while (rc == VX_OK && !w.finishing) {
        if ((rc = listen(&w, w.asked > 0 ? BUSY_SECONDS : w.held > 0 ? 0 : IDLE_SECONDS, err)) == VX_OK && (rc = ask(&w, err)) == VX_OK &&
            (rc = collect(&w, err)) == VX_OK && (rc = note(&w, err)) == VX_OK && !w.finishing)
            rc = watch(&w, err);
    }
    if (rc == VX_OK && w.held > 0)
        rc = keep(&w, err);
    if (rc == VX_OK)
        rc = say_bye(&w, err);
    else
        vx_worker_give_up(config->link, err);
    vx_buf_free(&w.message);
    free(w.results);
    return rc;
}

void vx_worker_give_up(struct vx_link *link, const struct vx_err *why)
{
    struct vx_buf message = {0};
    struct vx_msg_fail fail = {.status = (int32_t)why->status};
    struct vx_err unheard;

    snprintf(fail.text, sizeof fail.text, "%s", why->text);
    vx_wire_put_fail(&message, &fail);
    (void)!vx_link_send(link, &message, &unheard); /* nobody to tell if this fails too */
    vx_buf_free(&message);
}
