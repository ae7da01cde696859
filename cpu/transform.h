/* transform.h - power spectra of several real signals at once
 * A transform of one signal keeps a vector unit waiting for its neighbours; sixteen signals side by side keep
 * every lane busy with the same operations. */
#ifndef VX_CPU_TRANSFORM_H
#define VX_CPU_TRANSFORM_H

#include "base/err.h"
#include "cpu/mel.h"

#include <stddef.h>

struct vx_transform;

/* n: even, made of the factors 2, 3 and 5. Immutable once made; any number of threads may use it. */
enum vx_status vx_transform_create(struct vx_transform **out, int n, struct vx_err *err) VX_CHECKED;
void vx_transform_destroy(struct vx_transform **transform);
size_t vx_transform_scratch(const struct vx_transform *transform); /* bytes */

/* in [n][VX_MEL_LANES], overwritten → power [n/2 + 1][VX_MEL_LANES] = |X[k]|², X the forward transform of a
 * lane's column without scaling. All three aligned to VX_ALIGN. */
void vx_transform_power(const struct vx_transform *transform, float *in, float *power, void *scratch);

#endif
