/* cpushare.h - which processors each rank of one host uses: pure, the same answer on every rank
 * Ranks started without binding all may use every processor; each must take its part, or they would fight over them. */
#ifndef VX_MPI_CPUSHARE_H
#define VX_MPI_CPUSHARE_H

#include "base/err.h"

#include <stdint.h>

#define VX_CPUS_MAX 8192 /* of one host, the most Linux knows */

struct vx_cpumask {
    uint64_t bits[VX_CPUS_MAX / 64]; /* processor i is bit i % 64 of bits[i / 64] */
};

/* The part of rank `me` of masks[n_ranks] (affinity masks by local rank): ascending processors, at most max of them, into
 * cpus, their number into *n.
 *  - A mask that no other rank's touches: all of it.
 *  - Ranks with the same mask, which no other mask touches: contiguous shares, equal but for one; where there are more
 *    ranks than processors, one each, in turn.
 *  - Masks that overlap otherwise: every processor goes to one of the ranks that may use it, so that shares are
 *    balanced; a rank that would go away empty gets one that it shares.
 * VX_EINVAL: the mask of `me` is empty. */
enum vx_status vx_cpus_share(const struct vx_cpumask *masks, int n_ranks, int me, int *cpus, int max, int *n,
                             struct vx_err *err) VX_CHECKED;

#endif
