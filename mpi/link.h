/* link.h - how a worker and the coordinator talk: messages of bytes, over MPI or inside one process
 * One worker loop and one coordinator loop serve both; no call blocks longer than it says. */
#ifndef VX_MPI_LINK_H
#define VX_MPI_LINK_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

/* The worker's end. One thread uses it; a remote rank's is for the thread that started MPI. */
struct vx_link;
/* Takes a copy and returns at once. VX_ELIMIT: larger than VX_WIRE_MAX_BYTES. VX_ENOMEM: also when message->failed. */
enum vx_status vx_link_send(struct vx_link *link, const struct vx_buf *message, struct vx_err *err) VX_CHECKED;
/* The next message into *message (reset first), or *got false when none came within `seconds`. */
enum vx_status vx_link_receive(struct vx_link *link, struct vx_buf *message, double seconds, bool *got,
                               struct vx_err *err) VX_CHECKED;

/* The coordinator's end: all workers, 0 … n-1, by rank. Worker 0 is the one in its own process. One thread uses it, with
 * remote workers the one that started MPI. That a rank is dead is never noticed here: sending to it seems to work. */
struct vx_hub;
int vx_hub_workers(const struct vx_hub *hub);
enum vx_status vx_hub_send(struct vx_hub *hub, int worker, const struct vx_buf *message, struct vx_err *err) VX_CHECKED;
enum vx_status vx_hub_receive(struct vx_hub *hub, int *worker, struct vx_buf *message, double seconds, bool *got,
                              struct vx_err *err) VX_CHECKED;

/* A pair within the process for worker 0; with world NULL or of one rank the hub has that one worker, else also the
 * other ranks of the MPI world (link_mpi.c). Nothing is sent. The n-th hub of rank 0 and the n-th links of the others
 * belong together, whatever earlier ones have left behind. */
struct vx_world;
enum vx_status vx_hub_create(struct vx_hub **hub, struct vx_link **local, struct vx_world *world, struct vx_err *err) VX_CHECKED;
void vx_hub_destroy(struct vx_hub **hub, struct vx_link **local);
/* A remote rank's end; VX_EINVAL on rank 0. Destroying it gives what was sent last up to two seconds to leave. */
enum vx_status vx_link_create(struct vx_link **link, struct vx_world *world, struct vx_err *err) VX_CHECKED;
void vx_link_destroy(struct vx_link **link);

#endif
