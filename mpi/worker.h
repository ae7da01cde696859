/* worker.h - a rank's loop: leases come in, the pipeline works, the shard keeps, the coordinator hears of it
 * A lease is reported done only after all of its items are on disk. */
#ifndef VX_MPI_WORKER_H
#define VX_MPI_WORKER_H

#include "base/err.h"
#include "base/joules.h"
#include "db/shard.h"
#include "mpi/claimer.h"
#include "mpi/hand.h"
#include "mpi/link.h"
#include "mpi/pipeline.h"

#include <stdatomic.h>

struct vx_worker_config {
    struct vx_link *link;
    struct vx_pipeline *pipeline;
    struct vx_shard *shard;
    const char *engine; /* its description, for the coordinator's record */
    const char *host;
    int rank, ranks, threads; /* this one, all of the run, its engine's lanes */
    struct vx_joules *meter; /* borrowed: of this host's energy; NULL: another rank of the host has it */
    struct vx_hand *hand;    /* borrowed; NULL: not kept */
    struct vx_claimer *claimer; /* borrowed: what the pipeline's decoders ask; NULL: nothing */
    const atomic_bool *stop; /* a signal came; NULL: none can. The coordinator says what to do, but may be gone */
    double lost_seconds;     /* a coordinator that was heard once and says nothing for so long is lost; 0: never */
    double keep_seconds; /* between commits of what is complete of unfinished leases, the most a crash can undo; 0: 5 */
};

/* Runs until the coordinator says FINISH: all is done, or the scan is stopped; then what is complete of the leases still
 * held is committed, the rest given up for a later run, and BYE said. When it cannot go on it says FAIL and returns the
 * reason. VX_EMPI: the coordinator is lost; what is complete is committed. */
enum vx_status vx_worker_run(const struct vx_worker_config *config, struct vx_err *err) VX_CHECKED;

/* For a rank that cannot even begin (no model, no shard): says FAIL with *why and nothing else. */
void vx_worker_give_up(struct vx_link *link, const struct vx_err *why);

#endif
