/* cublasLtMatmul(): D = epilogue(alpha·op(A)·op(B) + beta·C), products and sums in float, one after another along k */
#include "model/half.h"
#include "tests/gpu/host/blas.h"
#include "tests/gpu/host/device.h"
#include "tests/gpu/host/stream.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WORKSPACE = 64 << 10 }; /* what the first algorithm offered wants, if it may */

static const uint64_t magic = 0x766F7874;

struct product {
    struct vx_host_matmul op;
    struct vx_host_matrix a, b, c, d;
    float alpha, beta;
    const void *pa, *pb, *pc;
    void *pd, *workspace;
    uint64_t workspace_bytes;
    uint64_t m, n, k;
};

static float read_element(cudaDataType type, const void *p, size_t at)
{
    if (type == CUDA_R_32F)
        return ((const float *)p)[at];
    return type == CUDA_R_16F ? vx_f16_to_float(((const uint16_t *)p)[at]) : vx_bf16_to_float(((const uint16_t *)p)[at]);
}

static void write_element(cudaDataType type, void *p, size_t at, float x)
{
    if (type == CUDA_R_32F)
        ((float *)p)[at] = x;
    else
        ((uint16_t *)p)[at] = type == CUDA_R_16F ? vx_f16_from_float(x) : vx_bf16_from_float(x);
}

static size_t place(const struct vx_host_matrix *x, uint64_t row, uint64_t col)
{
    return x->order == CUBLASLT_ORDER_COL ? col * (uint64_t)x->ld + row : row * (uint64_t)x->ld + col;
}

/* TF32 has 10 bits behind the point; the others are read as they are */
static float factor(const struct product *p, const struct vx_host_matrix *x, const void *data, uint64_t row, uint64_t col)
{
    const float value = read_element(x->type, data, place(x, row, col));

    if (p->op.compute != CUBLAS_COMPUTE_32F_FAST_TF32 || x->type != CUDA_R_32F || !isfinite(value))
        return value;
    return vx_float_from_bits((vx_float_bits(value) + 0x0FFF + (vx_float_bits(value) >> 13 & 1)) & 0xFFFFE000);
}

/* CUBLASLT_EPILOGUE_GELU is the tanh approximation (cuBLAS manual, cublasLtEpilogue_t) */
static float gelu(float x)
{
    return 0.5F * x * (1 + tanhf(0.797884561F * (x + 0.044715F * x * x * x)));
}

static float finish(const struct product *p, float sum, uint64_t row, uint64_t col)
{
    float x = p->alpha * sum;

    if (p->beta != 0)
        x += p->beta * read_element(p->c.type, p->pc, place(&p->c, row, col));
    if (p->op.epilogue & CUBLASLT_EPILOGUE_BIAS)
        x += read_element(p->d.type, p->op.bias, row);
    return p->op.epilogue & CUBLASLT_EPILOGUE_GELU ? gelu(x) : x;
}

/* A column of D at a time. Sums of one element run along k in order, whatever the shape, so they do not depend on n. */
static void compute(const struct product *p, float *a, float *sum)
{
    for (uint64_t l = 0; l < p->k; l++)
        for (uint64_t i = 0; i < p->m; i++)
            a[l * p->m + i] = p->op.transa == CUBLAS_OP_N ? factor(p, &p->a, p->pa, i, l) : factor(p, &p->a, p->pa, l, i);
    for (uint64_t j = 0; j < p->n; j++) {
        memset(sum, 0, p->m * sizeof *sum);
        for (uint64_t l = 0; l < p->k; l++) {
            const float b = p->op.transb == CUBLAS_OP_N ? factor(p, &p->b, p->pb, l, j) : factor(p, &p->b, p->pb, j, l);
            for (uint64_t i = 0; i < p->m; i++)
                sum[i] += a[l * p->m + i] * b;
        }
        for (uint64_t i = 0; i < p->m; i++)
            write_element(p->d.type, p->pd, place(&p->d, i, j), finish(p, sum[i], i, j));
    }
}

static void run_product(const void *closure)
{
    const struct product *p = closure;
    float *a = malloc((p->k + 1) * p->m * sizeof *a);

    if (!a) {
        vx_host_report(cudaErrorLaunchFailure, "cublasLtMatmul: no memory for %llu × %llu numbers", (unsigned long long)p->m,
                       (unsigned long long)p->k);
        return;
    }
    if (p->workspace_bytes)
        vx_host_poison(p->workspace, p->workspace_bytes);
    compute(p, a, a + p->k * p->m);
    free(a);
}

static bool well_formed(const struct vx_host_matrix *x)
{
    const uint64_t along = x->order == CUBLASLT_ORDER_COL ? x->rows : x->cols;

    return vx_host_element(x->type) && x->rows > 0 && x->cols > 0 && x->ld >= 0 && (uint64_t)x->ld >= along &&
           (x->order == CUBLASLT_ORDER_COL || x->order == CUBLASLT_ORDER_ROW);
}

static bool same_shape(const struct vx_host_matrix *x, const struct vx_host_matrix *y)
{
    return x->type == y->type && x->order == y->order && x->rows == y->rows && x->cols == y->cols;
}

/* What the library would say of such a product. The bias is of D's type and along its rows (cublasLt.h). */
static cublasStatus_t check_kind(const struct vx_host_matmul *op, const struct vx_host_matrix *a, const struct vx_host_matrix *b,
                                 const struct vx_host_matrix *c, const struct vx_host_matrix *d)
{
    const uint64_t m = op->transa == CUBLAS_OP_N ? a->rows : a->cols, k = op->transa == CUBLAS_OP_N ? a->cols : a->rows;
    const uint64_t n = op->transb == CUBLAS_OP_N ? b->cols : b->rows, l = op->transb == CUBLAS_OP_N ? b->rows : b->cols;

    if (!well_formed(a) || !well_formed(b) || !well_formed(c) || !well_formed(d) || k != l || d->rows != m || d->cols != n ||
        !same_shape(c, d))
        return CUBLAS_STATUS_INVALID_VALUE;
    if (a->type != b->type || (d->type != a->type && d->type != CUDA_R_32F) || op->scale != CUDA_R_32F)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (op->compute != CUBLAS_COMPUTE_32F && op->compute != CUBLAS_COMPUTE_32F_PEDANTIC && op->compute != CUBLAS_COMPUTE_32F_FAST_TF32)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (op->epilogue != CUBLASLT_EPILOGUE_DEFAULT && op->epilogue != CUBLASLT_EPILOGUE_BIAS && op->epilogue != CUBLASLT_EPILOGUE_GELU &&
        op->epilogue != CUBLASLT_EPILOGUE_GELU_BIAS)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (op->epilogue != CUBLASLT_EPILOGUE_DEFAULT && d->order != CUBLASLT_ORDER_COL)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if ((op->epilogue & CUBLASLT_EPILOGUE_BIAS) && op->bias_type != -1 && op->bias_type != (int32_t)d->type)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    return CUBLAS_STATUS_SUCCESS;
}

/* What an algorithm was asked for: it serves nothing else. */
static uint64_t fingerprint(const struct vx_host_matmul *op, const struct vx_host_matrix *const matrix[4])
{
    const uint64_t parts[] = {(uint64_t)op->compute, (uint64_t)op->transa, (uint64_t)op->transb, (uint64_t)op->epilogue};
    uint64_t hash = 0xCBF29CE484222325;

    for (size_t i = 0; i < 4; i++)
        hash = (hash ^ parts[i]) * 0x100000001B3;
    for (size_t i = 0; i < 4; i++) {
        const struct vx_host_matrix *x = matrix[i];
        const uint64_t of[] = {(uint64_t)x->type, (uint64_t)x->order, x->rows, x->cols, (uint64_t)x->ld};
        for (size_t j = 0; j < 5; j++)
            hash = (hash ^ of[j]) * 0x100000001B3;
    }
    return hash;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, cublasLtMatrixLayout_t a,
                                              cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preference, int wanted,
                                              cublasLtMatmulHeuristicResult_t results[], int *found)
{
    const cudaError_t code = vx_host_enter("cublasLtMatmulAlgoGetHeuristic");
    const struct vx_host_matrix *const matrix[4] = {vx_host_matrix_of(a), vx_host_matrix_of(b), vx_host_matrix_of(c), vx_host_matrix_of(d)};
    const struct vx_host_preference *limits = (const struct vx_host_preference *)(const void *)preference;
    const struct vx_host_matmul *op = vx_host_matmul_of(desc);
    cublasStatus_t status = CUBLAS_STATUS_INVALID_VALUE;

    *found = 0;
    if (code != cudaSuccess)
        status = CUBLAS_STATUS_INTERNAL_ERROR;
    else if (handle && op && limits && wanted > 0)
        status = check_kind(op, matrix[0], matrix[1], matrix[2], matrix[3]);
    for (int i = 0; status == CUBLAS_STATUS_SUCCESS && i < wanted && i < 2; i++) { /* one with a workspace, one without */
        const uint64_t bytes = i == 0 && limits->workspace >= WORKSPACE ? WORKSPACE : 0;
        memset(&results[i], 0, sizeof results[i]);
        results[i].algo = (cublasLtMatmulAlgo_t){{magic, fingerprint(op, matrix), bytes, limits->alignment[0], limits->alignment[1],
                                                  limits->alignment[2], limits->alignment[3], (uint64_t)i}};
        results[i].workspaceSize = bytes;
        results[i].state = CUBLAS_STATUS_SUCCESS;
        results[i].wavesCount = 1;
        *found = i + 1;
    }
    (void)vx_host_leave(cudaSuccess);
    return status;
}

/* Its number, in one piece; tiles and stages there are none. */
cublasStatus_t cublasLtMatmulAlgoConfigGetAttribute(const cublasLtMatmulAlgo_t *algo, cublasLtMatmulAlgoConfigAttributes_t attribute,
                                                    void *value, size_t bytes, size_t *written)
{
    const uint32_t number = (uint32_t)algo->data[7], answer = attribute == CUBLASLT_ALGO_CONFIG_ID          ? number
                                                              : attribute == CUBLASLT_ALGO_CONFIG_SPLITK_NUM ? 1
                                                                                                             : 0;

    if (algo->data[0] != magic || bytes != sizeof answer)
        return CUBLAS_STATUS_INVALID_VALUE;
    memcpy(value, &answer, sizeof answer);
    *written = sizeof answer;
    return CUBLAS_STATUS_SUCCESS;
}

static bool on_device(const char *which, const struct vx_host_matrix *x, const void *p)
{
    const uint64_t across = x->order == CUBLASLT_ORDER_COL ? x->cols : x->rows, along = x->order == CUBLASLT_ORDER_COL ? x->rows : x->cols;
    bool inside;

    if (vx_host_kind_of(p, ((across - 1) * (uint64_t)x->ld + along) * vx_host_element(x->type), &inside) == VX_HOST_DEVICE && inside)
        return true;
    vx_host_report(cudaSuccess, "cublasLtMatmul: %s, %llu × %llu, does not lie on the device", which, (unsigned long long)x->rows,
                   (unsigned long long)x->cols);
    return false;
}

/* Pointers, and that the algorithm is one for this product */
static cublasStatus_t check_call(const struct product *p, const cublasLtMatmulAlgo_t *algo)
{
    const struct vx_host_matrix *const matrix[4] = {&p->a, &p->b, &p->c, &p->d};
    const void *const data[4] = {p->pa, p->pb, p->pc, p->pd};
    static const char *const names[4] = {"A", "B", "C", "D"};
    const struct vx_host_matrix bias = {p->d.type, CUBLASLT_ORDER_COL, p->m, 1, (int64_t)p->m};
    bool inside;

    for (int i = 0; i < 4; i++) {
        if (i == 2 && p->beta == 0)
            continue; /* not read */
        if (!on_device(names[i], matrix[i], data[i]))
            return CUBLAS_STATUS_INVALID_VALUE;
        if (algo && (uintptr_t)data[i] % algo->data[3 + i] != 0) {
            vx_host_report(cudaSuccess, "cublasLtMatmul: %s is not at a multiple of %u bytes, as the preference said", names[i],
                           (unsigned)algo->data[3 + i]);
            return CUBLAS_STATUS_INVALID_VALUE;
        }
    }
    if ((p->op.epilogue & CUBLASLT_EPILOGUE_BIAS) && !on_device("the bias", &bias, p->op.bias))
        return CUBLAS_STATUS_INVALID_VALUE;
    if (algo && (algo->data[0] != magic || algo->data[1] != fingerprint(&p->op, matrix) || algo->data[2] > p->workspace_bytes)) {
        vx_host_report(cudaSuccess, "cublasLtMatmul: the algorithm is one for another product, or for more workspace");
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    if (p->workspace_bytes && ((uintptr_t)p->workspace % 256 != 0 ||
                               vx_host_kind_of(p->workspace, p->workspace_bytes, &inside) != VX_HOST_DEVICE || !inside)) {
        vx_host_report(cudaSuccess, "cublasLtMatmul: the workspace is not on the device, or not at a multiple of 256 bytes");
        return CUBLAS_STATUS_INVALID_VALUE;
    }
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc, const void *alpha, const void *A, cublasLtMatrixLayout_t a,
                              const void *B, cublasLtMatrixLayout_t b, const void *beta, const void *C, cublasLtMatrixLayout_t c, void *D,
                              cublasLtMatrixLayout_t d, const cublasLtMatmulAlgo_t *algo, void *workspace, size_t workspace_bytes,
                              cudaStream_t stream)
{
    const cudaError_t code = vx_host_enter("cublasLtMatmul");
    cublasStatus_t status = CUBLAS_STATUS_INVALID_VALUE;

    if (code != cudaSuccess)
        status = CUBLAS_STATUS_EXECUTION_FAILED;
    else if (handle && desc && a && b && c && d && alpha && beta)
        status = check_kind(vx_host_matmul_of(desc), vx_host_matrix_of(a), vx_host_matrix_of(b), vx_host_matrix_of(c), vx_host_matrix_of(d));
    if (status == CUBLAS_STATUS_SUCCESS) {
        struct product p = {.op = *vx_host_matmul_of(desc), .a = *vx_host_matrix_of(a), .b = *vx_host_matrix_of(b),
                            .c = *vx_host_matrix_of(c), .d = *vx_host_matrix_of(d), .pa = A, .pb = B, .pc = C, .pd = D,
                            .workspace = workspace, .workspace_bytes = workspace_bytes};
        memcpy(&p.alpha, alpha, sizeof p.alpha);
        memcpy(&p.beta, beta, sizeof p.beta);
        p.m = p.d.rows;
        p.n = p.d.cols;
        p.k = p.op.transa == CUBLAS_OP_N ? p.a.cols : p.a.rows;
        status = check_call(&p, algo);
        if (status == CUBLAS_STATUS_SUCCESS && vx_host_enqueue(stream, run_product, &p, sizeof p) != cudaSuccess)
            status = CUBLAS_STATUS_EXECUTION_FAILED;
    }
    (void)vx_host_leave(cudaSuccess);
    return status;
}
