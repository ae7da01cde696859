/* Streams, events, graphs, failures: what the runtime on the host does as CUDA's does, and what it catches. */
#include "tests/harness/cmocka.h"

#include "gpu/cuda.h"
#include "tests/gpu/harness_kernels.h"
#include "tests/gpu/host/host.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { N = 100, BYTES = N * sizeof(float) };

#define ok(call) assert_int_equal(call, cudaSuccess)

/* Two streams that do not wait for the default one, and page-locked memory on both ends of two arrays on the device */
struct rig {
    cudaStream_t one, two;
    cudaEvent_t event;
    float *in, *out, *a, *b;
};

static int begin(void **state)
{
    struct rig *r = calloc(1, sizeof *r);

    vx_host_reset();
    *state = r;
    ok(cudaStreamCreateWithFlags(&r->one, cudaStreamNonBlocking));
    ok(cudaStreamCreateWithFlags(&r->two, cudaStreamNonBlocking));
    ok(cudaEventCreateWithFlags(&r->event, cudaEventDisableTiming));
    ok(cudaMallocHost((void **)&r->in, BYTES));
    ok(cudaMallocHost((void **)&r->out, BYTES));
    ok(cudaMalloc((void **)&r->a, BYTES));
    ok(cudaMalloc((void **)&r->b, BYTES));
    for (int i = 0; i < N; i++)
        r->in[i] = (float)i;
    return 0;
}

static int finish(void **state)
{
    struct rig *r = *state;

    cudaFree(r->a);
    cudaFree(r->b);
    cudaFreeHost(r->in);
    cudaFreeHost(r->out);
    cudaEventDestroy(r->event);
    cudaStreamDestroy(r->one);
    cudaStreamDestroy(r->two);
    free(r);
    assert_int_equal(vx_host_bytes(), 0);
    assert_int_equal(vx_host_objects(), 0);
    return 0;
}

static void set_when(enum vx_host_when when)
{
    struct vx_host_settings settings = vx_host_get();

    settings.when = when;
    vx_host_set(&settings);
}

/* Enqueues: in → a, a + 1 → b on one stream */
static void upload_and_add(struct rig *r, cudaStream_t stream)
{
    ok(cudaMemcpyAsync(r->a, r->in, BYTES, cudaMemcpyHostToDevice, stream));
    test_add(stream, r->a, 1, N, r->b);
    ok(cudaGetLastError());
}

static void test_late(void **state)
{
    struct rig *r = *state;

    upload_and_add(r, r->one);
    ok(cudaMemcpyAsync(r->out, r->b, BYTES, cudaMemcpyDeviceToHost, r->two)); /* nothing orders this behind stream one */
    ok(cudaStreamSynchronize(r->two));
    assert_true(isnan(r->out[0]));
    r->in[3] = -7; /* too early: the copy has not been waited for */
    ok(cudaStreamSynchronize(r->one));
    ok(cudaMemcpyAsync(r->out, r->b, BYTES, cudaMemcpyDeviceToHost, r->two));
    assert_true(isnan(r->out[0]));
    ok(cudaStreamSynchronize(r->two));
    assert_true(r->out[3] == -6 && r->out[4] == 5);
}

static void test_at_once(void **state)
{
    struct rig *r = *state;

    set_when(VX_HOST_AT_ONCE);
    upload_and_add(r, r->one);
    r->in[3] = -7;
    ok(cudaMemcpyAsync(r->out, r->b, BYTES, cudaMemcpyDeviceToHost, r->two));
    assert_true(r->out[3] == 4);
}

static void test_events(void **state)
{
    struct rig *r = *state;

    ok(cudaEventQuery(r->event)); /* never recorded: nothing to wait for */
    upload_and_add(r, r->one);
    ok(cudaEventRecord(r->event, r->one));
    test_add(r->one, r->a, 2, N, r->b); /* behind the event */
    ok(cudaStreamWaitEvent(r->two, r->event, 0));
    ok(cudaMemcpyAsync(r->out, r->b, BYTES, cudaMemcpyDeviceToHost, r->two));
    assert_int_equal(cudaStreamQuery(r->two), cudaErrorNotReady);
    ok(cudaStreamSynchronize(r->two));
    assert_true(r->out[4] == 5);
    ok(cudaEventQuery(r->event));
    ok(cudaEventRecord(r->event, r->one));
    int questions = 0;
    while (cudaEventQuery(r->event) == cudaErrorNotReady)
        assert_true(questions++ < 10);
    assert_true(questions > 0);
    ok(cudaMemcpy(r->out, r->b, BYTES, cudaMemcpyDeviceToHost));
    assert_true(r->out[4] == 6);
}

/* The legacy default stream waits for blocking streams, and for no others. */
static void test_default_stream(void **state)
{
    struct rig *r = *state;
    cudaStream_t blocking;

    ok(cudaStreamCreate(&blocking));
    upload_and_add(r, r->one);
    ok(cudaMemcpy(r->out, r->b, BYTES, cudaMemcpyDeviceToHost));
    assert_true(isnan(r->out[4]));
    upload_and_add(r, blocking);
    ok(cudaMemcpy(r->out, r->b, BYTES, cudaMemcpyDeviceToHost));
    assert_true(r->out[4] == 5);
    ok(cudaStreamDestroy(blocking));
    assert_int_equal(cudaStreamSynchronize(blocking), cudaErrorInvalidResourceHandle);
}

static void test_graph(void **state)
{
    struct rig *r = *state;
    cudaGraph_t graph;
    cudaGraphExec_t exec;

    ok(cudaStreamBeginCapture(r->one, cudaStreamCaptureModeThreadLocal));
    upload_and_add(r, r->one);
    ok(cudaEventRecord(r->event, r->one)); /* a fork to stream two and back */
    ok(cudaStreamWaitEvent(r->two, r->event, 0));
    ok(cudaMemcpyAsync(r->out, r->b, BYTES, cudaMemcpyDeviceToHost, r->two));
    ok(cudaEventRecord(r->event, r->two));
    ok(cudaStreamWaitEvent(r->one, r->event, 0));
    ok(cudaMemsetAsync(r->b, 0, BYTES, r->one));
    ok(cudaStreamEndCapture(r->one, &graph));
    ok(cudaGraphInstantiate(&exec, graph, 0));
    ok(cudaGraphDestroy(graph));
    ok(cudaDeviceSynchronize());
    for (int round = 0; round < 3; round++) {
        r->in[5] = (float)(10 * round);
        r->out[5] = -1;
        ok(cudaGraphLaunch(exec, r->one));
        assert_true(r->out[5] == -1);
        ok(cudaStreamSynchronize(r->one));
        assert_true(r->out[5] == (float)(10 * round + 1));
    }
    ok(cudaMemcpy(r->out, r->b, BYTES, cudaMemcpyDeviceToHost));
    assert_true(r->out[5] == 0);
    ok(cudaGraphLaunch(exec, r->one));
    ok(cudaGraphExecDestroy(exec));
    assert_true(r->out[5] == 21); /* the last launch has run */
    assert_null(vx_host_fault());
}

static void *allocate(void *code)
{
    void *p;

    *(cudaError_t *)code = cudaMalloc(&p, 16);
    if (*(cudaError_t *)code == cudaSuccess)
        cudaFree(p);
    return NULL;
}

static cudaError_t allocate_elsewhere(void)
{
    cudaError_t code = cudaErrorUnknown;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, allocate, &code), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    return code;
}

static void test_spoilt_captures(void **state)
{
    struct rig *r = *state;
    cudaGraph_t graph;
    void *p;

    /* what waits or allocates */
    ok(cudaStreamBeginCapture(r->one, cudaStreamCaptureModeThreadLocal));
    ok(allocate_elsewhere());
    assert_int_equal(cudaMalloc(&p, 16), cudaErrorStreamCaptureUnsupported);
    test_add(r->one, r->a, 1, N, r->b);
    assert_int_equal(cudaGetLastError(), cudaErrorStreamCaptureInvalidated);
    assert_int_equal(cudaStreamEndCapture(r->one, &graph), cudaErrorStreamCaptureInvalidated);
    ok(cudaStreamBeginCapture(r->one, cudaStreamCaptureModeThreadLocal));
    assert_int_equal(cudaStreamSynchronize(r->one), cudaErrorStreamCaptureUnsupported);
    assert_int_equal(cudaStreamEndCapture(r->one, &graph), cudaErrorStreamCaptureInvalidated);
    /* in the global mode, by any thread */
    ok(cudaStreamBeginCapture(r->one, cudaStreamCaptureModeGlobal));
    assert_int_equal(allocate_elsewhere(), cudaErrorStreamCaptureUnsupported);
    assert_int_equal(cudaStreamEndCapture(r->one, &graph), cudaErrorStreamCaptureInvalidated);
    /* a fork that does not come back */
    ok(cudaStreamBeginCapture(r->one, cudaStreamCaptureModeRelaxed));
    ok(cudaEventRecord(r->event, r->one));
    assert_int_equal(cudaEventSynchronize(r->event), cudaErrorCapturedEvent);
    ok(cudaStreamWaitEvent(r->two, r->event, 0));
    test_add(r->two, r->a, 1, N, r->b);
    assert_int_equal(cudaStreamEndCapture(r->two, &graph), cudaErrorStreamCaptureUnmatched);
    assert_int_equal(cudaStreamEndCapture(r->one, &graph), cudaErrorStreamCaptureUnjoined);
    /* waiting for what was recorded outside */
    ok(cudaEventRecord(r->event, r->two));
    ok(cudaStreamBeginCapture(r->one, cudaStreamCaptureModeRelaxed));
    assert_int_equal(cudaStreamWaitEvent(r->one, r->event, 0), cudaErrorStreamCaptureIsolation);
    ok(cudaStreamEndCapture(r->one, &graph));
    ok(cudaGraphDestroy(graph));
    assert_int_equal(cudaStreamEndCapture(r->one, &graph), cudaErrorIllegalState);
    (void)cudaGetLastError();
}

static void test_failures(void **state)
{
    struct rig *r = *state;
    struct vx_host_settings settings = vx_host_get();
    struct vx_err err;
    void *p = NULL;

    vx_host_fail("cudaMalloc", 2, cudaErrorMemoryAllocation);
    ok(cudaMalloc(&p, 16));
    ok(cudaFree(p));
    assert_int_equal(vx_gpu_alloc(&p, 16, "this", &err), VX_ENOMEM);
    assert_null(p);
    ok(cudaGetLastError()); /* vx_gpu_alloc() has taken it */
    ok(cudaMalloc(&p, 16));
    ok(cudaFree(p));
    settings.memory = 2 * BYTES + 1000; /* of which a and b have 2 · BYTES */
    vx_host_set(&settings);
    assert_int_equal(cudaMalloc(&p, 1001), cudaErrorMemoryAllocation);
    ok(cudaMalloc(&p, 1000));
    ok(cudaFree(p));
    assert_int_equal(vx_host_peak_bytes(), 2 * BYTES + 1000);
    /* refused at launch: only that launch */
    vx_host_fail("launch", 1, cudaErrorInvalidConfiguration);
    (void)cudaGetLastError();
    test_add(r->one, r->a, 1, N, r->b);
    assert_int_equal(vx_gpu_launched("add", &err), VX_ESYS);
    assert_int_equal(cudaStreamSynchronize(r->one), cudaSuccess);
    /* fails while it runs: known when something waits, and then the end of everything */
    vx_host_fail("kernel", 2, cudaErrorIllegalAddress);
    test_add(r->one, r->a, 1, N, r->b);
    test_add(r->one, r->a, 1, N, r->b);
    ok(cudaGetLastError());
    assert_int_equal(cudaStreamSynchronize(r->one), cudaErrorIllegalAddress);
    assert_int_equal(cudaMalloc(&p, 16), cudaErrorIllegalAddress);
    assert_int_equal(cudaGetLastError(), cudaErrorIllegalAddress);
    assert_int_equal(cudaGetLastError(), cudaErrorIllegalAddress);
}

struct lane {
    float start, wrong;
};

/* What a lane of an engine does: its own stream and memory, kernels with shared memory of the process */
static void *run_lane(void *argument)
{
    struct lane *lane = argument;
    cudaStream_t stream;
    float *host = NULL, *in = NULL, *out = NULL;

    lane->wrong = N;
    if (cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking) != cudaSuccess)
        return NULL;
    if (cudaMallocHost((void **)&host, BYTES) == cudaSuccess && cudaMalloc((void **)&in, BYTES) == cudaSuccess &&
        cudaMalloc((void **)&out, BYTES) == cudaSuccess) {
        for (int round = 0; round < 10; round++) {
            for (int i = 0; i < N; i++)
                host[i] = lane->start + (float)i;
            cudaMemcpyAsync(in, host, BYTES, cudaMemcpyHostToDevice, stream);
            test_mirror(stream, in, 1, N, 1, out);
            cudaMemcpyAsync(host, out, BYTES, cudaMemcpyDeviceToHost, stream);
            if (cudaStreamSynchronize(stream) != cudaSuccess)
                break;
            lane->wrong = 0;
            for (int i = 0; i < N; i++)
                lane->wrong += host[i] != lane->start + (float)(N - 1 - i);
        }
    }
    cudaFreeHost(host);
    cudaFree(in);
    cudaFree(out);
    cudaStreamDestroy(stream);
    return NULL;
}

static void test_lanes(void **state)
{
    enum { LANES = 3 };
    struct lane lanes[LANES];
    pthread_t threads[LANES];
    (void)state;

    for (int i = 0; i < LANES; i++) {
        lanes[i].start = (float)(1000 * i);
        assert_int_equal(pthread_create(&threads[i], NULL, run_lane, &lanes[i]), 0);
    }
    for (int i = 0; i < LANES; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(lanes[i].wrong == 0);
    }
    assert_null(vx_host_fault());
}

/* Whichever call it is that fails, the next one to be counted says so. */
static void test_any_call(void **state)
{
    struct rig *r = *state;
    const unsigned before = vx_host_calls(NULL);
    int n = 0;

    vx_host_fail(NULL, 3, cudaErrorDevicesUnavailable);
    ok(cudaMemsetAsync(r->a, 0, BYTES, r->one));
    ok(cudaStreamSynchronize(r->one));
    assert_int_equal(cudaEventRecord(r->event, r->one), cudaErrorDevicesUnavailable);
    assert_int_equal(cudaGetDeviceCount(&n), cudaErrorDevicesUnavailable);
    assert_int_equal(vx_host_calls(NULL) - before, 4);
    assert_int_equal(vx_host_calls("cudaEventRecord"), 1);
}

static void test_no_device(void **state)
{
    struct vx_host_settings settings = vx_host_get();
    struct cudaDeviceProp prop;
    struct vx_err err;
    int n = -1;
    (void)state;

    ok(cudaGetDeviceProperties(&prop, 0));
    assert_int_equal(prop.major, 7);
    assert_int_equal(cudaGetDeviceProperties(&prop, 1), cudaErrorInvalidDevice);
    settings.devices = 0;
    vx_host_set(&settings);
    assert_int_equal(vx_gpu_check(cudaGetDeviceCount(&n), "devices", &err), VX_EUNSUPPORTED);
    assert_int_equal(n, 0);
    settings.devices = 2;
    vx_host_set(&settings);
    ok(cudaSetDevice(1));
    ok(cudaGetDevice(&n));
    assert_int_equal(n, 1);
    assert_int_equal(cudaSetDevice(2), cudaErrorInvalidDevice);
    ok(cudaSetDevice(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_late, begin, finish),
        cmocka_unit_test_setup_teardown(test_at_once, begin, finish),
        cmocka_unit_test_setup_teardown(test_events, begin, finish),
        cmocka_unit_test_setup_teardown(test_default_stream, begin, finish),
        cmocka_unit_test_setup_teardown(test_graph, begin, finish),
        cmocka_unit_test_setup_teardown(test_spoilt_captures, begin, finish),
        cmocka_unit_test_setup_teardown(test_failures, begin, finish),
        cmocka_unit_test_setup_teardown(test_lanes, begin, finish),
        cmocka_unit_test_setup_teardown(test_any_call, begin, finish),
        cmocka_unit_test_setup_teardown(test_no_device, begin, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
