/* row_norm.cuh - LayerNorm of rows, each held in registers by a group of lanes of one warp
 * What gpu/layer_norm.cu and gpu/gather_norm.cu share; they differ in where a row goes. A lane holds every lanes-th pair of its row, so
 * that neighbouring lanes touch neighbouring memory (pairs are 4 bytes in fp16: 128 a warp, whole sectors), and the row is read
 * once and written once: 2 · c elements a row. Up to 256 channels the group is as small as four pairs a lane allow: with 8 or 16
 * lanes a row a warp has the loads of four or two rows in flight, which narrow rows need to keep the memory busy. The variance
 * is the mean of squares of x − mean, taken on the registers. */
#ifndef VX_GPU_ROW_NORM_CUH
#define VX_GPU_ROW_NORM_CUH

#include "gpu/cuda.h"
#include "gpu/launch.h"
#include "gpu/number.cuh"

#include <limits.h>

namespace
{

constexpr int ROW_NORM_THREADS = 256, ROW_NORM_MOST = 2048; /* threads a block, channels */

struct row_norm_shape {
    size_t rows;
    int c, lanes; /* lanes a row: 8, 16 or 32 */
    float eps;
};

/* The sum over the lanes of a group, in all of them; whole warps call it. */
__device__ inline float row_sum(float x, int lanes)
{
    for (int offset = lanes / 2; offset > 0; offset /= 2)
        x += __shfl_xor_sync(0xffffffffU, x, offset);
    return x;
}

/* place(row) is the row of out for row `row` of in. gamma and beta may be NULL; out may be in where every row stays in its place. */
template <typename T, int PAIRS, typename Place>
__global__ void __launch_bounds__(ROW_NORM_THREADS)
row_norm(const T *in, const float *gamma, const float *beta, row_norm_shape s, Place place, T *out)
{
    const int lane = static_cast<int>(threadIdx.x) % s.lanes;
    const size_t row = (static_cast<size_t>(blockIdx.x) * ROW_NORM_THREADS + threadIdx.x) / static_cast<unsigned>(s.lanes);
    const int first = 2 * lane, step = 2 * s.lanes, end = row < s.rows ? s.c : 0; /* lanes without a row only take part in the sums */
    const size_t at = row * static_cast<size_t>(s.c);
    float2 x[PAIRS];
    float sum = 0, squares = 0;

#pragma unroll
    for (int k = 0; k < PAIRS; k++) {
        x[k] = first + k * step < end ? vx_load2(in + at + first + k * step) : make_float2(0, 0);
        sum += x[k].x + x[k].y;
    }
    const float mean = row_sum(sum, s.lanes) / static_cast<float>(s.c);
#pragma unroll
    for (int k = 0; k < PAIRS; k++)
        if (first + k * step < end) {
            x[k] = make_float2(x[k].x - mean, x[k].y - mean);
            squares += x[k].x * x[k].x + x[k].y * x[k].y;
        }
    const float scale = 1 / sqrtf(row_sum(squares, s.lanes) / static_cast<float>(s.c) + s.eps);
    if (end == 0)
        return;
    T *to = out + place(row) * static_cast<size_t>(s.c);
#pragma unroll
    for (int k = 0; k < PAIRS; k++) {
        const int i = first + k * step;
        if (i >= end)
            continue;
        float2 y = make_float2(x[k].x * scale, x[k].y * scale);
        if (gamma) {
            const float2 g = vx_load2(gamma + i), b = vx_load2(beta + i);
            y = make_float2(y.x * g.x + b.x, y.y * g.y + b.y);
        }
        vx_store2(to + i, y);
    }
}

template <typename T, int PAIRS, typename Place>
enum vx_status row_norm_launch(const char *name, cudaStream_t stream, const void *in, const float *gamma, const float *beta,
                               const row_norm_shape &s, const Place &place, void *out, struct vx_err *err)
{
    const int rows_a_block = ROW_NORM_THREADS / s.lanes;
    const size_t blocks = (s.rows + static_cast<unsigned>(rows_a_block) - 1) / static_cast<unsigned>(rows_a_block);

    if (blocks > INT_MAX)
        return vx_fail(err, VX_EINVAL, "%s: %zu rows are more than one launch takes; expected up to %zu", name, s.rows,
                       static_cast<size_t>(INT_MAX) * static_cast<unsigned>(rows_a_block));
    VX_LAUNCH((row_norm<T, PAIRS, Place>), static_cast<unsigned>(blocks), ROW_NORM_THREADS, 0, stream, static_cast<const T *>(in),
              gamma, beta, s, place, static_cast<T *>(out));
    return vx_gpu_launched(name, err);
}

/* rows of c channels; the caller has checked that rows > 0 and that c is even and in 2…ROW_NORM_MOST. */
template <typename T, typename Place>
enum vx_status row_norm_rows(const char *name, cudaStream_t stream, const void *in, const float *gamma, const float *beta,
                             size_t rows, int c, float eps, const Place &place, void *out, struct vx_err *err)
{
    const row_norm_shape s = {rows, c, c <= 64 ? 8 : c <= 128 ? 16 : 32, eps};

    if (c <= 4 * 2 * 32)
        return row_norm_launch<T, 4>(name, stream, in, gamma, beta, s, place, out, err);
    if (c <= 16 * 2 * 32)
        return row_norm_launch<T, 16>(name, stream, in, gamma, beta, s, place, out, err);
    return row_norm_launch<T, ROW_NORM_MOST / 64>(name, stream, in, gamma, beta, s, place, out, err);
}

} // namespace

#endif
