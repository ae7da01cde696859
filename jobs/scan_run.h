/* scan_run.h - one rank's scan: what scan.c has made ready, and the two halves that work with it
 * Rank 0 leads, in its main thread, and works in a thread beside; every other rank works in its main thread. */
#ifndef VX_JOBS_SCAN_RUN_H
#define VX_JOBS_SCAN_RUN_H

#include "base/joules.h"
#include "base/log.h"
#include "jobs/command.h"
#include "jobs/rundir.h"
#include "jobs/scan_options.h"
#include "jobs/scan_record.h"
#include "jobs/scanner.h"
#include "io/nursery.h"
#include "mpi/link.h"
#include "mpi/world.h"

#include <stdatomic.h>

struct vx_scan {
    const struct vx_command *self;
    struct vx_world world;
    struct vx_scan_options options;
    struct vx_log *log;
    struct vx_scanner scanner;
    struct vx_scan_record record;
    struct vx_rundir rundir; /* rank 0 */
    char *work;              /* owned: path of the work folder */
    char precision[8];       /* as rank 0 says it, of the other ranks */
    int attempt;             /* 1, 2, … of this run */
    double started_at;       /* vx_clock_now() */
    struct vx_joules *meter; /* of the host, in the first of its ranks; else NULL */
    atomic_bool *stop;       /* borrowed: set by a signal */
    struct vx_hub *hub;      /* rank 0: to the other ranks, from the first lease to the end of the process; else NULL */
    struct vx_link *link;    /* to the hub, of rank 0 its own worker's */
    bool deserted;           /* rank 0 is gone, so MPI can no longer be ended together */
    struct vx_nursery *nursery; /* of decoder processes; NULL: threads decode */
    bool sandbox;               /* they are in one */
};

/* Rank 0, once the plan is shared: lists, hands out, merges, sums up. Returns the exit status; errors are said. */
int vx_scan_lead(struct vx_scan *scan);

int vx_scan_decoders(const struct vx_scan *scan); /* processes or threads of this rank that decode */

/* Shard, pipeline and worker loop. An error has been told to the coordinator over link. */
enum vx_status vx_scan_work(struct vx_scan *scan, struct vx_link *link, struct vx_err *err) VX_CHECKED;

#endif
