/* members.h - the members of an archive as items, in archive order
 * Recordings and pictures by their names. Directories, links and devices are no members; names of other kinds, archives
 * within archives included, are counted as skipped. A member's name may be absolute or hold "..": nothing is written, it
 * is only a name. */
#ifndef VX_IO_MEMBERS_H
#define VX_IO_MEMBERS_H

#include "base/err.h"
#include "base/item.h"

#include <stdint.h>

struct vx_members;

/* Takes over *archive (zeroed on return, also on failure): its path, and the metadata each member's item gets. The
 * archive is opened at the first next(). */
enum vx_status vx_members_open(struct vx_members **out, struct vx_item *archive, struct vx_err *err) VX_CHECKED;
void vx_members_close(struct vx_members **members);

/* The next member into *item (zeroed before, the caller's to clear). VX_DONE at the end. An encrypted member, or one
 * with an unreadable name, is an item of kind BROKEN; an archive that is none or breaks off ends with such an item without
 * a member. The only failure is VX_ENOMEM. */
enum vx_status vx_members_next(struct vx_members *members, struct vx_item *item, struct vx_err *err) VX_CHECKED;

int64_t vx_members_skipped(const struct vx_members *members);

#endif
