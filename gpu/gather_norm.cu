/* gather_norm.cu - a stage's input: each pixel's LayerNorm, moved to where the 2×2 convolution of stride 2 reads it as a row
 * Behind it the convolution is one matrix product over rows of 4 · c. The moving costs nothing: whole rows of c move, each element is read
 * once and written once all the same (gpu/row_norm.cuh is the kernel). */
#include "gpu/network_ops.h"

#include "gpu/row_norm.cuh"

namespace
{

/* pixel (y, x) of a window → row (y/2, x/2), place (y mod 2, x mod 2) in it */
struct two_by_two {
    int side; /* of the rows; the map's is twice that */
    __device__ size_t operator()(size_t pixel) const
    {
        const unsigned wide = 2 * static_cast<unsigned>(side), a_window = wide * wide;
        const size_t window = pixel / a_window;
        const unsigned inside = static_cast<unsigned>(pixel % a_window), y = inside / wide, x = inside % wide;
        return window * a_window + (y / 2 * static_cast<unsigned>(side) + x / 2) * 4 + y % 2 * 2 + x % 2;
    }
};

} // namespace

extern "C" enum vx_status vx_gpu_gather_norm(cudaStream_t stream, enum vx_gpu_type type, const void *map, int windows, int side,
                                             int c, float eps, void *rows, struct vx_err *err)
{
    static const char name[] = "gather_norm";
    static const int most_side = 16384;
    const size_t n = 4 * static_cast<size_t>(windows) * static_cast<size_t>(side) * static_cast<size_t>(side);
    const two_by_two place = {side};

    if (windows < 0 || side < 1 || side > most_side || c < 2 || c % 2 || c > ROW_NORM_MOST)
        return vx_fail(err, VX_EINVAL, "%s: %d windows, side %d, %d channels; expected windows >= 0, side in 1...%d, an even c in 2...%d",
                       name, windows, side, c, most_side, ROW_NORM_MOST);
    if (windows == 0)
        return VX_OK;
    switch (type) {
    case VX_GPU_F32:
        return row_norm_rows<float>(name, stream, map, NULL, NULL, n, c, eps, place, rows, err);
    case VX_GPU_F16:
        return row_norm_rows<__half>(name, stream, map, NULL, NULL, n, c, eps, place, rows, err);
    case VX_GPU_BF16:
        return row_norm_rows<__nv_bfloat16>(name, stream, map, NULL, NULL, n, c, eps, place, rows, err);
    }
    return vx_fail(err, VX_EINVAL, "%s: element type %d; expected one of enum vx_gpu_type", name, static_cast<int>(type));
}
