/* block.cuh - what the threads of a block find out together */
#ifndef VX_GPU_BLOCK_CUH
#define VX_GPU_BLOCK_CUH

/* The largest x of all threads, to all of them; warp [32] is shared memory, free again on return. Not a number loses against any
 * number that comes before it, so give each thread a number. */
__device__ inline float vx_block_max(float x, float *warp)
{
    for (int step = 16; step > 0; step /= 2) {
        const float other = __shfl_xor_sync(0xffffffffu, x, step);
        x = other > x ? other : x;
    }
    if (threadIdx.x % 32 == 0)
        warp[threadIdx.x / 32] = x;
    __syncthreads();
    x = warp[0];
    for (unsigned i = 1; i < blockDim.x / 32; i++)
        x = warp[i] > x ? warp[i] : x;
    __syncthreads();
    return x;
}

#endif
