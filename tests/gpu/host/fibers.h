/* fibers.h - stacks that one thread switches between: the threads of a CUDA block on the host
 * AddressSanitizer is told of every switch, ThreadSanitizer if asked to. Nothing here is thread safe: the caller holds one lock. */
#ifndef VX_TESTS_GPU_HOST_FIBERS_H
#define VX_TESTS_GPU_HOST_FIBERS_H

#include <stdbool.h>
#include <stddef.h>

struct vx_fiber;

/* The stack of a fiber, with a page below it that faults. NULL: no memory. */
struct vx_fiber *vx_fiber_create(void);
void vx_fiber_destroy(struct vx_fiber **fiber); /* NULL is fine */

/* The next switch to the fiber calls entry(), which never returns. Whatever ran there before is forgotten. */
void vx_fiber_start(struct vx_fiber *fiber, void (*entry)(void));

/* The calling thread's own stack as a fiber, to be switched back to. Valid until its thread calls this again. */
struct vx_fiber *vx_fiber_self(void);

/* Runs `to` from where it stopped; returns when something switches back to `from`, which must be what runs now. as_thread: ThreadSanitizer
 * takes it for another thread, which this switch puts in no order with the first; else for the same. */
void vx_fiber_switch(struct vx_fiber *from, struct vx_fiber *to, bool as_thread);

/* It will not be switched to before it is started anew. All that it did comes before what `self`, which runs now, does next. */
void vx_fiber_abandon(struct vx_fiber *self, struct vx_fiber *fiber);

#endif
