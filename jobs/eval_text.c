/* eval_text.c - the report as tables for people */
#include "base/text.h"
#include "jobs/eval_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CELL 36      /* wide enough for "-12.345 [-12.345, -12.345]" */
#define VALUE_MAX 24 /* characters of a value shown */

/* "4.10 [3.20, 5.00]"; "-" where there is no value, the brackets only where there is an interval. */
static const char *cell(char out[64], double value, struct vx_interval in, double factor, int digits, const char *unit)
{
    if (isnan(value))
        snprintf(out, 64, "-");
    else if (isnan(in.low))
        snprintf(out, 64, "%.*f%s", digits, value * factor, unit);
    else
        snprintf(out, 64, "%.*f%s [%.*f, %.*f]", digits, value * factor, unit, digits, in.low * factor, digits, in.high * factor);
    return out;
}

/* Text of a database or a command line, which may hold what a terminal obeys. */
static void print_foreign(FILE *to, const char *before, const char *text, const char *after)
{
    char *printable = vx_text_printable(text);

    fprintf(to, "%s%s%s", before, printable ? printable : "?", after);
    free(printable);
}

static void print_head(const struct vx_eval_report *r, FILE *to)
{
    const struct vx_eval_set *s = r->set;
    const struct vx_eval_options *o = r->options;

    print_foreign(to, "model      ", *s->run->model_name ? s->run->model_name : s->run->model_path,
                  s->run->trained ? "\n" : " - UNTRAINED: these numbers mean nothing\n");
    print_foreign(to, "labels     ", o->labels, "");
    fprintf(to, " (%s): %zu rows, %zu of them met no item\n", vx_labels_format(s->labels), vx_labels_count(s->labels),
            vx_labels_unmatched(s->labels));
    fprintf(to, "items      %zu", s->n_items);
    print_foreign(to, " in ", o->db, "");
    fprintf(to, ": %zu labelled, %zu without a label", s->n_labelled, s->n_items - s->n_labelled);
    if (o->where.n > 0)
        fprintf(to, "; %zu left out by --where", s->n_elsewhere);
    if (o->min_seconds > 0)
        fprintf(to, "; %zu shorter than %g s left out", s->n_short, o->min_seconds);
    fprintf(to, "\n           %zu measured, %zu of them without a score, which count in the verdicts alone\n", s->n_files,
            s->n_unscored);
}

/* What a score is, of a window and of a file, and what intervals are over. */
static void print_terms(const struct vx_eval_report *r, FILE *to)
{
    static const char *const of_file[] = {[VX_FILE_MEAN] = "the mean of its windows'",
                                          [VX_FILE_MAX] = "the lowest of its windows', which looks most like spoof",
                                          [VX_FILE_WORST] = "the mean of the lowest tenth of its windows'"};
    const struct vx_eval_set *s = r->set;
    const struct vx_eval_options *o = r->options;

    if (s->calibrated)
        fprintf(to, "score      log-likelihood ratio, %g * (logit_real - logit_fake) %c %g; higher means bona fide\n",
                s->calibration.scale, s->calibration.offset < 0 ? '-' : '+', fabs(s->calibration.offset));
    else
        fprintf(to, "score      logit_real - logit_fake; higher means bona fide. The run was not calibrated: actDCF and Cllr\n"
                    "           expect log-likelihood ratios and say here how far the scores are from being that\n");
    if (*s->calibrated_on)
        print_foreign(to, "           calibrated on ", s->calibrated_on, "\n");
    fprintf(to, "files      a file's score is %s\n", of_file[o->file_score]);
    if (o->rounds > 0)
        fprintf(to, "intervals  95 %%, %ld bootstrap rounds over %zu %s, seed %ld\n", o->rounds, s->n_clusters,
                o->cluster ? "clusters" : "files", o->seed);
    if (o->rounds > 0 && o->cluster)
        fprintf(to, "           a cluster: the files of one %s; %zu files without are clusters of their own\n", o->cluster, s->n_lone);
}

/* Of n, how many, and their share. */
static void print_count(FILE *to, const char *name, const struct vx_eval_report *r, bool bona, bool right)
{
    fprintf(to, "%-30s", name);
    for (int level = 0; level < VX_EVAL_LEVELS; level++) {
        const struct vx_eval_result *v = &r->levels[level];
        const size_t n = right ? v->right[bona] : v->n[bona] - v->right[bona];
        char text[64];
        if (v->n[bona] > 0)
            snprintf(text, sizeof text, "%zu (%.2f %%)", n, 100 * (double)n / (double)v->n[bona]);
        else
            snprintf(text, sizeof text, "-");
        fprintf(to, level + 1 < VX_EVAL_LEVELS ? "%-*s" : "%.*s\n", level + 1 < VX_EVAL_LEVELS ? CELL : 64, text);
    }
}

static void print_metric(FILE *to, const char *name, const double values[], const struct vx_interval intervals[], double factor,
                         int digits, const char *unit)
{
    char a[64], b[64];

    fprintf(to, "%-30s%-*s%s\n", name, CELL, cell(a, values[0], intervals[0], factor, digits, unit),
            cell(b, values[1], intervals[1], factor, digits, unit));
}

static void print_whole(const struct vx_eval_report *r, FILE *to)
{
    const struct vx_eval_result *w = &r->levels[VX_EVAL_WINDOWS], *f = &r->levels[VX_EVAL_FILES];
    char text[64];
#define BOTH(field) (const double[]){w->metrics.field, f->metrics.field}
#define SPANS(field) (const struct vx_interval[]){w->intervals.field, f->intervals.field}

    fprintf(to, "\n%-30s%-*s%s\n", "", CELL, "windows", "files");
    snprintf(text, sizeof text, "%zu, %zu", w->n[1], w->n[0]);
    fprintf(to, "%-30s%-*s%zu, %zu\n", "bona fide, spoof", CELL, text, f->n[1], f->n[0]);
    print_metric(to, "accuracy (real: score >= 0)", (const double[]){w->accuracy, f->accuracy},
                 (const struct vx_interval[]){w->accuracy_interval, f->accuracy_interval}, 100, 2, " %");
    print_count(to, "  bona fide called real", r, true, true);
    print_count(to, "  bona fide called fake", r, true, false);
    print_count(to, "  spoof called fake", r, false, true);
    print_count(to, "  spoof called real", r, false, false);
    print_metric(to, "EER", BOTH(eer), SPANS(eer), 100, 2, " %");
    print_metric(to, "  at the score", BOTH(eer_threshold), (const struct vx_interval[]){{NAN, NAN}, {NAN, NAN}}, 1, 3, "");
    print_metric(to, "ROC-AUC", BOTH(auc), SPANS(auc), 1, 4, "");
    print_metric(to, "minDCF", BOTH(min_dcf), SPANS(min_dcf), 1, 4, "");
    print_metric(to, "actDCF", BOTH(act_dcf), SPANS(act_dcf), 1, 4, "");
    print_metric(to, "Cllr (bits)", BOTH(cllr), SPANS(cllr), 1, 4, "");
    fprintf(to, "DCF as in ASVspoof 5: prior of spoof %g, cost of a miss %g, of a false accept %g, normalised\n",
            VX_COST_ASVSPOOF5.pi_spoof, VX_COST_ASVSPOOF5.c_miss, VX_COST_ASVSPOOF5.c_fa);
    if (f->n[0] == 0 || f->n[1] == 0)
        fprintf(to, "only %s here: what needs both classes has no value\n", f->n[0] == 0 ? "bona fide" : "spoof");
#undef BOTH
#undef SPANS
}

static void print_verdicts(const struct vx_eval_report *r, FILE *to)
{
    static const char *const sides[] = {"spoof", "bona fide"};

    fprintf(to, "\nverdicts of files (by mean_fake: real below %g, fake from %g, between them uncertain)\n", r->set->run->real_below,
            r->set->run->fake_from);
    fprintf(to, "%-12s%10s%12s%10s%12s%10s\n", "", "real", "uncertain", "fake", "not scored", "failed");
    for (int side = 1; side >= 0; side--) {
        const size_t *n = r->outcomes[side];
        fprintf(to, "%-12s%10zu%12zu%10zu%12zu%10zu\n", sides[side], n[VX_OUTCOME_REAL], n[VX_OUTCOME_UNCERTAIN],
                n[VX_OUTCOME_FAKE], n[VX_OUTCOME_NOT_SCORED], n[VX_OUTCOME_FAILED]);
    }
}

/* A value cut to VALUE_MAX characters and padded to as many columns. */
static enum vx_status print_value(const char *value, FILE *to, struct vx_err *err)
{
    char *text = vx_text_printable(value);
    size_t bytes = 0, characters = 0;

    if (!text)
        return vx_fail_nomem(err, "a table");
    for (; text[bytes] && (characters < VALUE_MAX || ((unsigned char)text[bytes] & 0xC0) == 0x80); bytes++)
        characters += ((unsigned char)text[bytes] & 0xC0) != 0x80;
    fprintf(to, "%.*s%*s", (int)bytes, text, (int)(VALUE_MAX - characters + 1), "");
    free(text);
    return VX_OK;
}

static enum vx_status print_row(const struct vx_eval_row *row, enum vx_eval_level level, FILE *to, struct vx_err *err)
{
    static const char *const against[] = {"", "all bona fide", "all spoof"};
    const struct vx_interval none = {NAN, NAN};
    const struct vx_eval_result *v = &row->levels[level];
    char a[64], b[64], c[64], d[64], e[64], f[64];
    const enum vx_status rc = print_value(row->value, to, err);

    if (rc == VX_OK)
        fprintf(to, "%7zu %7zu %8s  %-24s %7s %7s %7s  %-23s%s\n", v->n[1], v->n[0], cell(a, v->accuracy, none, 100, 2, ""),
                cell(b, v->metrics.eer, v->intervals.eer, 100, 2, ""), cell(c, v->metrics.auc, none, 1, 4, ""),
                cell(d, v->metrics.min_dcf, none, 1, 4, ""), cell(e, v->metrics.act_dcf, none, 1, 4, ""),
                cell(f, v->metrics.cllr, v->intervals.cllr, 1, 3, ""), against[v->against]);
    return rc;
}

static enum vx_status print_table(const struct vx_eval_table *t, FILE *to, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (int level = 0; level < VX_EVAL_LEVELS; level++) {
        fprintf(to, "\nby %s, %s (score: higher means bona fide)\n", t->column->name, vx_eval_level_name((enum vx_eval_level)level));
        fprintf(to, "%-*s%7s %7s %8s  %-24s %7s %7s %7s  %-23s%s\n", VALUE_MAX + 1, "", "bona", "spoof", "right %", "EER %", "AUC",
                "minDCF", "actDCF", "Cllr", "against");
        for (size_t i = 0; rc == VX_OK && i < t->n; i++)
            rc = print_row(&t->rows[i], (enum vx_eval_level)level, to, err);
    }
    return rc;
}

enum vx_status vx_eval_print_text(const struct vx_eval_report *r, FILE *to, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    print_head(r, to);
    print_terms(r, to);
    print_whole(r, to);
    print_verdicts(r, to);
    for (size_t i = 0; rc == VX_OK && i < r->n_tables; i++)
        rc = print_table(&r->tables[i], to, err);
    if (rc == VX_OK && r->n_tables > 0)
        fprintf(to, "\nA row of one class alone is measured against all of the other class in the set, as \"against\" says; bona, spoof\n"
                    "and right are of the row alone. A value of - or none makes no row; %s\n",
                r->options->rounds > 0 ? "no interval where a class is one cluster." : "no intervals without --bootstrap.");
    if (rc == VX_OK && !r->set->run->trained)
        fprintf(to, "\nThe model is UNTRAINED: its scores, and so these numbers, mean nothing.\n");
    if (rc == VX_OK && (fflush(to) != 0 || ferror(to)))
        rc = vx_fail_sys(err, "write the report");
    return rc;
}
