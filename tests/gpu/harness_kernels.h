/* harness_kernels.h - kernels, right and wrong ones, that the harness is tested with */
#ifndef VX_TESTS_GPU_HARNESS_KERNELS_H
#define VX_TESTS_GPU_HARNESS_KERNELS_H

#include <cuda_runtime_api.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* in [rows][c] → out [rows][c] half bits: (x − mean)/sqrt(var + eps), a block of 64 threads a row */
void test_norm(cudaStream_t stream, const float *in, int rows, int c, float eps, uint16_t *out);

/* out [blocks][threads]: in of the thread's mirror image in its block, through shared memory; barrier 0: without the barrier that needs */
void test_mirror(cudaStream_t stream, const float *in, int blocks, int threads, int barrier, float *out);

/* Every thread adds 1 to *sum and maximises *most by its number; out [blocks·threads] gets threadIdx.x, n of them */
void test_count(cudaStream_t stream, unsigned blocks, unsigned threads, unsigned n, int *sum, unsigned long long *most, unsigned *out);

/* What the warp operations give, [operation][thread] for 64 threads */
enum { TEST_SHFL, TEST_DOWN, TEST_UP, TEST_XOR, TEST_XOR8, TEST_BALLOT, TEST_COUNT, TEST_OR, TEST_AND, TEST_WARP_OPERATIONS };
void test_warp(cudaStream_t stream, unsigned *out);

/* Breaks a rule: see enum */
enum test_wrong {
    WRONG_BARRIER_SOME,  /* a barrier that only half of the threads reach */
    WRONG_SHUFFLE_SOME,  /* a shuffle that half of a warp reaches */
    WRONG_SHUFFLE_MIXED, /* two shuffles, half of a warp in each */
    WRONG_MASK,          /* a mask of 16 lanes */
    WRONG_WRITE_BEHIND,  /* out[bytes/4], out of bytes */
    WRONG_WRITE_BEFORE   /* out[-1] */
};
void test_break(cudaStream_t stream, enum test_wrong wrong, unsigned *out, unsigned n);

/* A launch as asked for, of a kernel that does nothing */
void test_launch(cudaStream_t stream, unsigned gx, unsigned gy, unsigned bx, unsigned bz, unsigned shared);

/* out[i] = in[i] + add, n of them: work whose order tells */
void test_add(cudaStream_t stream, const float *in, float add, unsigned n, float *out);

#ifdef __cplusplus
}
#endif

#endif
