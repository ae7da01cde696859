/* resume.h - from the listing to the leases: what was met, and what earlier attempts at the run have left
 * At the start items known from before are held (mpi/lease.h): those committed count as done, and none of the others is handed
 * out before the listing has met it again, or has ended. So a file that has changed meanwhile is noticed before anybody
 * opens it: its rows are taken back, and it is scanned as it is now.
 * Members of a packed archive (vx_item.bundle) are told to the leases when all of them, or as many as a bundle may have,
 * have been met, so that one worker gets them together and the archive is unpacked once. */
#ifndef VX_JOBS_RESUME_H
#define VX_JOBS_RESUME_H

#include "base/err.h"
#include "base/log.h"
#include "db/itemlist.h"
#include "jobs/rundir.h"
#include "mpi/claims.h"
#include "mpi/lease.h"
#include "mpi/weight.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { VX_BUNDLE_ITEMS = 16384 };                /* whose results a worker can well hold in memory */
#define VX_BUNDLE_BYTES ((size_t)16 << 20)       /* of names */
#define VX_BUNDLE_MS (8 * INT64_C(3600) * 1000) /* of sound: passing over as much costs less than a worker's time for it */

struct vx_resume {
    const struct vx_rundir *rundir; /* borrowed, these three */
    struct vx_itemlist *list;
    struct vx_log *log;
    struct vx_claims *claims; /* borrowed: of the coordinator; NULL: without --dedupe. Set after vx_resume_open() */
    int64_t known; /* items 1…known are from before */

    /* the listing thread's */
    unsigned char *seen;      /* owned [known / 8 + 1]: a bit an item, met in this attempt */
    struct vx_item *changed;  /* owned [n_changed]: with their new size and mtime; their rows are still there */
    size_t n_changed, cap_changed;
    int64_t n_seen, all_changed;
    struct vx_resume_bundle {
        int64_t number;      /* vx_item.bundle; 0: none is open */
        int64_t first, last; /* items met of it, one after the other */
        int64_t weight;      /* of all */
        size_t bytes;        /* of all their names: a lease is a message */
    } bundle;

    pthread_mutex_t lock; /* over what follows: from the listing thread to the coordinator */
    struct vx_resume_weight {
        int64_t item, weight;
        bool joined;
    } *weights;       /* owned [n_weights]: of items that this attempt has met, mpi/weight.h; joined as in mpi/lease.h */
    size_t n_weights, cap_weights;
    struct vx_resume_news {
        int64_t first, count;
        bool changed; /* no longer done */
    } *news;          /* owned [n_news] */
    size_t n_news, cap_news;
    size_t n_ready; /* of those: no open bundle's */
};

/* Reads the shards of earlier attempts, and what their ranks had in hand when they were killed, and marks leases by it.
 * retry_failed: items that failed, and those given up, are as if never done. The list is as the last attempt left it; new
 * leases. *resume is zeroed or the caller's to close. */
enum vx_status vx_resume_open(struct vx_resume *resume, const struct vx_rundir *rundir, struct vx_itemlist *list,
                              struct vx_leases *leases, bool retry_failed, struct vx_log *log, struct vx_err *err) VX_CHECKED;
void vx_resume_close(struct vx_resume *resume); /* zeroed is fine */

/* The listing thread: items [n], with ids, were found, met [n] as vx_itemlist_meet() says. Changed ones are moved from. */
enum vx_status vx_resume_meet(struct vx_resume *resume, struct vx_item *items, const enum vx_met *met, size_t n,
                              struct vx_err *err) VX_CHECKED;
/* The listing thread: how many items, from the first, may be given out; n are in the list. */
int64_t vx_resume_listed(const struct vx_resume *resume, int64_t n);
/* The listing thread, at its end: nothing more will be met, so what was not is gone. Says how many have changed or gone. */
enum vx_status vx_resume_end(struct vx_resume *resume, struct vx_err *err) VX_CHECKED;
/* The coordinator, again and again (mpi/coordinator.h). */
enum vx_status vx_resume_release(void *resume, struct vx_leases *leases, struct vx_err *err) VX_CHECKED;

#endif
