/* shared_memory.h - memory that processes share, without a name: nothing of it stays behind, whoever dies */
#ifndef VX_BASE_SHARED_MEMORY_H
#define VX_BASE_SHARED_MEMORY_H

#include "base/err.h"

#include <stddef.h>

struct vx_shared_memory { /* {.fd = -1}, or zeroed, is none */
    int fd;                /* to be passed on; sealed: nobody can change its size */
    unsigned char *memory; /* [bytes], zeros at first; what is never written costs nothing */
    size_t bytes;
};

/* what: "batches of windows", for the error. */
enum vx_status vx_shared_memory_open(struct vx_shared_memory *out, size_t bytes, const char *what, struct vx_err *err) VX_CHECKED;
void vx_shared_memory_close(struct vx_shared_memory *shared);

#endif
