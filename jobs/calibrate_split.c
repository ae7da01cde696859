#include "jobs/calibrate_split.h"
#include "base/mem.h"

#include <math.h>
#include <stdlib.h>

bool vx_calibrate_within(const struct vx_calibrate_part *part, uint32_t file)
{
    return !part->folds || (part->folds[file] == part->fold) != part->others;
}

static enum vx_status create(struct vx_calibrate_split *out, size_t most, struct vx_err *err)
{
    *out = (struct vx_calibrate_split){0};
    for (int side = 0; side < 2; side++)
        if (!(out->values[side] = vx_calloc(most, sizeof *out->values[side]))) {
            vx_calibrate_split_clear(out);
            return vx_fail_nomem(err, "scores");
        }
    return VX_OK;
}

static void add(struct vx_calibrate_split *out, bool bona, double value)
{
    out->values[bona][out->n[bona]++] = value;
}

enum vx_status vx_calibrate_split_windows(struct vx_calibrate_split *out, const struct vx_calibrate_part *part,
                                          const struct vx_calibrate_windows *windows, const double *values, struct vx_err *err)
{
    const enum vx_status rc = create(out, windows->n, err);

    for (size_t i = 0; rc == VX_OK && i < windows->n; i++)
        if (vx_calibrate_within(part, windows->file[i]))
            add(out, part->files[windows->file[i]].bona, values[i]);
    return rc;
}

enum vx_status vx_calibrate_split_files(struct vx_calibrate_split *out, const struct vx_calibrate_part *part,
                                        const struct vx_calibrate_windows *windows, const double *llr, struct vx_err *err)
{
    const enum vx_status rc = create(out, part->n_files, err);
    size_t i = 0;

    while (rc == VX_OK && i < windows->n) {
        const uint32_t file = windows->file[i];
        double sum = 0;
        size_t n = 0;
        for (; i < windows->n && windows->file[i] == file; i++, n++)
            sum += 1 / (1 + exp(llr[i]));
        if (vx_calibrate_within(part, file))
            add(out, part->files[file].bona, sum / (double)n);
    }
    return rc;
}

void vx_calibrate_split_clear(struct vx_calibrate_split *split)
{
    free(split->values[0]);
    free(split->values[1]);
    *split = (struct vx_calibrate_split){0};
}

static void negate(const struct vx_calibrate_split *split)
{
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < split->n[side]; i++)
            split->values[side][i] = -split->values[side][i];
}

enum vx_status vx_calibrate_measure(struct vx_metrics *out, const struct vx_calibrate_split *split, bool flip, struct vx_err *err)
{
    enum vx_status rc;

    if (flip)
        negate(split);
    rc = vx_metrics_compute(out, split->values[1], split->n[1], split->values[0], split->n[0], VX_COST_ASVSPOOF5, err);
    if (flip)
        negate(split);
    return rc;
}
