#include "tests/harness/each_alloc.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/failing_alloc.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

static long one(const struct each_alloc *row, void *ctx)
{
    long k = 0;

    do {
        struct vx_err err = {0};
        failing_alloc_after(k++);
        const enum vx_status rc = row->work(ctx, &err);
        failing_alloc_after(-1);
        if (rc == VX_OK)
            continue;
        if ((rc != VX_ENOMEM && rc != row->other) || !failing_alloc_failed() || !*err.text)
            fail_msg("%s, allocation %ld: status %d, %s", row->name, k, rc, err.text);
    } while (failing_alloc_failed());
    return k - 1;
}

void each_alloc(const struct each_alloc *rows, size_t n, void *ctx)
{
    cJSON_Hooks hooks = {.malloc_fn = malloc, .free_fn = free}; /* this program's malloc, which can fail */

    cJSON_InitHooks(&hooks);
    for (size_t i = 0; i < n; i++) {
        const long allocations = one(&rows[i], ctx);
        print_message("%s: %ld allocations\n", rows[i].name, allocations);
        if (allocations < rows[i].least)
            fail_msg("%s: %ld allocations; has the work changed?", rows[i].name, allocations);
    }
    cJSON_InitHooks(NULL);
}
