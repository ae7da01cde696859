#include "tests/gpu/host/device.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_CALLS = 96 };

struct call {
    const char *name;
    unsigned count, fail_at; /* fail_at 0: never */
    cudaError_t code;
};

#define AT_START {.order = VX_HOST_FORWARD, .seed = 1, .when = VX_HOST_LATE, .memory = (size_t)1 << 30, .devices = 1, .capability = 75}

static struct {
    struct vx_host_settings settings;
    struct call any, calls[MAX_CALLS];
    unsigned n_calls, objects;
    cudaError_t lost; /* cudaSuccess: alive */
    bool faulty;
    char fault[512];
} device = {.settings = AT_START};

static pthread_mutex_t lock = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
static _Thread_local cudaError_t last_error;

void vx_host_lock(void)
{
    pthread_mutex_lock(&lock);
}

void vx_host_unlock(void)
{
    pthread_mutex_unlock(&lock);
}

static bool loses_context(cudaError_t code)
{
    return code == cudaErrorIllegalAddress || code == cudaErrorLaunchFailure || code == cudaErrorLaunchTimeout ||
           code == cudaErrorDevicesUnavailable || code == cudaErrorECCUncorrectable || code == cudaErrorMisalignedAddress ||
           code == cudaErrorIllegalInstruction || code == cudaErrorHardwareStackError;
}

static struct call *find_call(const char *name)
{
    for (unsigned i = 0; i < device.n_calls; i++)
        if (strcmp(device.calls[i].name, name) == 0)
            return &device.calls[i];
    if (device.n_calls == MAX_CALLS)
        return NULL;
    device.calls[device.n_calls] = (struct call){.name = name};
    return &device.calls[device.n_calls++];
}

static cudaError_t count_call(struct call *call)
{
    if (!call || ++call->count != call->fail_at)
        return cudaSuccess;
    if (loses_context(call->code))
        vx_host_lose(call->code);
    return call->code;
}

cudaError_t vx_host_injected(const char *name)
{
    const cudaError_t any = count_call(&device.any), named = count_call(find_call(name));

    return named != cudaSuccess ? named : any;
}

cudaError_t vx_host_enter(const char *call)
{
    vx_host_lock();
    const cudaError_t injected = vx_host_injected(call);
    if (device.lost != cudaSuccess)
        return device.lost;
    return injected == cudaSuccess && device.settings.devices == 0 ? cudaErrorNoDevice : injected;
}

cudaError_t vx_host_leave(cudaError_t code)
{
    if (code != cudaSuccess && code != cudaErrorNotReady)
        last_error = code;
    vx_host_unlock();
    return code;
}

const struct vx_host_settings *vx_host_settings(void)
{
    return &device.settings;
}

cudaError_t vx_host_lost(void)
{
    return device.lost;
}

void vx_host_lose(cudaError_t code)
{
    if (device.lost == cudaSuccess)
        device.lost = code;
}

void vx_host_report(cudaError_t lose, const char *fmt, ...)
{
    char text[sizeof device.fault];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    fprintf(stderr, "gpu/host: %s\n", text);
    if (!device.faulty)
        memcpy(device.fault, text, sizeof text);
    device.faulty = true;
    vx_host_lose(lose);
}

void vx_host_note_object(int change)
{
    device.objects += (unsigned)change;
}

void vx_host_poison(void *memory, size_t bytes)
{
    memset(memory, 0xFF, bytes);
}

void vx_host_reset(void)
{
    vx_host_lock();
    device.settings = (struct vx_host_settings)AT_START;
    device.any = (struct call){0};
    device.n_calls = 0;
    device.lost = cudaSuccess;
    device.faulty = false;
    vx_host_forget_counts();
    last_error = cudaSuccess;
    vx_host_unlock();
}

void vx_host_set(const struct vx_host_settings *settings)
{
    vx_host_lock();
    device.settings = *settings;
    vx_host_unlock();
}

struct vx_host_settings vx_host_get(void)
{
    vx_host_lock();
    const struct vx_host_settings settings = device.settings;
    vx_host_unlock();
    return settings;
}

void vx_host_fail(const char *name, unsigned nth, cudaError_t code)
{
    vx_host_lock();
    struct call *call = name ? find_call(name) : &device.any;
    if (call) {
        call->fail_at = call->count + nth;
        call->code = code;
    }
    vx_host_unlock();
}

unsigned vx_host_calls(const char *name)
{
    vx_host_lock();
    const struct call *call = name ? find_call(name) : &device.any;
    const unsigned count = call ? call->count : 0;
    vx_host_unlock();
    return count;
}

const char *vx_host_fault(void)
{
    vx_host_lock();
    const char *fault = device.faulty ? device.fault : NULL;
    vx_host_unlock();
    return fault;
}

unsigned vx_host_objects(void)
{
    vx_host_lock();
    const unsigned objects = device.objects;
    vx_host_unlock();
    return objects;
}

cudaError_t cudaGetLastError(void)
{
    const cudaError_t code = cudaPeekAtLastError();

    last_error = cudaSuccess;
    return code;
}

cudaError_t cudaPeekAtLastError(void)
{
    vx_host_lock();
    const cudaError_t code = device.lost != cudaSuccess ? device.lost : last_error;
    vx_host_unlock();
    return code;
}
