/* listing.h - the thread that lists the corpus into the run's item list while scanning has begun */
#ifndef VX_JOBS_LISTING_H
#define VX_JOBS_LISTING_H

#include "base/err.h"
#include "db/itemlist.h"
#include "io/corpus.h"
#include "jobs/part.h"
#include "jobs/resume.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct vx_listing {
    struct vx_itemlist *list;     /* borrowed */
    struct vx_resume *resume;     /* borrowed: is told of every item */
    struct vx_corpus *corpus;     /* owned */
    struct vx_part part;          /* of the corpus: the rest is passed over */
    _Atomic int64_t listed;       /* items in the list */
    atomic_bool ended;
    atomic_bool *stop;            /* borrowed: ends the listing early; set when listing fails */
    struct vx_corpus_stats stats; /* once joined */
    struct vx_err failure;        /* once joined: VX_OK, or why it ended early */
    pthread_t thread;
    bool started;
};

enum vx_status vx_listing_start(struct vx_listing *listing, struct vx_itemlist *list, struct vx_resume *resume, const char *const *inputs,
                                int n_inputs, struct vx_part part, struct vx_corpus_limits limits, atomic_bool *stop,
                                struct vx_err *err) VX_CHECKED;
enum vx_status vx_listing_join(struct vx_listing *listing, struct vx_err *err) VX_CHECKED; /* its failure, if any */

#endif
