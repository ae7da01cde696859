/* calibrate.c - voxtrawl calibrate: which front end a model was made for, what its scores mean, where its verdicts change,
 * found on labelled files */
#include "base/file.h"
#include "base/mem.h"
#include "jobs/calibrate_report.h"
#include "jobs/calibrate_results.h"
#include "jobs/command.h"
#include "jobs/default_model.h"
#include "jobs/item_windows.h"
#include "jobs/outfile.h"
#include "jobs/playing.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    struct vx_scanner_options scanner;
    struct vx_calibrate_set_options set;
    struct vx_playing_options playing;
    struct vx_opt_list profiles;
    struct vx_opt_list from; /* results in place of inputs */
    const char *out; /* NULL: report only */
    bool overwrite, quiet;
    long folds, seed, threads;
};

struct work {
    const struct options *o;
    struct vx_playing playing; /* of what is scored here */
    struct vx_log *log;
    char *default_model; /* owned; NULL: --model names one */
    char *beside;        /* owned: the model's profile.json, NULL: it has none */
    struct vx_calibrate_set set;
    struct vx_calibrate_candidate *candidates; /* owned [n_candidates] */
    int n_candidates;
    struct vx_calibrate_row *rows; /* owned [n_candidates] */
    int *folds;                    /* owned [set.n] */
};

static enum vx_status find_model(struct work *w, struct vx_scanner_options *scanner, struct vx_err *err)
{
    bool shipped;
    enum vx_status rc;

    if (!scanner->model) {
        if ((rc = vx_default_model(&w->default_model, &shipped, err)) != VX_OK)
            return rc;
        scanner->model = w->default_model;
    }
    if (!(w->beside = vx_file_join(scanner->model, "profile.json")))
        return vx_fail_nomem(err, "a path");
    if (access(w->beside, F_OK) != 0) {
        free(w->beside);
        w->beside = NULL;
    }
    return VX_OK;
}

static enum vx_status add_candidate(struct work *w, const char *named, bool asked, struct vx_err *err)
{
    struct vx_calibrate_candidate *c = &w->candidates[w->n_candidates++];

    c->named = named;
    c->asked = asked;
    return vx_profile_load(&c->profile, named, err);
}

/* Those asked for; else the model's own and all built in; for pictures, which no profile changes, one. */
static enum vx_status list_candidates(struct work *w, struct vx_err *err)
{
    const struct vx_opt_list *asked = &w->o->profiles;
    enum vx_status rc = VX_OK;

    w->candidates = vx_calloc(asked->n + (size_t)vx_profile_builtin_count() + 1, sizeof *w->candidates);
    if (!w->candidates)
        return vx_fail_nomem(err, "profiles");
    if (w->set.pictures && asked->n > 1)
        return vx_fail(err, VX_EINVAL, "pictures skip the front end, so profiles cannot be compared on them; name one --profile, "
                       "into which the calibration is written");
    for (size_t i = 0; rc == VX_OK && i < asked->n; i++)
        rc = add_candidate(w, asked->at[i], true, err);
    if (rc != VX_OK || asked->n > 0)
        return rc;
    if (w->beside && (rc = add_candidate(w, w->beside, true, err)) != VX_OK)
        return rc;
    if (w->set.pictures)
        return w->beside ? VX_OK : add_candidate(w, VX_PROFILE_DEFAULT, true, err);
    for (int i = 0; rc == VX_OK && i < vx_profile_builtin_count(); i++)
        rc = add_candidate(w, vx_profile_builtin_name(i), false, err);
    return rc;
}

static void drop_left_out(struct work *w)
{
    int kept = 0;

    for (int i = 0; i < w->n_candidates; i++)
        if (!w->candidates[i].left_out)
            w->candidates[kept++] = w->candidates[i];
    w->n_candidates = kept;
}

static enum vx_status nothing_fits(const struct vx_calibrate_result *r, struct vx_err *err)
{
    bool wrong_way = true;
    double least = 1;

    for (int i = 0; i < r->n; i++) {
        wrong_way &= r->rows[i].wrong_way;
        least = fmin(least, r->rows[i].window_eer);
    }
    if (wrong_way)
        return vx_fail(err, VX_EINVAL, "with every profile the scores point the wrong way (EER of windows %.1f %% or more): are the "
                       "sides in %s swapped, or the model's labels (--fake-label, --real-label)?", 100 * least, r->labels);
    return vx_fail(err, VX_EINVAL, "with no profile the scores tell the sides of %s apart: is this a model for it?", r->labels);
}

/* Cross-validation, then the fit to everything. */
static enum vx_status fit(struct work *w, struct vx_calibrate_result *r, struct vx_err *err)
{
    const struct vx_calibrate_part all = {w->set.files, w->set.n, NULL, 0, false};
    struct vx_calibrate_windows *windows = vx_calloc((size_t)w->n_candidates, sizeof *windows);
    enum vx_status rc;

    w->rows = vx_calloc((size_t)w->n_candidates, sizeof *w->rows);
    if (!windows || !w->rows) {
        free(windows);
        return vx_fail_nomem(err, "scores");
    }
    for (int i = 0; i < w->n_candidates; i++)
        windows[i] = w->candidates[i].windows;
    *r = (struct vx_calibrate_result){.candidates = w->candidates, .rows = w->rows, .n = w->n_candidates,
                                      .n_folds = (int)w->o->folds, .set = &w->set, .labels = w->o->set.labels};
    rc = vx_calibrate_cross(&r->report, w->rows, windows, w->n_candidates, w->set.files, w->set.n, w->folds, r->n_folds, err);
    if (rc == VX_OK && r->report.best < 0)
        rc = nothing_fits(r, err);
    else if (rc == VX_OK)
        rc = vx_calibrate_fit(&r->fit, &all, &windows[r->report.best], err);
    free(windows);
    return rc;
}

static enum vx_status write_profile(const struct vx_calibrate_result *r, const char *path, struct vx_err *err)
{
    struct vx_profile profile;
    char *json = NULL;
    enum vx_status rc = vx_calibrate_profile(&profile, r, err);

    if (rc != VX_OK)
        return rc;
    if (!(json = vx_profile_json(&profile)))
        return vx_fail_nomem(err, "the profile");
    rc = vx_file_write(path, json, strlen(json), err);
    free(json);
    return rc;
}

static enum vx_status make_folds(struct work *w, struct vx_err *err)
{
    if (!(w->folds = vx_calloc(w->set.n, sizeof *w->folds)))
        return vx_fail_nomem(err, "the folds");
    return vx_calibrate_folds(w->folds, w->set.files, w->set.n, (int)w->o->folds, (uint64_t)w->o->seed, w->o->set.cluster, err);
}

static enum vx_status read_results(struct work *w, struct vx_err *err)
{
    const struct vx_opt_list *from = &w->o->from;
    enum vx_status rc;

    if (!(w->candidates = vx_calloc(from->n, sizeof *w->candidates)))
        return vx_fail_nomem(err, "profiles");
    w->n_candidates = (int)from->n;
    rc = vx_calibrate_results_read(&w->set, w->candidates, from->at, from->n, &w->o->set, w->log, err);
    return rc == VX_OK ? make_folds(w, err) : rc;
}

static enum vx_status score_inputs(struct work *w, struct vx_err *err)
{
    struct vx_scanner_options scanner = w->o->scanner;
    struct vx_calibrate_set_options set = w->o->set;
    enum vx_status rc = vx_playing_begin(&w->playing, &w->o->playing, w->log, err);

    if (rc != VX_OK)
        return rc;
    set.limits = vx_item_windows_limits(&w->playing.player);
    /* what can be refused is refused before the work */
    if ((rc = find_model(w, &scanner, err)) != VX_OK ||
        (rc = vx_calibrate_set_read(&w->set, &set, w->log, err)) != VX_OK || (rc = list_candidates(w, err)) != VX_OK ||
        (rc = make_folds(w, err)) != VX_OK || (w->o->out && (rc = vx_outfile_writable(w->o->out, err)) != VX_OK))
        return rc;
    rc = vx_calibrate_score(w->candidates, (size_t)w->n_candidates, &w->set, &scanner, &w->playing.player, w->log, err);
    drop_left_out(w);
    return rc;
}

static enum vx_status calibrate(struct work *w, struct vx_err *err)
{
    const char *out = w->o->out;
    struct vx_calibrate_result result;
    enum vx_status rc;

    if ((out && (rc = vx_outfile_kind(out, w->o->overwrite, "{", "profile", err)) != VX_OK) ||
        (rc = w->o->from.n > 0 ? read_results(w, err) : score_inputs(w, err)) != VX_OK)
        return rc;
    if (!w->candidates[0].trained)
        vx_log_say(w->log, VX_LOG_WARNING, "the model is UNTRAINED: its scores mean nothing");
    if ((rc = fit(w, &result, err)) != VX_OK)
        return rc;
    vx_calibrate_print(&result, stdout);
    vx_calibrate_warn(&result, w->log);
    if (!out)
        vx_log_say(w->log, VX_LOG_INFO, "no profile is written: -o names one");
    else if ((rc = write_profile(&result, out, err)) == VX_OK)
        vx_log_say(w->log, VX_LOG_INFO, "written  %s: scan --profile %s, or keep it as profile.json beside the model", out, out);
    if (rc == VX_OK && (fflush(stdout) != 0 || ferror(stdout)))
        rc = vx_fail_sys(err, "the report cannot be written");
    return rc;
}

static void clear(struct work *w)
{
    for (int i = 0; i < w->n_candidates; i++)
        vx_calibrate_windows_free(&w->candidates[i].windows);
    free(w->candidates);
    free(w->rows);
    free(w->folds);
    free(w->beside);
    free(w->default_model);
    vx_calibrate_set_free(&w->set);
    vx_playing_end(&w->playing);
    vx_log_close(&w->log);
}

int vx_cmd_calibrate(const struct vx_command *self, int argc, char **argv)
{
    struct options o = {.scanner = {.device = "auto", .precision = "auto", .threshold = -1}, .playing = vx_playing_defaults, .folds = 5, .seed = 1};
    struct vx_scanner_options *s = &o.scanner;
    const struct vx_opt table[] = {
        {"labels", 'l', VX_OPT_STRING, &o.set.labels, "FILE", "which recordings are bona fide and which spoof", 0, 0},
        {"labels-format", 0, VX_OPT_STRING, &o.set.labels_format, "NAME", "the label file's format, if it is not recognised", 0, 0},
        {"output", 'o', VX_OPT_STRING, &o.out, "PROFILE.json", "write the profile there (default: only report)", 0, 0},
        {"overwrite", 0, VX_OPT_FLAG, &o.overwrite, NULL, "replace it when it exists", 0, 0},
        {"model", 'm', VX_OPT_STRING, &s->model, "DIR", "Hugging Face ConvNeXt folder (default: " VX_DEFAULT_MODEL_WORDS ")", 0, 0},
        {"profile", 'p', VX_OPT_LIST, &o.profiles, "NAME|FILE",
         "a front end to try; again for more (default: the model's own profile.json and all built in)", 0, 0},
        {"from", 0, VX_OPT_LIST, &o.from, "DB",
         "take the scores of this scan's result instead of scoring INPUTs; again for results of other profiles", 0, 0},
        {"cluster", 'c', VX_OPT_STRING, &o.set.cluster, "COLUMN",
         "files that share its value, speaker say, are held out together (default: each file alone)", 0, 0},
        {"folds", 0, VX_OPT_INT, &o.folds, "K", "of the cross-validation (default 5)", 2, VX_CALIBRATE_MAX_FOLDS},
        {"seed", 0, VX_OPT_INT, &o.seed, "N", "of the folds (default 1)", 0, 2e9},
        {"fake-label", 0, VX_OPT_STRING, &s->fake_label, "NAME|N", "the model's label for synthetic speech, if its words do not say", 0, 0},
        {"real-label", 0, VX_OPT_STRING, &s->real_label, "NAME|N", "the model's label for human speech", 0, 0},
        {"device", 0, VX_OPT_STRING, &s->device, "auto|cpu|cuda", "engine (default auto)", 0, 0},
        {"precision", 0, VX_OPT_STRING, &s->precision, VX_PRECISION_WORDS,
         "arithmetic (default auto: bf16 where the processor has it, fp16 on a GPU)", 0, 0},
        {"threads", 't', VX_OPT_INT, &o.threads, "N", "engine threads (default: all processors; 3 on a GPU)", 1, 1024},
        {"batch", 0, VX_OPT_INT, &s->batch, "N", "windows an engine call (default: the engine's); never changes scores", 1, 4096},
        VX_PLAYING_OPTIONS(o.playing, ""),
        {"quiet", 'q', VX_OPT_FLAG, &o.quiet, NULL, "only warnings and errors on stderr", 0, 0},
        {0},
    };
    struct work w = {.o = &o};
    struct vx_err err;
    enum vx_status rc;
    cpu_set_t cpus;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (o.from.n > 0 && (n > 0 || s->model || o.profiles.n > 0)) {
        fprintf(stderr, "voxtrawl calibrate: --from DB has the scores of its model and profile: leave out INPUTs, --model and --profile\n");
        return VX_EXIT_USAGE;
    }
    if ((n == 0 && o.from.n == 0) || !o.set.labels) {
        fprintf(stderr, "usage: voxtrawl calibrate %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    o.set.inputs = (const char *const *)(argv + 1);
    o.set.n_inputs = (size_t)n;
    s->lanes = (int)o.threads;
    s->processors = sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
    if ((rc = vx_log_open(&w.log, NULL, o.quiet ? VX_LOG_WARNING : VX_LOG_INFO, &err)) == VX_OK)
        rc = calibrate(&w, &err);
    clear(&w);
    return rc == VX_OK ? VX_EXIT_OK : vx_command_fail(self, &err);
}
