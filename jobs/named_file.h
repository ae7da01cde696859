/* named_file.h - one recording or picture named on the command line, opened to be looked at (inspect, bench) */
#ifndef VX_JOBS_NAMED_FILE_H
#define VX_JOBS_NAMED_FILE_H

#include "base/err.h"
#include "base/item.h"
#include "io/source.h"

struct vx_named_file {
    struct vx_item item;       /* owned */
    struct vx_reader *reader;  /* owned */
    struct vx_source *source;  /* borrowed of reader, at its start */
};

/* Errors name the path. VX_EINVAL: a folder, an archive or a list of files, which scan takes and these commands do not. */
enum vx_status vx_named_file_open(struct vx_named_file *file, const char *path, struct vx_err *err) VX_CHECKED;
void vx_named_file_close(struct vx_named_file *file); /* zeroed is fine */

#endif
