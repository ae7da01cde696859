/* dwconv_norm.cu - depthwise 7×7 convolution, bias and LayerNorm in one pass over a map that is channels last
 *
 * A thread owns two neighbouring channels of a tile of ROWS × COLUMNS output pixels, all of it in registers; a block owns all channels of its
 * tiles, so that it can normalise them before anything is written. Mostly 7 columns, because the sides of a ConvNeXt at
 * 224² are 56, 28, 14 and 7. The tile's ROWS + 6 input rows are walked once: an input row of 13 pixels is fetched while the row above it is
 * computed, each pixel serves up to 7 · ROWS outputs, and the ROWS rows of weights that are in use sit in a ring of registers, so
 * each weight is fetched once a tile. Input rows outside of the picture are skipped whole.
 *
 * Counted for an output element of fp16 in a tile of 4 rows: 98 operations in float32 (49 multiply-adds); from L1 or L2 10 · 13 / 28 = 4.6
 * elements of input and 49 / 28 = 1.75 weights, 16.3 bytes; from memory 2 bytes and back 2, since a tile's halo is what its neighbours,
 * which run at the same time, read too. 24 operations a byte of memory: a T4 (on paper 8.1 TFLOP/s, 320 GB/s: 25) and an H100 (67 TFLOP/s,
 * 3.35 TB/s: 20) are balanced between the two, so both the sums and the traffic count. Sums in packed half would round each to 11 bits.
 *
 * The sums over the channels, one for each of the tile's pixels: 8 lanes halve the pixels among them at each of three exchanges, so that
 * a lane ends up with the sums of a few pixels over 8 lanes (28 shuffles for 28 pixels, not 84); those go to shared memory, where
 * one thread a pixel adds them up in order. Mean first, then the mean of squares of what is centred, both from registers. Every step is
 * the same for each tile, so a pixel's result does not depend on where its tile runs.
 *
 * Registers set the shape: in the 16-bit types 4 rows up to 768 channels (168 registers, 12 warps on a multiprocessor), 2 up to 1024, and
 * 1 row of 4 columns up to 2048; float, whose input takes twice the registers, has 2 rows up to 768 and then 1 of 4. Narrow maps put several
 * tiles in a block: at least 128 threads. gpu/README.md has what the compiler makes of it. */
#include "gpu/network_ops.h"

#include "gpu/cuda.h"
#include "gpu/launch.h"
#include "gpu/number.cuh"

#include <limits.h>

namespace
{

constexpr int KERNEL = 7, REACH = KERNEL / 2;
constexpr int GROUP = 8; /* lanes that sum among themselves; a tile's threads are whole groups */
constexpr int MOST_CHANNELS = 2048, LEAST_THREADS = 128;

/* Sums of a tile's pixels, filled up to a number that the lanes of a group can share out */
template <int PIXELS> constexpr int PADDED = (PIXELS + GROUP - 1) / GROUP * GROUP;

struct dwconv_shape {
    int side, c;
    int tiles_x, tiles_y, tiles; /* of a window across and down; of all windows */
    int tiles_a_block, lanes;    /* lanes: threads of a tile, a multiple of GROUP */
    float eps;
};

/* Where a thread works. Threads beyond the last channel or tile are idle: they read no input and only take part in the sums, with 0. */
struct dwconv_place {
    int channel, pixel; /* of the pair; of the tile's first, of all windows' */
    int down, edge;     /* the tile's first row; columns from its first to the picture's right edge, 0 where idle */
};

/* Two elements as they lie in memory */
template <typename T> struct pair_of;
template <> struct pair_of<float> { using type = float2; };
template <> struct pair_of<__half> { using type = __half2; };
template <> struct pair_of<__nv_bfloat16> { using type = __nv_bfloat162; };

__device__ inline float2 unpack(float2 x) { return x; }
__device__ inline float2 unpack(__half2 x) { return __half22float2(x); }
__device__ inline float2 unpack(__nv_bfloat162 x) { return __bfloat1622float2(x); }

/* Walks the tile's part of the input pixel by pixel, for one thread: a running address takes fewer registers than multiples of c. Where it
 * ends tells where the tile is, which need not be kept meanwhile. */
template <typename T, int SPAN> struct input_walk {
    const T *at; /* the next pixel, possibly outside of the picture */
    int c, side;
    int y, edge; /* of the tile's first input row; of the tile, as above */

    __device__ bool has_row(int i) const { return static_cast<unsigned>(y + i) < static_cast<unsigned>(side) && edge > 0; }
    /* Pixel j of input row i, which is the next one; 0 outside */
    __device__ typename pair_of<T>::type next(int i, int j)
    {
        using pair = typename pair_of<T>::type;
        const int end = has_row(i) ? edge + REACH : 0;
        const pair p = j < end && (j >= REACH || edge < side) ? *reinterpret_cast<const pair *>(at) : pair();
        at += j < SPAN - 1 ? c : (side - SPAN + 1) * c;
        return p;
    }
};

/* acc += what pixel j of input row i gives; ring holds kernel row ky in slot ky % ROWS. */
template <int ROWS, int COLUMNS>
__device__ inline void add_pixel(int i, int j, float2 x, const float2 (&ring)[ROWS][KERNEL], float2 (&acc)[ROWS][COLUMNS])
{
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        const int ky = i - r;
        if (ky < 0 || ky >= KERNEL)
            continue;
#pragma unroll
        for (int o = 0; o < COLUMNS; o++) {
            const int kx = j - o;
            if (kx < 0 || kx >= KERNEL)
                continue;
            acc[r][o].x += ring[ky % ROWS][kx].x * x.x;
            acc[r][o].y += ring[ky % ROWS][kx].y * x.y;
        }
    }
}

/* acc = bias + the convolution. weight [7][7][c], bias at the thread's channels. A pixel's register is filled with the one below it as
 * soon as it has been used, so that loads have a whole row's time. */
template <typename T, int ROWS, int COLUMNS>
__device__ inline void convolve(input_walk<T, COLUMNS + KERNEL - 1> &in, const float *weight, const float *bias,
                                float2 (&acc)[ROWS][COLUMNS])
{
    constexpr int SPAN = COLUMNS + KERNEL - 1, LAST = ROWS + KERNEL - 2;
    unsigned w = 0; /* the next weight */
    typename pair_of<T>::type row[SPAN];
    float2 ring[ROWS][KERNEL];
    const float2 start = in.edge > 0 ? vx_load2(bias) : make_float2(0, 0);

#pragma unroll
    for (int r = 0; r < ROWS; r++)
#pragma unroll
        for (int o = 0; o < COLUMNS; o++)
            acc[r][o] = start;
#pragma unroll
    for (int j = 0; j < SPAN; j++)
        row[j] = in.next(0, j);
#pragma unroll
    for (int i = 0; i <= LAST; i++) {
        if (i < KERNEL)
#pragma unroll
            for (int kx = 0; kx < KERNEL; kx++, w += in.c)
                ring[i % ROWS][kx] = vx_load2(weight + w);
        if (in.has_row(i)) {
#pragma unroll
            for (int j = 0; j < SPAN; j++) {
                const float2 x = unpack(row[j]);
                if (i < LAST)
                    row[j] = in.next(i + 1, j);
                add_pixel<ROWS, COLUMNS>(i, j, x, ring, acc);
            }
        } else if (i < LAST) {
#pragma unroll
            for (int j = 0; j < SPAN; j++)
                row[j] = in.next(i + 1, j);
        }
    }
}

/* Lanes that differ in OFFSET share out N sums: each keeps half and gives the other's half away. In the end lane l of a group of 8 has
 * the group's sums l·n … l·n + n − 1, n being an eighth of all, in v[0 … n − 1]. */
template <int N, int OFFSET> __device__ inline void share_sums(float *v, int lane)
{
    const bool upper = lane & OFFSET;

#pragma unroll
    for (int i = 0; i < N / 2; i++) {
        const float give = upper ? v[i] : v[i + N / 2], keep = upper ? v[i + N / 2] : v[i];
        v[i] = keep + __shfl_xor_sync(0xffffffffU, give, OFFSET);
    }
    if constexpr (OFFSET > 1)
        share_sums<N / 2, OFFSET / 2>(v, lane);
}

/* Adds v over the channels of each tile; shared: part [tiles a block][groups a tile][N] and behind it results [tiles a block][N]. The whole
 * block calls it, and gets finish(sum) of each pixel of each tile. */
template <int N, typename Finish>
__device__ inline const float *sum_channels(float (&v)[N], const dwconv_shape &s, float *shared, Finish finish)
{
    const int groups = s.lanes / GROUP, all = s.tiles_a_block * groups;
    const int lane = static_cast<int>(threadIdx.x) % GROUP, group = static_cast<int>(threadIdx.x) / GROUP;
    float *results = shared + all * N;

    share_sums<N, GROUP / 2>(v, lane);
    if (group < all)
#pragma unroll
        for (int k = 0; k < N / GROUP; k++)
            shared[group * N + lane * (N / GROUP) + k] = v[k];
    __syncthreads();
    for (int t = static_cast<int>(threadIdx.x); t < s.tiles_a_block * N; t += static_cast<int>(blockDim.x)) {
        const float *part = shared + t / N * groups * N + t % N;
        float sum = 0;
        for (int g = 0; g < groups; g++)
            sum += part[g * N];
        results[t] = finish(sum);
    }
    __syncthreads();
    return results;
}

template <int ROWS, int COLUMNS> __device__ inline dwconv_place find_place(const dwconv_shape &s)
{
    const int number = static_cast<int>(threadIdx.x) / s.lanes, channel = 2 * (static_cast<int>(threadIdx.x) % s.lanes);
    const int64_t tile = static_cast<int64_t>(blockIdx.x) * s.tiles_a_block + number;

    if (number >= s.tiles_a_block || tile >= s.tiles || channel >= s.c)
        return {0, 0, 0, 0};
    const int line = static_cast<int>(tile) / s.tiles_x, across = static_cast<int>(tile) % s.tiles_x * COLUMNS;
    const int down = line % s.tiles_y * ROWS;
    return {channel, (line / s.tiles_y * s.side + down) * s.side + across, down, s.side - across};
}

template <typename T, int ROWS, int COLUMNS, int THREADS>
__global__ void __launch_bounds__(THREADS)
dwconv_norm(const T *__restrict__ in, const float *__restrict__ weight, const float *__restrict__ bias, dwconv_shape s,
            T *__restrict__ out)
{
    VX_DYNAMIC_SHARED(float, shared);
    constexpr int PIXELS = ROWS * COLUMNS, N = PADDED<PIXELS>, SPAN = COLUMNS + KERNEL - 1;
    const dwconv_place p = find_place<ROWS, COLUMNS>(s);
    input_walk<T, SPAN> walk = {in + static_cast<ptrdiff_t>(p.pixel) * s.c + p.channel - REACH * (s.side + 1) * s.c, s.c, s.side,
                                p.down - REACH, p.edge};
    const int tile = static_cast<int>(threadIdx.x) / s.lanes, at = (tile < s.tiles_a_block ? tile : 0) * N; /* of results */
    const float share = 1 / static_cast<float>(s.c), used = p.edge > 0 ? 1 : 0;
    float2 acc[ROWS][COLUMNS];
    float v[N] = {0};

    convolve<T, ROWS, COLUMNS>(walk, weight + p.channel, bias + p.channel, acc);
#pragma unroll
    for (int i = 0; i < PIXELS; i++)
        v[i] = acc[i / COLUMNS][i % COLUMNS].x + acc[i / COLUMNS][i % COLUMNS].y;
    const float *means = sum_channels(v, s, shared, [=](float sum) { return sum * share; }) + at;
#pragma unroll
    for (int i = 0; i < N; i++) {
        v[i] = 0;
        if (i < PIXELS) {
            float2 &x = acc[i / COLUMNS][i % COLUMNS];
            x = make_float2(x.x - means[i] * used, x.y - means[i] * used);
            v[i] = x.x * x.x + x.y * x.y;
        }
    }
    const float *scales = sum_channels(v, s, shared, [=](float sum) { return rsqrtf(sum * share + s.eps); }) + at;
    T *to = out + (walk.at - in) - ((ROWS + REACH) * s.side - REACH) * s.c; /* from ROWS + 6 rows below where the walk began */
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        if (p.down + r >= s.side)
            break;
#pragma unroll
        for (int o = 0; o < COLUMNS; o++) {
            const float scale = scales[r * COLUMNS + o];
            if (o < p.edge)
                vx_store2(to, make_float2(acc[r][o].x * scale, acc[r][o].y * scale));
            to += o < COLUMNS - 1 ? s.c : (s.side - COLUMNS + 1) * s.c;
        }
    }
}

/* Tiles a block: enough for LEAST_THREADS threads, and up to twice that if then no thread of a warp is left over. */
int tiles_a_block(int lanes)
{
    const int least = (LEAST_THREADS + lanes - 1) / lanes;

    for (int n = least; n * lanes <= 2 * LEAST_THREADS; n++)
        if (n * lanes % 32 == 0)
            return n;
    return least;
}

template <typename T, int ROWS, int COLUMNS, int THREADS>
enum vx_status launch_rows(cudaStream_t stream, const void *in, const float *weight, const float *bias, int windows,
                           dwconv_shape s, void *out, struct vx_err *err)
{
    s.tiles_x = (s.side + COLUMNS - 1) / COLUMNS;
    s.tiles_y = (s.side + ROWS - 1) / ROWS;
    const int64_t tiles = static_cast<int64_t>(windows) * s.tiles_x * s.tiles_y;
    const unsigned threads = static_cast<unsigned>((s.tiles_a_block * s.lanes + 31) / 32 * 32);
    const size_t sums = static_cast<size_t>(s.tiles_a_block) * static_cast<size_t>(s.lanes / GROUP + 1) * PADDED<ROWS * COLUMNS>;

    if (static_cast<int64_t>(windows) * s.side * s.side > INT_MAX || tiles > INT_MAX)
        return vx_fail(err, VX_EINVAL, "dwconv_norm: %d windows of side %d are more than one launch takes", windows, s.side);
    s.tiles = static_cast<int>(tiles);
    VX_LAUNCH((dwconv_norm<T, ROWS, COLUMNS, THREADS>), static_cast<unsigned>((tiles + s.tiles_a_block - 1) / s.tiles_a_block), threads,
              sums * sizeof(float), stream, static_cast<const T *>(in), weight, bias, s, static_cast<T *>(out));
    return vx_gpu_launched("dwconv_norm", err);
}

template <typename T>
enum vx_status launch(cudaStream_t stream, const void *in, const float *weight, const float *bias, int windows, int side, int c,
                      float eps, void *out, struct vx_err *err)
{
    const int lanes = (c / 2 + GROUP - 1) / GROUP * GROUP;
    const dwconv_shape s = {side, c, 0, 0, 0, tiles_a_block(lanes), lanes, eps};

    if constexpr (sizeof(T) == 4) { /* its input takes twice the registers */
        if (lanes <= 384)
            return launch_rows<T, 2, 7, 384>(stream, in, weight, bias, windows, s, out, err);
        return launch_rows<T, 1, 4, 1024>(stream, in, weight, bias, windows, s, out, err);
    } else {
        if (lanes <= 384)
            return launch_rows<T, 4, 7, 384>(stream, in, weight, bias, windows, s, out, err);
        if (lanes <= 512)
            return launch_rows<T, 2, 7, 512>(stream, in, weight, bias, windows, s, out, err);
        return launch_rows<T, 1, 4, 1024>(stream, in, weight, bias, windows, s, out, err);
    }
}

} // namespace

extern "C" enum vx_status vx_gpu_dwconv_norm(cudaStream_t stream, enum vx_gpu_type type, const void *in, const float *weight,
                                             const float *bias, int windows, int side, int c, float eps, void *out,
                                             struct vx_err *err)
{
    const int64_t reach = static_cast<int64_t>(side) + 16; /* offsets within a window, tiles' overhang included, are ints */

    if (windows < 0 || side < 1 || c < 2 || c % 2 || c > MOST_CHANNELS || reach * reach * c > INT_MAX || in == out)
        return vx_fail(err, VX_EINVAL, "dwconv_norm: %d windows, side %d, %d channels%s; expected windows >= 0, an even c in 2...%d, up "
                       "to %d elements a window, and out apart from in", windows, side, c, in == out ? ", in place" : "",
                       MOST_CHANNELS, INT_MAX);
    if (windows == 0)
        return VX_OK;
    switch (type) {
    case VX_GPU_F32:
        return launch<float>(stream, in, weight, bias, windows, side, c, eps, out, err);
    case VX_GPU_F16:
        return launch<__half>(stream, in, weight, bias, windows, side, c, eps, out, err);
    case VX_GPU_BF16:
        return launch<__nv_bfloat16>(stream, in, weight, bias, windows, side, c, eps, out, err);
    }
    return vx_fail(err, VX_EINVAL, "dwconv_norm: element type %d; expected one of enum vx_gpu_type", static_cast<int>(type));
}
