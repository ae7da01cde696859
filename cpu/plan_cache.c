#include "cpu/plan_cache.h"

#include "base/mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct slot {
    struct vx_frontend *plan; /* owned; NULL: empty */
    int sample_rate, samples;
    int users;
    uint64_t last_use; /* of the cache's clock */
};

struct vx_plan_cache {
    struct vx_profile profile;
    struct vx_processor processor;
    int image_size, capacity;
    pthread_mutex_t mutex; /* over what follows */
    uint64_t clock;
    struct slot *slot; /* [capacity] */
};

enum vx_status vx_plan_cache_create(struct vx_plan_cache **out, const struct vx_profile *profile,
                                    const struct vx_processor *processor, int image_size, int capacity,
                                    struct vx_err *err)
{
    struct vx_plan_cache *c = vx_calloc(1, sizeof *c);

    *out = NULL;
    if (!c || !(c->slot = vx_calloc((size_t)capacity, sizeof *c->slot))) {
        free(c);
        return vx_fail_nomem(err, "front-end plans");
    }
    c->profile = *profile;
    c->processor = *processor;
    c->image_size = image_size;
    c->capacity = capacity;
    pthread_mutex_init(&c->mutex, NULL);
    *out = c;
    return VX_OK;
}

void vx_plan_cache_destroy(struct vx_plan_cache **cache)
{
    struct vx_plan_cache *c = *cache;

    if (!c)
        return;
    for (int i = 0; i < c->capacity; i++) {
        assert(c->slot[i].users == 0);
        vx_frontend_destroy(&c->slot[i].plan);
    }
    pthread_mutex_destroy(&c->mutex);
    free(c->slot);
    free(c);
    *cache = NULL;
}

/* The slot that holds the plan, or the one to put it into: an empty one, else of those not in use the one
 * used longest ago; NULL when all are in use. */
static struct slot *find_slot(struct vx_plan_cache *c, int sample_rate, int samples)
{
    struct slot *free_slot = NULL;

    for (int i = 0; i < c->capacity; i++) {
        struct slot *s = &c->slot[i];
        if (s->plan && s->sample_rate == sample_rate && s->samples == samples)
            return s;
        if (s->users == 0 && (!free_slot || s->last_use < free_slot->last_use))
            free_slot = s; /* an empty slot was last used at 0 */
    }
    return free_slot;
}

enum vx_status vx_plan_cache_acquire(struct vx_plan_cache *cache, int sample_rate, int samples,
                                     const struct vx_frontend **out, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    struct slot *s;

    pthread_mutex_lock(&cache->mutex);
    s = find_slot(cache, sample_rate, samples);
    if (!s) {
        rc = vx_fail(err, VX_ELIMIT, "more than %d front-end plans in use at one time", cache->capacity);
        goto done;
    }
    if (!s->plan || s->sample_rate != sample_rate || s->samples != samples) {
        struct vx_frontend *plan;
        if ((rc = vx_frontend_create(&plan, &cache->profile, &cache->processor, cache->image_size,
                                     sample_rate, samples, err)) != VX_OK)
            goto done;
        vx_frontend_destroy(&s->plan);
        *s = (struct slot){.plan = plan, .sample_rate = sample_rate, .samples = samples};
    }
    s->users++;
    s->last_use = ++cache->clock;
    *out = s->plan;
done:
    pthread_mutex_unlock(&cache->mutex);
    return rc;
}

void vx_plan_cache_release(struct vx_plan_cache *cache, const struct vx_frontend *plan)
{
    pthread_mutex_lock(&cache->mutex);
    for (int i = 0; i < cache->capacity; i++)
        if (cache->slot[i].plan == plan) {
            assert(cache->slot[i].users > 0);
            cache->slot[i].users--;
        }
    pthread_mutex_unlock(&cache->mutex);
}
