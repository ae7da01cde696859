/* Levels to red, green and blue. */
#include "gpu/cuda.h"
#include "gpu/frontend_ops.h"
#include "gpu/launch.h"

#define THREADS 256

static __global__ void paint_kernel(const uint8_t *level, const uint8_t *colours, size_t n, uint8_t *rgb)
{
    const size_t i = (size_t)blockIdx.x * THREADS + threadIdx.x;

    if (i < n)
        for (int c = 0; c < 3; c++)
            rgb[3 * i + c] = colours ? colours[3 * level[i] + c] : level[i];
}

enum vx_status vx_gpu_paint(cudaStream_t stream, const uint8_t *level, const uint8_t *colours, size_t n, uint8_t *rgb,
                            struct vx_err *err)
{
    if (n == 0)
        return VX_OK;
    VX_LAUNCH(paint_kernel, (unsigned)((n + THREADS - 1) / THREADS), THREADS, 0, stream, level, colours, n, rgb);
    return vx_gpu_launched("paint", err);
}
