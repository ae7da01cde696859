/* failing_alloc.h - allocations of the code under test that fail when the test says so
 * Link vx_failing_alloc: the linker leads the allocations of what is linked statically here. vx_failing_everywhere: those of
 * the whole program, its libraries included. */
#ifndef VX_TESTS_FAILING_ALLOC_H
#define VX_TESTS_FAILING_ALLOC_H

#include <stdbool.h>

/* After n more allocations one fails; negative: none does. */
void failing_alloc_after(long n);
/* Whether one failed since the last call of failing_alloc_after with n >= 0. */
bool failing_alloc_failed(void);

bool failing_alloc_now(void); /* for the allocators: whether this one is to fail, errno is set then */

#endif
