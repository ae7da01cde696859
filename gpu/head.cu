/* head.cu - the end of the network: the mean over a window's pixels, its LayerNorm, and the classifier
 * A block a window. A thread sums pairs of channels over all pixels, in order; the c means stay in shared memory, are centred and squared
 * there, and a warp a label takes the classifier's dot products. It reads the last map once, 75 KB a window of ConvNeXt-Tiny in
 * fp16; as a product of its own the classifier would launch three kernels for a few thousand multiplications. */
#include "gpu/network_ops.h"

#include "gpu/cuda.h"
#include "gpu/launch.h"
#include "gpu/number.cuh"

namespace
{

constexpr int THREADS = 256, WARPS = THREADS / 32;
constexpr int MOST_CHANNELS = 8192; /* 32 KiB of shared memory */

struct head_shape {
    int pixels, c, labels;
    float eps;
};

__device__ inline float warp_sum(float x)
{
    for (int offset = 16; offset > 0; offset /= 2)
        x += __shfl_xor_sync(0xffffffffU, x, offset);
    return x;
}

/* The sum over the block, in every thread, by the same tree each time */
__device__ inline float block_sum(float x)
{
    __shared__ float part[WARPS];
    const float mine = warp_sum(x);
    float sum = 0;

    __syncthreads(); /* the last sum has been read */
    if (threadIdx.x % 32 == 0)
        part[threadIdx.x / 32] = mine;
    __syncthreads();
    for (int i = 0; i < WARPS; i++)
        sum += part[i];
    return sum;
}

template <typename T>
__global__ void __launch_bounds__(THREADS) head(const T *map, const float *weight, const float *bias, head_shape s, float *logits)
{
    VX_DYNAMIC_SHARED(float, pooled);
    const int thread = static_cast<int>(threadIdx.x), lane = thread % 32, warp = thread / 32;
    const T *window = map + static_cast<size_t>(blockIdx.x) * static_cast<size_t>(s.pixels) * static_cast<size_t>(s.c);
    float sum = 0, squares = 0;

    for (int i = 2 * thread; i < s.c; i += 2 * THREADS) {
        float2 total = make_float2(0, 0);
#pragma unroll 8
        for (int p = 0; p < s.pixels; p++) {
            const float2 x = vx_load2(window + static_cast<size_t>(p) * static_cast<size_t>(s.c) + i);
            total = make_float2(total.x + x.x, total.y + x.y);
        }
        pooled[i] = total.x / static_cast<float>(s.pixels);
        pooled[i + 1] = total.y / static_cast<float>(s.pixels);
        sum += pooled[i] + pooled[i + 1];
    }
    const float mean = block_sum(sum) / static_cast<float>(s.c);
    for (int i = 2 * thread; i < s.c; i += 2 * THREADS) {
        const float x = pooled[i] - mean, y = pooled[i + 1] - mean;
        squares += x * x + y * y;
    }
    const float scale = 1 / sqrtf(block_sum(squares) / static_cast<float>(s.c) + s.eps);
    for (int label = warp; label < s.labels; label += WARPS) {
        const float *row = weight + static_cast<size_t>(label) * static_cast<size_t>(s.c);
        float dot = 0;
        for (int i = lane; i < s.c; i += 32)
            dot += (pooled[i] - mean) * scale * row[i];
        dot = warp_sum(dot);
        if (lane == 0)
            logits[static_cast<size_t>(blockIdx.x) * static_cast<size_t>(s.labels) + static_cast<size_t>(label)] = dot + bias[label];
    }
}

template <typename T>
enum vx_status launch(cudaStream_t stream, const void *map, const float *weight, const float *bias, unsigned windows,
                      const head_shape &s, float *logits, struct vx_err *err)
{
    VX_LAUNCH(head<T>, windows, THREADS, static_cast<size_t>(s.c) * sizeof(float), stream, static_cast<const T *>(map), weight, bias,
              s, logits);
    return vx_gpu_launched("head", err);
}

} // namespace

extern "C" enum vx_status vx_gpu_head(cudaStream_t stream, enum vx_gpu_type type, const void *map, const float *weight,
                                      const float *bias, int windows, int pixels, int c, int labels, float eps, float *logits,
                                      struct vx_err *err)
{
    const head_shape s = {pixels, c, labels, eps};

    if (windows < 0 || pixels < 1 || c < 2 || c % 2 || c > MOST_CHANNELS || labels < 1)
        return vx_fail(err, VX_EINVAL, "head: %d windows of %d pixels, %d channels, %d labels; expected windows >= 0, pixels and labels "
                       ">= 1, an even c in 2...%d", windows, pixels, c, labels, MOST_CHANNELS);
    if (windows == 0)
        return VX_OK;
    switch (type) {
    case VX_GPU_F32:
        return launch<float>(stream, map, weight, bias, static_cast<unsigned>(windows), s, logits, err);
    case VX_GPU_F16:
        return launch<__half>(stream, map, weight, bias, static_cast<unsigned>(windows), s, logits, err);
    case VX_GPU_BF16:
        return launch<__nv_bfloat16>(stream, map, weight, bias, static_cast<unsigned>(windows), s, logits, err);
    }
    return vx_fail(err, VX_EINVAL, "head: element type %d; expected one of enum vx_gpu_type", static_cast<int>(type));
}
