/* failing_everywhere.c - failing_alloc.h for a whole program: malloc and its kin are looked at before they reach the C library or
 * a sanitizer, whoever calls them, so what libarchive, libsndfile or libpng ask for fails as ours does */
#include "tests/harness/failing_alloc.h"

#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The function that would have been called were this one not here. dlsym allocates nothing where it finds what it looks for. */
#define NEXT(type, name, parameters, arguments)                                                                                         \
    static type (*next_##name) parameters;                                                                                              \
    type name parameters;                                                                                                               \
    type name parameters                                                                                                                \
    {                                                                                                                                   \
        if (!next_##name)                                                                                                               \
            next_##name = (type(*) parameters)(uintptr_t)dlsym(RTLD_NEXT, #name);                                                       \
        return failing_alloc_now() ? NULL : next_##name arguments;                                                                                  \
    }
NEXT(void *, malloc, (size_t n), (n))
NEXT(void *, calloc, (size_t n, size_t size), (n, size))
NEXT(void *, realloc, (void *p, size_t n), (p, n))
NEXT(void *, aligned_alloc, (size_t align, size_t n), (align, n))
NEXT(void *, memalign, (size_t align, size_t n), (align, n))

int posix_memalign(void **out, size_t align, size_t n);
int posix_memalign(void **out, size_t align, size_t n)
{
    void *const p = memalign(align, n);

    if (!p)
        return ENOMEM;
    *out = p;
    return 0;
}

/* A sanitizer's own ones would not come by here. */
char *strndup(const char *s, size_t most)
{
    const size_t n = strnlen(s, most);
    char *const copy = malloc(n + 1);

    if (copy) {
        memcpy(copy, s, n);
        copy[n] = '\0';
    }
    return copy;
}

char *strdup(const char *s)
{
    return strndup(s, strlen(s));
}
