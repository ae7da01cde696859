#include "jobs/submit_script.h"
#include "base/file.h"
#include "jobs/render.h"
#include "jobs/shipped.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEMPLATE_MAX ((size_t)1 << 20)
#define CPUS_OF_GPU 8 /* they decode the sound for one GPU, where neither user nor site say otherwise */
#define MPIRUN "mpirun --enable-recovery --bind-to none --mca plm_slurm_args --no-kill --mca odls_base_sigkill_timeout 30"
#define SRUN "srun --mpi=pmix --cpu-bind=none"

static const char *const places[] = {VX_SLURM_FROM_INSTALLED, VX_SLURM_FROM_BUILT};

static enum vx_status resolve(struct vx_submit *s, struct vx_err *err)
{
    const struct vx_submit_options *o = s->options;
    char *name = NULL;
    enum vx_status rc;

    if ((rc = vx_shipped_program(&s->program, err)) != VX_OK)
        return rc;
    if (!(s->templates = vx_shipped_folder(places, sizeof places / sizeof *places, "scan.sbatch.in")))
        return vx_fail(err, VX_ESYS, "the templates of batch scripts are missing; they belong to %s from %s",
                       VX_SLURM_FROM_INSTALLED, s->program);
    if (!(s->folder = getcwd(NULL, 0)))
        return vx_fail_sys(err, "name of the working directory");
    if (o->scan.work ? !(name = strdup(o->scan.work)) : asprintf(&name, "%s.work", o->scan.out) < 0)
        return vx_fail_nomem(err, "a path");
    if (name[0] == '/') {
        s->work = name;
    } else {
        s->work = vx_file_join(s->folder, name);
        free(name);
    }
    s->job = s->work ? vx_file_join(s->work, "job") : NULL;
    return s->job ? VX_OK : vx_fail_nomem(err, "a path");
}

/* Slurm reads the log's name from a line of the script, with patterns in it. */
static enum vx_status check_work(const char *work, struct vx_err *err)
{
    for (const char *c = work; *c; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f || *c == '\\')
            return vx_fail(err, VX_EINVAL,
                           "Slurm cannot write its log into a folder with a backslash or control characters in its name; give "
                           "--work another one");
    return VX_OK;
}

enum vx_status vx_submit_prepare(struct vx_submit *s, const struct vx_submit_options *o, struct vx_err *err)
{
    const char *site = o->site_file ? o->site_file : getenv("VOXTRAWL_SITE");
    enum vx_status rc;

    *s = (struct vx_submit){.options = o};
    if (site && *site && (rc = vx_site_read(&s->site, site, err)) != VX_OK)
        return rc;
    for (size_t i = 0; i < o->sbatch.n; i++)
        if ((rc = vx_site_add_option(&s->site, o->sbatch.at[i], err)) != VX_OK)
            return rc;
    if ((rc = resolve(s, err)) != VX_OK)
        return rc;
    return check_work(s->work, err);
}

void vx_submit_free(struct vx_submit *s)
{
    vx_site_free(&s->site);
    free(s->program);
    free(s->templates);
    free(s->folder);
    free(s->work);
    free(s->job);
    *s = (struct vx_submit){0};
}

/* The values of a script, and the text that had to be made for them. */
#define VALUES_MAX 40
struct values {
    struct vx_render_value at[VALUES_MAX + 1];
    struct vx_buf made[VALUES_MAX]; /* owned */
    size_t n;
};

static void put(struct values *v, const char *key, const char *text)
{
    if (v->n < VALUES_MAX)
        v->at[v->n++] = (struct vx_render_value){key, text};
}

/* A value that is made by adding to what this returns; render() takes it over. */
static struct vx_buf *make(struct values *v, const char *key)
{
    put(v, key, "");
    return &v->made[v->n - 1];
}

static void put_number(struct values *v, const char *key, long number) /* 0: none */
{
    if (number)
        vx_buf_fmt(make(v, key), "%ld", number);
    else
        put(v, key, NULL);
}

static void put_quoted(struct values *v, const char *key, const char *text) /* NULL: none */
{
    if (text)
        vx_quote_shell(make(v, key), text);
    else
        put(v, key, NULL);
}

/* "voxtrawl-NAME" of the result's name, in letters that Slurm's listings can show. */
static void put_name(struct values *v, const struct vx_submit_options *o, const char *suffix)
{
    const char *slash = strrchr(o->scan.out, '/'), *name = slash ? slash + 1 : o->scan.out;
    struct vx_buf *b = make(v, "NAME");

    if (o->name) {
        vx_buf_fmt(b, "%s%s", o->name, suffix);
        return;
    }
    vx_buf_str(b, "voxtrawl-");
    for (; *name; name++)
        vx_buf_add(b, (*name >= '0' && *name <= '9') || (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                              *name == '.' || *name == '-' ? name : "_", 1);
    vx_buf_str(b, suffix);
}

static void put_log(struct values *v, const struct vx_submit *s, const char *pattern)
{
    struct vx_buf path = {0}, *b = make(v, "LOG");

    vx_buf_fmt(&path, "%s/", s->job);
    if (!path.failed)
        vx_quote_log(b, path.data);
    b->failed = b->failed || path.failed;
    if (!b->failed)
        b->len--; /* the quote that ends it, behind the pattern */
    vx_buf_fmt(b, "%s\"", pattern);
    vx_buf_free(&path);
}

/* What both scripts have: who pays, where, and what makes the program run there. */
static void put_common(struct values *v, const struct vx_submit *s, bool gpus)
{
    const struct vx_submit_options *o = s->options;
    const struct vx_site *site = &s->site;

    put(v, "PARTITION", o->partition ? o->partition : gpus && site->gpu_partition ? site->gpu_partition : site->partition);
    put(v, "ACCOUNT", o->account ? o->account : site->account);
    put(v, "QOS", o->qos ? o->qos : site->qos);
    put(v, "TIME", o->time);
    put(v, "MEMORY", o->memory ? o->memory : site->memory);
    put(v, "SITE_OPTIONS", site->options.data);
    put(v, "SITE_SETUP", site->setup.data);
    if (site->scratch)
        vx_buf_fmt(make(v, "SCRATCH"), "\"%s\"", site->scratch);
    else
        put(v, "SCRATCH", NULL);
    put_quoted(v, "FOLDER", s->folder);
    put_quoted(v, "WORK", s->work);
    put_quoted(v, "PROGRAM", s->program);
    put_number(v, "PARTS", o->parts);
}

static void put_resources(struct values *v, const struct vx_submit *s)
{
    const struct vx_submit_options *o = s->options;
    const struct vx_site *site = &s->site;
    const bool by_rank = o->gpus && site->gpu_request && strcmp(site->gpu_request, "gpus-per-task") == 0;
    const char *type = site->gpu_type ? site->gpu_type : "", *colon = site->gpu_type ? ":" : "";
    const long cpus = o->cpus ? o->cpus : !o->gpus ? 0 : site->cpus_per_gpu ? site->cpus_per_gpu : CPUS_OF_GPU;

    put_number(v, "NODES", o->nodes);
    put_number(v, "RANKS_PER_NODE", o->ranks / o->nodes);
    put_number(v, "CPUS", cpus);
    put(v, "EXCLUSIVE", cpus ? NULL : "--exclusive");
    if (o->gpus && !by_rank)
        vx_buf_fmt(make(v, "GPUS_OF_NODE"), "%s%s%ld", type, colon, o->gpus);
    else
        put(v, "GPUS_OF_NODE", NULL);
    if (by_rank)
        vx_buf_fmt(make(v, "GPUS_OF_RANK"), "%s%s1", type, colon);
    else
        put(v, "GPUS_OF_RANK", NULL);
    put(v, "GPU_CORES", o->gpus ? "enforce-binding" : NULL); /* only processors of the GPUs' own sockets */
}

/* The line that starts the ranks, and what launch.sh is told. */
static void put_launch(struct values *v, const struct vx_submit *s)
{
    const struct vx_submit_options *o = s->options;
    const char *launcher = o->launcher ? o->launcher : s->site.launcher ? s->site.launcher : "mpirun";
    char *launch = vx_file_join(s->job, "launch.sh");
    struct vx_buf *b;

    if (strcmp(launcher, "mpirun") == 0) {
        put(v, "MPI", s->site.mpirun ? s->site.mpirun : MPIRUN);
    } else {
        b = make(v, "MPI");
        vx_buf_str(b, s->site.srun ? s->site.srun : SRUN);
        vx_buf_str(b, " ${SLURM_CPUS_PER_TASK:+--cpus-per-task=\"$SLURM_CPUS_PER_TASK\"}"); /* Slurm 22.05 hands it on no more */
    }
    b = make(v, "LAUNCH");
    if (launch)
        vx_quote_shell(b, launch);
    else
        b->failed = true;
    free(launch);
    if (o->requeue)
        vx_buf_fmt(make(v, "LAUNCH_OPTIONS"), " -r %ld -n %ld", o->max_restarts, o->notice / 2);
    else
        put(v, "LAUNCH_OPTIONS", "");
    put_number(v, "NOTICE", o->requeue ? o->notice : 0);
    put(v, "REQUEUE", o->requeue ? "--requeue" : NULL);
}

/* Whether the user has given an option of scan that the job would give else. */
static bool says(const struct vx_submit_options *o, const char *option)
{
    const size_t len = strlen(option);

    for (int i = 0; i < o->n_words && strcmp(o->words[i], "--") != 0; i++)
        if (strcmp(o->words[i], option) == 0 || (strncmp(o->words[i], option, len) == 0 && o->words[i][len] == '='))
            return true;
    return false;
}

/* scan's arguments: those given, and behind its last option what the job changes. */
static void put_arguments(struct values *v, const struct vx_submit *s)
{
    const struct vx_submit_options *o = s->options;
    struct vx_buf *b = make(v, "ARGUMENTS");
    int i = 0;

    for (; i < o->n_words && strcmp(o->words[i], "--") != 0; i++) {
        vx_quote_shell(b, o->words[i]);
        vx_buf_str(b, " ");
    }
    if (o->gpus && !says(o, "--device")) /* no falling back to processors without a word */
        vx_buf_str(b, "--device cuda ");
    if (s->site.scratch && !says(o, "--scratch"))
        vx_buf_fmt(b, "--scratch \"%s\" ", s->site.scratch);
    if (o->parts)
        vx_buf_fmt(b, "--part \"$SLURM_ARRAY_TASK_ID\"/%ld -o \"$work\".db ", o->parts);
    vx_buf_str(b, "--work \"$work\"");
    for (; i < o->n_words; i++) {
        vx_buf_str(b, " ");
        vx_quote_shell(b, o->words[i]);
    }
}

static void put_array(struct values *v, const struct vx_submit *s)
{
    const struct vx_submit_options *o = s->options;
    struct vx_buf *b;

    if (!o->parts) {
        put(v, "ARRAY", NULL);
        put_quoted(v, "RUN", s->work);
        put(v, "PART_NUMBER", NULL);
        return;
    }
    b = make(v, "ARRAY");
    vx_buf_fmt(b, "1-%ld", o->parts);
    if (o->at_once)
        vx_buf_fmt(b, "%%%ld", o->at_once);
    b = make(v, "RUN");
    vx_quote_shell(b, s->work);
    vx_buf_str(b, "/part-\"$SLURM_ARRAY_TASK_ID\"");
    put(v, "PART_NUMBER", "$SLURM_ARRAY_TASK_ID");
}

/* Renders, and frees the values. */
static enum vx_status render(const struct vx_submit *s, const char *name, struct values *v, struct vx_buf *out,
                             struct vx_err *err)
{
    char *path = vx_file_join(s->templates, name), *text = NULL;
    enum vx_status rc;
    size_t len;

    rc = path ? vx_file_read(path, TEMPLATE_MAX, &text, &len, err) : vx_fail_nomem(err, "a path");
    for (size_t i = 0; i < v->n; i++) {
        if (v->made[i].failed && rc == VX_OK)
            rc = vx_fail_nomem(err, "a batch script");
        if (v->made[i].data)
            v->at[i].text = v->made[i].data;
    }
    if (rc == VX_OK)
        rc = vx_render(out, path, text, v->at, err);
    for (size_t i = 0; i < v->n; i++)
        vx_buf_free(&v->made[i]);
    free(text);
    free(path);
    return rc;
}

enum vx_status vx_submit_scan_script(const struct vx_submit *s, struct vx_buf *out, struct vx_err *err)
{
    struct values v = {0};

    put_name(&v, s->options, "");
    put_log(&v, s, s->options->parts ? "%A_%a.log" : "%j.log");
    put_common(&v, s, s->options->gpus > 0);
    put_resources(&v, s);
    put_array(&v, s);
    put_launch(&v, s);
    put_arguments(&v, s);
    put_quoted(&v, "MODEL", getenv("VOXTRAWL_MODEL"));
    return render(s, "scan.sbatch.in", &v, out, err);
}

enum vx_status vx_submit_merge_script(const struct vx_submit *s, struct vx_buf *out, struct vx_err *err)
{
    struct values v = {0};

    put_name(&v, s->options, "-merge");
    put_log(&v, s, "%j.log");
    put_common(&v, s, false);
    put_quoted(&v, "OUT", s->options->scan.out);
    put(&v, "REMOVE", s->options->scan.keep_work ? NULL : "");
    return render(s, "merge.sbatch.in", &v, out, err);
}
