/* picture.h - from 8-bit levels to the network's images on the device, as model/picture_plan.h says
 * The plan and its tables are immutable after create; scratch belongs to one lane. */
#ifndef VX_GPU_PICTURE_H
#define VX_GPU_PICTURE_H

#include "base/err.h"
#include "model/processor.h"
#include "model/profile.h"

#include <cuda_runtime_api.h>
#include <stddef.h>
#include <stdint.h>

struct vx_gpu_picture;

/* For levels [windows][rows][columns]. VX_EINVAL: the result would not have the size the network takes. */
enum vx_status vx_gpu_picture_create(struct vx_gpu_picture **out, const struct vx_profile *profile,
                                     const struct vx_processor *processor, int image_size, int rows, int columns, int windows,
                                     struct vx_err *err) VX_CHECKED;
void vx_gpu_picture_destroy(struct vx_gpu_picture **picture); /* NULL is fine */
size_t vx_gpu_picture_scratch(const struct vx_gpu_picture *picture); /* bytes on the device */

/* Enqueues only: level [windows][rows][columns] → image [windows][image_size][image_size][3] */
enum vx_status vx_gpu_picture_run(const struct vx_gpu_picture *picture, cudaStream_t stream, const uint8_t *level, uint8_t *image,
                                  uint8_t *scratch, struct vx_err *err) VX_CHECKED;

#endif
