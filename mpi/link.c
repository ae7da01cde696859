#include "mpi/link.h"
#include "base/clock.h"
#include "base/mem.h"
#include "mpi/link_local.h"
#include "mpi/link_mpi.h"
#include "mpi/wire.h"
#include "mpi/world.h"

#include <stdlib.h>

struct vx_link { /* either the two boxes, which are the hub's, or an own port to rank 0 */
    struct vx_mailbox *in, *out;
    int worker;
    struct vx_port *port;
};

struct vx_hub {
    int n_workers, n_local; /* workers 0 … n_local-1 are in this process, the others are ranks of the same number */
    struct vx_mailbox *inbox; /* from all local workers */
    struct vx_mailbox **outbox; /* [n_local] */
    struct vx_port *port;       /* NULL without remote workers */
    bool port_turn;             /* the port was asked last */
};

static enum vx_status check_message(const struct vx_buf *message, struct vx_err *err)
{
    if (message->failed)
        return vx_fail_nomem(err, "a message");
    if (message->len > VX_WIRE_MAX_BYTES)
        return vx_fail(err, VX_ELIMIT, "a message of %zu bytes, at most %zu are sent: make the leases smaller",
                       message->len, VX_WIRE_MAX_BYTES);
    return VX_OK;
}

enum vx_status vx_link_send(struct vx_link *link, const struct vx_buf *message, struct vx_err *err)
{
    enum vx_status rc;

    if ((rc = check_message(message, err)) != VX_OK)
        return rc;
    if (link->port)
        return vx_port_send(link->port, 0, message, err);
    return vx_mailbox_post(link->out, link->worker, message, err);
}

enum vx_status vx_link_receive(struct vx_link *link, struct vx_buf *message, double seconds, bool *got,
                               struct vx_err *err)
{
    const double until = vx_clock_now() + seconds;
    enum vx_status rc;
    int from;

    if (!link->port)
        return vx_mailbox_take(link->in, &from, message, seconds, got, err);
    for (;;) {
        if ((rc = vx_port_poll(link->port, &from, message, got, err)) != VX_OK || *got)
            return rc;
        const double left = until - vx_clock_now(), pause = vx_port_pause(link->port);
        if (left <= 0)
            return VX_OK;
        if (pause > 0)
            vx_clock_sleep(pause < left ? pause : left);
    }
}

int vx_hub_workers(const struct vx_hub *hub)
{
    return hub->n_workers;
}

enum vx_status vx_hub_send(struct vx_hub *hub, int worker, const struct vx_buf *message, struct vx_err *err)
{
    enum vx_status rc;

    if (worker < 0 || worker >= hub->n_workers)
        return vx_fail(err, VX_EINVAL, "a message to worker %d of %d", worker, hub->n_workers);
    if ((rc = check_message(message, err)) != VX_OK)
        return rc;
    if (worker < hub->n_local)
        return vx_mailbox_post(hub->outbox[worker], worker, message, err);
    return vx_port_send(hub->port, worker, message, err);
}

enum vx_status vx_hub_receive(struct vx_hub *hub, int *worker, struct vx_buf *message, double seconds, bool *got,
                              struct vx_err *err)
{
    const double until = vx_clock_now() + seconds;
    enum vx_status rc;

    if (!hub->port)
        return vx_mailbox_take(hub->inbox, worker, message, seconds, got, err);
    for (;;) {
        for (int side = 0; side < 2; side++) { /* by turns, so that neither side can starve the other */
            hub->port_turn = !hub->port_turn;
            rc = hub->port_turn ? vx_port_poll(hub->port, worker, message, got, err)
                                : vx_mailbox_take(hub->inbox, worker, message, 0, got, err);
            if (rc != VX_OK || *got)
                return rc;
        }
        const double left = until - vx_clock_now(), pause = vx_port_pause(hub->port);
        if (left <= 0)
            return VX_OK;
        if (pause > 0) { /* wait at the box, where a local worker can cut it short */
            rc = vx_mailbox_take(hub->inbox, worker, message, pause < left ? pause : left, got, err);
            if (rc != VX_OK || *got)
                return rc;
        }
    }
}

/* number: of the port, where there are more workers than local ones. */
static enum vx_status create_hub(struct vx_hub **out, struct vx_link **links, int n_local, int n_workers, int number,
                                 struct vx_err *err)
{
    struct vx_hub *hub = vx_calloc(1, sizeof *hub);
    enum vx_status rc;

    *out = NULL;
    for (int i = 0; i < n_local; i++)
        links[i] = NULL;
    if (!hub || !(hub->outbox = vx_calloc((size_t)n_local, sizeof *hub->outbox))) {
        rc = vx_fail_nomem(err, "the coordinator's link");
        goto done;
    }
    hub->n_workers = n_workers;
    hub->n_local = n_local;
    if ((rc = vx_mailbox_create(&hub->inbox, err)) != VX_OK)
        goto done;
    for (int i = 0; i < n_local; i++) {
        if ((rc = vx_mailbox_create(&hub->outbox[i], err)) != VX_OK)
            goto done;
        if (!(links[i] = vx_calloc(1, sizeof *links[i]))) {
            rc = vx_fail_nomem(err, "a worker's link");
            goto done;
        }
        *links[i] = (struct vx_link){.in = hub->outbox[i], .out = hub->inbox, .worker = i};
    }
    if (n_workers > n_local && (rc = vx_port_create(&hub->port, number, err)) != VX_OK)
        goto done;
    *out = hub;
    hub = NULL;
done:
    if (rc != VX_OK)
        for (int i = 0; i < n_local; i++)
            vx_link_destroy(&links[i]);
    vx_hub_destroy(&hub, NULL);
    return rc;
}

enum vx_status vx_hub_create(struct vx_hub **hub, struct vx_link **local, struct vx_world *world, struct vx_err *err)
{
    return create_hub(hub, local, 1, world ? world->size : 1, world ? world->links++ : 0, err);
}

enum vx_status vx_hub_create_local(struct vx_hub **hub, struct vx_link **links, int n, struct vx_err *err)
{
    return create_hub(hub, links, n, n, 0, err);
}

void vx_hub_destroy(struct vx_hub **hub, struct vx_link **local)
{
    if (local)
        vx_link_destroy(local);
    if (!*hub)
        return;
    for (int i = 0; (*hub)->outbox && i < (*hub)->n_local; i++)
        vx_mailbox_destroy(&(*hub)->outbox[i]);
    free((*hub)->outbox);
    vx_mailbox_destroy(&(*hub)->inbox);
    vx_port_destroy(&(*hub)->port);
    free(*hub);
    *hub = NULL;
}

enum vx_status vx_link_create(struct vx_link **link, struct vx_world *world, struct vx_err *err)
{
    struct vx_link *l;
    enum vx_status rc;

    *link = NULL;
    if (world->rank < 1)
        return vx_fail(err, VX_EINVAL, "rank %d of %d has no coordinator elsewhere", world->rank, world->size);
    if (!(l = vx_calloc(1, sizeof *l)))
        return vx_fail_nomem(err, "a worker's link");
    if ((rc = vx_port_create(&l->port, world->links++, err)) != VX_OK) {
        vx_link_destroy(&l);
        return rc;
    }
    *link = l;
    return VX_OK;
}

void vx_link_destroy(struct vx_link **link)
{
    if (!*link)
        return;
    vx_port_destroy(&(*link)->port);
    free(*link);
    *link = NULL;
}
