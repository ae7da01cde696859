/* engine.h - the CUDA engine: model/engine.h on one GPU, a lane a stream
 * Built only where CUDA is asked for (cmake --preset cuda); the program then still runs where there is no driver, and open says
 * what is missing. */
#ifndef VX_GPU_ENGINE_H
#define VX_GPU_ENGINE_H

#include "model/engine.h"

#define VX_CUDA_WINDOWS 64 /* a step of a lane, whatever the batch */

/* Precision AUTO takes fp16. The device is the rank's of its host (local rank modulo the number of visible devices), so
 * CUDA_VISIBLE_DEVICES is respected and several ranks may share one. A window's logits are the same bits in any batch, place and lane as
 * long as the step's size is; where device memory is short at open, steps are halved until they fit, which is noted. */
extern const struct vx_engine_ops vx_cuda_engine;

/* The same open with steps of so many windows, for tests and measurements */
enum vx_status vx_cuda_engine_open(struct vx_engine **out, const struct vx_engine_config *config, int windows,
                                   struct vx_err *err) VX_CHECKED;

#endif
