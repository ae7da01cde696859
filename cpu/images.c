#include "cpu/images.h"

#include "base/mem.h"
#include "cpu/plan_cache.h"

#include <stdlib.h>

#define MIN_PLANS 16 /* front-end plans kept; with more lanes than that, one a lane */

struct scratch {
    void *bytes; /* grows when a plan of another rate wants more */
    size_t size;
};

struct vx_images {
    struct vx_plan_cache *plans;
    int lanes;
    struct scratch *scratch; /* [lanes] */
};

enum vx_status vx_images_create(struct vx_images **out, const struct vx_profile *profile,
                                const struct vx_processor *processor, int image_size, int lanes, struct vx_err *err)
{
    struct vx_images *m = vx_calloc(1, sizeof *m);
    enum vx_status rc;

    *out = NULL;
    if (!m || !(m->scratch = vx_calloc((size_t)lanes, sizeof *m->scratch))) {
        rc = vx_fail_nomem(err, "the front end's lanes");
        goto done;
    }
    m->lanes = lanes;
    if ((rc = vx_plan_cache_create(&m->plans, profile, processor, image_size, lanes > MIN_PLANS ? lanes : MIN_PLANS, err)) !=
        VX_OK)
        goto done;
    *out = m;
    m = NULL;
done:
    vx_images_destroy(&m);
    return rc;
}

void vx_images_destroy(struct vx_images **images)
{
    struct vx_images *m = *images;

    if (!m)
        return;
    for (int i = 0; i < m->lanes; i++)
        free(m->scratch[i].bytes);
    free(m->scratch);
    vx_plan_cache_destroy(&m->plans);
    free(m);
    *images = NULL;
}

static enum vx_status grow(struct scratch *s, size_t size, struct vx_err *err)
{
    if (size <= s->size)
        return VX_OK;
    free(s->bytes);
    s->size = 0;
    if (!(s->bytes = vx_calloc(size, 1)))
        return vx_fail_nomem(err, "a lane's front end");
    s->size = size;
    return VX_OK;
}

enum vx_status vx_images_run(struct vx_images *m, int lane, const float *pcm, int samples, int sample_rate, uint8_t *image,
                             struct vx_err *err)
{
    const struct vx_frontend *plan;
    enum vx_status rc = vx_plan_cache_acquire(m->plans, sample_rate, samples, &plan, err);

    if (rc != VX_OK)
        return rc;
    if ((rc = grow(&m->scratch[lane], vx_frontend_scratch(plan), err)) == VX_OK)
        vx_frontend_run(plan, pcm, image, m->scratch[lane].bytes);
    vx_plan_cache_release(m->plans, plan);
    return rc;
}
