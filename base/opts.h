/* opts.h - command-line options from a table
 * The table is the only place an option is described: parsing and --help (and whatever else lists options)
 * read it, so they cannot disagree. */
#ifndef VX_BASE_OPTS_H
#define VX_BASE_OPTS_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum vx_opt_kind {
    VX_OPT_FLAG,   /* bool *: set to true */
    VX_OPT_STRING, /* const char **: points into argv */
    VX_OPT_INT,    /* long *: decimal, within [min, max] */
    VX_OPT_REAL,   /* double *: within [min, max] */
    VX_OPT_LIST,   /* struct vx_opt_list *: may be given again and again; points into argv */
};

#define VX_OPT_LIST_MAX 32
struct vx_opt_list {
    const char *at[VX_OPT_LIST_MAX];
    size_t n;
};

struct vx_opt {
    const char *name; /* long name without "--"; NULL ends the table */
    char letter;      /* short name, or 0 */
    enum vx_opt_kind kind;
    void *value;         /* where the value goes; holds the default before parsing */
    const char *metavar; /* "DIR", "SECONDS"; NULL for flags */
    const char *doc;     /* one sentence */
    double min, max;     /* for INT and REAL; both 0: any */
};

/* Parse argv[1…]. Options and operands may mix; "--" ends the options; "--name=value" and "--name value" both
 * work. Operands are moved to the front of argv[1…] in order, their number goes to *n_operands.
 * VX_EINVAL names the option and what was expected. *help is set when -h or --help was met (parsing stops). */
enum vx_status vx_opts_parse(const struct vx_opt *table, int argc, char **argv, int *n_operands, bool *help,
                             struct vx_err *err) VX_CHECKED;

/* Take the table's options out of argv[1…*argc-1], for a command that hands the rest to another one: what is not in the table
 * stays, in order, with "--" and everything behind it. An unknown option's value is not known to be one, so it must not
 * look like an option of this table. Otherwise as vx_opts_parse. */
enum vx_status vx_opts_take(const struct vx_opt *table, int *argc, char **argv, bool *help, struct vx_err *err) VX_CHECKED;

/* The option list of --help. */
void vx_opts_print(const struct vx_opt *table, FILE *to);

#endif
