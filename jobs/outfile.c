#include "jobs/outfile.h"
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum vx_status vx_outfile_free(const char *path, bool overwrite, struct vx_err *err)
{
    struct stat sb;

    if (!*path)
        return vx_fail(err, VX_EINVAL, "-o takes the name of a file, not an empty one");
    if (stat(path, &sb) != 0)
        return errno == ENOENT ? VX_OK : vx_fail_sys(err, "%s", path);
    if (S_ISDIR(sb.st_mode))
        return vx_fail(err, VX_EINVAL, "%s is a folder; -o takes the name of a file, %s/NAME say", path, path);
    if (!S_ISREG(sb.st_mode))
        return vx_fail(err, VX_EINVAL, "%s is no regular file; give -o another name", path);
    if (!overwrite)
        return vx_fail(err, VX_EINVAL, "%s exists; give -o another name, or --overwrite to replace it", path);
    return VX_OK;
}

/* Whether the file at path begins with these bytes, or is empty. */
static bool begins_with(const char *path, const char *begin)
{
    const size_t len = strlen(begin);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    char head[32];

    assert(len <= sizeof head);
    const ssize_t n = fd < 0 ? -1 : read(fd, head, len);
    if (fd >= 0)
        close(fd);
    return n == 0 || (n == (ssize_t)len && memcmp(head, begin, len) == 0);
}

enum vx_status vx_outfile_kind(const char *path, bool overwrite, const char *begin, const char *kind, struct vx_err *err)
{
    const enum vx_status rc = vx_outfile_free(path, overwrite, err);

    if (rc != VX_OK || access(path, F_OK) != 0 || begins_with(path, begin))
        return rc;
    return vx_fail(err, VX_EINVAL, "%s exists and is no %s: will not overwrite it", path, kind);
}

enum vx_status vx_outfile_picture(const char *path, const char *input, struct vx_err *err)
{
    struct stat a, b;

    if (stat(path, &a) == 0 && stat(input, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino)
        return vx_fail(err, VX_EINVAL, "-o %s is the input itself; give another name", path);
    return vx_outfile_kind(path, true, "\x89PNG\r\n\x1a\n", "PNG", err);
}

enum vx_status vx_outfile_writable(const char *path, struct vx_err *err)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    char *probe = NULL;
    enum vx_status rc;
    int fd;

    if (!folder || asprintf(&probe, "%s.tmp.%ld", path, (long)getpid()) < 0) {
        probe = NULL;
        rc = vx_fail_nomem(err, "a path");
    } else if ((rc = vx_file_mkdirs(folder, err)) == VX_OK) {
        if ((fd = open(probe, O_WRONLY | O_CREAT | O_CLOEXEC, 0666)) < 0) {
            rc = vx_fail_sys(err, "%s cannot be written: create %s", path, probe);
        } else {
            close(fd);
            unlink(probe);
        }
    }
    free(folder);
    free(probe);
    return rc;
}
