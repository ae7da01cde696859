/* parting.h - whether the ranks end MPI together
 * MPI_Finalize waits for every rank, for ever where one is dead and the launcher lets the others live. So rank 0 asks, once
 * nothing is left to do, whether all are there, and only if all of them answer does any rank call it; else each ends by
 * itself (vx_world_leave). Costs a round trip. */
#ifndef VX_MPI_PARTING_H
#define VX_MPI_PARTING_H

#include "mpi/link.h"

#include <stdbool.h>

/* Rank 0, last of all: what it did is stored, for a launcher that does not let ranks die may end all ranks once one has left
 * alone. Waits at most `seconds` for answers. True: every rank waits in MPI_Finalize, or will at once. */
bool vx_parting_lead(struct vx_hub *hub, double seconds);

/* Every other rank, its shard closed: waits until rank 0 asks, however long its merge takes, and says what to do; for that
 * not much longer than `seconds`, the same as rank 0's. */
bool vx_parting_follow(struct vx_link *link, double seconds);

#endif
