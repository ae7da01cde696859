/* dirset.h - the directories a walk has entered, known by device and inode */
#ifndef VX_IO_DIRSET_H
#define VX_IO_DIRSET_H

#include <stddef.h>
#include <stdint.h>

struct vx_dirset { /* zero-initialise */
    struct vx_dirset_slot {
        uint64_t device, inode;
        unsigned char used;
    } *slots; /* owned */
    size_t n, cap; /* cap: 0 or a power of two, at least 2n */
};

int vx_dirset_add(struct vx_dirset *set, uint64_t device, uint64_t inode); /* 1 added, 0 was there, -1 out of memory */
void vx_dirset_free(struct vx_dirset *set);

#endif
