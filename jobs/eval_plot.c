/* eval_plot.c - DET curves and histograms of scores, for windows and for files */
#include "base/file.h"
#include "base/mem.h"
#include "jobs/chart.h"
#include "jobs/eval_report.h"

#include <math.h>
#include <stdlib.h>

#define BINS 60
#define BONA "#2066a8"
#define SPOOF "#c8503c"
#define CURVE "#2066a8"
#define POINT "#c8503c"
#define FAINT "#888"

struct classes { /* scores of one level */
    enum vx_eval_level level;
    const char *score_name;
    double *bona, *spoof; /* owned */
    size_t n_bona, n_spoof;
};

/* The deviate that a share p of a normal distribution lies below: the scale of a DET's axes. By bisection: erfc alone. */
static double probit(double p)
{
    double low = -9, high = 9;

    for (int i = 0; i < 50; i++) {
        const double middle = (low + high) / 2;
        if (erfc(-middle / sqrt(2)) / 2 < p)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

/* Along one axis of a DET. Shares finer than one trial in twice the class are nowhere, so the axis ends there. */
static double lowest_share(const struct classes *k)
{
    const double n = (double)(k->n_bona > k->n_spoof ? k->n_bona : k->n_spoof);

    return fmin(fmax(0.5 / n, 1e-4), 0.01);
}

static void det_axes(struct vx_chart *c, const char *title, double lowest)
{
    static const double percents[] = {0.01, 0.1, 0.5, 1, 2, 5, 10, 20, 40, 60, 80, 90};
    const double low = probit(lowest), high = probit(0.95);
    char text[16];

    vx_chart_begin(c, title, "false accept rate: spoof taken for bona fide (%, probit scale)",
                   "false rejection rate: bona fide refused (%, probit scale)", low, high, low, high);
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
        if (percents[i] < 100 * lowest)
            continue;
        snprintf(text, sizeof text, "%g", percents[i]);
        vx_chart_tick(c, true, probit(percents[i] / 100), text);
        vx_chart_tick(c, false, probit(percents[i] / 100), text);
    }
    vx_chart_line(c, (const double[]){low, high}, (const double[]){low, high}, 2, FAINT, true);
}

/* Curve, the point of EER and that of the decision at score 0. frr, far, threshold [n] become deviates. */
static void det_curve(struct vx_chart *c, double *frr, double *far_, const double *threshold, size_t n, const struct vx_metrics *m)
{
    size_t kept = 0, zero = 0;
    char text[96];

    while (zero + 1 < n && threshold[zero + 1] < 0) /* what is below 0 is refused */
        zero++;
    const double zero_frr = frr[zero], zero_far = far_[zero];
    for (size_t i = 0; i < n; i++) { /* corners only: of a stretch in one direction both ends */
        const bool inner = i > 0 && i + 1 < n && ((frr[i - 1] == frr[i] && frr[i] == frr[i + 1]) ||
                                                  (far_[i - 1] == far_[i] && far_[i] == far_[i + 1]));
        if (inner)
            continue;
        frr[kept] = frr[i];
        far_[kept++] = far_[i];
    }
    for (size_t i = 0; i < kept; i++) {
        frr[i] = probit(frr[i]);
        far_[i] = probit(far_[i]);
    }
    vx_chart_line(c, far_, frr, kept, CURVE, false);
    vx_chart_dot(c, probit(m->eer), probit(m->eer), POINT, true);
    vx_chart_dot(c, probit(zero_far), probit(zero_frr), POINT, false);
    snprintf(text, sizeof text, "%zu bona fide, %zu spoof", m->n_bona, m->n_spoof);
    vx_chart_legend(c, CURVE, text);
    snprintf(text, sizeof text, "filled: EER %.2f %%, at the score %.3g", 100 * m->eer, m->eer_threshold);
    vx_chart_legend(c, POINT, text);
    snprintf(text, sizeof text, "ring: decision at score 0, %.2f %% refused, %.2f %% accepted", 100 * zero_frr, 100 * zero_far);
    vx_chart_legend(c, POINT, text);
    vx_chart_legend(c, FAINT, "dashed: both rates equal");
}

static enum vx_status plot_det(const struct classes *k, const char *path, struct vx_err *err)
{
    const size_t n = k->n_bona + k->n_spoof + 1;
    double *curve = vx_calloc(n, 3 * sizeof *curve);
    struct vx_metrics m;
    struct vx_chart c;
    char title[64];
    enum vx_status rc;

    if (!curve)
        return vx_fail_nomem(err, "a DET curve");
    if ((rc = vx_metrics_compute(&m, k->bona, k->n_bona, k->spoof, k->n_spoof, VX_COST_ASVSPOOF5, err)) == VX_OK &&
        (rc = vx_det_curve(k->bona, k->n_bona, k->spoof, k->n_spoof, curve, curve + n, curve + 2 * n, err)) == VX_OK) {
        snprintf(title, sizeof title, "DET of %s", vx_eval_level_name(k->level));
        det_axes(&c, title, lowest_share(k));
        det_curve(&c, curve, curve + n, curve + 2 * n, n, &m);
        rc = vx_chart_write(&c, path, err);
    }
    free(curve);
    return rc;
}

static void extend(double *low, double *high, const double *scores, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        *low = fmin(*low, scores[i]);
        *high = fmax(*high, scores[i]);
    }
}

/* Share of the class in each bin, percent. Returns the largest. */
static double fill_bins(double bins[BINS], const double *scores, size_t n, double low, double high)
{
    double most = 0;

    for (int b = 0; b < BINS; b++)
        bins[b] = 0;
    for (size_t i = 0; i < n; i++) {
        const int b = (int)((scores[i] - low) / (high - low) * BINS);
        bins[b < BINS ? b : BINS - 1] += 100 / (double)n;
    }
    for (int b = 0; b < BINS; b++)
        most = fmax(most, bins[b]);
    return most;
}

static void draw_bins(struct vx_chart *c, const double bins[BINS], const char *colour)
{
    const double width = (c->x1 - c->x0) / BINS;

    for (int b = 0; b < BINS; b++)
        if (bins[b] > 0)
            vx_chart_bar(c, c->x0 + b * width, c->x0 + (b + 1) * width, bins[b], colour);
}

static enum vx_status plot_scores(const struct classes *k, const char *path, struct vx_err *err)
{
    double low = INFINITY, high = -INFINITY, bona[BINS], spoof[BINS];
    struct vx_chart c;
    char text[96];

    extend(&low, &high, k->bona, k->n_bona);
    extend(&low, &high, k->spoof, k->n_spoof);
    if (!(high - low > 1e-9 * fmax(fabs(low), fabs(high)))) { /* one score alone */
        low -= 1;
        high += 1;
    }
    const double most = fmax(fill_bins(bona, k->bona, k->n_bona, low, high), fill_bins(spoof, k->spoof, k->n_spoof, low, high));
    snprintf(text, sizeof text, "Scores of %s", vx_eval_level_name(k->level));
    vx_chart_begin(&c, text, k->score_name, "share of the class in a bin (%)", low, high, 0, most * 1.05);
    vx_chart_ticks(&c, true);
    vx_chart_ticks(&c, false);
    draw_bins(&c, spoof, SPOOF);
    draw_bins(&c, bona, BONA);
    if (low < 0 && high > 0)
        vx_chart_line(&c, (const double[]){0, 0}, (const double[]){0, c.y1}, 2, FAINT, true);
    snprintf(text, sizeof text, "bona fide (%zu)", k->n_bona);
    vx_chart_legend(&c, BONA, text);
    snprintf(text, sizeof text, "spoof (%zu)", k->n_spoof);
    vx_chart_legend(&c, SPOOF, text);
    if (low < 0 && high > 0)
        vx_chart_legend(&c, FAINT, "dashed: score 0");
    return vx_chart_write(&c, path, err);
}

static enum vx_status plot_to(enum vx_status (*plot)(const struct classes *k, const char *path, struct vx_err *err),
                              const struct classes *k, const char *dir, const char *what, struct vx_err *err)
{
    char name[48], *path;
    enum vx_status rc;

    snprintf(name, sizeof name, "%s-%s.svg", vx_eval_level_name(k->level), what);
    if (!(path = vx_file_join(dir, name)))
        return vx_fail_nomem(err, "a path");
    rc = plot(k, path, err);
    free(path);
    return rc;
}

enum vx_status vx_eval_plot(const struct vx_eval_set *set, const char *dir, struct vx_err *err)
{
    enum vx_status rc = vx_file_mkdirs(dir, err);

    for (int level = 0; rc == VX_OK && level < VX_EVAL_LEVELS; level++) {
        struct classes k = {.level = (enum vx_eval_level)level,
                            .score_name = set->calibrated ? "log-likelihood ratio (nats); higher means bona fide"
                                                          : "logit_real \xe2\x88\x92 logit_fake; higher means bona fide"};
        if ((rc = vx_eval_scores(&k.bona, &k.n_bona, set, k.level, true, err)) == VX_OK &&
            (rc = vx_eval_scores(&k.spoof, &k.n_spoof, set, k.level, false, err)) == VX_OK &&
            (rc = plot_to(plot_scores, &k, dir, "scores", err)) == VX_OK && k.n_bona > 0 && k.n_spoof > 0)
            rc = plot_to(plot_det, &k, dir, "det", err);
        free(k.bona);
        free(k.spoof);
    }
    return rc;
}
