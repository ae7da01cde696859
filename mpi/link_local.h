/* link_local.h - messages between the threads of one process
 * A mailbox is a list under a lock: posting never waits, so two ends that write to each other cannot block each other.
 * What keeps it short is the protocol, a worker holds few leases and reports each once. */
#ifndef VX_MPI_LINK_LOCAL_H
#define VX_MPI_LINK_LOCAL_H

#include "mpi/link.h"

struct vx_mailbox;

enum vx_status vx_mailbox_create(struct vx_mailbox **out, struct vx_err *err) VX_CHECKED;
void vx_mailbox_destroy(struct vx_mailbox **box); /* with what is still inside */
/* Posts a copy of message, marked as worker's. Any thread. */
enum vx_status vx_mailbox_post(struct vx_mailbox *box, int worker, const struct vx_buf *message, struct vx_err *err) VX_CHECKED;
/* The oldest message into *message (reset first) and whose it is into *worker; waits up to `seconds`. */
enum vx_status vx_mailbox_take(struct vx_mailbox *box, int *worker, struct vx_buf *message, double seconds, bool *got,
                               struct vx_err *err) VX_CHECKED;

/* A hub with n workers, all of them within this process: links[i] is worker i's end, to be destroyed before the hub.
 * For tests; a real run has one worker a process. */
enum vx_status vx_hub_create_local(struct vx_hub **hub, struct vx_link **links, int n, struct vx_err *err) VX_CHECKED;

#endif
