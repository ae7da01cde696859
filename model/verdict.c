#include "model/verdict.h"

#include <math.h>
#include <stdlib.h>

static int descending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x < y) - (x > y);
}

static enum vx_verdict judge(double p, const struct vx_profile *profile)
{
    if (p >= profile->fake_from)
        return VX_VERDICT_FAKE;
    return p < profile->real_below ? VX_VERDICT_REAL : VX_VERDICT_UNCERTAIN;
}

double vx_window_fake(const struct vx_profile *profile, const struct vx_window_score *window)
{
    const double score = (double)window->real - (double)window->fake;

    return 1.0 / (1.0 + exp(profile->calibration_scale * score + profile->calibration_offset));
}

void vx_aggregate_compute(struct vx_aggregate *out, const struct vx_window_score *windows, size_t n, double window_s,
                          double hop_s, const struct vx_profile *profile, double *scratch)
{
    size_t scored = 0, over = 0, run = 0, longest = 0, k;
    double sum = 0, worst = 0;

    *out = (struct vx_aggregate){.n_windows = (int32_t)n};
    for (size_t i = 0; i < n; i++) {
        if (windows[i].flags & VX_WINDOW_NOT_SCORED) {
            run = 0;
            continue;
        }
        const double p = vx_window_fake(profile, &windows[i]);
        scratch[scored++] = p;
        sum += p;
        over += p >= profile->fake_from;
        run = p >= profile->fake_from ? run + 1 : 0;
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
    out->verdict = judge(out->mean_fake, profile);
}
