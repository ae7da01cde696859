#include "jobs/submit_options.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* sbatch's forms: minutes, MM:SS, HH:MM:SS, D-HH, D-HH:MM, D-HH:MM:SS, or a word. */
static enum vx_status check_time(const char *text, struct vx_err *err)
{
    const char *dash = strchr(text, '-'), *at = text;
    int colons = 0, digits = 0;
    bool ok = true;

    if (strcmp(text, "UNLIMITED") == 0 || strcmp(text, "infinite") == 0)
        return VX_OK;
    for (; ok && *at; at++) {
        const bool separator = *at == ':' || at == dash;
        ok = separator ? digits > 0 : *at >= '0' && *at <= '9';
        digits = separator ? 0 : digits + 1;
        colons += *at == ':';
    }
    return ok && digits > 0 && colons <= 2 ? VX_OK
                                           : vx_fail(err, VX_EINVAL, "--time %s: expected MINUTES, HH:MM:SS or DAYS-HH:MM:SS", text);
}

static enum vx_status check(struct vx_submit_options *o, struct vx_err *err)
{
    const struct {
        const char *text, *what;
    } words[] = {
        {o->partition, "--partition"}, {o->account, "--account"}, {o->qos, "--qos"},
        {o->memory, "--memory"},       {o->name, "--name"},
    };

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].text && vx_site_word(words[i].text, words[i].what, err) != VX_OK)
            return err->status;
    if (o->time && check_time(o->time, err) != VX_OK)
        return err->status;
    if (o->launcher && strcmp(o->launcher, "mpirun") != 0 && strcmp(o->launcher, "srun") != 0)
        return vx_fail(err, VX_EINVAL, "--launcher %s: expected mpirun or srun", o->launcher);
    if (o->gpus && o->ranks && o->ranks != o->nodes * o->gpus)
        return vx_fail(err, VX_EINVAL, "--ranks %ld: with --gpus there is one rank a GPU, %ld here; leave it out", o->ranks,
                       o->nodes * o->gpus);
    if (o->ranks % o->nodes != 0)
        return vx_fail(err, VX_EINVAL, "--ranks %ld: expected a multiple of --nodes %ld, as many on each", o->ranks, o->nodes);
    if (o->ranks > o->nodes && !o->gpus && !o->cpus)
        return vx_fail(err, VX_EINVAL,
                       "--ranks %ld on --nodes %ld: say how many processors each takes with --cpus N (one rank a node uses all "
                       "of its processors)",
                       o->ranks, o->nodes);
    if (o->at_once && !o->parts)
        return vx_fail(err, VX_EINVAL, "--at-once is for the parts of an array: give --array N too");
    if (o->parts && o->scan.part.of)
        return vx_fail(err, VX_EINVAL, "--part is what --array gives each of its jobs: leave it out");
    if (o->gpus && strcmp(o->scan.scanner.device, "cpu") == 0)
        return vx_fail(err, VX_EINVAL, "--gpus asks for GPUs that --device cpu would leave idle: leave out one of them");
    return VX_OK;
}

/* The rest of the line is scan's: kept as given, and parsed, so that what scan would refuse is refused now. */
static int parse_scan(struct vx_submit_options *o, const struct vx_command *self, int argc, char **argv)
{
    struct vx_err err;
    int status;

    o->words = vx_calloc((size_t)argc, sizeof *o->words);
    if (!o->words) {
        (void)vx_fail_nomem(&err, "the command line");
        return vx_command_fail(self, &err);
    }
    o->n_words = argc - 1;
    for (int i = 0; i < o->n_words; i++)
        o->words[i] = argv[i + 1];
    if ((status = vx_scan_options_parse(&o->scan, self, argc, argv, 0)) >= 0)
        return status;
    return check(o, &err) == VX_OK ? -1 : vx_command_fail(self, &err);
}

int vx_submit_options_parse(struct vx_submit_options *o, const struct vx_command *self, int argc, char **argv)
{
    *o = (struct vx_submit_options){.nodes = 1, .notice = 120, .max_restarts = 20};
    const struct vx_opt table[] = {
        {"site", 0, VX_OPT_STRING, &o->site_file, "FILE",
         "what is particular to the cluster, as in slurm/site.example (default: what $VOXTRAWL_SITE names)", 0, 0},
        {"dry-run", 0, VX_OPT_FLAG, &o->dry_run, NULL, "print the batch script (with --array, both) and do nothing", 0, 0},
        {"nodes", 'N', VX_OPT_INT, &o->nodes, "N", "nodes (default 1)", 1, 100000},
        {"gpus", 0, VX_OPT_INT, &o->gpus, "N", "GPUs of each node, one rank on each; its processors are near it", 1, 1024},
        {"ranks", 0, VX_OPT_INT, &o->ranks, "N",
         "MPI ranks in all (default: one a node, which uses all of its processors)", 1, 10000000},
        {"cpus", 0, VX_OPT_INT, &o->cpus, "N",
         "processors of each rank (default: whole nodes; with --gpus the site's, else 8)", 1, 4096},
        {"memory", 0, VX_OPT_STRING, &o->memory, "SIZE",
         "of each node, as sbatch --mem takes it (default: the site's)", 0, 0},
        {"time", 0, VX_OPT_STRING, &o->time, "LIMIT",
         "time limit: minutes, HH:MM:SS, DAYS-HH:MM:SS (default: the partition's)", 0, 0},
        {"partition", 0, VX_OPT_STRING, &o->partition, "NAME", "default: the site's", 0, 0},
        {"account", 0, VX_OPT_STRING, &o->account, "NAME", "default: the site's", 0, 0},
        {"qos", 0, VX_OPT_STRING, &o->qos, "NAME", "default: the site's", 0, 0},
        {"sbatch", 0, VX_OPT_LIST, &o->sbatch, "OPTION",
         "any further option of sbatch, --sbatch=--constraint=avx512 say; may be repeated", 0, 0},
        {"name", 0, VX_OPT_STRING, &o->name, "NAME", "of the job (default: voxtrawl and the result's name)", 0, 0},
        {"launcher", 0, VX_OPT_STRING, &o->launcher, "mpirun|srun",
         "what starts the ranks (default: the site's, else mpirun: only there the others go on when a rank "
         "dies)", 0, 0},
        {"array", 0, VX_OPT_INT, &o->parts, "N",
         "cut the corpus into N parts, each an MPI job with these resources, and merge them", 1, VX_PARTS_MAX},
        {"at-once", 0, VX_OPT_INT, &o->at_once, "N", "parts that may run at the same time (default: all)", 1, VX_PARTS_MAX},
        {"requeue", 0, VX_OPT_FLAG, &o->requeue, NULL,
         "out of time: stop in good time, back into the queue, and go on", 0, 0},
        {"notice", 0, VX_OPT_INT, &o->notice, "SECONDS",
         "before the time limit that the scan begins to stop (default 120)", 10, 65535},
        {"max-restarts", 0, VX_OPT_INT, &o->max_restarts, "N",
         "times that a job goes back into the queue at most (default 20)", 0, 1000000},
        {0},
    };
    struct vx_err err;
    bool help;

    if (vx_opts_take(table, &argc, argv, &help, &err) != VX_OK)
        return vx_command_fail(self, &err);
    if (help) {
        vx_command_help(self, table);
        return VX_EXIT_OK;
    }
    const int status = parse_scan(o, self, argc, argv);
    if (status >= 0)
        return status;
    if (!o->ranks)
        o->ranks = o->gpus ? o->nodes * o->gpus : o->nodes;
    return -1;
}

void vx_submit_options_free(struct vx_submit_options *o)
{
    free(o->words);
    o->words = NULL;
}
