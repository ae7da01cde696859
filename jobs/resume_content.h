/* resume_content.h - which contents earlier attempts have scored already (--dedupe)
 * An item that an earlier attempt left to another one with the same content is done if that one is; else it is worked on again. */
#ifndef VX_JOBS_RESUME_CONTENT_H
#define VX_JOBS_RESUME_CONTENT_H

#include "jobs/rundir.h"
#include "mpi/claims.h"
#include "mpi/lease.h"

/* After vx_resume_open(), which has marked what has a result of its own, and before anything is handed out. Fills claims. */
enum vx_status vx_resume_content(const struct vx_rundir *rundir, struct vx_claims *claims, struct vx_leases *leases,
                                 struct vx_err *err) VX_CHECKED;

#endif
