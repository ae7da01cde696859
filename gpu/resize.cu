/* Pillow's resizing in its own fixed point, a pass a kernel, one block an output line. Neighbouring threads make neighbouring bytes;
 * what they read and the coefficients are in the cache. */
#include "gpu/cuda.h"
#include "gpu/frontend_ops.h"
#include "gpu/launch.h"

#include "model/resize_axis.h"

#define MAX_THREADS 256

/* Output i of an axis, from the line or column whose pixels are `step` bytes apart */
static __device__ uint8_t resized(const struct vx_gpu_axis &axis, int i, const uint8_t *in, size_t step)
{
    int32_t sum = 1 << (VX_RESIZE_BITS - 1);

    in += (size_t)axis.first[i] * step;
    if (!axis.k)
        return *in;
    const int32_t *k = axis.k + (size_t)i * axis.stride;
    for (const int32_t *end = k + axis.taps[i]; k < end; k++, in += step)
        sum += *k * *in;
    sum >>= VX_RESIZE_BITS;
    return (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
}

static __device__ void put(uint8_t *out, size_t j, bool triple, uint8_t v)
{
    if (triple)
        out[3 * j] = out[3 * j + 1] = out[3 * j + 2] = v;
    else
        out[j] = v;
}

/* Grid: lines, windows */
template <int CHANNELS>
static __global__ void columns_kernel(struct vx_gpu_axis axis, struct vx_gpu_pictures in, bool triple, uint8_t *out)
{
    const size_t line = (size_t)blockIdx.y * gridDim.x + blockIdx.x, n = (size_t)axis.n * CHANNELS;
    const uint8_t *from = in.at + blockIdx.y * in.window + blockIdx.x * in.pitch;

    for (unsigned j = threadIdx.x; j < n; j += blockDim.x)
        put(out, line * n + j, triple, resized(axis, j / CHANNELS, from + j % CHANNELS, CHANNELS));
}

/* n: bytes of a line. Grid: lines, windows */
static __global__ void lines_kernel(struct vx_gpu_axis axis, struct vx_gpu_pictures in, unsigned n, bool triple, uint8_t *out)
{
    const size_t line = (size_t)blockIdx.y * gridDim.x + blockIdx.x;
    const uint8_t *from = in.at + blockIdx.y * in.window;

    for (unsigned j = threadIdx.x; j < n; j += blockDim.x)
        put(out, line * n + j, triple, resized(axis, blockIdx.x, from + j, in.pitch));
}

/* As many as a line has bytes, in whole warps */
static unsigned threads(unsigned n)
{
    return n < MAX_THREADS ? (n + 31) / 32 * 32 : MAX_THREADS;
}

enum vx_status vx_gpu_resize_columns(cudaStream_t stream, const struct vx_gpu_axis *axis, const struct vx_gpu_pictures *in,
                                     int windows, int lines, bool triple, uint8_t *out, struct vx_err *err)
{
    const unsigned block = threads((unsigned)(axis->n * in->channels));
    const struct vx_gpu_axis x = *axis;
    const struct vx_gpu_pictures from = *in;
    const dim3 grid(lines, windows);

    if (windows == 0)
        return VX_OK;
    if (in->channels == 1)
        VX_LAUNCH(columns_kernel<1>, grid, block, 0, stream, x, from, triple, out);
    else
        VX_LAUNCH(columns_kernel<3>, grid, block, 0, stream, x, from, triple, out);
    return vx_gpu_launched("resize columns", err);
}

enum vx_status vx_gpu_resize_lines(cudaStream_t stream, const struct vx_gpu_axis *axis, const struct vx_gpu_pictures *in,
                                   int windows, int columns, bool triple, uint8_t *out, struct vx_err *err)
{
    const struct vx_gpu_axis y = *axis;
    const struct vx_gpu_pictures from = *in;
    const unsigned n = (unsigned)(columns * in->channels);

    if (windows == 0)
        return VX_OK;
    VX_LAUNCH(lines_kernel, dim3(axis->n, windows), threads(n), 0, stream, y, from, n, triple, out);
    return vx_gpu_launched("resize lines", err);
}
