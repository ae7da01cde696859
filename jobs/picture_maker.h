/* picture_maker.h - all windows of a corpus become pictures, on many threads, in one order
 * A thread takes the next item of the listing, cuts it into windows and makes their pictures; what comes out is written in
 * the order of the listing, whatever the threads. A thread whose item is not next leaves its pictures for the one whose
 * turn comes; of a long recording it waits for its turn after some megabytes, so memory is bounded. */
#ifndef VX_JOBS_PICTURE_MAKER_H
#define VX_JOBS_PICTURE_MAKER_H

#include "base/err.h"
#include "base/log.h"
#include "jobs/item_windows.h"
#include "jobs/picture_set.h"

#include <stdint.h>

struct vx_picture_maker { /* borrowed during the run */
    struct vx_item_windows_config windows;
    int channels; /* of a picture: 1 takes the first of three equal ones */
    int threads;
    size_t keep_bytes; /* of pictures that an item holds while it waits for its turn, at least one picture; 0: 8 MiB */
    const char *const *inputs;
    size_t n_inputs;
    struct vx_picture_set *set; /* where they go */
    struct vx_log *log;         /* hears of unreadable items, and of progress */
};

struct vx_picture_tally {
    int64_t items, scored, not_scored, failed; /* scored: items with pictures; failed: unreadable, pictures or not */
    int64_t skipped;                           /* other files, passed over */
};

/* An item that cannot be read costs itself: it is counted, and said on the log. What fails here ends the run. */
enum vx_status vx_picture_maker_run(const struct vx_picture_maker *maker, struct vx_picture_tally *tally,
                                    struct vx_err *err) VX_CHECKED;

#endif
