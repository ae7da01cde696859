#include "jobs/outfile.h"
#include "base/file.h"

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
