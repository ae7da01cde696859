/* bench.c - gpu_bench [SECONDS [NETWORK]]: the CUDA engine on the device that is there
 * Ceilings first (copies, a large matrix product), then windows a second of the network, the front end and the whole engine from sound in
 * host memory to logits there, by precision and windows a step, then each operation of the network. Weights are generated: their
 * values cost no time. What a share refers to was measured in the same run. */
#include "tests/gpu/bench.h"
#include "tests/harness/signal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "gpu/blas.h"
#include "gpu/cuda.h"
#include "gpu/engine.h"
#include "gpu/frontend.h"
#include "gpu/network.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { RATE = 16000, LANES = 3, SIDE = 8192, COPY = 256 << 20 };

static const enum vx_precision precisions[] = {[VX_GPU_F32] = VX_PRECISION_FP32, [VX_GPU_F16] = VX_PRECISION_FP16,
                                               [VX_GPU_BF16] = VX_PRECISION_BF16};
static const char *const names[] = {[VX_GPU_F32] = "fp32", [VX_GPU_F16] = "fp16", [VX_GPU_BF16] = "bf16"};

enum vx_status bench_time(bench_work *work, void *user, double seconds, double *out, struct vx_err *err)
{
    cudaStream_t stream = NULL;
    cudaGraph_t graph = NULL;
    cudaGraphExec_t exec = NULL;
    enum vx_status rc;
    int64_t runs = 0;
    double begin;

    if ((rc = vx_gpu_check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "a stream", err)) != VX_OK)
        return rc;
    if ((rc = work(user, stream, err)) != VX_OK || (rc = vx_gpu_check(cudaStreamSynchronize(stream), "first run", err)) != VX_OK ||
        (rc = vx_gpu_check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture", err)) != VX_OK)
        goto done;
    rc = work(user, stream, err);
    const cudaError_t code = cudaStreamEndCapture(stream, &graph);
    if (rc != VX_OK || (rc = vx_gpu_check(code, "capture", err)) != VX_OK ||
        (rc = vx_gpu_check(cudaGraphInstantiate(&exec, graph, 0), "a graph", err)) != VX_OK)
        goto done;
    for (int warm = 1; warm >= 0; warm--) { /* a tenth of the time first, for the clocks to rise */
        begin = vx_clock_now();
        for (runs = 0; rc == VX_OK && (runs == 0 || vx_clock_now() - begin < (warm ? seconds / 10 : seconds)); runs += 8) {
            for (int i = 0; i < 8 && rc == VX_OK; i++)
                rc = vx_gpu_check(cudaGraphLaunch(exec, stream), "launch of a graph", err);
            if (rc == VX_OK)
                rc = vx_gpu_check(cudaStreamSynchronize(stream), "measured work", err);
        }
        *out = (vx_clock_now() - begin) / (double)runs;
    }
done:
    if (exec)
        (void)cudaGraphExecDestroy(exec);
    if (graph)
        (void)cudaGraphDestroy(graph);
    (void)cudaStreamDestroy(stream);
    return rc;
}

struct copy {
    void *to, *from;
    size_t bytes;
    enum cudaMemcpyKind kind;
};

static enum vx_status copy(void *user, cudaStream_t stream, struct vx_err *err)
{
    const struct copy *c = user;

    return vx_gpu_check(cudaMemcpyAsync(c->to, c->from, c->bytes, c->kind, stream), "a copy", err);
}

static enum vx_status measure_copies(double seconds, struct bench_ceilings *out, struct vx_err *err)
{
    void *a = NULL, *b = NULL, *host = NULL;
    double in, back, within;
    enum vx_status rc;

    if ((rc = vx_gpu_alloc(&a, COPY, "memory for copies", err)) != VX_OK || (rc = vx_gpu_alloc(&b, COPY, "memory for copies", err)) != VX_OK ||
        (rc = vx_gpu_check(cudaHostAlloc(&host, COPY, 0), "page-locked memory", err)) != VX_OK ||
        (rc = bench_time(copy, &(struct copy){a, host, COPY, cudaMemcpyHostToDevice}, seconds, &in, err)) != VX_OK ||
        (rc = bench_time(copy, &(struct copy){host, a, COPY, cudaMemcpyDeviceToHost}, seconds, &back, err)) != VX_OK ||
        (rc = bench_time(copy, &(struct copy){b, a, COPY, cudaMemcpyDeviceToDevice}, seconds, &within, err)) != VX_OK)
        goto done;
    out->copy = 2.0 * COPY / within;
    printf("copies      %.1f GB/s to the device, %.1f back, %.1f within it (read and written)\n", COPY / in * 1e-9, COPY / back * 1e-9,
           out->copy * 1e-9);
done:
    vx_gpu_free(&a);
    vx_gpu_free(&b);
    if (host)
        (void)cudaFreeHost(host);
    return rc;
}

struct product {
    struct vx_gpu_blas *blas;
    int index;
    void *in, *out, *workspace;
};

static enum vx_status multiply(void *user, cudaStream_t stream, struct vx_err *err)
{
    const struct product *p = user;

    return vx_gpu_blas_run(p->blas, stream, p->index, p->in, p->out, p->workspace, err);
}

static enum vx_status measure_product(enum vx_gpu_type type, double seconds, struct bench_ceilings *out, struct vx_err *err)
{
    const size_t bytes = (size_t)SIDE * SIDE * vx_gpu_type_size(type);
    struct product p = {0};
    void *weight = NULL;
    double t;
    enum vx_status rc;

    if ((rc = vx_gpu_blas_create(&p.blas, type, 1, err)) != VX_OK || (rc = vx_gpu_alloc(&weight, bytes, "a factor", err)) != VX_OK ||
        (rc = vx_gpu_alloc(&p.in, bytes, "a factor", err)) != VX_OK || (rc = vx_gpu_alloc(&p.out, bytes, "a product", err)) != VX_OK)
        goto done;
    const struct vx_gpu_product square = {SIDE, SIDE, SIDE, VX_GPU_BIAS, weight, weight};
    /* random bits would be infinities; zeros need less power than any network's numbers, so this is 0x2c2c: small in each type */
    if ((rc = vx_gpu_check(cudaMemset(weight, 0x2c, bytes), "a factor", err)) != VX_OK ||
        (rc = vx_gpu_check(cudaMemset(p.in, 0x2c, bytes), "a factor", err)) != VX_OK ||
        (rc = vx_gpu_check(cudaDeviceSynchronize(), "factors", err)) != VX_OK ||
        (rc = vx_gpu_blas_add(p.blas, &square, &p.index, err)) != VX_OK ||
        (rc = vx_gpu_alloc(&p.workspace, vx_gpu_blas_workspace(p.blas), "a workspace", err)) != VX_OK ||
        (rc = bench_time(multiply, &p, seconds, &t, err)) != VX_OK)
        goto done;
    out->product[type] = 2.0 * SIDE * SIDE * SIDE / t;
    printf("product     %s %d x %d x %d: %.1f TFLOP/s (%s)\n", names[type], SIDE, SIDE, SIDE, out->product[type] * 1e-12,
           vx_gpu_blas_choice(p.blas, p.index));
done:
    vx_gpu_blas_destroy(&p.blas);
    vx_gpu_free(&weight);
    vx_gpu_free(&p.in);
    vx_gpu_free(&p.out);
    vx_gpu_free(&p.workspace);
    return rc;
}

/* The network or the front end alone, on the device */
struct part {
    struct vx_gpu_network *network;
    struct vx_gpu_frontend *frontend;
    void *pcm, *image, *table, *logits, *scratch;
};

static enum vx_status run_network(void *user, cudaStream_t stream, struct vx_err *err)
{
    const struct part *p = user;

    return vx_gpu_network_run(p->network, stream, p->image, p->table, p->logits, p->scratch, err);
}

static enum vx_status run_frontend(void *user, cudaStream_t stream, struct vx_err *err)
{
    const struct part *p = user;

    return vx_gpu_frontend_run(p->frontend, stream, p->pcm, p->image, p->scratch, err);
}

struct subject {
    struct vx_convnext *net;
    struct vx_profile profile;
    struct vx_processor processor;
    int samples;
    float *pcm; /* [512][samples] */
};

static enum vx_status measure_parts(const struct subject *s, enum vx_gpu_type type, int windows, double seconds, double *network,
                                    double *front, struct vx_err *err)
{
    const size_t side = (size_t)s->net->config.image_size, n = (size_t)windows, pcm = n * (size_t)s->samples * sizeof *s->pcm;
    struct part p = {0};
    float table[3][256];
    enum vx_status rc;

    vx_processor_table(&s->processor, table);
    if ((rc = vx_gpu_network_create(&p.network, s->net, type, windows, err)) != VX_OK ||
        (rc = vx_gpu_frontend_create(&p.frontend, &s->profile, &s->processor, (int)side, RATE, s->samples, windows, err)) != VX_OK)
        goto done;
    const size_t a = vx_gpu_network_scratch(p.network), b = vx_gpu_frontend_scratch(p.frontend);
    if ((rc = vx_gpu_upload(&p.pcm, s->pcm, pcm, "sound", err)) != VX_OK ||
        (rc = vx_gpu_upload(&p.table, table, sizeof table, "a table", err)) != VX_OK ||
        (rc = vx_gpu_alloc(&p.image, n * side * side * 3, "images", err)) != VX_OK ||
        (rc = vx_gpu_alloc(&p.logits, n * (size_t)s->net->config.n_labels * sizeof(float), "logits", err)) != VX_OK ||
        (rc = vx_gpu_alloc(&p.scratch, a > b ? a : b, "scratch", err)) != VX_OK ||
        (rc = bench_time(run_frontend, &p, seconds, front, err)) != VX_OK)
        goto done;
    rc = bench_time(run_network, &p, seconds, network, err);
done:
    vx_gpu_frontend_destroy(&p.frontend);
    vx_gpu_network_destroy(&p.network);
    vx_gpu_free(&p.pcm);
    vx_gpu_free(&p.table);
    vx_gpu_free(&p.image);
    vx_gpu_free(&p.logits);
    vx_gpu_free(&p.scratch);
    return rc;
}

struct job {
    struct vx_engine *engine;
    struct vx_input input;
    int lane;
    double until;
    int64_t windows;
    float *logits;
    struct vx_err err;
    enum vx_status rc;
};

static void *run_lane(void *arg)
{
    struct job *j = arg;

    do {
        j->rc = vx_engine_run(j->engine, j->lane, &j->input, j->logits, &j->err);
        j->windows += j->input.n;
    } while (j->rc == VX_OK && vx_clock_now() < j->until);
    return NULL;
}

/* Windows a second from sound in host memory to logits there, over so many lanes */
static enum vx_status measure_engine(const struct subject *s, enum vx_gpu_type type, int windows, int lanes, double seconds, double *out,
                                     struct vx_err *err)
{
    const struct vx_engine_config config = {.net = s->net, .profile = &s->profile, .processor = &s->processor,
                                            .precision = precisions[type], .lanes = lanes, .max_batch = windows};
    const int labels = s->net->config.n_labels;
    struct job jobs[LANES];
    pthread_t threads[LANES];
    struct vx_engine *engine = NULL;
    float *logits = vx_calloc((size_t)lanes * (size_t)windows * (size_t)labels, sizeof *logits);
    enum vx_status rc = logits ? vx_cuda_engine_open(&engine, &config, windows, err) : vx_fail_nomem(err, "logits");
    int started = 0;
    int64_t done = 0;

    if (rc != VX_OK)
        goto done;
    const struct vx_input input = {VX_INPUT_PCM, windows, s->samples, RATE, s->pcm};
    for (int i = 0; i < lanes && rc == VX_OK; i++) /* once each, so that all is made */
        rc = vx_engine_run(engine, i, &input, logits, err);
    const double begin = vx_clock_now();
    for (; started < lanes && rc == VX_OK; started++) {
        jobs[started] = (struct job){.engine = engine, .input = input, .lane = started, .until = begin + seconds,
                                     .logits = logits + (size_t)(started * windows * labels)};
        if (pthread_create(&threads[started], NULL, run_lane, &jobs[started]) != 0) {
            rc = vx_fail(err, VX_ESYS, "cannot start a thread");
            break;
        }
    }
    for (int i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
        done += jobs[i].windows;
        if (jobs[i].rc != VX_OK && rc == VX_OK) {
            rc = jobs[i].rc;
            *err = jobs[i].err;
        }
    }
    *out = (double)done / (vx_clock_now() - begin);
done:
    vx_engine_close(&engine);
    free(logits);
    return rc;
}

static enum vx_status measure_type(const struct subject *s, enum vx_gpu_type type, double seconds, struct vx_err *err)
{
    static const int steps[] = {16, 32, 64, 128, 256};

    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const int n = steps[i];
        double network, front, one, all;
        enum vx_status rc = measure_parts(s, type, n, seconds, &network, &front, err);
        if (rc == VX_OK)
            rc = measure_engine(s, type, n, 1, seconds, &one, err);
        if (rc == VX_OK)
            rc = measure_engine(s, type, n, LANES, seconds, &all, err);
        if (rc == VX_ENOMEM) {
            printf("%-4s %4d   too much memory: %s\n", names[type], n, err->text);
            return VX_OK;
        }
        if (rc != VX_OK)
            return rc;
        printf("%-4s %4d   %9.0f   %9.0f %5.1f %%   %9.0f   %9.0f   %5.1f %%\n", names[type], n, n / network, n / front,
               100 * front / (front + network), one, all, 100 * all * network / n);
    }
    return VX_OK;
}

static enum vx_status prepare(struct subject *s, const char *name, struct vx_err *err)
{
    static const char *const signals[] = {"chirp", "noise", "tone", "square"};
    struct vx_config config = {0};
    enum vx_status rc;

    s->processor = vx_processor_default();
    if ((rc = vx_profile_load(&s->profile, VX_PROFILE_DEFAULT, err)) != VX_OK || (rc = vx_config_standard(&config, name, err)) != VX_OK)
        return rc;
    s->profile.sample_rate = RATE;
    s->samples = vx_profile_samples(&s->profile, RATE);
    rc = vx_convnext_generate(&s->net, &config, 1, err);
    vx_config_clear(&config);
    if (rc == VX_OK && !(s->pcm = vx_calloc(512 * (size_t)s->samples, sizeof *s->pcm)))
        rc = vx_fail_nomem(err, "sound");
    for (size_t i = 0; i < 512 && rc == VX_OK; i++)
        vx_test_signal(signals[i % 4], s->pcm + i * (size_t)s->samples, (size_t)s->samples);
    return rc;
}

static enum vx_status run(struct subject *s, const char *name, double seconds, struct vx_err *err)
{
    struct cudaDeviceProp device;
    struct bench_ceilings ceilings = {0};
    enum vx_status rc;

    if ((rc = vx_gpu_check(cudaGetDeviceProperties(&device, 0), "device 0", err)) != VX_OK || (rc = prepare(s, name, err)) != VX_OK)
        return rc;
    printf("device      %s, compute capability %d.%d, %d multiprocessors, CUDA %d\n", device.name, device.major, device.minor,
           device.multiProcessorCount, CUDART_VERSION);
    const enum vx_gpu_type last = device.major >= 8 ? VX_GPU_BF16 : VX_GPU_F16;
    if ((rc = measure_copies(seconds, &ceilings, err)) != VX_OK)
        return rc;
    for (int t = VX_GPU_F32; t <= (int)last; t++)
        if ((rc = measure_product((enum vx_gpu_type)t, seconds, &ceilings, err)) != VX_OK)
            return rc;
    printf("\nConvNeXt %s at %d, windows of %.1f s at %d Hz, windows/s\n", name, s->net->config.image_size, s->profile.window_seconds, RATE);
    printf("     step     network   front end   share   engine, 1 lane   %d lanes   of the network's\n", LANES);
    for (int t = (int)last; t >= VX_GPU_F32; t--)
        if ((rc = measure_type(s, (enum vx_gpu_type)t, seconds, err)) != VX_OK)
            return rc;
    printf("\nOperations, fp16, %d windows\n", VX_CUDA_WINDOWS);
    return bench_operations(s->net, VX_GPU_F16, VX_CUDA_WINDOWS, seconds / 4, &ceilings, err);
}

int main(int argc, char **argv)
{
    const double seconds = argc > 1 ? strtod(argv[1], NULL) : 1;
    struct subject s = {0};
    struct vx_err err;
    enum vx_status rc = VX_OK;

    if (!(seconds > 0) || argc > 3) {
        fprintf(stderr, "usage: gpu_bench [SECONDS a measurement [NETWORK]]\n");
        return 2;
    }
    if ((rc = run(&s, argc > 2 ? argv[2] : "tiny", seconds, &err)) != VX_OK)
        fprintf(stderr, "gpu_bench: %s\n", err.text);
    vx_convnext_destroy(&s.net);
    free(s.pcm);
    return rc != VX_OK;
}
