/* cuda.h - the CUDA runtime's errors as ours, and device memory
 * Every call into CUDA is checked through here, and every launcher ends in vx_gpu_launched(). */
#ifndef VX_GPU_CUDA_H
#define VX_GPU_CUDA_H

#include "base/err.h"

#include <cuda_runtime_api.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* VX_OK for cudaSuccess; else fails with CUDA's own words after `what`: VX_ENOMEM where the device's memory is used up,
 * VX_EUNSUPPORTED where there is no usable device or driver, VX_ESYS for all else. */
enum vx_status vx_gpu_check(cudaError_t code, const char *what, struct vx_err *err) VX_CHECKED;

/* After a launch: what the launch itself was refused for. Errors of a kernel that runs come with the next wait. */
enum vx_status vx_gpu_launched(const char *kernel, struct vx_err *err) VX_CHECKED;

/* Device memory, at a multiple of 256 bytes; bytes 0 gives NULL. *out is the caller's. */
enum vx_status vx_gpu_alloc(void **out, size_t bytes, const char *what, struct vx_err *err) VX_CHECKED;
void vx_gpu_free(void **memory); /* NULL is fine; sets *memory to NULL */

/* Copies bytes at `from` (host) to the device and waits, so that any stream may then read them. */
enum vx_status vx_gpu_copy_in(void *to, const void *from, size_t bytes, const char *what, struct vx_err *err) VX_CHECKED;

/* vx_gpu_alloc() and vx_gpu_copy_in(). For tables and weights, when an engine opens. */
enum vx_status vx_gpu_upload(void **out, const void *from, size_t bytes, const char *what, struct vx_err *err) VX_CHECKED;

#ifdef __cplusplus
}
#endif

#endif
