/* newfile.h - a file written bit by bit that appears under its name only when it is complete and on disk
 * Until then it lies beside it as NAME.part. base/file.h has the same for what is in memory. */
#ifndef VX_BASE_NEWFILE_H
#define VX_BASE_NEWFILE_H

#include "base/err.h"

#include <stdio.h>

struct vx_newfile { /* zero-initialise */
    FILE *to;       /* write here; NULL: nothing is open */
    char *path, *partial; /* owned */
};

enum vx_status vx_newfile_open(struct vx_newfile *f, const char *path, struct vx_err *err) VX_CHECKED;
/* VX_ESYS: something could not be written; a file that was there before is untouched. Ends f either way. */
enum vx_status vx_newfile_commit(struct vx_newfile *f, struct vx_err *err) VX_CHECKED;
/* The same, but for the disk: one of many files, which whoever writes them brings there together (syncfs). */
enum vx_status vx_newfile_publish(struct vx_newfile *f, struct vx_err *err) VX_CHECKED;
void vx_newfile_drop(struct vx_newfile *f); /* removes NAME.part; nothing open is fine */

#endif
