/* metrics_ranks.h - scores in order, and one walk over them that gives every metric (inside metrics_*.c)
 * The walk takes each score a number of times, so a bootstrap sorts once and then only counts. */
#ifndef VX_MODEL_METRICS_RANKS_H
#define VX_MODEL_METRICS_RANKS_H

#include "model/metrics.h"

struct vx_ranked {
    double score;
    double loss;   /* of Cllr: ln(1 + e^−score) of bona fide, ln(1 + e^score) of spoof */
    uint32_t unit; /* whose copies count; see vx_ranks_metrics */
    bool bona;
};

double vx_softplus(double x); /* ln(1 + e^x), without overflow */

/* VX_EINVAL: a score is not finite; says which and of what side. */
enum vx_status vx_scores_check(const double *scores, size_t n, const char *side, struct vx_err *err) VX_CHECKED;
/* VX_EINVAL: a prior outside 0…1 or a cost that is not positive. */
enum vx_status vx_cost_check(struct vx_cost_model cost, struct vx_err *err) VX_CHECKED;

/* Ascending, bona fide before spoof among equals: what a stable sort makes of bona fide followed by spoof. */
void vx_ranks_sort(struct vx_ranked *ranks, size_t n);

/* bona followed by spoof, checked and sorted, unit 0 throughout. *out [n_bona + n_spoof] is the caller's to free. */
enum vx_status vx_ranks_make(struct vx_ranked **out, const double *bona, size_t n_bona, const double *spoof, size_t n_spoof,
                             struct vx_err *err) VX_CHECKED;

/* copies [largest unit + 1]: how often each unit's scores are there; NULL: once. n_bona, n_spoof: how many that makes. A
 * class without scores makes every metric NaN. */
void vx_ranks_metrics(struct vx_metrics *out, const struct vx_ranked *ranks, size_t n, const uint32_t *copies, size_t n_bona,
                      size_t n_spoof, struct vx_cost_model cost);

#endif
