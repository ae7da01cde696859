/* engines.h - the engines of this program, best first; a test program links its own list */
#ifndef VX_JOBS_ENGINES_H
#define VX_JOBS_ENGINES_H

#include "model/engine.h"

extern const struct vx_engine_ops *const vx_engines[]; /* ends with NULL */

/* What decoder processes do with each item before they read it: nothing, NULL. A test program's may go wrong here. */
struct vx_item;
extern void (*const vx_decoder_before)(const struct vx_item *item);

#endif
