/* command.h - the commands of voxtrawl, one table */
#ifndef VX_JOBS_COMMAND_H
#define VX_JOBS_COMMAND_H

#include "base/err.h"
#include "base/opts.h"

/* What the process tells the shell; of several ranks rank 0, the others end with 0 where it has more to say. */
enum vx_exit {
    VX_EXIT_OK = 0,           /* done */
    VX_EXIT_FAILED = 1,       /* could not be done; stderr says why. scan: what is committed is kept */
    VX_EXIT_USAGE = 2,        /* the command line makes no sense */
    VX_EXIT_FAILED_ITEMS = 3, /* scan: done, the result is complete, but some items failed; the database says which and why */
    VX_EXIT_STOPPED = 4,      /* scan: stopped by a signal; the same command goes on from there */
};
#define VX_EXIT_WORDS                                                                                                        \
    "exit status: 0 done, 1 failed, 2 wrong usage, 3 scan: done, but some items failed (the result says which), 4 scan: "    \
    "stopped, the\nsame command goes on"

struct vx_command {
    const char *name, *usage, *doc;
    int (*fn)(const struct vx_command *self, int argc, char **argv); /* argv[0] is the command's name */
};

const struct vx_command *vx_commands(void); /* ends with name NULL */

/* Parses and deals with --help and mistakes. Returns -1 to go on, else the exit status to return. `quiet` says nothing
 * (ranks other than 0). */
int vx_command_parse(const struct vx_command *self, const struct vx_opt *table, int argc, char **argv,
                     int *n_operands, int quiet);
void vx_command_help(const struct vx_command *self, const struct vx_opt *table);
/* "voxtrawl NAME: text" on stderr; returns the exit status that fits err. */
int vx_command_fail(const struct vx_command *self, const struct vx_err *err);

int vx_cmd_scan(const struct vx_command *self, int argc, char **argv);
int vx_cmd_submit(const struct vx_command *self, int argc, char **argv);
int vx_cmd_status(const struct vx_command *self, int argc, char **argv);
int vx_cmd_query(const struct vx_command *self, int argc, char **argv);
int vx_cmd_eval(const struct vx_command *self, int argc, char **argv);
int vx_cmd_merge(const struct vx_command *self, int argc, char **argv);
int vx_cmd_model(const struct vx_command *self, int argc, char **argv);
int vx_cmd_inspect(const struct vx_command *self, int argc, char **argv);
int vx_cmd_pictures(const struct vx_command *self, int argc, char **argv);
int vx_cmd_calibrate(const struct vx_command *self, int argc, char **argv);
int vx_cmd_bench(const struct vx_command *self, int argc, char **argv);

int vx_main(int argc, char **argv); /* what main() does */

#endif
