/* source_make.h - what a source is made of; for the reader alone
 * A run of a file's bytes, or memory. At hand is one run of it: a buffer, or the whole of a member in memory. */
#ifndef VX_IO_SOURCE_MAKE_H
#define VX_IO_SOURCE_MAKE_H

#include "base/hash.h"
#include "io/source.h"

#include <time.h>

#define VX_SOURCE_BUFFER (128u << 10) /* bytes: a few round trips a recording, still within the L2 cache */

struct vx_source {
    int fd;                    /* owned; -1: memory, all of it at hand */
    unsigned char *buffer;     /* owned [VX_SOURCE_BUFFER], kept from one file to the next */
    const unsigned char *data; /* what is at hand: [len], from offset `begin` on */
    size_t len;
    int64_t begin, size, at;
    int64_t origin; /* of its first byte in the file */
    int64_t file_size;     /* when it was opened, as the next */
    struct timespec mtime;
    int error;      /* errno of a read that failed */
    char suffix[VX_ITEM_SUFFIX]; /* see vx_source_suffix */
    struct vx_hash *hash; /* borrowed: of the bytes read, or NULL */
    int64_t hashed; /* bytes from the start that it has */
};

/* Bytes origin … origin+size-1 of fd, which is taken over, also on failure. A file that grows is read up to there. */
enum vx_status vx_source_set_file(struct vx_source *s, int fd, int64_t origin, int64_t size, struct vx_err *err) VX_CHECKED;
void vx_source_set_memory(struct vx_source *s, const void *data, size_t len); /* data is borrowed */
void vx_source_set_suffix(struct vx_source *s, const char *name); /* after one of the above: of this file's or member's name */
void vx_source_unset(struct vx_source *s); /* closes the file; the buffer stays */

#endif
