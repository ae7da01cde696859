/* Sends and receives are started and then asked again and again whether they are complete (Isend, Improbe, Imrecv,
 * Test). Each keeps its own buffer, which may be handed back only when MPI says so. */
#include "mpi/link_mpi.h"
#include "base/clock.h"
#include "mpi/wire.h"

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

struct transfer {
    struct transfer *next;
    MPI_Request request;
    int rank, len;
    bool complete;
    char bytes[];
};

struct vx_port {
    int tag;
    struct transfer *sending, *receiving; /* each oldest first */
    unsigned idle;                        /* polls since something was sent or came */
};

static enum vx_status fail_mpi(struct vx_err *err, int code, const char *what, int rank)
{
    char why[MPI_MAX_ERROR_STRING];
    int len = 0;

    MPI_Error_string(code, why, &len);
    return vx_fail(err, VX_EMPI, "%s rank %d: %.*s", what, rank, len, why);
}

enum vx_status vx_port_create(struct vx_port **out, int number, struct vx_err *err)
{
    int main_thread = 0;

    *out = NULL;
    MPI_Is_thread_main(&main_thread);
    if (!main_thread)
        return vx_fail(err, VX_EINVAL, "messages between ranks belong to the thread that started MPI");
    if (!(*out = calloc(1, sizeof **out)))
        return vx_fail_nomem(err, "the link between ranks");
    (*out)->tag = number;
    return VX_OK;
}

static struct transfer *new_transfer(int rank, size_t len)
{
    struct transfer *t = malloc(sizeof *t + len);

    if (t)
        *t = (struct transfer){.request = MPI_REQUEST_NULL, .rank = rank, .len = (int)len};
    return t;
}

static void append(struct transfer **list, struct transfer *t)
{
    while (*list)
        list = &(*list)->next;
    *list = t;
}

/* Unlinks *at and frees it. */
static void drop(struct transfer **at)
{
    struct transfer *t = *at;

    *at = t->next;
    free(t);
}

static enum vx_status test(struct transfer *t, const char *what, struct vx_err *err)
{
    int flag = 0, code;

    if (!t->complete) {
        if ((code = MPI_Test(&t->request, &flag, MPI_STATUS_IGNORE)) != MPI_SUCCESS)
            return fail_mpi(err, code, what, t->rank);
        t->complete = flag;
    }
    return VX_OK;
}

static enum vx_status reap_sends(struct vx_port *port, struct vx_err *err)
{
    enum vx_status rc;

    for (struct transfer **at = &port->sending; *at;) {
        if ((rc = test(*at, "send to", err)) != VX_OK)
            return rc;
        if ((*at)->complete)
            drop(at);
        else
            at = &(*at)->next;
    }
    return VX_OK;
}

enum vx_status vx_port_send(struct vx_port *port, int rank, const struct vx_buf *message, struct vx_err *err)
{
    struct transfer *t = new_transfer(rank, message->len);
    int code;

    if (!t)
        return vx_fail_nomem(err, "a message");
    if (message->len)
        memcpy(t->bytes, message->data, message->len);
    code = MPI_Isend(t->bytes, t->len, MPI_BYTE, rank, port->tag, MPI_COMM_WORLD, &t->request);
    if (code != MPI_SUCCESS) {
        free(t);
        return fail_mpi(err, code, "send to", rank);
    }
    append(&port->sending, t);
    port->idle = 0;
    return reap_sends(port, err);
}

/* Starts receiving a message that has come, if there is one. */
static enum vx_status start_receive(struct vx_port *port, struct vx_err *err)
{
    MPI_Message handle;
    MPI_Status status;
    struct transfer *t;
    int flag = 0, len = 0, code;

    code = MPI_Improbe(MPI_ANY_SOURCE, port->tag, MPI_COMM_WORLD, &flag, &handle, &status);
    if (code != MPI_SUCCESS)
        return fail_mpi(err, code, "look for a message at", 0);
    if (!flag)
        return VX_OK;
    MPI_Get_count(&status, MPI_BYTE, &len);
    if (len < 0 || (size_t)len > VX_WIRE_MAX_BYTES)
        return vx_fail(err, VX_EMPI, "rank %d sent a message of %d bytes, at most %zu are expected", status.MPI_SOURCE,
                       len, VX_WIRE_MAX_BYTES);
    if (!(t = new_transfer(status.MPI_SOURCE, (size_t)len)))
        return vx_fail_nomem(err, "a message");
    if ((code = MPI_Imrecv(t->bytes, len, MPI_BYTE, &handle, &t->request)) != MPI_SUCCESS) {
        free(t);
        return fail_mpi(err, code, "receive from", status.MPI_SOURCE);
    }
    append(&port->receiving, t);
    return VX_OK;
}

/* An older message of the same rank is still on its way. */
static bool overtakes(const struct vx_port *port, const struct transfer *t)
{
    for (const struct transfer *older = port->receiving; older != t; older = older->next)
        if (older->rank == t->rank)
            return true;
    return false;
}

enum vx_status vx_port_poll(struct vx_port *port, int *rank, struct vx_buf *message, bool *got, struct vx_err *err)
{
    enum vx_status rc;

    *got = false;
    vx_buf_reset(message);
    if ((rc = reap_sends(port, err)) != VX_OK || (rc = start_receive(port, err)) != VX_OK)
        return rc;
    for (struct transfer **at = &port->receiving; *at; at = &(*at)->next) {
        if ((rc = test(*at, "receive from", err)) != VX_OK)
            return rc;
        if (!(*at)->complete || overtakes(port, *at))
            continue;
        *rank = (*at)->rank;
        vx_buf_add(message, (*at)->bytes, (size_t)(*at)->len);
        drop(at);
        *got = true;
        port->idle = 0;
        return message->failed ? vx_fail_nomem(err, "a message") : VX_OK;
    }
    port->idle += port->idle < UINT_MAX;
    return VX_OK;
}

double vx_port_pause(const struct vx_port *port)
{
    enum { AT_ONCE = 64, STEP = 8, DOUBLINGS = 7 }; /* polls, a few µs; polls at each length; 32 µs … 4 ms */
    const unsigned step = (port->idle - AT_ONCE) / STEP;

    if (port->idle < AT_ONCE)
        return 0;
    return 32e-6 * (double)(1u << (step < DOUBLINGS ? step : DOUBLINGS));
}

void vx_port_destroy(struct vx_port **port)
{
    const double until = vx_clock_now() + 2;
    struct vx_err ignored;

    if (!*port)
        return;
    while ((*port)->sending && reap_sends(*port, &ignored) == VX_OK && (*port)->sending && vx_clock_now() < until)
        vx_clock_sleep(0.001);
    for (struct transfer **at = &(*port)->receiving; *at;) { /* came, and nobody asked for it any more */
        if (test(*at, "receive from", &ignored) == VX_OK && (*at)->complete)
            drop(at);
        else
            at = &(*at)->next;
    }
    /* What is left belongs to a rank that is gone. MPI may still read or write those buffers, so they stay: a few, and
     * the process is about to end. */
    free(*port);
    *port = NULL;
}
