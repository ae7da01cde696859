/* result.h - opening what scan or merge wrote, for reading, and telling it from everything else */
#ifndef VX_DB_RESULT_H
#define VX_DB_RESULT_H

#include "db/sqlite.h"

/* On success *out is the caller's to close. VX_EINVAL: path is something else (says what, and what to do). */
enum vx_status vx_result_open(struct vx_sql **out, const char *path, struct vx_err *err) VX_CHECKED;

#endif
