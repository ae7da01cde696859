/* energy.h - how much sound there is in samples */
#ifndef VX_IO_ENERGY_H
#define VX_IO_ENERGY_H

#include <stddef.h>

/* Sum of squares of x[0], x[stride], … x[(n − 1)·stride] about their average, in double precision: a constant offset is
 * no sound. 0 for n = 0. */
double vx_energy(const float *x, size_t n, size_t stride);

#endif
