/* members.h - the members of an archive, and of the archives in it, as items in archive order
 * Recordings and pictures by their names, which lead through the archives they lie in: "inner.zip/a/b.wav". Folders are no
 * members, names of other kinds are counted as skipped. A member's name may be absolute or hold "..": nothing is written, it
 * is only a name. Links and devices named like a recording are BROKEN items: nobody follows them. */
#ifndef VX_IO_MEMBERS_H
#define VX_IO_MEMBERS_H

#include "base/err.h"
#include "base/item.h"
#include "io/corpus.h"

#include <stdint.h>

struct vx_members;

/* Takes over *archive (zeroed on return, also on failure): its path, and the metadata each member's item gets. The
 * archive is opened at the first next(). */
enum vx_status vx_members_open(struct vx_members **out, struct vx_item *archive, const struct vx_corpus_limits *limits,
                               struct vx_err *err) VX_CHECKED;
/* Its file, open for reading, which is taken over: the path is only its name. Before the first next(). */
void vx_members_set_file(struct vx_members *members, int fd);
void vx_members_close(struct vx_members **members);

/* The next member into *item (zeroed before, the caller's to clear). VX_DONE at the end. An encrypted member, one with an
 * unreadable name, an archive that is none, breaks off, is too deep or too large is an item of kind BROKEN; that of the
 * outermost archive has no member. The only failure is VX_ENOMEM. */
enum vx_status vx_members_next(struct vx_members *members, struct vx_item *item, struct vx_err *err) VX_CHECKED;

int64_t vx_members_skipped(const struct vx_members *members);

#endif
