/* The CUDA engine where something is missing or fails: no driver, a device too old, memory that runs out, each call into CUDA failing
 * once, kernels that fail, logits that are no numbers. Never a score, never a leak, always a text. On the host's device only. */
#include "tests/gpu/engine_rig.h"
#include "tests/gpu/host/host.h"

#include "gpu/lent.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))
#ifdef __SANITIZE_THREAD__
#define EVERY 11 /* of the calls that can fail, and all of them in release */
#elif defined(__SANITIZE_ADDRESS__)
#define EVERY 3
#else
#define EVERY 1
#endif
#define LOGITS (RIG_WINDOWS * RIG_LABELS)
#define LINE 512

static enum vx_status open_small(const struct rig *r, struct vx_engine **out, struct vx_err *err)
{
    struct vx_engine_config config = rig_config(r, VX_PRECISION_FP16);

    config.lanes = 1;
    return vx_cuda_engine_open(out, &config, RIG_STEP, err);
}

static void nothing_left(void)
{
    assert_int_equal(vx_host_bytes(), 0);
    assert_int_equal(vx_host_objects(), 0);
}

static void test_choice(void **state)
{
    static const struct {
        int devices, capability, local_rank;
        cudaError_t count; /* what cudaGetDeviceCount() says */
        const char *visible;
        enum vx_precision precision;
        const char *words; /* of the description, or of the error */
        enum vx_status want;
    } cases[] = {
        {1, 75, 0, cudaSuccess, NULL, VX_PRECISION_AUTO, "cuda: GPU 0, host-side device 0, fp16", VX_OK},
        {1, 75, 5, cudaSuccess, NULL, VX_PRECISION_FP32, "cuda: GPU 0, host-side device 0, fp32", VX_OK},
        {2, 90, 3, cudaSuccess, NULL, VX_PRECISION_BF16, "cuda: GPU 1, host-side device 1, bf16", VX_OK},
        {0, 75, 0, cudaSuccess, NULL, VX_PRECISION_AUTO, "no NVIDIA driver", VX_EUNSUPPORTED},
        {1, 75, 0, cudaErrorNoDevice, "", VX_PRECISION_AUTO, "no GPU visible (CUDA_VISIBLE_DEVICES=)", VX_EUNSUPPORTED},
        {1, 75, 0, cudaErrorNoDevice, NULL, VX_PRECISION_AUTO, "no GPU in this machine", VX_EUNSUPPORTED},
        {1, 75, 0, cudaErrorInsufficientDriver, NULL, VX_PRECISION_AUTO, "driver here is for CUDA", VX_EUNSUPPORTED},
        {1, 75, 0, cudaErrorDevicesUnavailable, NULL, VX_PRECISION_AUTO, "no GPU can be used", VX_EUNSUPPORTED},
        {1, 70, 0, cudaSuccess, NULL, VX_PRECISION_AUTO, "needs 7.5", VX_EUNSUPPORTED},
        {1, 75, 0, cudaSuccess, NULL, VX_PRECISION_BF16, "bf16 needs 8.0", VX_EUNSUPPORTED},
    };
    struct rig r;
    (void)state;

    rig_up(&r);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct vx_engine_config config = rig_config(&r, cases[i].precision);
        struct vx_engine *engine;
        struct vx_err err = {0};
        vx_host_reset();
        struct vx_host_settings settings = vx_host_get();
        settings.devices = cases[i].devices;
        settings.capability = cases[i].capability;
        vx_host_set(&settings);
        if (cases[i].count != cudaSuccess)
            vx_host_fail("cudaGetDeviceCount", 1, cases[i].count);
        if (cases[i].visible)
            setenv("CUDA_VISIBLE_DEVICES", cases[i].visible, 1);
        else
            unsetenv("CUDA_VISIBLE_DEVICES");
        config.local_rank = cases[i].local_rank;
        config.lanes = 1;
        assert_int_equal(vx_cuda_engine_open(&engine, &config, RIG_STEP, &err), cases[i].want);
        const char *text = engine ? engine->description : err.text;
        if (!strstr(text, cases[i].words))
            fail_msg("case %zu says \"%s\", expected \"%s\"", i, text, cases[i].words);
        vx_engine_close(&engine);
        nothing_left();
    }
    unsetenv("CUDA_VISIBLE_DEVICES");
    vx_host_reset();
    rig_down(&r);
}

static void test_config(void **state)
{
    struct rig r;
    struct vx_engine *engine;
    struct vx_err err;
    (void)state;

    rig_up(&r);
    struct vx_engine_config config = rig_config(&r, VX_PRECISION_AUTO);
    config.lanes = 0;
    assert_int_equal(vx_cuda_engine.open(&engine, &config, &err), VX_EINVAL);
    config.lanes = 1;
    config.max_batch = 0;
    assert_int_equal(vx_cuda_engine.open(&engine, &config, &err), VX_EINVAL);
    assert_null(engine);
    rig_down(&r);
}

struct notes {
    int n;
    char last[256];
};

static void take_note(void *user, const char *line)
{
    struct notes *notes = user;

    notes->n++;
    snprintf(notes->last, sizeof notes->last, "%s", line);
}

static void set_memory(size_t bytes)
{
    struct vx_host_settings settings = vx_host_get();

    settings.memory = bytes;
    vx_host_set(&settings);
}

/* Less and less memory: smaller steps, the same logits (rows of a product do not know of each other here), until nothing fits. */
static void test_short_of_memory(void **state)
{
    float want[LOGITS], got[LOGITS];
    struct notes notes = {0};
    struct vx_engine *engine;
    struct rig r;
    struct vx_err err;
    size_t full;
    (void)state;

    rig_up(&r);
    struct vx_engine_config config = rig_config(&r, VX_PRECISION_FP32);
    config.note = take_note;
    config.note_user = &notes;
    assert_int_equal(vx_cuda_engine_open(&engine, &config, 8, &err), VX_OK);
    assert_int_equal(notes.n, 0);
    rig_run(&r, engine, 0, VX_INPUT_IMAGE, RIG_WINDOWS, want);
    full = vx_host_peak_bytes();
    vx_engine_close(&engine);
    set_memory(full - 1);
    assert_int_equal(vx_cuda_engine_open(&engine, &config, 8, &err), VX_OK);
    assert_non_null(strstr(engine->description, "4 windows a step"));
    assert_int_equal(notes.n, 1);
    assert_non_null(strstr(notes.last, "4 windows a step instead of 8"));
    rig_run(&r, engine, 0, VX_INPUT_IMAGE, RIG_WINDOWS, got);
    assert_memory_equal(got, want, sizeof want);
    vx_engine_close(&engine);
    set_memory(full / 20);
    assert_int_equal(vx_cuda_engine_open(&engine, &config, 8, &err), VX_ENOMEM);
    assert_null(engine);
    assert_true(strlen(err.text) > 10);
    rig_down(&r);
}

/* A sample rate that comes when memory is short: the front end takes fewer windows at a time, the bits stay. */
static void test_front_end_short_of_memory(void **state)
{
    float want[LOGITS], got[LOGITS];
    struct notes notes = {0};
    struct vx_engine *engine;
    struct rig r;
    struct vx_err err;
    (void)state;

    rig_up(&r);
    r.profile.n_fft = 1024; /* its spectra are larger than the network's maps */
    r.profile.hop_length = 32;
    struct vx_engine_config config = rig_config(&r, VX_PRECISION_FP32);
    config.lanes = 1;
    config.note = take_note;
    config.note_user = &notes;
    assert_int_equal(vx_cuda_engine_open(&engine, &config, 4, &err), VX_OK);
    const size_t opened = vx_host_bytes();
    rig_run(&r, engine, 0, VX_INPUT_PCM, RIG_WINDOWS, want);
    const size_t served = vx_host_peak_bytes();
    assert_int_equal(notes.n, 0);
    vx_engine_close(&engine);
    assert_int_equal(vx_cuda_engine_open(&engine, &config, 4, &err), VX_OK);
    set_memory(opened + (served - opened) / 2);
    rig_run(&r, engine, 0, VX_INPUT_PCM, RIG_WINDOWS, got);
    assert_int_equal(notes.n, 1);
    assert_non_null(strstr(notes.last, "front end for 16000 Hz"));
    assert_memory_equal(got, want, sizeof want);
    vx_engine_close(&engine);
    rig_down(&r);
}

/* Each call of open fails once. What is only given back may fail without harm; all else is an error. */
static void test_open_faults(void **state)
{
    struct vx_engine *engine;
    struct rig r;
    struct vx_err err;
    unsigned survived = 0;
    (void)state;

    rig_up(&r);
    assert_int_equal(open_small(&r, &engine, &err), VX_OK);
    const unsigned calls = vx_host_calls(NULL);
    vx_engine_close(&engine);
    for (unsigned n = 1; n <= calls; n += EVERY) {
        memset(&err, 0, sizeof err);
        vx_host_reset(); /* a kernel that failed has taken the device with it */
        vx_host_fail(NULL, n, cudaErrorUnknown);
        const enum vx_status rc = open_small(&r, &engine, &err);
        if (vx_host_calls(NULL) < n)
            fail_msg("call %u of %u was not reached", n, calls);
        survived += rc == VX_OK;
        assert_true(rc == VX_OK || (!engine && strlen(err.text) > 10));
        vx_engine_close(&engine);
        nothing_left();
    }
    print_message("%u calls in open\n", calls);
    assert_true(survived * EVERY * 10 < calls);
    rig_down(&r);
}

static void assert_no_score(const float *logits)
{
    for (int i = 0; i < LOGITS; i++)
        assert_true(isnan(logits[i]));
}

/* Each call of a batch fails once: no score; the batch after it is right. */
static void test_run_faults(void **state)
{
    static const char *const kinds[] = {"sound", "images"};
    float want[LOGITS], got[LOGITS];
    struct vx_engine *engine;
    struct rig r;
    struct vx_err err;
    struct vx_host_settings settings = vx_host_get();
    (void)state;

    settings.when = VX_HOST_LATE; /* kernels run behind the calls: none is the nth to fail, and takes the device with it */
    vx_host_set(&settings);
    rig_up(&r);
    assert_int_equal(open_small(&r, &engine, &err), VX_OK);
    for (int kind = VX_INPUT_PCM; kind <= VX_INPUT_IMAGE; kind++) {
        const struct vx_input in = rig_input(&r, (enum vx_input_kind)kind, 0, RIG_WINDOWS);
        assert_int_equal(vx_engine_run(engine, 0, &in, want, &err), VX_OK);
        const unsigned before = vx_host_calls(NULL) - vx_host_calls("kernel");
        assert_int_equal(vx_engine_run(engine, 0, &in, got, &err), VX_OK);
        const unsigned calls = vx_host_calls(NULL) - vx_host_calls("kernel") - before;
        assert_true(calls >= 10);
        for (unsigned n = 1; n <= calls; n++) {
            memset(&err, 0, sizeof err);
            memset(got, 0, sizeof got);
            vx_host_fail(NULL, n, cudaErrorUnknown);
            if (vx_engine_run(engine, 0, &in, got, &err) == VX_OK)
                fail_msg("%s: call %u failed, the batch did not", kinds[kind], n);
            assert_no_score(got);
            assert_non_null(strstr(err.text, "GPU 0"));
            assert_int_equal(vx_engine_run(engine, 0, &in, got, &err), VX_OK);
            assert_memory_equal(got, want, sizeof want);
        }
    }
    vx_engine_close(&engine);
    rig_down(&r);
}

/* A kernel that dies takes the device with it: this batch and all after it fail, and closing works. */
static void test_lost_device(void **state)
{
    static const cudaError_t codes[] = {cudaErrorLaunchFailure, cudaErrorIllegalAddress, cudaErrorECCUncorrectable};
    struct vx_engine *engine;
    struct rig r;
    struct vx_err err;
    (void)state;

    rig_up(&r);
    for (size_t i = 0; i < COUNT(codes); i++) {
        const struct vx_input in = rig_input(&r, VX_INPUT_IMAGE, 0, RIG_WINDOWS);
        float got[LOGITS] = {0};
        vx_host_reset();
        assert_int_equal(open_small(&r, &engine, &err), VX_OK);
        assert_int_equal(vx_engine_run(engine, 0, &in, got, &err), VX_OK);
        vx_host_fail("kernel", 5, codes[i]);
        for (int again = 0; again < 3; again++) {
            memset(got, 0, sizeof got);
            assert_int_equal(vx_engine_run(engine, 0, &in, got, &err), VX_ESYS);
            assert_no_score(got);
            assert_non_null(strstr(err.text, cudaGetErrorName(codes[i])));
        }
        vx_engine_close(&engine);
        nothing_left();
    }
    vx_host_reset();
    rig_down(&r);
}

/* Weights that fit fp16 and sums that do not */
static void test_not_finite(void **state)
{
    float got[LOGITS];
    struct vx_engine *engine;
    struct rig r;
    struct vx_err err;
    (void)state;

    rig_up(&r);
    float *weight = r.net->storage + (r.net->embed_weight - r.net->storage);
    for (int i = 0; i < 16 * 48; i++)
        weight[i] *= 1e5F;
    const struct vx_input in = rig_input(&r, VX_INPUT_IMAGE, 0, RIG_WINDOWS);
    assert_int_equal(open_small(&r, &engine, &err), VX_OK);
    assert_int_equal(vx_engine_run(engine, 0, &in, got, &err), VX_ESYS);
    assert_no_score(got);
    assert_non_null(strstr(err.text, "--precision bf16 or fp32"));
    vx_engine_close(&engine);
    engine = rig_open(&r, VX_PRECISION_FP32);
    rig_run(&r, engine, 0, VX_INPUT_IMAGE, RIG_WINDOWS, got);
    vx_engine_close(&engine);
    weight[0] = 1e6F;
    assert_int_equal(open_small(&r, &engine, &err), VX_EUNSUPPORTED);
    assert_non_null(strstr(err.text, "do not fit fp16"));
    rig_down(&r);
}

static void keep_line(void *user, const char *line)
{
    snprintf(user, LINE, "%s", line);
}

/* Memory that cannot be page-locked costs a line in the log. */
static void test_not_locked(void **state)
{
    float want[LOGITS], got[LOGITS];
    char line[LINE] = "";
    struct vx_engine *engine;
    struct rig r;
    struct vx_err err;
    (void)state;

    rig_up(&r);
    struct vx_engine_config config = rig_config(&r, VX_PRECISION_FP16);
    config.note = keep_line;
    config.note_user = line;
    assert_int_equal(vx_cuda_engine_open(&engine, &config, RIG_STEP, &err), VX_OK);
    rig_run(&r, engine, 0, VX_INPUT_PCM, RIG_WINDOWS, want);
    const size_t straight = vx_host_straight_bytes();
    vx_host_fail("cudaHostRegister", 1, cudaErrorMemoryAllocation);
    vx_engine_lend(engine, r.pcm, RIG_WINDOWS * RIG_SAMPLES * sizeof *r.pcm);
    assert_non_null(strstr(line, "page-locking batches: "));
    assert_non_null(strstr(line, "copied once more"));
    line[0] = '\0';
    vx_engine_lend(engine, r.pcm, RIG_WINDOWS * RIG_SAMPLES * sizeof *r.pcm); /* it is asked once */
    assert_string_equal(line, "");
    rig_run(&r, engine, 0, VX_INPUT_PCM, RIG_WINDOWS, got);
    assert_memory_equal(got, want, sizeof want);
    assert_int_equal(vx_host_straight_bytes(), straight);
    vx_engine_close(&engine);

    line[0] = '\0';
    assert_int_equal(vx_cuda_engine_open(&engine, &config, RIG_STEP, &err), VX_OK);
    vx_engine_lend(engine, r.pcm, VX_GPU_LENT_MAX + 1);
    assert_non_null(strstr(line, "1 MiB more than the 1024 MiB"));
    assert_int_equal(vx_host_calls("cudaHostRegister"), 1);
    vx_engine_close(&engine);
    rig_down(&r);
}

/* From the second batch on nothing is made, each step is one launch, and each batch waits once. */
static void test_steady(void **state)
{
    static const char *const makers[] = {"cudaMalloc", "cudaHostAlloc", "cudaFree", "cudaStreamCreateWithFlags", "cudaEventCreateWithFlags",
                                         "cudaGraphInstantiate", "cufftCreate", "launch", "cublasLtMatmul", "cudaStreamSynchronize"};
    float got[LOGITS];
    struct vx_engine *engine;
    struct rig r;
    struct vx_err err;
    unsigned before[COUNT(makers)];
    (void)state;

    rig_up(&r);
    assert_int_equal(open_small(&r, &engine, &err), VX_OK);
    rig_run(&r, engine, 0, VX_INPUT_PCM, RIG_WINDOWS, got);
    for (size_t i = 0; i < COUNT(makers); i++)
        before[i] = vx_host_calls(makers[i]);
    for (int n = 1; n <= RIG_WINDOWS; n++) {
        const struct vx_input in = rig_input(&r, VX_INPUT_PCM, 0, n);
        const unsigned launches = vx_host_calls("cudaGraphLaunch"), waits = vx_host_calls("cudaEventSynchronize");
        assert_int_equal(vx_engine_run(engine, 0, &in, got, &err), VX_OK);
        assert_int_equal(vx_host_calls("cudaGraphLaunch") - launches, (n + RIG_STEP - 1) / RIG_STEP);
        assert_int_equal(vx_host_calls("cudaEventSynchronize") - waits, 1);
    }
    for (size_t i = 0; i < COUNT(makers); i++)
        if (vx_host_calls(makers[i]) != before[i])
            fail_msg("%s was called for a batch", makers[i]);
    vx_engine_close(&engine);
    rig_down(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_choice),          cmocka_unit_test(test_config),
        cmocka_unit_test(test_short_of_memory), cmocka_unit_test(test_front_end_short_of_memory),
        cmocka_unit_test(test_open_faults),     cmocka_unit_test(test_run_faults),
        cmocka_unit_test(test_lost_device),     cmocka_unit_test(test_not_finite),
        cmocka_unit_test(test_steady),          cmocka_unit_test(test_not_locked),
    };

    return vx_device_run_tests("CUDA engine on a failing device", tests, COUNT(tests));
}
