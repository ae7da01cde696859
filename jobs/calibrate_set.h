/* calibrate_set.h - the labelled files that calibrate works on: inputs and label file brought together */
#ifndef VX_JOBS_CALIBRATE_SET_H
#define VX_JOBS_CALIBRATE_SET_H

#include "base/item.h"
#include "base/log.h"
#include "base/names.h"
#include "io/corpus.h"
#include "io/labels.h"
#include "jobs/calibrate_fit.h"

#include <stddef.h>

struct vx_calibrate_set_options {
    const char *labels, *labels_format; /* labels_format NULL: detect */
    const char *cluster;                /* a column of the label file or a manifest; NULL: each label row is one */
    const char *const *inputs;
    size_t n_inputs;
    struct vx_corpus_limits limits; /* of archives among them */
};

/* The label file, and the clusters met so far. */
struct vx_calibrate_labels {
    struct vx_labels *labels; /* owned */
    struct vx_names clusters; /* owned */
    const char *file, *cluster; /* of the options */
    bool cluster_seen;
    size_t n_labelled, n_unlabelled;
    char *example; /* owned: the first input without a label; NULL: none */
};
enum vx_status vx_calibrate_labels_open(struct vx_calibrate_labels *out, const struct vx_calibrate_set_options *o,
                                        struct vx_err *err) VX_CHECKED;
void vx_calibrate_labels_close(struct vx_calibrate_labels *labels); /* zeroed is fine */

/* Side and cluster of an input, *row < 0: it has no label. meta: key, value, key, value… of a manifest. VX_EINVAL: ambiguous. */
enum vx_status vx_calibrate_label(struct vx_calibrate_labels *labels, const char *path, const char *member,
                                  const char *const *meta, size_t n_meta, ptrdiff_t *row, struct vx_calibrate_file *file,
                                  struct vx_err *err) VX_CHECKED;
/* Once all were asked for: says how many inputs and rows found each other. VX_EINVAL: none did, or no such cluster column. */
enum vx_status vx_calibrate_labels_check(struct vx_calibrate_labels *labels, struct vx_log *log, struct vx_err *err) VX_CHECKED;

struct vx_calibrate_set {
    struct vx_item *items;           /* owned [n], each owned: recordings, or pictures, that have a label; NULL: they are scored */
    struct vx_calibrate_file *files; /* owned [n]: their sides and clusters */
    size_t n, cap;
    bool pictures;
};

/* VX_EINVAL: nothing matches, a match is ambiguous, there is no such column, or recordings and pictures mix. Others as of
 * vx_labels_open. */
enum vx_status vx_calibrate_set_read(struct vx_calibrate_set *out, const struct vx_calibrate_set_options *o, struct vx_log *log,
                                     struct vx_err *err) VX_CHECKED;
void vx_calibrate_set_free(struct vx_calibrate_set *set); /* zeroed is fine */

#endif
