#include "jobs/engines.h"
#include "cpu/engine.h"

#include <stddef.h>

const struct vx_engine_ops *const vx_engines[] = {&vx_cpu_engine, NULL};
