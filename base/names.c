#include "base/names.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash(const char *s) /* FNV-1a */
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return h;
}

/* Where s is, or the free slot where it belongs. */
static uint32_t *slot_of(const struct vx_names *names, const char *s)
{
    size_t i = hash(s) & (names->n_slots - 1);

    while (names->slots[i] && strcmp(names->at[names->slots[i] - 1], s) != 0)
        i = (i + 1) & (names->n_slots - 1);
    return &names->slots[i];
}

static int grow(struct vx_names *names)
{
    const size_t n_slots = names->n_slots ? 2 * names->n_slots : 64;
    void *at = names->at;
    uint32_t *slots;

    if (vx_grow(&at, &names->cap, n_slots / 2, sizeof *names->at) != 0)
        return -1;
    names->at = at;
    if (!(slots = vx_calloc(n_slots, sizeof *slots)))
        return -1;
    free(names->slots);
    names->slots = slots;
    names->n_slots = n_slots;
    for (size_t i = 0; i < names->n; i++)
        *slot_of(names, names->at[i]) = (uint32_t)i + 1;
    return 0;
}

uint32_t vx_names_find(const struct vx_names *names, const char *s)
{
    const uint32_t found = names->n_slots ? *slot_of(names, s) : 0;

    return found ? found - 1 : VX_NAMES_NONE;
}

uint32_t vx_names_add(struct vx_names *names, const char *s)
{
    const uint32_t found = vx_names_find(names, s);

    if (found != VX_NAMES_NONE)
        return found;
    if (names->n >= VX_NAMES_NONE - 1 || (2 * (names->n + 1) > names->n_slots && grow(names) != 0))
        return VX_NAMES_NONE;
    if (!(names->at[names->n] = strdup(s)))
        return VX_NAMES_NONE;
    *slot_of(names, s) = (uint32_t)++names->n;
    return (uint32_t)names->n - 1;
}

void vx_names_free(struct vx_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->at[i]);
    free(names->at);
    free(names->slots);
    *names = (struct vx_names){0};
}
