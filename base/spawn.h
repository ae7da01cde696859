/* spawn.h - runs another program to its end and keeps what it said
 * No shell in between: words arrive as they are. */
#ifndef VX_BASE_SPAWN_H
#define VX_BASE_SPAWN_H

#include "base/buf.h"
#include "base/err.h"

#define VX_SPAWN_MAX ((size_t)16 << 20) /* bytes kept of stdout, and of stderr; more is read and dropped */

struct vx_spawned {
    int status;             /* exit status, or 128 + the signal that ended it */
    struct vx_buf out, err; /* owned: its stdout and stderr, NUL-terminated even if empty */
};

/* Runs argv[0], looked up in PATH, with stdin from /dev/null, and waits for it. argv ends with NULL. *r may be
 * uninitialised; the caller frees it with vx_spawned_free, also after a failure. A program that ends with a status other
 * than 0 is no error here. VX_EUNSUPPORTED: there is no such program. VX_ESYS: it could not be run, or took longer than
 * `seconds` and was killed. */
enum vx_status vx_spawn(const char *const *argv, double seconds, struct vx_spawned *r, struct vx_err *err) VX_CHECKED;
void vx_spawned_free(struct vx_spawned *r);

/* The first line that the program said on stderr, or failing that on stdout; "" for none. Valid as long as r. Cuts its
 * text there. */
const char *vx_spawned_says(struct vx_spawned *r);

#endif
