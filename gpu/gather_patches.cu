/* gather_patches.cu - an 8-bit picture, through the table of mean and deviation, as the rows that the patch embedding multiplies
 * A block makes the rows of one line of patches: it reads patch whole lines of the picture, which lie together, and writes side whole rows,
 * which lie together too. Neighbouring threads write neighbouring pairs and read neighbouring bytes. The table, 3 KiB, is in
 * shared memory, since the pixels pick from it at random. Read 3 bytes a pixel, written 3 elements: 0.45 MB a window of 224² in
 * fp16, under a hundredth of the network's traffic. */
#include "gpu/network_ops.h"

#include "gpu/cuda.h"
#include "gpu/launch.h"
#include "gpu/number.cuh"

#include <limits.h>

namespace
{

constexpr int THREADS = 256, CHANNELS = 3, LEVELS = 256;

struct patches_shape {
    int side, patch, pitch;
};

/* Column `column` of the row of patch `px`; line is the strip's first line of the picture. */
__device__ inline float patch_element(const uint8_t *line, const float *table, const patches_shape &s, int px, int column)
{
    const int across = s.patch * CHANNELS, ky = column / across, rest = column % across;

    if (ky >= s.patch)
        return 0;
    return table[column % CHANNELS * LEVELS + line[(ky * s.side + px) * across + rest]]; /* across is a multiple of CHANNELS */
}

template <typename T>
__global__ void __launch_bounds__(THREADS) gather_patches(const uint8_t *image, const float *table, patches_shape s, T *rows)
{
    __shared__ float levels[CHANNELS * LEVELS];
    const size_t strip = blockIdx.x, line_bytes = static_cast<size_t>(s.side) * static_cast<size_t>(s.patch) * CHANNELS;
    const uint8_t *line = image + strip * static_cast<size_t>(s.patch) * line_bytes;
    T *out = rows + strip * static_cast<size_t>(s.side) * static_cast<size_t>(s.pitch);
    const int pairs_a_row = s.pitch / 2, pairs = s.side * pairs_a_row;

    for (int i = static_cast<int>(threadIdx.x); i < CHANNELS * LEVELS; i += THREADS)
        levels[i] = table[i];
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < pairs; i += THREADS) {
        const int px = i / pairs_a_row, column = 2 * (i % pairs_a_row);
        vx_store2(out + 2 * static_cast<size_t>(i),
                  make_float2(patch_element(line, levels, s, px, column), patch_element(line, levels, s, px, column + 1)));
    }
}

template <typename T>
enum vx_status launch(cudaStream_t stream, const uint8_t *image, const float *table, unsigned strips, const patches_shape &s,
                      void *rows, struct vx_err *err)
{
    VX_LAUNCH(gather_patches<T>, strips, THREADS, 0, stream, image, table, s, static_cast<T *>(rows));
    return vx_gpu_launched("gather_patches", err);
}

} // namespace

extern "C" enum vx_status vx_gpu_gather_patches(cudaStream_t stream, enum vx_gpu_type type, const uint8_t *image,
                                                const float *table, int windows, int side, int patch, int pitch, void *rows,
                                                struct vx_err *err)
{
    static const int most = 16384; /* pixels a side; keeps all that is counted in one strip in an int */
    const int64_t strips = static_cast<int64_t>(windows) * side, columns = static_cast<int64_t>(patch) * patch * CHANNELS;
    const patches_shape s = {side, patch, pitch};

    if (windows < 0 || side < 1 || patch < 1 || static_cast<int64_t>(side) * patch > most)
        return vx_fail(err, VX_EINVAL, "gather_patches: %d windows of %d x %d patches of %d x %d pixels; expected windows >= 0 and "
                       "1...%d pixels a side", windows, side, side, patch, patch, most);
    if (pitch % 8 || pitch < columns || static_cast<int64_t>(side) * pitch > INT_MAX || strips > INT_MAX)
        return vx_fail(err, VX_EINVAL, "gather_patches: %d windows, side %d, patch %d, pitch %d; expected a pitch of at least %lld, a "
                       "multiple of 8, and up to %d for windows*side and side*pitch", windows, side, patch, pitch,
                       static_cast<long long>(columns), INT_MAX);
    if (windows == 0)
        return VX_OK;
    switch (type) {
    case VX_GPU_F32:
        return launch<float>(stream, image, table, static_cast<unsigned>(strips), s, rows, err);
    case VX_GPU_F16:
        return launch<__half>(stream, image, table, static_cast<unsigned>(strips), s, rows, err);
    case VX_GPU_BF16:
        return launch<__nv_bfloat16>(stream, image, table, static_cast<unsigned>(strips), s, rows, err);
    }
    return vx_fail(err, VX_EINVAL, "gather_patches: element type %d; expected one of enum vx_gpu_type", static_cast<int>(type));
}
