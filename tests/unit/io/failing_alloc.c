#include "tests/unit/io/failing_alloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>

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

static bool fails(void)
{
    if (until_failure < 0 || until_failure-- > 0)
        return false;
    failed = true;
    errno = ENOMEM; /* as malloc says it */
    return true;
}

#define WRAP(type, name, parameters, arguments)                                                              \
    type __real_##name parameters;                                                                           \
    type __wrap_##name parameters;                                                                           \
    type __wrap_##name parameters                                                                            \
    {                                                                                                        \
        return fails() ? NULL : __real_##name arguments;                                                     \
    }
WRAP(void *, malloc, (size_t n), (n))
WRAP(void *, realloc, (void *p, size_t n), (p, n))
WRAP(void *, aligned_alloc, (size_t align, size_t n), (align, n))
WRAP(char *, strdup, (const char *s), (s))
WRAP(char *, strndup, (const char *s, size_t n), (s, n))
