#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum vx_status vx_file_read(const char *path, size_t max, char **out, size_t *len, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    struct stat sb;
    char *data = NULL;
    size_t got = 0;
    int fd;

    *out = NULL;
    *len = 0;
    /* opening a pipe would wait for a writer */
    if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) < 0 || fstat(fd, &sb) < 0) {
        rc = vx_fail_sys(err, "open %s", path);
        goto done;
    }
    if (!S_ISREG(sb.st_mode)) {
        rc = vx_fail(err, VX_EINVAL, "%s: not a regular file", path);
        goto done;
    }
    if ((unsigned long long)sb.st_size > max) {
        rc = vx_fail(err, VX_ELIMIT, "%s: %lld bytes, the limit is %zu", path, (long long)sb.st_size, max);
        goto done;
    }
    data = malloc((size_t)sb.st_size + 1);
    if (!data) {
        rc = vx_fail_nomem(err, path);
        goto done;
    }
    while (got < (size_t)sb.st_size) {
        const ssize_t n = read(fd, data + got, (size_t)sb.st_size - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            rc = vx_fail_sys(err, "read %s", path);
            goto done;
        }
        if (n == 0)
            break;
        got += (size_t)n;
    }
    data[got] = '\0';
    *out = data;
    *len = got;
    data = NULL;
done:
    free(data);
    if (fd >= 0)
        close(fd);
    return rc;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        const ssize_t n = write(fd, data, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        data += n;
        len -= (size_t)n;
    }
    return 0;
}

enum vx_status vx_file_write(const char *path, const void *data, size_t len, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    char tmp[4200];
    int fd;

    if (snprintf(tmp, sizeof tmp, "%s.tmp.%ld", path, (long)getpid()) >= (int)sizeof tmp)
        return vx_fail(err, VX_EINVAL, "%s: path too long", path);
    if ((fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) < 0)
        return vx_fail_sys(err, "create %s", tmp);
    if (write_all(fd, data, len) < 0 || fsync(fd) < 0)
        rc = vx_fail_sys(err, "write %s", tmp);
    if (close(fd) < 0 && rc == VX_OK)
        rc = vx_fail_sys(err, "close %s", tmp);
    if (rc == VX_OK && rename(tmp, path) < 0)
        rc = vx_fail_sys(err, "rename %s to %s", tmp, path);
    if (rc != VX_OK)
        unlink(tmp);
    return rc;
}

enum vx_status vx_file_sync_folder(const char *path, struct vx_err *err)
{
    const char *const slash = strrchr(path, '/');
    char *const folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    enum vx_status rc = VX_OK;
    int fd;

    if (!folder)
        return vx_fail_nomem(err, "a path");
    if ((fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0 || (fsync(fd) < 0 && errno != EINVAL && errno != ENOTSUP))
        rc = vx_fail_sys(err, "sync folder %s", folder);
    if (fd >= 0)
        close(fd);
    free(folder);
    return rc;
}

char *vx_file_join(const char *dir, const char *name)
{
    const size_t d = strlen(dir), n = strlen(name);
    const int slash = d > 0 && dir[d - 1] != '/';
    char *path = malloc(d + n + 2);

    if (!path)
        return NULL;
    memcpy(path, dir, d);
    if (slash)
        path[d] = '/';
    memcpy(path + d + (size_t)slash, name, n + 1);
    return path;
}

enum vx_status vx_file_mkdirs(const char *dir, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    char *path = strdup(dir);
    struct stat sb;

    if (!path)
        return vx_fail_nomem(err, "a path");
    if (!*path) {
        free(path);
        return vx_fail(err, VX_EINVAL, "a folder needs a name, not an empty one");
    }
    for (char *p = path + 1; rc == VX_OK; p++) {
        const char saved = *p;
        if (saved != '/' && saved != '\0')
            continue;
        *p = '\0';
        if (mkdir(path, 0777) < 0 && (errno != EEXIST || stat(path, &sb) < 0 || !S_ISDIR(sb.st_mode))) {
            if (errno == EEXIST)
                errno = ENOTDIR;
            rc = vx_fail_sys(err, "create directory %s", path);
        }
        *p = saved;
        if (saved == '\0')
            break;
    }
    free(path);
    return rc;
}
