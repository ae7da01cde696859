/* part.h - one of several disjoint parts of a corpus, for array jobs
 * Which part an item is in follows from its path and member alone, for members of a packed archive from that archive's, which
 * one job then unpacks: every job finds its own part without hearing of the others, and an item that is added to the corpus or taken from it moves no other. Parts are equal but for chance. */
#ifndef VX_JOBS_PART_H
#define VX_JOBS_PART_H

#include "base/err.h"
#include "base/item.h"

#include <stdbool.h>
#include <stdint.h>

#define VX_PARTS_MAX 100000

struct vx_part {
    uint32_t number, of; /* 1…of; both 0: the whole corpus */
};

/* "2/8". VX_EINVAL: not that, or not within 1…VX_PARTS_MAX. */
enum vx_status vx_part_parse(struct vx_part *part, const char *text, struct vx_err *err) VX_CHECKED;
/* Every item is in exactly one of the parts 1/N … N/N. */
bool vx_part_has(const struct vx_part *part, const struct vx_item *item);
bool vx_part_has_file(const struct vx_part *part, const char *path); /* the same of an item without a member */

#endif
