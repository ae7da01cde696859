#include "tests/gpu/host/block.h"
#include "tests/gpu/host/device.h"

#include <stdio.h>
#include <string.h>

static _Thread_local int current; /* device */

static cudaError_t known(int n)
{
    return n >= 0 && n < vx_host_settings()->devices ? cudaSuccess : cudaErrorInvalidDevice;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    const cudaError_t code = vx_host_enter("cudaGetDeviceCount");

    *count = code == cudaSuccess ? vx_host_settings()->devices : 0;
    return vx_host_leave(code);
}

cudaError_t cudaSetDevice(int n)
{
    cudaError_t code = vx_host_enter("cudaSetDevice");

    if (code == cudaSuccess && (code = known(n)) == cudaSuccess)
        current = n;
    return vx_host_leave(code);
}

cudaError_t cudaGetDevice(int *n)
{
    const cudaError_t code = vx_host_enter("cudaGetDevice");

    *n = current;
    return vx_host_leave(code);
}

/* A T4, for it is the least that the program is built for */
cudaError_t cudaGetDeviceProperties(struct cudaDeviceProp *prop, int n)
{
    cudaError_t code = vx_host_enter("cudaGetDeviceProperties");

    if (code == cudaSuccess && (code = known(n)) == cudaSuccess) {
        memset(prop, 0, sizeof *prop);
        snprintf(prop->name, sizeof prop->name, "host-side device %d", n);
        prop->totalGlobalMem = vx_host_settings()->memory;
        prop->sharedMemPerBlock = VX_HOST_SHARED_BYTES;
        prop->warpSize = VX_HOST_WARP;
        prop->maxThreadsPerBlock = VX_HOST_MAX_THREADS;
        prop->major = vx_host_settings()->capability / 10;
        prop->minor = vx_host_settings()->capability % 10;
        prop->multiProcessorCount = 40;
        prop->asyncEngineCount = 2;
        prop->unifiedAddressing = 1;
        prop->l2CacheSize = 4 << 20;
    }
    return vx_host_leave(code);
}

cudaError_t cudaDeviceGetAttribute(int *value, enum cudaDeviceAttr attribute, int n)
{
    static const struct {
        enum cudaDeviceAttr attribute;
        int value;
    } table[] = {
        {cudaDevAttrMultiProcessorCount, 40},        {cudaDevAttrMaxThreadsPerBlock, VX_HOST_MAX_THREADS},
        {cudaDevAttrWarpSize, VX_HOST_WARP},         {cudaDevAttrMaxSharedMemoryPerBlock, VX_HOST_SHARED_BYTES},
        {cudaDevAttrL2CacheSize, 4 << 20},           {cudaDevAttrAsyncEngineCount, 2},
    };
    cudaError_t code = vx_host_enter("cudaDeviceGetAttribute");

    if (code == cudaSuccess && (code = known(n)) == cudaSuccess) {
        const int capability = vx_host_settings()->capability;
        if (attribute == cudaDevAttrComputeCapabilityMajor || attribute == cudaDevAttrComputeCapabilityMinor) {
            *value = attribute == cudaDevAttrComputeCapabilityMajor ? capability / 10 : capability % 10;
            return vx_host_leave(cudaSuccess);
        }
        code = cudaErrorInvalidValue; /* also for what a device has and this table lacks */
        for (size_t i = 0; i < sizeof table / sizeof *table; i++)
            if (table[i].attribute == attribute) {
                *value = table[i].value;
                code = cudaSuccess;
            }
    }
    return vx_host_leave(code);
}

cudaError_t cudaRuntimeGetVersion(int *version)
{
    *version = CUDART_VERSION;
    return cudaSuccess;
}

cudaError_t cudaDriverGetVersion(int *version)
{
    *version = vx_host_get().devices > 0 ? CUDART_VERSION : 0; /* 0: no driver */
    return cudaSuccess;
}
