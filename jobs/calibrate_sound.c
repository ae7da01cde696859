#include "jobs/calibrate_sound.h"
#include "base/mem.h"
#include "io/domain.h"

#include <math.h>
#include <stdlib.h>

enum { LEVEL, BANDWIDTH, ACTIVE, N_VALUES };

struct vx_calibrate_sound {
    struct vx_domain_meter *meter;
    struct measured {
        uint32_t file;
        double values[N_VALUES]; /* NaN: none */
    } *windows;                  /* owned [n] */
    size_t n, cap;
};

enum vx_status vx_calibrate_sound_create(struct vx_calibrate_sound **out, struct vx_err *err)
{
    struct vx_calibrate_sound *s = vx_calloc(1, sizeof *s);
    enum vx_status rc = s ? vx_domain_create(&s->meter, err) : vx_fail_nomem(err, "measuring");

    *out = NULL;
    if (rc == VX_OK)
        *out = s;
    else
        free(s);
    return rc;
}

void vx_calibrate_sound_destroy(struct vx_calibrate_sound **sound)
{
    if (!*sound)
        return;
    vx_domain_destroy(&(*sound)->meter);
    free((*sound)->windows);
    free(*sound);
    *sound = NULL;
}

enum vx_status vx_calibrate_sound_add(struct vx_calibrate_sound *s, uint32_t file, const struct vx_input *window,
                                      struct vx_err *err)
{
    const float *pcm = window->data;
    void *windows = s->windows;
    size_t n = (size_t)window->samples;
    enum vx_status rc;

    if (window->kind != VX_INPUT_PCM)
        return VX_OK;
    while (n > 1 && pcm[n - 1] == 0)
        n--;
    if ((rc = vx_domain_begin(s->meter, window->sample_rate, err)) != VX_OK || (rc = vx_domain_add(s->meter, pcm, n, err)) != VX_OK)
        return rc;
    if (vx_grow(&windows, &s->cap, s->n + 1, sizeof *s->windows) != 0)
        return vx_fail_nomem(err, "measuring");
    s->windows = windows;
    const struct vx_item_domain d = vx_domain_end(s->meter);
    s->windows[s->n++] = (struct measured){file, {d.level_dbfs, d.bandwidth_hz, d.active_share}};
    return VX_OK;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Between the two nearest, as numpy.percentile does by default. */
static double percentile(const double *sorted, size_t n, double share)
{
    const double place = share * (double)(n - 1);
    const size_t below = (size_t)place, above = below + 1 < n ? below + 1 : below;

    return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}

static struct vx_range range_of(double *values, size_t n)
{
    if (n == 0)
        return (struct vx_range){0};
    qsort(values, n, sizeof *values, ascending);
    return (struct vx_range){percentile(values, n, 0.01), percentile(values, n, 0.99)};
}

enum vx_status vx_calibrate_sound_ranges(struct vx_domain *out, struct vx_calibrate_sound *const *sounds, int n,
                                         const bool *left_out, struct vx_err *err)
{
    struct vx_range *const ranges[N_VALUES] = {&out->level_dbfs, &out->bandwidth_hz, &out->active_share};
    size_t most = 0;
    double *values;

    for (int i = 0; i < n; i++)
        most += sounds[i]->n;
    if (!(values = vx_calloc(most, sizeof *values)))
        return vx_fail_nomem(err, "measuring");
    for (int v = 0; v < N_VALUES; v++) {
        size_t k = 0;
        for (int i = 0; i < n; i++)
            for (size_t j = 0; j < sounds[i]->n; j++)
                if (!left_out[sounds[i]->windows[j].file] && !isnan(sounds[i]->windows[j].values[v]))
                    values[k++] = sounds[i]->windows[j].values[v];
        *ranges[v] = range_of(values, k);
    }
    free(values);
    return VX_OK;
}
