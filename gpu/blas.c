#include "gpu/blas.h"

#include "base/mem.h"

#include <assert.h>
#include <cublasLt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WORKSPACE ((size_t)8 << 20) /* bytes that an algorithm may ask for, a lane */
#define CANDIDATES 8                    /* algorithms that the heuristic is asked for */

/* cuBLASLt counts columns first: what is [rows][in_f] to us is in_f x rows to it, so out = W·in there, W being the transpose of
 * what lies in memory, and the bias runs along its columns. */
struct product {
    struct vx_gpu_product is;
    cublasLtMatmulDesc_t operation;
    cublasLtMatrixLayout_t weight, in, out;
    cublasLtMatmulAlgo_t algorithm;
    size_t workspace;
    char choice[96];
};

struct vx_gpu_blas {
    cublasLtHandle_t handle;
    enum vx_gpu_type type;
    int capacity, n;
    size_t workspace;
    struct product *product; /* [capacity] */
};

static enum vx_status check(cublasStatus_t code, const char *what, struct vx_err *err)
{
    enum vx_status status = VX_ESYS;

    if (code == CUBLAS_STATUS_SUCCESS)
        return VX_OK;
    (void)cudaGetLastError(); /* not to be taken for a later launch's */
    if (code == CUBLAS_STATUS_ALLOC_FAILED)
        status = VX_ENOMEM;
    else if (code == CUBLAS_STATUS_NOT_SUPPORTED || code == CUBLAS_STATUS_ARCH_MISMATCH)
        status = VX_EUNSUPPORTED;
    return vx_fail(err, status, "cuBLASLt, %s: error %d (cublasStatus_t in cublas_api.h)", what, (int)code);
}

static cudaDataType_t data_type(enum vx_gpu_type type)
{
    switch (type) {
    case VX_GPU_F32:
        return CUDA_R_32F;
    case VX_GPU_F16:
        return CUDA_R_16F;
    case VX_GPU_BF16:
        break;
    }
    return CUDA_R_16BF;
}

static cublasLtEpilogue_t epilogue(enum vx_gpu_epilogue e)
{
    return e == VX_GPU_BIAS_GELU ? CUBLASLT_EPILOGUE_GELU_BIAS : CUBLASLT_EPILOGUE_BIAS;
}

enum vx_status vx_gpu_blas_create(struct vx_gpu_blas **out, enum vx_gpu_type type, int capacity, struct vx_err *err)
{
    struct vx_gpu_blas *b = vx_calloc(1, sizeof *b);
    enum vx_status rc;

    *out = NULL;
    if (!b || !(b->product = vx_calloc((size_t)capacity, sizeof *b->product))) {
        rc = vx_fail_nomem(err, "matrix products");
        goto done;
    }
    b->type = type;
    b->capacity = capacity;
    if ((rc = check(cublasLtCreate(&b->handle), "start", err)) != VX_OK) {
        b->handle = NULL;
        goto done;
    }
    *out = b;
    b = NULL;
done:
    vx_gpu_blas_destroy(&b);
    return rc;
}

static void clear(struct product *p)
{
    if (p->operation)
        (void)cublasLtMatmulDescDestroy(p->operation);
    if (p->weight)
        (void)cublasLtMatrixLayoutDestroy(p->weight);
    if (p->in)
        (void)cublasLtMatrixLayoutDestroy(p->in);
    if (p->out)
        (void)cublasLtMatrixLayoutDestroy(p->out);
    *p = (struct product){0};
}

void vx_gpu_blas_destroy(struct vx_gpu_blas **blas)
{
    struct vx_gpu_blas *b = *blas;

    if (!b)
        return;
    for (int i = 0; b->product && i < b->capacity; i++)
        clear(&b->product[i]);
    if (b->handle)
        (void)cublasLtDestroy(b->handle);
    free(b->product);
    free(b);
    *blas = NULL;
}

static enum vx_status layout(cublasLtMatrixLayout_t *out, enum vx_gpu_type type, int rows, int width, struct vx_err *err)
{
    const enum vx_status rc = check(cublasLtMatrixLayoutCreate(out, data_type(type), (uint64_t)width, (uint64_t)rows, width),
                                    "a matrix layout", err);

    if (rc != VX_OK)
        *out = NULL;
    return rc;
}

static enum vx_status describe(struct product *p, enum vx_gpu_type type, struct vx_err *err)
{
    const struct {
        cublasLtMatmulDescAttributes_t name;
        const void *value;
        size_t size;
    } attributes[] = {
        {CUBLASLT_MATMUL_DESC_TRANSA, &(cublasOperation_t){CUBLAS_OP_T}, sizeof(cublasOperation_t)},
        {CUBLASLT_MATMUL_DESC_TRANSB, &(cublasOperation_t){CUBLAS_OP_N}, sizeof(cublasOperation_t)},
        {CUBLASLT_MATMUL_DESC_EPILOGUE, &(cublasLtEpilogue_t){epilogue(p->is.epilogue)}, sizeof(cublasLtEpilogue_t)},
        {CUBLASLT_MATMUL_DESC_BIAS_POINTER, &p->is.bias, sizeof p->is.bias},
    };
    enum vx_status rc;

    if ((rc = check(cublasLtMatmulDescCreate(&p->operation, CUBLAS_COMPUTE_32F, CUDA_R_32F), "a product", err)) != VX_OK) {
        p->operation = NULL;
        return rc;
    }
    for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++)
        if ((rc = check(cublasLtMatmulDescSetAttribute(p->operation, attributes[i].name, attributes[i].value,
                                                       attributes[i].size), "a product's attribute", err)) != VX_OK)
            return rc;
    if ((rc = layout(&p->weight, type, p->is.out_f, p->is.in_f, err)) != VX_OK ||
        (rc = layout(&p->in, type, p->is.rows, p->is.in_f, err)) != VX_OK)
        return rc;
    return layout(&p->out, type, p->is.rows, p->is.out_f, err);
}

static uint32_t setting(const cublasLtMatmulAlgo_t *algorithm, cublasLtMatmulAlgoConfigAttributes_t name)
{
    uint32_t value = 0;
    size_t written;

    return cublasLtMatmulAlgoConfigGetAttribute(algorithm, name, &value, sizeof value, &written) == CUBLAS_STATUS_SUCCESS ? value
                                                                                                                          : 0;
}

static void take(struct product *p, const cublasLtMatmulHeuristicResult_t *found)
{
    const cublasLtMatmulAlgo_t *a = &found->algo;

    p->algorithm = *a;
    p->workspace = found->workspaceSize;
    snprintf(p->choice, sizeof p->choice, "algorithm %u, tile %u, stages %u, split-K %u, workspace %zu",
             setting(a, CUBLASLT_ALGO_CONFIG_ID), setting(a, CUBLASLT_ALGO_CONFIG_TILE_ID),
             setting(a, CUBLASLT_ALGO_CONFIG_STAGES_ID), setting(a, CUBLASLT_ALGO_CONFIG_SPLITK_NUM), found->workspaceSize);
}

/* The heuristic's first answer that reduces by one of the schemes in the mask; *found is false when there is none. */
static enum vx_status ask(const struct vx_gpu_blas *b, struct product *p, uint32_t schemes, int *found, struct vx_err *err)
{
    const size_t most = MAX_WORKSPACE;
    cublasLtMatmulHeuristicResult_t results[CANDIDATES] = {0};
    cublasLtMatmulPreference_t preference;
    enum vx_status rc;
    int n = 0;

    *found = 0;
    if ((rc = check(cublasLtMatmulPreferenceCreate(&preference), "a preference", err)) != VX_OK)
        return rc;
    if ((rc = check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most,
                                                         sizeof most), "a preference", err)) == VX_OK &&
        (rc = check(cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &schemes,
                                                         sizeof schemes), "a preference", err)) == VX_OK) {
        const cublasStatus_t code = cublasLtMatmulAlgoGetHeuristic(b->handle, p->operation, p->weight, p->in, p->out, p->out,
                                                                   preference, CANDIDATES, results, &n);
        if (code != CUBLAS_STATUS_NOT_SUPPORTED) /* which is its way to say that there is none */
            rc = check(code, "choice of an algorithm", err);
    }
    (void)cublasLtMatmulPreferenceDestroy(preference);
    for (int i = 0; rc == VX_OK && i < n && !*found; i++)
        if (results[i].state == CUBLAS_STATUS_SUCCESS) {
            take(p, &results[i]);
            *found = 1;
        }
    return rc;
}

static int same_shape(const struct vx_gpu_product *a, const struct vx_gpu_product *b)
{
    return a->rows == b->rows && a->in_f == b->in_f && a->out_f == b->out_f && a->epilogue == b->epilogue;
}

/* A sum in one piece; else in pieces that are added in a fixed order. In place (by atomic additions) the order is anybody's guess. */
static enum vx_status choose(const struct vx_gpu_blas *b, struct product *p, struct vx_err *err)
{
    static const uint32_t schemes[] = {CUBLASLT_REDUCTION_SCHEME_NONE,
                                       CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE | CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE};
    enum vx_status rc = VX_OK;
    int found = 0;

    for (int i = 0; i < b->n; i++)
        if (same_shape(&b->product[i].is, &p->is)) {
            p->algorithm = b->product[i].algorithm;
            p->workspace = b->product[i].workspace;
            memcpy(p->choice, b->product[i].choice, sizeof p->choice);
            return VX_OK;
        }
    for (size_t i = 0; i < 2 && rc == VX_OK && !found; i++)
        rc = ask(b, p, schemes[i], &found, err);
    if (rc == VX_OK && !found)
        rc = vx_fail(err, VX_EUNSUPPORTED, "cuBLASLt has no algorithm for a product of %d x %d x %d on this device; try another "
                     "--precision", p->is.rows, p->is.in_f, p->is.out_f);
    return rc;
}

enum vx_status vx_gpu_blas_add(struct vx_gpu_blas *b, const struct vx_gpu_product *product, int *index, struct vx_err *err)
{
    struct product *p = &b->product[b->n];
    enum vx_status rc;

    assert(b->n < b->capacity);
    p->is = *product;
    if ((rc = describe(p, b->type, err)) != VX_OK || (rc = choose(b, p, err)) != VX_OK) {
        clear(p);
        return rc;
    }
    if (p->workspace > b->workspace)
        b->workspace = p->workspace;
    *index = b->n++;
    return VX_OK;
}

size_t vx_gpu_blas_workspace(const struct vx_gpu_blas *b)
{
    return b->workspace;
}

const char *vx_gpu_blas_choice(const struct vx_gpu_blas *b, int index)
{
    return b->product[index].choice;
}

enum vx_status vx_gpu_blas_run(const struct vx_gpu_blas *b, cudaStream_t stream, int index, const void *in, void *out,
                               void *workspace, struct vx_err *err)
{
    const struct product *p = &b->product[index];
    const float alpha = 1, beta = p->is.epilogue == VX_GPU_BIAS_ADD ? 1 : 0;

    return check(cublasLtMatmul(b->handle, p->operation, &alpha, p->is.weight, p->weight, in, p->in, &beta, out, p->out, out,
                                p->out, &p->algorithm, workspace, p->workspace, stream),
                 "a product", err);
}
