/* link_mpi.h - messages between ranks, one port a process
 * MPI 3.1, FUNNELED: only the main thread may use a port, and every call returns at once: a rank that died never
 * answers, and nothing tells that it died (README.md). */
#ifndef VX_MPI_LINK_MPI_H
#define VX_MPI_LINK_MPI_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct vx_port;

/* MPI must be running; no communication. Ports of the same number on all ranks hear each other: what was sent to an
 * earlier one and never fetched must not reach a later one. VX_EINVAL: not the main thread. */
enum vx_status vx_port_create(struct vx_port **out, int number, struct vx_err *err) VX_CHECKED;
/* Gives what is still being sent up to two seconds to leave. */
void vx_port_destroy(struct vx_port **port);

/* Starts sending a copy of message to rank. VX_EMPI: MPI refused, not: the rank is gone. */
enum vx_status vx_port_send(struct vx_port *port, int rank, const struct vx_buf *message, struct vx_err *err) VX_CHECKED;
/* The next complete message from any rank into *message (reset first), or *got false. Messages of one rank keep their
 * order. Also moves sends forward. */
enum vx_status vx_port_poll(struct vx_port *port, int *rank, struct vx_buf *message, bool *got, struct vx_err *err) VX_CHECKED;

/* How long to wait before the next poll, seconds: nothing for the first few after a message, then ever longer, so that an
 * idle rank leaves its core to the engine. A worker has a lease ahead and a second to spare, so latency is not what counts:
 * spinning for 100 µs would bring a round trip from 0.3 ms to 2 µs and cost rank 0 half a core at a thousand ranks. */
double vx_port_pause(const struct vx_port *port);

#endif
