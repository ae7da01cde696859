/* nursery.h - a small process that forks others
 * Forked before the program has threads, MPI or a GPU, since what is forked later shares their locks and memory in unknown
 * states. It forks a process whenever one is asked for, hands it its descriptors, kills it on request, and tells how it ended.
 * It dies with its parent, and its processes with it: however that ends, nothing is left. */
#ifndef VX_IO_NURSERY_H
#define VX_IO_NURSERY_H

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

#define VX_NURSERY_CONFIG 4096 /* bytes at most */

/* The life of a process: ends with its return, as exit status. `sock` and `memory` are its own, config is a copy. Its standard
 * files are /dev/null; signals that a terminal or a launcher sends to all are ignored. */
typedef int vx_nursery_fn(int sock, int memory, const void *config);

struct vx_nursery;
/* Before the first thread. The caller's stdout and stderr are not kept open by it; VOXTRAWL_DECODER_STDERR in the environment
 * leaves stderr to the processes, for who debugs them. */
enum vx_status vx_nursery_open(struct vx_nursery **out, vx_nursery_fn *fn, struct vx_err *err) VX_CHECKED;
void vx_nursery_close(struct vx_nursery **nursery); /* kills what it has, waits for its end */

struct vx_nursling {
    int sock;  /* to the process, SOCK_SEQPACKET: its end is seen here first */
    int watch; /* to the nursery */
};
/* Ask for a process; any thread may. `memory` is lent, config [len] copied. VX_ESYS: the nursery is gone, or no descriptors
 * are left; that a fork failed is seen when the process is waited for. */
enum vx_status vx_nursery_spawn(struct vx_nursling *out, struct vx_nursery *nursery, int memory, const void *config, size_t len,
                                struct vx_err *err) VX_CHECKED;

/* How a process ended: a status of waitpid(2); fork_error is an errno when there never was one. */
struct vx_nursery_end {
    int status, fork_error;
};
/* Kills the process, if it still lives, and waits for its end, then closes both descriptors. What it died of before the kill
 * is told, not the kill. VX_ESYS: the nursery is gone. */
enum vx_status vx_nursling_end(struct vx_nursling *n, struct vx_nursery_end *end, struct vx_err *err) VX_CHECKED;

#endif
