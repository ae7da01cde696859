/* commands.c - the table of commands, --help and --version */
#include "jobs/command.h"
#include "jobs/version.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct vx_command commands[] = {
    {"scan", "[-o OUT.db] [--model DIR] [options] INPUT...",
     "Score folders, files, manifests and archives; write a SQLite database.", vx_cmd_scan},
    {"submit", "[--site FILE] [--nodes N] [--gpus N] [--array N] [options] [options of scan] INPUT...",
     "Send a scan to a Slurm cluster as a batch job.", vx_cmd_submit},
    {"status", "DIR [--format text|json]", "Tell how far the scan of a work folder is: done, failed, left, speed, ETA.", vx_cmd_status},
    {"query", "DB ['SQL'] [--named NAME] [--format table|csv|tsv|json]", "Ask a result questions in SQL, read-only.",
     vx_cmd_query},
    {"eval", "DB --labels FILE [options]", "Measure a result against labels: accuracy, EER, DCF, Cllr, per window and per file.",
     vx_cmd_eval},
    {"calibrate", "--labels FILE INPUT...|--from DB [-o PROFILE.json] [--model DIR] [options]",
     "Find the front end that fits a model, and what its scores mean, on labelled files.", vx_cmd_calibrate},
    {"merge", "-o OUT.db SHARD.db...", "Make one result of the shards or results of several scans.", vx_cmd_merge},
    {"model", "[DIR] [--profile NAME|FILE] [--generate SHAPE]", "Show what a model folder holds, or generate an untrained one.",
     vx_cmd_model},
    {"inspect", "FILE -o OUT.png [--model DIR]", "Draw a recording as the network sees it, with each window's score.",
     vx_cmd_inspect},
    {"pictures", "--model DIR|--size N [--profile NAME] [options] INPUT... -o DIR",
     "Write the network's input pictures of all windows, to train on.", vx_cmd_pictures},
    {"bench", "[--model DIR] [FILE...]", "Measure engine, front end and decoding apart.", vx_cmd_bench},
    {NULL, NULL, NULL, NULL},
};

const struct vx_command *vx_commands(void)
{
    return commands;
}

static void print_usage(FILE *to)
{
    fprintf(to, "Voxtrawl scans audio archives for synthetic speech.\n\n"
                "usage: voxtrawl COMMAND [options]\n\n");
    for (const struct vx_command *c = commands; c->name; c++)
        fprintf(to, "  %-10s%s\n", c->name, c->doc);
    fprintf(to, "\n  voxtrawl COMMAND --help tells more; voxtrawl --version what this build is made of.\n"
                "  On several cores or hosts: mpirun -n N voxtrawl scan ...\n\n"
                VX_EXIT_WORDS "\n");
}

void vx_command_help(const struct vx_command *self, const struct vx_opt *table)
{
    printf("usage: voxtrawl %s %s\n\n%s\n\noptions:\n", self->name, self->usage, self->doc);
    vx_opts_print(table, stdout);
    if (self->fn == vx_cmd_scan)
        printf("\n" VX_EXIT_WORDS "\n"
               "\nA scan that was stopped or killed goes on where it was when the same command is given again.\n"
               "SIGTERM, SIGINT and SIGUSR1 stop it: what is complete is committed. A second signal ends it at once.\n");
}

int vx_command_fail(const struct vx_command *self, const struct vx_err *err)
{
    fprintf(stderr, "voxtrawl %s: %s\n", self->name, err->text);
    return err->status == VX_EINVAL ? VX_EXIT_USAGE : VX_EXIT_FAILED;
}

int vx_command_parse(const struct vx_command *self, const struct vx_opt *table, int argc, char **argv,
                     int *n_operands, int quiet)
{
    struct vx_err err;
    bool help;

    if (vx_opts_parse(table, argc, argv, n_operands, &help, &err) != VX_OK) {
        if (!quiet)
            vx_command_fail(self, &err);
        return VX_EXIT_USAGE;
    }
    if (!help)
        return -1;
    if (!quiet)
        vx_command_help(self, table);
    return VX_EXIT_OK;
}

/* Without stdin, stdout or stderr the next file opened, a database say, would get its number and what is printed there. */
static void fill_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
            return;
}

int vx_main(int argc, char **argv)
{
    fill_standard_files();
    if (argc < 2) {
        print_usage(stderr);
        return VX_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
        print_usage(stdout);
        return VX_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
        vx_version_print(stdout);
        return VX_EXIT_OK;
    }
    for (const struct vx_command *c = commands; c->name; c++)
        if (strcmp(argv[1], c->name) == 0)
            return c->fn(c, argc - 1, argv + 1);
    fprintf(stderr, "voxtrawl: no command \"%s\"; voxtrawl --help lists them\n", argv[1]);
    return VX_EXIT_USAGE;
}
