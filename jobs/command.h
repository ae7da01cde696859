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
    VX_EXIT_REMARKS = 3,      /* doctor: a scan would run, but there are notes */
    VX_EXIT_DIFFERS = 3,      /* verify: something is not what it was */
    VX_EXIT_FAILED_ITEMS = 3, /* scan: done, the result is complete, but some items failed; the database says which and why.
                               * export: done, but some clips could not be cut */
    VX_EXIT_STOPPED = 4,      /* scan: stopped by a signal; the same command goes on from there */
};
/* The same for people; ends with words NULL. */
struct vx_exit_word {
    enum vx_exit status;
    const char *words;
};
const struct vx_exit_word *vx_exit_words(void);

struct vx_command;

/* Whoever wants a command's options instead of its --help: gets the table as the command hands it out, for as long as the call
 * lasts. */
struct vx_option_reader {
    void (*read)(void *user, const struct vx_command *command, const struct vx_opt *table);
    void *user;
};

struct vx_command {
    const char *name, *usage, *doc;
    int (*fn)(const struct vx_command *self, int argc, char **argv); /* argv[0] is the command's name */
    const char *about; /* --help and the manual: paragraphs apart by an empty line; lines that begin with a blank stay as they are. NULL: none */
    const char *also;  /* a command whose options and operands this one takes too; NULL: none */
    const struct vx_option_reader *reader; /* NULL but in a copy made for reading the options (option_reader.h) */
};

const struct vx_command *vx_commands(void); /* ends with name NULL */

/* Parses and deals with --help and mistakes, of which an address ("s3://…") in place of a path is one. Returns -1 to go on, else the exit status to return. `quiet` says nothing
 * (ranks other than 0). */
int vx_command_parse(const struct vx_command *self, const struct vx_opt *table, int argc, char **argv,
                     int *n_operands, int quiet);
/* Prints the help, or hands the table to the command's reader. */
void vx_command_help(const struct vx_command *self, const struct vx_opt *table);
/* "voxtrawl NAME: text" on stderr; returns the exit status that fits err. */
int vx_command_fail(const struct vx_command *self, const struct vx_err *err);

int vx_cmd_scan(const struct vx_command *self, int argc, char **argv);
int vx_cmd_submit(const struct vx_command *self, int argc, char **argv);
int vx_cmd_status(const struct vx_command *self, int argc, char **argv);
int vx_cmd_query(const struct vx_command *self, int argc, char **argv);
int vx_cmd_report(const struct vx_command *self, int argc, char **argv);
int vx_cmd_review(const struct vx_command *self, int argc, char **argv);
int vx_cmd_eval(const struct vx_command *self, int argc, char **argv);
int vx_cmd_verify(const struct vx_command *self, int argc, char **argv);
int vx_cmd_export(const struct vx_command *self, int argc, char **argv);
int vx_cmd_merge(const struct vx_command *self, int argc, char **argv);
int vx_cmd_model(const struct vx_command *self, int argc, char **argv);
int vx_cmd_inspect(const struct vx_command *self, int argc, char **argv);
int vx_cmd_pictures(const struct vx_command *self, int argc, char **argv);
int vx_cmd_calibrate(const struct vx_command *self, int argc, char **argv);
int vx_cmd_bench(const struct vx_command *self, int argc, char **argv);
int vx_cmd_doctor(const struct vx_command *self, int argc, char **argv);
int vx_cmd_manual(const struct vx_command *self, int argc, char **argv);

int vx_main(int argc, char **argv); /* what main() does */

#endif
