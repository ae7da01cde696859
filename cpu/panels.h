/* panels.h - a matrix product with fixed weights, in tiles
 * The weights lie in panels of 32 columns (the last may have 16) in the order in which tiles read them. A
 * product goes panel by panel, and through all rows of each: a panel stays in the first- or second-level
 * cache while the rows, which are there as well, pass by. */
#ifndef VX_CPU_PANELS_H
#define VX_CPU_PANELS_H

#include "base/err.h"
#include "cpu/isa.h"
#include "cpu/matmul.h"

#include <stdbool.h>

struct vx_panels;

/* Whether tiles for this processor can compute the product, and are the best choice for it. */
bool vx_panels_can(const struct vx_isa *isa, const struct vx_matmul_spec *spec);
/* weight [out_f][in_f] and bias [out_f] are copied. Call only where vx_panels_can(). */
enum vx_status vx_panels_create(struct vx_panels **out, const struct vx_isa *isa,
                                const struct vx_matmul_spec *spec, const float *weight, const float *bias,
                                struct vx_err *err) VX_CHECKED;
void vx_panels_destroy(struct vx_panels **panels);
const char *vx_panels_name(const struct vx_panels *panels); /* "tiles of AVX-512 BF16" */

/* src [rows][in_f], dst [rows][out_f] as the spec has them; reads panels only, so any number of threads may.
 * `then` is what will probably run next, or NULL: the first of its weights are fetched while the last panel is
 * at work. */
void vx_panels_run(const struct vx_panels *panels, const struct vx_panels *then, const void *src, void *dst);

#endif
