/* calibrate_set.h - the labelled files that calibrate works on: inputs and label file brought together */
#ifndef VX_JOBS_CALIBRATE_SET_H
#define VX_JOBS_CALIBRATE_SET_H

#include "base/item.h"
#include "base/log.h"
#include "jobs/calibrate_fit.h"

#include <stddef.h>

struct vx_calibrate_set_options {
    const char *labels, *labels_format; /* labels_format NULL: detect */
    const char *cluster;                /* a column of the label file or a manifest; NULL: each label row is one */
    const char *const *inputs;
    size_t n_inputs;
};

struct vx_calibrate_set {
    struct vx_item *items;           /* owned [n], each owned: recordings, or pictures, that have a label */
    struct vx_calibrate_file *files; /* owned [n]: their sides and clusters */
    size_t n, cap;
    bool pictures;
};

/* Says how many inputs and rows found each other. VX_EINVAL: nothing matches, a match is ambiguous, there is no such column,
 * or recordings and pictures mix. Others as of vx_labels_open. */
enum vx_status vx_calibrate_set_read(struct vx_calibrate_set *out, const struct vx_calibrate_set_options *o, struct vx_log *log,
                                     struct vx_err *err) VX_CHECKED;
void vx_calibrate_set_free(struct vx_calibrate_set *set); /* zeroed is fine */

#endif
