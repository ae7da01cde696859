#include "tests/gpu/harness_kernels.h"

#include "gpu/launch.h"
#include "gpu/number.cuh"

template <class T> __global__ void norm_kernel(const float *in, int c, float eps, T *out)
{
    __shared__ float partial[2][2];
    VX_DYNAMIC_SHARED(float, row);
    const int t = threadIdx.x, warp = t / 32;
    float sum = 0, squares = 0;

    for (int i = t; i < c; i += blockDim.x) {
        row[i] = in[blockIdx.x * c + i];
        sum += row[i];
    }
    for (int by = 16; by > 0; by /= 2)
        sum += __shfl_xor_sync(0xFFFFFFFF, sum, by);
    if (t % 32 == 0)
        partial[0][warp] = sum;
    __syncthreads();
    const float mean = (partial[0][0] + partial[0][1]) / c;
    for (int i = c - 1 - t; i >= 0; i -= blockDim.x)
        squares += (row[i] - mean) * (row[i] - mean);
    for (int by = 16; by > 0; by /= 2)
        squares += __shfl_down_sync(0xFFFFFFFF, squares, by);
    if (t % 32 == 0)
        partial[1][warp] = squares;
    __syncthreads();
    const float scale = rsqrtf((partial[1][0] + partial[1][1]) / c + eps);
    for (int i = t; i < c; i += blockDim.x)
        vx_store(&out[blockIdx.x * c + i], (row[i] - mean) * scale);
}

void test_norm(cudaStream_t stream, const float *in, int rows, int c, float eps, uint16_t *out)
{
    __half *rows_out = reinterpret_cast<__half *>(out);

    VX_LAUNCH(norm_kernel, rows, 64, c * sizeof(float), stream, in, c, eps, rows_out);
}

__global__ void mirror_kernel(const float *in, int barrier, float *out)
{
    __shared__ float copy[1024];
    const unsigned t = threadIdx.x, first = blockIdx.x * blockDim.x;

    copy[t] = in[first + t];
    if (barrier)
        __syncthreads();
    out[first + t] = copy[blockDim.x - 1 - t];
    __syncthreads();
    copy[t] = -1;
}

void test_mirror(cudaStream_t stream, const float *in, int blocks, int threads, int barrier, float *out)
{
    VX_LAUNCH(mirror_kernel, blocks, threads, 0, stream, in, barrier, out);
}

__global__ void count_kernel(unsigned n, int *sum, unsigned long long *most, unsigned *out)
{
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i >= n)
        return;
    atomicAdd(sum, 1);
    atomicMax(most, static_cast<unsigned long long>(i));
    out[i] = threadIdx.x;
}

void test_count(cudaStream_t stream, unsigned blocks, unsigned threads, unsigned n, int *sum, unsigned long long *most, unsigned *out)
{
    VX_LAUNCH(count_kernel, blocks, threads, 0, stream, n, sum, most, out);
}

__global__ void warp_kernel(unsigned *out)
{
    const unsigned t = threadIdx.x, n = blockDim.x, all = 0xFFFFFFFF;

    out[TEST_SHFL * n + t] = __shfl_sync(all, t, 5);
    out[TEST_DOWN * n + t] = __shfl_down_sync(all, t, 3);
    out[TEST_UP * n + t] = __shfl_up_sync(all, t, 3);
    out[TEST_XOR * n + t] = __shfl_xor_sync(all, t, 16);
    out[TEST_XOR8 * n + t] = __shfl_sync(all, t, 1, 8);
    out[TEST_BALLOT * n + t] = __ballot_sync(all, t % 3 == 0);
    out[TEST_COUNT * n + t] = __syncthreads_count(t % 3 == 0);
    out[TEST_OR * n + t] = __syncthreads_or(t == 40);
    out[TEST_AND * n + t] = __syncthreads_and(t != 40);
}

void test_warp(cudaStream_t stream, unsigned *out)
{
    VX_LAUNCH(warp_kernel, 1, 64, 0, stream, out);
}

__global__ void wrong_kernel(enum test_wrong wrong, unsigned *out, unsigned n)
{
    const unsigned t = threadIdx.x;
    unsigned x = t;

    switch (wrong) {
    case WRONG_BARRIER_SOME:
        if (t < blockDim.x / 2)
            __syncthreads();
        break;
    case WRONG_SHUFFLE_SOME:
        if (t % 32 < 16)
            x = __shfl_xor_sync(0xFFFFFFFF, x, 1);
        break;
    case WRONG_SHUFFLE_MIXED:
        x = t % 32 < 16 ? __shfl_xor_sync(0xFFFFFFFF, x, 1) : __shfl_down_sync(0xFFFFFFFF, x, 1);
        break;
    case WRONG_MASK:
        x = __shfl_xor_sync(0xFFFF, x, 1);
        break;
    case WRONG_WRITE_BEHIND:
        if (t == 0)
            out[n] = x;
        break;
    case WRONG_WRITE_BEFORE:
        if (t == 0)
            out[-1] = x;
        break;
    }
    if (t < n)
        out[t] = x;
}

void test_break(cudaStream_t stream, enum test_wrong wrong, unsigned *out, unsigned n)
{
    VX_LAUNCH(wrong_kernel, 1, 64, 0, stream, wrong, out, n);
}

__global__ void nothing_kernel(void)
{
}

void test_launch(cudaStream_t stream, unsigned gx, unsigned gy, unsigned bx, unsigned bz, unsigned shared)
{
    VX_LAUNCH(nothing_kernel, dim3(gx, gy), dim3(bx, 1, bz), shared, stream);
}

__global__ void add_kernel(const float *in, float add, unsigned n, float *out)
{
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;

    if (i < n)
        out[i] = in[i] + add;
}

void test_add(cudaStream_t stream, const float *in, float add, unsigned n, float *out)
{
    VX_LAUNCH(add_kernel, (n + 63) / 64, 64, 0, stream, in, add, n, out);
}
