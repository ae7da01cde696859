/* Every allocation of a profile and of a front end fails once: VX_ENOMEM comes back, nothing leaks (AddressSanitizer
 * looks), and the next attempt works. The linker leads our allocations through here (--wrap). */
#include "tests/harness/cmocka.h"

#include "cpu/frontend.h"

#include <stdbool.h>
#include <stdlib.h>

static long until_failure = -1; /* allocations; negative: none fails */
static bool failed;

static bool fails(void)
{
    if (until_failure < 0 || until_failure-- > 0)
        return false;
    failed = true;
    return true;
}

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

void *__real_aligned_alloc(size_t align, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n)
{
    return fails() ? NULL : __real_aligned_alloc(align, n);
}

static enum vx_status create(const char *name)
{
    const struct vx_processor processor = vx_processor_default();
    struct vx_frontend *frontend;
    struct vx_profile profile;
    struct vx_err err;
    enum vx_status rc;

    if ((rc = vx_profile_load(&profile, name, &err)) != VX_OK)
        return rc;
    const int rate = profile.sample_rate ? profile.sample_rate : 8000;
    rc = vx_frontend_create(&frontend, &profile, &processor, 224, rate, vx_profile_samples(&profile, rate), &err);
    assert_int_equal(frontend != NULL, rc == VX_OK);
    vx_frontend_destroy(&frontend);
    return rc;
}

static void test_every_allocation(void **state)
{
    (void)state;
    for (int b = 0; b < vx_profile_builtin_count(); b++) {
        long n = 0;
        for (failed = true; failed; n++) {
            failed = false;
            until_failure = n;
            const enum vx_status rc = create(vx_profile_builtin_name(b));
            until_failure = -1;
            assert_int_equal(rc, failed ? VX_ENOMEM : VX_OK);
        }
        assert_true(n > 10);
        assert_int_equal(create(vx_profile_builtin_name(b)), VX_OK);
    }
}

static void test_profile_json(void **state)
{
    struct vx_profile profile;
    struct vx_err err;
    char *json = NULL;
    (void)state;

    assert_int_equal(vx_profile_load(&profile, VX_PROFILE_DEFAULT, &err), VX_OK);
    for (long n = 0; !json; n++) {
        failed = false;
        until_failure = n;
        json = vx_profile_json(&profile);
        until_failure = -1;
        assert_int_equal(json == NULL, failed);
    }
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_allocation), cmocka_unit_test(test_profile_json)};

    return cmocka_run_group_tests_name("front end without memory", tests, NULL, NULL);
}
