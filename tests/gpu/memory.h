/* memory.h - device memory for tests: poisoned, between guard bands
 * As tests/harness/check.h, on the device or on the host's stand-in for one. Every call fails the running test where CUDA fails. */
#ifndef VX_TESTS_GPU_MEMORY_H
#define VX_TESTS_GPU_MEMORY_H

#include <stddef.h>

/* bytes on the device at a multiple of 256, every one 0xff: NaN in every float type */
void *vx_device_alloc(size_t bytes);
void *vx_device_copy(const void *from, size_t bytes); /* the same, holding what lies at from (host) */
void vx_device_free(void *p);                         /* fails the running test if something was written around p; NULL is fine */

void vx_device_write(void *to, const void *from, size_t bytes); /* host → device */
/* device → host, once all that was enqueued on the device is done; *to is the caller's to free */
void *vx_device_read(const void *from, size_t bytes);

#endif
