/* plan.h - a network's buffers on the device, from its layer table: pure, no device is needed
 * Three buffers are used by all layers in turn. A block reads its map and writes rows (depthwise convolution and LayerNorm), from these
 * hidden (first product), and adds the second product to the map. Patches gathered for a convolution are rows too. */
#ifndef VX_GPU_PLAN_H
#define VX_GPU_PLAN_H

#include "base/err.h"
#include "gpu/type.h"
#include "model/convnext.h"

#include <stddef.h>

#define VX_GPU_MAX_CHANNELS 2048 /* of a depthwise convolution, gpu/network_ops.h */

struct vx_gpu_plan {
    int pitch; /* of the gathered patches of the image: patch²·3, up to the next multiple of 8 */
    size_t map, rows, hidden; /* bytes for all windows, multiples of 256 */
    double traffic; /* bytes a window that the layers read and write on the device, each once an operation; weights not counted */
};

/* VX_EUNSUPPORTED: the network does not take three channels, or has odd widths or more than VX_GPU_MAX_CHANNELS. VX_ELIMIT:
 * more values in a map than an int counts. */
enum vx_status vx_gpu_plan(struct vx_gpu_plan *out, const struct vx_convnext *net, enum vx_gpu_type type, int windows,
                           struct vx_err *err) VX_CHECKED;

#endif
