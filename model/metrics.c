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
    double gap;      /* smallest |FRR − FAR| so far */
    double best_dcf; /* not normalised */
    size_t act_miss, act_refused;
    double loss_bona, loss_spoof;
};

static double dcf(const struct vx_cost_model *c, double frr, double far_)
{
    return c->c_miss * (1 - c->pi_spoof) * frr + c->c_fa * c->pi_spoof * far_;
}

/* One point of the DET: the threshold at `threshold` with what was passed refused. */
static void visit(struct walk *w, struct vx_metrics *m, const struct vx_cost_model *cost, double threshold)
{
    const double frr = (double)w->bona / (double)m->n_bona;
    const double far_ = (double)(m->n_spoof - w->spoof) / (double)m->n_spoof;
    const double gap = fabs(frr - far_), now = dcf(cost, frr, far_);

    if (gap < w->gap) {
        w->gap = gap;
        m->eer = (frr + far_) / 2;
        m->eer_threshold = threshold;
    }
    if (now < w->best_dcf)
        w->best_dcf = now;
}

/* Pairs of one group of equal scores: each bona fide against the spoof below and half of those beside it. */
static void count_pairs(struct walk *w, size_t bona_before, size_t spoof_before)
{
    const double bona = (double)(w->bona - bona_before), beside = (double)(w->spoof - spoof_before);

    w->auc += bona * ((double)spoof_before + beside / 2);
}

static void walk_all(struct walk *w, struct vx_metrics *m, const struct vx_ranked *ranks, size_t n, const uint32_t *copies,
                     const struct vx_cost_model *cost)
{
    const double act = -log(cost->c_miss * (1 - cost->pi_spoof) / (cost->c_fa * cost->pi_spoof));
    size_t bona_before = 0, spoof_before = 0;
    bool started = false;

    for (size_t i = 0; i < n; i++) {
        const struct vx_ranked *r = &ranks[i];
        const uint32_t times = copies ? copies[r->unit] : 1;
        if (times > 0 && !started) {
            visit(w, m, cost, r->score - 0.001);
            started = true;
        }
        for (uint32_t k = 0; k < times; k++) { /* each copy is a point of its own, as in a sorted list */
            if (r->bona)
                w->bona++;
            else
                w->spoof++;
            visit(w, m, cost, r->score);
        }
        if (r->bona)
            w->loss_bona += times * r->loss;
        else
            w->loss_spoof += times * r->loss;
        if (r->score < act) {
            w->act_miss = w->bona;
            w->act_refused = w->spoof;
        }
        if (i + 1 == n || ranks[i + 1].score != r->score) {
            count_pairs(w, bona_before, spoof_before);
            bona_before = w->bona;
            spoof_before = w->spoof;
        }
    }
}

void vx_ranks_metrics(struct vx_metrics *out, const struct vx_ranked *ranks, size_t n, const uint32_t *copies,
                      struct vx_cost_model cost)
{
    struct walk w = {.gap = INFINITY, .best_dcf = INFINITY};
    struct vx_metrics m = {.eer = NAN, .eer_threshold = NAN, .auc = NAN, .min_dcf = NAN, .act_dcf = NAN, .cllr = NAN};
    const double most = fmin(cost.c_miss * (1 - cost.pi_spoof), cost.c_fa * cost.pi_spoof);

    for (size_t i = 0; i < n; i++) {
        const uint32_t times = copies ? copies[ranks[i].unit] : 1;
        if (ranks[i].bona)
            m.n_bona += times;
        else
            m.n_spoof += times;
    }
    *out = m;
    if (m.n_bona == 0 || m.n_spoof == 0)
        return;
    walk_all(&w, &m, ranks, n, copies, &cost);
    assert(w.bona == m.n_bona && w.spoof == m.n_spoof);
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
    vx_ranks_metrics(out, ranks, n_bona + n_spoof, NULL, cost);
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
