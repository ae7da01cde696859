/* each_alloc.h - every allocation of a piece of work fails once
 * For tests linked with tests/unit/io/failing_alloc.c. The work runs with its first allocation failing, then its second, and so on
 * until it runs without a failure: each time it must end with VX_OK or VX_ENOMEM (of which a message tells), and free all it has
 * (AddressSanitizer looks). cJSON's allocations fail as well. */
#ifndef VX_TESTS_EACH_ALLOC_H
#define VX_TESTS_EACH_ALLOC_H

#include "base/err.h"

#include <stddef.h>

struct each_alloc {
    const char *name;
    enum vx_status (*work)(void *ctx, struct vx_err *err);
    long least; /* allocations it must at least have: fewer, and nothing was tested */
    enum vx_status other; /* may come instead of VX_ENOMEM; 0 (VX_OK): none */
};

/* Every row; fails the test by name. */
void each_alloc(const struct each_alloc *rows, size_t n, void *ctx);

#endif
