/* scanner.h - model, profile and engine made ready: what scan, inspect and bench share */
#ifndef VX_JOBS_SCANNER_H
#define VX_JOBS_SCANNER_H

#include "base/err.h"
#include "base/log.h"
#include "base/sha256.h"
#include "model/config.h"
#include "model/engine.h"

#include <stdbool.h>
#include <stdint.h>

#define VX_PRECISION_WORDS "auto|fp32|bf16|fp16"

/* What is taken where no model is named, for --help. */
#define VX_DEFAULT_MODEL_WORDS "$VOXTRAWL_MODEL, else voxtrawl's own small one"

struct vx_scanner_options { /* as given on the command line */
    const char *model;      /* DIR; NULL: the default one (default_model.h) */
    const char *profile;    /* name or file; NULL: the model's own profile.json, else the default */
    const char *device;     /* "auto", "cpu", "cuda" */
    const char *precision;  /* one of VX_PRECISION_WORDS */
    const char *fake_label, *real_label;
    bool any_labels;        /* no verdicts are wanted, so the labels need not say which is which; scanner.labels stays empty */
    double window_seconds;  /* 0: the profile's */
    const char *operating_point; /* "balanced", "high-precision", "high-recall"; NULL: balanced */
    double threshold;       /* on the mean of p, in place of the profile's operating points; < 0: those */
    int lanes;              /* 0: as many as the engine likes best */
    int processors;         /* that this rank has */
    int local_rank;         /* among the ranks of its host: which of several GPUs it takes */
    long batch;             /* 0: the engine's default */
};

struct vx_scanner {
    struct vx_profile profile; /* real_below and fake_from are those of the operating point that was chosen */
    const char *verdict_by;    /* its name, or "threshold" */
    struct vx_processor processor;
    struct vx_label_map labels;
    struct vx_engine *engine;
    int batch;
    char model_path[4096];      /* absolute where possible */
    char model_sha256[VX_SHA256_HEX], profile_sha256[VX_SHA256_HEX];
    char *profile_json;         /* owned */
    char *labels_json;          /* owned: [{"label":"real","side":"real"},…] in the order of the logits */
    bool trained;
    bool shipped; /* the model is the program's own */
    float layer_norm_eps; /* of the network's last LayerNorm */
    uint64_t n_parameters;
    double macs;
};

/* VX_EINVAL: an option makes no sense. Others as the loaders say, each naming file and remedy. */
enum vx_status vx_scanner_open(struct vx_scanner *scanner, const struct vx_scanner_options *options, struct vx_log *log,
                               struct vx_err *err) VX_CHECKED;
void vx_scanner_close(struct vx_scanner *scanner); /* zeroed is fine */

/* The profile that the options ask for: the one named, else the one beside the model, else the default; with the window and
 * the operating point or threshold of the command line. VX_EINVAL: the profile has no such operating point, or both are
 * given. */
enum vx_status vx_scanner_profile(struct vx_profile *out, const struct vx_scanner_options *options, struct vx_err *err) VX_CHECKED;
/* Pixels a side that the network takes: what the image processor makes, as in transformers, where config.json's image_size
 * is asked only when there is none. */
int vx_scanner_input_size(const struct vx_profile *profile, const struct vx_processor *processor, int config_size);

const char *vx_precision_name(enum vx_precision p);

#endif
