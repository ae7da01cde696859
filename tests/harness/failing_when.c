/* failing_when.c - which allocation fails: failing_alloc.c and failing_everywhere.c ask at each */
#include "tests/harness/failing_alloc.h"

#include <errno.h>
#include <stdatomic.h>

static atomic_long until_failure = -1; /* allocations; negative: none fails */
static atomic_bool failed;

void failing_alloc_after(long n)
{
    until_failure = n;
    if (n >= 0)
        failed = false;
}

bool failing_alloc_failed(void)
{
    return failed;
}

bool failing_alloc_now(void)
{
    if (until_failure < 0 || until_failure-- > 0)
        return false;
    failed = true;
    errno = ENOMEM; /* as malloc says it */
    return true;
}
