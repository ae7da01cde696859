/* lister_serve.h - the life of a process that lists one archive, and what it tells
 * libarchive's look at hostile bytes happens in it: handed the archive, it opens nothing else (io/sandbox.h), and says what it
 * finds in messages of many items over a SOCK_SEQPACKET socket. Plain structs, since both ends are one program. */
#ifndef VX_IO_LISTER_SERVE_H
#define VX_IO_LISTER_SERVE_H

#include "io/corpus.h"
#include "io/decoder_serve.h"

#include <stdbool.h>
#include <stdint.h>

#define VX_LISTER_MESSAGE ((size_t)96 << 10) /* bytes at most: what a socket takes for sure */
#define VX_LISTER_PATH 3072

struct vx_lister_config { /* plain values, as the nursery passes them on */
    enum vx_life life;    /* VX_LIFE_LISTER */
    int32_t depth;        /* these three as in struct vx_corpus_limits */
    uint64_t max_bytes;
    int64_t max_entries;
    uint64_t data_bytes; /* of its own at most; 0: no limit */
    bool sandbox;
    char path[VX_LISTER_PATH]; /* of the archive, its start where it is longer: only a bundle's number follows from it */
};

struct vx_lister_head { /* of a message; n records follow */
    uint32_t n;
    int32_t status; /* enum vx_status: VX_OK more will come; VX_DONE the end; VX_ENOMEM the end too early */
    int64_t skipped; /* so far */
};
struct vx_lister_record { /* an item; its member and problem follow, with their NULs */
    int32_t kind;
    uint32_t member_len, problem_len; /* 0: NULL */
    int64_t ordinal, offset, bundle, size, mtime;
};

/* Lists `archive` to its end; the exit status, VX_DECODER_EXIT_…. */
int vx_lister_serve(int sock, int archive, const struct vx_lister_config *config);

#endif
