/* device.h - what the tests of gpu/ share: a device, or what stands for one on the host, and memory on it
 * A test says the same to both; VX_GPU_HOST is defined where tests/gpu/host stands for CUDA. Every function fails the running test
 * where CUDA fails. */
#ifndef VX_TESTS_GPU_DEVICE_H
#define VX_TESTS_GPU_DEVICE_H

#include "tests/harness/cmocka.h"

#include <stddef.h>

/* Runs the group; on the host once for every order in which the threads of a block may run, in one of them not late but at once, each
 * test on a new device that must have everything back at its end and no rule of CUDA broken. The number of failures, for main() to
 * return. */
int vx_device_run_tests(const char *group, const struct CMUnitTest *tests, size_t n);

/* How many of n random cases to run. To ThreadSanitizer the threads of a block are threads, and a barrier of 1024 of them costs a
 * million steps: it gets some of the cases, in one order. AddressSanitizer sees in some what it would in all. */
#ifdef __SANITIZE_THREAD__
#define VX_DEVICE_CASES(n) (((n) + 7) / 8)
#elif defined(__SANITIZE_ADDRESS__)
#define VX_DEVICE_CASES(n) (((n) + 3) / 4)
#else
#define VX_DEVICE_CASES(n) (n)
#endif

/* Memory on the device at a multiple of 256 bytes, poisoned (0xff: NaN in every float type), between guard bands */
void *vx_device_alloc(size_t bytes);
void *vx_device_copy(const void *from, size_t bytes); /* the same, holding what lies at from (host) */
void vx_device_free(void *p);                         /* fails the running test if something was written around p; NULL is fine */

void vx_device_write(void *to, const void *from, size_t bytes); /* host → device */
/* device → host, once all that was enqueued on the device is done; what it returns is the caller's to free */
void *vx_device_read(const void *from, size_t bytes);

#endif
