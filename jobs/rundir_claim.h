/* rundir_claim.h - run.txt of a work folder, for rundir.c
 * Whose the folder is: uuid, start, fingerprint and what it was taken of, working directory, inputs. */
#ifndef VX_JOBS_RUNDIR_CLAIM_H
#define VX_JOBS_RUNDIR_CLAIM_H

#include "jobs/rundir.h"

#define VX_RUN_FILE "run.txt"
#define VX_PROGRESS_FILE "progress.txt" /* jobs/progress_file.h */

/* Says in run.txt whose the folder is, if what it says already agrees; see vx_rundir_open(). */
enum vx_status vx_rundir_claim(struct vx_rundir *dir, struct vx_scan_record *record, const char *const *inputs, size_t n_inputs,
                               struct vx_err *err) VX_CHECKED;
/* Whether what the folder holds is this user's scan of these inputs, or nothing, and may be deleted. */
enum vx_status vx_rundir_may_clear(const struct vx_rundir *dir, const char *const *inputs, size_t n_inputs,
                                   struct vx_err *err) VX_CHECKED;
/* When the first attempt of the folder's run began. VX_EINVAL: it is no work folder. */
enum vx_status vx_rundir_started(const char *path, char started[25], struct vx_err *err) VX_CHECKED;

#endif
