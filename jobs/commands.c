/* commands.c - the table of commands, --help and --version */
#include "base/text.h"
#include "base/wrap.h"
#include "io/path.h"
#include "jobs/command.h"
#include "jobs/version.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELP_COLUMNS 110

static const struct vx_exit_word exit_words[] = {
    {VX_EXIT_OK, "done"},
    {VX_EXIT_FAILED, "failed; stderr says why"},
    {VX_EXIT_USAGE, "the command line makes no sense"},
    {VX_EXIT_FAILED_ITEMS, "scan: done, the result is complete, but more items failed than --max-failed; it says which"},
    {VX_EXIT_DIFFERS, "verify: something is not what it was when it was scanned"},
    {VX_EXIT_FAILED_ITEMS, "export: done, but some clips could not be cut; the tables say which"},
    {VX_EXIT_REMARKS, "doctor: a scan would run, but there are notes"},
    {VX_EXIT_STOPPED, "scan: stopped by a signal; the same command goes on from there"},
    {0, NULL},
};

static const struct vx_command commands[] = {
    {"scan", "[-o OUT.db] [--model DIR] [options] INPUT...",
     "Score folders, files, manifests and archives; write a SQLite database.", vx_cmd_scan,
     .about =
         "INPUT is any mix of folders, searched to the bottom; single recordings and pictures; manifests (.txt, .csv, .tsv, also "
         ".gz) with a column named path, whose other columns are kept beside the results; and archives (.tar, .tar.gz, .zip, .7z "
         "...), which are read without unpacking. What cannot be read costs its own row, with the reason in it, and nothing else.\n\n"
         "On several cores or hosts:\n\n  mpirun --bind-to none -n 4 voxtrawl scan -o results.db recordings/\n\n"
         "A scan that was stopped or killed goes on where it was when the same command is given again. SIGTERM, SIGINT and SIGUSR1 "
         "stop it: what is complete is committed. A second signal ends it at once."},
    {"submit", "[--site FILE] [--nodes N] [--gpus N] [--array N] [options] [options of scan] INPUT...",
     "Send a scan to a Slurm cluster as a batch job.", vx_cmd_submit,
     .about =
         "All options and inputs of voxtrawl scan are taken as well (voxtrawl scan --help lists them): what works as "
         "\"voxtrawl scan ...\" is sent to the cluster as \"voxtrawl submit ...\". The work folder must be one that all nodes see. "
         "It keeps the batch script, the jobs' logs and numbers in WORK/job. A job that was killed or cancelled goes on where it "
         "was when the same command is given again. The number of the job, with --array those of the scan and of the merge, are "
         "printed on stdout.\n\n"
         "  voxtrawl submit --nodes 4 --time 04:00:00 -o results.db /archive\n"
         "  voxtrawl submit --site site.conf --nodes 2 --gpus 4 --time 04:00:00 --requeue -o results.db /archive\n"
         "  voxtrawl submit --site site.conf --array 16 --gpus 4 --time 04:00:00 -o results.db /archive",
     .also = "scan"},
    {"status", "DIR [--format text|json]", "Tell how far the scan of a work folder is: done, failed, left, speed, ETA.", vx_cmd_status,
     .about = "DIR is the work folder: that of the result with .work at its end, or what --work named. The scan may be running, "
              "here or on a cluster, or have ended."},
    {"query", "DB ['SQL'] [--named NAME] [--format table|csv|tsv|json]", "Ask a result questions in SQL, read-only.",
     vx_cmd_query,
     .about = "median, percentile, sigmoid and logit are added to SQLite's functions. --named LIST lists the ready questions, "
              "--schema the tables and views.\n\n"
              "  voxtrawl query results.db --named top\n"
              "  voxtrawl query results.db \"SELECT path, mean_fake FROM items WHERE verdict = 'fake' ORDER BY mean_fake DESC\""},
    {"report", "DB [-o report.html] [--listen N] [options]",
     "Make one page of a result: to look at, listen to, mark and print; opens without a network.", vx_cmd_report,
     .about = "The page holds what was scanned and with what, the scores, and a table of recordings, the most suspicious first, each with "
              "its scores over time, a spectrogram and, with --listen, clips. Stretches can be marked real, fake or unsure, and saved "
              "as a file that voxtrawl review takes.\n\n  voxtrawl report results.db --listen 20 -o report.html"},
    {"review", "DB [--import FILE] [--format table|csv|tsv|json]",
     "Take what people marked in a report into the result, beside its scores; or list it.", vx_cmd_review,
     .about = "A file is taken as a whole or, where one of its marks is wrong, not at all; marks that are there already are not taken twice. "
              "Without --import the marks of all reviewers are listed. voxtrawl eval --reviews measures the scores by them, voxtrawl "
              "query --named disagreements shows where people and model differ.\n\n  voxtrawl review results.db --import review.json"},
    {"eval", "DB --labels FILE|--reviews [options]", "Measure a result against labels: accuracy, EER, DCF, Cllr, per window and per file.",
     vx_cmd_eval,
     .about = "Label files of the field's corpora are known, and any table with a file and a label column. What matched and what did "
              "not is told, on both sides. Intervals are of 95 %, from a bootstrap over files or, with --cluster, speakers."},
    {"calibrate", "--labels FILE INPUT...|--from DB [-o PROFILE.json] [--model DIR] [options]",
     "Find the front end that fits a model, and what its scores mean, on labelled files.", vx_cmd_calibrate,
     .about = "Writes a profile for voxtrawl scan --profile, or to lie beside the weights as profile.json. A few hundred labelled "
              "clips like those to be scanned are wanted, ten of each side at least."},
    {"export", "DB -o DIR [--clips flac|wav] [--top N] [options]",
     "Write out the suspicious stretches of a result: clips, Audacity labels, CSV, JSONL, Datasette's metadata.", vx_cmd_export,
     .about = "A stretch is neighbouring windows at the threshold or over it, merged. DIR gets stretches.csv and stretches.jsonl, a row "
              "a stretch; labels/, an Audacity label track a recording; clips/, the stretches cut out of the recordings, at their own "
              "rate and with all their channels; and metadata.json with plugins/ for Datasette. Recordings that are gone, or have "
              "changed, cost their clips, with the reason in the column error; the exit status is then 3.\n\n"
              "  voxtrawl export results.db -o suspects --top 50 --pad 1 --clips flac\n"
              "  datasette results.db -m suspects/metadata.json --plugins-dir suspects/plugins\n\n"
              "In stretches.csv text that begins with = + - @, which spreadsheets take for a formula, has an apostrophe in front; "
              "stretches.jsonl has it as it is."},
    {"merge", "-o OUT.db SHARD.db...", "Make one result of the shards or results of several scans.", vx_cmd_merge,
     .about = "The scans must have had the same model, profile and options: other ones are refused, with what differs."},
    {"verify", "DB [--root OLD=NEW] [--model DIR] [--format text|csv|json]",
     "Check files, model and database against the hashes of a scan.", vx_cmd_verify,
     .about = "First the database itself is checked, then every file and member of an archive is read and its hash compared with that "
              "which the scan has stored, then the model's. What has changed, is missing, cannot be read or has no hash is listed. "
              "Hashes of scan --custody are SHA-256, which nobody can forge; others, XXH3, tell chance and mishap. The exit status is 0 "
              "when all is equal, and 3 when something has changed, is missing or cannot be read; a model folder that is not where it was, and was not "
              "named by --model, is only said to be so."},
    {"model", "[DIR] [--profile NAME|FILE] [--generate SHAPE]", "Show what a model folder holds, or generate an untrained one.",
     vx_cmd_model,
     .about = "DIR is a Hugging Face ConvNeXt folder with config.json, preprocessor_config.json and model.safetensors; without DIR, "
              "the model that scans take."},
    {"inspect", "FILE -o OUT.png [--model DIR]", "Draw a recording as the network sees it, with each window's score.",
     vx_cmd_inspect, .about = "The windows and their scores are those of a scan with the same options; stdout gets them as a table."},
    {"pictures", "--model DIR|--size N [--profile NAME] [options] INPUT... -o DIR",
     "Write the network's input pictures of all windows, to train on.", vx_cmd_pictures,
     .about = "DIR gets pictures.u8 (uint8, [n][size][size] or [n][size][size][3]), windows.csv (a row a picture, with the "
              "manifest's columns) and pictures.json."},
    {"bench", "[--model DIR] [FILE...]", "Measure engine, front end and decoding apart.", vx_cmd_bench,
     .about = "Every operation of the network is shown beside what this machine can do at most."},
    {"doctor", "[-o OUT.db] [--scratch DIR] [--model DIR] [--format text|json]",
     "Look at this machine: what a scan would use, what stands in its way, and what to do about it.", vx_cmd_doctor,
     .about = "Give it the options that the scan will get. Nothing is scanned, and nothing is written but a file that is removed at "
              "once, where the result, the work folder and the scratch folder would be. Each line is OK, NOTE (a scan would run, but "
              "something costs speed or could be lost) or PROBLEM (it would fail), with the remedy. The exit status is 0, 3 or 1 in "
              "the same order. Under mpirun rank 0 tells of its host."},
    {"manual", "[COMMAND] [--bash|--zsh] [-o DIR]", "Write the manual pages and the shells' completion, from the table of options.",
     vx_cmd_manual,
     .about = "Without -o one page, voxtrawl's own or COMMAND's, or one shell's completion goes to stdout:\n\n"
              "  voxtrawl manual scan | man -l -\n"
              "  source <(voxtrawl manual --bash)\n\n"
              "With -o all of them go to DIR, in folders as below PREFIX/share."},
    {NULL, NULL, NULL, NULL, .about = NULL},
};

const struct vx_exit_word *vx_exit_words(void)
{
    return exit_words;
}

static void print_exit_words(FILE *to)
{
    fprintf(to, "exit status:\n");
    for (const struct vx_exit_word *w = exit_words; w->words; w++)
        fprintf(to, "  %d  %s\n", (int)w->status, w->words);
}

static void print_about(const char *text, FILE *to)
{
    for (;; text++) {
        const size_t len = strcspn(text, "\n");

        if (*text == ' ')
            fwrite(text, 1, len, to);
        else
            vx_wrap(to, text, len, 0, 0, HELP_COLUMNS);
        fputc('\n', to);
        text += len;
        if (!*text)
            return;
    }
}

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
                "  On several cores or hosts: mpirun -n N voxtrawl scan ...\n\n");
    print_exit_words(to);
}

void vx_command_help(const struct vx_command *self, const struct vx_opt *table)
{
    if (self->reader) {
        self->reader->read(self->reader->user, self, table);
        return;
    }
    printf("usage: voxtrawl %s %s\n\n%s\n\noptions:\n", self->name, self->usage, self->doc);
    vx_opts_print(table, stdout);
    if (self->fn == vx_cmd_scan) {
        fputc('\n', stdout);
        print_exit_words(stdout);
    }
    if (self->about) {
        fputc('\n', stdout);
        print_about(self->about, stdout);
    }
}

int vx_command_fail(const struct vx_command *self, const struct vx_err *err)
{
    char *const printable = vx_text_printable(err->text); /* names of files are in it, which a terminal should not obey */

    fprintf(stderr, "voxtrawl %s: %s\n", self->name, printable ? printable : "out of memory, even for what went wrong");
    free(printable);
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
    if (help) {
        if (!quiet)
            vx_command_help(self, table);
        return VX_EXIT_OK;
    }
    for (int i = 1; i <= *n_operands; i++)
        if (vx_path_is_url(argv[i]) && access(argv[i], F_OK) != 0) {
            if (!quiet)
                fprintf(stderr, "voxtrawl %s: %s: addresses are not supported: mount it, or copy it here, and name the path\n",
                        self->name, argv[i]);
            return VX_EXIT_USAGE;
        }
    return -1;
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
