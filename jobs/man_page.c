#include "jobs/man_page.h"
#include "jobs/option_reader.h"
#include "jobs/roff.h"
#include "jobs/version.h"

#include <ctype.h>
#include <string.h>

static const struct entry {
    const char *name, *doc;
} environment[] = {
    {"VOXTRAWL_MODEL", "The model's folder where no --model is given."},
    {"VOXTRAWL_SITE", "The site file of voxtrawl submit where no --site is given."},
    {"CUDA_VISIBLE_DEVICES", "The GPUs that may be taken, where the program was built with the CUDA engine."},
    {"VOXTRAWL_POWERCAP, VOXTRAWL_NVML", "Where a container has the host's /sys/class/powercap and libnvidia-ml.so.1, by which energy is measured."},
    {"TMPDIR", "Where voxtrawl report cuts clips before they are taken into the page; else /tmp."},
}, files[] = {
    {"OUT.db.work", "The work folder of an unfinished scan: the same command goes on from there. It is removed at the end."},
    {"share/voxtrawl/model/default", "Below the prefix of the installation: the model that is taken where none is named, and its card."},
    {"share/voxtrawl/slurm/site.example", "What may be said about a cluster, for voxtrawl submit."},
};

static void words(struct vx_buf *out, const char *text)
{
    vx_roff_words(out, text, strlen(text));
}

/* command: NULL: voxtrawl itself */
static void head(struct vx_buf *out, const struct vx_command *command, const char *doc)
{
    char title[64] = "VOXTRAWL";

    if (command) {
        const size_t at = strlen(title);
        snprintf(title + at, sizeof title - at, "-%s", command->name);
        for (char *c = title; *c; c++)
            *c = (char)toupper((unsigned char)*c);
    }
    vx_buf_fmt(out, ".\\\" Written by voxtrawl manual; to change it, change the tables of options.\n.TH %s 1 %s \"Voxtrawl ", title,
               vx_version_day());
    vx_buf_fmt(out, VX_VERSION "\" \"Voxtrawl manual\"\n.nh\n.ad l\n.SH NAME\nvoxtrawl%s%s \\- ", command ? "\\-" : "", command ? command->name : "");
    words(out, doc);
    vx_buf_str(out, "\n.SH SYNOPSIS\n.B voxtrawl");
}

static void tagged(struct vx_buf *out, const char *tag, const char *doc)
{
    vx_buf_str(out, ".TP\n.B ");
    words(out, tag);
    vx_buf_str(out, "\n");
    vx_roff_text(out, doc);
}

static void put_option(struct vx_buf *out, const struct vx_opt *o)
{
    vx_buf_str(out, ".TP\n");
    if (o->letter)
        vx_buf_fmt(out, "\\fB\\-%c\\fR, ", o->letter);
    vx_buf_str(out, "\\fB\\-\\-");
    words(out, o->name);
    vx_buf_str(out, "\\fR");
    if (o->metavar) {
        vx_buf_str(out, " \\fI");
        words(out, o->metavar);
        vx_buf_str(out, "\\fR");
    }
    vx_buf_str(out, "\n");
    vx_roff_text(out, o->doc);
}

static void put_options(void *user, const struct vx_command *command, const struct vx_opt *table)
{
    struct vx_buf *const out = user;

    (void)command;
    vx_buf_str(out, ".SH OPTIONS\n");
    for (; table->name; table++)
        put_option(out, table);
    vx_buf_str(out, ".TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nthis text\n");
}

static void see_also(struct vx_buf *out, const struct vx_command *self)
{
    vx_buf_str(out, ".SH SEE ALSO\n");
    if (self)
        vx_buf_str(out, ".BR voxtrawl (1),\n");
    for (const struct vx_command *c = vx_commands(); c->name; c++)
        if (c != self)
            vx_buf_fmt(out, ".BR voxtrawl\\-%s (1),\n", c->name);
    vx_buf_str(out, ".BR mpirun (1),\n.BR sqlite3 (1)\n");
}

static void tail(struct vx_buf *out, const struct vx_command *self)
{
    char number[16];

    vx_buf_str(out, ".SH EXIT STATUS\n");
    for (const struct vx_exit_word *w = vx_exit_words(); w->words; w++) {
        snprintf(number, sizeof number, "%d", (int)w->status);
        tagged(out, number, w->words);
    }
    vx_buf_str(out, ".SH ENVIRONMENT\n");
    for (size_t i = 0; i < sizeof environment / sizeof *environment; i++)
        tagged(out, environment[i].name, environment[i].doc);
    vx_buf_str(out, ".SH FILES\n");
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        tagged(out, files[i].name, files[i].doc);
    see_also(out, self);
}

void vx_man_page_main(struct vx_buf *out)
{
    head(out, NULL, "scan audio archives for synthetic speech");
    vx_buf_str(out, "\n.I COMMAND\n[options]\n.SH DESCRIPTION\n");
    vx_roff_text(out,
                 "Voxtrawl gives every window of every recording of an archive two scores by a ConvNeXt network, real and fake, and "
                 "every recording a verdict, in one SQLite database. It runs alone on a laptop, as many ranks under mpirun, or as a "
                 "Slurm job, and goes on where it was when it was stopped.");
    vx_roff_about(out,
                  "A verdict is a reason to listen, never a proof.\n\n"
                  "  voxtrawl scan -o results.db recordings/\n"
                  "  voxtrawl query results.db --named top");
    vx_buf_str(out, ".SH COMMANDS\n");
    for (const struct vx_command *c = vx_commands(); c->name; c++) {
        vx_buf_fmt(out, ".TP\n.BR voxtrawl\\-%s (1)\n", c->name);
        vx_roff_text(out, c->doc);
    }
    vx_buf_str(out, ".SH OPTIONS\n.TP\n\\fB\\-h\\fR, \\fB\\-\\-help\\fR\nthe list of commands; after a command, its options\n"
                    ".TP\n\\fB\\-\\-version\\fR\nwhat this program is made of\n");
    tail(out, NULL);
}

enum vx_status vx_man_page_command(struct vx_buf *out, const struct vx_command *command, struct vx_err *err)
{
    const struct vx_option_reader reader = {.read = put_options, .user = out};
    size_t doc = strlen(command->doc);
    char name[256];

    while (doc > 0 && command->doc[doc - 1] == '.')
        doc--;
    snprintf(name, sizeof name, "%.*s", (int)doc, command->doc);
    head(out, command, name);
    vx_buf_fmt(out, " %s\n", command->name);
    vx_roff_text(out, command->usage);
    vx_buf_str(out, ".SH DESCRIPTION\n");
    vx_roff_text(out, command->doc);
    if (command->about)
        vx_roff_about(out, command->about);
    if (command->also)
        vx_buf_fmt(out, ".PP\nThe options of\n.BR voxtrawl\\-%s (1)\nare taken as well.\n", command->also);
    const enum vx_status rc = vx_options_read(command, &reader, err);
    if (rc != VX_OK)
        return rc;
    tail(out, command);
    return VX_OK;
}
