#include "db/merge_claim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The folder of path, with its slash, the caller's; NULL: no memory. */
static char *folder_of(const char *path)
{
    const char *const slash = strrchr(path, '/');

    return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup("./");
}

/* Whether rest, what follows OUT.tmp, is what names of parts end in: .0, .0.3, … of one digit each; or a journal's. */
static bool is_part(const char *rest)
{
    const char *const start = rest;

    while (rest[0] == '.' && rest[1] >= '0' && rest[1] <= '9')
        rest += 2;
    return strcmp(rest, "-journal") == 0 || (rest > start && *rest == '\0');
}

/* Parts only: with OUT.tmp locked nobody else can have any. */
static enum vx_status remove_parts(const char *tmp, struct vx_err *err)
{
    const char *const slash = strrchr(tmp, '/'), *const name = slash ? slash + 1 : tmp;
    char *const folder = folder_of(tmp);
    DIR *const dir = folder ? opendir(folder) : NULL;
    enum vx_status rc = VX_OK;

    if (!folder)
        return vx_fail_nomem(err, tmp);
    if (!dir)
        rc = vx_fail_sys(err, "%s: look for parts of a killed merge", folder);
    for (const struct dirent *e; dir && (e = readdir(dir));)
        if (strncmp(e->d_name, name, strlen(name)) == 0 && is_part(e->d_name + strlen(name)) &&
            unlinkat(dirfd(dir), e->d_name, 0) != 0 && errno != ENOENT && rc == VX_OK)
            rc = vx_fail_sys(err, "%s%s: of a killed merge, cannot be removed", folder, e->d_name);
    if (dir)
        closedir(dir);
    free(folder);
    return rc;
}

/* VX_OK: the file at claim->path is locked by claim->fd; VX_DONE: it was renamed or removed meanwhile, try again. The first
 * byte alone is locked, which SQLite, whose locks lie elsewhere, leaves alone; and by the open file, not the process, so
 * that SQLite's closing of its own descriptors does not end it. */
static enum vx_status lock(struct vx_claim *claim, struct vx_err *err)
{
    struct flock first = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
    struct stat ours, there;

    claim->fd = open(claim->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (claim->fd < 0)
        return vx_fail(err, VX_EDB, "%s: create: %s", claim->path, strerror(errno));
    if (fcntl(claim->fd, F_OFD_SETLK, &first) != 0)
        return vx_fail(err, VX_EDB,
                       errno == EAGAIN || errno == EACCES
                           ? "%s: another merge is writing it: %s; wait for that one or choose another output"
                           : "%s: lock: %s",
                       claim->path, strerror(errno));
    if (fstat(claim->fd, &ours) != 0)
        return vx_fail_sys(err, "%s", claim->path);
    if (stat(claim->path, &there) == 0 && ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
        return VX_OK;
    close(claim->fd);
    claim->fd = -1;
    return VX_DONE;
}

static void release(struct vx_claim *claim)
{
    if (claim->fd >= 0)
        close(claim->fd);
    free(claim->path);
    *claim = (struct vx_claim){.fd = -1};
}

enum vx_status vx_claim_take(struct vx_claim *claim, const char *out, struct vx_err *err)
{
    enum vx_status rc;

    *claim = (struct vx_claim){.fd = -1};
    if (asprintf(&claim->path, "%s.tmp", out) < 0) {
        claim->path = NULL;
        return vx_fail_nomem(err, out);
    }
    while ((rc = lock(claim, err)) == VX_DONE)
        ;
    if (rc != VX_OK)
        release(claim); /* the file may be another's: it stays */
    return rc;
}

/* Some network file systems cannot sync a folder and say EINVAL. */
static enum vx_status sync_folder(const char *out, struct vx_err *err)
{
    char *const folder = folder_of(out);
    const int fd = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    enum vx_status rc = VX_OK;

    if (!folder || fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        rc = vx_fail_sys(err,
                         "%s: the new result is in place and whole, but its folder could not be written to disk: after a "
                         "power cut the old one may be back; merge again to be sure",
                         out);
    if (fd >= 0)
        close(fd);
    free(folder);
    return rc;
}

enum vx_status vx_claim_publish(struct vx_claim *claim, const char *out, struct vx_err *err)
{
    const enum vx_status rc = remove_parts(claim->path, err);

    if (rc != VX_OK)
        return rc;
    if (fsync(claim->fd) != 0)
        return vx_fail_sys(err, "%s: write to disk", claim->path);
    if (rename(claim->path, out) != 0)
        return vx_fail_sys(err, "rename %s to %s", claim->path, out);
    release(claim); /* the lock goes with the file, which has its name now */
    return sync_folder(out, err);
}

void vx_claim_drop(struct vx_claim *claim)
{
    struct vx_err none;

    if (claim->path) { /* before the lock ends: after, they could be another's */
        (void)!remove_parts(claim->path, &none);
        unlink(claim->path);
    }
    release(claim);
}
