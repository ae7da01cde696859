/* verify_archive.h - members of one archive, as a result has them, put into the order in which they lie in it now
 * A result does not know where a member lies, and one that was merged has members by name: looked for one by one, each could cost
 * another pass over a packed archive. So the archive is listed first, which also tells what is gone from what is broken. */
#ifndef VX_JOBS_VERIFY_ARCHIVE_H
#define VX_JOBS_VERIFY_ARCHIVE_H

#include "base/err.h"
#include "base/item.h"
#include "io/corpus.h"

#include <stddef.h>

enum vx_member_state {
    VX_MEMBER_UNKNOWN, /* whether it is there only looking for it tells: the archive could not be listed as one */
    VX_MEMBER_LISTED,
    VX_MEMBER_GONE,    /* not in the archive, which was listed to its end */
    VX_MEMBER_BROKEN,  /* it, an archive on the way to it, or the rest of the archive, in which it may be, cannot be read */
};

struct vx_archive_member {
    struct vx_item item; /* as in the result; LISTED: with ordinal, offset and size as in the archive now */
    char *hash;          /* owned, as in the result */
    enum vx_member_state state;
    const char *why;     /* of BROKEN; lives as long as the members */
    size_t place;        /* of those LISTED, among what is */
};

#define VX_ARCHIVE_MEMBERS ((size_t)500000) /* at a time: about a hundred megabytes */

struct vx_archive_members { /* zero-initialise; of one path */
    struct vx_archive_member *at; /* owned [n] */
    size_t n, cap;
    struct vx_item *broken; /* owned [n_broken]: what the archive has that cannot be read */
    size_t n_broken, cap_broken;
};

/* item: a member, copied; hash likewise. VX_ENOMEM alone. */
enum vx_status vx_archive_members_add(struct vx_archive_members *members, const struct vx_item *item, const char *hash,
                                      struct vx_err *err) VX_CHECKED;
/* Lists the archive at path, where it is now; then members are in its order, those that are not LISTED last. VX_ENOMEM, VX_ELOST. */
enum vx_status vx_archive_members_place(struct vx_archive_members *members, const char *path, const struct vx_corpus_limits *limits,
                                        struct vx_err *err) VX_CHECKED;
/* Empties it, for another archive. */
void vx_archive_members_clear(struct vx_archive_members *members);
void vx_archive_members_free(struct vx_archive_members *members);

#endif
