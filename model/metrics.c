/* metrics.c - EER, AUC, DCF and Cllr in one walk over the sorted scores */
#include "model/metrics.h"
#include "base/mem.h"
#include "model/metrics_ranks.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

double vx_softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

enum vx_status vx_scores_check(const double *scores, size_t n, const char *side, struct vx_err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(scores[i]))
            return vx_fail(err, VX_EINVAL, "score %zu of %zu %s is %g: expected a finite number", i + 1, n, side, scores[i]);
    return VX_OK;
}

enum vx_status vx_cost_check(struct vx_cost_model cost, struct vx_err *err)
{
    if (cost.pi_spoof > 0 && cost.pi_spoof < 1 && cost.c_miss > 0 && cost.c_fa > 0 && isfinite(cost.c_miss) &&
        isfinite(cost.c_fa))
        return VX_OK;
    return vx_fail(err, VX_EINVAL, "a prior of spoof of %g with costs of %g a miss and %g a false accept: expected a prior "
                   "between 0 and 1 and costs above 0", cost.pi_spoof, cost.c_miss, cost.c_fa);
}

static int ascending(const void *pa, const void *pb)
{
    const struct vx_ranked *a = pa, *b = pb;

    if (a->score != b->score)
        return a->score < b->score ? -1 : 1;
    return (int)b->bona - (int)a->bona;
}

/* Equal scores of one class cannot be told apart in any metric, so that the sort need not be stable. */
void vx_ranks_sort(struct vx_ranked *ranks, size_t n)
{
    if (n > 0)
        qsort(ranks, n, sizeof *ranks, ascending);
}

enum vx_status vx_ranks_make(struct vx_ranked **out, const double *bona, size_t n_bona, const double *spoof, size_t n_spoof,
                             struct vx_err *err)
{
    struct vx_ranked *ranks;
    enum vx_status rc;

    *out = NULL;
    if ((rc = vx_scores_check(bona, n_bona, "bona fide", err)) != VX_OK ||
        (rc = vx_scores_check(spoof, n_spoof, "spoof", err)) != VX_OK)
        return rc;
    if (!(ranks = vx_calloc(n_bona + n_spoof, sizeof *ranks)))
        return vx_fail_nomem(err, "sorted scores");
    for (size_t i = 0; i < n_bona; i++)
        ranks[i] = (struct vx_ranked){.score = bona[i], .loss = vx_softplus(-bona[i]), .bona = true};
    for (size_t i = 0; i < n_spoof; i++)
        ranks[n_bona + i] = (struct vx_ranked){.score = spoof[i], .loss = vx_softplus(spoof[i])};
    vx_ranks_sort(ranks, n_bona + n_spoof);
    *out = ranks;
    return VX_OK;
}

/* What the walk has passed: bona fide that a threshold here would refuse, spoof that it would refuse too. */
struct walk {
    size_t bona, spoof;
    double auc;      /* pairs in the right order, ties one half */
    double best_dcf; /* not normalised */
    bool crossed;    /* FRR has reached FAR: the EER is found */
    size_t act_miss, act_refused;
    double loss_bona, loss_spoof;
};

static double frr_of(const struct walk *w, const struct vx_metrics *m)
{
    return (double)w->bona / (double)m->n_bona;
}

static double far_of(const struct walk *w, const struct vx_metrics *m)
{
    return (double)(m->n_spoof - w->spoof) / (double)m->n_spoof;
}

static double dcf(const struct vx_cost_model *c, double frr, double far_)
{
    return c->c_miss * (1 - c->pi_spoof) * frr + c->c_fa * c->pi_spoof * far_;
}

/* A point of the DET at which the DCF may be least: along bona fide it only grows, along spoof it only falls. */
static void visit_corner(struct walk *w, const struct vx_metrics *m, const struct vx_cost_model *cost)
{
    w->best_dcf = fmin(w->best_dcf, dcf(cost, frr_of(w, m), far_of(w, m)));
}

static bool turns(const struct walk *w, const struct vx_metrics *m, const struct vx_ranked *r, uint32_t times)
{
    const double bona = (double)w->bona + (r->bona ? times : 0), spoof = (double)w->spoof + (r->bona ? 0 : times);

    return bona * (double)m->n_spoof >= ((double)m->n_spoof - spoof) * (double)m->n_bona; /* FRR >= FAR */
}

/* FRR − FAR grows with every score passed, from −1 to 1, so that it is least in magnitude where its sign turns: there or
 * one score before. Takes `times` copies of a score of which one turns it. */
static void find_eer(struct walk *w, struct vx_metrics *m, const struct vx_ranked *r, uint32_t times, double before)
{
    struct walk at = *w;

    for (uint32_t k = 0; k < times; k++) {
        const double frr_before = frr_of(&at, m), far_before = far_of(&at, m);
        const bool turned = turns(&at, m, r, 1);
        at.bona += r->bona;
        at.spoof += !r->bona;
        if (!turned) {
            before = r->score;
            continue;
        }
        const double frr = frr_of(&at, m), far_ = far_of(&at, m);
        const bool earlier = far_before - frr_before <= frr - far_; /* of equals the first */
        m->eer = earlier ? (frr_before + far_before) / 2 : (frr + far_) / 2;
        m->eer_threshold = earlier ? before : r->score;
        w->crossed = true;
        return;
    }
}

static void walk_all(struct walk *w, struct vx_metrics *m, const struct vx_ranked *ranks, size_t n, const uint32_t *copies,
                     const struct vx_cost_model *cost)
{
    const double act = -log(cost->c_miss * (1 - cost->pi_spoof) / (cost->c_fa * cost->pi_spoof));
    const struct vx_ranked *last = NULL; /* of those that are there */
    size_t bona_below = 0;               /* the score that is looked at */

    for (size_t i = 0; i < n; i++) {
        const struct vx_ranked *r = &ranks[i];
        const uint32_t times = copies ? copies[r->unit] : 1;
        if (times == 0)
            continue;
        if (!w->crossed && turns(w, m, r, times))
            find_eer(w, m, r, times, last ? last->score : r->score); /* the DET's first point is never the nearer */
        if (!last || last->score != r->score)
            bona_below = w->bona;
        if (r->bona) {
            if (!last || !last->bona)
                visit_corner(w, m, cost);
            w->auc += (double)times * (double)w->spoof; /* spoof of the same score come later */
            w->bona += times;
            w->loss_bona += times * r->loss;
        } else {
            w->auc += 0.5 * (double)times * (double)(w->bona - bona_below);
            w->spoof += times;
            w->loss_spoof += times * r->loss;
        }
        if (r->score < act) {
            w->act_miss = w->bona;
            w->act_refused = w->spoof;
        }
        last = r;
    }
    visit_corner(w, m, cost);
}

void vx_ranks_metrics(struct vx_metrics *out, const struct vx_ranked *ranks, size_t n, const uint32_t *copies, size_t n_bona,
                      size_t n_spoof, struct vx_cost_model cost)
{
    const double most = fmin(cost.c_miss * (1 - cost.pi_spoof), cost.c_fa * cost.pi_spoof);
    struct walk w = {.best_dcf = INFINITY};
    struct vx_metrics m = {n_bona, n_spoof, NAN, NAN, NAN, NAN, NAN, NAN};

    *out = m;
    if (n_bona == 0 || n_spoof == 0)
        return;
    walk_all(&w, &m, ranks, n, copies, &cost);
    assert(w.bona == m.n_bona && w.spoof == m.n_spoof && w.crossed);
    const double nb = (double)m.n_bona, ns = (double)m.n_spoof;
    m.auc = w.auc / nb / ns;
    m.min_dcf = w.best_dcf / most;
    m.act_dcf = dcf(&cost, (double)w.act_miss / nb, (ns - (double)w.act_refused) / ns) / most;
    m.cllr = (w.loss_bona / nb + w.loss_spoof / ns) / (2 * log(2));
    *out = m;
}

enum vx_status vx_metrics_compute(struct vx_metrics *out, const double *bona, size_t n_bona, const double *spoof, size_t n_spoof,
                                  struct vx_cost_model cost, struct vx_err *err)
{
    struct vx_ranked *ranks;
    enum vx_status rc;

    if ((rc = vx_cost_check(cost, err)) != VX_OK || (rc = vx_ranks_make(&ranks, bona, n_bona, spoof, n_spoof, err)) != VX_OK)
        return rc;
    vx_ranks_metrics(out, ranks, n_bona + n_spoof, NULL, n_bona, n_spoof, cost);
    free(ranks);
    return VX_OK;
}

enum vx_status vx_det_curve(const double *bona, size_t n_bona, const double *spoof, size_t n_spoof, double *frr, double *far_,
                            double *threshold, struct vx_err *err)
{
    struct vx_ranked *ranks;
    size_t refused_bona = 0, refused_spoof = 0;
    enum vx_status rc;

    if (n_bona == 0 || n_spoof == 0)
        return vx_fail(err, VX_EINVAL, "a DET curve of %zu bona fide and %zu spoof scores: expected some of both", n_bona, n_spoof);
    if ((rc = vx_ranks_make(&ranks, bona, n_bona, spoof, n_spoof, err)) != VX_OK)
        return rc;
    frr[0] = 0;
    far_[0] = 1;
    threshold[0] = ranks[0].score - 0.001;
    for (size_t i = 0; i < n_bona + n_spoof; i++) {
        if (ranks[i].bona)
            refused_bona++;
        else
            refused_spoof++;
        frr[i + 1] = (double)refused_bona / (double)n_bona;
        far_[i + 1] = (double)(n_spoof - refused_spoof) / (double)n_spoof;
        threshold[i + 1] = ranks[i].score;
    }
    free(ranks);
    return VX_OK;
}
