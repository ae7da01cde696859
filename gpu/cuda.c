#include "gpu/cuda.h"

enum vx_status vx_gpu_check(cudaError_t code, const char *what, struct vx_err *err)
{
    enum vx_status status = VX_ESYS;

    if (code == cudaSuccess)
        return VX_OK;
    (void)cudaGetLastError(); /* not to be taken for a later launch's */
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
    if (code == cudaErrorMemoryAllocation) {
        (void)cudaGetLastError();
        return vx_fail(err, VX_ENOMEM, "%s: the device has no %zu MiB left", what, (bytes + (1 << 20) - 1) >> 20);
    }
    return vx_gpu_check(code, what, err);
}

void vx_gpu_free(void **memory)
{
    if (*memory)
        (void)cudaFree(*memory);
    *memory = NULL;
}

enum vx_status vx_gpu_copy_in(void *to, const void *from, size_t bytes, const char *what, struct vx_err *err)
{
    const enum vx_status rc = vx_gpu_check(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), what, err);

    /* from pageable memory the call may return while the last part is still on its way */
    return rc == VX_OK ? vx_gpu_check(cudaStreamSynchronize(NULL), what, err) : rc;
}

enum vx_status vx_gpu_upload(void **out, const void *from, size_t bytes, const char *what, struct vx_err *err)
{
    enum vx_status rc = vx_gpu_alloc(out, bytes, what, err);

    if (rc != VX_OK || bytes == 0)
        return rc;
    if ((rc = vx_gpu_copy_in(*out, from, bytes, what, err)) != VX_OK)
        vx_gpu_free(out);
    return rc;
}
