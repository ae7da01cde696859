/* lease.h - who works on which items: a pure state machine, no MPI, no clock of its own
 * Items 1…n are pending → leased → done. A lease is a run of items; a worker holds at most a few. A lease of a lost worker
 * goes back to pending. Where its items may have killed it they become suspects: granted last, each alone with its worker,
 * so that the one that kills is found; one that loses its worker again is given up. Items known from an earlier attempt can
 * be held until it is clear what became of them. Memory: less than three bytes an item and a record a lease. */
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
    bool alone;    /* a single suspect: its worker holds nothing else meanwhile */
};

/* max_items: the largest lease. */
enum vx_status vx_leases_create(struct vx_leases **out, int64_t max_items, struct vx_err *err) VX_CHECKED;
void vx_leases_destroy(struct vx_leases **leases);

enum vx_status vx_leases_extend(struct vx_leases *leases, int64_t n_items, struct vx_err *err) VX_CHECKED; /* n_items in all, never fewer */
void vx_leases_close(struct vx_leases *leases);                  /* the listing has ended: no more items will come */
enum vx_status vx_leases_mark_done(struct vx_leases *leases, int64_t item, struct vx_err *err) VX_CHECKED; /* from an earlier run */

/* Pending items first … first+count-1 are not granted until released; those done stay so. VX_EINVAL: not in the list, or
 * leased. */
enum vx_status vx_leases_hold(struct vx_leases *leases, int64_t first, int64_t count, struct vx_err *err) VX_CHECKED;
void vx_leases_release(struct vx_leases *leases, int64_t first, int64_t count); /* those held become pending, others stay */
/* item, in the list and not leased, becomes held and is no longer done: what was known of it holds no more. */
enum vx_status vx_leases_forget(struct vx_leases *leases, int64_t item, struct vx_err *err) VX_CHECKED;
bool vx_leases_is_done(const struct vx_leases *leases, int64_t item); /* true too where there is no such item */
/* item has lost a worker in an earlier attempt. */
enum vx_status vx_leases_suspect(struct vx_leases *leases, int64_t item, struct vx_err *err) VX_CHECKED;

/* What item is expected to take, in any unit of which an item of unknown weight takes VX_WEIGHT_UNKNOWN (mpi/weight.h); 0:
 * unknown, as at first. In any state. VX_EINVAL: not in the list. */
enum vx_status vx_leases_weigh(struct vx_leases *leases, int64_t item, int64_t weight, struct vx_err *err) VX_CHECKED;

/* item and the one before it are best done by one worker: while both are pending they are granted in one lease. Such a bundle
 * is granted whole, whatever max_items says, and weighs the sum of its items, so that it counts among the heaviest only if
 * one of them weighs enough: let the first have the weight of all. VX_EINVAL: not in the list, or the first of it. */
enum vx_status vx_leases_join(struct vx_leases *leases, int64_t item, struct vx_err *err) VX_CHECKED;

/* The next lease for worker: a run of pending items that weighs no more than a quarter of its fair share of what is pending
 * (all of it / n_workers), nor than an hour; at least 1 item, at most max_items (bundles aside). So leases shrink as the end nears. Where an
 * item is heavier than that quarter, the heaviest one, alone in its lease. An only worker gets no smaller ones. When only
 * suspects are left, one of them, for a worker that holds nothing. VX_DONE: nothing for this worker now (ask
 * vx_leases_finished): nothing is pending, or what it would get beside what it holds would make more than its fair share. */
enum vx_status vx_leases_grant(struct vx_leases *leases, int worker, int n_workers, double now, struct vx_lease *out,
                               struct vx_err *err) VX_CHECKED;
/* The worker has committed all items of the lease. VX_EINVAL: no such lease, or it is held by somebody else (it expired
 * and was granted again: harmless, the rows are equal). */
enum vx_status vx_leases_complete(struct vx_leases *leases, int worker, int64_t lease, struct vx_err *err) VX_CHECKED;
/* Everything the worker holds goes back to pending; returns the number of leases. No blame: its disk was full, it left. */
int vx_leases_lose_worker(struct vx_leases *leases, int worker);
/* The same where its items may be why it was lost: they become suspects, and a suspect is done, given up: the caller records
 * that. What it held is in *held [*n], the caller's to free; in the order of granting, items of `alone` ones are given up.
 * VX_ENOMEM: nothing has changed. */
enum vx_status vx_leases_blame_worker(struct vx_leases *leases, int worker, struct vx_lease **held, size_t *n,
                                      struct vx_err *err) VX_CHECKED;

bool vx_leases_finished(const struct vx_leases *leases); /* closed, and every item done */
struct vx_lease_counts {
    int64_t items, pending, leased, done, held;
    int64_t leases_open;
    double oldest_grant; /* `now` of the grant of the lease open longest; 0 with none open */
} vx_leases_counts(const struct vx_leases *leases);

#endif
