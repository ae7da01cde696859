/* launch.h - how kernels are started and take shared memory, so that one source serves nvcc and the tests
 * The tests compile every .cu with the ordinary C++ compiler and run its kernels thread by thread (tests/gpu/host); there
 * vx_host_launch() and VX_DYNAMIC_SHARED come from a header that is included before. Kernels therefore use only: blockIdx,
 * threadIdx, blockDim, gridDim, __syncthreads, __syncwarp, __shfl_*_sync over whole warps, __shared__, atomicAdd and atomicMax,
 * and block sizes that are multiples of 32. Arithmetic is in float; storage types go through gpu/number.cuh. */
#ifndef VX_GPU_LAUNCH_H
#define VX_GPU_LAUNCH_H

#ifdef __CUDACC__

#define VX_LAUNCH(kernel, grid, block, shared, stream, ...) kernel<<<(grid), (block), (shared), (stream)>>>(__VA_ARGS__)
/* type name[]: the launch's dynamic shared memory, at a multiple of 16 bytes */
#define VX_DYNAMIC_SHARED(type, name)                         \
    extern __shared__ __align__(16) unsigned char name##_bytes[]; \
    type *const name = reinterpret_cast<type *>(name##_bytes)

#else

#define VX_LAUNCH(kernel, grid, block, shared, stream, ...) \
    vx_host_launch((grid), (block), (shared), (stream), [=] { kernel(__VA_ARGS__); })

#endif

#endif
