#include "io/clean.h"

#include "base/clones.h"
#include "base/item.h"

#include <math.h>

/* Samples beyond this are taken for garbage: full-scale 32 bit integers stored as float stay below, and the
 * squares and sums that follow (resampling, spectra) stay finite. */
static const float max_sample = 1e10f;
static const float full_scale = 0.999f;

struct counts {
    size_t bad, full;
};

VX_CLONES static struct counts count(const float *x, size_t n)
{
    size_t bad = 0, full = 0;

    for (size_t i = 0; i < n; i++) {
        const float a = fabsf(x[i]);
        bad += !(a <= max_sample); /* NaN too */
        full += a >= full_scale;
    }
    return (struct counts){bad, full};
}

unsigned vx_clean(float *x, size_t n)
{
    const struct counts c = count(x, n);
    const size_t bad = c.bad;
    size_t full = c.full;
    unsigned flags = 0;

    for (size_t i = 0; bad > 0 && i < n; i++)
        if (!(fabsf(x[i]) <= max_sample)) {
            full -= fabsf(x[i]) >= full_scale;
            x[i] = 0.0f;
            flags = VX_WINDOW_CLEANED;
        }
    return full * 100 >= n ? flags | VX_WINDOW_CLIPPED : flags;
}
