/* coordinator.h - rank 0's loop: hands out leases, collects what is done, shows progress
 * Knows nothing of decoding or storage: items come from the run's list while a thread is still listing, results stay
 * with the workers. */
#ifndef VX_MPI_COORDINATOR_H
#define VX_MPI_COORDINATOR_H

#include "base/err.h"
#include "base/log.h"
#include "db/itemlist.h"
#include "mpi/claims.h"
#include "mpi/lease.h"
#include "mpi/link.h"
#include "mpi/progress.h"
#include "mpi/wire.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct vx_coordinator_state { /* how far the run is */
    struct vx_progress progress;
    double items_per_s;
    int workers, lost; /* at work or expected, lost */
    bool stopping;
};

struct vx_coordinator_config {
    struct vx_hub *hub;
    struct vx_itemlist *list;
    struct vx_leases *leases;         /* items done in an earlier run are marked already */
    struct vx_claims *claims;         /* of items done earlier, to go on with; NULL: no worker may claim anything */
    const _Atomic int64_t *listed;    /* items in the list so far, grows while listing */
    const atomic_bool *listing_ended;
    const atomic_bool *stop;          /* set by a signal: grant nothing more, let workers commit what is complete */
    struct vx_log *log;
    double progress_seconds;          /* between lines where stderr is no terminal: 30; on a terminal it redraws 5 times a second */
    double window_s;                  /* hop, for "times real time" */
    double silent_seconds;            /* a rank at work that says nothing for so long is lost; 0: 120 */
    double bye_seconds;               /* a worker told to finish that says nothing for so long is lost; 0: 60 */
    int attempt;                      /* of the run, for what is noted about lost workers */
    /* Called in every round, NULL: nothing is held. Releases (lease.h) what has become clear about items held. */
    enum vx_status (*release)(void *ctx, struct vx_leases *leases, struct vx_err *err);
    void (*beat)(void *ctx, const struct vx_coordinator_state *state); /* every few seconds, or NULL */
    void *ctx; /* of both */
};

struct vx_coordinator_result {
    struct vx_tally tally;      /* of this run, without what was done earlier */
    int64_t already_done;       /* items that earlier attempts had done, and that did not change since */
    int64_t given_up;           /* in this run: they killed their workers twice (in the tally as failed) */
    int64_t windows_scored;
    double cpu_s, peak_rss;     /* sum over ranks, largest rank */
    double engine_wait_s, decode_wait_s;
    struct vx_energy energy;    /* of all hosts; known where every host that had a rank at work has told it */
    int workers_lost;
    bool stopped;               /* by *stop, with items left */
    struct vx_buf hosts_json;   /* [{"rank":0,"host":"a","pid":1,"threads":2,"engine":"cpu: …"}], owned */
};

/* Runs until every item is done and every worker has said BYE, or all workers are lost (VX_EMPI naming the first
 * failure), or *stop. A failure of the run itself (the list cannot be read) lets the workers commit what is complete and is
 * then returned. *result is filled in any case; its hosts_json is the caller's to free. Where the hub spans ranks: in the
 * main thread. */
enum vx_status vx_coordinator_run(const struct vx_coordinator_config *config, struct vx_coordinator_result *result,
                                  struct vx_err *err) VX_CHECKED;

/* Instead of running, where rank 0 has a hub but cannot go on: tells every worker to finish, or the other ranks would
 * wait for work for ever. Waits for nobody. */
void vx_coordinator_dismiss(struct vx_hub *hub);

#endif
