/* progress_file.h - progress.txt of a work folder: how far a scan is, said every few seconds by rank 0
 * Shards are locked while they are written, so this is how anybody else learns of a scan that runs. */
#ifndef VX_JOBS_PROGRESS_FILE_H
#define VX_JOBS_PROGRESS_FILE_H

#include "base/err.h"
#include "mpi/coordinator.h"

#include <stdint.h>

struct vx_progress_note {
    int64_t updated; /* seconds since 1970: the heartbeat */
    int attempt, pid;
    char host[256];
    struct vx_coordinator_state state;
};

/* Failures are passed over: it is news, not a result. */
void vx_progress_note_write(const char *work, const struct vx_progress_note *note);
/* VX_ESYS: there is none. VX_EFORMAT: not written by this version. */
enum vx_status vx_progress_note_read(struct vx_progress_note *note, const char *work, struct vx_err *err) VX_CHECKED;

#endif
