/* archive.h - the entries of a tar or zip archive, forward only (libarchive underneath)
 * The format is told by the first bytes: "PK" is a zip, all else a tar, plain or packed with gzip, bzip2, xz or zstd.
 * Names are bytes as stored whatever the locale; only in a zip those marked as UTF-8 are brought into normal form C
 * (libarchive does it). Entries count from 0. Nothing declared in a header is trusted for memory. */
#ifndef VX_IO_ARCHIVE_H
#define VX_IO_ARCHIVE_H

#include "base/err.h"
#include "io/path.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VX_ARCHIVE_MAX_ENTRIES 10000000
/* A packed archive may unpack to VX_ARCHIVE_FREE bytes, and beyond them to VX_ARCHIVE_MAX_RATIO times its size: gzip,
 * which sound is packed with, cannot do more than 1032 times; bzip2 and xz bombs can. */
#define VX_ARCHIVE_FREE (INT64_C(1) << 30)
#define VX_ARCHIVE_MAX_RATIO 2000

struct vx_archive;

struct vx_entry {
    const char *name; /* until the next call; NULL: marked as UTF-8, but it is not */
    int64_t ordinal;
    int64_t size;   /* as declared; -1 unknown */
    int64_t mtime;  /* seconds since 1970, 0 unknown */
    bool directory;
    bool regular;   /* has bytes of its own: neither directory nor link nor device */
    bool encrypted;
};

/* VX_ESYS: cannot open. VX_EINVAL: no regular file. VX_EFORMAT: no archive. No message here names the archive. */
enum vx_status vx_archive_open(struct vx_archive **out, const char *path, struct vx_err *err) VX_CHECKED;
enum vx_status vx_archive_open_by(struct vx_archive **out, const char *path, const struct vx_opener *opener,
                                  struct vx_err *err) VX_CHECKED;
void vx_archive_close(struct vx_archive **archive);

/* The next entry's header. VX_DONE at the end. VX_EFORMAT: broken from here on, in libarchive's words. VX_ELIMIT: see
 * above. After an error the archive can only be closed. */
enum vx_status vx_archive_next(struct vx_archive *archive, struct vx_entry *entry, struct vx_err *err) VX_CHECKED;
int64_t vx_archive_position(const struct vx_archive *archive); /* ordinal of the entry that next() would give */

/* Up to n bytes of the current entry, *got 0 only at its end. VX_EFORMAT: broken, the checksum included. */
enum vx_status vx_archive_read(struct vx_archive *archive, void *out, size_t n, size_t *got,
                               struct vx_err *err) VX_CHECKED;

#endif
