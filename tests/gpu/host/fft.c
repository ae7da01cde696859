/* cuFFT's batched real-to-complex transforms of one dimension, by the definition split into the factors of n, in double */
#include "tests/gpu/host/device.h"
#include "tests/gpu/host/stream.h"

#include <cufft.h>
#include <math.h>
#include <stdlib.h>

enum { MAX_PLANS = 64 };

struct complex_number {
    double re, im;
};

struct plan {
    bool used, made, own_work;
    int n, in_stride, in_distance, out_stride, out_distance, batch;
    cudaStream_t stream;
    void *work;
    size_t work_bytes;
    struct complex_number *root; /* [n], exp(-2πi k/n) */
};

struct transform { /* what a call asks for */
    const struct plan *plan;
    const float *in;
    cufftComplex *out;
};

static struct plan plans[MAX_PLANS];

static struct plan *find(cufftHandle handle)
{
    return handle >= 0 && handle < MAX_PLANS && plans[handle].used ? &plans[handle] : NULL;
}

static void add_product(struct complex_number *sum, struct complex_number a, struct complex_number b)
{
    sum->re += a.re * b.re - a.im * b.im;
    sum->im += a.re * b.im + a.im * b.re;
}

/* out [n] = the transform of in [n·stride]; root [n·step] are those of the whole. held [n] is scratch. */
static void split(const struct complex_number *in, size_t stride, struct complex_number *out, int n,
                  const struct complex_number *root, int step, struct complex_number *held)
{
    int p = 2;

    while (p < n && n % p != 0)
        p++;
    if (n == 1) {
        out[0] = in[0];
        return;
    }
    const int m = n / p;
    for (int r = 0; r < p; r++)
        split(in + (size_t)r * stride, stride * (size_t)p, out + (size_t)r * (size_t)m, m, root, step * p, held);
    for (int k = 0; k < m; k++) {
        for (int r = 0; r < p; r++)
            held[r] = out[r * m + k];
        for (int q = 0; q < p; q++) {
            const int64_t at = k + (int64_t)q * m;
            struct complex_number sum = {0, 0};
            for (int r = 0; r < p; r++)
                add_product(&sum, held[r], root[r * at % n * step]);
            out[at] = sum;
        }
    }
}

static void run_transform(const void *closure)
{
    const struct transform *t = closure;
    const struct plan *plan = t->plan;
    const size_t n = (size_t)plan->n;
    struct complex_number *buffer = calloc(3 * n, sizeof *buffer), *out = buffer + n;

    if (!buffer) {
        vx_host_report(cudaErrorLaunchFailure, "cufftExecR2C: no memory for %zu points", n);
        return;
    }
    if (plan->work)
        vx_host_poison(plan->work, plan->work_bytes); /* it is the library's to scribble on */
    for (int b = 0; b < plan->batch; b++) {
        const float *from = t->in + (int64_t)b * plan->in_distance;
        cufftComplex *to = t->out + (int64_t)b * plan->out_distance;
        for (int i = 0; i < plan->n; i++)
            buffer[i] = (struct complex_number){from[(int64_t)i * plan->in_stride], 0};
        split(buffer, 1, out, plan->n, plan->root, 1, out + n);
        for (int k = 0; k <= plan->n / 2; k++)
            to[(int64_t)k * plan->out_stride] = (cufftComplex){(float)out[k].re, (float)out[k].im};
    }
    free(buffer);
}

cufftResult cufftCreate(cufftHandle *handle)
{
    const cudaError_t code = vx_host_enter("cufftCreate");
    int at = 0;

    *handle = CUFFT_PLAN_NULL;
    while (at < MAX_PLANS && plans[at].used)
        at++;
    if (code == cudaSuccess && at < MAX_PLANS) {
        plans[at] = (struct plan){.used = true, .own_work = true};
        *handle = at;
        vx_host_note_object(1);
    }
    (void)vx_host_leave(cudaSuccess);
    return *handle == CUFFT_PLAN_NULL ? CUFFT_INTERNAL_ERROR : CUFFT_SUCCESS;
}

static cufftResult make(struct plan *plan, int n, int batch)
{
    if (!(plan->root = malloc((size_t)n * sizeof *plan->root)))
        return CUFFT_ALLOC_FAILED;
    for (int k = 0; k < n; k++)
        plan->root[k] = (struct complex_number){cos(-2 * M_PI * k / n), sin(-2 * M_PI * k / n)};
    plan->work_bytes = (size_t)n * (size_t)batch * sizeof(cufftComplex);
    if (plan->own_work && cudaMalloc(&plan->work, plan->work_bytes) != cudaSuccess)
        return CUFFT_ALLOC_FAILED;
    plan->made = true;
    return CUFFT_SUCCESS;
}

cufftResult cufftMakePlanMany(cufftHandle handle, int rank, int *n, int *inembed, int istride, int idist, int *onembed, int ostride,
                              int odist, cufftType type, int batch, size_t *bytes)
{
    const cudaError_t code = vx_host_enter("cufftMakePlanMany");
    struct plan *plan = find(handle);
    cufftResult result = CUFFT_SUCCESS;

    if (!plan || plan->made)
        result = CUFFT_INVALID_PLAN;
    else if (code != cudaSuccess)
        result = code == cudaErrorMemoryAllocation ? CUFFT_ALLOC_FAILED : CUFFT_INTERNAL_ERROR;
    else if (rank != 1 || type != CUFFT_R2C || !inembed || !onembed)
        result = CUFFT_NOT_IMPLEMENTED; /* the library has more, and defaults for embeddings */
    else if (*n < 1 || batch < 1)
        result = CUFFT_INVALID_SIZE;
    if (result == CUFFT_SUCCESS) {
        plan->n = *n;
        plan->batch = batch;
        plan->in_stride = istride;
        plan->in_distance = idist;
        plan->out_stride = ostride;
        plan->out_distance = odist;
        result = make(plan, *n, batch);
        *bytes = plan->work_bytes;
    }
    (void)vx_host_leave(cudaSuccess);
    return result;
}

static cufftResult set(const char *call, cufftHandle handle, cudaStream_t *stream, void *const *work, const int *own_work)
{
    const cudaError_t code = vx_host_enter(call);
    struct plan *plan = find(handle);
    cufftResult result = plan ? CUFFT_SUCCESS : CUFFT_INVALID_PLAN;
    bool inside;

    if (code != cudaSuccess)
        result = CUFFT_INTERNAL_ERROR;
    else if (plan && work && *work && (vx_host_kind_of(*work, plan->work_bytes, &inside) != VX_HOST_DEVICE || !inside)) {
        vx_host_report(cudaSuccess, "%s: %zu bytes on the device are needed", call, plan->work_bytes);
        result = CUFFT_INVALID_VALUE;
    }
    if (result == CUFFT_SUCCESS && stream)
        plan->stream = *stream;
    if (result == CUFFT_SUCCESS && work)
        plan->work = *work;
    if (result == CUFFT_SUCCESS && own_work)
        plan->own_work = *own_work != 0;
    (void)vx_host_leave(cudaSuccess);
    return result;
}

cufftResult cufftSetStream(cufftHandle handle, cudaStream_t stream)
{
    return set("cufftSetStream", handle, &stream, NULL, NULL);
}

cufftResult cufftSetWorkArea(cufftHandle handle, void *work)
{
    return set("cufftSetWorkArea", handle, NULL, &work, NULL);
}

cufftResult cufftSetAutoAllocation(cufftHandle handle, int own_work)
{
    return set("cufftSetAutoAllocation", handle, NULL, NULL, &own_work);
}

cufftResult cufftGetSize(cufftHandle handle, size_t *bytes)
{
    vx_host_lock();
    const struct plan *plan = find(handle);
    *bytes = plan ? plan->work_bytes : 0;
    vx_host_unlock();
    return plan ? CUFFT_SUCCESS : CUFFT_INVALID_PLAN;
}

static bool on_device(const void *p, int64_t elements, size_t size)
{
    bool inside;

    if (vx_host_kind_of(p, (size_t)elements * size, &inside) == VX_HOST_DEVICE && inside)
        return true;
    vx_host_report(cudaSuccess, "cufftExecR2C: %lld elements of %zu bytes do not lie on the device", (long long)elements, size);
    return false;
}

static int64_t extent(int rows, int distance, int columns, int stride)
{
    return (int64_t)(rows - 1) * distance + (int64_t)(columns - 1) * stride + 1;
}

cufftResult cufftExecR2C(cufftHandle handle, cufftReal *in, cufftComplex *out)
{
    const cudaError_t code = vx_host_enter("cufftExecR2C");
    struct plan *plan = find(handle);
    cufftResult result = CUFFT_SUCCESS;

    if (!plan || !plan->made)
        result = CUFFT_INVALID_PLAN;
    else if (code != cudaSuccess)
        result = CUFFT_EXEC_FAILED;
    else if (!plan->work)
        result = CUFFT_NO_WORKSPACE;
    else if (!on_device(in, extent(plan->batch, plan->in_distance, plan->n, plan->in_stride), sizeof *in) ||
             !on_device(out, extent(plan->batch, plan->out_distance, plan->n / 2 + 1, plan->out_stride), sizeof *out))
        result = CUFFT_INVALID_VALUE;
    else if (vx_host_enqueue(plan->stream, run_transform, &(struct transform){plan, in, out}, sizeof(struct transform)) !=
             cudaSuccess)
        result = CUFFT_EXEC_FAILED;
    (void)vx_host_leave(cudaSuccess);
    return result;
}

cufftResult cufftDestroy(cufftHandle handle)
{
    (void)vx_host_enter("cufftDestroy");
    struct plan *plan = find(handle);

    if (plan) {
        vx_host_run_all(); /* transforms of it may be enqueued */
        if (plan->own_work && plan->work)
            (void)cudaFree(plan->work);
        free(plan->root);
        *plan = (struct plan){0};
        vx_host_note_object(-1);
    }
    (void)vx_host_leave(cudaSuccess);
    return plan ? CUFFT_SUCCESS : CUFFT_INVALID_PLAN;
}

cufftResult cufftGetVersion(int *version)
{
    *version = CUFFT_VERSION;
    return CUFFT_SUCCESS;
}
