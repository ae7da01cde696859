/* calibrate_pile.h - windows of many files that wait until they fill a batch, for one engine in one thread */
#ifndef VX_JOBS_CALIBRATE_PILE_H
#define VX_JOBS_CALIBRATE_PILE_H

#include "jobs/scanner.h"

#include <stddef.h>
#include <stdint.h>

struct vx_calibrate_scored { /* a window */
    uint32_t file;
    int32_t index; /* in its file */
    double score;  /* logit_real - logit_fake */
};

struct vx_calibrate_pile {
    const struct vx_scanner *scanner; /* borrowed */
    int lane;                         /* of its engine, this pile's alone */
    struct vx_input input;            /* what waits, all of one kind, length and rate; data is bytes */
    unsigned char *bytes;             /* owned */
    size_t cap_bytes;
    struct vx_calibrate_scored *waiting; /* owned [batch]: without their scores */
    float *logits;                       /* owned [batch][n_labels] */
    struct vx_calibrate_scored *scored;  /* owned [n]: what came out so far */
    size_t n, cap;
};

/* VX_ENOMEM: close it all the same. */
enum vx_status vx_calibrate_pile_open(struct vx_calibrate_pile *pile, const struct vx_scanner *scanner, int lane,
                                      struct vx_err *err) VX_CHECKED;
void vx_calibrate_pile_close(struct vx_calibrate_pile *pile); /* zeroed is fine */

/* Takes a copy of one window, and runs the engine when that fills the batch. */
enum vx_status vx_calibrate_pile_add(struct vx_calibrate_pile *pile, uint32_t file, int32_t index, const struct vx_input *window,
                                     struct vx_err *err) VX_CHECKED;
/* Runs what waits. */
enum vx_status vx_calibrate_pile_run(struct vx_calibrate_pile *pile, struct vx_err *err) VX_CHECKED;

#endif
