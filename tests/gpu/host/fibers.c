#include "tests/gpu/host/fibers.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef VX_HOST_TSAN /* this file is not to be instrumented: it would see one function entered and another left */
#include <sanitizer/tsan_interface.h>
#endif
#ifndef __x86_64__
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(VX_HOST_TSAN)
#define STACK_BYTES (256u << 10) /* instrumented frames are several times the size */
#else
#define STACK_BYTES (64u << 10)
#endif

struct vx_fiber {
#ifdef __x86_64__
    void *sp; /* where it stopped; its registers lie above */
#else
    ucontext_t context;
#endif
    void *memory; /* the guard page and the stack; NULL for a thread's own */
    void (*entry)(void);
    const void *bottom; /* of the stack, with its size: what AddressSanitizer wants to know */
    size_t bytes;
    void *fake_stack, *tsan;
};

static struct vx_fiber own;              /* the stack that vx_fiber_self() was called on */
static struct vx_fiber *leaving, *taken; /* of the switch under way */

#ifdef __x86_64__
/* swapcontext() makes a system call to swap signal masks, some hundred times what this takes. Saved: what a function must
 * keep for its caller. */
void vx_fiber_swap(void **save, void *load);
__asm__(".text\n"
        ".type vx_fiber_swap, @function\n"
        "vx_fiber_swap:\n"
        "    pushq %rbp\n    pushq %rbx\n    pushq %r12\n    pushq %r13\n    pushq %r14\n    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n    popq %r14\n    popq %r13\n    popq %r12\n    popq %rbx\n    popq %rbp\n"
        "    ret\n"
        ".size vx_fiber_swap, . - vx_fiber_swap\n");
#endif

#ifdef VX_HOST_TSAN
/* At exit it waits a second for the threads that are left, which here are fibers. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "atexit_sleep_ms=0";
}
#endif

/* What follows a switch, on the stack that was switched to. */
static void arrived(void)
{
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_finish_switch_fiber(taken->fake_stack, &leaving->bottom, &leaving->bytes);
#endif
}

static void first_call(void)
{
    arrived();
    taken->entry();
    abort(); /* entry() does not return */
}

struct vx_fiber *vx_fiber_create(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct vx_fiber *fiber = calloc(1, sizeof *fiber);

    if (!fiber)
        return NULL;
    fiber->memory = mmap(NULL, page + STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (fiber->memory == MAP_FAILED || mprotect(fiber->memory, page, PROT_NONE) != 0) {
        if (fiber->memory != MAP_FAILED)
            munmap(fiber->memory, page + STACK_BYTES);
        free(fiber);
        return NULL;
    }
    return fiber;
}

void vx_fiber_destroy(struct vx_fiber **fiber)
{
    if (!*fiber)
        return;
#ifdef VX_HOST_TSAN
    if ((*fiber)->tsan)
        __tsan_destroy_fiber((*fiber)->tsan);
#endif
    munmap((*fiber)->memory, (size_t)sysconf(_SC_PAGESIZE) + STACK_BYTES);
    free(*fiber);
    *fiber = NULL;
}

void vx_fiber_start(struct vx_fiber *fiber, void (*entry)(void))
{
    fiber->entry = entry;
    fiber->bottom = (char *)fiber->memory + sysconf(_SC_PAGESIZE);
    fiber->bytes = STACK_BYTES;
    fiber->fake_stack = NULL;
#ifdef VX_HOST_TSAN
    if (fiber->tsan)
        __tsan_destroy_fiber(fiber->tsan);
    fiber->tsan = __tsan_create_fiber(0);
#endif
#ifdef __SANITIZE_ADDRESS__
    __asan_unpoison_memory_region(fiber->bottom, STACK_BYTES); /* left behind by frames that never returned */
#endif
#ifdef __x86_64__
    void **top = (void **)((char *)(uintptr_t)fiber->bottom + STACK_BYTES);
    *--top = NULL; /* the return address of first_call(), which so starts 8 bytes off a multiple of 16, as every function must */
    *--top = (void *)(uintptr_t)first_call;
    for (int i = 0; i < 6; i++)
        *--top = NULL; /* rbp, rbx, r12…r15 */
    fiber->sp = top;
#else
    getcontext(&fiber->context);
    fiber->context.uc_stack.ss_sp = (void *)(uintptr_t)fiber->bottom;
    fiber->context.uc_stack.ss_size = STACK_BYTES;
    fiber->context.uc_link = NULL;
    makecontext(&fiber->context, first_call, 0);
#endif
}

struct vx_fiber *vx_fiber_self(void)
{
    own = (struct vx_fiber){0};
#ifdef VX_HOST_TSAN
    own.tsan = __tsan_get_current_fiber();
#endif
    return &own;
}

void vx_fiber_switch(struct vx_fiber *from, struct vx_fiber *to, bool as_thread)
{
    (void)as_thread;
    leaving = from;
    taken = to;
#ifdef __SANITIZE_ADDRESS__
    __sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->bytes);
#endif
#ifdef VX_HOST_TSAN
    if (as_thread)
        __tsan_switch_to_fiber(to->tsan, __tsan_switch_to_fiber_no_sync);
#endif
#ifdef __x86_64__
    vx_fiber_swap(&from->sp, to->sp);
#else
    swapcontext(&from->context, &to->context);
#endif
    arrived();
}

void vx_fiber_abandon(struct vx_fiber *self, struct vx_fiber *fiber)
{
#ifdef VX_HOST_TSAN /* which only needs to be told who runs */
    __tsan_switch_to_fiber(fiber->tsan, __tsan_switch_to_fiber_no_sync);
    __tsan_release(fiber);
    __tsan_switch_to_fiber(self->tsan, __tsan_switch_to_fiber_no_sync);
    __tsan_acquire(fiber);
#else
    (void)self;
    (void)fiber;
#endif
}
