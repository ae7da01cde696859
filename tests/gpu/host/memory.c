#include "tests/gpu/host/device.h"
#include "tests/gpu/host/stream.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#define HIDE(p, n) __asan_poison_memory_region(p, n)
#define SHOW(p, n) __asan_unpoison_memory_region(p, n)
#else
#define HIDE(p, n) (void)0
#define SHOW(p, n) (void)0
#endif

/* GUARD bytes on both sides of what was asked for, at a multiple of GUARD: checked after every kernel and at free; under
 * AddressSanitizer out of bounds for everyone, so that the culprit is named. */
enum { GUARD = 256, GUARD_BYTE = 0xA5 };

struct block {
    struct block *next;
    unsigned char *data;
    size_t bytes;
    enum vx_host_kind kind;
    bool registered; /* the program's own memory, page-locked: no guards */
};

static struct block *blocks;
static size_t on_device, peak, locked, straight;

static struct block **find(const void *p)
{
    struct block **at = &blocks;

    while (*at && (*at)->data != p)
        at = &(*at)->next;
    return at;
}

static size_t tail(const struct block *block) /* the guard behind it, which ends at a multiple of GUARD */
{
    return 2 * GUARD - block->bytes % GUARD;
}

static cudaError_t take(void **out, size_t bytes, enum vx_host_kind kind)
{
    struct block *block;
    unsigned char *memory = NULL;

    *out = NULL;
    if (bytes == 0)
        return cudaSuccess;
    if (kind == VX_HOST_DEVICE && (on_device > vx_host_settings()->memory || bytes > vx_host_settings()->memory - on_device))
        return cudaErrorMemoryAllocation;
    if (!(block = calloc(1, sizeof *block)))
        return cudaErrorMemoryAllocation;
    *block = (struct block){.next = blocks, .bytes = bytes, .kind = kind};
    if (!(memory = aligned_alloc(GUARD, GUARD + bytes + tail(block)))) {
        free(block);
        return cudaErrorMemoryAllocation;
    }
    block->data = memory + GUARD;
    memset(memory, GUARD_BYTE, GUARD);
    vx_host_poison(block->data, bytes);
    memset(block->data + bytes, GUARD_BYTE, tail(block));
    HIDE(memory, GUARD);
    HIDE(block->data + bytes, tail(block));
    blocks = block;
    if (kind == VX_HOST_DEVICE) {
        on_device += bytes;
        peak = on_device > peak ? on_device : peak;
    } else {
        locked += bytes;
    }
    *out = block->data;
    return cudaSuccess;
}

#ifdef __SANITIZE_ADDRESS__
static bool guard_holds(const struct block *block) /* nobody can write there unseen */
{
    (void)block;
    return true;
}
#else
static bool guard_holds(const struct block *block)
{
    const unsigned char *head = block->data - GUARD, *end = block->data + block->bytes;

    if (block->registered)
        return true;
    for (size_t i = 0; i < GUARD; i++)
        if (head[i] != GUARD_BYTE)
            return false;
    for (size_t i = 0; i < tail(block); i++)
        if (end[i] != GUARD_BYTE)
            return false;
    return true;
}
#endif

bool vx_host_guards_hold(const char *after)
{
    for (const struct block *block = blocks; block; block = block->next)
        if (!guard_holds(block)) {
            vx_host_report(cudaErrorIllegalAddress, "%s: something was written beside an allocation of %zu bytes", after,
                           block->bytes);
            return false;
        }
    return true;
}

static cudaError_t give_back(void *p, enum vx_host_kind kind, const char *call)
{
    struct block **at = find(p), *block = *at;

    if (!p)
        return cudaSuccess;
    if (!block || block->kind != kind || block->registered) {
        vx_host_report(cudaSuccess, "%s: %p was not allocated, or as the other kind of memory, or is freed already", call, p);
        return cudaErrorInvalidValue;
    }
    vx_host_guards_hold(call);
    *at = block->next;
    *(kind == VX_HOST_DEVICE ? &on_device : &locked) -= block->bytes;
    SHOW(block->data - GUARD, GUARD);
    SHOW(block->data + block->bytes, tail(block));
    free(block->data - GUARD);
    free(block);
    return cudaSuccess;
}

enum vx_host_kind vx_host_kind_of(const void *p, size_t bytes, bool *inside)
{
    const uintptr_t at = (uintptr_t)p;

    for (const struct block *block = blocks; block; block = block->next) {
        const uintptr_t start = (uintptr_t)block->data;
        const size_t before = block->registered ? 0 : GUARD, behind = block->registered ? 0 : tail(block);
        if (at >= start - before && at < start + block->bytes + behind) {
            *inside = at >= start && at - start <= block->bytes && bytes <= block->bytes - (at - start);
            return block->kind;
        }
    }
    *inside = true;
    return VX_HOST_PAGEABLE;
}

void vx_host_forget_counts(void)
{
    peak = on_device;
    straight = 0;
}

static size_t ask(const size_t *number)
{
    vx_host_lock();
    const size_t n = *number;
    vx_host_unlock();
    return n;
}

size_t vx_host_bytes(void)
{
    return ask(&on_device) + ask(&locked);
}

size_t vx_host_peak_bytes(void)
{
    return ask(&peak);
}

size_t vx_host_straight_bytes(void)
{
    return ask(&straight);
}

static cudaError_t allocate(const char *call, void **out, size_t bytes, enum vx_host_kind kind)
{
    cudaError_t code = vx_host_enter(call);

    if (code == cudaSuccess && (code = vx_host_outside_capture(call)) == cudaSuccess)
        code = take(out, bytes, kind);
    return vx_host_leave(code);
}

/* Waits for all that is enqueued, as the device does. What was allocated goes even when the context is lost. */
static cudaError_t release(const char *call, void *p, enum vx_host_kind kind)
{
    const cudaError_t code = vx_host_enter(call), capture = vx_host_outside_capture(call);

    vx_host_run_all();
    const cudaError_t given = give_back(p, kind, call);
    return vx_host_leave(code != cudaSuccess ? code : capture != cudaSuccess ? capture : given);
}

cudaError_t cudaMalloc(void **out, size_t bytes)
{
    return allocate("cudaMalloc", out, bytes, VX_HOST_DEVICE);
}

cudaError_t cudaFree(void *p)
{
    return release("cudaFree", p, VX_HOST_DEVICE);
}

cudaError_t cudaHostAlloc(void **out, size_t bytes, unsigned int flags)
{
    (void)flags; /* portable, mapped, write-combined: of no consequence here */
    return allocate("cudaHostAlloc", out, bytes, VX_HOST_LOCKED);
}

cudaError_t cudaMallocHost(void **out, size_t bytes)
{
    return allocate("cudaMallocHost", out, bytes, VX_HOST_LOCKED);
}

cudaError_t cudaFreeHost(void *p)
{
    return release("cudaFreeHost", p, VX_HOST_LOCKED);
}

static cudaError_t enlist(void *p, size_t bytes)
{
    const uintptr_t at = (uintptr_t)p;
    struct block *block;

    if (!p || bytes == 0)
        return cudaErrorInvalidValue;
    for (block = blocks; block; block = block->next)
        if (at < (uintptr_t)block->data + block->bytes && (uintptr_t)block->data < at + bytes)
            return cudaErrorHostMemoryAlreadyRegistered;
    if (!(block = calloc(1, sizeof *block)))
        return cudaErrorMemoryAllocation;
    *block = (struct block){.next = blocks, .data = p, .bytes = bytes, .kind = VX_HOST_LOCKED, .registered = true};
    blocks = block;
    locked += bytes;
    return cudaSuccess;
}

cudaError_t cudaHostRegister(void *p, size_t bytes, unsigned int flags)
{
    cudaError_t code = vx_host_enter("cudaHostRegister");

    (void)flags;
    if (code == cudaSuccess && (code = vx_host_outside_capture("cudaHostRegister")) == cudaSuccess)
        code = enlist(p, bytes);
    return vx_host_leave(code);
}

cudaError_t cudaHostUnregister(void *p)
{
    const cudaError_t code = vx_host_enter("cudaHostUnregister"), capture = vx_host_outside_capture("cudaHostUnregister");
    struct block **at = find(p), *block = *at;
    cudaError_t given = cudaErrorHostMemoryNotRegistered;

    vx_host_run_all();
    if (block && block->registered) {
        *at = block->next;
        locked -= block->bytes;
        free(block);
        given = cudaSuccess;
    }
    return vx_host_leave(code != cudaSuccess ? code : capture != cudaSuccess ? capture : given);
}

void vx_host_note_source(const void *p, size_t bytes)
{
    const uintptr_t at = (uintptr_t)p;

    for (const struct block *block = blocks; block; block = block->next)
        if (block->registered && at >= (uintptr_t)block->data && at - (uintptr_t)block->data < block->bytes)
            straight += bytes;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    const cudaError_t code = vx_host_enter("cudaMemGetInfo");

    *total = vx_host_settings()->memory;
    *free_bytes = *total > on_device ? *total - on_device : 0;
    return vx_host_leave(code);
}
