/* engine.h - the CPU engine: model/engine.h on this machine's processor, one lane a thread of the caller's */
#ifndef VX_CPU_ENGINE_H
#define VX_CPU_ENGINE_H

#include "model/engine.h"

/* Precision AUTO takes bf16 where the processor multiplies it natively (AVX512_BF16; AMX comes with it), else
 * fp32, which runs on every processor. */
extern const struct vx_engine_ops vx_cpu_engine;

#endif
