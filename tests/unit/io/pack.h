/* pack.h - archives for the tests of io/, written with libarchive */
#ifndef VX_TESTS_IO_PACK_H
#define VX_TESTS_IO_PACK_H

#include <stddef.h>

struct pack_entry {
    const char *name; /* bytes as they are; NULL ends a list */
    enum pack_type { PACK_FILE, PACK_DIRECTORY, PACK_SYMLINK, PACK_HARDLINK, PACK_FIFO } type;
    const char *text; /* a file's content, a link's target */
};

/* format: "ustar", "pax", "gnutar", "zip"; filter: NULL, "gzip", "bzip2", "xz", "zstd"; options: NULL or libarchive's.
 * zeros: so many zero bytes follow as one more entry, "zeros.wav"; in a zip its size is known
 * only behind it and in the central directory. Failure fails the test. */
void pack_write(const char *path, const char *format, const char *filter, const char *options,
                const struct pack_entry *entries, size_t zeros);

#endif
