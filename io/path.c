#include "io/path.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

static void close_dir(int dir)
{
    const int saved = errno;

    if (dir != AT_FDCWD)
        close(dir);
    errno = saved;
}

int vx_path_open(const char *path, int flags)
{
    int dir = AT_FDCWD, fd = -1;
    char piece[PATH_MAX];

    /* as much of the path as one call takes, then on from there */
    while (strlen(path) >= PATH_MAX) {
        size_t cut = PATH_MAX - 1;
        while (cut > 0 && path[cut] != '/')
            cut--;
        if (cut == 0) {
            errno = ENAMETOOLONG;
            goto done;
        }
        memcpy(piece, path, cut);
        piece[cut] = '\0';
        fd = openat(dir, piece, O_PATH | O_DIRECTORY | O_CLOEXEC);
        close_dir(dir);
        if (fd < 0)
            return -1;
        dir = fd;
        path += cut;
        while (*path == '/')
            path++;
    }
    if (*path == '\0' && dir != AT_FDCWD)
        path = "."; /* it ended in slashes */
    fd = openat(dir, path, flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
done:
    close_dir(dir);
    return fd;
}

int vx_opener_open(const struct vx_opener *opener, const char *path)
{
    return opener->open ? opener->open(opener->user, path) : vx_path_open(path, 0);
}

ssize_t vx_path_pread(int fd, void *out, size_t n, int64_t at)
{
    ssize_t got;

    do
        got = pread(fd, out, n, at);
    while (got < 0 && errno == EINTR);
    if (got > 0)
        (void)lseek(fd, at + got, SEEK_SET);
    return got;
}

int vx_path_stat(const char *path, struct stat *sb)
{
    int fd, rc;

    if (strlen(path) < PATH_MAX)
        return stat(path, sb);
    if ((fd = vx_path_open(path, O_PATH)) < 0)
        return -1;
    rc = fstat(fd, sb);
    close(fd);
    return rc;
}

bool vx_path_is_url(const char *path)
{
    const char *p = path;

    while (isalnum((unsigned char)*p) || *p == '+' || *p == '.' || *p == '-')
        p++;
    return p > path && strncmp(p, "://", 3) == 0;
}

const char *vx_path_type(mode_t mode)
{
    if (S_ISDIR(mode))
        return "a directory";
    if (S_ISFIFO(mode))
        return "a FIFO";
    if (S_ISSOCK(mode))
        return "a socket";
    if (S_ISCHR(mode) || S_ISBLK(mode))
        return "a device";
    return "no regular file";
}
