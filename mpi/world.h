/* world.h - the ranks: the only place that starts and ends MPI
 * Without a launcher (no mpirun, no srun) the world is one rank and MPI is never initialised. */
#ifndef VX_MPI_WORLD_H
#define VX_MPI_WORLD_H

#include "base/err.h"
#include "base/buf.h"

#include <sched.h>

struct vx_world {
    int rank, size;
    int local_rank, local_size; /* among the ranks of this host */
    int started;                /* MPI_Init was called here */
    int links;                  /* created so far (link.h) */
    char host[256];
};

/* Detects a launcher from the environment (Open MPI, PMIx, PMI, Slurm step with more than one task…) and initialises
 * MPI (MPI_THREAD_FUNNELED at least) if there is one. Ignores SIGPIPE. MPI errors come back as VX_EMPI. */
enum vx_status vx_world_open(struct vx_world *world, int *argc, char ***argv, struct vx_err *err) VX_CHECKED;
void vx_world_close(struct vx_world *world);
/* Ends this process alone, where another rank is dead (mpi/parting.h): MPI_Finalize would wait for it, forever where ranks are
 * allowed to die. All that is to be kept must be closed. */
void vx_world_leave(struct vx_world *world, int status);
void vx_world_abort(struct vx_world *world, int status); /* ends every rank */

/* Rank 0's bytes to all; every rank calls it. */
enum vx_status vx_world_broadcast(struct vx_world *world, struct vx_buf *bytes, struct vx_err *err) VX_CHECKED;

/* The processors this rank should use: its affinity mask, and where ranks of one host share a mask, an equal share of
 * it each (at least one). Every rank calls it. *n processors into cpus[max]. */
enum vx_status vx_world_cpus(struct vx_world *world, int *cpus, int max, int *n, struct vx_err *err) VX_CHECKED;

const char *vx_world_mpi_version(void); /* "Open MPI v4.1.4", of the library, callable before open */

#endif
