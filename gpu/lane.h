/* lane.h - one stream of the CUDA engine: batches from host memory to logits in host memory
 * Work is done in steps of a fixed number of windows, the last of a batch filled up with what lies there, so that shapes and algorithms
 * never depend on the batch. A step's kernels (front end and network) are captured into a graph when its kind of input is met for the
 * first time; from then on a batch allocates nothing and waits once. Input and output go through page-locked memory, so that copies of
 * one lane run beside the kernels of another. */
#ifndef VX_GPU_LANE_H
#define VX_GPU_LANE_H

#include "base/err.h"
#include "gpu/device.h"
#include "gpu/lent.h"
#include "gpu/network.h"
#include "model/engine.h"

struct vx_gpu_lane_config { /* shared by all lanes, borrowed for their life */
    struct vx_gpu_device device;
    const struct vx_gpu_network *network;
    const float *image_table, *pcm_table; /* on the device [3][256]: pixel values of images given as such, and of the front end's */
    struct vx_profile profile;
    struct vx_processor processor;
    int image_size, n_labels;
    int windows; /* a step, as the network was made for */
    int staged;  /* windows that the page-locked memory holds; a larger batch is run in pieces */
    const struct vx_gpu_lent *lent; /* what is uploaded from where it lies */
    void (*note)(void *user, const char *line); /* struct vx_engine_config */
    void *note_user;
};

struct vx_gpu_lane;

enum vx_status vx_gpu_lane_create(struct vx_gpu_lane **out, const struct vx_gpu_lane_config *config, struct vx_err *err) VX_CHECKED;
void vx_gpu_lane_destroy(struct vx_gpu_lane **lane); /* waits for what is in flight; NULL is fine */

/* Makes ready for an input like this one (kind, samples, sample_rate), as the first batch of the kind would. */
enum vx_status vx_gpu_lane_prepare(struct vx_gpu_lane *lane, const struct vx_input *like, struct vx_err *err) VX_CHECKED;

/* struct vx_engine_ops' run and images, for checked input. After failure all logits are NaN and nothing is in flight. Logits that are not
 * finite are a failure. */
enum vx_status vx_gpu_lane_run(struct vx_gpu_lane *lane, const struct vx_input *in, float *logits, struct vx_err *err) VX_CHECKED;
enum vx_status vx_gpu_lane_images(struct vx_gpu_lane *lane, const struct vx_input *in, uint8_t *images, struct vx_err *err) VX_CHECKED;

#endif
