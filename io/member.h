/* member.h - one member of an archive: where its bytes lie in the file, or, if it has to be unpacked, its bytes in memory
 * A name may lead through archives within the archive: "inner.zip/a/b.wav". All archives on the way stay open between
 * calls: members taken in ascending order cost one pass over each. Memory is used again from one member to the next, and
 * given back after a large one. */
#ifndef VX_IO_MEMBER_H
#define VX_IO_MEMBER_H

#include "base/err.h"
#include "base/item.h"
#include "io/archive.h"

#include <stdbool.h>
#include <stddef.h>

struct vx_member_level { /* an archive that is open */
    struct vx_archive *archive;
    char *name;      /* owned: of the entry that it is of the one before; NULL: the outermost */
    int64_t ordinal; /* of that entry */
};

struct vx_member { /* zero-initialise */
    char *path;    /* owned: of the archive that is open, or NULL */
    int fd;        /* owned, with path */
    int n;         /* archives open, the outermost first */
    struct vx_member_level level[VX_ARCHIVE_MAX_DEPTH];
    struct vx_archive *direct; /* open at the member itself */
    unsigned char *data;       /* owned [cap] */
    size_t cap;
};

struct vx_member_bytes {
    const unsigned char *data; /* [len] in memory until the next call; NULL: in the file */
    size_t len;
    int fd; /* borrowed, until the next call */
    int64_t offset, size;
};

/* The archive at item's path is open already, so find() needs no descriptor for it. */
bool vx_member_knows(const struct vx_member *member, const struct vx_item *item);

/* The member that item names. fd is the archive at item->path, open for reading: taken over, also on failure; -1 where it is
 * known. A member is looked for at item->offset; where it is not, or that is -1, its outermost entry is looked
 * for at item->ordinal; where another is there, or that is -1, the first of its name is taken. VX_EINVAL: no regular file.
 * VX_EFORMAT: broken, encrypted, or no longer there. VX_ELIMIT: it, or an archive on the way to it, would take more than max
 * bytes of memory. No message names the archive. */
enum vx_status vx_member_find(struct vx_member *member, const struct vx_item *item, int fd, size_t max,
                              struct vx_member_bytes *out, struct vx_err *err) VX_CHECKED;
/* What people should know about a member's name, as a phrase; NULL: nothing. Nothing is ever written under it. */
const char *vx_member_remark(const char *name);
void vx_member_close(struct vx_member *member); /* frees all and zeroes it */

#endif
