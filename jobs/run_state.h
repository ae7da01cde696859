/* run_state.h - the state of a run, from its work folder: what `voxtrawl status` tells
 * Reads only, and never disturbs a scan that runs. */
#ifndef VX_JOBS_RUN_STATE_H
#define VX_JOBS_RUN_STATE_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum vx_run_phase {
    VX_RUN_RUNNING,
    VX_RUN_COMPLETE,    /* and kept with --keep-work */
    VX_RUN_STOPPED,     /* by a signal */
    VX_RUN_FAILED,
    VX_RUN_INTERRUPTED, /* killed, or its machine died */
};

struct vx_run_state {
    enum vx_run_phase phase;
    char started[25];      /* of the first attempt */
    int attempt;           /* the latest one; 0: none has come so far */
    int exit_status;       /* rank 0's; -1: none was left */
    int64_t items, done, failed, before; /* failed are done; before: by earlier attempts, while running */
    bool listing;          /* items still grows, or the listing was cut off */
    double windows_per_s, items_per_s, eta_s; /* while running; eta < 0: not known */
    int ranks, lost;       /* while running: at work, lost */
    char host[256];        /* of rank 0, "" when not known */
    int pid;
    double heard_s;        /* since its last heartbeat; < 0: none */
};

/* VX_EINVAL: no work folder. Errors of single shards (one that is still locked) are left in *note, "" for none, and what they
 * hold is not counted. */
enum vx_status vx_run_state_read(struct vx_run_state *state, const char *work, struct vx_err *note, struct vx_err *err) VX_CHECKED;

void vx_run_state_print(const struct vx_run_state *state, const char *work, FILE *to);
void vx_run_state_json(const struct vx_run_state *state, const char *work, struct vx_buf *out); /* the members of an object */

#endif
