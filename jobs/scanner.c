#include "jobs/scanner.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "jobs/default_model.h"
#include "jobs/engines.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *vx_precision_name(enum vx_precision p)
{
    switch (p) {
    case VX_PRECISION_FP32:
        return "fp32";
    case VX_PRECISION_BF16:
        return "bf16";
    case VX_PRECISION_FP16:
        return "fp16";
    case VX_PRECISION_AUTO:
        break;
    }
    return "auto";
}

static enum vx_status parse_precision(const char *word, enum vx_precision *out, struct vx_err *err)
{
    static const enum vx_precision all[] = {VX_PRECISION_AUTO, VX_PRECISION_FP32, VX_PRECISION_BF16, VX_PRECISION_FP16};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (strcmp(word, vx_precision_name(all[i])) == 0) {
            *out = all[i];
            return VX_OK;
        }
    }
    return vx_fail(err, VX_EINVAL, "--precision %s: expected auto, fp32, bf16 or fp16", word);
}

static const char *verdict_by(const struct vx_scanner_options *o)
{
    return o->threshold >= 0 ? "threshold" : o->operating_point ? o->operating_point : "balanced";
}

/* The thresholds that verdicts go by become real_below and fake_from. */
static enum vx_status choose_point(struct vx_profile *p, const struct vx_scanner_options *o, struct vx_err *err)
{
    const struct {
        const char *name, *key;
        struct vx_operating_point point;
    } points[] = {{"balanced", "real_below", {p->real_below, p->fake_from}},
                  {"high-precision", "high_precision", p->high_precision},
                  {"high-recall", "high_recall", p->high_recall}};
    const char *const name = o->operating_point ? o->operating_point : "balanced";
    size_t i = 0;

    if (o->threshold >= 0) {
        if (o->operating_point)
            return vx_fail(err, VX_EINVAL, "--operating-point %s and --threshold %g exclude each other: give one of them",
                           o->operating_point, o->threshold);
        p->real_below = p->fake_from = o->threshold;
        return VX_OK;
    }
    while (i < 3 && strcmp(points[i].name, name) != 0)
        i++;
    if (i == 3)
        return vx_fail(err, VX_EINVAL, "--operating-point %s: expected balanced, high-precision or high-recall", name);
    if (i > 0 && points[i].point.fake_from == 0)
        return vx_fail(err, VX_EINVAL, "--operating-point %s: profile %s has no \"%s\"; voxtrawl calibrate finds one on labelled "
                       "recordings, --threshold takes a number", name, p->name, points[i].key);
    p->real_below = points[i].point.real_below;
    p->fake_from = points[i].point.fake_from;
    return VX_OK;
}

enum vx_status vx_scanner_profile(struct vx_profile *out, const struct vx_scanner_options *o, struct vx_err *err)
{
    char *beside = o->model ? vx_file_join(o->model, "profile.json") : NULL;
    const char *name = o->profile;
    enum vx_status rc;

    if (o->model && !beside)
        return vx_fail_nomem(err, "a path");
    if (!name)
        name = beside && access(beside, F_OK) == 0 ? beside : VX_PROFILE_DEFAULT;
    rc = vx_profile_load(out, name, err);
    free(beside);
    if (rc != VX_OK)
        return rc;
    if (o->window_seconds > 0 && o->window_seconds != out->window_seconds) {
        out->window_seconds = o->window_seconds;
        out->calibrated_on[0] = '\0'; /* on other windows: what comes out is no probability */
    }
    return choose_point(out, o, err);
}

static enum vx_status load_profile(struct vx_scanner *s, const struct vx_scanner_options *o, struct vx_err *err)
{
    const enum vx_status rc = vx_scanner_profile(&s->profile, o, err);

    if (rc != VX_OK)
        return rc;
    s->verdict_by = verdict_by(o);
    s->profile_json = vx_profile_json(&s->profile);
    if (!s->profile_json)
        return vx_fail_nomem(err, "the profile");
    return vx_sha256_bytes(s->profile_json, strlen(s->profile_json), s->profile_sha256, err);
}

int vx_scanner_input_size(const struct vx_profile *profile, const struct vx_processor *processor, int config_size)
{
    return profile->use_processor && processor->do_resize ? processor->shortest_edge : config_size;
}

static enum vx_status take_input_size(const struct vx_scanner *s, struct vx_convnext *net, struct vx_err *err)
{
    const int size = vx_scanner_input_size(&s->profile, &s->processor, net->config.image_size);

    return size == net->config.image_size ? VX_OK : vx_convnext_set_image_size(net, size, err);
}

static enum vx_status describe_labels(struct vx_scanner *s, const struct vx_config *config, struct vx_err *err)
{
    struct vx_buf b = {0};

    vx_buf_str(&b, "[");
    for (int i = 0; i < config->n_labels; i++) {
        vx_buf_str(&b, i ? ", {\"label\": " : "{\"label\": ");
        vx_buf_json(&b, config->labels[i]);
        const int side = s->labels.side[i];
        vx_buf_fmt(&b, ", \"side\": \"%s\"}", side > 0 ? "real" : side < 0 ? "fake" : "neither");
    }
    vx_buf_str(&b, "]");
    if (b.failed) {
        vx_buf_free(&b);
        return vx_fail_nomem(err, "the labels");
    }
    s->labels_json = b.data;
    return VX_OK;
}

static enum vx_status take_labels(struct vx_scanner *s, const struct vx_scanner_options *o, const struct vx_config *config,
                                  struct vx_err *err)
{
    enum vx_status rc;

    if (o->any_labels)
        return VX_OK;
    rc = vx_label_map_create(&s->labels, config, o->fake_label, o->real_label, err);
    return rc == VX_OK ? describe_labels(s, config, err) : rc;
}

static void note(void *user, const char *line)
{
    vx_log_say(user, VX_LOG_WARNING, "%s", line);
}

static int choose_lanes(const struct vx_scanner_options *o, const struct vx_engine_ops *ops)
{
    if (o->lanes > 0)
        return o->lanes;
    if (ops->default_lanes > 0)
        return ops->default_lanes;
    return o->processors > 0 ? o->processors : 1;
}

/* The first engine of the asked kind that can work here; --device auto says why it passed one over. */
static enum vx_status open_engine(struct vx_scanner *s, const struct vx_scanner_options *o,
                                  const struct vx_convnext *net, struct vx_log *log, struct vx_err *err)
{
    const bool any = strcmp(o->device, "auto") == 0;
    struct vx_engine_config config = {
        .net = net, .profile = &s->profile, .processor = &s->processor, .local_rank = o->local_rank, .note = note, .note_user = log};
    enum vx_status rc = vx_fail(err, VX_EINVAL, "--device %s: expected auto, cpu or cuda", o->device);

    if (strcmp(o->device, "cuda") == 0)
        rc = vx_fail(err, VX_EUNSUPPORTED, "--device cuda: this program was built without CUDA; use --device cpu");
    for (int i = 0; vx_engines[i]; i++) {
        if (!any && strcmp(o->device, vx_engines[i]->name) != 0)
            continue;
        if (parse_precision(o->precision, &config.precision, err) != VX_OK)
            return err->status;
        s->batch = config.max_batch = o->batch ? (int)o->batch : vx_engines[i]->default_batch;
        config.lanes = choose_lanes(o, vx_engines[i]);
        rc = vx_engines[i]->open(&s->engine, &config, err);
        if (rc != VX_EUNSUPPORTED || !any)
            return rc;
        if (vx_engines[i + 1])
            vx_log_say(log, VX_LOG_INFO, "no %s engine: %s", vx_engines[i]->name, err->text);
    }
    return rc;
}

/* A window through the front end: whether the profile's pictures fit the network shows here, not hours later. Where the rate
 * is each file's own, two of them: pictures that depend on the rate cannot fit both. */
static enum vx_status try_front_end(const struct vx_scanner *s, struct vx_err *err)
{
    const int rates[2] = {s->profile.sample_rate ? s->profile.sample_rate : 8000, 44100};
    const int n_rates = s->profile.sample_rate ? 1 : 2, most = vx_profile_samples(&s->profile, rates[n_rates - 1]);
    const size_t side = (size_t)s->engine->image_size;
    float *pcm = vx_calloc((size_t)most, sizeof *pcm);
    uint8_t *image = vx_calloc(side * side, 3);
    enum vx_status rc = pcm && image ? VX_OK : vx_fail_nomem(err, "a window");

    for (int i = 0; rc == VX_OK && i < n_rates; i++) {
        const struct vx_input input = {.kind = VX_INPUT_PCM, .n = 1, .samples = vx_profile_samples(&s->profile, rates[i]),
                                       .sample_rate = rates[i], .data = pcm};
        rc = s->engine->ops->images(s->engine, 0, &input, image, err);
    }
    free(pcm);
    free(image);
    return rc;
}

static enum vx_status open_all(struct vx_scanner *s, const struct vx_scanner_options *o, struct vx_log *log,
                               struct vx_err *err)
{
    struct vx_convnext *net = NULL;
    char absolute[PATH_MAX];
    enum vx_status rc;

    snprintf(s->model_path, sizeof s->model_path, "%s", realpath(o->model, absolute) ? absolute : o->model);
    if ((rc = vx_convnext_load(&net, o->model, err)) != VX_OK ||
        (rc = vx_processor_load(&s->processor, o->model, err)) != VX_OK || (rc = load_profile(s, o, err)) != VX_OK ||
        (rc = take_input_size(s, net, err)) != VX_OK ||
        (rc = take_labels(s, o, &net->config, err)) != VX_OK || (rc = open_engine(s, o, net, log, err)) != VX_OK ||
        (rc = try_front_end(s, err)) != VX_OK)
        goto done;
    memcpy(s->model_sha256, net->sha256, sizeof s->model_sha256);
    s->trained = !net->config.untrained;
    s->layer_norm_eps = net->config.layer_norm_eps;
    s->n_parameters = net->n_parameters;
    s->macs = net->macs;
done:
    vx_convnext_destroy(&net); /* the engine has copied what it needs */
    return rc;
}

enum vx_status vx_scanner_open(struct vx_scanner *s, const struct vx_scanner_options *o, struct vx_log *log,
                               struct vx_err *err)
{
    struct vx_scanner_options options = *o;
    char *model = NULL;
    enum vx_status rc = VX_OK;

    *s = (struct vx_scanner){0};
    if (!o->model && (rc = vx_default_model(&model, &s->shipped, err)) != VX_OK)
        return rc;
    if (model)
        options.model = model;
    if ((rc = open_all(s, &options, log, err)) != VX_OK) {
        if (model && !s->shipped)
            vx_err_prefix(err, "VOXTRAWL_MODEL");
        vx_scanner_close(s);
    }
    free(model);
    return rc;
}

void vx_scanner_close(struct vx_scanner *s)
{
    vx_engine_close(&s->engine);
    vx_label_map_clear(&s->labels);
    free(s->profile_json);
    free(s->labels_json);
    *s = (struct vx_scanner){0};
}
