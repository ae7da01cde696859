/* device.h - which GPU a rank takes, and whether it will do */
#ifndef VX_GPU_DEVICE_H
#define VX_GPU_DEVICE_H

#include "base/err.h"

struct vx_gpu_device {
    int number;       /* of the visible ones */
    int major, minor; /* compute capability */
    char name[64];    /* "Tesla T4" */
};

/* The device of this local rank: local_rank modulo the number of visible devices. It is made the calling thread's. VX_EUNSUPPORTED: no
 * driver, one that is too old, no device, or one older than this program is built for; the text says which, and what to do. */
enum vx_status vx_gpu_device_open(struct vx_gpu_device *out, int local_rank, struct vx_err *err) VX_CHECKED;

/* Makes it the calling thread's */
enum vx_status vx_gpu_device_use(const struct vx_gpu_device *device, struct vx_err *err) VX_CHECKED;

#endif
