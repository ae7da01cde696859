/* The CPU engine's promise: a window's logits are the same bits in any batch, at any place in it, on any
 * lane, beside any other lanes, and whatever OpenMP is told. And what it refuses. */
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"

#include "cpu/engine.h"
#include "cpu/isa.h"

#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define WINDOWS 32
#define LANES 3
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

struct rig {
    struct vx_engine *engine;
    struct vx_profile profile;
    struct vx_processor processor;
    uint8_t *images; /* [WINDOWS][SIZE][SIZE][3] */
    float *pcm;      /* [WINDOWS][SAMPLES] */
};

static struct vx_random rng;

static void must(enum vx_status rc, const struct vx_err *err)
{
    if (rc != VX_OK)
        fail_msg("%s", err->text);
}

static void open_engine(struct rig *r, enum vx_precision precision, int lanes)
{
    struct vx_engine_config config = {.profile = &r->profile,
                                      .processor = &r->processor,
                                      .precision = precision,
                                      .lanes = lanes,
                                      .max_batch = WINDOWS};
    struct vx_convnext *net;
    struct vx_err err;

    must(vx_convnext_generate(&net, &small, 5, &err), &err);
    config.net = net;
    must(vx_cpu_engine.open(&r->engine, &config, &err), &err);
    vx_convnext_destroy(&net); /* the engine must not need it any more */
}

static int rig_up(void **state)
{
    static struct rig r;
    struct vx_err err;

    rng = vx_random_start();
    r.processor = vx_processor_default();
    r.processor.shortest_edge = SIZE;
    must(vx_profile_load(&r.profile, VX_PROFILE_DEFAULT, &err), &err);
    r.profile.sample_rate = 0;
    r.images = vx_guard_alloc((size_t)WINDOWS * SIZE * SIZE * 3);
    r.pcm = vx_guard_alloc((size_t)WINDOWS * SAMPLES * sizeof *r.pcm);
    for (size_t i = 0; i < (size_t)WINDOWS * SIZE * SIZE * 3; i++)
        r.images[i] = (uint8_t)vx_random_next(&rng);
    for (int i = 0; i < WINDOWS; i++) /* noise of a growing tone, so that windows differ */
        for (int k = 0; k < SAMPLES; k++) {
            vx_random_floats(&rng, &r.pcm[i * SAMPLES + k], 1, 0.1F);
            r.pcm[i * SAMPLES + k] += 0.5F * sinf((float)(k * (i + 1)) * 0.01F);
        }
    *state = &r;
    return 0;
}

static int rig_down(void **state)
{
    struct rig *r = *state;

    vx_guard_free(r->images);
    vx_guard_free(r->pcm);
    return 0;
}

static struct vx_input windows(const struct rig *r, enum vx_input_kind kind, int first, int n)
{
    if (kind == VX_INPUT_PCM)
        return (struct vx_input){kind, n, SAMPLES, RATE, r->pcm + (size_t)first * SAMPLES};
    return (struct vx_input){.kind = kind, .n = n, .data = r->images + (size_t)first * SIZE * SIZE * 3};
}

/* All windows in batches of `batch`. */
struct job {
    const struct rig *rig;
    int lane, batch;
    enum vx_input_kind kind;
    float logits[WINDOWS * 2];
    enum vx_status rc;
    struct vx_err err;
};

static void *run_job(void *arg)
{
    struct job *j = arg;

    for (int i = 0; i < WINDOWS && j->rc == VX_OK; i += j->batch) {
        const struct vx_input in =
            windows(j->rig, j->kind, i, i + j->batch > WINDOWS ? WINDOWS - i : j->batch);
        j->rc = vx_engine_run(j->rig->engine, j->lane, &in, j->logits + i * 2, &j->err);
    }
    return NULL;
}

static void run_all(const struct rig *r, int lane, enum vx_input_kind kind, int batch, float *logits)
{
    struct job job = {.rig = r, .lane = lane, .batch = batch, .kind = kind};

    run_job(&job);
    must(job.rc, &job.err);
    memcpy(logits, job.logits, sizeof job.logits);
}

/* LANES threads at one time, each with another batch size, all must give `want`. */
static void check_lanes(const struct rig *r, enum vx_input_kind kind, const float *want)
{
    static const int batches[LANES] = {1, 5, WINDOWS};
    struct job jobs[LANES];
    pthread_t threads[LANES];

    for (int i = 0; i < LANES; i++) {
        jobs[i] = (struct job){.rig = r, .lane = i, .batch = batches[i], .kind = kind};
        assert_int_equal(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    for (int i = 0; i < LANES; i++) {
        pthread_join(threads[i], NULL);
        must(jobs[i].rc, &jobs[i].err);
        assert_memory_equal(jobs[i].logits, want, sizeof jobs[i].logits);
    }
}

static void check_same_bits(struct rig *r, enum vx_precision precision, enum vx_input_kind kind)
{
    static const int batches[] = {1, 7, 32};
    float want[WINDOWS * 2], got[WINDOWS * 2];
    struct vx_input one;
    struct vx_err err;

    open_engine(r, precision, 1);
    run_all(r, 0, kind, 1, want);
    assert_true(memcmp(want, want + 2, 2 * sizeof *want) != 0); /* the windows do differ */
    for (int i = 0; i < 3; i++) {
        run_all(r, 0, kind, batches[i], got);
        assert_memory_equal(got, want, sizeof want);
    }
    vx_engine_close(&r->engine);

    omp_set_num_threads(3); /* neither taken nor changed */
    open_engine(r, precision, LANES);
    run_all(r, LANES - 1, kind, 4, got);
    assert_memory_equal(got, want, sizeof want);
    for (int i = WINDOWS - 1; i >= 0; i--) { /* backwards, alone */
        one = windows(r, kind, i, 1);
        must(vx_engine_run(r->engine, i % LANES, &one, got, &err), &err);
        assert_memory_equal(got, want + i * 2, 2 * sizeof *want);
    }
    assert_int_equal(omp_get_max_threads(), 3);
    check_lanes(r, kind, want);
    vx_engine_close(&r->engine);
    assert_null(r->engine);
}

static void test_same_bits_fp32(void **state)
{
    check_same_bits(*state, VX_PRECISION_FP32, VX_INPUT_IMAGE);
    check_same_bits(*state, VX_PRECISION_FP32, VX_INPUT_PCM);
}

static void test_same_bits_auto(void **state)
{
    check_same_bits(*state, VX_PRECISION_AUTO, VX_INPUT_IMAGE);
    check_same_bits(*state, VX_PRECISION_AUTO, VX_INPUT_PCM);
}

/* Sound is what its image is: images() then run() on them is run() on the sound. */
static void test_images(void **state)
{
    struct rig *r = *state;
    const struct vx_input pcm = windows(r, VX_INPUT_PCM, 0, WINDOWS);
    struct vx_input image = {.kind = VX_INPUT_IMAGE, .n = WINDOWS};
    uint8_t *images = vx_guard_alloc((size_t)WINDOWS * SIZE * SIZE * 3);
    float want[WINDOWS * 2], got[WINDOWS * 2];
    struct vx_err err;

    open_engine(r, VX_PRECISION_FP32, 1);
    assert_true(r->profile.use_processor);
    must(r->engine->ops->images(r->engine, 0, &pcm, images, &err), &err);
    image.data = images;
    must(vx_engine_run(r->engine, 0, &image, want, &err), &err);
    must(vx_engine_run(r->engine, 0, &pcm, got, &err), &err);
    assert_memory_equal(got, want, sizeof want);
    vx_engine_close(&r->engine);
    vx_guard_free(images);
}

/* A profile with rescaling, mean and std of its own: for sound these, for given images the checkpoint's. */
static void test_value_tables(void **state)
{
    struct rig *r = *state;
    const struct vx_profile before = r->profile;
    const struct vx_input image = windows(r, VX_INPUT_IMAGE, 0, 1), pcm = windows(r, VX_INPUT_PCM, 0, 1);
    float image_before[2], image_after[2], pcm_before[2], pcm_after[2];
    struct vx_err err;

    open_engine(r, VX_PRECISION_FP32, 1);
    must(vx_engine_run(r->engine, 0, &image, image_before, &err), &err);
    must(vx_engine_run(r->engine, 0, &pcm, pcm_before, &err), &err);
    vx_engine_close(&r->engine);
    r->profile.use_processor = false;
    r->profile.image_width = r->profile.image_height = SIZE;
    r->profile.image_filter = VX_RESAMPLE_BILINEAR;
    r->profile.rescale_factor = 1.0 / 255;
    for (int c = 0; c < 3; c++) {
        r->profile.mean[c] = 0;
        r->profile.std[c] = 1;
    }
    open_engine(r, VX_PRECISION_FP32, 1);
    must(vx_engine_run(r->engine, 0, &image, image_after, &err), &err);
    must(vx_engine_run(r->engine, 0, &pcm, pcm_after, &err), &err);
    vx_engine_close(&r->engine);
    r->profile = before;
    assert_memory_equal(image_after, image_before, sizeof image_after);
    assert_true(memcmp(pcm_after, pcm_before, sizeof pcm_after) != 0);
}

static void test_malformed(void **state)
{
    struct rig *r = *state;
    const float *pcm = r->pcm;
    const struct {
        int lane;
        struct vx_input in;
        enum vx_status want;
    } cases[] = {
        {0, {VX_INPUT_IMAGE, 0, 0, 0, NULL}, VX_OK},
        {0, {VX_INPUT_PCM, 0, 0, 0, NULL}, VX_OK},
        {0, {VX_INPUT_IMAGE, -1, 0, 0, r->images}, VX_EINVAL},
        {0, {VX_INPUT_IMAGE, WINDOWS + 1, 0, 0, r->images}, VX_EINVAL},
        {0, {VX_INPUT_IMAGE, 1, 0, 0, NULL}, VX_EINVAL},
        {-1, {VX_INPUT_IMAGE, 1, 0, 0, r->images}, VX_EINVAL},
        {1, {VX_INPUT_IMAGE, 1, 0, 0, r->images}, VX_EINVAL},
        {0, {VX_INPUT_PCM, 1, 0, RATE, pcm}, VX_EINVAL},
        {0, {VX_INPUT_PCM, 1, SAMPLES, 0, pcm}, VX_EINVAL},
        {0, {VX_INPUT_PCM, 1, -SAMPLES, RATE, pcm}, VX_EINVAL},
        {0, {VX_INPUT_PCM, 1, SAMPLES, RATE, pcm}, VX_OK}, /* and works after all of these */
    };
    const struct vx_input image = windows(r, VX_INPUT_IMAGE, 0, 1);
    uint8_t *out = vx_guard_alloc((size_t)SIZE * SIZE * 3);
    float *logits = vx_guard_alloc(2 * sizeof *logits);
    struct vx_err err;

    open_engine(r, VX_PRECISION_FP32, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(vx_engine_run(r->engine, cases[i].lane, &cases[i].in, logits, &err), cases[i].want);
        if (cases[i].in.kind == VX_INPUT_PCM)
            assert_int_equal(r->engine->ops->images(r->engine, cases[i].lane, &cases[i].in, out, &err),
                             cases[i].want);
    }
    assert_int_equal(r->engine->ops->images(r->engine, 0, &image, out, &err), VX_EINVAL);
    vx_engine_close(&r->engine);
    vx_engine_close(&r->engine);
    vx_guard_free(out);
    vx_guard_free(logits);
}

static void test_open(void **state)
{
    struct rig *r = *state;
    struct vx_engine_config config = {.profile = &r->profile, .processor = &r->processor};
    const bool bf16 = vx_isa_detect().avx512_bf16;
    struct vx_convnext *net;
    struct vx_engine *engine;
    struct vx_err err;

    must(vx_convnext_generate(&net, &small, 5, &err), &err);
    config.net = net;
    config.max_batch = 1;
    assert_int_equal(vx_cpu_engine.open(&engine, &config, &err), VX_EINVAL); /* no lane */
    assert_null(engine);
    config.lanes = 2;
    config.max_batch = 0;
    assert_int_equal(vx_cpu_engine.open(&engine, &config, &err), VX_EINVAL);
    config.max_batch = 9;
    config.precision = VX_PRECISION_BF16;
    assert_int_equal(vx_cpu_engine.open(&engine, &config, &err), bf16 ? VX_OK : VX_EUNSUPPORTED);
    vx_engine_close(&engine);
    config.precision = VX_PRECISION_AUTO;
    assert_int_equal(vx_cpu_engine.open(&engine, &config, &err), VX_OK);
    print_message("%s\n", engine->description);
    assert_int_equal(engine->precision, bf16 ? VX_PRECISION_BF16 : VX_PRECISION_FP32);
    assert_int_equal(engine->lanes, 2);
    assert_int_equal(engine->max_batch, 9);
    assert_int_equal(engine->n_labels, 2);
    assert_int_equal(engine->image_size, SIZE);
    vx_engine_close(&engine);
    vx_convnext_destroy(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open),           cmocka_unit_test(test_same_bits_fp32),
        cmocka_unit_test(test_same_bits_auto), cmocka_unit_test(test_images),
        cmocka_unit_test(test_value_tables),   cmocka_unit_test(test_malformed),
    };

    return cmocka_run_group_tests_name("CPU engine", tests, rig_up, rig_down);
}
