/* engine_rig.h - a small network, profile, pictures and sounds, and the CUDA engine opened on them */
#ifndef VX_TESTS_GPU_ENGINE_RIG_H
#define VX_TESTS_GPU_ENGINE_RIG_H

#include "tests/gpu/device.h"

#include "gpu/engine.h"

enum {
    RIG_SIZE = 32,     /* of the images */
    RIG_RATE = 16000,
    RIG_SAMPLES = 1200, /* a window of the profile */
    RIG_WINDOWS = 7,
    RIG_STEP = 3, /* windows a step of the engine */
    RIG_LABELS = 2,
    RIG_LANES = 3,
};

struct rig {
    struct vx_convnext *net;
    struct vx_profile profile; /* sample_rate 0: each file's own */
    struct vx_processor processor;
    uint8_t *images; /* [RIG_WINDOWS][RIG_SIZE][RIG_SIZE][3] */
    float *pcm;      /* [RIG_WINDOWS][RIG_SAMPLES] */
};

/* The host's device becomes one that knows bf16. Both fail the running test where anything fails. */
void rig_up(struct rig *rig);
void rig_down(struct rig *rig);

struct vx_engine_config rig_config(const struct rig *rig, enum vx_precision precision);
/* NULL: the device does not have that precision, which is said */
struct vx_engine *rig_open(const struct rig *rig, enum vx_precision precision);

struct vx_input rig_input(const struct rig *rig, enum vx_input_kind kind, int first, int n);
/* All windows in batches of `batch` on one lane; logits [RIG_WINDOWS][RIG_LABELS] */
void rig_run(const struct rig *rig, struct vx_engine *engine, int lane, enum vx_input_kind kind, int batch, float *logits);

#endif
