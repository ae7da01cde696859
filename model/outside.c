#include "model/outside.h"

#include <math.h>

static double limit(const struct vx_range *range, double low, double high, bool above)
{
    if (range->low == 0 && range->high == 0)
        return NAN;
    return above ? high : low;
}

double vx_outside_limit(const struct vx_domain *measured, enum vx_outside what)
{
    const struct vx_range *const level = &measured->level_dbfs, *const hz = &measured->bandwidth_hz,
                                *const active = &measured->active_share;

    switch (what) {
    case VX_OUTSIDE_LEVEL_BELOW:
    case VX_OUTSIDE_LEVEL_ABOVE:
        return limit(level, level->low - VX_OUTSIDE_LEVEL_DB, level->high + VX_OUTSIDE_LEVEL_DB,
                     what == VX_OUTSIDE_LEVEL_ABOVE);
    case VX_OUTSIDE_BANDWIDTH_BELOW:
    case VX_OUTSIDE_BANDWIDTH_ABOVE:
        return limit(hz, hz->low * (1 - VX_OUTSIDE_BANDWIDTH), hz->high * (1 + VX_OUTSIDE_BANDWIDTH),
                     what == VX_OUTSIDE_BANDWIDTH_ABOVE);
    case VX_OUTSIDE_ACTIVE_BELOW:
    case VX_OUTSIDE_ACTIVE_ABOVE:
        return limit(active, active->low - VX_OUTSIDE_ACTIVE, active->high + VX_OUTSIDE_ACTIVE,
                     what == VX_OUTSIDE_ACTIVE_ABOVE);
    }
    return NAN;
}

void vx_outside_compare(struct vx_item_domain *d, const struct vx_domain *measured)
{
    const double value[] = {d->level_dbfs, d->bandwidth_hz, d->active_share};

    d->compared = false;
    d->outside = 0;
    for (int i = 0; d->n_windows > 0 && i < VX_N_OUTSIDE; i++) {
        const enum vx_outside what = (enum vx_outside)(1 << i);
        const double from = vx_outside_limit(measured, what), v = value[i / 2];
        if (isnan(from) || isnan(v))
            continue;
        d->compared = true;
        if (i % 2 == 0 ? v < from : v > from)
            d->outside |= what;
    }
}
