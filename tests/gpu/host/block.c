#include "tests/gpu/host/block.h"

#include "tests/gpu/host/device.h"
#include "tests/gpu/host/fibers.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

/* To ThreadSanitizer the threads of a block are threads, and only what CUDA says orders them does: barriers, __syncwarp(), the
 * beginning and the end of the block. Shuffles do not. That takes time with the square of their number, so it is told of the first blocks
 * of a launch to run, and takes the others for one thread. This file is compiled without it (VX_HOST_TSAN). */
#ifdef VX_HOST_TSAN
#include <sanitizer/tsan_interface.h>
#define AFTER(p) (run.watched ? __tsan_acquire(p) : (void)0)
#define BEFORE(p) (run.watched ? __tsan_release(p) : (void)0)
#else
#define AFTER(p) (void)0
#define BEFORE(p) (void)0
#endif

enum { WATCHED_BLOCKS = 4 };
enum state { READY, AT_BARRIER, AT_WARP, RETURNED };

struct thread {
    struct vx_fiber *fiber;
    bool started; /* its stack is inside of thread_main() */
    uint3 index;
    enum state state;
};

struct warp {
    uint64_t slot[2][VX_HOST_WARP]; /* two, for a lane may come to its next meeting before others have read the last */
    int turn, met;
    const char *operation;
};

static struct {
    const struct vx_host_grid *launch;
    struct vx_fiber *scheduler;
    struct thread thread[VX_HOST_MAX_THREADS];
    struct warp warp[VX_HOST_MAX_THREADS / VX_HOST_WARP];
    unsigned ready[VX_HOST_MAX_THREADS], n_ready; /* a stack, but for the shuffled order */
    unsigned n_threads, current, at_barrier, votes, last_votes;
    enum vx_host_order order;
    uint64_t random;
    const char *broken; /* what the running thread did wrong */
    bool watched; /* by ThreadSanitizer */
    char block_begins, block_ends;
} run;

struct vx_host_place vx_host_place;
static alignas(16) unsigned char shared_bytes[VX_HOST_SHARED_BYTES];

static unsigned below(unsigned n) /* a random number, xorshift64* */
{
    run.random ^= run.random >> 12;
    run.random ^= run.random << 25;
    run.random ^= run.random >> 27;
    return (unsigned)((run.random * 0x2545F4914F6CDD1D >> 33) % n);
}

/* Threads [first, first + n) may go on. The last pushed runs first, so a warp goes as far as it can before the next. */
static void release(unsigned first, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const unsigned t = run.order == VX_HOST_REVERSE ? first + i : first + n - 1 - i;
        run.thread[t].state = READY;
        run.ready[run.n_ready++] = t;
    }
}

static unsigned take_ready(void)
{
    const unsigned at = run.order == VX_HOST_SHUFFLED ? below(run.n_ready) : run.n_ready - 1;
    const unsigned t = run.ready[at];

    run.ready[at] = run.ready[--run.n_ready];
    return t;
}

/* Lets another thread run, or the scheduler where none can. Returns when this one's turn has come. */
static void give_way(void)
{
    const unsigned me = run.current;

    if (run.n_ready == 0) {
        vx_fiber_switch(run.thread[me].fiber, run.scheduler, run.watched);
    } else {
        const unsigned next = take_ready();
        if (next != me) {
            run.current = next;
            vx_host_place.thread = run.thread[next].index;
            vx_fiber_switch(run.thread[me].fiber, run.thread[next].fiber, run.watched);
        }
    }
}

static void thread_main(void)
{
    for (;;) { /* once for every block */
        AFTER(&run.block_begins);
        run.launch->body(run.launch->closure);
        BEFORE(&run.block_ends);
        run.thread[run.current].state = RETURNED;
        give_way();
    }
}

/* Leaves the block with what the running thread did wrong, never to come back. */
static void break_off(const char *what)
{
    run.broken = what;
    BEFORE(&run.block_ends);
    vx_fiber_switch(run.thread[run.current].fiber, run.scheduler, run.watched);
}

unsigned vx_host_barrier(int predicate)
{
    run.thread[run.current].state = AT_BARRIER;
    run.votes += predicate != 0;
    BEFORE(&run.at_barrier);
    if (++run.at_barrier == run.n_threads) {
        run.at_barrier = 0;
        run.last_votes = run.votes;
        run.votes = 0;
        release(0, run.n_threads);
    }
    give_way();
    AFTER(&run.at_barrier);
    return run.last_votes; /* the next barrier needs this thread too, so it still stands */
}

const uint64_t *vx_host_meet(unsigned mask, const char *operation, uint64_t mine, int orders)
{
    const unsigned lane = run.current % VX_HOST_WARP, first = run.current - lane;
    struct warp *warp = &run.warp[run.current / VX_HOST_WARP];
    const int turn = warp->turn;

    if (mask != 0xFFFFFFFF)
        break_off("a warp operation with a mask of fewer than 32 lanes, which these tests do not run");
    if (first + VX_HOST_WARP > run.n_threads)
        break_off("a warp operation in a warp of fewer than 32 threads");
    if (warp->met > 0 && strcmp(warp->operation, operation) != 0)
        break_off("lanes of one warp have come to different warp operations");
    warp->operation = operation;
    warp->slot[turn][lane] = mine;
    run.thread[run.current].state = AT_WARP;
    if (++warp->met == VX_HOST_WARP) {
        warp->met = 0;
        warp->turn = !turn;
        release(first, VX_HOST_WARP);
    }
    if (orders)
        BEFORE(&warp->met);
    give_way();
    if (orders)
        AFTER(&warp->met);
    return warp->slot[turn];
}

unsigned vx_host_lane(void)
{
    return run.current % VX_HOST_WARP;
}

void *vx_host_shared(void)
{
    return shared_bytes;
}

static void report(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* A broken rule of the kernel, with the place of the thread that ran last or hangs */
static void report(const char *fmt, ...)
{
    const struct vx_host_place *at = &vx_host_place;
    char text[256];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    vx_host_report(cudaErrorLaunchFailure, "%s: block (%u, %u, %u), thread (%u, %u, %u): %s", run.launch->name, at->block.x,
                   at->block.y, at->block.z, at->thread.x, at->thread.y, at->thread.z, text);
}

/* All threads that can run have run: true where every one has returned. */
static bool all_returned(void)
{
    unsigned count[4] = {0}, stuck = 0;

    for (unsigned t = 0; t < run.n_threads; t++)
        count[run.thread[t].state]++;
    if (count[RETURNED] == run.n_threads)
        return true;
    while (run.thread[stuck].state == RETURNED)
        stuck++;
    vx_host_place.thread = run.thread[stuck].index;
    report("the block hangs: of %u threads %u wait at a barrier, %u for other lanes of their warp, %u have returned", run.n_threads,
           count[AT_BARRIER], count[AT_WARP], count[RETURNED]);
    return false;
}

/* Blocks are in no order either: the nth that runs. SHUFFLED: n·step modulo their number, step having no factor in common with it. */
static uint64_t nth_block(uint64_t n, uint64_t blocks, uint64_t step)
{
    return run.order == VX_HOST_FORWARD ? n : run.order == VX_HOST_REVERSE ? blocks - 1 - n : n * step % blocks;
}

static uint64_t coprime(uint64_t blocks)
{
    for (;;) {
        const uint64_t step = 1 + below((unsigned)blocks);
        uint64_t a = step, b = blocks;
        while (b) {
            const uint64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 1)
            return step;
    }
}

static bool run_block(void)
{
    vx_host_poison(shared_bytes, run.launch->shared);
    memset(run.warp, 0, sizeof run.warp);
    run.at_barrier = run.votes = run.n_ready = 0;
    run.broken = NULL;
    release(0, run.n_threads);
    run.current = take_ready();
    vx_host_place.thread = run.thread[run.current].index;
    BEFORE(&run.block_begins);
    vx_fiber_switch(run.scheduler, run.thread[run.current].fiber, run.watched);
    AFTER(&run.block_ends);
    if (run.broken)
        report("%s", run.broken);
    return !run.broken && all_returned();
}

static bool prepare_threads(const struct vx_host_grid *launch)
{
    const dim3 d = launch->block;

    run.n_threads = d.x * d.y * d.z;
    for (unsigned t = 0; t < run.n_threads; t++) {
        struct thread *thread = &run.thread[t];
        if (!thread->fiber && !(thread->fiber = vx_fiber_create())) {
            vx_host_report(cudaErrorLaunchFailure, "%s: no memory for the stacks of %u threads", launch->name, run.n_threads);
            return false;
        }
        if (!thread->started)
            vx_fiber_start(thread->fiber, thread_main);
        thread->started = true;
        thread->index = (uint3){t % d.x, t / d.x % d.y, t / d.x / d.y};
    }
    return true;
}

int vx_host_run_grid(const struct vx_host_grid *launch)
{
    bool ok = prepare_threads(launch);

    run.launch = launch;
    run.scheduler = vx_fiber_self();
    run.order = vx_host_settings()->order;
    run.random = vx_host_settings()->seed | 1;
    vx_host_place.block_dim = launch->block;
    vx_host_place.grid_dim = launch->grid;
#ifdef __SANITIZE_ADDRESS__
    __asan_poison_memory_region(shared_bytes + launch->shared, sizeof shared_bytes - launch->shared);
#endif
    const dim3 grid = launch->grid;
    const uint64_t blocks = (uint64_t)grid.x * grid.y * grid.z, step = coprime(blocks);
    for (uint64_t n = 0; ok && n < blocks; n++) {
        const uint64_t at = nth_block(n, blocks, step);
        vx_host_place.block = (uint3){(unsigned)(at % grid.x), (unsigned)(at / grid.x % grid.y), (unsigned)(at / grid.x / grid.y)};
        run.watched = n < WATCHED_BLOCKS;
        ok = run_block();
    }
#ifdef __SANITIZE_ADDRESS__
    __asan_unpoison_memory_region(shared_bytes, sizeof shared_bytes);
#endif
    for (unsigned t = 0; !ok && t < run.n_threads; t++) { /* stuck amid the kernel */
        vx_fiber_abandon(run.scheduler, run.thread[t].fiber);
        run.thread[t].started = false;
    }
    return ok;
}
