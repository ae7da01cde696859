/* Power to decibels, floored at top_db under the window's largest: one block a window, which stays in the cache meanwhile. */
#include "gpu/block.cuh"
#include "gpu/cuda.h"
#include "gpu/frontend_ops.h"
#include "gpu/launch.h"

#include <math.h>

#define THREADS 1024
#define HUGE_POWER 1e30f

static __device__ float clamp_power(float x, float amin)
{
    x = x > amin ? x : amin; /* also where x is not a number */
    return x < HUGE_POWER ? x : HUGE_POWER;
}

static __global__ void decibel_kernel(struct vx_gpu_decibel_scale scale, size_t cells, float *x, float *range)
{
    __shared__ float warp[32];
    float ref = scale.ref_value;

    x += blockIdx.x * cells;
    if (scale.ref_max) {
        ref = 0.0f;
        for (size_t i = threadIdx.x; i < cells; i += THREADS)
            ref = x[i] > ref ? x[i] : ref;
        ref = vx_block_max(ref, warp);
    }
    ref = log10f(clamp_power(ref, scale.amin));

    float high = -INFINITY, minus_low = -INFINITY;
    for (size_t i = threadIdx.x; i < cells; i += THREADS) {
        const float db = 10.0f * (log10f(clamp_power(x[i], scale.amin)) - ref); /* the reference itself: exactly 0 */
        x[i] = db;
        high = db > high ? db : high;
        minus_low = -db > minus_low ? -db : minus_low;
    }
    high = vx_block_max(high, warp);
    float low = -vx_block_max(minus_low, warp);
    if (scale.top_db > 0.0f && low < high - scale.top_db) {
        low = high - scale.top_db;
        for (size_t i = threadIdx.x; i < cells; i += THREADS)
            if (x[i] < low)
                x[i] = low;
    }
    if (threadIdx.x == 0) {
        range[2 * blockIdx.x] = low;
        range[2 * blockIdx.x + 1] = high;
    }
}

enum vx_status vx_gpu_decibels(cudaStream_t stream, const struct vx_gpu_decibel_scale *scale, int windows, size_t cells,
                               float *x, float *range, struct vx_err *err)
{
    const struct vx_gpu_decibel_scale how = *scale;

    if (windows == 0)
        return VX_OK;
    VX_LAUNCH(decibel_kernel, windows, THREADS, 0, stream, how, cells, x, range);
    return vx_gpu_launched("decibels", err);
}
