/* submit_script.h - the batch scripts of a submitted scan: the values of slurm/scan.sbatch.in and slurm/merge.sbatch.in */
#ifndef VX_JOBS_SUBMIT_SCRIPT_H
#define VX_JOBS_SUBMIT_SCRIPT_H

#include "base/buf.h"
#include "jobs/site.h"
#include "jobs/submit_options.h"

struct vx_submit {
    const struct vx_submit_options *options;
    struct vx_site site;    /* options of the command line among them */
    char *program;          /* owned: this program's file */
    char *templates;        /* owned: the folder they lie in */
    char *folder;           /* owned: the working directory */
    char *work, *job;       /* owned: the work folder and WORK/job, absolute */
};

/* Reads the site file and finds the rest. VX_EINVAL also for a work folder whose name Slurm cannot take as a log's.
 * Free with vx_submit_free in any case. */
enum vx_status vx_submit_prepare(struct vx_submit *s, const struct vx_submit_options *o, struct vx_err *err) VX_CHECKED;
void vx_submit_free(struct vx_submit *s);

/* Appends the scan's script, or the merge's, to out. */
enum vx_status vx_submit_scan_script(const struct vx_submit *s, struct vx_buf *out, struct vx_err *err) VX_CHECKED;
enum vx_status vx_submit_merge_script(const struct vx_submit *s, struct vx_buf *out, struct vx_err *err) VX_CHECKED;

#endif
