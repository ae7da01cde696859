/* file.h - whole small files, paths, and replacing a file in one step */
#ifndef VX_BASE_FILE_H
#define VX_BASE_FILE_H

#include "base/err.h"

#include <stddef.h>

/* The whole of a regular file, NUL-terminated, the caller's to free; *len without the NUL.
 * VX_ESYS: cannot open or read. VX_ELIMIT: larger than max bytes. */
enum vx_status vx_file_read(const char *path, size_t max, char **out, size_t *len, struct vx_err *err) VX_CHECKED;

/* Write len bytes to path by way of a temporary file beside it, fsync and rename: readers see the old
 * content or the new, never a part. */
enum vx_status vx_file_write(const char *path, const void *data, size_t len, struct vx_err *err) VX_CHECKED;

/* The entry of path in its folder to disk, so that a rename outlives a power cut. A file system that cannot be asked for
 * this is passed over. */
enum vx_status vx_file_sync_folder(const char *path, struct vx_err *err) VX_CHECKED;

/* dir + "/" + name, the caller's to free; NULL: no memory. */
char *vx_file_join(const char *dir, const char *name);

/* Create dir and its missing parents, mode 0777 less umask. An existing directory is fine.
 * VX_EINVAL: an empty name. */
enum vx_status vx_file_mkdirs(const char *dir, struct vx_err *err) VX_CHECKED;

#endif
