/* member.h - one member of an archive in memory
 * Keeps the archive open between calls: members taken in ascending order cost one pass over it. The memory is used again
 * from one to the next, and given back after a large one. */
#ifndef VX_IO_MEMBER_H
#define VX_IO_MEMBER_H

#include "base/err.h"
#include "base/item.h"
#include "io/path.h"

#include <stddef.h>

struct vx_archive;

struct vx_member { /* zero-initialise */
    char *path;    /* owned: of the archive that is open, or NULL */
    struct vx_archive *archive;
    unsigned char *data; /* owned [cap] */
    size_t cap;
    struct vx_opener opener;
};

/* Reads the member that item names into member->data, *len bytes of it, valid until the next call. The member is
 * looked for at item->ordinal and must have item's name; if another is there now, or the ordinal is -1, the first of
 * that name is taken. VX_ESYS: cannot open. VX_EFORMAT: broken, encrypted, or no longer there. VX_ELIMIT: more than max
 * bytes. No message names the archive. */
enum vx_status vx_member_read(struct vx_member *member, const struct vx_item *item, size_t max, size_t *len,
                              struct vx_err *err) VX_CHECKED;
void vx_member_close(struct vx_member *member); /* frees all and zeroes it */

#endif
