/* failing_alloc.h - allocations of the code under test that fail when the test says so
 * The linker leads them here: link failing_alloc.c and FAILING_ALLOC of the folder's CMakeLists.txt. */
#ifndef VX_TESTS_FAILING_ALLOC_H
#define VX_TESTS_FAILING_ALLOC_H

#include <stdbool.h>

/* After n more allocations one fails; negative: none does. */
void failing_alloc_after(long n);
/* Whether one failed since the last call of failing_alloc_after with n >= 0. */
bool failing_alloc_failed(void);

#endif
