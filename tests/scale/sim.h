/* sim.h - thousands of workers in one thread, and their hours in seconds
 * The coordinator runs as it is, with the run's real list of items; what stands in are base/clock.c, whose time here passes
 * from event to event, and the hub of mpi/link.c, behind which the workers are simulated. A worker does the items of its
 * leases one after the other and reports each lease; messages take a while. Nothing is random. */
#ifndef VX_TESTS_SCALE_SIM_H
#define VX_TESTS_SCALE_SIM_H

#include "base/err.h"
#include "db/itemlist.h"

#include <stdint.h>

struct sim {
    int n_workers;
    struct vx_itemlist *list;
    const double *item_s;  /* [n_items] what item i+1 takes a worker, seconds */
    int64_t n_items;
    const int64_t *weight; /* [n_items] as mpi/weight.h guesses; NULL: none are known */
    int64_t max_items;     /* in a lease */
    double latency_s;      /* of a message, with the pauses between polls */
    double listed_per_s;   /* items come so fast; 0: all are there at the start */
};

struct sim_outcome {
    double makespan_s; /* simulated, until the last DONE was sent */
    double ideal_s;    /* no schedule is shorter: max(total / workers, longest item) */
    double cpu_s;      /* real, of the coordinator alone */
    int64_t leases, messages;
};

/* VX_EINVAL: an item was done other than once. */
enum vx_status sim_run(const struct sim *sim, struct sim_outcome *out, struct vx_err *err) VX_CHECKED;

#endif
