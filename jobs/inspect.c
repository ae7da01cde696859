/* inspect.c - voxtrawl inspect: a recording exactly as the network sees it, window by window, with each score */
#include "base/mem.h"
#include "base/text.h"
#include "io/image.h"
#include "jobs/command.h"
#include "jobs/canvas.h"
#include "jobs/item_windows.h"
#include "jobs/named_file.h"
#include "jobs/outfile.h"
#include "jobs/playing.h"
#include "jobs/scan_options.h"
#include "model/verdict.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPTION 34 /* pixels under each window */
#define GAP 10
#define TITLE 66

static const struct vx_colour_rgb paper = {250, 250, 248}, ink = {30, 30, 34}, faint = {150, 150, 155},
                                  rail = {222, 222, 220}, warm = {200, 60, 40}, cool = {40, 110, 170};

struct view { /* one window */
    struct vx_window_score score;
    uint8_t *image; /* [side][side][3] */
};

struct inspection {
    struct vx_scanner scanner;
    struct vx_window_rule rule;
    struct vx_playing playing;
    struct view *views;
    size_t n, cap, max;
    bool more; /* the recording goes on after max windows */
};

/* Image and score of one window; what scan does, in a batch of one. */
static enum vx_status add_view(struct inspection *in, const struct vx_window_score *score, const struct vx_input *input,
                               struct vx_err *err)
{
    struct vx_engine *engine = in->scanner.engine;
    const size_t bytes = (size_t)engine->image_size * (size_t)engine->image_size * 3;
    void *views = in->views;
    float *logits;
    enum vx_status rc;

    if (vx_grow(&views, &in->cap, in->n + 1, sizeof *in->views) != 0)
        return vx_fail_nomem(err, "the windows");
    in->views = views;
    struct view *v = &in->views[in->n];
    *v = (struct view){.score = *score, .image = vx_calloc(bytes, 1)};
    if (!v->image)
        return vx_fail_nomem(err, "a window's picture");
    in->n++;
    logits = vx_calloc((size_t)engine->n_labels, sizeof *logits);
    if (!logits)
        return vx_fail_nomem(err, "logits");
    if (input->kind == VX_INPUT_IMAGE) {
        memcpy(v->image, input->data, bytes);
        rc = VX_OK;
    } else {
        rc = engine->ops->images(engine, 0, input, v->image, err);
    }
    if (rc == VX_OK && !(score->flags & VX_WINDOW_NOT_SCORED) && (rc = vx_engine_run(engine, 0, input, logits, err)) == VX_OK)
        vx_label_map_reduce(&in->scanner.labels, logits, &v->score.real, &v->score.fake);
    free(logits);
    return rc;
}

/* For vx_item_windows_each(). */
static enum vx_status take_window(void *inspection, const struct vx_window_score *score, const struct vx_input *input,
                                  struct vx_err *err)
{
    struct inspection *in = inspection;

    in->more = in->n == in->max;
    return in->more ? VX_DONE : add_view(in, score, input, err);
}

/* What the file is, its content says. */
static enum vx_status find_kind(const char *path, enum vx_item_kind *kind, struct vx_err *err)
{
    struct vx_named_file file = {0};
    const char *format;
    const enum vx_status rc = vx_named_file_open(&file, path, err);

    if (rc != VX_OK)
        return rc;
    *kind = vx_image_sniff(file.source, &format) ? VX_ITEM_IMAGE : VX_ITEM_AUDIO;
    vx_named_file_close(&file);
    return VX_OK;
}

static enum vx_status read_windows(struct inspection *in, const char *path, struct vx_err *err)
{
    const struct vx_item_windows_config config = {.profile = &in->scanner.profile, .processor = &in->scanner.processor,
                                                  .image_size = in->scanner.engine->image_size, .rule = in->rule,
                                                  .player = in->playing.player};
    struct vx_item item = {.ordinal = -1, .size = -1};
    struct vx_item_windows *reader = NULL;
    enum vx_status rc = find_kind(path, &item.kind, err);

    if (rc != VX_OK)
        return rc;
    if (!(item.path = strdup(path)))
        return vx_fail_nomem(err, "a path");
    if ((rc = vx_item_windows_create(&reader, &config, err)) == VX_OK &&
        (rc = vx_item_windows_each(reader, &item, take_window, in, err)) != VX_OK)
        vx_err_prefix(err, "%s", path);
    vx_item_windows_destroy(&reader);
    vx_item_clear(&item);
    if (rc == VX_OK && in->n == 0)
        return vx_fail(err, VX_EFORMAT, "%s: no sound in it", path);
    return rc;
}

/* The caption's bar and number, coloured by what the profile's thresholds make of this window alone. */
static void draw_score(struct vx_canvas *p, const struct vx_profile *profile, const struct vx_window_score *s, int x, int y,
                       int width)
{
    const double fake = vx_window_fake(profile, s);
    const struct vx_colour_rgb colour = fake >= profile->fake_from ? warm : fake < profile->real_below ? cool : ink;
    char text[64];

    snprintf(text, sizeof text, "%-7s %.3f", profile->calibrated_on[0] ? "P(fake)" : "score", fake);
    vx_canvas_text(p, x, y, 1, text, colour);
    vx_canvas_block(p, x + 14 * VX_GLYPH_W, y, width - 14 * VX_GLYPH_W, VX_GLYPH_H, rail);
    vx_canvas_block(p, x + 14 * VX_GLYPH_W, y, (int)(fake * (width - 14 * VX_GLYPH_W)), VX_GLYPH_H, colour);
}

static void draw_view(struct vx_canvas *p, const struct vx_profile *profile, const struct view *v, int x, int y, int side)
{
    char text[64];
    const double start = (double)v->score.start_ms / 1000;

    vx_canvas_image(p, x, y, v->image, side, side);
    snprintf(text, sizeof text, "#%d  %d:%04.1f", (int)v->score.index, (int)start / 60, fmod(start, 60));
    vx_canvas_text(p, x, y + side + 6, 1, text, ink);
    if (v->score.flags & VX_WINDOW_NOT_SCORED) {
        vx_canvas_text(p, x, y + side + 18, 1,
                        v->score.flags & VX_WINDOW_SILENT ? "not scored: silent" : "not scored: too short", faint);
        return;
    }
    draw_score(p, profile, &v->score, x, y + side + 18, side);
}

static enum vx_status draw(const struct inspection *in, const char *path, const char *out, struct vx_err *err)
{
    const int side = in->scanner.engine->image_size, cell_w = side + GAP, cell_h = side + CAPTION;
    const int columns = in->n < 6 ? (int)in->n : 6, rows = ((int)in->n + columns - 1) / columns;
    const char *slash = strrchr(path, '/');
    char *name = vx_text_printable(slash ? slash + 1 : path), text[512], score[VX_SCORE_WORDS];
    struct vx_canvas p;
    enum vx_status rc;
    int width = columns * cell_w + GAP;

    if (width < 480)
        width = 480;
    if (!name || vx_canvas_create(&p, width, TITLE + rows * cell_h, paper, err) != VX_OK) {
        free(name);
        return vx_fail_nomem(err, "the picture");
    }
    snprintf(text, sizeof text, "%.200s%s", name, in->more ? " (its first windows)" : "");
    vx_canvas_text(&p, GAP, 10, 2, text, ink);
    snprintf(text, sizeof text, "profile %s, %.100s%s", in->scanner.profile.name, strrchr(in->scanner.model_path, '/') ?
             strrchr(in->scanner.model_path, '/') + 1 : in->scanner.model_path,
             in->scanner.trained ? "" : " - UNTRAINED: scores mean nothing");
    vx_canvas_text(&p, GAP, 32, 1, text, in->scanner.trained ? faint : warm);
    vx_profile_score_words(&in->scanner.profile, score, sizeof score);
    snprintf(text, sizeof text, "scores: %s", score);
    vx_canvas_text(&p, GAP, 46, 1, text, faint);
    for (size_t i = 0; i < in->n; i++)
        draw_view(&p, &in->scanner.profile, &in->views[i], GAP + (int)(i % (size_t)columns) * cell_w,
                  TITLE + (int)(i / (size_t)columns) * cell_h, side);
    rc = vx_image_write_png(out, p.rgb, p.w, p.h, err);
    vx_canvas_free(&p);
    free(name);
    return rc;
}

static void print_scores(const struct inspection *in)
{
    printf("window\tstart_s\tlogit_real\tlogit_fake\tp\n");
    for (size_t i = 0; i < in->n; i++) {
        const struct vx_window_score *s = &in->views[i].score;
        printf("%d\t%.3f\t", (int)s->index, (double)s->start_ms / 1000);
        if (s->flags & VX_WINDOW_NOT_SCORED)
            printf("\t\t\n");
        else
            printf("%.6f\t%.6f\t%.6f\n", (double)s->real, (double)s->fake,
                   vx_window_fake(&in->scanner.profile, s));
    }
}

int vx_cmd_inspect(const struct vx_command *self, int argc, char **argv)
{
    struct vx_scan_options o = vx_scan_options_default();
    struct vx_scanner_options *const s = &o.scanner;
    struct inspection in = {.max = 60};
    const char *out = NULL;
    struct vx_playing_options playing = vx_playing_defaults;
    long max = 60;
    const struct vx_opt table[] = {
        {"output", 'o', VX_OPT_STRING, &out, "OUT.png", "the picture", 0, 0},
        {"model", 'm', VX_OPT_STRING, &s->model, "DIR", "Hugging Face ConvNeXt folder (default: " VX_DEFAULT_MODEL_WORDS ")", 0, 0},
        {"profile", 'p', VX_OPT_STRING, &s->profile, "NAME|FILE", "front end, as for scan", 0, 0},
        {"precision", 0, VX_OPT_STRING, &s->precision, VX_PRECISION_WORDS, "arithmetic", 0, 0},
        {"window", 0, VX_OPT_REAL, &s->window_seconds, "S", "seconds a window", 0.1, 60},
        {"hop", 0, VX_OPT_REAL, &o.hop_seconds, "S", "seconds between windows' starts", 0.01, 3600},
        {"fake-label", 0, VX_OPT_STRING, &s->fake_label, "NAME|N", "the model's label for synthetic speech", 0, 0},
        {"real-label", 0, VX_OPT_STRING, &s->real_label, "NAME|N", "the model's label for human speech", 0, 0},
        VX_PLAYING_OPTIONS(playing, ""),
        {"max-windows", 0, VX_OPT_INT, &max, "N", "draw the first N windows (default 60)", 1, 600},
        {0},
    };
    struct vx_log *log = NULL;
    struct vx_err err;
    enum vx_status rc;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (!out || n != 1) {
        fprintf(stderr, "usage: voxtrawl inspect %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    in.max = (size_t)max;
    s->lanes = s->batch = 1;
    if ((rc = vx_outfile_picture(out, argv[1], &err)) == VX_OK &&
        (rc = vx_log_open(&log, NULL, VX_LOG_WARNING, &err)) == VX_OK &&
        (rc = vx_playing_begin(&in.playing, &playing, log, &err)) == VX_OK &&
        (rc = vx_scanner_open(&in.scanner, s, log, &err)) == VX_OK) {
        in.rule = vx_scan_rule(&o, &in.scanner.profile);
        rc = read_windows(&in, argv[1], &err);
    }
    if (rc == VX_OK && (rc = draw(&in, argv[1], out, &err)) == VX_OK)
        print_scores(&in);
    for (size_t i = 0; i < in.n; i++)
        free(in.views[i].image);
    free(in.views);
    vx_scanner_close(&in.scanner);
    vx_playing_end(&in.playing);
    vx_log_close(&log);
    return rc == VX_OK ? VX_EXIT_OK : vx_command_fail(self, &err);
}
