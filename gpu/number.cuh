/* number.cuh - float, half and bfloat16 as kernels store them: always computed with as float
 * A kernel is a template over T and moves elements one at a time or in pairs; n even and pointers at a pair's alignment are the
 * caller's duty where pairs are used. */
#ifndef VX_GPU_NUMBER_CUH
#define VX_GPU_NUMBER_CUH

#include <cuda_bf16.h>
#include <cuda_fp16.h>

__device__ inline float vx_load(const float *p) { return *p; }
__device__ inline float vx_load(const __half *p) { return __half2float(*p); }
__device__ inline float vx_load(const __nv_bfloat16 *p) { return __bfloat162float(*p); }

__device__ inline void vx_store(float *p, float x) { *p = x; }
__device__ inline void vx_store(__half *p, float x) { *p = __float2half_rn(x); }
__device__ inline void vx_store(__nv_bfloat16 *p, float x) { *p = __float2bfloat16_rn(x); }

__device__ inline float2 vx_load2(const float *p) { return *reinterpret_cast<const float2 *>(p); }
__device__ inline float2 vx_load2(const __half *p) { return __half22float2(*reinterpret_cast<const __half2 *>(p)); }
__device__ inline float2 vx_load2(const __nv_bfloat16 *p) { return __bfloat1622float2(*reinterpret_cast<const __nv_bfloat162 *>(p)); }

__device__ inline void vx_store2(float *p, float2 x) { *reinterpret_cast<float2 *>(p) = x; }
__device__ inline void vx_store2(__half *p, float2 x) { *reinterpret_cast<__half2 *>(p) = __float22half2_rn(x); }
__device__ inline void vx_store2(__nv_bfloat16 *p, float2 x) { *reinterpret_cast<__nv_bfloat162 *>(p) = __float22bfloat162_rn(x); }

#endif
