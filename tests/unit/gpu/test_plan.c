/* The plan of buffers, and what it says of ConvNeXt-Tiny on a T4: device memory, bytes moved, and the time that follows on paper. */
#include "tests/harness/cmocka.h"

#include "gpu/plan.h"

#include <limits.h>

#define MIB (1024.0 * 1024.0)

enum { WINDOWS = 64, LANES = 3 }; /* gpu/engine.h and engine.c */

static char real[] = "real", fake[] = "fake", *labels[] = {real, fake};

static struct vx_convnext small(int c0, int c1)
{
    struct vx_convnext net = {.config = {.image_size = 32, .patch_size = 4, .num_channels = 3, .n_stages = 2, .depths = {1, 1},
                                         .hidden_sizes = {c0, c1}, .n_labels = 2, .labels = labels}};

    net.stage[0].channels = c0;
    net.stage[0].side = 8;
    net.stage[0].depth = 1;
    net.stage[1].channels = c1;
    net.stage[1].side = 4;
    net.stage[1].depth = 1;
    return net;
}

static void test_sizes(void **state)
{
    const struct vx_convnext net = small(16, 32);
    struct vx_gpu_plan p;
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_gpu_plan(&p, &net, VX_GPU_F16, 3, &err), VX_OK);
    assert_int_equal(p.pitch, 48);
    assert_int_equal(p.map, 3 * 64 * 16 * 2);
    assert_int_equal(p.rows, 3 * 64 * 48 * 2); /* the image's patches are wider than the map */
    assert_int_equal(p.hidden, 3 * 64 * 64 * 2);
    /* by hand: patches, embedding and LayerNorm; a block; gather and product; a block; the mean */
    const double first = 64 * 16 * 2, second = 16 * 32 * 2;
    assert_true(p.traffic == 64 * 48 + 2 * (64 * 48 * 2) + 3 * first + 13 * first + 3 * first + second + 13 * second + second);
    assert_int_equal(vx_gpu_plan(&p, &net, VX_GPU_F32, 3, &err), VX_OK);
    assert_int_equal(p.map, 3 * 64 * 16 * 4);
}

static void test_refused(void **state)
{
    static const struct {
        int c0, c1, channels, windows;
        enum vx_status want;
    } cases[] = {
        {16, 32, 3, 1, VX_OK},           {15, 32, 3, 1, VX_EUNSUPPORTED}, {16, 33, 3, 1, VX_EUNSUPPORTED},
        {16, 32, 1, 1, VX_EUNSUPPORTED}, {16, 2050, 3, 1, VX_EUNSUPPORTED}, {16, 2048, 3, 1, VX_OK},
        {16, 32, 3, INT_MAX / 64, VX_ELIMIT},
    };
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct vx_convnext net = small(cases[i].c0, cases[i].c1);
        struct vx_gpu_plan p;
        struct vx_err err;
        net.config.num_channels = cases[i].channels;
        assert_int_equal(vx_gpu_plan(&p, &net, VX_GPU_F16, cases[i].windows, &err), cases[i].want);
    }
}

/* A T4 on paper: 65 TFLOP/s in fp16, 320 GB/s. An operation takes what the slower of the two needs, at this share of it. */
#define T4_FLOPS 65e12
#define T4_BYTES 320e9
#define SHARE 0.55

static double operation(double bytes, double flops)
{
    const double memory = bytes / T4_BYTES, arithmetic = flops / T4_FLOPS;

    return (memory > arithmetic ? memory : arithmetic) / SHARE;
}

/* Seconds a window; *bytes and *flops of all operations, activations only: 64 windows share each weight that is read */
static double estimate(const struct vx_convnext *net, double *bytes, double *flops)
{
    double seconds = 0;

    for (int s = 0; s < net->config.n_stages; s++) {
        const struct vx_convnext_stage *st = &net->stage[s];
        const double pixels = (double)st->side * st->side, c = st->channels, map = 2 * pixels * c,
                     in = s ? 4.0 * st[-1].channels : 48;
        const struct {
            double times, bytes, flops;
        } operations[] = {
            {1, s ? 4 * pixels * in : 48 * pixels + 2 * pixels * in, 0}, /* gathering, with LayerNorm */
            {1, 2 * pixels * in + map, 2 * pixels * in * c},             /* embedding, downsampling */
            {s == 0, 2 * map, 0},                                        /* LayerNorm */
            {st->depth, 2 * map, 98 * pixels * c},                       /* depthwise and LayerNorm, not on tensor cores */
            {st->depth, 5 * map, 8 * pixels * c * c},
            {st->depth, 6 * map, 8 * pixels * c * c},
            {s == net->config.n_stages - 1, map, 0}, /* head */
        };
        for (size_t i = 0; i < sizeof operations / sizeof *operations; i++) {
            *bytes += operations[i].times * operations[i].bytes;
            *flops += operations[i].times * operations[i].flops;
            seconds += operations[i].times * operation(operations[i].bytes, operations[i].flops);
        }
    }
    return seconds;
}

static void test_tiny(void **state)
{
    struct vx_config config = {0};
    struct vx_convnext *net;
    struct vx_gpu_plan p;
    struct vx_err err;
    double bytes = 0, flops = 0;
    (void)state;

    assert_int_equal(vx_config_standard(&config, "tiny", &err), VX_OK);
    assert_int_equal(vx_convnext_generate(&net, &config, 1, &err), VX_OK);
    assert_int_equal(vx_gpu_plan(&p, net, VX_GPU_F16, WINDOWS, &err), VX_OK);
    const double image = WINDOWS * 224.0 * 224 * 3, lane = (double)(p.map + p.rows + p.hidden) + image, weights = 2.0 * (double)net->n_parameters;
    const double all = LANES * lane + weights, seconds = estimate(net, &bytes, &flops);

    print_message("ConvNeXt-Tiny, fp16, %d windows a step\n", WINDOWS);
    print_message("map %.0f MiB, rows %.0f, hidden %.0f, images %.0f: %.0f MiB a lane\n", (double)p.map / MIB, (double)p.rows / MIB,
                  (double)p.hidden / MIB, image / MIB, lane / MIB);
    print_message("%d lanes and weights: %.0f MiB on the device, without front end and libraries\n", LANES, all / MIB);
    print_message("a window: %.1f MB moved, %.2f GFLOP\n", bytes * 1e-6, flops * 1e-9);
    print_message("T4 on paper, each operation at %.0f %% of its tighter roof: %.3f ms a window, %.0f windows/s\n", 100 * SHARE,
                  seconds * 1e3, 1 / seconds);
    assert_true(bytes > 0.99 * p.traffic && bytes < 1.01 * p.traffic); /* counted twice, by other code */
    assert_true(all < 3e9);                                             /* of the 4 GB that the engine may take */
    assert_true(1 / seconds * 0.92 > 2000);                             /* the front end's 8 % taken off */
    vx_convnext_destroy(&net);
    vx_config_clear(&config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sizes), cmocka_unit_test(test_refused), cmocka_unit_test(test_tiny)};

    return cmocka_run_group_tests_name("GPU plan", tests, NULL, NULL);
}
