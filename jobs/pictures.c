/* pictures.c - voxtrawl pictures: the network's input pictures of all windows, so that a network is trained on exactly
 * what a scan shows it. Needs no weights: the geometry comes from a model's folder, or from --size. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cpu/frontend.h"
#include "io/corpus.h"
#include "jobs/picture_maker.h"
#include "jobs/playing.h"
#include "jobs/scan_options.h"
#include "jobs/version.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIZE 4096

struct options {
    struct vx_scan_options scan; /* the part that says what a window is */
    struct vx_playing_options playing;
    const char *out, *preprocessor;
    long size, threads;
    bool png, rgb, overwrite, quiet;
};

struct geometry { /* what makes a window a picture */
    struct vx_profile profile;
    struct vx_processor processor;
    int size;
};

struct columns { /* of the manifests, in the order in which they are met */
    char **name; /* owned [n] */
    size_t n, cap;
};

static enum vx_status size_of_model(const char *dir, struct geometry *g, struct vx_err *err)
{
    struct vx_config config;
    enum vx_status rc = vx_config_load(&config, dir, err);

    if (rc != VX_OK)
        return rc;
    g->size = config.image_size = vx_scanner_input_size(&g->profile, &g->processor, config.image_size);
    rc = vx_config_check(&config, dir, err);
    vx_config_clear(&config);
    return rc;
}

/* Whether the profile's pictures fit shows here, before the work. Where the rate is each file's own, two of them: pictures
 * that depend on the rate cannot fit both. */
static enum vx_status try_front_end(const struct geometry *g, struct vx_err *err)
{
    const int rates[2] = {g->profile.sample_rate ? g->profile.sample_rate : 8000, 44100};
    const int n_rates = g->profile.sample_rate ? 1 : 2;
    enum vx_status rc = VX_OK;

    for (int i = 0; rc == VX_OK && i < n_rates; i++) {
        struct vx_frontend *f = NULL;
        rc = vx_frontend_create(&f, &g->profile, &g->processor, g->size, rates[i], vx_profile_samples(&g->profile, rates[i]), err);
        vx_frontend_destroy(&f);
    }
    return rc;
}

static enum vx_status load_geometry(struct geometry *g, const struct options *o, struct vx_err *err)
{
    const char *model = o->scan.scanner.model;
    enum vx_status rc;

    if (model && (o->size || o->preprocessor))
        return vx_fail(err, VX_EINVAL, "--model gives the input size and the image processor; leave out --size and --preprocessor");
    if (!model && !o->size && !o->preprocessor)
        return vx_fail(err, VX_EINVAL, "how large are the network's pictures? --model DIR takes a model's folder (its config.json "
                       "and preprocessor_config.json suffice), --size N a number of pixels, --preprocessor FILE a "
                       "preprocessor_config.json");
    if ((rc = vx_scanner_profile(&g->profile, &o->scan.scanner, err)) != VX_OK)
        return rc;
    g->processor = vx_processor_default();
    if (o->size) {
        g->processor.shortest_edge = (int)o->size;
        g->processor.crop_pct = 1; /* a network yet to be trained need not lose a spectrogram's edges */
    }
    if (model)
        rc = vx_processor_load(&g->processor, model, err);
    else if (o->preprocessor)
        rc = vx_processor_load_file(&g->processor, o->preprocessor, err);
    if (rc != VX_OK)
        return rc;
    g->size = o->size ? (int)o->size : g->processor.shortest_edge;
    if (model && (rc = size_of_model(model, g, err)) != VX_OK)
        return rc;
    return try_front_end(g, err);
}

static void free_columns(struct columns *c)
{
    for (size_t i = 0; i < c->n; i++)
        free(c->name[i]);
    free(c->name);
}

static enum vx_status add_column(struct columns *c, const char *name, struct vx_err *err)
{
    void *names = c->name;

    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->name[i], name) == 0)
            return VX_OK;
    if (vx_grow(&names, &c->cap, c->n + 1, sizeof *c->name) != 0)
        return vx_fail_nomem(err, "the manifest's columns");
    c->name = names;
    if (!(c->name[c->n] = strdup(name)))
        return vx_fail_nomem(err, "the manifest's columns");
    c->n++;
    return VX_OK;
}

/* The table's header stands before its first row, so the manifests are read once for their columns alone. */
static enum vx_status find_columns(struct columns *columns, const struct options *o, const struct vx_player_config *reader,
                                   struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (int i = 0; rc == VX_OK && i < o->scan.n_inputs; i++) {
        struct vx_corpus *corpus = NULL;
        struct vx_item item = {0};
        if (vx_corpus_classify(o->scan.inputs[i]) != VX_NAME_MANIFEST)
            continue;
        if ((rc = vx_corpus_open(&corpus, &o->scan.inputs[i], 1, err)) == VX_OK)
            vx_corpus_limit(corpus, vx_item_windows_limits(reader));
        while (rc == VX_OK && (rc = vx_corpus_next(corpus, &item, err)) == VX_OK)
            for (size_t k = 0; rc == VX_OK && k < item.n_meta; k++)
                rc = add_column(columns, item.meta[2 * k], err);
        if (rc == VX_DONE)
            rc = VX_OK;
        vx_item_clear(&item);
        vx_corpus_close(&corpus);
    }
    return rc;
}

/* The real path of what there is of path: itself, or the nearest folder above it. The caller's to free; NULL: no memory. */
static char *real_folder(const char *path)
{
    char *part = strdup(path), *real = NULL;

    while (part && !(real = realpath(part, NULL)) && (errno == ENOENT || errno == ENOTDIR)) {
        char *slash = strrchr(part, '/');
        if (strcmp(part, ".") == 0)
            break; /* the working folder is gone */
        if (slash && slash > part)
            *slash = '\0';
        else
            strcpy(part, slash ? "/" : ".");
    }
    free(part);
    return real;
}

/* PNGs below a folder that is read would be read as pictures of the corpus, by this run or the next. */
static enum vx_status check_not_inside(const struct options *o, struct vx_err *err)
{
    char *out = real_folder(o->out);
    enum vx_status rc = VX_OK;

    for (int i = 0; out && rc == VX_OK && i < o->scan.n_inputs; i++) {
        char *in = realpath(o->scan.inputs[i], NULL);
        const size_t n = in ? strlen(in) : 0;
        if (in && strncmp(out, in, n) == 0 && (n == 1 || out[n] == '/' || out[n] == '\0')) /* 1: the root */
            rc = vx_fail(err, VX_EINVAL, "-o %s lies in the input %s, which the PNGs would become part of; give another folder",
                         o->out, o->scan.inputs[i]);
        free(in);
    }
    free(out);
    return rc;
}

/* Three numbers, each the shortest text that reads back as it. */
static void add_channels(struct vx_buf *b, const char *key, const float *x)
{
    vx_buf_fmt(b, "\"%s\": [", key);
    for (int i = 0; i < 3; i++) {
        char text[32];
        for (int digits = 6; digits <= 9; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, (double)x[i]);
            if (strtof(text, NULL) == x[i])
                break;
        }
        vx_buf_fmt(b, "%s%s", i ? ", " : "", text);
    }
    vx_buf_str(b, "]");
}

/* As preprocessor_config.json has it. */
static void add_processor(struct vx_buf *b, const struct vx_processor *p)
{
    vx_buf_fmt(b, "{\n    \"image_processor_type\": \"ConvNextImageProcessor\", \"do_resize\": %s, "
               "\"size\": {\"shortest_edge\": %d}, \"crop_pct\": %.17g, \"resample\": %d,\n    \"do_rescale\": %s, "
               "\"rescale_factor\": %.17g, \"do_normalize\": %s,\n    ", p->do_resize ? "true" : "false", p->shortest_edge,
               p->crop_pct, (int)p->resample, p->do_rescale ? "true" : "false", p->rescale_factor,
               p->do_normalize ? "true" : "false");
    add_channels(b, "image_mean", p->mean);
    vx_buf_str(b, ", ");
    add_channels(b, "image_std", p->std);
    vx_buf_str(b, "\n  }");
}

static void add_facts(struct vx_buf *b, const struct geometry *g, const struct vx_window_rule *rule,
                      const struct vx_picture_tally *tally)
{
    char *profile = vx_profile_json(&g->profile);

    vx_buf_fmt(b, "  \"window\": %.9g,\n  \"hop\": %.9g,\n  \"min_sound\": %.9g,\n  \"silence_db\": %.9g,\n", rule->window_seconds,
               rule->hop_seconds, rule->min_seconds, rule->silence_dbfs);
    vx_buf_fmt(b, "  \"items\": %lld,\n  \"not_scored\": %lld,\n  \"failed\": %lld,\n", (long long)tally->items,
               (long long)tally->not_scored, (long long)tally->failed);
    vx_buf_fmt(b, "  \"program\": \"voxtrawl %s\",\n  \"processor\": ", vx_version_short());
    add_processor(b, &g->processor);
    vx_buf_fmt(b, ",\n  \"profile\": %s", profile ? profile : "null");
    b->failed |= !profile;
    free(profile);
}

static void print_summary(const struct vx_picture_tally *t, int64_t n, double seconds, const char *out)
{
    char duration[32];

    fprintf(stderr, "\n%lld item%s in %s: %lld with pictures, %lld without a window to score, %lld failed", (long long)t->items,
            t->items == 1 ? "" : "s", vx_text_duration(seconds, duration, sizeof duration), (long long)t->scored,
            (long long)t->not_scored, (long long)t->failed);
    if (t->skipped)
        fprintf(stderr, "; %lld other files passed over", (long long)t->skipped);
    fprintf(stderr, "\n  pictures  %lld, %.0f a second\n  result    %s\n", (long long)n, seconds > 0 ? (double)n / seconds : 0, out);
}

/* Returns the exit status through *status. */
static enum vx_status make(const struct options *o, struct vx_log *log, int *status, struct vx_err *err)
{
    const double start = vx_clock_now();
    struct geometry g = {0};
    struct columns columns = {0};
    struct vx_playing playing = {0};
    struct vx_picture_set *set = NULL;
    struct vx_picture_tally tally;
    struct vx_buf facts = {0};
    enum vx_status rc;
    cpu_set_t cpus;

    if ((rc = vx_playing_begin(&playing, &o->playing, log, err)) != VX_OK || (rc = load_geometry(&g, o, err)) != VX_OK || (rc = find_columns(&columns, o, &playing.player, err)) != VX_OK)
        goto done;
    const int channels = g.profile.colour == VX_COLOUR_GREY && !o->rgb ? 1 : 3;
    const struct vx_picture_set_config config = {.dir = o->out, .size = g.size, .channels = channels, .png = o->png,
                                                 .overwrite = o->overwrite, .columns = columns.name, .n_columns = columns.n};
    if ((o->png && (rc = check_not_inside(o, err)) != VX_OK) || (rc = vx_picture_set_create(&set, &config, err)) != VX_OK)
        goto done;
    const struct vx_picture_maker maker = {
        .windows = {.profile = &g.profile, .processor = &g.processor, .image_size = g.size,
                    .rule = vx_scan_rule(&o->scan, &g.profile), .player = playing.player},
        .channels = channels,
        .threads = o->threads ? (int)o->threads : sched_getaffinity(0, sizeof cpus, &cpus) == 0 ? CPU_COUNT(&cpus) : 1,
        .inputs = o->scan.inputs, .n_inputs = (size_t)o->scan.n_inputs, .set = set, .log = log};
    vx_log_say(log, VX_LOG_INFO, "profile  %s: %s", g.profile.name, g.profile.description);
    vx_log_say(log, VX_LOG_INFO, "pictures %d x %d x %d of %g s every %g s, on %d thread%s", g.size, g.size, channels,
               maker.windows.rule.window_seconds, maker.windows.rule.hop_seconds, maker.threads, maker.threads == 1 ? "" : "s");
    if ((rc = vx_picture_maker_run(&maker, &tally, err)) != VX_OK)
        goto done;
    add_facts(&facts, &g, &maker.windows.rule, &tally);
    if ((rc = vx_picture_set_finish(set, &facts, err)) != VX_OK)
        goto done;
    if (!o->quiet)
        print_summary(&tally, vx_picture_set_count(set), vx_clock_now() - start, o->out);
    if (tally.items == 0)
        vx_log_say(log, VX_LOG_WARNING, "no recordings found in what was named");
    *status = tally.failed > 0 ? VX_EXIT_FAILED_ITEMS : VX_EXIT_OK;
done:
    vx_picture_set_destroy(&set);
    vx_playing_end(&playing);
    vx_buf_free(&facts);
    free_columns(&columns);
    return rc;
}

int vx_cmd_pictures(const struct vx_command *self, int argc, char **argv)
{
    struct options o = {.scan = vx_scan_options_default(), .playing = vx_playing_defaults};
    struct vx_scanner_options *const s = &o.scan.scanner;
    const struct vx_opt table[] = {
        {"output", 'o', VX_OPT_STRING, &o.out, "DIR", "folder for pictures.u8, windows.csv, pictures.json", 0, 0},
        {"model", 'm', VX_OPT_STRING, &s->model, "DIR",
         "size, image processor and profile as this model takes them; its weights are not read", 0, 0},
        {"size", 0, VX_OPT_INT, &o.size, "N",
         "without a model: pixels a side; the short side is resized to it, bicubic, of the long one the middle is taken", 1, MAX_SIZE},
        {"preprocessor", 0, VX_OPT_STRING, &o.preprocessor, "FILE", "without a model: a preprocessor_config.json", 0, 0},
        {"profile", 'p', VX_OPT_STRING, &s->profile, "NAME|FILE", "front end, as for scan", 0, 0},
        {"window", 0, VX_OPT_REAL, &s->window_seconds, "S", "seconds a window (default: the profile's, 2)", 0.1, 60},
        {"hop", 0, VX_OPT_REAL, &o.scan.hop_seconds, "S", "seconds between windows' starts (default: the window)", 0.01, 3600},
        {"min-sound", 0, VX_OPT_REAL, &o.scan.min_seconds, "S", "sound the last window needs, as for scan (default 0.5)", 0.01, 60},
        {"silence-db", 0, VX_OPT_REAL, &o.scan.silence_dbfs, "DB", "quieter windows are left out, as by scan (default -70)", -300, 0},
        {"rgb", 0, VX_OPT_FLAG, &o.rgb, NULL, "three channels of grey pictures too", 0, 0},
        {"png", 0, VX_OPT_FLAG, &o.png, NULL, "PNGs to look at too, 10,000 a folder (slower)", 0, 0},
        {"overwrite", 0, VX_OPT_FLAG, &o.overwrite, NULL, "replace the pictures in DIR", 0, 0},
        {"threads", 't', VX_OPT_INT, &o.threads, "N", "threads (default: all processors); never changes the result", 1, 1024},
        {"max-member", 0, VX_OPT_INT, &o.playing.max_member_mib, "MIB",
         "largest member of an archive, held in memory (default 1024)", 1, 1 << 20},
        VX_PLAYING_OPTIONS(o.playing, ""),
        {"quiet", 'q', VX_OPT_FLAG, &o.quiet, NULL, "only warnings and errors on stderr", 0, 0},
        {0},
    };
    struct vx_log *log = NULL;
    struct vx_err err;
    enum vx_status rc;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (!o.out || !*o.out || n == 0) {
        fprintf(stderr, "usage: voxtrawl pictures %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    o.scan.inputs = (const char *const *)(argv + 1);
    o.scan.n_inputs = n;
    if ((rc = vx_log_open(&log, NULL, o.quiet ? VX_LOG_WARNING : VX_LOG_INFO, &err)) == VX_OK)
        rc = make(&o, log, &status, &err);
    vx_log_close(&log);
    return rc == VX_OK ? status : vx_command_fail(self, &err);
}
