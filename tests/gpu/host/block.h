/* block.h - one block of a kernel, its threads as fibers; what the kernels' built-ins come down to
 * Blocks run one after another in the process, under the lock of device.h, since their static shared memory is static storage.
 * host.h sets the order of the blocks, and of the threads between two barriers. */
#ifndef VX_TESTS_GPU_HOST_BLOCK_H
#define VX_TESTS_GPU_HOST_BLOCK_H

#include <cuda_runtime_api.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { VX_HOST_WARP = 32, VX_HOST_MAX_THREADS = 1024, VX_HOST_SHARED_BYTES = 48 << 10 };

/* threadIdx, blockIdx, blockDim and gridDim of the thread that runs now */
struct vx_host_place {
    uint3 thread, block;
    dim3 block_dim, grid_dim;
};
extern struct vx_host_place vx_host_place;

/* __syncthreads(), and how many threads came with a predicate other than 0 */
unsigned vx_host_barrier(int predicate);

/* The lanes of a warp meet, each with 8 bytes: what all 32 brought, by lane, until the lane's next call. `operation` names what
 * the kernel calls; lanes that meet at different ones, or a mask of fewer than 32, end the launch with an error. orders: what the lanes
 * wrote before, all may read after (as of __syncwarp(), and not of shuffles). */
const uint64_t *vx_host_meet(unsigned mask, const char *operation, uint64_t mine, int orders);
unsigned vx_host_lane(void);

/* The launch's dynamic shared memory, 16-byte aligned; poisoned before every block */
void *vx_host_shared(void);

/* VX_LAUNCH: checks the shape and enqueues (cudaGetLastError() tells what was refused). closure is copied. */
void vx_host_enqueue_kernel(const char *name, dim3 grid, dim3 block, size_t shared, cudaStream_t stream,
                            void (*body)(const void *closure), const void *closure, size_t bytes);

/* Runs a whole grid now. False: the kernel broke a rule, which has been reported. */
struct vx_host_grid {
    const char *name;
    dim3 grid, block;
    size_t shared;
    void (*body)(const void *closure);
    const void *closure;
};
int vx_host_run_grid(const struct vx_host_grid *launch);

#ifdef __cplusplus
}
#endif

#endif
