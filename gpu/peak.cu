/* The largest magnitude of each window: one block a window. */
#include "gpu/block.cuh"
#include "gpu/cuda.h"
#include "gpu/frontend_ops.h"
#include "gpu/launch.h"

#include <float.h>
#include <math.h>

#define THREADS 512

static __global__ void peak_kernel(const float *pcm, int samples, float *peak)
{
    __shared__ float warp[32];
    const float *in = pcm + (size_t)blockIdx.x * samples;
    float largest = 0.0f;

    for (int i = threadIdx.x; i < samples; i += THREADS) {
        const float x = fabsf(in[i]);
        largest = x > largest ? x : largest;
    }
    largest = vx_block_max(largest, warp);
    if (threadIdx.x == 0)
        peak[blockIdx.x] = largest < FLT_MIN ? 1.0f : largest; /* silence stays as it is */
}

enum vx_status vx_gpu_peak(cudaStream_t stream, const float *pcm, int windows, int samples, float *peak, struct vx_err *err)
{
    if (windows == 0)
        return VX_OK;
    VX_LAUNCH(peak_kernel, windows, THREADS, 0, stream, pcm, samples, peak);
    return vx_gpu_launched("peak", err);
}
