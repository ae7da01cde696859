/* no_engines.c - the list of engines of a test that opens none by name */
#include "jobs/engines.h"

#include <stddef.h>

void (*const vx_decoder_before)(const struct vx_item *item) = NULL;
const struct vx_engine_ops *const vx_engines[] = {NULL};
