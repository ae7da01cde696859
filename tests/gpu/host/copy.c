#include "tests/gpu/host/device.h"
#include "tests/gpu/host/stream.h"

#include <string.h>

struct copy {
    unsigned char *to;
    const unsigned char *from; /* NULL: fill with value */
    size_t to_pitch, from_pitch, width, height;
    int value;
};

static void run_copy(const void *closure)
{
    const struct copy *c = closure;

    for (size_t y = 0; y < c->height; y++)
        if (c->from)
            memcpy(c->to + y * c->to_pitch, c->from + y * c->from_pitch, c->width);
        else
            memset(c->to + y * c->to_pitch, c->value, c->width);
}

/* Host or device, as the direction says, and inside of one allocation */
static bool side(const char *call, const char *which, const void *p, size_t bytes, int device, enum vx_host_kind *kind)
{
    bool inside;

    *kind = vx_host_kind_of(p, bytes, &inside);
    if (device >= 0 && device != (*kind == VX_HOST_DEVICE)) {
        vx_host_report(cudaSuccess, "%s: the %s should be on the %s", call, which, device ? "device" : "host");
        return false;
    }
    if (!inside)
        vx_host_report(cudaSuccess, "%s: the %s's %zu bytes do not lie in one allocation", call, which, bytes);
    return inside;
}

static cudaError_t check(const char *call, const struct copy *c, enum cudaMemcpyKind direction, bool *pageable)
{
    const bool any = direction == cudaMemcpyDefault;
    const int to_device = any ? -1 : direction == cudaMemcpyHostToDevice || direction == cudaMemcpyDeviceToDevice;
    const int from_device = any ? -1 : direction == cudaMemcpyDeviceToHost || direction == cudaMemcpyDeviceToDevice;
    enum vx_host_kind to, from = VX_HOST_DEVICE;

    if (c->width > c->to_pitch || (c->from && c->width > c->from_pitch))
        return cudaErrorInvalidPitchValue;
    if (!side(call, "destination", c->to, c->to_pitch * (c->height - 1) + c->width, to_device, &to))
        return cudaErrorInvalidValue;
    if (c->from && !side(call, "source", c->from, c->from_pitch * (c->height - 1) + c->width, from_device, &from))
        return cudaErrorInvalidValue;
    *pageable = to == VX_HOST_PAGEABLE || from == VX_HOST_PAGEABLE;
    return cudaSuccess;
}

/* wait: the call does not return before it is done, and is of the legacy default stream */
static cudaError_t copy(const char *call, struct copy c, enum cudaMemcpyKind direction, cudaStream_t stream, bool wait)
{
    cudaError_t code = vx_host_enter(call);
    bool pageable = false;

    if (code != cudaSuccess || c.width == 0 || c.height == 0)
        return vx_host_leave(code);
    if ((code = check(call, &c, direction, &pageable)) != cudaSuccess ||
        (wait && (code = vx_host_outside_capture(call)) != cudaSuccess))
        return vx_host_leave(code);
    if (c.from)
        vx_host_note_source(c.from, c.width * c.height);
    code = vx_host_enqueue(stream, run_copy, &c, sizeof c);
    if (code == cudaSuccess && pageable && !vx_host_is_capturing(stream)) { /* CUDA has copied such memory when it returns */
        struct CUstream_st *s = vx_host_stream(stream);
        vx_host_run_stream(s, s->work.length);
    }
    return vx_host_leave(code != cudaSuccess ? code : wait ? vx_host_lost() : cudaSuccess);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, enum cudaMemcpyKind direction, cudaStream_t stream)
{
    return copy("cudaMemcpyAsync", (struct copy){to, from, n, n, n, 1, 0}, direction, stream, false);
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t n, enum cudaMemcpyKind direction)
{
    return copy("cudaMemcpy", (struct copy){to, from, n, n, n, 1, 0}, direction, NULL, true);
}

cudaError_t cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height,
                              enum cudaMemcpyKind direction, cudaStream_t stream)
{
    return copy("cudaMemcpy2DAsync", (struct copy){to, from, to_pitch, from_pitch, width, height, 0}, direction, stream, false);
}

cudaError_t cudaMemcpy2D(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height,
                         enum cudaMemcpyKind direction)
{
    return copy("cudaMemcpy2D", (struct copy){to, from, to_pitch, from_pitch, width, height, 0}, direction, NULL, true);
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t n, cudaStream_t stream)
{
    return copy("cudaMemsetAsync", (struct copy){to, NULL, n, 0, n, 1, value}, cudaMemcpyDeviceToDevice, stream, false);
}

cudaError_t cudaMemset(void *to, int value, size_t n)
{
    return copy("cudaMemset", (struct copy){to, NULL, n, 0, n, 1, value}, cudaMemcpyDeviceToDevice, NULL, true);
}

cudaError_t cudaMemset2DAsync(void *to, size_t pitch, int value, size_t width, size_t height, cudaStream_t stream)
{
    return copy("cudaMemset2DAsync", (struct copy){to, NULL, pitch, 0, width, height, value}, cudaMemcpyDeviceToDevice, stream,
                false);
}
