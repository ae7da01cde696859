/* slurm.h - the queue: sbatch, and what squeue says of a run's jobs
 * Which jobs belong to a run stands in WORK/job/jobs.txt, a line each: KIND ID. */
#ifndef VX_JOBS_SLURM_H
#define VX_JOBS_SLURM_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdio.h>

#define VX_SLURM_JOBS 2 /* of a run at most: the scan and the merge */

struct vx_slurm_job {
    char kind[8]; /* "scan", "merge" */
    char id[32];  /* digits */
};

/* Hands script to sbatch; after: an id that it waits for, in whatever way that ends, or NULL. *job gets kind and id.
 * VX_EUNSUPPORTED: no sbatch here. VX_ESYS: sbatch refuses, with its words. */
enum vx_status vx_slurm_submit(const char *script, const char *kind, const char *after, struct vx_slurm_job *job,
                               struct vx_err *err) VX_CHECKED;

/* The jobs of the run in work folder `work`, [VX_SLURM_JOBS]; *n 0: it was not submitted. */
enum vx_status vx_slurm_read(const char *work, struct vx_slurm_job *jobs, int *n, struct vx_err *err) VX_CHECKED;
enum vx_status vx_slurm_write(const char *work, const struct vx_slurm_job *jobs, int n, struct vx_err *err) VX_CHECKED;

struct vx_slurm_state {
    bool known;      /* Slurm knows the job (it forgets one some minutes after its end) */
    bool ended;      /* no task of it waits or runs */
    int tasks;       /* of an array; else 1 */
    char text[512];  /* "RUNNING, 3:12:44 left", "PENDING (Resources)", "2 RUNNING, 1 PENDING (Priority), 0:10 left" */
};

/* What squeue prints with -o '%i|%T|%r|%L', a line a task: pure. Lines that are something else are passed over. */
void vx_slurm_parse(const char *squeue, struct vx_slurm_state *state);
/* Asks squeue. VX_EUNSUPPORTED: there is none here. VX_ESYS: it does not answer, or fails, with its words. A job that Slurm
 * does not know is no error. */
enum vx_status vx_slurm_state(const char *id, struct vx_slurm_state *state, struct vx_err *err) VX_CHECKED;

/* Of the run in `work`, a line for each of its jobs ("job       123: RUNNING, 3:12:44 left"); returns how many. Where squeue
 * is absent or fails, the line says so. */
int vx_slurm_print(const char *work, FILE *to);
/* The same as a member of a JSON object, "jobs": [{"kind": "scan", "id": "123", "state": "RUNNING, 3:12:44 left"}]; returns how
 * many. What keeps the jobs from being read is "jobs_error". */
int vx_slurm_json(const char *work, struct vx_buf *json);

#endif
