/* step.h - one kind of input as a lane runs it: its front end and the captured graph of a step's kernels
 * A step knows its lane's buffers by address; whoever moves a buffer destroys the steps first. */
#ifndef VX_GPU_STEP_H
#define VX_GPU_STEP_H

#include "gpu/buffers.h"
#include "gpu/frontend.h"
#include "gpu/lane.h"

struct vx_gpu_step {
    enum vx_input_kind kind;
    int sample_rate, samples;          /* PCM */
    int frontend_windows;              /* PCM: that the front end takes at once, a divisor of the step's windows */
    struct vx_gpu_frontend *frontend;  /* PCM, owned */
    cudaGraphExec_t graph;             /* owned; NULL: the step is empty */
    uint64_t last_use;                 /* of the lane's clock */
};

/* Whether the step is made for such input */
int vx_gpu_step_serves(const struct vx_gpu_step *step, const struct vx_input *in);

/* Bytes of a window of such input */
size_t vx_gpu_window_bytes(const struct vx_gpu_lane_config *config, const struct vx_input *in);

/* Enqueues the front end: PCM buffer → image buffer. */
enum vx_status vx_gpu_step_images(const struct vx_gpu_step *step, const struct vx_gpu_lane_config *config,
                                  const struct vx_gpu_buffers *buffers, cudaStream_t stream, struct vx_err *err) VX_CHECKED;

/* Captures the step, whose front end is made and for which the buffers are large enough, after running it once: what CUDA loads at a
 * kernel's first use is then there. */
enum vx_status vx_gpu_step_capture(struct vx_gpu_step *step, const struct vx_gpu_lane_config *config,
                                   const struct vx_gpu_buffers *buffers, cudaStream_t stream, struct vx_err *err) VX_CHECKED;
void vx_gpu_step_clear(struct vx_gpu_step *step); /* when nothing of it is in flight */

#endif
