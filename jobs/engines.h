/* engines.h - the engines of this program, best first; a test program links its own list */
#ifndef VX_JOBS_ENGINES_H
#define VX_JOBS_ENGINES_H

#include "model/engine.h"

extern const struct vx_engine_ops *const vx_engines[]; /* ends with NULL */

#endif
