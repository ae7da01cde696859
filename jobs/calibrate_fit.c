#include "jobs/calibrate_fit.h"
#include "base/mem.h"
#include "jobs/calibrate_split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct sides { /* mean P(fake) of files, each side ascending */
    const double *bona, *spoof;
    size_t n_bona, n_spoof;
};

/* The least value above v; 1: none. values ascending. */
static double above(const double *values, size_t n, double v)
{
    size_t low = 0, high = n;

    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (values[mid] > v)
            high = mid;
        else
            low = mid + 1;
    }
    return low < n ? values[low] : 1;
}

/* The greatest value under v; 0: none. */
static double below(const double *values, size_t n, double v)
{
    size_t low = 0, high = n;

    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (values[mid] < v)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 ? values[low - 1] : 0;
}

/* The least threshold from which on at most the share x of the bona fide files lies. */
static double fake_from(const struct sides *s, double x)
{
    const double last = s->bona[s->n_bona - 1 - (size_t)(x * (double)s->n_bona)];
    const double next = fmin(above(s->bona, s->n_bona, last), above(s->spoof, s->n_spoof, last));
    const double middle = last + (next - last) / 2;

    return middle > last ? middle : next;
}

/* The greatest threshold under which at most the share x of the spoofed files lies. */
static double real_below(const struct sides *s, double x)
{
    const double first = s->spoof[(size_t)(x * (double)s->n_spoof)];
    const double before = fmax(below(s->bona, s->n_bona, first), below(s->spoof, s->n_spoof, first));

    return before + (first - before) / 2;
}

enum vx_status vx_calibrate_points(struct vx_calibrate_points *out, double *p_bona, size_t n_bona, double *p_spoof, size_t n_spoof,
                                   struct vx_err *err)
{
    const struct vx_calibrate_split split = {{p_spoof, p_bona}, {n_spoof, n_bona}};
    const struct sides s = {p_bona, p_spoof, n_bona, n_spoof};
    struct vx_operating_point balanced;
    struct vx_metrics m;
    enum vx_status rc = vx_calibrate_measure(&m, &split, true, err);

    if (rc != VX_OK)
        return rc;
    qsort(p_bona, n_bona, sizeof *p_bona, ascending);
    qsort(p_spoof, n_spoof, sizeof *p_spoof, ascending);
    balanced = (struct vx_operating_point){real_below(&s, m.eer / 2), fake_from(&s, m.eer / 2)};
    if (balanced.real_below > balanced.fake_from) /* every threshold between keeps both promises */
        balanced.real_below = balanced.fake_from = (balanced.real_below + balanced.fake_from) / 2;
    out->balanced = balanced;
    out->high_precision = (struct vx_operating_point){balanced.real_below,
                                                      fmax(balanced.fake_from, fake_from(&s, VX_CALIBRATE_RARE))};
    out->high_recall.real_below = out->high_recall.fake_from =
        fmin(balanced.real_below, real_below(&s, VX_CALIBRATE_RARE));
    return VX_OK;
}

/* Room for the part's windows and one imagined file of each side behind them. */
static enum vx_status imagine(struct vx_calibrate_split *with, const struct vx_calibrate_split *windows,
                              const size_t n_files[2], struct vx_err *err)
{
    for (int side = 0; side < 2; side++) {
        const size_t n = windows->n[side], a_file = n_files[side] ? (n + n_files[side] - 1) / n_files[side] : 0;
        if (!(with->values[side] = vx_calloc(n + a_file, sizeof *with->values[side])))
            return vx_fail_nomem(err, "scores");
        memcpy(with->values[side], windows->values[side], n * sizeof *with->values[side]);
        qsort(with->values[side], n, sizeof *with->values[side], ascending);
        with->n[side] = n;
    }
    for (int side = 0; side < 2; side++) {
        const size_t n = windows->n[side], others = windows->n[!side];
        const size_t a_file = n_files[side] ? (n + n_files[side] - 1) / n_files[side] : 0;
        const double median = others ? with->values[!side][others / 2] : 0;
        for (size_t i = 0; others && i < a_file; i++)
            with->values[side][with->n[side]++] = median;
    }
    return VX_OK;
}

static enum vx_status fit_llr(struct vx_calibration *out, const struct vx_calibrate_split *windows, const size_t n_files[2],
                              struct vx_err *err)
{
    struct vx_calibrate_split with = {0};
    enum vx_status rc = imagine(&with, windows, n_files, err);

    if (rc == VX_OK)
        rc = vx_calibration_fit(out, with.values[1], with.n[1], with.values[0], with.n[0], err);
    vx_calibrate_split_clear(&with);
    return rc;
}

/* The part's files that have windows, by side. */
static void count_files(size_t n[2], const struct vx_calibrate_part *part, const struct vx_calibrate_windows *w)
{
    n[0] = n[1] = 0;
    for (size_t i = 0; i < w->n; i++)
        n[part->files[w->file[i]].bona] += (i == 0 || w->file[i] != w->file[i - 1]) && vx_calibrate_within(part, w->file[i]);
}

enum vx_status vx_calibrate_fit(struct vx_calibrate_fit *out, const struct vx_calibrate_part *part,
                                const struct vx_calibrate_windows *windows, struct vx_err *err)
{
    struct vx_calibrate_split by_window = {0}, by_file = {0};
    double *llr = vx_calloc(windows->n, sizeof *llr);
    struct vx_metrics m;
    size_t n_files[2];
    enum vx_status rc;

    if (!llr) {
        rc = vx_fail_nomem(err, "scores");
        goto done;
    }
    count_files(n_files, part, windows);
    if ((rc = vx_calibrate_split_windows(&by_window, part, windows, windows->scores, err)) != VX_OK ||
        (rc = fit_llr(&out->llr, &by_window, n_files, err)) != VX_OK)
        goto done;
    for (size_t i = 0; i < windows->n; i++)
        llr[i] = out->llr.scale * windows->scores[i] + out->llr.offset;
    vx_calibrate_split_clear(&by_window);
    if ((rc = vx_calibrate_split_windows(&by_window, part, windows, llr, err)) != VX_OK ||
        (rc = vx_calibrate_split_files(&by_file, part, windows, llr, err)) != VX_OK ||
        (rc = vx_calibrate_measure(&m, &by_window, false, err)) != VX_OK)
        goto done;
    out->cllr = m.cllr;
    rc = vx_calibrate_points(&out->points, by_file.values[1], by_file.n[1], by_file.values[0], by_file.n[0], err);
done:
    vx_calibrate_split_clear(&by_window);
    vx_calibrate_split_clear(&by_file);
    free(llr);
    return rc;
}
