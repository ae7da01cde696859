/* calibrate_fit.h - from the scores of labelled files to a calibration, operating points, and what they are worth
 * Pure: scores, sides and clusters in, numbers out; the same input gives the same output. A score is logit_real −
 * logit_fake of a window. P(fake) of a window is sigmoid(−llr), that of a file the mean over its windows. */
#ifndef VX_JOBS_CALIBRATE_FIT_H
#define VX_JOBS_CALIBRATE_FIT_H

#include "base/err.h"
#include "model/metrics.h"
#include "model/profile.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VX_CALIBRATE_MIN_FILES 10 /* of each side: with fewer an EER moves in steps of more than 10 % */
#define VX_CALIBRATE_RARE 0.01    /* what high_precision and high_recall allow */
#define VX_CALIBRATE_MAX_FOLDS 100

struct vx_calibrate_file {
    bool bona;
    uint32_t cluster; /* 0, 1, 2…: files of a cluster are never on both sides of a cross-validation */
};

struct vx_calibrate_windows { /* as one profile scores them */
    const double *scores;     /* [n] */
    const uint32_t *file;     /* [n] ascending: each window's file; files without windows were not scored */
    size_t n;
};

/* Some of the files: those whose fold is `fold`, or all others, or all where folds is NULL. */
struct vx_calibrate_part {
    const struct vx_calibrate_file *files; /* [n_files] */
    size_t n_files;
    const int *folds; /* [n_files] */
    int fold;
    bool others;
};

/* On mean P(fake) of files: real < real_below <= uncertain < fake_from <= fake. With e the files' EER,
 * balanced: at most e/2 of the spoofed files are called real and at most e/2 of the bona fide ones fake, so that each
 * verdict errs half as often as at the EER's threshold, and what lies between is uncertain;
 * high_precision: at most VX_CALIBRATE_RARE of the bona fide files are called fake, and no more than balanced calls;
 * high_recall: at most VX_CALIBRATE_RARE of the spoofed files are not called fake; nothing is uncertain.
 * A threshold lies halfway between the two files that it parts. */
struct vx_calibrate_points {
    struct vx_operating_point balanced, high_precision, high_recall;
};

/* p_bona, p_spoof: mean P(fake) of files, sorted in place; n > 0. */
enum vx_status vx_calibrate_points(struct vx_calibrate_points *out, double *p_bona, size_t n_bona, double *p_spoof, size_t n_spoof,
                                   struct vx_err *err) VX_CHECKED;

struct vx_calibrate_fit {
    struct vx_calibration llr;
    struct vx_calibrate_points points;
    double cllr; /* of the windows it was fitted to, bits */
};

/* Calibrated as by vx_calibration_fit, with one imagined file added to each side that scores as the other side's median: few
 * files, all of them on their side, would claim odds that a single error among new ones refutes; so they come to about the
 * number of files, at most. VX_EINVAL: a class is empty, or the scores point the wrong way. */
enum vx_status vx_calibrate_fit(struct vx_calibrate_fit *out, const struct vx_calibrate_part *part,
                                const struct vx_calibrate_windows *windows, struct vx_err *err) VX_CHECKED;

/* folds [n_files]: 0…n-1, whole clusters, each side dealt out evenly, by the seed. VX_EINVAL: too few files or clusters, with how
 * many are needed; cluster: the column's name for that message, or NULL. */
enum vx_status vx_calibrate_folds(int *folds, const struct vx_calibrate_file *files, size_t n_files, int n, uint64_t seed,
                                  const char *cluster, struct vx_err *err) VX_CHECKED;

struct vx_calibrate_row { /* of a profile; what needs a fit is that of held-out files */
    size_t n_windows, n_files;
    double window_eer;        /* of a profile: of the raw scores, to which nothing is fitted */
    double file_eer, cllr;    /* NaN where no_fit */
    bool no_fit;              /* fitted to everything, higher scores do not mean bona fide */
    bool wrong_way;           /* they mean spoofed: an AUC below one half */
    int folds_won;            /* it was the best on so many folds' other files */
};

struct vx_calibrate_report {
    struct vx_calibrate_row picked; /* in each fold the profile that is best on the other files: its choice is held out too */
    double verdicts[2][3];          /* shares of the held-out spoofed [0] and bona fide [1] files called real, uncertain, fake */
    int best;                       /* the profile with the lowest Cllr; -1: no_fit all over */
};

/* rows [n_profiles]. In each fold calibration, points and the choice of the profile (lowest Cllr) come from the other folds
 * alone. A fold whose fit would turn the scores round is taken to say nothing: llr 0. VX_EINVAL: too few scored files. */
enum vx_status vx_calibrate_cross(struct vx_calibrate_report *report, struct vx_calibrate_row *rows,
                                  const struct vx_calibrate_windows *windows, int n_profiles, const struct vx_calibrate_file *files,
                                  size_t n_files, const int *folds, int n_folds, struct vx_err *err) VX_CHECKED;

#endif
