/* A trace: rows that sum up to the network's work, times that fit into the time that passed, and the same logits. */
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"

#include "base/clock.h"
#include "cpu/engine.h"
#include "cpu/network_ops.h"

#include <math.h>

#define SIZE 64
#define RATE 16000
#define SAMPLES 8000

static char real[] = "real", fake[] = "fake", *labels[] = {real, fake};
static const struct vx_config small = {.image_size = SIZE,
                                       .patch_size = 4,
                                       .num_channels = 3,
                                       .n_stages = 3,
                                       .depths = {1, 2, 1},
                                       .hidden_sizes = {24, 40, 72},
                                       .layer_norm_eps = 1e-12F,
                                       .n_labels = 2,
                                       .labels = labels};

static void must(enum vx_status rc, const struct vx_err *err)
{
    if (rc != VX_OK)
        fail_msg("%s", err->text);
}

static void rows_sum_up(void **state)
{
    static const struct vx_config shapes[] = {
        {.image_size = 224, .patch_size = 4, .num_channels = 3, .n_stages = 4, .depths = {3, 3, 9, 3},
         .hidden_sizes = {96, 192, 384, 768}, .layer_norm_eps = 1e-12F, .n_labels = 2, .labels = labels},
        {.image_size = 128, .patch_size = 1, .num_channels = 3, .n_stages = 8, .depths = {1, 1, 1, 1, 1, 1, 1, 2},
         .hidden_sizes = {2, 3, 4, 5, 6, 7, 8, 9}, .layer_norm_eps = 1e-12F, .n_labels = 1, .labels = labels},
    };

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        struct vx_trace trace;
        struct vx_convnext *net;
        struct vx_err err;
        double flops = 0;

        must(vx_convnext_generate(&net, &shapes[i], 5, &err), &err);
        vx_network_ops(&trace, net, VX_TYPE_BF16);
        for (int k = 0; k < trace.n; k++)
            flops += trace.op[k].flops;
        assert_true(fabs(flops - 2 * net->macs) <= 1e-9 * flops);
        vx_convnext_destroy(&net);
    }
}

static void times_fit(void **state)
{
    static float pcm[SAMPLES];
    struct vx_random rng = vx_random_start();
    struct vx_processor processor = vx_processor_default();
    struct vx_engine_config config = {.processor = &processor, .precision = VX_PRECISION_FP32, .lanes = 2, .max_batch = 1};
    const struct vx_input in = {VX_INPUT_PCM, 1, SAMPLES, RATE, pcm};
    float plain[2], traced[2];
    struct vx_profile profile;
    struct vx_engine *engine;
    struct vx_convnext *net;
    struct vx_trace trace;
    struct vx_err err;
    double sum = 0;

    (void)state;
    vx_random_floats(&rng, pcm, SAMPLES, 0.5F);
    processor.shortest_edge = SIZE;
    must(vx_profile_load(&profile, VX_PROFILE_DEFAULT, &err), &err);
    profile.sample_rate = 0;
    must(vx_convnext_generate(&net, &small, 5, &err), &err);
    config.net = net;
    config.profile = &profile;
    must(vx_cpu_engine.open(&engine, &config, &err), &err);
    vx_convnext_destroy(&net);

    must(vx_engine_run(engine, 1, &in, plain, &err), &err);
    vx_cpu_engine.trace(engine, 1, &trace);
    const double begin = vx_clock_now();
    must(vx_engine_run(engine, 1, &in, traced, &err), &err);
    const double passed = vx_clock_now() - begin;
    assert_memory_equal(plain, traced, sizeof plain);
    for (int i = 0; i < trace.n; i++) {
        const int of_stage_0 = i - VX_OP_STAGES;
        if (of_stage_0 == VX_OP_GATHER || of_stage_0 == VX_OP_DOWN)
            assert_true(trace.op[i].seconds == 0); /* stage 0 has none */
        else
            assert_true(trace.op[i].seconds > 0);
        sum += trace.op[i].seconds;
    }
    assert_true(sum <= passed);

    const struct vx_trace before = trace;
    must(vx_engine_run(engine, 0, &in, traced, &err), &err); /* another lane */
    vx_cpu_engine.trace(engine, 1, NULL);
    must(vx_engine_run(engine, 1, &in, traced, &err), &err); /* asked no more */
    assert_memory_equal(&before, &trace, sizeof trace);
    vx_engine_close(&engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_sum_up), cmocka_unit_test(times_fit)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
