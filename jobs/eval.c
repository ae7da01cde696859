/* eval.c - voxtrawl eval: how well a result's scores fit labels */
#include "base/file.h"
#include "jobs/command.h"
#include "jobs/eval_report.h"

#include <string.h>

static int parse_file_score(const char *word, enum vx_file_score *out)
{
    for (enum vx_file_score how = VX_FILE_MEAN; how <= VX_FILE_WORST; how++) {
        if (strcmp(word, vx_file_score_name(how)) == 0) {
            *out = how;
            return 0;
        }
    }
    return -1;
}

static enum vx_status evaluate(const struct vx_eval_options *o, bool json, const char *plot, struct vx_err *err)
{
    struct vx_eval_set set = {0};
    struct vx_eval_report report = {0};
    enum vx_status rc;

    if ((plot && (rc = vx_file_mkdirs(plot, err)) != VX_OK) || (rc = vx_eval_set_read(&set, o, err)) != VX_OK ||
        (rc = vx_eval_report_make(&report, &set, o, err)) != VX_OK)
        goto done;
    rc = json ? vx_eval_print_json(&report, stdout, err) : vx_eval_print_text(&report, stdout, err);
    if (rc == VX_OK && plot)
        rc = vx_eval_plot(&set, plot, err);
done:
    vx_eval_report_free(&report);
    vx_eval_set_free(&set);
    return rc;
}

int vx_cmd_eval(const struct vx_command *self, int argc, char **argv)
{
    struct vx_eval_options o = {.rounds = 1000, .seed = 1};
    const char *format = "text", *file_score = "mean", *plot = NULL;
    const struct vx_opt table[] = {
        {"labels", 'l', VX_OPT_STRING, &o.labels, "FILE", "which recordings are bona fide and which spoof", 0, 0},
        {"reviews", 0, VX_OPT_FLAG, &o.reviews, NULL, "instead: by what people marked in reports; a recording is spoofed where any of it is marked fake", 0, 0},
        {"labels-format", 0, VX_OPT_STRING, &o.labels_format, "NAME", "the label file's format, if it is not recognised", 0, 0},
        {"by", 'b', VX_OPT_LIST, &o.by, "COLUMN", "a row for each value of a column of the label file or the manifest; again "
         "for more (default: attack, synthesiser, source, speaker, language, split, those of 2 to 50 values)", 0, 0},
        {"where", 'w', VX_OPT_LIST, &o.where, "COLUMN=VALUE", "only these recordings; again for more: of one column either "
         "value, of several columns all", 0, 0},
        {"min-seconds", 0, VX_OPT_REAL, &o.min_seconds, "S", "only recordings of at least S seconds", 0, 1e9},
        {"file-score", 0, VX_OPT_STRING, &file_score, "mean|max|worst", "a file's score: mean of its windows' (default), the one "
         "most like spoof, or the mean of the tenth most like spoof", 0, 0},
        {"cluster", 'c', VX_OPT_STRING, &o.cluster, "COLUMN", "resample by this for intervals, speaker say (default: by file)", 0, 0},
        {"bootstrap", 0, VX_OPT_INT, &o.rounds, "N", "rounds for the 95 % intervals (default 1000; 0: none)", 0, 1e6},
        {"seed", 0, VX_OPT_INT, &o.seed, "N", "of the bootstrap (default 1)", 0, 2e9},
        {"plot", 0, VX_OPT_STRING, &plot, "DIR", "write DET curves and histograms of scores there, as SVG", 0, 0},
        {"format", 'f', VX_OPT_STRING, &format, "text|json", "of the report (default text)", 0, 0},
        {0},
    };
    struct vx_err err;
    enum vx_status rc;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (n != 1 || !o.labels == !o.reviews) {
        fprintf(stderr, "usage: voxtrawl eval %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    o.db = argv[1];
    if (o.reviews)
        o.labels = "what people marked";
    if (parse_file_score(file_score, &o.file_score) != 0) {
        fprintf(stderr, "voxtrawl eval: --file-score %s: expected mean, max or worst\n", file_score);
        return VX_EXIT_USAGE;
    }
    if (strcmp(format, "text") != 0 && strcmp(format, "json") != 0) {
        fprintf(stderr, "voxtrawl eval: --format %s: expected text or json\n", format);
        return VX_EXIT_USAGE;
    }
    rc = evaluate(&o, strcmp(format, "json") == 0, plot, &err);
    return rc == VX_OK ? VX_EXIT_OK : vx_command_fail(self, &err);
}
