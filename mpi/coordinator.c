/* One loop: take what the list has grown by, feed workers that hold fewer than two leases, handle one message, look who
 * has been silent too long. What is done for each message does not depend on the number of workers. A worker that leaves the loop's table, by BYE or as lost, never comes back into it; what a
 * lost one says later is ignored, for its leases belong to others by then. */
#include "mpi/coordinator.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "mpi/coordinator_internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEASES_A_WORKER = 2 }; /* one running and one ahead, so that a worker never waits for the answer to DONE */
static const double SILENT_SECONDS = 120, BYE_SECONDS = 60, ALIVE_SECONDS = 10, LOOK_SECONDS = 0.05;

static bool is_present(const struct vx_seat *w)
{
    return w->presence == EXPECTED || w->presence == WORKING;
}

/* Sends c->message. A rank that cannot be reached is lost; anything else is the job's failure. */
static void send_to(struct vx_coordinator *c, int i)
{
    struct vx_err err = {0};
    const enum vx_status rc = vx_hub_send(c->config->hub, i, &c->message, &err);

    if (rc != VX_OK && rc != VX_EMPI)
        vx_coordinator_fail(c, rc, &err);
    else if (rc == VX_EMPI && is_present(&c->workers[i]))
        vx_coordinator_lose(c, i, err.text, false);
}

static void tell_to_finish(struct vx_coordinator *c, int i, double now)
{
    struct vx_seat *w = &c->workers[i];

    if (w->told)
        return;
    w->told = true;
    w->last_heard = now;
    vx_wire_put_finish(&c->message);
    send_to(c, i);
}

/* Reads the items of lease from the list into c->message. */
static enum vx_status pack_lease(struct vx_coordinator *c, const struct vx_lease *lease, struct vx_err *err)
{
    struct vx_msg_lease m = {.lease = lease->id};
    enum vx_status rc;

    if (!(m.items = vx_calloc((size_t)lease->count, sizeof *m.items)))
        return vx_fail_nomem(err, "the items of a lease");
    m.n = (size_t)lease->count;
    if ((rc = vx_itemlist_read(c->config->list, lease->first, m.n, m.items, err)) == VX_OK)
        vx_wire_put_lease(&c->message, &m);
    vx_msg_lease_clear(&m);
    return rc;
}

/* A lease for worker i, if there is one for it. False: nothing is pending, or the run has failed. */
static bool give(struct vx_coordinator *c, int i, double now)
{
    struct vx_leases *leases = c->config->leases;
    struct vx_lease lease;
    struct vx_err err = {0};
    enum vx_status rc = vx_leases_grant(leases, i, c->n_present, now, &lease, &err);

    if (rc == VX_DONE) /* suspects, or more than its share: not for this worker beside what it holds */
        return vx_leases_counts(leases).pending > 0;
    if (rc != VX_OK || (rc = pack_lease(c, &lease, &err)) != VX_OK) {
        vx_coordinator_fail(c, rc, &err);
        return false;
    }
    c->workers[i].held++;
    send_to(c, i);
    return !c->stopping;
}

static bool wants(const struct vx_coordinator *c, int i, int holding)
{
    return c->workers[i].presence == WORKING && c->workers[i].held == holding;
}

/* Gives leases while there are any: first to those who hold none, then one ahead to all. With thousands of workers that is
 * worth a look at each only when there is more than there was; otherwise only who was heard last can want one. */
static void feed(struct vx_coordinator *c, double now)
{
    const bool more = vx_leases_counts(c->config->leases).pending > c->left;
    bool on = true;

    for (int holding = 0; on && holding < LEASES_A_WORKER; holding++) {
        if (more)
            for (int i = 0; on && i < c->n_workers; i++)
                on = !wants(c, i, holding) || give(c, i, now);
        else if (c->asking >= 0 && wants(c, c->asking, holding))
            on = give(c, c->asking, now);
    }
    c->asking = -1;
    c->left = vx_leases_counts(c->config->leases).pending;
}

/* Takes over what the listing thread has added. */
static void take_listed(struct vx_coordinator *c)
{
    const bool ended = atomic_load(c->config->listing_ended); /* before *listed: the count is final then */
    const int64_t listed = atomic_load(c->config->listed);
    struct vx_err err = {0};
    enum vx_status rc;

    if (listed > vx_leases_counts(c->config->leases).items &&
        (rc = vx_leases_extend(c->config->leases, listed, &err)) != VX_OK)
        vx_coordinator_fail(c, rc, &err);
    else if (ended)
        vx_leases_close(c->config->leases);
    if (!c->stopping && c->config->release && (rc = c->config->release(c->config->ctx, c->config->leases, &err)) != VX_OK)
        vx_coordinator_fail(c, rc, &err);
}

/* MPI does not tell the workers either that rank 0 has died: they hear from it as often as it hears from them. */
static void say_alive(struct vx_coordinator *c, double now)
{
    const double silent = c->config->silent_seconds > 0 ? c->config->silent_seconds : SILENT_SECONDS;

    if (now - c->last_alive < (silent / 4 < ALIVE_SECONDS ? silent / 4 : ALIVE_SECONDS))
        return;
    c->last_alive = now;
    vx_wire_put_alive(&c->message);
    for (int i = 1; i < c->n_workers; i++)
        if (is_present(&c->workers[i]))
            send_to(c, i);
}

static void count_windows(struct vx_coordinator *c, int i, int64_t windows)
{
    c->windows += windows - c->workers[i].windows;
    c->workers[i].windows = windows;
}

static void leave(struct vx_coordinator *c, int i, const struct vx_msg_bye *bye)
{
    struct vx_seat *w = &c->workers[i];
    struct vx_coordinator_result *r = c->result;

    w->presence = GONE;
    count_windows(c, i, bye->windows_scored);
    c->n_present--;
    r->cpu_s += bye->cpu_s;
    r->peak_rss = bye->peak_rss > r->peak_rss ? bye->peak_rss : r->peak_rss;
    r->engine_wait_s += bye->engine_wait_s;
    r->decode_wait_s += bye->decode_wait_s;
    w->energy = bye->energy;
    const int leases = vx_leases_lose_worker(c->config->leases, i);
    if (!w->told)
        vx_log_say(c->config->log, VX_LOG_WARNING, "%s has left before the end (%d lease%s back)", vx_seat_name(c, i).text,
                   leases, leases == 1 ? " goes" : "s go");
}

static void handle_done(struct vx_coordinator *c, int i, const struct vx_msg_done *done)
{
    struct vx_err err = {0};

    if (vx_leases_complete(c->config->leases, i, done->lease, &err) != VX_OK) {
        vx_log_say(c->config->log, VX_LOG_WARNING, "%s: %s; ignored", vx_seat_name(c, i).text, err.text);
        return;
    }
    c->workers[i].held--;
    vx_tally_add(&c->result->tally, &done->tally);
}

static void handle_hello(struct vx_coordinator *c, int i)
{
    struct vx_seat *w = &c->workers[i];
    char *host = vx_text_printable(w->hello.host), *engine = vx_text_printable(w->hello.engine);

    w->greeted = true;
    w->presence = WORKING;
    snprintf(w->hello.host, sizeof w->hello.host, "%s", host ? host : "?");
    snprintf(w->hello.engine, sizeof w->hello.engine, "%s", engine ? engine : "?");
    vx_log_say(c->config->log, VX_LOG_DEBUG, "rank %d on %s, process %d, is ready: %d threads, %s", i, w->hello.host,
               w->hello.pid, w->hello.threads, w->hello.engine);
    free(host);
    free(engine);
}

/* Says which items are scored for those that worker i asks about. */
static enum vx_status handle_claim(struct vx_coordinator *c, int i, struct vx_err *err)
{
    const int64_t items = vx_leases_counts(c->config->leases).items;
    struct vx_msg_claim claim;
    struct vx_msg_answer answer;
    enum vx_status rc = vx_wire_get_claim(&c->message, &claim, err);

    if (rc != VX_OK)
        return rc;
    if (!c->config->claims)
        return vx_fail(err, VX_EFORMAT, "a claim, though every item is to be scored: ranks with other options?");
    answer.n = claim.n;
    for (size_t k = 0; k < claim.n; k++) {
        struct vx_answer *const to = &answer.answers[k];
        to->item = claim.claims[k].item;
        if (to->item < 1 || to->item > items)
            return vx_fail(err, VX_EFORMAT, "a claim for item %lld of %lld", (long long)to->item, (long long)items);
        if ((rc = vx_claims_make(c->config->claims, to->item, claim.claims[k].key, &to->scored, err)) != VX_OK) {
            vx_coordinator_fail(c, rc, err);
            return VX_OK;
        }
    }
    vx_wire_put_answer(&c->message, &answer);
    send_to(c, i);
    return VX_OK;
}

/* VX_EFORMAT: nothing a worker may say. */
static enum vx_status handle(struct vx_coordinator *c, int i, struct vx_err *err)
{
    struct vx_seat *w = &c->workers[i];
    enum vx_msg_type type;
    enum vx_status rc;
    union {
        struct vx_msg_done done;
        struct vx_msg_note note;
        struct vx_msg_bye bye;
        struct vx_msg_fail fail;
    } m;

    if ((rc = vx_wire_type(&c->message, &type, err)) != VX_OK)
        return rc;
    switch (type) {
    case VX_MSG_HELLO:
        if (w->greeted)
            return vx_fail(err, VX_EFORMAT, "a second HELLO");
        if ((rc = vx_wire_get_hello(&c->message, &w->hello, err)) == VX_OK)
            handle_hello(c, i);
        return rc;
    case VX_MSG_DONE:
        if ((rc = vx_wire_get_done(&c->message, &m.done, err)) == VX_OK)
            handle_done(c, i, &m.done);
        return rc;
    case VX_MSG_NOTE:
        if ((rc = vx_wire_get_note(&c->message, &m.note, err)) == VX_OK)
            count_windows(c, i, m.note.windows_scored);
        return rc;
    case VX_MSG_BYE:
        if ((rc = vx_wire_get_bye(&c->message, &m.bye, err)) == VX_OK)
            leave(c, i, &m.bye);
        return rc;
    case VX_MSG_FAIL:
        if ((rc = vx_wire_get_fail(&c->message, &m.fail, err)) == VX_OK)
            vx_coordinator_lose(c, i, m.fail.text, false);
        return rc;
    case VX_MSG_CLAIM:
        return handle_claim(c, i, err);
    case VX_MSG_LEASE:
    case VX_MSG_FINISH:
    case VX_MSG_ALIVE:
    case VX_MSG_ANSWER:
    case VX_MSG_PART:
    case VX_MSG_END:
        break;
    case VX_MSG_READY:
        return vx_fail(err, VX_EFORMAT, "a READY that nobody has asked for");
    }
    return vx_fail(err, VX_EFORMAT, "a message that only the coordinator sends");
}

/* Waits up to `seconds` for a message and acts on it. */
static enum vx_status listen(struct vx_coordinator *c, double seconds, struct vx_err *err)
{
    struct vx_err why = {0};
    enum vx_status rc;
    bool got;
    int i;

    if ((rc = vx_hub_receive(c->config->hub, &i, &c->message, seconds, &got, err)) != VX_OK || !got)
        return rc;
    struct vx_seat *w = &c->workers[i];
    w->last_heard = vx_clock_now();
    if (!is_present(w))
        return VX_OK;
    c->asking = i;
    if (handle(c, i, &why) != VX_OK) {
        vx_coordinator_lose(c, i, why.text, false);
        tell_to_finish(c, i, w->last_heard);
    }
    return VX_OK;
}

/* How long worker i may say nothing. MPI does not tell that a rank has died; one that is alive says so every ten seconds,
 * but for a commit that its disk is slow to take. Opening the model may take long, and holds nothing back. Rank 0's own
 * worker cannot die alone. */
static double patience(const struct vx_coordinator *c, int i)
{
    const struct vx_coordinator_config *config = c->config;

    if (c->workers[i].told)
        return config->bye_seconds > 0 ? config->bye_seconds : BYE_SECONDS;
    if (i == 0 || c->workers[i].presence == EXPECTED)
        return INFINITY;
    return config->silent_seconds > 0 ? config->silent_seconds : SILENT_SECONDS;
}

static void lose_the_silent(struct vx_coordinator *c, double now)
{
    char why[128];

    if (now - c->last_look < LOOK_SECONDS)
        return;
    c->last_look = now;
    for (int i = 0; i < c->n_workers; i++) {
        const struct vx_seat *w = &c->workers[i];
        if (!is_present(w) || now - w->last_heard <= patience(c, i))
            continue;
        snprintf(why, sizeof why, "nothing heard for %.0f s%s", now - w->last_heard,
                 w->told ? " after it was told to finish" : "");
        vx_coordinator_lose(c, i, why, !w->told);
        tell_to_finish(c, i, now); /* in case it is alive */
    }
}

/* All is done: but items that rely on one whose file became another have to be worked on after all. */
static void take_up_orphans(struct vx_coordinator *c)
{
    struct vx_leases *const leases = c->config->leases;
    struct vx_claims *const claims = c->config->claims;
    struct vx_err err = {0};
    enum vx_status rc = VX_OK;

    if (!claims || !vx_leases_finished(leases))
        return;
    for (int64_t item = 0; rc == VX_OK && (item = vx_claims_orphan(claims, item)) != 0;) {
        vx_claims_forget(claims, item);
        if ((rc = vx_leases_forget(leases, item, &err)) == VX_OK)
            vx_leases_release(leases, item, 1);
    }
    if (rc != VX_OK)
        vx_coordinator_fail(c, rc, &err);
}

static void watch_stop(struct vx_coordinator *c)
{
    if (c->stopping || !atomic_load(c->config->stop))
        return;
    c->stopping = true;
    vx_log_say(c->config->log, VX_LOG_INFO, "stopping: what is complete is kept");
}

/* Until no worker is left in the table. Fails only where the workers can no longer be heard. */
static enum vx_status serve(struct vx_coordinator *c, struct vx_err *err)
{
    enum vx_status rc;

    while (c->n_present > 0) {
        const double now = vx_clock_now();
        watch_stop(c);
        if (!c->stopping)
            take_listed(c);
        if (!c->stopping)
            take_up_orphans(c);
        if (!c->stopping)
            feed(c, now);
        const bool finished = vx_leases_finished(c->config->leases);
        for (int i = 0; (finished || c->stopping) && !c->all_told && i < c->n_workers; i++)
            if (is_present(&c->workers[i]))
                tell_to_finish(c, i, now);
        c->all_told = finished || c->stopping;
        lose_the_silent(c, now);
        vx_coordinator_report(c, now);
        say_alive(c, now);
        /* short enough for a stop to be noticed, shorter while workers wait for the listing */
        const bool hungry = vx_leases_counts(c->config->leases).pending == 0 && !atomic_load(c->config->listing_ended);
        if ((rc = listen(c, hungry ? 0.01 : 0.1, err)) != VX_OK)
            return rc;
    }
    return VX_OK;
}

/* What the run as a whole came to, once every worker has left the table. */
static enum vx_status conclude(struct vx_coordinator *c, struct vx_err *err)
{
    const struct vx_lease_counts counts = vx_leases_counts(c->config->leases);
    const bool finished = vx_leases_finished(c->config->leases);

    c->result->already_done = counts.done > c->result->tally.items ? counts.done - c->result->tally.items : 0;
    c->result->windows_scored = c->windows;
    vx_coordinator_hosts(c, &c->result->hosts_json);
    vx_coordinator_energy(c, &c->result->energy);
    vx_log_progress(c->config->log, "");
    if (c->job_status != VX_OK) {
        if (err)
            *err = c->job_err;
        return c->job_status;
    }
    c->result->stopped = !finished && atomic_load(c->config->stop);
    if (!finished && !c->result->stopped)
        return vx_fail(err, VX_EMPI, "%lld of %lld items are done, and no worker is left: %s", (long long)counts.done,
                       (long long)counts.items,
                       c->first_loss.text[0] ? c->first_loss.text : "all of them ended by themselves");
    if (c->result->hosts_json.failed)
        return vx_fail_nomem(err, "the description of the hosts");
    return VX_OK;
}

enum vx_status vx_coordinator_run(const struct vx_coordinator_config *config, struct vx_coordinator_result *result,
                                  struct vx_err *err)
{
    struct vx_coordinator c = {.config = config, .result = result, .asking = -1};
    const double start = vx_clock_now();
    struct vx_err unheard = {0};
    enum vx_status rc;

    *result = (struct vx_coordinator_result){0};
    c.n_workers = c.n_present = vx_hub_workers(config->hub);
    if (!(c.workers = vx_calloc((size_t)c.n_workers, sizeof *c.workers)))
        return vx_fail_nomem(err, "the table of workers");
    for (int i = 0; i < c.n_workers; i++)
        c.workers[i].last_heard = start;
    c.last_line = start;
    if ((rc = serve(&c, &unheard)) != VX_OK)
        vx_coordinator_fail(&c, rc, &unheard);
    rc = conclude(&c, err);
    vx_buf_free(&c.message);
    free(c.workers);
    return rc;
}

void vx_coordinator_dismiss(struct vx_hub *hub)
{
    struct vx_buf message = {0};
    struct vx_err ignored; /* the caller is failing already, with a better reason */

    vx_wire_put_finish(&message);
    for (int i = 0; i < vx_hub_workers(hub); i++)
        (void)!vx_hub_send(hub, i, &message, &ignored);
    vx_buf_free(&message);
}
