/* archive.h - the entries of a tar, zip or 7z archive, forward only (libarchive underneath)
 * The format is told by the first bytes: "PK" is a zip, "7z" and its four bytes a 7z, all else a tar, plain or packed with
 * gzip, bzip2, xz or zstd. An entry may be an archive itself and be entered. Names are bytes as stored whatever the locale;
 * only in zip and 7z those in Unicode become UTF-8, in normal form C (libarchive does it); they end at the first NUL.
 * Entries count from 0. Nothing declared in a header is trusted for memory. */
#ifndef VX_IO_ARCHIVE_H
#define VX_IO_ARCHIVE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In an archive and all that is entered in it. */
#define VX_ARCHIVE_MAX_ENTRIES 10000000
/* A packed archive, with all that is entered in it, may unpack to VX_ARCHIVE_FREE bytes, and beyond them to
 * VX_ARCHIVE_MAX_RATIO times its size: gzip, which sound is packed with, cannot do more than 1032 times; bzip2 and xz bombs
 * and zip files whose entries overlap can. In zip and 7z it is the declared sizes that count. */
#define VX_ARCHIVE_FREE (INT64_C(1) << 30)
#define VX_ARCHIVE_MAX_RATIO 2000
#define VX_ARCHIVE_NAMES "C.UTF-8" /* the locale that names in Unicode are read in */
#define VX_ARCHIVE_MAX_DEPTH 16 /* archives within each other, the outermost included */

struct vx_archive;

enum vx_entry_type {
    VX_ENTRY_FILE, /* has bytes of its own */
    VX_ENTRY_FOLDER,
    VX_ENTRY_SYMLINK,
    VX_ENTRY_HARDLINK,
    VX_ENTRY_SPECIAL, /* a device, FIFO or socket */
};

struct vx_entry {
    const char *name; /* until the next call; NULL: marked as UTF-8, but it is not */
    int64_t ordinal;
    enum vx_entry_type type;
    int64_t size;   /* as declared; -1 unknown */
    int64_t mtime;  /* seconds since 1970, 0 unknown */
    int64_t offset; /* of its headers in the outermost file, where vx_archive_open_at() takes it; -1: it must be unpacked */
    bool encrypted;
    bool damaged; /* before it lies what is no entry, as where a header is damaged: members may be missing */
};

/* VX_ESYS: cannot open. VX_EINVAL: no regular file. VX_EFORMAT: no archive. No message here names the archive. */
enum vx_status vx_archive_open(struct vx_archive **out, const char *path, struct vx_err *err) VX_CHECKED;
/* The same of an open file, which is taken over, also on failure; its position does not matter and is left alone. */
enum vx_status vx_archive_open_fd(struct vx_archive **out, int fd, struct vx_err *err) VX_CHECKED;
/* A plain tar or a zip from the entry on whose headers are at offset (vx_entry.offset, perhaps of another day: check the
 * name). fd is borrowed. Its ordinals begin there. */
enum vx_status vx_archive_open_at(struct vx_archive **out, int fd, int64_t offset, struct vx_err *err) VX_CHECKED;
/* Where the bytes of the entry that next() gave last lie in the outermost file, all `size` of them and as they are; -1: they
 * are packed, or have holes. Before any of them is read. */
int64_t vx_archive_data(struct vx_archive *archive);
/* The entry that next() gave last, as an archive of its own. One that lies in the file as it is, is read there; others are
 * held in memory: VX_ELIMIT: more than max bytes. outer must outlive it, and may go on meanwhile. */
enum vx_status vx_archive_enter(struct vx_archive **out, struct vx_archive *outer, size_t max, struct vx_err *err) VX_CHECKED;
void vx_archive_close(struct vx_archive **archive);
void vx_archive_set_max_entries(struct vx_archive *outermost, int64_t n); /* instead of VX_ARCHIVE_MAX_ENTRIES */

/* The next entry's header. VX_DONE at the end. VX_EFORMAT: broken from here on, in libarchive's words. VX_ELIMIT: see
 * above. After an error the archive can only be closed, or rewound. */
enum vx_status vx_archive_next(struct vx_archive *archive, struct vx_entry *entry, struct vx_err *err) VX_CHECKED;
int64_t vx_archive_position(const struct vx_archive *archive); /* ordinal of the entry that next() would give */
enum vx_status vx_archive_rewind(struct vx_archive *archive, struct vx_err *err) VX_CHECKED; /* to its first entry */

/* It has had all the bytes and entries that it may have: VX_ELIMIT was about more than one member. */
bool vx_archive_spent(const struct vx_archive *archive);
/* Its entries are cheap only in their order: passing one over means unpacking it, or all of it was unpacked into memory. */
bool vx_archive_in_order(const struct vx_archive *archive);
int vx_archive_fd(const struct vx_archive *archive); /* of the outermost file; -1: in memory; borrowed */

/* Up to n bytes of the current entry, *got 0 only at its end. VX_EFORMAT: broken, the checksum included. */
enum vx_status vx_archive_read(struct vx_archive *archive, void *out, size_t n, size_t *got,
                               struct vx_err *err) VX_CHECKED;
/* All bytes of the current entry into *data [*cap, of which *len], enlarged as needed and the caller's to free; sizes
 * declared are not believed. VX_ELIMIT: more than max bytes. VX_EFORMAT: encrypted too. */
enum vx_status vx_archive_slurp(struct vx_archive *archive, size_t max, unsigned char **data, size_t *cap, size_t *len,
                                struct vx_err *err) VX_CHECKED;

#endif
