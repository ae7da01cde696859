#include "tests/gpu/device.h"

#ifdef VX_GPU_HOST
#include "tests/gpu/host/host.h"
#endif

#include "base/mem.h"

#include <cuda_runtime_api.h>
#include <stdlib.h>
#include <string.h>

#define BAND 256 /* bytes before and behind, the first of them the size */
#define PATTERN 0xff

#ifdef VX_GPU_HOST
static enum vx_host_order order;

static int begin(void **state)
{
    struct vx_host_settings settings;
    (void)state;

    vx_host_reset();
    settings = vx_host_get();
    settings.order = order;
    settings.when = order == VX_HOST_REVERSE ? VX_HOST_AT_ONCE : VX_HOST_LATE;
    vx_host_set(&settings);
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (vx_host_fault())
        fail_msg("%s", vx_host_fault());
    assert_int_equal(vx_host_bytes(), 0);
    assert_int_equal(vx_host_objects(), 0);
    return 0;
}

static int run(const char *group, const struct CMUnitTest *tests, size_t n)
{
    static const char *const names[] = {"forward", "reverse", "shuffled"};
    const enum vx_host_order last = VX_DEVICE_CASES(8) < 8 ? VX_HOST_FORWARD : VX_HOST_SHUFFLED;
    int failed = 0;

    for (order = VX_HOST_FORWARD; order <= last; order++) {
        print_message("threads of a block: %s\n", names[order]);
        failed += _cmocka_run_group_tests(group, tests, n, NULL, NULL);
    }
    return failed;
}
#else
static int begin(void **state)
{
    (void)state;
    return 0;
}

static int end(void **state)
{
    (void)state;
    assert_int_equal(cudaDeviceSynchronize(), cudaSuccess);
    return 0;
}

static int run(const char *group, const struct CMUnitTest *tests, size_t n)
{
    return _cmocka_run_group_tests(group, tests, n, NULL, NULL);
}
#endif

int vx_device_run_tests(const char *group, const struct CMUnitTest *tests, size_t n)
{
    struct CMUnitTest *framed = vx_calloc(n, sizeof *framed);
    int failed;

    if (!framed)
        return 1;
    for (size_t i = 0; i < n; i++) {
        framed[i] = tests[i];
        framed[i].setup_func = begin;
        framed[i].teardown_func = end;
    }
    failed = run(group, framed, n);
    free(framed);
    return failed;
}

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
