#include "tests/gpu/memory.h"

#include "tests/harness/cmocka.h"

#include "base/mem.h"

#include <cuda_runtime_api.h>
#include <stdlib.h>
#include <string.h>

#define BAND 256 /* bytes before and behind, the first of them the size */
#define PATTERN 0xff

static void check(cudaError_t code, const char *what)
{
    if (code != cudaSuccess)
        fail_msg("%s: %s", what, cudaGetErrorString(code));
}

void *vx_device_alloc(size_t bytes)
{
    void *p = NULL;

    check(cudaMalloc(&p, bytes + 2 * BAND), "cudaMalloc");
    check(cudaMemset(p, PATTERN, bytes + 2 * BAND), "cudaMemset");
    check(cudaMemcpy(p, &bytes, sizeof bytes, cudaMemcpyHostToDevice), "cudaMemcpy");
    return (char *)p + BAND;
}

void *vx_device_copy(const void *from, size_t bytes)
{
    void *p = vx_device_alloc(bytes);

    vx_device_write(p, from, bytes);
    return p;
}

void vx_device_write(void *to, const void *from, size_t bytes)
{
    check(cudaMemcpy(to, from, bytes, cudaMemcpyHostToDevice), "cudaMemcpy");
}

void *vx_device_read(const void *from, size_t bytes)
{
    void *to = vx_calloc(bytes, 1);

    assert_non_null(to);
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    check(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), "cudaMemcpy");
    return to;
}

void vx_device_free(void *p)
{
    unsigned char *base = p ? (unsigned char *)p - BAND : NULL, *all;
    size_t bytes;

    if (!p)
        return;
    check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
    check(cudaMemcpy(&bytes, base, sizeof bytes, cudaMemcpyDeviceToHost), "cudaMemcpy");
    all = vx_device_read(base, bytes + 2 * BAND);
    for (size_t i = sizeof bytes; i < BAND; i++)
        assert_int_equal(all[i], PATTERN);
    for (size_t i = 0; i < BAND; i++)
        assert_int_equal(all[BAND + bytes + i], PATTERN);
    free(all);
    check(cudaFree(base), "cudaFree");
}
