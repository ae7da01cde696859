/* link_mpi.h - messages between ranks, one port a process
 * MPI 3.1, FUNNELED: only the main thread may use a port, and every call returns at once: a rank that died never
 * answers, and nothing tells that it died (README.md). */
#ifndef VX_MPI_LINK_MPI_H
#define VX_MPI_LINK_MPI_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

struct vx_port;

/* MPI must be running; no communication. VX_EINVAL: not the main thread. */
enum vx_status vx_port_create(struct vx_port **out, struct vx_err *err) VX_CHECKED;
/* Gives what is still being sent up to two seconds to leave. */
void vx_port_destroy(struct vx_port **port);

/* Starts sending a copy of message to rank. VX_EMPI: MPI refused, not: the rank is gone. */
enum vx_status vx_port_send(struct vx_port *port, int rank, const struct vx_buf *message, struct vx_err *err) VX_CHECKED;
/* The next complete message from any rank into *message (reset first), or *got false. Messages of one rank keep their
 * order. Also moves sends forward. */
enum vx_status vx_port_poll(struct vx_port *port, int *rank, struct vx_buf *message, bool *got, struct vx_err *err) VX_CHECKED;

/* Polls at once, then ever less often, so that an idle rank leaves its core to the engine: how long to wait after the
 * idle-th poll without a message, seconds. 0: poll again. */
double vx_port_pause(unsigned idle);

#endif
