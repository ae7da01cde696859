#include "tests/gpu/host/stream.h"

#include "tests/gpu/host/device.h"

#include <stdlib.h>
#include <string.h>

static struct CUstream_st legacy; /* stream 0: waits for all blocking streams and runs at once */
static struct CUstream_st *streams;
static uint64_t last_id;

cudaError_t vx_host_put(struct vx_host_queue *queue, void (*run)(const void *), const void *closure, size_t bytes)
{
    struct vx_host_work *work = malloc(sizeof *work + bytes);

    if (!work)
        return cudaErrorMemoryAllocation;
    work->next = NULL;
    work->run = run;
    work->bytes = bytes;
    memcpy(work->closure, closure, bytes);
    if (queue->first)
        queue->last->next = work;
    else
        queue->first = work;
    queue->last = work;
    queue->length++;
    return cudaSuccess;
}

struct vx_host_work *vx_host_pop(struct vx_host_queue *queue)
{
    struct vx_host_work *work = queue->first;

    if (work)
        queue->first = work->next;
    return work;
}

struct CUstream_st *vx_host_stream(cudaStream_t handle)
{
    struct CUstream_st *stream = streams;

    if (!handle || handle == cudaStreamLegacy)
        return &legacy;
    while (stream && stream != handle)
        stream = stream->next;
    return stream;
}

bool vx_host_is_capturing(cudaStream_t handle)
{
    const struct CUstream_st *stream = vx_host_stream(handle);

    return stream && stream->capture;
}

void vx_host_run_stream(struct CUstream_st *stream, uint64_t position)
{
    struct vx_host_work *work;

    while (stream->done < position && (work = vx_host_pop(&stream->work))) {
        if (vx_host_lost() == cudaSuccess)
            work->run(work->closure);
        free(work);
        stream->done++;
    }
}

static void run_blocking(void)
{
    for (struct CUstream_st *stream = streams; stream; stream = stream->next)
        if (!stream->nonblocking)
            vx_host_run_stream(stream, stream->work.length);
}

void vx_host_run_all(void)
{
    for (struct CUstream_st *stream = streams; stream; stream = stream->next)
        vx_host_run_stream(stream, stream->work.length);
}

bool vx_host_end_capture(struct CUgraph_st *graph)
{
    bool joined = true;

    for (struct CUstream_st *stream = streams; stream; stream = stream->next)
        if (stream->capture == graph) {
            joined = joined && (stream == graph->origin || stream->joined);
            stream->capture = NULL;
        }
    return joined;
}

cudaError_t vx_host_enqueue(cudaStream_t handle, void (*run)(const void *), const void *closure, size_t bytes)
{
    struct CUstream_st *stream = vx_host_stream(handle);
    cudaError_t code;

    if (!stream)
        return cudaErrorInvalidResourceHandle;
    if (stream->capture) {
        if (stream->capture->invalid)
            return cudaErrorStreamCaptureInvalidated;
        stream->captured++;
        stream->joined = false;
        return vx_host_put(&stream->capture->work, run, closure, bytes);
    }
    if (stream == &legacy && (code = vx_host_implicit_capture()) != cudaSuccess)
        return code;
    if ((code = vx_host_put(&stream->work, run, closure, bytes)) != cudaSuccess)
        return code;
    if (stream == &legacy)
        run_blocking();
    if (stream == &legacy || vx_host_settings()->when == VX_HOST_AT_ONCE)
        vx_host_run_stream(stream, stream->work.length);
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *out, unsigned int flags, int priority)
{
    cudaError_t code = vx_host_enter("cudaStreamCreate");

    (void)priority;
    *out = NULL;
    if (code == cudaSuccess && flags > cudaStreamNonBlocking)
        code = cudaErrorInvalidValue;
    if (code == cudaSuccess && !(*out = calloc(1, sizeof **out)))
        code = cudaErrorMemoryAllocation;
    if (code == cudaSuccess) {
        **out = (struct CUstream_st){.next = streams, .id = ++last_id, .nonblocking = flags == cudaStreamNonBlocking};
        streams = *out;
        vx_host_note_object(1);
    }
    return vx_host_leave(code);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *out, unsigned int flags)
{
    return cudaStreamCreateWithPriority(out, flags, 0);
}

cudaError_t cudaStreamCreate(cudaStream_t *out)
{
    return cudaStreamCreateWithPriority(out, cudaStreamDefault, 0);
}

cudaError_t cudaStreamDestroy(cudaStream_t handle)
{
    cudaError_t code = vx_host_enter("cudaStreamDestroy");
    struct CUstream_st *stream = vx_host_stream(handle), **at = &streams;

    if (!stream || stream == &legacy) {
        code = cudaErrorInvalidResourceHandle;
    } else {
        vx_host_run_stream(stream, stream->work.length);
        if (stream->capture)
            stream->capture->invalid = true;
        while (*at != stream)
            at = &(*at)->next;
        *at = stream->next;
        free(stream);
        vx_host_note_object(-1);
    }
    return vx_host_leave(code);
}

/* What a wait for a stream that is captured, or while another is, comes to */
static cudaError_t may_wait(struct CUstream_st *stream, const char *call)
{
    if (!stream)
        return cudaErrorInvalidResourceHandle;
    if (!stream->capture)
        return vx_host_outside_capture(call);
    stream->capture->invalid = true;
    return cudaErrorStreamCaptureUnsupported;
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle)
{
    cudaError_t code = vx_host_enter("cudaStreamSynchronize");
    struct CUstream_st *stream = vx_host_stream(handle);

    if (code == cudaSuccess && (code = may_wait(stream, "cudaStreamSynchronize")) == cudaSuccess) {
        if (stream == &legacy)
            run_blocking();
        vx_host_run_stream(stream, stream->work.length);
        code = vx_host_lost();
    }
    return vx_host_leave(code);
}

/* Each question lets one thing more be done, so that asking again and again ends. */
cudaError_t cudaStreamQuery(cudaStream_t handle)
{
    cudaError_t code = vx_host_enter("cudaStreamQuery");
    struct CUstream_st *stream = vx_host_stream(handle);

    if (code == cudaSuccess && (code = may_wait(stream, "cudaStreamQuery")) == cudaSuccess) {
        const bool ready = stream->done == stream->work.length;
        vx_host_run_stream(stream, stream->done + 1);
        code = vx_host_lost() != cudaSuccess ? vx_host_lost() : ready ? cudaSuccess : cudaErrorNotReady;
    }
    return vx_host_leave(code);
}

cudaError_t cudaDeviceSynchronize(void)
{
    cudaError_t code = vx_host_enter("cudaDeviceSynchronize");

    if (code == cudaSuccess && (code = vx_host_outside_capture("cudaDeviceSynchronize")) == cudaSuccess) {
        vx_host_run_all();
        code = vx_host_lost();
    }
    return vx_host_leave(code);
}

struct host_call {
    cudaHostFn_t function;
    void *data;
};

static void run_host_call(const void *closure)
{
    const struct host_call *call = closure;

    call->function(call->data);
}

cudaError_t cudaLaunchHostFunc(cudaStream_t stream, cudaHostFn_t function, void *data)
{
    const struct host_call call = {function, data};
    cudaError_t code = vx_host_enter("cudaLaunchHostFunc");

    if (code == cudaSuccess)
        code = vx_host_enqueue(stream, run_host_call, &call, sizeof call);
    return vx_host_leave(code);
}
