#include "gpu/plan.h"

#include <limits.h>

#define ALIGN 256 /* bytes */

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t aligned(size_t bytes)
{
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static enum vx_status check(const struct vx_convnext *net, int pitch, int windows, struct vx_err *err)
{
    const struct vx_config *cf = &net->config;

    if (cf->num_channels != 3)
        return vx_fail(err, VX_EUNSUPPORTED, "the network takes %d channels, images have 3", cf->num_channels);
    for (int s = 0; s < cf->n_stages; s++) {
        const int c = net->stage[s].channels, side = net->stage[s].side, widest = s == 0 && pitch > 4 * c ? pitch : 4 * c;
        if (c % 2 != 0 || c > VX_GPU_MAX_CHANNELS)
            return vx_fail(err, VX_EUNSUPPORTED, "hidden_sizes: %d channels, the CUDA engine needs an even number up to %d; use "
                           "--device cpu", c, VX_GPU_MAX_CHANNELS);
        if (side > INT_MAX / side || side * side > INT_MAX / widest / windows)
            return vx_fail(err, VX_ELIMIT, "%d windows of %d x %d x %d values are too many at once", windows, side, side, widest);
    }
    return VX_OK;
}

enum vx_status vx_gpu_plan(struct vx_gpu_plan *out, const struct vx_convnext *net, enum vx_gpu_type type, int windows,
                           struct vx_err *err)
{
    const int patch = net->config.patch_size, pitch = (patch * patch * 3 + 7) / 8 * 8;
    const size_t size = vx_gpu_type_size(type);
    struct vx_gpu_plan p = {.pitch = pitch};
    const enum vx_status rc = check(net, pitch, windows, err);

    if (rc != VX_OK)
        return rc;
    for (int s = 0; s < net->config.n_stages; s++) {
        const struct vx_convnext_stage *st = &net->stage[s];
        const size_t pixels = (size_t)st->side * (size_t)st->side, map = pixels * (size_t)st->channels * size,
                     gathered = pixels * (s ? 4 * (size_t)st[-1].channels : (size_t)pitch) * size;
        p.map = max_size(p.map, map);
        p.rows = max_size(p.rows, max_size(map, gathered));
        p.hidden = max_size(p.hidden, 4 * map);
        if (s == 0) /* image, rows, rows, map, and the LayerNorm in place */
            p.traffic += (double)(pixels * (size_t)(patch * patch * 3) + 2 * gathered + 3 * map);
        else /* the map before, which is as large as what is gathered of it, rows twice, map */
            p.traffic += (double)(3 * gathered + map);
        p.traffic += 13.0 * (double)map * st->depth; /* map, rows; rows, 4 hidden; 4 hidden, map, map */
        if (s == net->config.n_stages - 1)
            p.traffic += (double)map;
    }
    p.map = aligned(p.map * (size_t)windows);
    p.rows = aligned(p.rows * (size_t)windows);
    p.hidden = aligned(p.hidden * (size_t)windows);
    *out = p;
    return VX_OK;
}
