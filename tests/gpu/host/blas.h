/* blas.h - what cuBLASLt's descriptors hold here, and the product that they describe
 * blas_describe.c keeps descriptors, blas_matmul.c checks and computes. A matrix is column-major unless its order says row. */
#ifndef VX_TESTS_GPU_HOST_BLAS_H
#define VX_TESTS_GPU_HOST_BLAS_H

#include <cublasLt.h>
#include <stdint.h>

struct vx_host_matrix { /* a cublasLtMatrixLayout_t points to one */
    cudaDataType type;
    cublasLtOrder_t order;
    uint64_t rows, cols;
    int64_t ld;
};

struct vx_host_matmul { /* a cublasLtMatmulDesc_t points to one */
    cublasComputeType_t compute;
    cudaDataType scale;
    cublasOperation_t transa, transb;
    cublasLtEpilogue_t epilogue;
    const void *bias;
    int32_t bias_type; /* -1: that of D */
};

struct vx_host_preference { /* a cublasLtMatmulPreference_t points to one */
    uint64_t workspace;
    uint32_t alignment[4]; /* of A, B, C, D in bytes */
    uint32_t schemes;      /* by which sums in pieces may be added; here none is cut */
};

static inline const struct vx_host_matrix *vx_host_matrix_of(cublasLtMatrixLayout_t layout)
{
    return (const struct vx_host_matrix *)(const void *)layout;
}

static inline const struct vx_host_matmul *vx_host_matmul_of(cublasLtMatmulDesc_t desc)
{
    return (const struct vx_host_matmul *)(const void *)desc;
}

/* 0 for a type that is not float, half or bfloat16 */
static inline size_t vx_host_element(cudaDataType type)
{
    return type == CUDA_R_32F ? 4 : type == CUDA_R_16F || type == CUDA_R_16BF ? 2 : 0;
}

#endif
