#include "gpu/device.h"

#include "gpu/cuda.h"

#include <stdio.h>
#include <stdlib.h>

/* Of CUDA's version numbers, 1000·major + 10·minor */
static int major_of(int version)
{
    return version / 1000;
}

static int minor_of(int version)
{
    return version % 1000 / 10;
}

/* Why there is nothing to count */
static enum vx_status no_device(cudaError_t code, struct vx_err *err)
{
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    int driver = 0;

    (void)cudaGetLastError();
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
        return vx_fail(err, VX_EUNSUPPORTED, "no NVIDIA driver on this machine");
    if (code == cudaErrorInsufficientDriver)
        return vx_fail(err, VX_EUNSUPPORTED, "the NVIDIA driver here is for CUDA %d.%d, this program needs one for CUDA %d.%d",
                       major_of(driver), minor_of(driver), major_of(CUDART_VERSION), minor_of(CUDART_VERSION));
    if (code != cudaSuccess && code != cudaErrorNoDevice)
        return vx_fail(err, VX_EUNSUPPORTED, "no GPU can be used: %s (%s)", cudaGetErrorString(code), cudaGetErrorName(code));
    if (visible)
        return vx_fail(err, VX_EUNSUPPORTED, "no GPU visible (CUDA_VISIBLE_DEVICES=%s)", visible);
    return vx_fail(err, VX_EUNSUPPORTED, "no GPU in this machine that CUDA can use");
}

enum vx_status vx_gpu_device_use(const struct vx_gpu_device *device, struct vx_err *err)
{
    return vx_gpu_check(cudaSetDevice(device->number), "cudaSetDevice", err);
}

enum vx_status vx_gpu_device_open(struct vx_gpu_device *out, int local_rank, struct vx_err *err)
{
    struct vx_gpu_device d = {0};
    struct cudaDeviceProp properties;
    enum vx_status rc;
    int count = 0;
    const cudaError_t code = cudaGetDeviceCount(&count);

    if (code != cudaSuccess || count < 1)
        return no_device(code, err);
    d.number = local_rank % count;
    if ((rc = vx_gpu_check(cudaGetDeviceProperties(&properties, d.number), "properties of a GPU", err)) != VX_OK)
        return rc;
    d.major = properties.major;
    d.minor = properties.minor;
    snprintf(d.name, sizeof d.name, "%.63s", properties.name);
    if (10 * d.major + d.minor < 75)
        return vx_fail(err, VX_EUNSUPPORTED, "GPU %d, %s, has compute capability %d.%d, this program needs 7.5 or more", d.number,
                       d.name, d.major, d.minor);
    if ((rc = vx_gpu_device_use(&d, err)) == VX_OK)
        *out = d;
    return rc;
}
