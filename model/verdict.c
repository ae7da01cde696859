#include "model/verdict.h"

#include <math.h>
#include <stdlib.h>

static int descending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x < y) - (x > y);
}

static enum vx_verdict judge(double p, double real_below, double fake_from)
{
    if (p >= fake_from)
        return VX_VERDICT_FAKE;
    return p < real_below ? VX_VERDICT_REAL : VX_VERDICT_UNCERTAIN;
}

void vx_aggregate_compute(struct vx_aggregate *out, const struct vx_window_score *windows, size_t n, double window_s,
                          double hop_s, double real_below, double fake_from, double *scratch)
{
    size_t scored = 0, over = 0, run = 0, longest = 0, k;
    double sum = 0, worst = 0;

    *out = (struct vx_aggregate){.n_windows = (int32_t)n};
    for (size_t i = 0; i < n; i++) {
        if (windows[i].flags & VX_WINDOW_NOT_SCORED) {
            run = 0;
            continue;
        }
        const double p = 1.0 / (1.0 + exp((double)windows[i].real - (double)windows[i].fake));
        scratch[scored++] = p;
        sum += p;
        over += p >= fake_from;
        run = p >= fake_from ? run + 1 : 0;
        if (run > longest)
            longest = run;
    }
    out->n_scored = (int32_t)scored;
    if (scored == 0)
        return;
    qsort(scratch, scored, sizeof *scratch, descending);
    k = (scored + 9) / 10;
    for (size_t i = 0; i < k; i++)
        worst += scratch[i];
    out->mean_fake = sum / (double)scored;
    out->max_fake = scratch[0];
    out->worst_fake = worst / (double)k;
    out->fraction_over = (double)over / (double)scored;
    out->longest_run_s = longest ? (double)(longest - 1) * hop_s + window_s : 0;
    out->verdict = judge(out->mean_fake, real_below, fake_from);
}
