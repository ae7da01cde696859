/* lease.h - who works on which items: a pure state machine, no MPI, no clock of its own
 * Items 1…n are pending → leased → done. A lease is a short list of ranges; a worker holds at most a few. A lease of a
 * lost worker goes back to pending. Memory: two bits an item and a record a lease. */
#ifndef VX_MPI_LEASE_H
#define VX_MPI_LEASE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_leases;

struct vx_lease {
    int64_t id;    /* 1, 2, 3…; never reused */
    int64_t first; /* the items first … first+count-1, all of them pending when it was granted */
    int64_t count;
};

/* max_items: the largest lease. */
enum vx_status vx_leases_create(struct vx_leases **out, int64_t max_items, struct vx_err *err) VX_CHECKED;
void vx_leases_destroy(struct vx_leases **leases);

enum vx_status vx_leases_extend(struct vx_leases *leases, int64_t n_items, struct vx_err *err) VX_CHECKED; /* n_items in all, never fewer */
void vx_leases_close(struct vx_leases *leases);                  /* the listing has ended: no more items will come */
enum vx_status vx_leases_mark_done(struct vx_leases *leases, int64_t item, struct vx_err *err) VX_CHECKED; /* from an earlier run */

/* The next lease for worker: a run of pending items, smaller as the end nears (remaining/(4·workers), at least 1, at most
 * max_items). VX_DONE: nothing pending now (ask vx_leases_finished). */
enum vx_status vx_leases_grant(struct vx_leases *leases, int worker, int n_workers, double now, struct vx_lease *out,
                               struct vx_err *err) VX_CHECKED;
/* The worker has committed all items of the lease. VX_EINVAL: no such lease, or it is held by somebody else (it expired
 * and was granted again: harmless, the rows are equal). */
enum vx_status vx_leases_complete(struct vx_leases *leases, int worker, int64_t lease, struct vx_err *err) VX_CHECKED;
/* Everything the worker holds goes back to pending; returns the number of leases. */
int vx_leases_lose_worker(struct vx_leases *leases, int worker);

bool vx_leases_finished(const struct vx_leases *leases); /* closed, and every item done */
struct vx_lease_counts {
    int64_t items, pending, leased, done;
    int64_t leases_open;
    double oldest_grant; /* `now` of the grant of the lease open longest; 0 with none open */
} vx_leases_counts(const struct vx_leases *leases);

#endif
