/* tables.h - constant tables on the device, owned together */
#ifndef VX_GPU_TABLES_H
#define VX_GPU_TABLES_H

#include "base/err.h"

#include <stddef.h>

#define VX_GPU_MAX_TABLES 16

struct vx_gpu_tables {
    void *at[VX_GPU_MAX_TABLES];
    int n;
};

/* Copies bytes at `from` (host) to the device and waits for it. *out is the tables'; bytes 0 or from NULL gives NULL. */
enum vx_status vx_gpu_tables_add(struct vx_gpu_tables *tables, const void *from, size_t bytes, const char *what, const void **out,
                                 struct vx_err *err) VX_CHECKED;
void vx_gpu_tables_clear(struct vx_gpu_tables *tables);

#endif
