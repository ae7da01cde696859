/* check.h - random input with a printed seed, and buffers that notice writes past their ends
 * For tests that hold a fast path against its reference, in the manner of dav1d's checkasm. */
#ifndef VX_TESTS_CHECK_H
#define VX_TESTS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A different seed every run, printed; VX_TEST_SEED=N repeats a run. */
struct vx_random {
    uint64_t state;
};
struct vx_random vx_random_start(void);
uint32_t vx_random_next(struct vx_random *r);
int vx_random_int(struct vx_random *r, int min, int max);                      /* min…max, both included */
void vx_random_floats(struct vx_random *r, float *out, size_t n, float scale); /* −scale…scale */

/* bytes, aligned to VX_ALIGN and filled with a pattern that is NaN in every float type, between guard bands.
 * Fails the running test when out of memory. */
void *vx_guard_alloc(size_t bytes);
bool vx_guard_intact(const void *p); /* nothing was written around p */
void vx_guard_free(void *p);         /* fails the running test unless intact; NULL is fine */

/* "--bench" among the arguments: tests then time what they check. */
bool vx_check_bench(int argc, char **argv);
/* Seconds that one call of run(user) takes: the best of several rounds of about 20 ms. */
double vx_check_time(void (*run)(void *user), void *user);

#endif
