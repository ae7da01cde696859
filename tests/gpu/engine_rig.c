#include "tests/gpu/engine_rig.h"
#include "tests/harness/picture.h"
#include "tests/harness/signal.h"

#ifdef VX_GPU_HOST
#include "tests/gpu/host/host.h"
#endif

#include "base/mem.h"

#include <stdlib.h>

static void must(enum vx_status rc, const struct vx_err *err)
{
    if (rc != VX_OK)
        fail_msg("%s", err->text);
}

static void know_bf16(void)
{
#ifdef VX_GPU_HOST
    struct vx_host_settings settings = vx_host_get();

    settings.capability = 80;
    vx_host_set(&settings);
#endif
}

void rig_up(struct rig *r)
{
    static const char *const signals[RIG_WINDOWS] = {"chirp", "noise", "tone", "square", "quiet", "silence", "chirp"};
    static char real[] = "real", fake[] = "fake", *labels[] = {real, fake};
    const struct vx_config config = {.image_size = RIG_SIZE, .patch_size = 4, .num_channels = 3, .n_stages = 3, .depths = {1, 2, 1},
                                     .hidden_sizes = {16, 24, 40}, .layer_norm_eps = 1e-12F, .n_labels = RIG_LABELS,
                                     .labels = labels};
    const size_t image = RIG_SIZE * RIG_SIZE * 3;
    struct vx_err err;

    know_bf16();
    *r = (struct rig){.profile = {.name = "small", .window_seconds = 0.075, .n_fft = 256, .hop_length = 128, .n_mels = 16,
                                  .ref_max = true, .amin = 1e-10, .top_db = 80, .colour = VX_COLOUR_MAGMA, .image_width = 24,
                                  .image_height = 24, .image_filter = VX_RESAMPLE_BILINEAR, .use_processor = true},
                      .processor = vx_processor_default()};
    r->processor.shortest_edge = RIG_SIZE;
    must(vx_convnext_generate(&r->net, &config, 5, &err), &err);
    r->images = vx_calloc(RIG_WINDOWS, image);
    r->pcm = vx_calloc(RIG_WINDOWS * RIG_SAMPLES, sizeof *r->pcm);
    assert_true(r->images && r->pcm);
    for (int i = 0; i < RIG_WINDOWS; i++) {
        vx_test_picture(i, RIG_SIZE, r->images + (size_t)i * image);
        vx_test_signal(signals[i], r->pcm + (size_t)i * RIG_SAMPLES, RIG_SAMPLES);
    }
    for (int i = 0; i < RIG_SAMPLES; i++) /* no two windows are alike */
        r->pcm[(RIG_WINDOWS - 1) * RIG_SAMPLES + i] *= (float)i / RIG_SAMPLES;
}

void rig_down(struct rig *r)
{
    vx_convnext_destroy(&r->net);
    free(r->images);
    free(r->pcm);
}

struct vx_engine_config rig_config(const struct rig *r, enum vx_precision precision)
{
    return (struct vx_engine_config){.net = r->net, .profile = &r->profile, .processor = &r->processor, .precision = precision,
                                     .lanes = RIG_LANES, .max_batch = RIG_WINDOWS};
}

struct vx_engine *rig_open(const struct rig *r, enum vx_precision precision)
{
    const struct vx_engine_config config = rig_config(r, precision);
    struct vx_engine *engine;
    struct vx_err err;
    const enum vx_status rc = vx_cuda_engine_open(&engine, &config, RIG_STEP, &err);

    if (rc == VX_EUNSUPPORTED && precision == VX_PRECISION_BF16)
        print_message("not compared: %s\n", err.text);
    else
        must(rc, &err);
    return engine;
}

struct vx_input rig_input(const struct rig *r, enum vx_input_kind kind, int first, int n)
{
    if (kind == VX_INPUT_PCM)
        return (struct vx_input){kind, n, RIG_SAMPLES, RIG_RATE, r->pcm + (size_t)first * RIG_SAMPLES};
    return (struct vx_input){.kind = kind, .n = n, .data = r->images + (size_t)first * RIG_SIZE * RIG_SIZE * 3};
}

void rig_run(const struct rig *r, struct vx_engine *engine, int lane, enum vx_input_kind kind, int batch, float *logits)
{
    struct vx_err err;

    for (int i = 0; i < RIG_WINDOWS; i += batch) {
        const struct vx_input in = rig_input(r, kind, i, RIG_WINDOWS - i < batch ? RIG_WINDOWS - i : batch);
        must(vx_engine_run(engine, lane, &in, logits + i * RIG_LABELS, &err), &err);
    }
}
