/* Every allocation of ours that opening the engine and its first run make fails once: VX_ENOMEM comes back,
 * nothing leaks (AddressSanitizer looks), and the engine that is open works the next time. oneDNN's own
 * allocations are not ours to fail. */
#include "tests/harness/cmocka.h"
#include "tests/harness/failing_alloc.h"

#include "cpu/engine.h"

#define SAMPLES 3200

static char real[] = "real", fake[] = "fake", *labels[] = {real, fake};
static const struct vx_config config = {.image_size = 32,
                                        .patch_size = 4,
                                        .num_channels = 3,
                                        .n_stages = 2,
                                        .depths = {1, 1},
                                        .hidden_sizes = {8, 16},
                                        .layer_norm_eps = 1e-12F,
                                        .n_labels = 2,
                                        .labels = labels};

static struct vx_engine_config prepare(struct vx_convnext **net, struct vx_profile *profile,
                                       struct vx_processor *processor)
{
    struct vx_err err;

    assert_int_equal(vx_convnext_generate(net, &config, 1, &err), VX_OK);
    assert_int_equal(vx_profile_load(profile, VX_PROFILE_DEFAULT, &err), VX_OK);
    *processor = vx_processor_default();
    processor->shortest_edge = config.image_size;
    return (struct vx_engine_config){.net = *net,
                                     .profile = profile,
                                     .processor = processor,
                                     .precision = VX_PRECISION_FP32,
                                     .lanes = 2,
                                     .max_batch = 1};
}

static void test_open(void **state)
{
    struct vx_profile profile;
    struct vx_processor processor;
    struct vx_convnext *net;
    struct vx_engine *engine = NULL;
    struct vx_err err;
    const struct vx_engine_config cf = prepare(&net, &profile, &processor);
    long n = 0;

    (void)state;
    for (; !engine; n++) {
        failing_alloc_after(n);
        const enum vx_status rc = vx_cpu_engine.open(&engine, &cf, &err);
        failing_alloc_after(-1);
        assert_int_equal(rc, failing_alloc_failed() ? VX_ENOMEM : VX_OK);
        assert_int_equal(engine != NULL, rc == VX_OK);
    }
    assert_true(n > 15);
    vx_engine_close(&engine);
    vx_convnext_destroy(&net);
}

static void test_first_run(void **state)
{
    static const float pcm[SAMPLES];
    const struct vx_input in = {VX_INPUT_PCM, 1, SAMPLES, 16000, pcm};
    struct vx_profile profile;
    struct vx_processor processor;
    struct vx_convnext *net;
    struct vx_engine *engine;
    struct vx_err err;
    const struct vx_engine_config cf = prepare(&net, &profile, &processor);
    enum vx_status rc = VX_ENOMEM;
    float logits[2];
    long n = 0;

    (void)state;
    assert_int_equal(vx_cpu_engine.open(&engine, &cf, &err), VX_OK);
    for (; rc != VX_OK; n++) {
        failing_alloc_after(n);
        rc = vx_engine_run(engine, 1, &in, logits, &err);
        failing_alloc_after(-1);
        assert_int_equal(rc, failing_alloc_failed() ? VX_ENOMEM : VX_OK);
    }
    assert_true(n > 5);
    failing_alloc_after(0); /* from now on a batch allocates nothing */
    assert_int_equal(vx_engine_run(engine, 1, &in, logits, &err), VX_OK);
    failing_alloc_after(-1);
    assert_false(failing_alloc_failed());
    vx_engine_close(&engine);
    vx_convnext_destroy(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_open), cmocka_unit_test(test_first_run)};

    return cmocka_run_group_tests_name("CPU engine without memory", tests, NULL, NULL);
}
