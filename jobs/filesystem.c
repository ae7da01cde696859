#include "jobs/filesystem.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

/* statfs(2), and the kernel's magic.h; those of Lustre, GPFS, BeeGFS, PanFS, ZFS from their own sources */
static const struct {
    uint32_t type;
    const char *name;
    enum vx_storage storage;
} kinds[] = {
    {0xef53, "ext4", VX_STORAGE_LOCAL},           {0x58465342, "xfs", VX_STORAGE_LOCAL},
    {0x9123683e, "btrfs", VX_STORAGE_LOCAL},      {0x2fc12fc1, "zfs", VX_STORAGE_LOCAL},
    {0xf2f52010, "f2fs", VX_STORAGE_LOCAL},       {0xca451a4e, "bcachefs", VX_STORAGE_LOCAL},
    {0x4d44, "vfat", VX_STORAGE_LOCAL},           {0x2011bab0, "exfat", VX_STORAGE_LOCAL},
    {0x5346544e, "ntfs", VX_STORAGE_LOCAL},       {0x7366746e, "ntfs", VX_STORAGE_LOCAL},
    {0x73717368, "squashfs", VX_STORAGE_LOCAL},   {0x6969, "nfs", VX_STORAGE_NETWORK},
    {0x517b, "smb", VX_STORAGE_NETWORK},          {0xff534d42, "cifs", VX_STORAGE_NETWORK},
    {0xfe534d42, "smb2", VX_STORAGE_NETWORK},     {0x65735546, "fuse", VX_STORAGE_NETWORK},
    {0x6a656a63, "virtiofs", VX_STORAGE_NETWORK}, {0x01021997, "9p", VX_STORAGE_NETWORK},
    {0x5346414f, "afs", VX_STORAGE_NETWORK},      {0x0bd00bd0, "lustre", VX_STORAGE_PARALLEL},
    {0x47504653, "gpfs", VX_STORAGE_PARALLEL},    {0x19830326, "beegfs", VX_STORAGE_PARALLEL},
    {0x00c36400, "ceph", VX_STORAGE_PARALLEL},    {0x20030528, "orangefs", VX_STORAGE_PARALLEL},
    {0xaad7aaea, "panfs", VX_STORAGE_PARALLEL},   {0x01161970, "gfs2", VX_STORAGE_PARALLEL},
    {0x7461636f, "ocfs2", VX_STORAGE_PARALLEL},   {0x01021994, "tmpfs", VX_STORAGE_MEMORY},
    {0x858458f6, "ramfs", VX_STORAGE_MEMORY},     {0x794c7630, "overlay", VX_STORAGE_CONTAINER},
};

enum vx_storage vx_filesystem_kind(uint32_t type, char name[24])
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].type == type) {
            snprintf(name, 24, "%s", kinds[i].name);
            return kinds[i].storage;
        }
    }
    snprintf(name, 24, "0x%08x", (unsigned)type);
    return VX_STORAGE_UNKNOWN;
}

/* The folder above; "." above a name without a slash, "/" above one at the top. */
static void go_up(char *path)
{
    char *slash = strrchr(path, '/');

    while (slash && slash > path && slash[1] == '\0') { /* "a/b/" */
        *slash = '\0';
        slash = strrchr(path, '/');
    }
    if (!slash)
        snprintf(path, 2, ".");
    else if (slash == path)
        path[1] = '\0';
    else
        *slash = '\0';
}

enum vx_status vx_filesystem_look(struct vx_filesystem *out, const char *folder, struct vx_err *err)
{
    char absolute[PATH_MAX];
    struct statfs fs;
    struct statvfs room;

    *out = (struct vx_filesystem){.files = -1};
    if ((size_t)snprintf(out->folder, sizeof out->folder, "%s", *folder ? folder : ".") >= sizeof out->folder)
        return vx_fail(err, VX_ELIMIT, "%.64s...: a path of at most %zu bytes is expected", folder, sizeof out->folder - 1);
    while (statfs(out->folder, &fs) != 0) {
        if (errno != ENOENT || strcmp(out->folder, ".") == 0 || strcmp(out->folder, "/") == 0)
            return vx_fail_sys(err, "%s", out->folder);
        go_up(out->folder);
    }
    if (statvfs(out->folder, &room) != 0)
        return vx_fail_sys(err, "%s", out->folder);
    if (realpath(out->folder, absolute))
        snprintf(out->folder, sizeof out->folder, "%s", absolute);
    out->storage = vx_filesystem_kind((uint32_t)fs.f_type, out->name);
    out->room = (double)room.f_bavail * (double)room.f_frsize;
    out->size = (double)room.f_blocks * (double)room.f_frsize;
    if (room.f_files > 0)
        out->files = (double)room.f_favail;
    return VX_OK;
}

enum vx_status vx_filesystem_try(const struct vx_filesystem *fs, int *locks, struct vx_err *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1 << 30, .l_len = 1}; /* SQLite's pending byte */
    char path[sizeof fs->folder + 64];
    enum vx_status rc = VX_OK;
    int fd;

    *locks = 0;
    snprintf(path, sizeof path, "%s/.voxtrawl-doctor.%ld", fs->folder, (long)getpid());
    if ((fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
        return vx_fail_sys(err, "make a file in %s", fs->folder);
    if (fcntl(fd, F_SETLK, &lock) != 0) {
        *locks = 1;
        rc = vx_fail_sys(err, "lock a file in %s", fs->folder);
    } else if (write(fd, "voxtrawl\n", 9) != 9 || fsync(fd) != 0) {
        rc = vx_fail_sys(err, "write a file in %s", fs->folder);
    }
    close(fd);
    unlink(path);
    return rc;
}
