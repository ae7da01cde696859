#include "tests/gpu/host/block.h"
#include "tests/gpu/host/device.h"
#include "tests/gpu/host/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A launch with its closure behind it */
struct packed {
    struct vx_host_grid launch;
    char name[80];
    _Alignas(16) unsigned char closure[];
};

static void run_kernel(const void *closure)
{
    const struct packed *packed = closure;
    struct vx_host_grid launch = packed->launch;

    launch.name = packed->name;
    launch.closure = packed->closure;
    const cudaError_t code = vx_host_injected("kernel");
    if (code != cudaSuccess)
        vx_host_lose(code); /* a kernel that fails takes the context with it, whatever its error */
    else if (vx_host_run_grid(&launch))
        (void)vx_host_guards_hold(launch.name);
}

/* From __PRETTY_FUNCTION__ of vx_host_launch<F>: the function whose lambda F is, which is the launcher's name */
static void name_launch(char *out, size_t size, const char *pretty)
{
    const char *name = strstr(pretty, "F = ");

    name = name ? name + strlen("F = ") : pretty;
    const size_t n = *name == '(' ? strlen(name) : strcspn(name, "(");
    snprintf(out, size, "%.*s", (int)n, name);
}

static cudaError_t check_shape(const char *name, dim3 grid, dim3 block, size_t shared)
{
    const size_t threads = (size_t)block.x * block.y * block.z;

    if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.x > 0x7FFFFFFF || grid.y > 65535 || grid.z > 65535 || threads == 0 ||
        threads > VX_HOST_MAX_THREADS || block.z > 64) {
        vx_host_report(cudaSuccess, "%s: grid (%u, %u, %u) of blocks (%u, %u, %u)", name, grid.x, grid.y, grid.z, block.x, block.y,
                       block.z);
        return cudaErrorInvalidConfiguration;
    }
    if (shared > VX_HOST_SHARED_BYTES) {
        vx_host_report(cudaSuccess, "%s: %zu bytes of shared memory, of %d", name, shared, VX_HOST_SHARED_BYTES);
        return cudaErrorInvalidValue;
    }
    return cudaSuccess;
}

void vx_host_enqueue_kernel(const char *name, dim3 grid, dim3 block, size_t shared, cudaStream_t stream,
                            void (*body)(const void *closure), const void *closure, size_t bytes)
{
    cudaError_t code = vx_host_enter("launch");
    struct packed *packed = NULL;
    char launcher[sizeof packed->name];

    name_launch(launcher, sizeof launcher, name);
    if (code == cudaSuccess)
        code = check_shape(launcher, grid, block, shared);
    if (code == cudaSuccess && !(packed = malloc(sizeof *packed + bytes)))
        code = cudaErrorMemoryAllocation;
    if (code == cudaSuccess) {
        packed->launch = (struct vx_host_grid){NULL, grid, block, shared, body, NULL};
        memcpy(packed->name, launcher, sizeof launcher);
        memcpy(packed->closure, closure, bytes);
        code = vx_host_enqueue(stream, run_kernel, packed, sizeof *packed + bytes);
    }
    free(packed);
    (void)vx_host_leave(code);
}
