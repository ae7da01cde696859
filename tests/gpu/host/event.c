#include "tests/gpu/host/device.h"
#include "tests/gpu/host/stream.h"

#include <stdlib.h>
#include <time.h>

struct CUevent_st {
    cudaStream_t stream; /* where it was recorded last, which may be gone: stream_id tells */
    uint64_t stream_id, position;
    struct CUgraph_st *capture; /* recorded while this was captured */
    double seconds;
    bool recorded, timed;
};

struct point { /* a place in a stream */
    cudaStream_t stream;
    uint64_t id, position;
};

/* A stream that was destroyed has run to its end. */
static void run_to(const struct point *point)
{
    struct CUstream_st *stream = vx_host_stream(point->stream);

    if (stream && stream->id == point->id)
        vx_host_run_stream(stream, point->position);
}

static bool reached(const struct CUevent_st *event)
{
    const struct CUstream_st *stream = vx_host_stream(event->stream);

    return !event->recorded || !stream || stream->id != event->stream_id || stream->done >= event->position;
}

static void run_wait(const void *closure)
{
    run_to(closure);
}

static void run_stamp(const void *closure)
{
    struct CUevent_st *const *event = closure;
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    (*event)->seconds = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *out, unsigned int flags)
{
    cudaError_t code = vx_host_enter("cudaEventCreate");

    *out = NULL;
    if (code == cudaSuccess && !(*out = calloc(1, sizeof **out)))
        code = cudaErrorMemoryAllocation;
    if (code == cudaSuccess) {
        (*out)->timed = !(flags & cudaEventDisableTiming);
        vx_host_note_object(1);
    }
    return vx_host_leave(code);
}

cudaError_t cudaEventCreate(cudaEvent_t *out)
{
    return cudaEventCreateWithFlags(out, cudaEventDefault);
}

static struct point point_of(const struct CUevent_st *event)
{
    return (struct point){event->stream, event->stream_id, event->position};
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    const cudaError_t code = vx_host_enter("cudaEventDestroy");

    if (!event)
        return vx_host_leave(cudaErrorInvalidResourceHandle);
    if (event->recorded && !event->capture) {
        const struct point point = point_of(event);
        run_to(&point); /* run_stamp() still points here */
    }
    free(event);
    vx_host_note_object(-1);
    return vx_host_leave(code);
}

static cudaError_t record(struct CUevent_st *event, struct CUstream_st *stream, cudaStream_t handle)
{
    cudaError_t code;

    if (!event || !stream)
        return cudaErrorInvalidResourceHandle;
    event->capture = stream->capture;
    event->stream = handle;
    event->stream_id = stream->id;
    event->recorded = true;
    if (stream->capture) {
        event->position = stream->captured;
        return stream->capture->invalid ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
    }
    event->position = stream->work.length + 1;
    if ((code = vx_host_enqueue(handle, run_stamp, &event, sizeof event)) != cudaSuccess)
        event->recorded = false;
    return code;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream)
{
    cudaError_t code = vx_host_enter("cudaEventRecord");

    if (code == cudaSuccess)
        code = record(event, vx_host_stream(stream), stream);
    return vx_host_leave(code);
}

/* Inside of a capture: the waiting stream becomes part of it, the other has been waited for. */
static cudaError_t join(struct CUstream_st *stream, const struct CUevent_st *event)
{
    struct CUstream_st *other = vx_host_stream(event->stream);

    if (stream->capture && stream->capture != event->capture)
        return cudaErrorStreamCaptureIsolation;
    if (!other || other->id != event->stream_id || other->capture != event->capture)
        return cudaErrorStreamCaptureInvalidated; /* that capture has ended */
    if (!stream->capture) {
        stream->capture = event->capture;
        stream->captured = 0;
    }
    stream->joined = false;
    if (other->captured == event->position && other != stream)
        other->joined = true;
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned int flags)
{
    cudaError_t code = vx_host_enter("cudaStreamWaitEvent");
    struct CUstream_st *stream = vx_host_stream(handle);

    if (code != cudaSuccess)
        return vx_host_leave(code);
    if (!stream || !event)
        code = cudaErrorInvalidResourceHandle;
    else if (flags != cudaEventWaitDefault)
        code = cudaErrorInvalidValue;
    else if (!event->recorded)
        code = cudaSuccess; /* as CUDA has it: nothing to wait for */
    else if (event->capture)
        code = join(stream, event);
    else if (stream->capture)
        code = cudaErrorStreamCaptureIsolation;
    else {
        const struct point point = point_of(event);
        code = vx_host_enqueue(handle, run_wait, &point, sizeof point);
    }
    return vx_host_leave(code);
}

static cudaError_t wait_for(struct CUevent_st *event, bool query)
{
    cudaError_t code;

    if (!event)
        return cudaErrorInvalidResourceHandle;
    if (event->recorded && event->capture)
        return cudaErrorCapturedEvent;
    if ((code = vx_host_outside_capture(query ? "cudaEventQuery" : "cudaEventSynchronize")) != cudaSuccess)
        return code;
    struct point point = point_of(event);
    const struct CUstream_st *stream = vx_host_stream(event->stream);
    const bool ready = reached(event);
    if (query && stream && stream->done < point.position)
        point.position = stream->done + 1; /* one thing more at every question */
    if (event->recorded)
        run_to(&point);
    return vx_host_lost() != cudaSuccess ? vx_host_lost() : ready || !query ? cudaSuccess : cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    cudaError_t code = vx_host_enter("cudaEventSynchronize");

    if (code == cudaSuccess)
        code = wait_for(event, false);
    return vx_host_leave(code);
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    cudaError_t code = vx_host_enter("cudaEventQuery");

    if (code == cudaSuccess)
        code = wait_for(event, true);
    return vx_host_leave(code);
}

cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t start, cudaEvent_t end)
{
    cudaError_t code = vx_host_enter("cudaEventElapsedTime");

    if (code == cudaSuccess && (!start || !end || !start->recorded || !end->recorded || !start->timed || !end->timed))
        code = cudaErrorInvalidResourceHandle;
    else if (code == cudaSuccess && !(reached(start) && reached(end)))
        code = cudaErrorNotReady;
    if (code == cudaSuccess)
        *ms = (float)(1e3 * (end->seconds - start->seconds));
    return vx_host_leave(code);
}
