/* The CUDA engine, whole: its logits against the scalar reference and transformers, and its promise that a window's logits are the same bits
 * in any batch, at any place, on any lane, and again. On the host's device or a real one. */
#include "tests/gpu/engine_rig.h"
#include "tests/harness/golden.h"
#include "tests/harness/picture.h"
#include "tests/harness/tolerances.h"

#include "base/mem.h"
#include "model/reference.h"
#ifdef VX_GPU_HOST
#include "tests/gpu/host/host.h"
#endif

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#define LOGITS (RIG_WINDOWS * RIG_LABELS)
#define IMAGE (RIG_SIZE * RIG_SIZE * 3)

static const struct {
    enum vx_precision precision;
    const char *name;
    double tolerance;
} precisions[] = {
    {VX_PRECISION_FP32, "fp32", VX_TOL_LOGITS_FP32},
    {VX_PRECISION_FP16, "fp16", VX_TOL_LOGITS_FP16},
    {VX_PRECISION_BF16, "bf16", VX_TOL_LOGITS_GPU_BF16},
};

/* got within a share of the largest |want| of all rows, and the same label where want's margin is over it */
static void compare(const char *name, const float *got, const float *want, int rows, int labels, double tolerance)
{
    double most = 0, scale = 0;

    for (int i = 0; i < rows * labels; i++) {
        most = fmax(most, fabs((double)got[i] - want[i]));
        scale = fmax(scale, fabs(want[i]));
    }
    print_message("%-30s largest difference %.2e at logits up to %.2f\n", name, most, scale);
    assert_true(most <= tolerance * scale);
    for (int r = 0; r < rows && labels == 2; r++)
        if (fabs((double)want[2 * r] - want[2 * r + 1]) > tolerance * scale)
            assert_int_equal(got[2 * r] > got[2 * r + 1], want[2 * r] > want[2 * r + 1]);
}

static void reference(const struct rig *r, const uint8_t *images, float *logits)
{
    float table[3][256], *pixels = vx_calloc(IMAGE, sizeof *pixels);
    struct vx_err err;

    assert_non_null(pixels);
    vx_processor_table(&r->processor, table);
    for (int i = 0; i < RIG_WINDOWS; i++) {
        for (int k = 0; k < IMAGE; k++)
            pixels[k] = table[k % 3][images[i * IMAGE + k]];
        assert_int_equal(vx_ref_forward(r->net, pixels, logits + i * RIG_LABELS, NULL, NULL, &err), VX_OK);
    }
    free(pixels);
}

static void test_reference(void **state)
{
    static uint8_t made[RIG_WINDOWS * IMAGE];
    float want[LOGITS], want_pcm[LOGITS], got[LOGITS];
    struct rig r;
    struct vx_err err;
    (void)state;

    rig_up(&r);
    reference(&r, r.images, want);
    for (size_t i = 0; i < COUNT(precisions); i++) {
        struct vx_engine *engine = rig_open(&r, precisions[i].precision);
        if (!engine)
            continue;
        const struct vx_input pcm = rig_input(&r, VX_INPUT_PCM, 0, RIG_WINDOWS);
        assert_int_equal(engine->precision, precisions[i].precision);
        rig_run(&r, engine, 0, VX_INPUT_IMAGE, RIG_WINDOWS, got);
        compare(precisions[i].name, got, want, RIG_WINDOWS, RIG_LABELS, precisions[i].tolerance);
        if (engine->ops->images(engine, 1, &pcm, made, &err) != VX_OK)
            fail_msg("%s", err.text);
        reference(&r, made, want_pcm);
        rig_run(&r, engine, 0, VX_INPUT_PCM, RIG_WINDOWS, got);
        compare("from sound", got, want_pcm, RIG_WINDOWS, RIG_LABELS, precisions[i].tolerance);
        vx_engine_close(&engine);
        assert_null(engine);
    }
    rig_down(&r);
}

static struct vx_convnext *golden_network(const struct vx_golden *g, int index)
{
    static char label[] = "label", *labels[] = {label, label, label};
    const int32_t *shape = vx_golden_get(g, VX_GOLDEN_I32, "net.%d.shape", index)->data;
    const struct vx_golden_array *seed = vx_golden_get(g, VX_GOLDEN_I64, "seed"),
                                 *eps = vx_golden_get(g, VX_GOLDEN_F32, "net.%d.eps", index);
    struct vx_config config = {.image_size = shape[0], .patch_size = shape[1], .n_labels = shape[2], .n_stages = shape[3],
                               .num_channels = 3, .labels = labels, .layer_norm_eps = *(const float *)eps->data};
    struct vx_convnext *net;
    struct vx_err err;

    for (int s = 0; s < config.n_stages; s++) {
        config.depths[s] = shape[4 + s];
        config.hidden_sizes[s] = shape[4 + config.n_stages + s];
    }
    if (vx_convnext_generate(&net, &config, (uint64_t) * (const int64_t *)seed->data, &err) != VX_OK)
        fail_msg("%s", err.text);
    return net;
}

/* The network of network.gold that has even widths: transformers' logits */
static void test_golden(void **state)
{
    enum { INDEX = 2 };
    uint8_t *image;
    struct vx_golden *g;
    struct vx_convnext *net, *own;
    struct rig r;
    struct vx_err err;
    float got[RIG_LABELS];
    (void)state;

    rig_up(&r);
    if (vx_golden_open(&g, "network.gold", &err) != VX_OK)
        fail_msg("%s", err.text);
    vx_golden_assert_script(g);
    const struct vx_golden_array *want = vx_golden_get(g, VX_GOLDEN_F32, "net.%d.logits", INDEX);
    net = golden_network(g, INDEX);
    own = r.net;
    r.net = net;
    assert_int_equal(net->config.image_size, RIG_SIZE);
    assert_int_equal(want->count, RIG_LABELS);
    image = r.images + (size_t)INDEX * IMAGE; /* which is the picture of that number */
    for (size_t i = 0; i < COUNT(precisions); i++) {
        struct vx_engine *engine = rig_open(&r, precisions[i].precision);
        const struct vx_input in = {.kind = VX_INPUT_IMAGE, .n = 1, .data = image};
        if (!engine)
            continue;
        if (vx_engine_run(engine, 0, &in, got, &err) != VX_OK)
            fail_msg("%s", err.text);
        compare(precisions[i].name, got, want->data, 1, RIG_LABELS, precisions[i].tolerance);
        vx_engine_close(&engine);
    }
    r.net = own;
    vx_convnext_destroy(&net);
    vx_golden_close(&g);
    rig_down(&r);
}

static void check_bits(const struct rig *r, enum vx_precision precision, enum vx_input_kind kind)
{
    static const int batches[] = {1, RIG_STEP - 1, RIG_STEP, RIG_STEP + 1, RIG_WINDOWS, 1};
    struct vx_engine *engine = rig_open(r, precision);
    float want[LOGITS], got[LOGITS];
    struct vx_err err;

    if (!engine)
        return;
    rig_run(r, engine, 0, kind, RIG_WINDOWS, want);
    for (int i = 0; i + 1 < RIG_WINDOWS; i++) /* or equal bits would prove nothing */
        assert_memory_not_equal(want + i * RIG_LABELS, want + (i + 1) * RIG_LABELS, RIG_LABELS * sizeof *want);
    for (size_t i = 0; i < COUNT(batches); i++) {
        rig_run(r, engine, (int)i % RIG_LANES, kind, batches[i], got);
        assert_memory_equal(got, want, sizeof want);
    }
    for (int i = RIG_WINDOWS - 1; i >= 0; i--) { /* backwards, so that neighbours are others */
        const struct vx_input in = rig_input(r, kind, i, i % 2 && i + 1 < RIG_WINDOWS ? 2 : 1);
        if (vx_engine_run(engine, 0, &in, got, &err) != VX_OK)
            fail_msg("%s", err.text);
        assert_memory_equal(got, want + i * RIG_LABELS, (size_t)in.n * RIG_LABELS * sizeof *want);
    }
    vx_engine_close(&engine);
}

static void test_bits(void **state)
{
    struct rig r;
    (void)state;

    rig_up(&r);
    for (size_t i = 0; i < VX_DEVICE_CASES(COUNT(precisions)); i++) {
        check_bits(&r, precisions[i].precision, VX_INPUT_IMAGE);
        check_bits(&r, precisions[i].precision, VX_INPUT_PCM);
    }
    rig_down(&r);
}

struct job {
    const struct rig *rig;
    struct vx_engine *engine;
    int lane, batch;
    enum vx_input_kind kind;
    float logits[LOGITS];
    enum vx_status rc;
    struct vx_err err;
};

static void *run_job(void *arg)
{
    struct job *j = arg;

    for (int i = 0; i < RIG_WINDOWS && j->rc == VX_OK; i += j->batch) {
        const struct vx_input in = rig_input(j->rig, j->kind, i, RIG_WINDOWS - i < j->batch ? RIG_WINDOWS - i : j->batch);
        j->rc = vx_engine_run(j->engine, j->lane, &in, j->logits + i * RIG_LABELS, &j->err);
    }
    return NULL;
}

/* All lanes at one time, each with another size of batch, sounds beside images */
static void test_lanes(void **state)
{
    static const int batches[RIG_LANES] = {1, 4, RIG_WINDOWS};
    float want[2][LOGITS];
    struct job jobs[RIG_LANES];
    pthread_t threads[RIG_LANES];
    struct rig r;
    (void)state;

    rig_up(&r);
    struct vx_engine *engine = rig_open(&r, VX_PRECISION_AUTO);
    assert_int_equal(engine->precision, VX_PRECISION_FP16);
    rig_run(&r, engine, 0, VX_INPUT_PCM, RIG_WINDOWS, want[VX_INPUT_PCM]);
    rig_run(&r, engine, 0, VX_INPUT_IMAGE, RIG_WINDOWS, want[VX_INPUT_IMAGE]);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < RIG_LANES; i++) {
            jobs[i] = (struct job){.rig = &r, .engine = engine, .lane = i, .batch = batches[i],
                                   .kind = i == 1 ? VX_INPUT_IMAGE : VX_INPUT_PCM};
            assert_int_equal(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
        }
        for (int i = 0; i < RIG_LANES; i++) {
            pthread_join(threads[i], NULL);
            if (jobs[i].rc != VX_OK)
                fail_msg("lane %d: %s", i, jobs[i].err.text);
            assert_memory_equal(jobs[i].logits, want[jobs[i].kind], sizeof jobs[i].logits);
        }
    }
    vx_engine_close(&engine);
    rig_down(&r);
}

/* Windows of memory that was lent are uploaded from where they lie; those beside it, and all when it was taken back or could not be
 * locked, by way of the lane's. Scores are the same. */
static void test_lent(void **state)
{
    enum { LENT = 5 }; /* windows of RIG_WINDOWS */
    const size_t window = RIG_SAMPLES * sizeof(float);
    float want[LOGITS], got[LOGITS];
    struct rig r;
    (void)state;

    rig_up(&r);
    struct vx_engine *engine = rig_open(&r, VX_PRECISION_FP16);
    rig_run(&r, engine, 0, VX_INPUT_PCM, RIG_WINDOWS, want);
    vx_engine_lend(engine, r.pcm, LENT * window);
    for (int batch = 1; batch <= RIG_WINDOWS; batch++) {
        memset(got, 0, sizeof got);
        rig_run(&r, engine, batch % RIG_LANES, VX_INPUT_PCM, batch, got);
        assert_memory_equal(got, want, sizeof want);
    }
#ifdef VX_GPU_HOST
    size_t straight = vx_host_straight_bytes();
    rig_run(&r, engine, 0, VX_INPUT_PCM, 1, got);
    assert_int_equal(vx_host_straight_bytes() - straight, LENT * window);
    straight = vx_host_straight_bytes();
    rig_run(&r, engine, 0, VX_INPUT_IMAGE, RIG_WINDOWS, got);
    assert_int_equal(vx_host_straight_bytes(), straight);
    vx_engine_take_back(engine, r.pcm);
    rig_run(&r, engine, 0, VX_INPUT_PCM, 1, got);
    assert_int_equal(vx_host_straight_bytes(), straight);
    vx_engine_lend(engine, r.pcm, LENT * window); /* and is not taken back: the engine lets go of it */
#else
    vx_engine_take_back(engine, r.pcm);
    rig_run(&r, engine, 0, VX_INPUT_PCM, 1, got);
#endif
    assert_memory_equal(got, want, sizeof want);
    vx_engine_take_back(engine, want); /* was never lent */
    vx_engine_close(&engine);
    rig_down(&r);
}

/* More kinds of input than a lane keeps: what was given up is made again, with the same result. */
static void test_rates(void **state)
{
    enum { RATES = 10 };
    float first[RATES][RIG_LABELS], got[RIG_LABELS];
    struct rig r;
    struct vx_err err;
    (void)state;

    rig_up(&r);
    struct vx_engine *engine = rig_open(&r, VX_PRECISION_FP32);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < RATES; i++) {
            struct vx_input in = rig_input(&r, VX_INPUT_PCM, 0, 1);
            in.sample_rate = 8000 + 500 * i;
            in.samples = 700 + 40 * i; /* ever more, so that buffers move */
            if (vx_engine_run(engine, 0, &in, got, &err) != VX_OK)
                fail_msg("%s", err.text);
            if (round == 0)
                memcpy(first[i], got, sizeof got);
            assert_memory_equal(got, first[i], sizeof got);
        }
    vx_engine_close(&engine);
    rig_down(&r);
}

static void test_malformed(void **state)
{
    struct rig r;
    (void)state;

    rig_up(&r);
    const struct {
        int lane;
        struct vx_input in;
        enum vx_status want;
    } cases[] = {
        {0, {VX_INPUT_IMAGE, 0, 0, 0, NULL}, VX_OK},
        {0, {VX_INPUT_PCM, 0, 0, 0, NULL}, VX_OK},
        {0, {VX_INPUT_IMAGE, -1, 0, 0, r.images}, VX_EINVAL},
        {0, {VX_INPUT_IMAGE, RIG_WINDOWS + 1, 0, 0, r.images}, VX_EINVAL},
        {0, {VX_INPUT_IMAGE, 1, 0, 0, NULL}, VX_EINVAL},
        {-1, {VX_INPUT_IMAGE, 1, 0, 0, r.images}, VX_EINVAL},
        {RIG_LANES, {VX_INPUT_IMAGE, 1, 0, 0, r.images}, VX_EINVAL},
        {0, {VX_INPUT_PCM, 1, 0, RIG_RATE, r.pcm}, VX_EINVAL},
        {0, {VX_INPUT_PCM, 1, RIG_SAMPLES, 0, r.pcm}, VX_EINVAL},
        {0, {VX_INPUT_PCM, 1, -RIG_SAMPLES, RIG_RATE, r.pcm}, VX_EINVAL},
        {0, {VX_INPUT_PCM, 1, RIG_SAMPLES, RIG_RATE, r.pcm}, VX_OK}, /* and works after all of these */
    };
    struct vx_engine *engine = rig_open(&r, VX_PRECISION_FP32);
    const struct vx_input image = rig_input(&r, VX_INPUT_IMAGE, 0, 1);
    uint8_t out[IMAGE];
    float logits[RIG_LABELS];
    struct vx_err err;

    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(vx_engine_run(engine, cases[i].lane, &cases[i].in, logits, &err), cases[i].want);
        if (cases[i].in.kind == VX_INPUT_PCM)
            assert_int_equal(engine->ops->images(engine, cases[i].lane, &cases[i].in, out, &err), cases[i].want);
    }
    assert_int_equal(engine->ops->images(engine, 0, &image, out, &err), VX_EINVAL);
    vx_engine_close(&engine);
    vx_engine_close(&engine);
    rig_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lanes), cmocka_unit_test(test_reference), cmocka_unit_test(test_golden),
        cmocka_unit_test(test_bits),  cmocka_unit_test(test_rates),     cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_lent),
    };
#ifdef __SANITIZE_THREAD__ /* only the first has several threads, and all of them would take most of a minute */
    const size_t n = 1;
#else
    const size_t n = COUNT(tests);
#endif

    return vx_device_run_tests("CUDA engine", tests, n);
}
