#include "jobs/calibrate_report.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_NAME 60 /* bytes of the label file's name in calibrated_on */

/* Files of a side that the profile scored. */
static size_t count_files(const struct vx_calibrate_result *r, const struct vx_calibrate_windows *w, bool bona)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n; i++)
        n += (i == 0 || w->file[i] != w->file[i - 1]) && r->set->files[w->file[i]].bona == bona;
    return n;
}

static void print_share(FILE *to, double share)
{
    if (isnan(share))
        fprintf(to, "  %9s", "-");
    else
        fprintf(to, "  %7.1f %%", 100 * share);
}

static void print_row(FILE *to, const char *name, const struct vx_calibrate_row *row)
{
    fprintf(to, "%-36s  %8zu  %6zu", name, row->n_windows, row->n_files);
    print_share(to, row->window_eer);
    print_share(to, row->file_eer);
    if (row->no_fit)
        fprintf(to, "  %6s", "-");
    else
        fprintf(to, "  %6.3f", row->cllr);
}

/* Its name, and the file's where it comes from one: a model's own profile may have the name of one built in. */
static void show_name(char *out, size_t size, const struct vx_calibrate_candidate *c)
{
    const char *slash = strrchr(c->named, '/');

    if (strcmp(c->named, c->profile.name) == 0)
        snprintf(out, size, "%s", c->named);
    else
        snprintf(out, size, "%s (%s)", c->profile.name, slash ? slash + 1 : c->named);
}

static void print_point(FILE *to, const char *name, const struct vx_operating_point *point)
{
    fprintf(to, "%-36s  %10.4f  %9.4f\n", name, point->real_below, point->fake_from);
}

void vx_calibrate_print(const struct vx_calibrate_result *r, FILE *to)
{
    static const char *const sides[] = {"spoofed", "bona fide"};
    const struct vx_calibrate_points *points = &r->fit.points;

    fprintf(to, "%-36s  %8s  %6s  %9s  %9s  %6s  best on the others\n", "profile", "windows", "files", "EER win.", "EER files",
            "Cllr");
    for (int i = 0; i < r->n; i++) {
        char name[128];
        show_name(name, sizeof name, &r->candidates[i]);
        print_row(to, name, &r->rows[i]);
        fprintf(to, "  in %d of %d folds%s\n", r->rows[i].folds_won, r->n_folds, i == r->report.best ? ", taken" : "");
    }
    print_row(to, "the choice, held out", &r->report.picked);
    fprintf(to, "\n\n%-36s  %9s  %9s  %9s\n", "held-out files, balanced", "real", "uncertain", "fake");
    for (int side = 1; side >= 0; side--) {
        fprintf(to, "%-36s", sides[side]);
        for (int v = 0; v < 3; v++)
            print_share(to, r->report.verdicts[side][v]);
        fputc('\n', to);
    }
    fprintf(to, "\n%-36s  %10s  %9s\n", "mean P(fake) of a file", "real below", "fake from");
    print_point(to, "balanced", &points->balanced);
    print_point(to, "high precision", &points->high_precision);
    print_point(to, "high recall", &points->high_recall);
    fprintf(to, "\nlog-likelihood ratio = %.6g (logit_real - logit_fake) %c %.6g\n", r->fit.llr.scale,
            r->fit.llr.offset < 0 ? '-' : '+', fabs(r->fit.llr.offset));
}

void vx_calibrate_warn(const struct vx_calibrate_result *r, struct vx_log *log)
{
    for (int i = 0; i < r->n; i++) {
        if (r->rows[i].no_fit && r->rows[i].wrong_way)
            vx_log_say(log, VX_LOG_WARNING, "%s: an EER of %.1f %%, the scores point the wrong way; if those of most profiles do, "
                       "the sides in %s or the model's labels are swapped (--fake-label, --real-label)", r->candidates[i].profile.name,
                       100 * r->rows[i].window_eer, r->labels);
        else if (r->rows[i].no_fit)
            vx_log_say(log, VX_LOG_WARNING, "%s: the scores tell the sides apart no better than chance",
                       r->candidates[i].profile.name);
    }
    if (r->report.best < 0)
        return;
    for (int i = 0; i < r->n; i++)
        if (1 - r->rows[i].window_eer < r->rows[r->report.best].window_eer)
            vx_log_say(log, VX_LOG_WARNING, "%s turned round (EER %.1f %%) would beat %s (%.1f %%), which is taken: very likely "
                       "something is swapped", r->candidates[i].profile.name, 100 * (1 - r->rows[i].window_eer),
                       r->candidates[r->report.best].profile.name, 100 * r->rows[r->report.best].window_eer);
    if (r->report.picked.cllr >= 1)
        vx_log_say(log, VX_LOG_WARNING, "a Cllr of %.3f: on files that it was not fitted to, the calibrated score is worth no more "
                   "than none (1); more files, or a model that fits them, are needed", r->report.picked.cllr);
    for (int side = 1; side >= 0; side--) {
        const size_t n = count_files(r, &r->candidates[r->report.best].windows, side == 1);
        if ((double)n * VX_CALIBRATE_RARE < 1)
            vx_log_say(log, VX_LOG_WARNING, "%zu %s files: 1 %% of them is less than one, so %s parts them all; take more",
                       n, side ? "bona fide" : "spoofed", side ? "high precision" : "high recall");
    }
}

/* "412 files (200 bona fide), 3120 windows, labels.csv": no date and no folder, so that the same work gives the same profile. */
static enum vx_status describe(char *out, size_t size, const struct vx_calibrate_result *r, struct vx_err *err)
{
    const struct vx_calibrate_windows *w = &r->candidates[r->report.best].windows;
    const char *slash = strrchr(r->labels, '/');
    char *name = vx_text_printable(slash ? slash + 1 : r->labels);
    const size_t bona = count_files(r, w, true), spoof = count_files(r, w, false);
    size_t len = name ? strlen(name) : 0;

    if (!name)
        return vx_fail_nomem(err, "a name");
    if (len > MOST_NAME)
        for (len = MOST_NAME; len > 0 && ((unsigned char)name[len] & 0xC0) == 0x80; len--)
            continue; /* not within a character */
    snprintf(out, size, "%zu files (%zu bona fide), %zu windows, %.*s", bona + spoof, bona, w->n, (int)len, name);
    free(name);
    return VX_OK;
}

enum vx_status vx_calibrate_profile(struct vx_profile *out, const struct vx_calibrate_result *r, struct vx_err *err)
{
    const struct vx_calibrate_points *points = &r->fit.points;

    *out = r->candidates[r->report.best].profile;
    out->calibration_scale = r->fit.llr.scale;
    out->calibration_offset = r->fit.llr.offset;
    out->real_below = points->balanced.real_below;
    out->fake_from = points->balanced.fake_from;
    out->high_precision = points->high_precision;
    out->high_recall = points->high_recall;
    return describe(out->calibrated_on, sizeof out->calibrated_on, r, err);
}
