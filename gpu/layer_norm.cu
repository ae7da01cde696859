/* layer_norm.cu - LayerNorm over the channels of each row: after the patch embedding (gpu/row_norm.cuh is the kernel) */
#include "gpu/network_ops.h"

#include "gpu/row_norm.cuh"

namespace
{

struct same_row {
    __device__ size_t operator()(size_t row) const { return row; }
};

} // namespace

extern "C" enum vx_status vx_gpu_layer_norm(cudaStream_t stream, enum vx_gpu_type type, const void *in, const float *gamma,
                                            const float *beta, int rows, int c, float eps, void *out, struct vx_err *err)
{
    static const char name[] = "layer_norm";
    const size_t n = static_cast<size_t>(rows);

    if (rows < 0 || c < 2 || c % 2 || c > ROW_NORM_MOST || !gamma != !beta)
        return vx_fail(err, VX_EINVAL, "%s: %d rows of %d channels, gamma %s, beta %s; expected rows >= 0, an even c in 2...%d, and "
                       "gamma and beta both or neither", name, rows, c, gamma ? "given" : "missing", beta ? "given" : "missing",
                       ROW_NORM_MOST);
    if (rows == 0)
        return VX_OK;
    switch (type) {
    case VX_GPU_F32:
        return row_norm_rows<float>(name, stream, in, gamma, beta, n, c, eps, same_row(), out, err);
    case VX_GPU_F16:
        return row_norm_rows<__half>(name, stream, in, gamma, beta, n, c, eps, same_row(), out, err);
    case VX_GPU_BF16:
        return row_norm_rows<__nv_bfloat16>(name, stream, in, gamma, beta, n, c, eps, same_row(), out, err);
    }
    return vx_fail(err, VX_EINVAL, "%s: element type %d; expected one of enum vx_gpu_type", name, static_cast<int>(type));
}
