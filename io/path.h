/* path.h - opening by path, whatever its length
 * The kernel takes paths of less than PATH_MAX (4096) bytes; a deep tree has longer ones. Nothing here blocks on a FIFO
 * or makes a terminal ours. */
#ifndef VX_IO_PATH_H
#define VX_IO_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

/* A descriptor for reading (O_CLOEXEC, O_NONBLOCK, O_NOCTTY and `flags` on top), or -1 with errno. The caller closes. */
int vx_path_open(const char *path, int flags);
/* How files are opened: vx_path_open(path, 0), unless `open` says otherwise; a decoder process may open nothing itself and is
 * handed its descriptors. Same answer: a descriptor, the caller's to close, or -1 with errno. */
struct vx_opener {
    int (*open)(void *user, const char *path); /* NULL: vx_path_open */
    void *user;
};
int vx_opener_open(const struct vx_opener *opener, const char *path);
/* pread(2), again when interrupted. Leaves the file's offset behind what was read: who has handed the descriptor to a decoder
 * process sees there how far that has come. */
ssize_t vx_path_pread(int fd, void *out, size_t n, int64_t at);

/* stat(2): links are followed. 0, or -1 with errno. */
int vx_path_stat(const char *path, struct stat *sb);

bool vx_path_is_url(const char *path); /* "http://…", "s3://…": a scheme, then "://" */

/* "a directory", "a FIFO"…, for messages: what mode says when it is no regular file. */
const char *vx_path_type(mode_t mode);

#endif
