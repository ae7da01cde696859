#include "io/nameset.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdlib.h>

/* The slot that holds the key or would take it (linear probing). */
static uint64_t *probe(const struct vx_nameset *set, uint64_t key)
{
    for (uint64_t h = key;; h++) {
        uint64_t *const slot = &set->slots[h & (set->cap - 1)];
        if (*slot == 0 || *slot == key)
            return slot;
    }
}

static int grow(struct vx_nameset *set)
{
    struct vx_nameset bigger = {.n = set->n, .cap = set->cap ? 2 * set->cap : 64};

    if (!(bigger.slots = vx_calloc(bigger.cap, sizeof *bigger.slots)))
        return -1;
    for (size_t i = 0; i < set->cap; i++)
        if (set->slots[i] != 0)
            *probe(&bigger, set->slots[i]) = set->slots[i];
    free(set->slots);
    *set = bigger;
    return 0;
}

int vx_nameset_add(struct vx_nameset *set, const char *name)
{
    const uint64_t low = vx_hash_key("", name).low, key = low ? low : 1;

    if (4 * (set->n + 1) > 3 * set->cap && grow(set) < 0)
        return -1;
    uint64_t *const slot = probe(set, key);
    if (*slot != 0)
        return 0;
    *slot = key;
    set->n++;
    return 1;
}

void vx_nameset_free(struct vx_nameset *set)
{
    free(set->slots);
    *set = (struct vx_nameset){0};
}
