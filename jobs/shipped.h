/* shipped.h - what comes with the program: found from where the program's file lies, so that an installation may be moved as
 * a whole */
#ifndef VX_JOBS_SHIPPED_H
#define VX_JOBS_SHIPPED_H

#include "base/err.h"

#include <stddef.h>

/* This program's own file. The caller's to free. */
enum vx_status vx_shipped_program(char **path, struct vx_err *err) VX_CHECKED;

/* The first of the folders places[n], each relative to the program's, that holds a file of that name. The caller's to free;
 * NULL: none does, or no memory. */
char *vx_shipped_folder(const char *const *places, size_t n, const char *file);

#endif
