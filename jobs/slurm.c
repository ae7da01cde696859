#include "jobs/slurm.h"
#include "base/file.h"
#include "base/spawn.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOBS_FILE "job/jobs.txt"
#define JOBS_MAX 4096
#define SBATCH_SECONDS 120 /* a busy controller takes its time */
#define SQUEUE_SECONDS 20
#define STATES_MAX 8 /* different states of the tasks of an array that are told */

enum vx_status vx_slurm_submit(const char *script, const char *kind, const char *after, struct vx_slurm_job *job,
                               struct vx_err *err)
{
    char dependency[64];
    const char *argv[6] = {"sbatch", "--parsable"};
    struct vx_spawned said;
    enum vx_status rc;
    int n = 2;

    *job = (struct vx_slurm_job){0};
    snprintf(job->kind, sizeof job->kind, "%s", kind);
    if (after) {
        snprintf(dependency, sizeof dependency, "--dependency=afterany:%s", after);
        argv[n++] = dependency;
    }
    argv[n++] = "--";
    argv[n] = script;
    rc = vx_spawn(argv, SBATCH_SECONDS, &said, err);
    if (rc == VX_OK && said.status != 0)
        rc = vx_fail(err, VX_ESYS, "sbatch refuses %s: %s", script, vx_spawned_says(&said));
    else if (rc == VX_OK && sscanf(said.out.data, "%31[0-9]", job->id) != 1) /* ID or ID;CLUSTER */
        rc = vx_fail(err, VX_ESYS, "sbatch took %s, but gave no job id: \"%s\"", script, vx_spawned_says(&said));
    vx_spawned_free(&said);
    return rc;
}

enum vx_status vx_slurm_read(const char *work, struct vx_slurm_job *jobs, int *n, struct vx_err *err)
{
    char *path = vx_file_join(work, JOBS_FILE), *text = NULL, *rest;
    enum vx_status rc = VX_OK;
    size_t len;

    *n = 0;
    if (!path)
        return vx_fail_nomem(err, "a path");
    if (access(path, F_OK) == 0)
        rc = vx_file_read(path, JOBS_MAX, &text, &len, err);
    rest = text;
    for (char *line; rc == VX_OK && rest && *rest && (line = strsep(&rest, "\n"));) {
        int end = 0;
        if (*n == VX_SLURM_JOBS || sscanf(line, "%7[a-z] %31[0-9]%n", jobs[*n].kind, jobs[*n].id, &end) != 2 || line[end])
            rc = vx_fail(err, VX_EFORMAT, "%s: expected at most %d lines KIND JOBID, got \"%s\"", path, VX_SLURM_JOBS, line);
        else
            ++*n;
    }
    free(text);
    free(path);
    return rc;
}

enum vx_status vx_slurm_write(const char *work, const struct vx_slurm_job *jobs, int n, struct vx_err *err)
{
    char *path = vx_file_join(work, JOBS_FILE);
    struct vx_buf b = {0};
    enum vx_status rc;

    for (int i = 0; i < n; i++)
        vx_buf_fmt(&b, "%s %s\n", jobs[i].kind, jobs[i].id);
    rc = !path || b.failed ? vx_fail_nomem(err, "a path") : vx_file_write(path, b.len ? b.data : "", b.len, err);
    vx_buf_free(&b);
    free(path);
    return rc;
}

struct tally { /* the tasks of a job that are in one state for one reason */
    char state[32], reason[64];
    int n;
};

static bool has_ended(const char *state)
{
    static const char *const going[] = {"PENDING",  "RUNNING", "COMPLETING",   "CONFIGURING",  "SUSPENDED",
                                        "STOPPED",  "RESIZING", "STAGE_OUT",   "SIGNALING",    "REQUEUED",
                                        "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT", "RESV_DEL_HOLD"};

    for (size_t i = 0; i < sizeof going / sizeof *going; i++)
        if (strcmp(state, going[i]) == 0)
            return false;
    return true;
}

static void count(struct tally *tallies, int *n, const char *state, const char *reason)
{
    for (int i = 0; i < *n; i++)
        if (strcmp(tallies[i].state, state) == 0 && strcmp(tallies[i].reason, reason) == 0) {
            tallies[i].n++;
            return;
        }
    if (*n == STATES_MAX)
        return;
    snprintf(tallies[*n].state, sizeof tallies[*n].state, "%s", state);
    snprintf(tallies[*n].reason, sizeof tallies[*n].reason, "%s", reason);
    tallies[(*n)++].n = 1;
}

static void describe(const struct tally *tallies, int n, const char *left, struct vx_slurm_state *state)
{
    size_t at = 0;

    for (int i = 0; i < n && at < sizeof state->text; i++) {
        const struct tally *t = &tallies[i];
        const bool reason = *t->reason && strcmp(t->reason, "None") != 0 && !has_ended(t->state);
        if (state->tasks > 1)
            at += (size_t)snprintf(state->text + at, sizeof state->text - at, "%s%d %s", i ? ", " : "", t->n, t->state);
        else
            at += (size_t)snprintf(state->text + at, sizeof state->text - at, "%s", t->state);
        if (reason && at < sizeof state->text)
            at += (size_t)snprintf(state->text + at, sizeof state->text - at, " (%s)", t->reason);
    }
    if (*left && at < sizeof state->text)
        snprintf(state->text + at, sizeof state->text - at, ", %s left", left);
}

void vx_slurm_parse(const char *squeue, struct vx_slurm_state *state)
{
    struct tally tallies[STATES_MAX];
    char left[32] = "", word[32], why[64], time[32];
    int n = 0;

    *state = (struct vx_slurm_state){.ended = true};
    for (const char *at = squeue; at; at = strchr(at, '\n'), at = at ? at + 1 : NULL) {
        if (sscanf(at, "%*[0-9_]|%31[A-Z_]|%63[^|\n]|%31[^|\n]", word, why, time) != 3)
            continue;
        state->known = true;
        state->tasks++;
        state->ended = state->ended && has_ended(word);
        count(tallies, &n, word, why);
        if (strcmp(word, "RUNNING") == 0 && strspn(time, "0123456789:-") == strlen(time))
            snprintf(left, sizeof left, "%s", time); /* of tasks that run, the last */
    }
    describe(tallies, n, left, state);
}

enum vx_status vx_slurm_state(const char *id, struct vx_slurm_state *state, struct vx_err *err)
{
    const char *const argv[] = {"squeue", "--noheader", "--array", "--states=all", "--format=%i|%T|%r|%L", "--jobs", id, NULL};
    struct vx_spawned said;
    enum vx_status rc = vx_spawn(argv, SQUEUE_SECONDS, &said, err);

    *state = (struct vx_slurm_state){.ended = true};
    if (rc == VX_OK && said.status == 0)
        vx_slurm_parse(said.out.data, state);
    else if (rc == VX_OK && !strstr(said.err.data, "Invalid job id"))
        rc = vx_fail(err, VX_ESYS, "squeue: %s", vx_spawned_says(&said));
    vx_spawned_free(&said);
    return rc;
}

/* What is known of a job, in words; err and state hold them. */
static const char *job_words(const char *id, struct vx_slurm_state *state, struct vx_err *err)
{
    const enum vx_status rc = vx_slurm_state(id, state, err);

    return rc == VX_EUNSUPPORTED ? "no squeue here that could tell of it"
           : rc != VX_OK         ? err->text
           : state->known        ? state->text
                                 : "has ended, Slurm does not know of it any more";
}

int vx_slurm_print(const char *work, FILE *to)
{
    struct vx_slurm_job jobs[VX_SLURM_JOBS];
    struct vx_slurm_state state;
    struct vx_err err;
    int n;

    if (vx_slurm_read(work, jobs, &n, &err) != VX_OK) {
        fprintf(to, "job       %s\n", err.text);
        return 0;
    }
    for (int i = 0; i < n; i++)
        fprintf(to, "%-10s%s: %s\n", strcmp(jobs[i].kind, "scan") == 0 ? "job" : jobs[i].kind, jobs[i].id,
                job_words(jobs[i].id, &state, &err));
    return n;
}

int vx_slurm_json(const char *work, struct vx_buf *json)
{
    struct vx_slurm_job jobs[VX_SLURM_JOBS];
    struct vx_slurm_state state;
    struct vx_err err;
    int n;

    if (vx_slurm_read(work, jobs, &n, &err) != VX_OK) {
        vx_buf_str(json, "\"jobs_error\": ");
        vx_buf_json(json, err.text);
        return 0;
    }
    vx_buf_str(json, "\"jobs\": [");
    for (int i = 0; i < n; i++) {
        vx_buf_fmt(json, "%s{\"kind\": \"%s\", \"id\": \"%s\", \"state\": ", i ? ", " : "", jobs[i].kind, jobs[i].id);
        vx_buf_json(json, job_words(jobs[i].id, &state, &err));
        vx_buf_str(json, "}");
    }
    vx_buf_str(json, "]");
    return n;
}
