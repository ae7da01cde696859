/* metrics.h - how well scores separate bona fide speech from spoofed: the field's metrics (ASVspoof 5, track 1)
 * A score is a detection score: higher means bona fide. Ties, one-sided and empty sets are defined here once: what has
 * no value is NaN, never a guess. */
#ifndef VX_MODEL_METRICS_H
#define VX_MODEL_METRICS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The cost model: prior of spoof, cost of a miss (bona fide refused) and of a false accept (spoof taken). */
struct vx_cost_model {
    double pi_spoof, c_miss, c_fa;
};
#define VX_COST_ASVSPOOF5 ((struct vx_cost_model){0.05, 1.0, 10.0})

struct vx_metrics {
    size_t n_bona, n_spoof;
    double eer, eer_threshold; /* mean(FRR, FAR) at argmin |FRR − FAR| over the DET's thresholds */
    double auc;                /* of the ROC; ties count one half */
    double min_dcf;            /* normalised by min(c_miss·(1−π), c_fa·π) */
    double act_dcf;            /* the same at −ln(c_miss(1−π)/(c_fa·π)): a miss is score < t, a false accept score >= t */
    double cllr;               /* bits; for log-likelihood-ratio scores */
};

/* DET as the evaluation plans compute it: scores sorted by a stable merge sort (bona fide before spoof in the input), FRR
 * starts at 0 and FAR at 1, first threshold = lowest − 0.001. frr, far, threshold [n_bona + n_spoof + 1], the caller's.
 * VX_EINVAL: a class is empty, or a score is not finite. */
enum vx_status vx_det_curve(const double *bona, size_t n_bona, const double *spoof, size_t n_spoof, double *frr, double *far_,
                            double *threshold, struct vx_err *err) VX_CHECKED;

/* Scores finite (VX_EINVAL names the first that is not). A metric that needs both classes is NaN where one is empty. */
enum vx_status vx_metrics_compute(struct vx_metrics *out, const double *bona, size_t n_bona, const double *spoof, size_t n_spoof,
                                  struct vx_cost_model cost, struct vx_err *err) VX_CHECKED;

/* One trial: a score, its side, and the cluster it is resampled with (speaker or file; 0, 1, 2…). */
struct vx_trial {
    double score;
    bool bona;
    uint32_t cluster; /* numbered without large gaps */
};

struct vx_interval {
    double low, high; /* 2.5 and 97.5 percentiles; NaN where undefined */
};
struct vx_metrics_intervals {
    struct vx_interval eer, auc, min_dcf, act_dcf, cllr, accuracy;
    int rounds; /* resamples that held both classes */
};

/* Bootstrap over clusters, drawn with replacement within each class's clusters apart; accuracy at score >= threshold is
 * bona fide. Deterministic in seed (splitmix64; of each round the bona fide clusters are drawn first). A class of a single
 * cluster shows no spread: the intervals that need it are NaN, as those of both classes where one is empty. trials in any
 * order, finite; rounds from 1. Time goes with rounds·n. */
enum vx_status vx_metrics_bootstrap(struct vx_metrics_intervals *out, const struct vx_trial *trials, size_t n, double threshold,
                                    struct vx_cost_model cost, int rounds, uint64_t seed, struct vx_err *err) VX_CHECKED;

/* The affine calibration llr = scale·score + offset that minimises the prior-weighted logistic loss (each class weighing
 * one half: the training prior does not matter, and the minimum is Cllr's), by Newton's method with a weak ridge so that
 * separable scores stay finite. VX_EINVAL: a class is empty, or scale <= 0 came out (the scores point the wrong way: says so). */
struct vx_calibration {
    double scale, offset;
};
/* The ridge is 5e-7 times the squared scale of scores of deviation 1, in nats. */
enum vx_status vx_calibration_fit(struct vx_calibration *out, const double *bona, size_t n_bona, const double *spoof,
                                  size_t n_spoof, struct vx_err *err) VX_CHECKED;

#endif
