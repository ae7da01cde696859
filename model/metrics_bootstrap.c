/* metrics_bootstrap.c - how far metrics would move with other speakers or files: intervals from resampled clusters
 * Scores of one speaker or file are alike; drawing single scores would pretend to many more observations than there are. */
#include "base/mem.h"
#include "model/metrics_ranks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BONA, SPOOF, EER = 0, AUC, MIN_DCF, ACT_DCF, CLLR, ACCURACY, N_VALUES };

struct bootstrap {
    size_t n, n_units;         /* trials; units: 2·cluster + bona */
    struct vx_ranked *ranks;   /* [n] sorted */
    uint32_t *copies;          /* [n_units] of this round */
    uint32_t *drawn[2];        /* BONA, SPOOF: the units there are of that class, [n_drawn] */
    size_t n_drawn[2];
    size_t *right, *total;     /* [n_units] trials on the right side of the threshold; all */
    double *values[N_VALUES];  /* [rounds], in one allocation */
    uint64_t random;
};

/* splitmix64 (Steele, Lea, Flood 2014): small, and written in a line in any language that wants to repeat a result. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static size_t next_below(uint64_t *state, size_t n) /* n < 2^32 */
{
    return (size_t)((next_random(state) >> 32) * n >> 32);
}

static void close_bootstrap(struct bootstrap *b)
{
    free(b->ranks);
    free(b->copies);
    free(b->drawn[BONA]);
    free(b->drawn[SPOOF]);
    free(b->right);
    free(b->total);
    free(b->values[0]);
}

static enum vx_status allocate(struct bootstrap *b, int rounds, struct vx_err *err)
{
    b->ranks = vx_calloc(b->n, sizeof *b->ranks);
    b->copies = vx_calloc(b->n_units, sizeof *b->copies);
    b->drawn[BONA] = vx_calloc(b->n_units, sizeof *b->drawn[BONA]);
    b->drawn[SPOOF] = vx_calloc(b->n_units, sizeof *b->drawn[SPOOF]);
    b->right = vx_calloc(b->n_units, sizeof *b->right);
    b->total = vx_calloc(b->n_units, sizeof *b->total);
    b->values[0] = vx_calloc((size_t)rounds, N_VALUES * sizeof **b->values);
    if (!b->ranks || !b->copies || !b->drawn[BONA] || !b->drawn[SPOOF] || !b->right || !b->total || !b->values[0])
        return vx_fail_nomem(err, "a bootstrap");
    for (int v = 1; v < N_VALUES; v++)
        b->values[v] = b->values[v - 1] + rounds;
    return VX_OK;
}

static enum vx_status open_bootstrap(struct bootstrap *b, const struct vx_trial *trials, size_t n, double threshold, int rounds,
                                     struct vx_err *err)
{
    uint32_t last = 0;
    enum vx_status rc;

    for (size_t i = 0; i < n; i++) {
        if (!isfinite(trials[i].score))
            return vx_fail(err, VX_EINVAL, "score of trial %zu of %zu is %g: expected a finite number", i + 1, n, trials[i].score);
        if (trials[i].cluster > last)
            last = trials[i].cluster;
    }
    if (last >= UINT32_MAX / 2)
        return vx_fail(err, VX_EINVAL, "a cluster is numbered %u: expected numbers from 0 without large gaps", last);
    b->n = n;
    b->n_units = 2 * ((size_t)last + 1);
    if ((rc = allocate(b, rounds, err)) != VX_OK)
        return rc;
    for (size_t i = 0; i < n; i++) {
        const struct vx_trial *t = &trials[i];
        const uint32_t unit = 2 * t->cluster + t->bona;
        b->ranks[i] = (struct vx_ranked){t->score, vx_softplus(t->bona ? -t->score : t->score), unit, t->bona};
        b->total[unit]++;
        b->right[unit] += (t->score >= threshold) == t->bona;
    }
    vx_ranks_sort(b->ranks, n);
    for (uint32_t unit = 0; unit < b->n_units; unit++) {
        const int side = unit % 2 ? BONA : SPOOF;
        if (b->total[unit] > 0)
            b->drawn[side][b->n_drawn[side]++] = unit;
    }
    return VX_OK;
}

/* As many clusters as there are of the class, bona fide first. */
static void draw(struct bootstrap *b)
{
    memset(b->copies, 0, b->n_units * sizeof *b->copies);
    for (int side = BONA; side <= SPOOF; side++)
        for (size_t i = 0; i < b->n_drawn[side]; i++)
            b->copies[b->drawn[side][next_below(&b->random, b->n_drawn[side])]]++;
}

static void one_round(struct bootstrap *b, struct vx_cost_model cost, int round)
{
    size_t right = 0, total[2] = {0, 0};
    struct vx_metrics m;

    draw(b);
    for (size_t unit = 0; unit < b->n_units; unit++) {
        right += b->copies[unit] * b->right[unit];
        total[unit % 2 ? BONA : SPOOF] += b->copies[unit] * b->total[unit];
    }
    vx_ranks_metrics(&m, b->ranks, b->n, b->copies, total[BONA], total[SPOOF], cost);
    b->values[EER][round] = m.eer;
    b->values[AUC][round] = m.auc;
    b->values[MIN_DCF][round] = m.min_dcf;
    b->values[ACT_DCF][round] = m.act_dcf;
    b->values[CLLR][round] = m.cllr;
    b->values[ACCURACY][round] = (double)right / (double)(total[BONA] + total[SPOOF]);
}

static int by_value(const void *pa, const void *pb)
{
    const double a = *(const double *)pa, b = *(const double *)pb;

    return (a > b) - (a < b);
}

/* Between the two nearest, as numpy.percentile does by default. */
static double percentile(const double *sorted, int n, double share)
{
    const double at = share * (n - 1);
    const int below = (int)at, above = below + 1 < n ? below + 1 : below;

    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

static struct vx_interval interval(double *values, int n)
{
    qsort(values, (size_t)n, sizeof *values, by_value);
    return (struct vx_interval){percentile(values, n, 0.025), percentile(values, n, 0.975)};
}

enum vx_status vx_metrics_bootstrap(struct vx_metrics_intervals *out, const struct vx_trial *trials, size_t n, double threshold,
                                    struct vx_cost_model cost, int rounds, uint64_t seed, struct vx_err *err)
{
    const struct vx_interval none = {NAN, NAN};
    struct vx_metrics_intervals v = {none, none, none, none, none, none, 0};
    struct bootstrap b = {.random = seed};
    enum vx_status rc;

    if ((rc = vx_cost_check(cost, err)) != VX_OK)
        return rc;
    if (rounds < 1 || isnan(threshold))
        return vx_fail(err, VX_EINVAL, "a bootstrap of %d rounds at a threshold of %g: expected one round or more and a number",
                       rounds, threshold);
    if ((rc = open_bootstrap(&b, trials, n, threshold, rounds, err)) != VX_OK)
        goto done;
    const size_t nb = b.n_drawn[BONA], ns = b.n_drawn[SPOOF];
    for (int i = 0; i < rounds && nb + ns > 0; i++)
        one_round(&b, cost, i);
    if (nb > 0 && ns > 0)
        v.rounds = rounds;
    if (nb > 1 && ns > 1) {
        v.eer = interval(b.values[EER], rounds);
        v.auc = interval(b.values[AUC], rounds);
        v.min_dcf = interval(b.values[MIN_DCF], rounds);
        v.act_dcf = interval(b.values[ACT_DCF], rounds);
        v.cllr = interval(b.values[CLLR], rounds);
    }
    if (nb + ns > 0 && nb != 1 && ns != 1)
        v.accuracy = interval(b.values[ACCURACY], rounds);
    *out = v;
done:
    close_bootstrap(&b);
    return rc;
}
