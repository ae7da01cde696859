#include "gpu/lent.h"

#include "base/mem.h"
#include "gpu/cuda.h"

#include <stdint.h>
#include <stdlib.h>

enum vx_status vx_gpu_lent_add(struct vx_gpu_lent *lent, void *memory, size_t bytes, struct vx_err *err)
{
    void *range = lent->range;
    enum vx_status rc;

    if (bytes > VX_GPU_LENT_MAX - lent->bytes)
        return vx_fail(err, VX_ELIMIT, "page-locking batches: %zu MiB more than the %zu MiB that are taken for it",
                       (lent->bytes + bytes - VX_GPU_LENT_MAX + (1 << 20) - 1) >> 20, VX_GPU_LENT_MAX >> 20);
    if (vx_grow(&range, &lent->cap, lent->n + 1, sizeof *lent->range) != 0)
        return vx_fail_nomem(err, "page-locking batches");
    lent->range = range;
    if ((rc = vx_gpu_check(cudaHostRegister(memory, bytes, cudaHostRegisterPortable), "page-locking batches", err)) != VX_OK)
        return rc;
    lent->range[lent->n++] = (struct vx_gpu_lent_range){memory, bytes};
    lent->bytes += bytes;
    return VX_OK;
}

static void unlock(const struct vx_gpu_lent_range *r)
{
    if (cudaHostUnregister((void *)(uintptr_t)r->at) != cudaSuccess)
        (void)cudaGetLastError(); /* a lost device has let go of everything */
}

void vx_gpu_lent_drop(struct vx_gpu_lent *lent, const void *memory)
{
    for (size_t i = 0; i < lent->n; i++) {
        if (lent->range[i].at != memory)
            continue;
        unlock(&lent->range[i]);
        lent->bytes -= lent->range[i].bytes;
        lent->range[i] = lent->range[--lent->n];
        return;
    }
}

void vx_gpu_lent_clear(struct vx_gpu_lent *lent)
{
    for (size_t i = 0; i < lent->n; i++)
        unlock(&lent->range[i]);
    free(lent->range);
    *lent = (struct vx_gpu_lent){0};
}

bool vx_gpu_lent_holds(const struct vx_gpu_lent *lent, const void *p, size_t bytes)
{
    for (size_t i = 0; i < lent->n; i++) {
        const uintptr_t from = (uintptr_t)lent->range[i].at, at = (uintptr_t)p;
        if (at >= from && at - from <= lent->range[i].bytes && bytes <= lent->range[i].bytes - (at - from))
            return true;
    }
    return false;
}
