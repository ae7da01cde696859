#include "gpu/buffers.h"

#include "gpu/cuda.h"

static int on_host(enum vx_gpu_buffer which)
{
    return which == VX_GPU_IN || which == VX_GPU_OUT;
}

static void release(struct vx_gpu_buffers *b, enum vx_gpu_buffer which)
{
    if (!on_host(which))
        vx_gpu_free(&b->at[which]);
    else if (b->at[which])
        (void)cudaFreeHost(b->at[which]);
    b->at[which] = NULL;
    b->bytes[which] = 0;
}

static enum vx_status lock_memory(void **out, size_t bytes, struct vx_err *err)
{
    const cudaError_t code = cudaHostAlloc(out, bytes, cudaHostAllocPortable);

    if (code != cudaErrorMemoryAllocation)
        return vx_gpu_check(code, "page-locked memory", err);
    (void)cudaGetLastError();
    return vx_fail(err, VX_ENOMEM, "the host gives no %zu MiB of page-locked memory; fewer lanes (--threads) or a smaller --batch need "
                   "less", (bytes >> 20) + 1);
}

enum vx_status vx_gpu_buffer_grow(struct vx_gpu_buffers *b, enum vx_gpu_buffer which, size_t bytes, cudaStream_t stream,
                                  struct vx_err *err)
{
    enum vx_status rc;

    if (!vx_gpu_buffer_moves(b, which, bytes))
        return VX_OK;
    release(b, which);
    if (on_host(which)) {
        if ((rc = lock_memory(&b->at[which], bytes, err)) != VX_OK)
            b->at[which] = NULL;
    } else if ((rc = vx_gpu_alloc(&b->at[which], bytes, "a lane's buffers", err)) == VX_OK) {
        rc = vx_gpu_check(cudaMemsetAsync(b->at[which], 0, bytes, stream), "a lane's buffers", err);
    }
    if (rc != VX_OK)
        release(b, which);
    else
        b->bytes[which] = bytes;
    return rc;
}

void vx_gpu_buffers_clear(struct vx_gpu_buffers *b)
{
    for (int i = 0; i < VX_GPU_BUFFERS; i++)
        release(b, (enum vx_gpu_buffer)i);
}
