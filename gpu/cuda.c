#include "gpu/cuda.h"

enum vx_status vx_gpu_check(cudaError_t code, const char *what, struct vx_err *err)
{
    enum vx_status status = VX_ESYS;

    if (code == cudaSuccess)
        return VX_OK;
    if (code == cudaErrorMemoryAllocation)
        status = VX_ENOMEM;
    else if (code == cudaErrorNoDevice || code == cudaErrorInsufficientDriver || code == cudaErrorNoKernelImageForDevice ||
             code == cudaErrorStubLibrary)
        status = VX_EUNSUPPORTED;
    return vx_fail(err, status, "%s: %s (%s)", what, cudaGetErrorString(code), cudaGetErrorName(code));
}

enum vx_status vx_gpu_launched(const char *kernel, struct vx_err *err)
{
    return vx_gpu_check(cudaGetLastError(), kernel, err);
}

enum vx_status vx_gpu_alloc(void **out, size_t bytes, const char *what, struct vx_err *err)
{
    *out = NULL;
    if (bytes == 0)
        return VX_OK;
    const cudaError_t code = cudaMalloc(out, bytes);
    if (code == cudaSuccess)
        return VX_OK;
    *out = NULL;
    (void)cudaGetLastError(); /* not to be taken for a later launch's */
    if (code == cudaErrorMemoryAllocation)
        return vx_fail(err, VX_ENOMEM, "%s: the device has no %zu MiB left", what, (bytes + (1 << 20) - 1) >> 20);
    return vx_gpu_check(code, what, err);
}

void vx_gpu_free(void **memory)
{
    if (*memory)
        (void)cudaFree(*memory);
    *memory = NULL;
}

enum vx_status vx_gpu_upload(void **out, const void *from, size_t bytes, const char *what, struct vx_err *err)
{
    enum vx_status rc = vx_gpu_alloc(out, bytes, what, err);

    if (rc != VX_OK || bytes == 0)
        return rc;
    if ((rc = vx_gpu_check(cudaMemcpy(*out, from, bytes, cudaMemcpyHostToDevice), what, err)) != VX_OK)
        vx_gpu_free(out);
    return rc;
}
