/* filesystem.h - where a folder lies: kind of file system, room, whether it can be written and locked */
#ifndef VX_JOBS_FILESYSTEM_H
#define VX_JOBS_FILESYSTEM_H

#include "base/err.h"

#include <stdint.h>

enum vx_storage {
    VX_STORAGE_LOCAL,
    VX_STORAGE_NETWORK,   /* NFS, SMB, FUSE ...: locks and speed are another machine's business */
    VX_STORAGE_PARALLEL,  /* Lustre, GPFS, BeeGFS ...: a cluster's */
    VX_STORAGE_MEMORY,    /* tmpfs: gone with the machine, and takes of its memory */
    VX_STORAGE_CONTAINER, /* overlay: gone with the container */
    VX_STORAGE_UNKNOWN,
};

struct vx_filesystem {
    char folder[4096]; /* the one asked for, or the nearest above that exists; absolute */
    char name[24];     /* "ext4", "nfs", "0x1234abcd" */
    enum vx_storage storage;
    double room, size; /* bytes that an ordinary user can still write; all */
    double files;      /* that can still be made; -1: no limit */
};

/* VX_ESYS: nothing is known of it. */
enum vx_status vx_filesystem_look(struct vx_filesystem *out, const char *folder, struct vx_err *err) VX_CHECKED;

/* Makes a file in fs->folder, locks it as SQLite does, writes and removes it. VX_ESYS: what could not be done. *locks: whether
 * that was the locking. */
enum vx_status vx_filesystem_try(const struct vx_filesystem *fs, int *locks, struct vx_err *err) VX_CHECKED;

/* For tests: what statfs's f_type means. */
enum vx_storage vx_filesystem_kind(uint32_t type, char name[24]);

#endif
