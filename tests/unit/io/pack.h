/* pack.h - archives for the tests of io/, written with libarchive */
#ifndef VX_TESTS_IO_PACK_H
#define VX_TESTS_IO_PACK_H

#include "io/source.h"

#include <stddef.h>

struct pack_entry {
    const char *name; /* bytes as they are; NULL ends a list */
    enum pack_type { PACK_FILE, PACK_DIRECTORY, PACK_SYMLINK, PACK_HARDLINK, PACK_FIFO, PACK_COPY } type;
    const char *text; /* a file's content, a link's target, the path of the file that is copied */
};

/* format: "ustar", "pax", "gnutar", "zip", "7zip"; filter: NULL, "gzip", "bzip2", "xz", "zstd"; options: NULL or libarchive's.
 * zeros: so many zero bytes follow as one more entry, "zeros.wav"; in a zip its size is known
 * only behind it and in the central directory. Failure fails the test. */
void pack_write(const char *path, const char *format, const char *filter, const char *options,
                const struct pack_entry *entries, size_t zeros);

/* Every kind of archive there is: the file's name, and what pack_write() takes. The last two are named like the other
 * kind. */
enum { PACK_FORMATS = 12, PACK_STORED_ZIP = 9, PACK_WELL_NAMED = 10 };
struct pack_format {
    const char *name, *format, *filter, *options;
};
extern const struct pack_format pack_formats[PACK_FORMATS];
const char *pack_as(const char *root, const struct pack_format *f, const struct pack_entry *entries); /* its path */

/* Recordings, a picture and what is neither, under names of all sorts. */
extern const struct pack_entry pack_speech[];

/* What the reader gives for item, as text; the error's when it fails. */
enum vx_status pack_read(struct vx_reader *reader, const struct vx_item *item, char *text, size_t size);

#endif
