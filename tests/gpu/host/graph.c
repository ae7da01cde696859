#include "tests/gpu/host/device.h"
#include "tests/gpu/host/stream.h"

#include <stdlib.h>

/* Closures in the order in which they were captured, which respects every dependence */
struct CUgraphExec_st {
    struct vx_host_queue work;
};

static struct CUgraph_st *open_captures;

static void empty(struct vx_host_queue *queue)
{
    struct vx_host_work *work;

    while ((work = vx_host_pop(queue)))
        free(work);
}

/* The CUDA manual, on cudaThreadExchangeStreamCaptureMode(), with every thread in its initial mode */
cudaError_t vx_host_outside_capture(const char *call)
{
    cudaError_t code = cudaSuccess;

    for (struct CUgraph_st *graph = open_captures; graph; graph = graph->next)
        if (graph->mode == cudaStreamCaptureModeGlobal ||
            (graph->mode == cudaStreamCaptureModeThreadLocal && pthread_equal(graph->thread, pthread_self()))) {
            vx_host_report(cudaSuccess, "%s while a stream is captured", call);
            graph->invalid = true;
            code = cudaErrorStreamCaptureUnsupported;
        }
    return code;
}

cudaError_t vx_host_implicit_capture(void)
{
    for (struct CUgraph_st *graph = open_captures; graph; graph = graph->next)
        if (!graph->origin->nonblocking) {
            graph->invalid = true;
            return cudaErrorStreamCaptureImplicit;
        }
    return cudaSuccess;
}

static cudaError_t begin(cudaStream_t handle, enum cudaStreamCaptureMode mode)
{
    struct CUstream_st *stream = vx_host_stream(handle);
    struct CUgraph_st *graph;

    if (!stream)
        return cudaErrorInvalidResourceHandle;
    if (stream == vx_host_stream(NULL))
        return cudaErrorStreamCaptureUnsupported;
    if (stream->capture)
        return cudaErrorIllegalState;
    if (!(graph = calloc(1, sizeof *graph)))
        return cudaErrorMemoryAllocation;
    *graph = (struct CUgraph_st){.next = open_captures, .origin = stream, .mode = mode, .thread = pthread_self()};
    open_captures = graph;
    stream->capture = graph;
    stream->captured = 0;
    vx_host_note_object(1);
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, enum cudaStreamCaptureMode mode)
{
    cudaError_t code = vx_host_enter("cudaStreamBeginCapture");

    if (code == cudaSuccess)
        code = begin(stream, mode);
    return vx_host_leave(code);
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, enum cudaStreamCaptureStatus *status)
{
    cudaError_t code = vx_host_enter("cudaStreamIsCapturing");
    const struct CUstream_st *stream = vx_host_stream(handle);

    if (!stream)
        code = cudaErrorInvalidResourceHandle;
    else
        *status = !stream->capture           ? cudaStreamCaptureStatusNone
                  : stream->capture->invalid ? cudaStreamCaptureStatusInvalidated
                                             : cudaStreamCaptureStatusActive;
    return vx_host_leave(code);
}

static cudaError_t end(cudaStream_t handle, cudaGraph_t *out)
{
    struct CUstream_st *stream = vx_host_stream(handle);
    struct CUgraph_st *graph = stream ? stream->capture : NULL, **at = &open_captures;

    if (!stream)
        return cudaErrorInvalidResourceHandle;
    if (!graph)
        return cudaErrorIllegalState;
    if (graph->origin != stream)
        return cudaErrorStreamCaptureUnmatched;
    if (graph->mode != cudaStreamCaptureModeRelaxed && !pthread_equal(graph->thread, pthread_self()))
        return cudaErrorStreamCaptureWrongThread;
    while (*at != graph)
        at = &(*at)->next;
    *at = graph->next;
    const bool joined = vx_host_end_capture(graph);
    if (joined && !graph->invalid) {
        *out = graph;
        return cudaSuccess;
    }
    empty(&graph->work);
    vx_host_note_object(-1);
    const cudaError_t code = graph->invalid ? cudaErrorStreamCaptureInvalidated : cudaErrorStreamCaptureUnjoined;
    free(graph);
    return code;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *out)
{
    const cudaError_t code = vx_host_enter("cudaStreamEndCapture");

    *out = NULL;
    const cudaError_t ended = end(stream, out); /* also when the context is lost */
    return vx_host_leave(code != cudaSuccess ? code : ended);
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    const cudaError_t code = vx_host_enter("cudaGraphDestroy");

    if (!graph)
        return vx_host_leave(cudaErrorInvalidValue);
    empty(&graph->work);
    free(graph);
    vx_host_note_object(-1);
    return vx_host_leave(code);
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *out, cudaGraph_t graph, unsigned long long flags)
{
    cudaError_t code = vx_host_enter("cudaGraphInstantiate");

    *out = NULL;
    if (code == cudaSuccess && (!graph || flags != 0))
        code = cudaErrorInvalidValue;
    if (code == cudaSuccess && !(*out = calloc(1, sizeof **out)))
        code = cudaErrorMemoryAllocation;
    if (code != cudaSuccess)
        return vx_host_leave(code);
    vx_host_note_object(1);
    for (const struct vx_host_work *work = graph->work.first; work && code == cudaSuccess; work = work->next)
        code = vx_host_put(&(*out)->work, work->run, work->closure, work->bytes);
    if (code != cudaSuccess) {
        (void)cudaGraphExecDestroy(*out);
        *out = NULL;
    }
    return vx_host_leave(code);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t exec)
{
    const cudaError_t code = vx_host_enter("cudaGraphExecDestroy");

    if (!exec)
        return vx_host_leave(cudaErrorInvalidValue);
    vx_host_run_all(); /* launches of it may be enqueued */
    empty(&exec->work);
    free(exec);
    vx_host_note_object(-1);
    return vx_host_leave(code);
}

static void run_graph(const void *closure)
{
    struct CUgraphExec_st *const *exec = closure;

    for (const struct vx_host_work *work = (*exec)->work.first; work; work = work->next)
        if (vx_host_lost() == cudaSuccess)
            work->run(work->closure);
}

cudaError_t cudaGraphUpload(cudaGraphExec_t exec, cudaStream_t stream)
{
    cudaError_t code = vx_host_enter("cudaGraphUpload");

    if (code == cudaSuccess && (!exec || !vx_host_stream(stream)))
        code = cudaErrorInvalidValue;
    return vx_host_leave(code);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t exec, cudaStream_t stream)
{
    cudaError_t code = vx_host_enter("cudaGraphLaunch");

    if (code == cudaSuccess && !exec)
        code = cudaErrorInvalidValue;
    else if (code == cudaSuccess && vx_host_is_capturing(stream))
        code = cudaErrorNotSupported; /* a child graph on a device; not here */
    else if (code == cudaSuccess)
        code = vx_host_enqueue(stream, run_graph, &exec, sizeof exec);
    return vx_host_leave(code);
}
