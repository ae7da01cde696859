/* calibration.c - scores to log-likelihood ratios: affine, by logistic regression with both classes weighing one half
 * (Brümmer and du Preez 2006, "Application-independent evaluation of speaker detection") */
#include "model/metrics_ranks.h"

#include <math.h>

#define MOST_STEPS 200
/* Of the squared scale of standardised scores, in the loss in nats: moves the scale of ordinary scores by some 1e-5 of it
 * and keeps that of separable ones at about 20 deviations. */
#define RIDGE 1e-6

struct side {
    const double *scores;
    size_t n;
    double sign; /* −1: bona fide, which a large score suits; 1: spoof */
};

/* Standardised scores z = (s − mean)/deviation, each class weighing one half. */
struct problem {
    struct side sides[2];
    double mean, deviation;
};

struct state {
    double a, b; /* llr = a·z + b */
    double loss, ga, gb, haa, hab, hbb;
};

static enum vx_status standardise(struct problem *p, struct vx_err *err)
{
    double mean = 0, square = 0;

    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < p->sides[k].n; i++)
            mean += 0.5 * (p->sides[k].scores[i] / (double)p->sides[k].n);
    for (int k = 0; k < 2; k++)
        for (size_t i = 0; i < p->sides[k].n; i++)
            square += 0.5 * (p->sides[k].scores[i] - mean) * (p->sides[k].scores[i] - mean) / (double)p->sides[k].n;
    p->mean = mean;
    p->deviation = sqrt(square);
    if (!isfinite(p->deviation))
        return vx_fail(err, VX_EINVAL, "scores too large to calibrate: their deviation is %g", p->deviation);
    if (!(p->deviation > 1e-12 * (1 + fabs(mean))))
        return vx_fail(err, VX_EINVAL, "all scores are %g: they tell nothing apart, there is nothing to calibrate", mean);
    return VX_OK;
}

/* Loss, gradient and Hessian at (a, b). */
static struct state evaluate(const struct problem *p, double a, double b)
{
    struct state s = {.a = a, .b = b, .loss = 0.5 * RIDGE * a * a, .ga = RIDGE * a, .haa = RIDGE};

    for (int k = 0; k < 2; k++) {
        const struct side *side = &p->sides[k];
        const double weight = 0.5 / (double)side->n;
        for (size_t i = 0; i < side->n; i++) {
            const double z = (side->scores[i] - p->mean) / p->deviation, x = side->sign * (a * z + b);
            const double q = 1 / (1 + exp(-x)), g = weight * side->sign * q, h = weight * q * (1 - q);
            s.loss += weight * vx_softplus(x);
            s.ga += g * z;
            s.gb += g;
            s.haa += h * z * z;
            s.hab += h * z;
            s.hbb += h;
        }
    }
    return s;
}

static double steepness(const struct state *s)
{
    return fmax(fabs(s->ga), fabs(s->gb));
}

/* Near the minimum the loss falls by less than its own rounding; there the gradient tells. */
static bool is_better(const struct state *next, const struct state *now)
{
    return next->loss < now->loss - 1e-13 * now->loss ||
           (next->loss < now->loss + 1e-13 * now->loss && steepness(next) < steepness(now));
}

/* Newton's step, halved until it betters something; false: it does no more. */
static bool step(const struct problem *p, struct state *s)
{
    const double hbb = s->hbb + 1e-12, det = s->haa * hbb - s->hab * s->hab; /* hbb vanishes where all is separated */
    double da = -(hbb * s->ga - s->hab * s->gb) / det, db = -(s->haa * s->gb - s->hab * s->ga) / det;

    for (int halvings = 0; halvings < 60; halvings++, da /= 2, db /= 2) {
        const struct state next = evaluate(p, s->a + da, s->b + db);
        if (is_better(&next, s)) {
            *s = next;
            return true;
        }
    }
    return false;
}

enum vx_status vx_calibration_fit(struct vx_calibration *out, const double *bona, size_t n_bona, const double *spoof,
                                  size_t n_spoof, struct vx_err *err)
{
    struct problem p = {.sides = {{bona, n_bona, -1}, {spoof, n_spoof, 1}}};
    struct state s;
    enum vx_status rc;

    if (n_bona == 0 || n_spoof == 0)
        return vx_fail(err, VX_EINVAL, "calibration needs scores of both classes: there are %zu bona fide and %zu spoof",
                       n_bona, n_spoof);
    if ((rc = vx_scores_check(bona, n_bona, "bona fide", err)) != VX_OK ||
        (rc = vx_scores_check(spoof, n_spoof, "spoof", err)) != VX_OK || (rc = standardise(&p, err)) != VX_OK)
        return rc;
    s = evaluate(&p, 0, 0);
    for (int i = 0; i < MOST_STEPS && steepness(&s) > 1e-15 && step(&p, &s); i++)
        ;
    if (!(s.a > 1e-9))
        return vx_fail(err, VX_EINVAL, "the scores point the wrong way: higher should mean bona fide, but the best scale is %g; "
                       "are the labels or the model's two classes swapped?", s.a / p.deviation);
    out->scale = s.a / p.deviation;
    out->offset = s.b - s.a * p.mean / p.deviation;
    return VX_OK;
}
