#include "tests/scale/sim.h"
#include "base/clock.h"
#include "base/mem.h"
#include "mpi/coordinator.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct event {
    double at;
    int64_t order; /* of those at the same time, the first made comes first */
    int worker;
    enum vx_msg_type type; /* HELLO, DONE or BYE, to the coordinator */
    int64_t lease, items;  /* of DONE */
};

struct vx_hub {
    const struct sim *sim;
    double *busy_until;   /* [n_workers] */
    struct event *event;  /* [n_events], a binary heap, the earliest first */
    size_t n_events, cap_events;
    int64_t made;
    unsigned char *done;  /* [n_items] how often */
    struct sim_outcome *out;
    double own_s; /* processor time spent here */
    double started;
    _Atomic int64_t listed;
    atomic_bool listing_ended;
    int64_t weighed;
};

static double sim_now; /* the clock of the coordinator under test, which asks for it by name */

double vx_clock_now(void)
{
    return sim_now;
}

void vx_clock_sleep(double seconds)
{
    sim_now += seconds;
}

static double cpu_time(void) /* real, of this thread */
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool earlier(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static enum vx_status push(struct vx_hub *hub, struct event e, struct vx_err *err)
{
    void *p = hub->event;
    size_t i = hub->n_events;

    if (vx_grow(&p, &hub->cap_events, i + 1, sizeof *hub->event) != 0)
        return vx_fail_nomem(err, "an event");
    hub->event = p;
    hub->n_events++;
    e.order = hub->made++;
    for (; i > 0 && earlier(&e, &hub->event[(i - 1) / 2]); i = (i - 1) / 2)
        hub->event[i] = hub->event[(i - 1) / 2];
    hub->event[i] = e;
    return VX_OK;
}

static struct event pop(struct vx_hub *hub)
{
    const struct event first = hub->event[0], last = hub->event[--hub->n_events];
    size_t i = 0;

    for (size_t child; (child = 2 * i + 1) < hub->n_events; i = child) {
        child += child + 1 < hub->n_events && earlier(&hub->event[child + 1], &hub->event[child]);
        if (!earlier(&hub->event[child], &last))
            break;
        hub->event[i] = hub->event[child];
    }
    hub->event[i] = last;
    return first;
}

int vx_hub_workers(const struct vx_hub *hub)
{
    return hub->sim->n_workers;
}

/* The worker does it as soon as it is free. */
static enum vx_status take_lease(struct vx_hub *hub, int worker, const struct vx_buf *message, struct vx_err *err)
{
    const double arrives = sim_now + hub->sim->latency_s;
    struct vx_msg_lease lease;
    enum vx_status rc = vx_wire_get_lease(message, &lease, err);
    double at;

    if (rc != VX_OK)
        return rc;
    at = hub->busy_until[worker] > arrives ? hub->busy_until[worker] : arrives;
    for (size_t i = 0; i < lease.n; i++) {
        const int64_t id = lease.items[i].id;
        at += hub->sim->item_s[id - 1];
        hub->done[id - 1]++;
    }
    hub->busy_until[worker] = at;
    hub->out->leases++;
    if (at - hub->started > hub->out->makespan_s)
        hub->out->makespan_s = at - hub->started;
    rc = push(hub, (struct event){.at = at + hub->sim->latency_s, .worker = worker, .type = VX_MSG_DONE,
                                  .lease = lease.lease, .items = (int64_t)lease.n}, err);
    vx_msg_lease_clear(&lease);
    return rc;
}

enum vx_status vx_hub_send(struct vx_hub *hub, int worker, const struct vx_buf *message, struct vx_err *err)
{
    const double entered = cpu_time();
    enum vx_msg_type type;
    enum vx_status rc = vx_wire_type(message, &type, err);

    hub->out->messages++;
    if (rc == VX_OK && type == VX_MSG_LEASE)
        rc = take_lease(hub, worker, message, err);
    else if (rc == VX_OK && type == VX_MSG_FINISH)
        rc = push(hub, (struct event){.at = sim_now + 2 * hub->sim->latency_s, .worker = worker, .type = VX_MSG_BYE}, err);
    hub->own_s += cpu_time() - entered;
    return rc;
}

static void write_message(const struct event *e, struct vx_buf *message)
{
    const struct vx_msg_hello hello = {.rank = e->worker, .threads = 1, .host = "simulated", .engine = "none"};
    const struct vx_msg_done done = {.lease = e->lease, .tally = {.items = e->items, .scored = e->items}};
    const struct vx_msg_bye bye = {.cpu_s = 0};

    if (e->type == VX_MSG_HELLO)
        vx_wire_put_hello(message, &hello);
    else if (e->type == VX_MSG_DONE)
        vx_wire_put_done(message, &done);
    else
        vx_wire_put_bye(message, &bye);
}

enum vx_status vx_hub_receive(struct vx_hub *hub, int *worker, struct vx_buf *message, double seconds, bool *got,
                              struct vx_err *err)
{
    const double entered = cpu_time();

    (void)err;
    *got = hub->n_events > 0 && hub->event[0].at <= sim_now + seconds;
    if (*got) {
        const struct event e = pop(hub);
        sim_now = e.at > sim_now ? e.at : sim_now;
        *worker = e.worker;
        write_message(&e, message);
        hub->out->messages++;
    } else {
        sim_now += seconds;
    }
    if (hub->sim->listed_per_s > 0) {
        const double listed = (sim_now - hub->started) * hub->sim->listed_per_s;
        hub->listed = listed < (double)hub->sim->n_items ? (int64_t)listed : hub->sim->n_items;
        hub->listing_ended = hub->listed == hub->sim->n_items;
    }
    hub->own_s += cpu_time() - entered;
    return VX_OK;
}

/* As jobs/resume.c does for a run from its beginning. */
static enum vx_status weigh(void *ctx, struct vx_leases *leases, struct vx_err *err)
{
    struct vx_hub *hub = ctx;
    const int64_t items = vx_leases_counts(leases).items;
    enum vx_status rc = VX_OK;

    for (; rc == VX_OK && hub->sim->weight && hub->weighed < items; hub->weighed++)
        rc = vx_leases_weigh(leases, hub->weighed + 1, hub->sim->weight[hub->weighed], err);
    return rc;
}

static double ideal(const struct sim *sim)
{
    double total = 0, longest = 0;

    for (int64_t i = 0; i < sim->n_items; i++) {
        total += sim->item_s[i];
        longest = sim->item_s[i] > longest ? sim->item_s[i] : longest;
    }
    return fmax(total / sim->n_workers, longest);
}

static enum vx_status each_once(const struct vx_hub *hub, struct vx_err *err)
{
    for (int64_t i = 0; i < hub->sim->n_items; i++)
        if (hub->done[i] != 1)
            return vx_fail(err, VX_EINVAL, "item %lld was done %d times", (long long)i + 1, hub->done[i]);
    return VX_OK;
}

enum vx_status sim_run(const struct sim *sim, struct sim_outcome *out, struct vx_err *err)
{
    struct vx_hub hub = {.sim = sim, .out = out, .started = sim_now, .listed = sim->listed_per_s > 0 ? 0 : sim->n_items,
                         .listing_ended = sim->listed_per_s <= 0};
    struct vx_coordinator_result result = {0};
    const atomic_bool stop = false;
    struct vx_leases *leases = NULL;
    struct vx_log *log = NULL;
    enum vx_status rc;

    *out = (struct sim_outcome){.ideal_s = ideal(sim)};
    hub.busy_until = vx_calloc((size_t)sim->n_workers, sizeof *hub.busy_until);
    hub.done = vx_calloc((size_t)sim->n_items, 1);
    if (!hub.busy_until || !hub.done) {
        rc = vx_fail_nomem(err, "the simulation");
        goto done;
    }
    if ((rc = vx_log_open(&log, NULL, VX_LOG_ERROR, err)) != VX_OK || (rc = vx_leases_create(&leases, sim->max_items, err)) != VX_OK)
        goto done;
    for (int i = 0; rc == VX_OK && i < sim->n_workers; i++)
        rc = push(&hub, (struct event){.at = sim_now + sim->latency_s, .worker = i, .type = VX_MSG_HELLO}, err);
    const struct vx_coordinator_config config = {
        .hub = &hub, .list = sim->list, .leases = leases, .listed = &hub.listed, .listing_ended = &hub.listing_ended,
        .stop = &stop, .log = log, .progress_seconds = 1e9, .window_s = 2, .silent_seconds = 1e9, .bye_seconds = 1e9,
        .release = weigh, .ctx = &hub};
    const double before = cpu_time();
    if (rc == VX_OK)
        rc = vx_coordinator_run(&config, &result, err);
    out->cpu_s = cpu_time() - before - hub.own_s;
    if (rc == VX_OK)
        rc = each_once(&hub, err);
done:
    vx_buf_free(&result.hosts_json);
    vx_leases_destroy(&leases);
    vx_log_close(&log);
    free(hub.event);
    free(hub.busy_until);
    free(hub.done);
    return rc;
}
