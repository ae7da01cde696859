/* lent.h - memory of the caller's from which windows are uploaded as they lie there
 * Uploads run beside kernels from page-locked memory alone. Memory in which a caller's batches always lie is locked once, and its
 * windows need no copy into a lane's own. */
#ifndef VX_GPU_LENT_H
#define VX_GPU_LENT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define VX_GPU_LENT_MAX ((size_t)1 << 30) /* bytes that are locked at most: they can be neither swapped nor given to anyone else */

struct vx_gpu_lent_range {
    const char *at;
    size_t bytes;
};

struct vx_gpu_lent { /* zeroed before first use; changed while no lane runs */
    struct vx_gpu_lent_range *range; /* owned [n] */
    size_t n, cap, bytes;
};

/* Locks the memory for the device in use. VX_ELIMIT: more than VX_GPU_LENT_MAX in all; VX_ENOMEM, VX_ESYS: CUDA's refusal. Memory
 * that is not locked can be uploaded from all the same, by way of a lane's own. */
enum vx_status vx_gpu_lent_add(struct vx_gpu_lent *lent, void *memory, size_t bytes, struct vx_err *err) VX_CHECKED;
void vx_gpu_lent_drop(struct vx_gpu_lent *lent, const void *memory); /* waits for what is in flight; memory not in it is fine */
void vx_gpu_lent_clear(struct vx_gpu_lent *lent);

/* Whether these bytes lie in one piece of it. */
bool vx_gpu_lent_holds(const struct vx_gpu_lent *lent, const void *p, size_t bytes);

#endif
