/* model.c - voxtrawl model: what a model folder holds, and untrained ones to try things out */
#include "base/buf.h"
#include "base/file.h"
#include "jobs/command.h"
#include "jobs/default_model.h"
#include "model/convnext.h"
#include "model/processor.h"
#include "model/profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *side_name(int side)
{
    return side > 0 ? "real" : side < 0 ? "fake" : "neither";
}

static const char *resample_name(enum vx_resample r)
{
    switch (r) {
    case VX_RESAMPLE_NEAREST:
        return "nearest";
    case VX_RESAMPLE_BILINEAR:
        return "bilinear";
    case VX_RESAMPLE_BICUBIC:
        break;
    }
    return "bicubic";
}

static void print_network(const char *dir, const struct vx_convnext *net)
{
    const struct vx_config *c = &net->config;

    printf("model        %s%s\n", dir, c->untrained ? "  (UNTRAINED: its scores mean nothing)" : "");
    printf("sha256       %s\n", net->sha256);
    printf("network      ConvNeXt, %d x %d x %d input, patches of %d\n", c->image_size, c->image_size, c->num_channels,
           c->patch_size);
    printf("parameters   %.3f M; %.3f G multiply-accumulates a window\n", (double)net->n_parameters / 1e6, net->macs / 1e9);
    for (int i = 0; i < c->n_stages; i++)
        printf("stage %d      %d blocks, %d channels, %d x %d\n", i, net->stage[i].depth, net->stage[i].channels,
               net->stage[i].side, net->stage[i].side);
}

static void print_labels(const struct vx_config *config)
{
    struct vx_label_map map = {0};
    struct vx_err err;
    const bool known = vx_label_map_create(&map, config, NULL, NULL, &err) == VX_OK;

    for (int i = 0; i < config->n_labels; i++)
        printf("label %-6d %s%s%s%s\n", i, config->labels[i], known ? "  (" : "", known ? side_name(map.side[i]) : "",
               known ? ")" : "");
    if (!known)
        printf("             %s\n", err.text);
    vx_label_map_clear(&map);
}

static void print_processor(const struct vx_processor *p)
{
    printf("processor    shortest edge %d, crop %g, %s; x %.9g; mean %.4g %.4g %.4g, std %.4g %.4g %.4g\n",
           p->shortest_edge, p->crop_pct, resample_name(p->resample), p->rescale_factor, (double)p->mean[0],
           (double)p->mean[1], (double)p->mean[2], (double)p->std[0], (double)p->std[1], (double)p->std[2]);
}

static void print_point(const char *name, struct vx_operating_point point)
{
    if (point.fake_from == 0 && point.real_below == 0)
        printf("  %-15s not set\n", name);
    else
        printf("  %-15s real below %.6g, fake from %.6g\n", name, point.real_below, point.fake_from);
}

static bool print_range(const char *name, struct vx_range range, const char *unit)
{
    const bool known = range.low != 0 || range.high != 0;

    if (known)
        printf("measured     %s %g to %g%s\n", name, range.low, range.high, unit);
    return known;
}

/* What a profile says of the model's scores: what they are, what is made of them, and for which sound they were measured. */
static void print_scores(const struct vx_profile *p)
{
    char words[VX_SCORE_WORDS];

    vx_profile_score_words(p, words, sizeof words);
    printf("scores       %s\n", words);
    if (p->calibration_scale != 1 || p->calibration_offset != 0)
        printf("             log-likelihood ratio = %.6g x (logit_real - logit_fake) %s %.6g\n", p->calibration_scale,
               p->calibration_offset < 0 ? "-" : "+", fabs(p->calibration_offset));
    printf("verdicts     by the mean score of a recording's windows; between the two: uncertain\n");
    print_point("balanced", (struct vx_operating_point){p->real_below, p->fake_from});
    print_point("high-precision", p->high_precision);
    print_point("high-recall", p->high_recall);
    const int known = print_range("level", p->measured.level_dbfs, " dBFS") +
                      print_range("bandwidth", p->measured.bandwidth_hz, " Hz") +
                      print_range("active share", p->measured.active_share, "");
    if (known == 0)
        printf("measured     not known on what: scan cannot tell whether recordings are like that\n");
}

/* named: a built-in's name or a file; NULL: the model's own, else the default. */
static enum vx_status print_profile(const char *dir, const char *named, struct vx_err *err)
{
    struct vx_profile profile;
    char *beside = vx_file_join(dir, "profile.json");
    enum vx_status rc;

    if (!beside)
        return vx_fail_nomem(err, "a path");
    const bool own = !named && access(beside, F_OK) == 0;
    rc = vx_profile_load(&profile, named ? named : own ? beside : VX_PROFILE_DEFAULT, err);
    if (rc == VX_OK) {
        printf("profile      %s (%s): %s\n", profile.name, named ? "as named" : own ? "the model's own" : "default",
               profile.description);
        print_scores(&profile);
    }
    printf("built in    ");
    for (int i = 0; i < vx_profile_builtin_count(); i++)
        printf(" %s", vx_profile_builtin_name(i));
    printf("\n");
    free(beside);
    return rc;
}

static enum vx_status show(const char *dir, const char *profile, struct vx_err *err)
{
    struct vx_convnext *net = NULL;
    struct vx_processor processor;
    enum vx_status rc;

    if ((rc = vx_convnext_load(&net, dir, err)) == VX_OK && (rc = vx_processor_load(&processor, dir, err)) == VX_OK &&
        (!processor.do_resize || (rc = vx_convnext_set_image_size(net, processor.shortest_edge, err)) == VX_OK)) {
        print_network(dir, net);
        print_labels(&net->config);
        print_processor(&processor);
        rc = print_profile(dir, profile, err);
    }
    vx_convnext_destroy(&net);
    return rc;
}

static enum vx_status generate(const char *dir, const char *shape, long seed, const char *dtype_name, struct vx_err *err)
{
    static const struct {
        const char *name;
        enum vx_st_dtype dtype;
    } dtypes[] = {{"float32", VX_ST_F32}, {"float16", VX_ST_F16}, {"bfloat16", VX_ST_BF16}};
    struct vx_config config = {0};
    enum vx_status rc;
    size_t i = 0;

    while (i < 3 && strcmp(dtypes[i].name, dtype_name) != 0)
        i++;
    if (i == 3)
        return vx_fail(err, VX_EINVAL, "--dtype %s: expected float32, float16 or bfloat16", dtype_name);
    if ((rc = vx_config_standard(&config, shape, err)) != VX_OK)
        return rc;
    if ((rc = vx_file_mkdirs(dir, err)) == VX_OK)
        rc = vx_convnext_generate_dir(dir, &config, (uint64_t)seed, dtypes[i].dtype, err);
    vx_config_clear(&config);
    return rc;
}

int vx_cmd_model(const struct vx_command *self, int argc, char **argv)
{
    const char *shape = NULL, *dtype = "float32", *profile = NULL;
    long seed = 1;
    const struct vx_opt table[] = {
        {"generate", 0, VX_OPT_STRING, &shape, "SHAPE",
         "write an untrained model into DIR first: atto, femto, pico, nano, tiny, small, base or large", 0, 0},
        {"seed", 0, VX_OPT_INT, &seed, "N", "of the generated weights (default 1)", 0, 1e15},
        {"dtype", 0, VX_OPT_STRING, &dtype, "TYPE", "of the generated weights: float32, float16, bfloat16", 0, 0},
        {"profile", 'p', VX_OPT_STRING, &profile, "NAME|FILE", "show this one instead of the model's own", 0, 0},
        {0},
    };
    struct vx_err err;
    enum vx_status rc = VX_OK;
    char *dir = NULL;
    bool shipped;
    int n, status = vx_command_parse(self, table, argc, argv, &n, 0);

    if (status >= 0)
        return status;
    if (n > 1 || (shape && n != 1)) {
        fprintf(stderr, "usage: voxtrawl model %s\n", self->usage);
        return VX_EXIT_USAGE;
    }
    if (n == 0)
        rc = vx_default_model(&dir, &shipped, &err);
    else if (shape)
        rc = generate(argv[1], shape, seed, dtype, &err);
    if (rc == VX_OK)
        rc = show(dir ? dir : argv[1], profile, &err);
    free(dir);
    return rc == VX_OK ? VX_EXIT_OK : vx_command_fail(self, &err);
}
