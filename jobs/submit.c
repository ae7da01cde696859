/* submit.c - voxtrawl submit: the same scan, as a Slurm job
 * The script is saved with the run and given to sbatch from there, so what ran can be looked up, changed and run again. */
#include "base/file.h"
#include "jobs/command.h"
#include "jobs/outfile.h"
#include "jobs/render.h"
#include "jobs/slurm.h"
#include "jobs/submit_script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAUNCH_MAX ((size_t)1 << 20)

/* A run has one job at a time: a second one would wait for the first one's lock, and fail. */
static enum vx_status refuse_second(const char *work, struct vx_err *err)
{
    struct vx_slurm_job jobs[VX_SLURM_JOBS];
    struct vx_slurm_state state;
    enum vx_status rc;
    int n;

    if ((rc = vx_slurm_read(work, jobs, &n, err)) != VX_OK)
        return rc;
    for (int i = 0; i < n; i++) {
        if ((rc = vx_slurm_state(jobs[i].id, &state, err)) != VX_OK)
            return vx_err_prefix(err, "%s belongs to job %s, and whether that has ended cannot be told", work, jobs[i].id);
        if (state.known && !state.ended)
            return vx_fail(err, VX_EINVAL,
                           "%s belongs to job %s, which has not ended: %s; wait for it, or end it with scancel %s", work,
                           jobs[i].id, state.text, jobs[i].id);
    }
    return VX_OK;
}

/* Writes WORK/job/NAME; *path is the caller's to free. */
static enum vx_status save(const struct vx_submit *s, const char *name, const struct vx_buf *text, char **path,
                           struct vx_err *err)
{
    *path = vx_file_join(s->job, name);
    return *path ? vx_file_write(*path, text->data, text->len, err) : vx_fail_nomem(err, "a path");
}

/* launch.sh, so that a queued job does not depend on what becomes of the installation's. */
static enum vx_status copy_launcher(const struct vx_submit *s, struct vx_err *err)
{
    char *from = vx_file_join(s->templates, "launch.sh"), *to = NULL;
    struct vx_buf text = {0};
    enum vx_status rc;

    if (!from)
        return vx_fail_nomem(err, "a path");
    if ((rc = vx_file_read(from, LAUNCH_MAX, &text.data, &text.len, err)) == VX_OK)
        rc = save(s, "launch.sh", &text, &to, err);
    free(text.data);
    free(from);
    free(to);
    return rc;
}

/* What to do next. The numbers alone go to stdout. */
static void tell(const struct vx_submit *s, const struct vx_slurm_job *jobs, int n)
{
    const struct vx_submit_options *o = s->options;
    const char *scan = jobs[0].id, *merge = n > 1 ? jobs[1].id : "";
    struct vx_buf work = {0};

    for (int i = 0; i < n; i++)
        printf("%s\n", jobs[i].id);
    fflush(stdout);
    fprintf(stderr, "voxtrawl submit: job %s, ", scan);
    if (o->parts)
        fprintf(stderr, "%ld parts, each of ", o->parts);
    fprintf(stderr, "%ld node%s and %ld rank%s%s", o->nodes, o->nodes == 1 ? "" : "s", o->ranks, o->ranks == 1 ? "" : "s",
            o->gpus ? " with a GPU each" : "");
    if (n > 1)
        fprintf(stderr, "; job %s merges them", merge);
    vx_quote_shell(&work, s->work);
    fprintf(stderr, "\n  result    %s\n  state     voxtrawl status %s\n  log       %s/%s%s.log\n", o->scan.out,
            work.failed ? "" : work.data, s->job, scan, o->parts ? "_PART" : "");
    fprintf(stderr, "  cancel    scancel %s%s%s (what is done is kept: the same voxtrawl submit goes on from there)\n", scan,
            n > 1 ? " " : "", merge);
    vx_buf_free(&work);
}

static enum vx_status submit(const struct vx_submit *s, const struct vx_buf *scan, const struct vx_buf *merge, struct vx_err *err)
{
    struct vx_slurm_job jobs[VX_SLURM_JOBS];
    char *scan_path = NULL, *merge_path = NULL;
    enum vx_status rc;
    int n = 0;

    if ((rc = refuse_second(s->work, err)) != VX_OK || (rc = vx_file_mkdirs(s->job, err)) != VX_OK ||
        (rc = copy_launcher(s, err)) != VX_OK || (rc = save(s, "scan.sbatch", scan, &scan_path, err)) != VX_OK ||
        (s->options->parts && (rc = save(s, "merge.sbatch", merge, &merge_path, err)) != VX_OK) ||
        (rc = vx_slurm_submit(scan_path, "scan", NULL, &jobs[0], err)) != VX_OK)
        goto done;
    n = 1;
    if (s->options->parts) {
        rc = vx_slurm_submit(merge_path, "merge", jobs[0].id, &jobs[1], err);
        if (rc == VX_OK)
            n = 2;
        else
            vx_err_prefix(err, "job %s scans, but the one that merges its parts is missing (sbatch --dependency=afterany:%s %s)",
                          jobs[0].id, jobs[0].id, merge_path);
    }
    if (rc == VX_OK)
        rc = vx_slurm_write(s->work, jobs, n, err);
    else
        (void)!vx_slurm_write(s->work, jobs, n, NULL); /* what went wrong first is what is told */
    tell(s, jobs, n);
done:
    free(scan_path);
    free(merge_path);
    return rc;
}

/* What would fail on the cluster, hours later. */
static enum vx_status check(const struct vx_submit_options *o, struct vx_err *err)
{
    enum vx_status rc = vx_outfile_free(o->scan.out, o->scan.overwrite, err);

    if (rc == VX_OK && !o->dry_run)
        rc = vx_outfile_writable(o->scan.out, err);
    for (int i = 0; rc == VX_OK && i < o->scan.n_inputs; i++)
        if (access(o->scan.inputs[i], R_OK) != 0) /* an archive that only the nodes see is no mistake */
            fprintf(stderr, "voxtrawl submit: warning: %s cannot be read here: %s\n", o->scan.inputs[i], strerror(errno));
    return rc;
}

int vx_cmd_submit(const struct vx_command *self, int argc, char **argv)
{
    struct vx_buf scan = {0}, merge = {0};
    struct vx_submit_options options;
    struct vx_submit s = {0};
    struct vx_err err;
    enum vx_status rc;
    int status = vx_submit_options_parse(&options, self, argc, argv);

    if (status >= 0)
        goto done;
    if ((rc = check(&options, &err)) == VX_OK && (rc = vx_submit_prepare(&s, &options, &err)) == VX_OK &&
        (rc = vx_submit_scan_script(&s, &scan, &err)) == VX_OK && options.parts)
        rc = vx_submit_merge_script(&s, &merge, &err);
    if (rc == VX_OK && options.dry_run)
        printf("%s%s", scan.data, merge.data ? merge.data : "");
    else if (rc == VX_OK)
        rc = submit(&s, &scan, &merge, &err);
    status = rc == VX_OK ? VX_EXIT_OK : vx_command_fail(self, &err);
done:
    vx_buf_free(&scan);
    vx_buf_free(&merge);
    vx_submit_free(&s);
    vx_submit_options_free(&options);
    return status;
}
