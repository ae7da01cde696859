/* submit_options.h - the command line of voxtrawl submit: its own options, and among them those of scan */
#ifndef VX_JOBS_SUBMIT_OPTIONS_H
#define VX_JOBS_SUBMIT_OPTIONS_H

#include "jobs/command.h"
#include "jobs/scan_options.h"
#include "jobs/site.h"

#include <stdbool.h>

struct vx_submit_options {
    const char *site_file; /* NULL: $VOXTRAWL_SITE, else none */
    const char *partition, *account, *qos, *memory, *time, *launcher, *name; /* NULL: the site's, or Slurm's */
    struct vx_opt_list sbatch;
    long nodes, ranks;  /* ranks in all; 0: one a node, or one a GPU */
    long gpus;          /* of each node; 0: on processors alone */
    long cpus;          /* of each rank; 0: whole nodes, or the site's cpus_per_gpu */
    long parts;         /* 0: no array */
    long at_once;       /* parts; 0: all */
    long notice;        /* seconds before the time limit */
    long max_restarts;
    bool requeue, dry_run;
    char **words;  /* owned array [n_words]: the arguments of scan as given */
    int n_words;
    struct vx_scan_options scan; /* what they mean */
};

/* -1 to go on, else the exit status. The caller frees with vx_submit_options_free in any case. */
int vx_submit_options_parse(struct vx_submit_options *o, const struct vx_command *self, int argc, char **argv);
void vx_submit_options_free(struct vx_submit_options *o);

#endif
