/* Whole networks of odd shapes against the scalar reference: every kernel set, both precisions. Weights and
 * images are the same every run: rounding errors of a whole network vary tenfold from one to the next, most
 * where LayerNorms are narrow, and a tolerance for the worst of them would see nothing in the others. */
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/tolerances.h"

#include "cpu/network.h"
#include "model/processor.h"
#include "model/reference.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define IMAGES 3
/* A LayerNorm over two or three channels is close to a sign function, which no rounding of its input
 * survives. */
#define MIN_BF16_WIDTH 12

/* size must be a multiple of patch·2^(stages − 1); maps of 1×1, of more rows than a chunk that no chunk
 * divides, widths of 1 and of all remainders. */
static const struct shape {
    int size, patch, stages, depths[4], widths[4], labels;
} shapes[] = {
    {4, 4, 1, {1}, {1}, 1},
    {8, 1, 4, {1, 1, 1, 1}, {2, 3, 5, 7}, 2},
    {21, 1, 1, {2}, {13}, 4}, /* 441 rows: two chunks of 221, one row over */
    {58, 1, 2, {1, 1}, {17, 31}, 2},
    {44, 2, 2, {1, 2}, {33, 64}, 3},
    {36, 3, 3, {1, 2, 1}, {24, 40, 72}, 2},
    {32, 4, 4, {1, 1, 2, 1}, {40, 80, 160, 320}, 2}, /* Atto's widths */
    {64, 16, 3, {1, 1, 1}, {96, 100, 128}, 1000},
};

struct rig {
    struct vx_convnext *net;
    size_t pixels; /* of an image, times 3 */
    uint8_t *images;
    float *want; /* [IMAGES][labels] */
    double scale;
};

static float table[3][256];

static void must(enum vx_status rc, const struct vx_err *err)
{
    if (rc != VX_OK)
        fail_msg("%s", err->text);
}

/* The network's weights and images are random; the expected logits are the reference's. */
static void rig_up(struct rig *r, const struct shape *shape)
{
    struct vx_random random = {1};

    char label[] = "x", **labels = calloc((size_t)shape->labels, sizeof *labels);
    struct vx_config config = {.image_size = shape->size,
                               .patch_size = shape->patch,
                               .num_channels = 3,
                               .n_stages = shape->stages,
                               .n_labels = shape->labels,
                               .labels = labels,
                               .layer_norm_eps = 1e-12F};
    struct vx_err err;

    assert_non_null(labels);
    for (int i = 0; i < shape->labels; i++)
        labels[i] = label;
    for (int s = 0; s < shape->stages; s++) {
        config.depths[s] = shape->depths[s];
        config.hidden_sizes[s] = shape->widths[s];
    }
    must(vx_convnext_generate(&r->net, &config, vx_random_next(&random), &err), &err);
    free(labels);
    r->pixels = (size_t)shape->size * (size_t)shape->size * 3;
    r->images = vx_guard_alloc(IMAGES * r->pixels);
    r->want = vx_guard_alloc(IMAGES * (size_t)shape->labels * sizeof(float));
    r->scale = 0;
    float *values = vx_guard_alloc(r->pixels * sizeof *values);
    for (int i = 0; i < IMAGES; i++) {
        uint8_t *image = r->images + (size_t)i * r->pixels;
        for (size_t k = 0; k < r->pixels; k++) {
            image[k] = (uint8_t)vx_random_next(&random);
            values[k] = table[k % 3][image[k]];
        }
        must(vx_ref_forward(r->net, values, r->want + i * shape->labels, NULL, NULL, &err), &err);
    }
    for (int i = 0; i < IMAGES * shape->labels; i++)
        r->scale = fmax(r->scale, fabs(r->want[i]));
    vx_guard_free(values);
}

static void rig_down(struct rig *r)
{
    vx_convnext_destroy(&r->net);
    vx_guard_free(r->images);
    vx_guard_free(r->want);
}

/* The largest difference from the reference, as a share of the largest logit. */
static double run_network(const struct rig *r, enum vx_type type, const struct vx_isa *isa)
{
    const int labels = r->net->config.n_labels;
    float *logits = vx_guard_alloc((size_t)labels * sizeof *logits);
    struct vx_network *network;
    struct vx_network_lane *lane;
    struct vx_err err;
    double most = 0;

    must(vx_network_create(&network, r->net, type, isa, &err), &err);
    must(vx_network_lane_create(&lane, network, &err), &err);
    for (int i = 0; i < IMAGES; i++) {
        must(vx_network_forward(lane, r->images + (size_t)i * r->pixels, (const float(*)[256])table, logits,
                                &err),
             &err);
        for (int k = 0; k < labels; k++) {
            const double d = fabs((double)logits[k] - r->want[i * labels + k]);
            most = d <= most ? most : d; /* a NaN stays */
        }
    }
    vx_network_lane_destroy(&lane);
    vx_network_destroy(&network);
    vx_guard_free(logits);
    return most / r->scale;
}

static void check_shape(const struct shape *shape)
{
    const struct vx_isa here = vx_isa_detect();
    struct vx_isa isa[] = {{0}, {.avx2 = true}, {.avx2 = true, .avx512 = true}};
    const bool can[] = {true, here.avx2, here.avx512};
    struct rig rig;

    rig_up(&rig, shape);
    for (int i = 0; i < 3; i++) {
        if (!can[i])
            continue;
        const double error = run_network(&rig, VX_TYPE_F32, &isa[i]);
        if (!(error <= VX_TOL_LOGITS_FP32))
            fail_msg("size %d: float32 with %s is off by %g", shape->size, vx_isa_name(&isa[i]), error);
    }
    if (here.avx512_bf16 && shape->widths[0] >= MIN_BF16_WIDTH) {
        const double error = run_network(&rig, VX_TYPE_BF16, &here);
        print_message("size %d: bf16 is off by %.1e\n", shape->size, error);
        if (!(error <= VX_TOL_LOGITS_BF16))
            fail_msg("size %d: bf16 is off by %g", shape->size, error);
    }
    rig_down(&rig);
}

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        check_shape(&shapes[i]);
}

static void test_unsupported(void **state)
{
    const struct vx_isa old = {.avx2 = true};
    struct vx_network *network;
    struct rig rig;
    struct vx_err err;

    (void)state;
    rig_up(&rig, &shapes[1]);
    assert_int_equal(vx_network_create(&network, rig.net, VX_TYPE_BF16, &old, &err), VX_EUNSUPPORTED);
    assert_null(network);
    assert_string_equal(err.text, "bf16 needs a processor with AVX512_BF16, this one has AVX2; use fp32");
    rig.net->config.num_channels = 1;
    assert_int_equal(vx_network_create(&network, rig.net, VX_TYPE_F32, &old, &err), VX_EUNSUPPORTED);
    rig_down(&rig);
}

static int start(void **state)
{
    const struct vx_processor processor = vx_processor_default();

    (void)state;
    vx_processor_table(&processor, table);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shapes), cmocka_unit_test(test_unsupported)};

    return cmocka_run_group_tests_name("network", tests, start, NULL);
}
