/* archive_internal.h - an open archive, shared by archive.c, which opens it, and archive_entry.c, which reads it */
#ifndef VX_IO_ARCHIVE_INTERNAL_H
#define VX_IO_ARCHIVE_INTERNAL_H

#include "io/archive.h"
#include "io/archive_input.h"

#include <archive.h>
#include <locale.h>

/* VX_…_MIDDLE: from one of its entries on; so it is not packed, and has no directory. */
enum vx_archive_kind { VX_TAR, VX_ZIP, VX_TAR_MIDDLE, VX_ZIP_MIDDLE, VX_SEVEN };

struct vx_archive_budget { /* of an archive and all that is entered in it */
    int64_t limit, unpacked, max_entries, entries;
};

struct vx_archive {
    struct archive *handle;
    struct vx_archive_input input;
    int fd;                /* owned; -1: borrowed, or memory */
    unsigned char *memory; /* owned: what was entered, if it had to be unpacked */
    locale_t locale;       /* in which names are read; 0: that of the thread */
    enum vx_archive_kind kind;
    bool packed;     /* entries can only be passed over by unpacking them */
    int64_t next;    /* ordinal */
    int64_t charged; /* bytes unpacked that are in the budget */
    struct vx_archive_budget own, *budget; /* the outermost one's */
    struct vx_entry entry;      /* that next() gave last; its name is not kept */
    int64_t entry_end;          /* of a tar's, in what is unpacked; -1 unknown */
    int64_t data;               /* of its bytes in the file, if there are as many; -1 */
};

/* VX_EFORMAT in libarchive's words. */
enum vx_status vx_archive_fail(struct vx_archive *a, const char *what, struct vx_err *err);

#endif
