/* engine.h - the CUDA engine: model/engine.h on one GPU, a lane a stream
 * Built only where CUDA is asked for (cmake --preset cuda); the program then still runs where there is no driver, and open says
 * what is missing. */
#ifndef VX_GPU_ENGINE_H
#define VX_GPU_ENGINE_H

#include "model/engine.h"

/* Precision AUTO takes fp16. The device is the rank's of its host (local rank modulo the number of visible devices), so
 * CUDA_VISIBLE_DEVICES is respected and several ranks may share one. */
extern const struct vx_engine_ops vx_cuda_engine;

#endif
