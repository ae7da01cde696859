/* buffers.h - a lane's memory: what a step reads and writes on the device, and its page-locked counterparts on the host
 * Device memory begins as zeros, so that windows nobody filled hold sound and images like any other. */
#ifndef VX_GPU_BUFFERS_H
#define VX_GPU_BUFFERS_H

#include "base/err.h"

#include <cuda_runtime_api.h>
#include <stddef.h>

enum vx_gpu_buffer {
    VX_GPU_PCM,     /* device: a step's sound */
    VX_GPU_IMAGE,   /* device: a step's images */
    VX_GPU_LOGITS,  /* device */
    VX_GPU_SCRATCH, /* device: the front end's and then the network's */
    VX_GPU_IN,      /* host: windows on their way in, or images on their way out */
    VX_GPU_OUT,     /* host: logits */
    VX_GPU_BUFFERS,
};

struct vx_gpu_buffers { /* zeroed before first use */
    void *at[VX_GPU_BUFFERS];
    size_t bytes[VX_GPU_BUFFERS];
};

/* Whether a buffer of these bytes would be a new one: then nothing that knows its address may be in use. */
static inline int vx_gpu_buffer_moves(const struct vx_gpu_buffers *b, enum vx_gpu_buffer which, size_t bytes)
{
    return bytes > b->bytes[which];
}

/* At least so many bytes, at another address if it has to grow; the zeros are enqueued on the stream. After failure (VX_ENOMEM: not so
 * much memory) the buffer is empty. */
enum vx_status vx_gpu_buffer_grow(struct vx_gpu_buffers *b, enum vx_gpu_buffer which, size_t bytes, cudaStream_t stream,
                                  struct vx_err *err) VX_CHECKED;
void vx_gpu_buffers_clear(struct vx_gpu_buffers *b);

#endif
