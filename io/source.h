/* source.h - the bytes of one item, seekable, wherever they lie: a file, or a member of an archive
 * A reader keeps the last archive open, so members taken in ascending order cost one pass over it. Those of a plain tar are
 * read where they lie, in any order, those of a zip in any order into memory, all others in order into memory. */
#ifndef VX_IO_SOURCE_H
#define VX_IO_SOURCE_H

#include "base/err.h"
#include "base/hash.h"
#include "base/item.h"
#include "io/path.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_reader; /* one a decoding thread */
enum vx_status vx_reader_create(struct vx_reader **out, size_t max_member_bytes, struct vx_err *err) VX_CHECKED;
void vx_reader_set_opener(struct vx_reader *reader, const struct vx_opener *opener); /* for what it opens from here on */
void vx_reader_destroy(struct vx_reader **reader);

struct vx_source; /* lives until the reader opens the next one or is destroyed */

/* How a member is found, and what may go wrong: io/member.h. VX_ESYS: cannot open. VX_EFORMAT: the archive is broken, or no
 * longer has the member. VX_ELIMIT: a packed member, or an archive around it, larger than max_member_bytes. VX_EINVAL: no
 * regular file. */
enum vx_status vx_reader_open(struct vx_reader *reader, const struct vx_item *item, struct vx_source **out,
                              struct vx_err *err) VX_CHECKED;

int64_t vx_source_size(const struct vx_source *s);
int64_t vx_source_tell(const struct vx_source *s);
int64_t vx_source_seek(struct vx_source *s, int64_t offset, int whence); /* as lseek; -1: impossible */
/* Up to n bytes; fewer only at the end or on a read error, which vx_source_errno tells. */
size_t vx_source_read(struct vx_source *s, void *out, size_t n);
/* What follows the last dot of the item's name, in lower case; "" without one, or where it is no suffix (longer than 7 bytes). */
const char *vx_source_suffix(const struct vx_source *s);
/* The file has another size or time of modification than when it was opened: it is being written. False for what is in memory. */
bool vx_source_changed(const struct vx_source *s);
int vx_source_errno(const struct vx_source *s); /* 0: none; EIO also when the file became shorter */

/* A hash of all bytes beside reading them: from here on what is read in order goes into hash as it comes by, so that a file
 * is read once; vx_source_hash_end() adds what nobody read. hash is borrowed until then, or until the next source is opened. */
void vx_source_hash(struct vx_source *s, struct vx_hash *hash);
/* VX_ESYS: the rest cannot be read, or the file became shorter. No message names the file. */
enum vx_status vx_source_hash_end(struct vx_source *s, struct vx_err *err) VX_CHECKED;

#endif
