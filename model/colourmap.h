/* colourmap.h - the 256 colours of a profile's colour map, as matplotlib draws them */
#ifndef VX_MODEL_COLOURMAP_H
#define VX_MODEL_COLOURMAP_H

#include "model/profile.h"

#include <stdint.h>

/* [256] red, green, blue; NULL for grey, which has no table. */
const uint8_t (*vx_colourmap(enum vx_colour colour))[3];

#endif
