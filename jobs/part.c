#include "jobs/part.h"

#include <stdio.h>
#include <string.h>

enum vx_status vx_part_parse(struct vx_part *part, const char *text, struct vx_err *err)
{
    unsigned number, of;
    int end = 0;

    if (strspn(text, "0123456789/") != strlen(text) || sscanf(text, "%6u/%6u%n", &number, &of, &end) != 2 ||
        text[end] != '\0' || number < 1 || number > of || of > VX_PARTS_MAX)
        return vx_fail(err, VX_EINVAL, "--part %s: expected K/N, part K of N, with K from 1 to N and N at most %d", text,
                       VX_PARTS_MAX);
    *part = (struct vx_part){number, of};
    return VX_OK;
}

/* FNV-1a, 64 bits (Fowler, Noll, Vo), continued from h. */
static uint64_t hash(uint64_t h, const char *s)
{
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(0x100000001b3);
    return h;
}

/* Spreads what differs in few bits over all of them: the finaliser of MurmurHash3. */
static uint64_t mix(uint64_t h)
{
    h = (h ^ (h >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    h = (h ^ (h >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return h ^ (h >> 33);
}

static bool has_hash(const struct vx_part *part, uint64_t h)
{
    return part->of == 0 || mix(h) % part->of == part->number - 1;
}

static bool has(const struct vx_part *part, const char *path, const char *member)
{
    uint64_t h = hash(UINT64_C(0xcbf29ce484222325), path);

    if (member) /* the byte between is in no path */
        h = hash(h * UINT64_C(0x100000001b3), member);
    return has_hash(part, h);
}

bool vx_part_has(const struct vx_part *part, const struct vx_item *item)
{
    return item->bundle ? has_hash(part, (uint64_t)item->bundle) : has(part, item->path, item->member);
}

bool vx_part_has_file(const struct vx_part *part, const char *path)
{
    return has(part, path, NULL);
}
