#include "io/dirset.h"
#include "base/mem.h"

#include <stdlib.h>

/* The slot that holds the key or would take it (linear probing). */
static struct vx_dirset_slot *probe(const struct vx_dirset *set, uint64_t device, uint64_t inode)
{
    uint64_t h = (inode ^ (device << 32 | device >> 32)) * UINT64_C(0x9E3779B97F4A7C15); /* 2^64 / golden ratio */

    for (h ^= h >> 29;; h++) {
        struct vx_dirset_slot *slot = &set->slots[h & (set->cap - 1)];
        if (!slot->used || (slot->device == device && slot->inode == inode))
            return slot;
    }
}

static int grow(struct vx_dirset *set)
{
    struct vx_dirset bigger = {.n = set->n, .cap = set->cap ? 2 * set->cap : 64};

    bigger.slots = vx_calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots)
        return -1;
    for (size_t i = 0; i < set->cap; i++)
        if (set->slots[i].used)
            *probe(&bigger, set->slots[i].device, set->slots[i].inode) = set->slots[i];
    free(set->slots);
    *set = bigger;
    return 0;
}

int vx_dirset_add(struct vx_dirset *set, uint64_t device, uint64_t inode)
{
    struct vx_dirset_slot *slot;

    if (2 * (set->n + 1) > set->cap && grow(set) < 0)
        return -1;
    slot = probe(set, device, inode);
    if (slot->used)
        return 0;
    *slot = (struct vx_dirset_slot){device, inode, 1};
    set->n++;
    return 1;
}

void vx_dirset_free(struct vx_dirset *set)
{
    free(set->slots);
    *set = (struct vx_dirset){0};
}
