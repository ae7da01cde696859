/* cuda_host.h - CUDA C++ for the ordinary C++ compiler: included before each .cu file
 * The words of the language, its built-in variables and the functions that kernels may use (gpu/launch.h names them), put
 * down to block.h. Shared memory is static storage; what nvcc checks for a device (registers, static shared memory) is not checked. */
#ifndef VX_TESTS_GPU_HOST_CUDA_HOST_H
#define VX_TESTS_GPU_HOST_CUDA_HOST_H

#include "tests/gpu/host/block.h"

#include <cuda_runtime.h>

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#undef __shared__
#undef __constant__
#define __shared__ static
#define __constant__ static
#define __launch_bounds__(...)

#define threadIdx (vx_host_place.thread)
#define blockIdx (vx_host_place.block)
#define blockDim (vx_host_place.block_dim)
#define gridDim (vx_host_place.grid_dim)
#define warpSize 32

#define VX_DYNAMIC_SHARED(type, name) type *const name = static_cast<type *>(vx_host_shared())

/* The body of VX_LAUNCH: a lambda that calls the kernel with its arguments, by value as on a device */
template <class F> void vx_host_launch(dim3 grid, dim3 block, size_t shared, cudaStream_t stream, F body)
{
    static_assert(std::is_trivially_copyable<F>::value, "a kernel's arguments are copied as bytes");
    vx_host_enqueue_kernel(
        __PRETTY_FUNCTION__, grid, block, shared, stream, [](const void *closure) { (*static_cast<const F *>(closure))(); }, &body,
        sizeof body);
}

/* Barriers */
static inline void __syncthreads() { (void)vx_host_barrier(0); }
static inline int __syncthreads_count(int predicate) { return static_cast<int>(vx_host_barrier(predicate)); }
static inline int __syncthreads_or(int predicate) { return vx_host_barrier(predicate) > 0; }
static inline int __syncthreads_and(int predicate) { return vx_host_barrier(!predicate) == 0; }
static inline void __syncwarp(unsigned mask = 0xFFFFFFFF) { (void)vx_host_meet(mask, "__syncwarp", 0, 1); }
static inline void __threadfence() {}
static inline void __threadfence_block() {}

/* Whole warps only. What a lane outside of its segment would give is the caller's own value, as in the manual. */
template <class T> static inline T vx_host_lane_value(unsigned mask, const char *operation, T mine, int from, int width)
{
    static_assert(sizeof(T) <= sizeof(uint64_t) && std::is_trivially_copyable<T>::value, "a shuffle moves up to 8 bytes");
    const int lane = static_cast<int>(vx_host_lane()), first = lane / width * width;
    uint64_t bits = 0;
    T value;

    std::memcpy(&bits, &mine, sizeof mine);
    const uint64_t *all = vx_host_meet(mask, operation, bits, 0);
    std::memcpy(&value, &all[from >= first && from < first + width ? from : lane], sizeof value);
    return value;
}
template <class T> static inline T __shfl_sync(unsigned mask, T x, int from, int width = 32)
{
    const int first = static_cast<int>(vx_host_lane()) / width * width;
    return vx_host_lane_value(mask, "__shfl_sync", x, first + (from & (width - 1)), width);
}
template <class T> static inline T __shfl_down_sync(unsigned mask, T x, unsigned by, int width = 32)
{
    return vx_host_lane_value(mask, "__shfl_down_sync", x, static_cast<int>(vx_host_lane() + by), width);
}
template <class T> static inline T __shfl_up_sync(unsigned mask, T x, unsigned by, int width = 32)
{
    return vx_host_lane_value(mask, "__shfl_up_sync", x, static_cast<int>(vx_host_lane()) - static_cast<int>(by), width);
}
template <class T> static inline T __shfl_xor_sync(unsigned mask, T x, int bits, int width = 32)
{
    return vx_host_lane_value(mask, "__shfl_xor_sync", x, static_cast<int>(vx_host_lane()) ^ bits, width);
}
static inline unsigned __ballot_sync(unsigned mask, int predicate)
{
    const uint64_t *all = vx_host_meet(mask, "__ballot_sync", predicate != 0, 0);
    unsigned votes = 0;
    for (int lane = 0; lane < VX_HOST_WARP; lane++)
        votes |= static_cast<unsigned>(all[lane]) << lane;
    return votes;
}
static inline int __any_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) != 0; }
static inline int __all_sync(unsigned mask, int predicate) { return __ballot_sync(mask, predicate) == 0xFFFFFFFF; }

/* Atomics. Fibers never interrupt each other, so that reading and writing need not be one; ThreadSanitizer sees that they
 * are atomic. */
template <class T> static inline T vx_host_atomic(T *p, T (*change)(T old, T x), T x)
{
    T old, changed;

    __atomic_load(p, &old, __ATOMIC_RELAXED);
    changed = change(old, x);
    __atomic_store(p, &changed, __ATOMIC_RELAXED);
    return old;
}
template <class T> static inline T atomicAdd(T *p, typename std::common_type<T>::type x)
{
    return vx_host_atomic<T>(p, [](T old, T y) { return static_cast<T>(old + y); }, x);
}
template <class T> static inline T atomicMax(T *p, typename std::common_type<T>::type x)
{
    return vx_host_atomic<T>(p, [](T old, T y) { return old < y ? y : old; }, x);
}
template <class T> static inline T atomicMin(T *p, typename std::common_type<T>::type x)
{
    return vx_host_atomic<T>(p, [](T old, T y) { return y < old ? y : old; }, x);
}
template <class T> static inline T atomicExch(T *p, typename std::common_type<T>::type x)
{
    return vx_host_atomic<T>(p, [](T, T y) { return y; }, x);
}

/* Reading, bits and arithmetic as the device names them */
template <class T> static inline T __ldg(const T *p) { return *p; }
template <class To, class From> static inline To vx_host_bits(From x)
{
    To y;
    static_assert(sizeof(To) == sizeof(From), "the same bits");
    std::memcpy(&y, &x, sizeof y);
    return y;
}
static inline int __float_as_int(float x) { return vx_host_bits<int>(x); }
static inline unsigned __float_as_uint(float x) { return vx_host_bits<unsigned>(x); }
static inline float __int_as_float(int x) { return vx_host_bits<float>(x); }
static inline float __uint_as_float(unsigned x) { return vx_host_bits<float>(x); }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __clz(int x) { return x ? __builtin_clz(static_cast<unsigned>(x)) : 32; }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return static_cast<unsigned>(static_cast<uint64_t>(a) * b >> 32); }
static inline float __fadd_rn(float a, float b) { return a + b; }
static inline float __fmul_rn(float a, float b) { return a * b; }
static inline float __fdiv_rn(float a, float b) { return a / b; }
static inline float __fsqrt_rn(float a) { return std::sqrt(a); }
static inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
static inline float __fdividef(float a, float b) { return a / b; }
#define __expf(x) std::exp(static_cast<float>(x)) /* macros: the C library declares functions of these names */
#define __logf(x) std::log(static_cast<float>(x))
#define __log10f(x) std::log10(static_cast<float>(x))
static inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1) : 0; }
static inline int __float2int_rn(float x) { return static_cast<int>(std::nearbyint(x)); }
static inline int __float2int_rz(float x) { return static_cast<int>(x); }
static inline int __float2int_rd(float x) { return static_cast<int>(std::floor(x)); }
static inline int __float2int_ru(float x) { return static_cast<int>(std::ceil(x)); }
static inline float __int2float_rn(int x) { return static_cast<float>(x); }
static inline float rsqrtf(float x) { return 1.0F / std::sqrt(x); }
static inline float cospif(float x) { return static_cast<float>(std::cos(M_PI * x)); }
static inline float sinpif(float x) { return static_cast<float>(std::sin(M_PI * x)); }

template <class A, class B> static inline typename std::common_type<A, B>::type min(A a, B b)
{
    const typename std::common_type<A, B>::type x = a, y = b;
    return y < x ? y : x;
}
template <class A, class B> static inline typename std::common_type<A, B>::type max(A a, B b)
{
    const typename std::common_type<A, B>::type x = a, y = b;
    return x < y ? y : x;
}

#endif
