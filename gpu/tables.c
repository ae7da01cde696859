#include "gpu/tables.h"

#include "gpu/cuda.h"

#include <assert.h>

enum vx_status vx_gpu_tables_add(struct vx_gpu_tables *tables, const void *from, size_t bytes, const char *what, const void **out,
                                 struct vx_err *err)
{
    enum vx_status rc;

    *out = NULL;
    if (!from || bytes == 0)
        return VX_OK;
    assert(tables->n < VX_GPU_MAX_TABLES);
    if ((rc = vx_gpu_upload(&tables->at[tables->n], from, bytes, what, err)) == VX_OK)
        *out = tables->at[tables->n++];
    return rc;
}

void vx_gpu_tables_clear(struct vx_gpu_tables *tables)
{
    while (tables->n > 0)
        vx_gpu_free(&tables->at[--tables->n]);
}
