/* outfile.h - whether an output can be written, asked before the work instead of after it */
#ifndef VX_JOBS_OUTFILE_H
#define VX_JOBS_OUTFILE_H

#include "base/err.h"

#include <stdbool.h>

/* VX_EINVAL: path is empty, a folder or something else that is no file, or exists where overwriting was not asked for. */
enum vx_status vx_outfile_free(const char *path, bool overwrite, struct vx_err *err) VX_CHECKED;
/* For a file of a kind that begins with `begin` ("{"): VX_EINVAL as above, and where something else would be overwritten, such as the
 * database itself; an empty file may be. kind is for people: "report". */
enum vx_status vx_outfile_kind(const char *path, bool overwrite, const char *begin, const char *kind, struct vx_err *err) VX_CHECKED;
/* For a picture made of input: as vx_outfile_kind for PNG, and VX_EINVAL where path is input itself. */
enum vx_status vx_outfile_picture(const char *path, const char *input, struct vx_err *err) VX_CHECKED;
/* Makes the folder that path lies in and tries to write there; leaves nothing but folders. VX_ESYS: not possible. */
enum vx_status vx_outfile_writable(const char *path, struct vx_err *err) VX_CHECKED;

#endif
