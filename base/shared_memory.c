#include "base/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

enum vx_status vx_shared_memory_open(struct vx_shared_memory *out, size_t bytes, const char *what, struct vx_err *err)
{
    struct vx_shared_memory s = {.bytes = bytes};
    void *at = MAP_FAILED;

    *out = (struct vx_shared_memory){.fd = -1};
    if ((s.fd = memfd_create("voxtrawl", MFD_CLOEXEC | MFD_ALLOW_SEALING)) >= 0 && ftruncate(s.fd, (off_t)bytes) == 0 &&
        fcntl(s.fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
        at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, s.fd, 0);
    if (at == MAP_FAILED) {
        const enum vx_status rc = vx_fail_sys(err, "%zu bytes for %s", bytes, what);
        if (s.fd >= 0)
            close(s.fd);
        return rc;
    }
    s.memory = at;
    *out = s;
    return VX_OK;
}

void vx_shared_memory_close(struct vx_shared_memory *s)
{
    if (s->memory) {
        munmap(s->memory, s->bytes);
        close(s->fd);
    }
    *s = (struct vx_shared_memory){.fd = -1};
}
