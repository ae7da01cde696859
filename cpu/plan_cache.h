/* plan_cache.h - the front-end plans of the sample rates met so far, shared by all lanes
 * A profile may take each file's own rate, and there is no end of rates; the cache keeps a fixed number of
 * plans and gives up the one not used for longest. A plan in use is never given up. */
#ifndef VX_CPU_PLAN_CACHE_H
#define VX_CPU_PLAN_CACHE_H

#include "cpu/frontend.h"

struct vx_plan_cache;

/* profile and processor are copied. capacity: at least as many as are in use at one time. */
enum vx_status vx_plan_cache_create(struct vx_plan_cache **out, const struct vx_profile *profile,
                                    const struct vx_processor *processor, int image_size, int capacity,
                                    struct vx_err *err) VX_CHECKED;
void vx_plan_cache_destroy(struct vx_plan_cache **cache); /* when no plan is in use; NULL is fine */

/* The plan for windows of `samples` at sample_rate, made when it is not there; release it after use. Threads
 * may call both at any time; who asks for a new rate keeps the others waiting for the milliseconds that a
 * plan takes. Errors as of vx_frontend_create(); VX_ELIMIT when all plans are in use. */
enum vx_status vx_plan_cache_acquire(struct vx_plan_cache *cache, int sample_rate, int samples,
                                     const struct vx_frontend **out, struct vx_err *err) VX_CHECKED;
void vx_plan_cache_release(struct vx_plan_cache *cache, const struct vx_frontend *plan);

#endif
