/* archive_input.h - where the bytes of an archive lie, and libarchive's way to them; for archive.c alone
 * A run of a file's bytes, read by pread (the descriptor's own position is nobody's business), or memory. */
#ifndef VX_IO_ARCHIVE_INPUT_H
#define VX_IO_ARCHIVE_INPUT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VX_ARCHIVE_BLOCK (32u << 10) /* bytes read at once; the header of each member of a zip costs one block */

struct vx_archive_input {
    int fd;                    /* borrowed; -1: memory */
    const unsigned char *data; /* borrowed: the memory */
    int64_t begin, end;        /* of the archive in the file, or in memory from 0 on */
    int64_t at;
    unsigned char *block; /* owned [VX_ARCHIVE_BLOCK]; NULL: memory */
    int64_t may_give, may_unpack; /* bytes: then it ends early; of what comes out of libarchive's filters, those up to there */
    bool held;                    /* which it has */
};

/* The block, and no limits; begin, end, fd and data are the caller's to set. VX_ENOMEM. */
enum vx_status vx_archive_input_open(struct vx_archive_input *in, struct vx_err *err) VX_CHECKED;
void vx_archive_input_close(struct vx_archive_input *in);

/* Up to n bytes at `at`, which is within it, wherever it stands. *got fewer at the end. VX_ESYS: cannot be read. */
enum vx_status vx_archive_input_peek(const struct vx_archive_input *in, int64_t at, void *out, size_t n, size_t *got,
                                     struct vx_err *err) VX_CHECKED;

struct archive;
/* Gives it to libarchive from its start on; libarchive's status. The input must outlive the handle. */
int vx_archive_input_attach(struct vx_archive_input *in, struct archive *handle);

#endif
