/* clean.h - samples that are none become 0, and what is to be said of the rest */
#ifndef VX_IO_CLEAN_H
#define VX_IO_CLEAN_H

#include <stddef.h>

/* Sets what is NaN, infinite or beyond ±1e10 in x [n] to 0. Returns VX_WINDOW_CLEANED where there was any, and VX_WINDOW_CLIPPED where
 * 1 % or more are at |x| >= 0.999. */
unsigned vx_clean(float *x, size_t n);

#endif
