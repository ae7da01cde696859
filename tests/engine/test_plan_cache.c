/* Front-end plans: the same one for the same rate, the oldest given up, none taken from under a user. */
#include "tests/harness/cmocka.h"

#include "cpu/plan_cache.h"

#include <pthread.h>
#include <stdlib.h>

#define CAPACITY 4
#define THREADS 3

static struct vx_plan_cache *create(void)
{
    const struct vx_processor processor = vx_processor_default();
    struct vx_plan_cache *cache;
    struct vx_profile profile;
    struct vx_err err;

    assert_int_equal(vx_profile_load(&profile, VX_PROFILE_DEFAULT, &err), VX_OK);
    profile.sample_rate = 0;
    assert_int_equal(vx_plan_cache_create(&cache, &profile, &processor, 224, CAPACITY, &err), VX_OK);
    return cache;
}

static const struct vx_frontend *acquire(struct vx_plan_cache *cache, int rate)
{
    const struct vx_frontend *plan;
    struct vx_err err;

    if (vx_plan_cache_acquire(cache, rate, rate / 10, &plan, &err) != VX_OK)
        fail_msg("%s", err.text);
    return plan;
}

static void test_use(void **state)
{
    struct vx_plan_cache *cache = create();
    const struct vx_frontend *plan[CAPACITY], *other;
    struct vx_err err;

    (void)state;
    for (int i = 0; i < CAPACITY; i++) {
        plan[i] = acquire(cache, 8000 + 1000 * i);
        for (int k = 0; k < i; k++)
            assert_ptr_not_equal(plan[i], plan[k]);
    }
    assert_ptr_equal(acquire(cache, 8000), plan[0]); /* a second user */
    assert_int_equal(vx_plan_cache_acquire(cache, 16000, 1600, &other, &err), VX_ELIMIT);
    vx_plan_cache_release(cache, plan[0]);
    assert_int_equal(vx_plan_cache_acquire(cache, 16000, 1600, &other, &err), VX_ELIMIT);
    vx_plan_cache_release(cache, plan[2]);
    other = acquire(cache, 16000); /* in the place of the only one not in use */
    assert_ptr_equal(acquire(cache, 8000), plan[0]);
    vx_plan_cache_release(cache, plan[0]);
    vx_plan_cache_release(cache, plan[0]);
    vx_plan_cache_release(cache, plan[1]);
    vx_plan_cache_release(cache, plan[3]);
    vx_plan_cache_release(cache, other);
    assert_int_equal(vx_plan_cache_acquire(cache, 16000, 1601, &plan[0], &err),
                     VX_OK); /* the length counts too */
    assert_ptr_not_equal(plan[0], other);
    vx_plan_cache_release(cache, plan[0]);
    assert_int_equal(vx_plan_cache_acquire(cache, 0, 100, &plan[0], &err), VX_EINVAL);
    assert_int_equal(vx_plan_cache_acquire(cache, 16000, 0, &plan[0], &err), VX_EINVAL);
    vx_plan_cache_destroy(&cache);
    assert_null(cache);
    vx_plan_cache_destroy(&cache);
}

/* More rates than places, from several threads: what is handed out is of the rate asked for. */
struct job {
    struct vx_plan_cache *cache;
    int failures;
};

static void *use_plans(void *arg)
{
    struct job *job = arg;

    for (int i = 0; i < 40; i++) {
        const int rate = 8000 + 500 * (i * 7 % 11);
        const struct vx_frontend *plan;
        struct vx_err err;
        if (vx_plan_cache_acquire(job->cache, rate, rate / 10, &plan, &err) != VX_OK) {
            job->failures++;
            continue;
        }
        const struct vx_frontend_shape shape = vx_frontend_shape(plan);
        if (shape.n_mels != 128 || shape.frames != 1 + rate / 10 / 256)
            job->failures++;
        vx_plan_cache_release(job->cache, plan);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct vx_plan_cache *cache = create();
    struct job jobs[THREADS];
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (struct job){.cache = cache};
        assert_int_equal(pthread_create(&threads[i], NULL, use_plans, &jobs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(jobs[i].failures, 0);
    }
    vx_plan_cache_destroy(&cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_use), cmocka_unit_test(test_threads)};

    return cmocka_run_group_tests_name("plan cache", tests, NULL, NULL);
}
