/* skewed.h - made-up corpora on which leases go wrong: one recording of ten hours among thousands */
#ifndef VX_TESTS_SCALE_SKEWED_H
#define VX_TESTS_SCALE_SKEWED_H

#include "base/err.h"
#include "db/itemlist.h"

#include <stdint.h>

struct skewed {
    int64_t n;
    double *item_s;  /* owned [n]: what a worker takes that scans `real_time` times as fast as sound passes */
    int64_t *weight; /* owned [n] */
};

enum skewed_rest {
    SKEWED_SHORT,   /* evenly 2 to 20 s */
    SKEWED_MINUTES, /* evenly 1 to 10 minutes */
    SKEWED_TAIL,    /* log-normal: half of them below 20 s, one in a hundred over 11 minutes, at most an hour */
};

/* n recordings, that of ten hours is the ten_hours-th, 1…n; 0: there is none. wrong: weights are wrong by up to this factor,
 * 1: exact. */
enum vx_status skewed_create(struct skewed *out, int64_t n, int64_t ten_hours, enum skewed_rest rest, double real_time,
                             double wrong, struct vx_err *err) VX_CHECKED;
void skewed_free(struct skewed *corpus);

/* A list of n items on disk, for the coordinator to read leases from. */
enum vx_status skewed_list(struct vx_itemlist **out, const char *path, int64_t n, struct vx_err *err) VX_CHECKED;

#endif
