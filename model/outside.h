/* outside.h - whether a recording sounds like those that its model was measured on
 * Error rates are known for the ranges in the profile (model/profile.h) and for nothing else. */
#ifndef VX_MODEL_OUTSIDE_H
#define VX_MODEL_OUTSIDE_H

#include "base/item.h"
#include "model/profile.h"

/* Beyond the ranges by more than this is outside: they are percentiles of windows, so a little beyond lie some of those
 * that were measured themselves. */
#define VX_OUTSIDE_LEVEL_DB 3.0
#define VX_OUTSIDE_BANDWIDTH 0.1 /* of the range's end */
#define VX_OUTSIDE_ACTIVE 0.05

/* Sets compared and outside of *domain from its other fields; what is NaN or of unknown range is not compared. */
void vx_outside_compare(struct vx_item_domain *domain, const struct vx_domain *measured);

/* Where outside begins, margin included, in the unit of what is measured; NaN: the range is unknown. */
double vx_outside_limit(const struct vx_domain *measured, enum vx_outside what);

#endif
