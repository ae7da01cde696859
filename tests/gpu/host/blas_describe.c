#include "tests/gpu/host/blas.h"
#include "tests/gpu/host/device.h"

#include <stdlib.h>
#include <string.h>

struct attribute {
    int name;
    size_t offset, size;
};

#define FIELD(name, type, field) {name, offsetof(type, field), sizeof(((type *)0)->field)}

static cublasStatus_t finish(cudaError_t code, cublasStatus_t status)
{
    (void)vx_host_leave(cudaSuccess);
    if (code == cudaErrorMemoryAllocation)
        return CUBLAS_STATUS_ALLOC_FAILED;
    return code == cudaSuccess ? status : CUBLAS_STATUS_INTERNAL_ERROR;
}

static void *create(const char *call, const void *value, size_t bytes, cublasStatus_t *status)
{
    const cudaError_t code = vx_host_enter(call);
    void *p = code == cudaSuccess ? malloc(bytes) : NULL;

    if (p) {
        memcpy(p, value, bytes);
        vx_host_note_object(1);
    }
    *status = finish(code, p ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED);
    return p;
}

static cublasStatus_t destroy(const char *call, void *p)
{
    (void)vx_host_enter(call);
    if (p)
        vx_host_note_object(-1);
    free(p);
    return finish(cudaSuccess, CUBLAS_STATUS_SUCCESS);
}

/* An attribute that is not in the table may exist in the library; what it does is not known here, so it is an error. */
static cublasStatus_t set(const char *call, void *object, const struct attribute *table, size_t n, int name, const void *value,
                          size_t size)
{
    const cudaError_t code = vx_host_enter(call);

    for (size_t i = 0; i < n; i++)
        if (table[i].name == name && value && size == table[i].size) {
            memcpy((char *)object + table[i].offset, value, size);
            return finish(code, CUBLAS_STATUS_SUCCESS);
        }
    vx_host_report(cudaSuccess, "%s: attribute %d of %zu bytes is not known here", call, name, size);
    return finish(code, CUBLAS_STATUS_INVALID_VALUE);
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)
{
    cublasStatus_t status;

    *handle = create("cublasLtCreate", "", 1, &status);
    return status;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle)
{
    return destroy("cublasLtDestroy", handle);
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, cudaDataType type, uint64_t rows, uint64_t cols, int64_t ld)
{
    const struct vx_host_matrix matrix = {type, CUBLASLT_ORDER_COL, rows, cols, ld};
    cublasStatus_t status;

    *layout = create("cublasLtMatrixLayoutCreate", &matrix, sizeof matrix, &status);
    return status;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout)
{
    return destroy("cublasLtMatrixLayoutDestroy", layout);
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t layout, cublasLtMatrixLayoutAttribute_t name, const void *value,
                                                size_t size)
{
    static const struct attribute table[] = {
        FIELD(CUBLASLT_MATRIX_LAYOUT_TYPE, struct vx_host_matrix, type),
        FIELD(CUBLASLT_MATRIX_LAYOUT_ORDER, struct vx_host_matrix, order),
        FIELD(CUBLASLT_MATRIX_LAYOUT_ROWS, struct vx_host_matrix, rows),
        FIELD(CUBLASLT_MATRIX_LAYOUT_COLS, struct vx_host_matrix, cols),
        FIELD(CUBLASLT_MATRIX_LAYOUT_LD, struct vx_host_matrix, ld),
    };

    return set("cublasLtMatrixLayoutSetAttribute", layout, table, sizeof table / sizeof *table, (int)name, value, size);
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *desc, cublasComputeType_t compute, cudaDataType_t scale)
{
    const struct vx_host_matmul matmul = {compute, scale, CUBLAS_OP_N, CUBLAS_OP_N, CUBLASLT_EPILOGUE_DEFAULT, NULL, -1};
    cublasStatus_t status;

    *desc = create("cublasLtMatmulDescCreate", &matmul, sizeof matmul, &status);
    return status;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc)
{
    return destroy("cublasLtMatmulDescDestroy", desc);
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc, cublasLtMatmulDescAttributes_t name, const void *value,
                                              size_t size)
{
    static const struct attribute table[] = {
        FIELD(CUBLASLT_MATMUL_DESC_COMPUTE_TYPE, struct vx_host_matmul, compute),
        FIELD(CUBLASLT_MATMUL_DESC_SCALE_TYPE, struct vx_host_matmul, scale),
        FIELD(CUBLASLT_MATMUL_DESC_TRANSA, struct vx_host_matmul, transa),
        FIELD(CUBLASLT_MATMUL_DESC_TRANSB, struct vx_host_matmul, transb),
        FIELD(CUBLASLT_MATMUL_DESC_EPILOGUE, struct vx_host_matmul, epilogue),
        FIELD(CUBLASLT_MATMUL_DESC_BIAS_POINTER, struct vx_host_matmul, bias),
        FIELD(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, struct vx_host_matmul, bias_type),
    };

    return set("cublasLtMatmulDescSetAttribute", desc, table, sizeof table / sizeof *table, (int)name, value, size);
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference)
{
    const struct vx_host_preference plain = {.alignment = {256, 256, 256, 256}, .schemes = CUBLASLT_REDUCTION_SCHEME_MASK};
    cublasStatus_t status;

    *preference = create("cublasLtMatmulPreferenceCreate", &plain, sizeof plain, &status);
    return status;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference)
{
    return destroy("cublasLtMatmulPreferenceDestroy", preference);
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t name,
                                                    const void *value, size_t size)
{
    static const struct attribute table[] = {
        FIELD(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, struct vx_host_preference, workspace),
        FIELD(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, struct vx_host_preference, alignment[0]),
        FIELD(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, struct vx_host_preference, alignment[1]),
        FIELD(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, struct vx_host_preference, alignment[2]),
        FIELD(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, struct vx_host_preference, alignment[3]),
        FIELD(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, struct vx_host_preference, schemes),
    };

    return set("cublasLtMatmulPreferenceSetAttribute", preference, table, sizeof table / sizeof *table, (int)name, value, size);
}

size_t cublasLtGetVersion(void)
{
    return CUBLAS_VERSION;
}

const char *cublasLtGetStatusName(cublasStatus_t status)
{
    switch (status) {
    case CUBLAS_STATUS_SUCCESS: return "CUBLAS_STATUS_SUCCESS";
    case CUBLAS_STATUS_NOT_INITIALIZED: return "CUBLAS_STATUS_NOT_INITIALIZED";
    case CUBLAS_STATUS_ALLOC_FAILED: return "CUBLAS_STATUS_ALLOC_FAILED";
    case CUBLAS_STATUS_INVALID_VALUE: return "CUBLAS_STATUS_INVALID_VALUE";
    case CUBLAS_STATUS_ARCH_MISMATCH: return "CUBLAS_STATUS_ARCH_MISMATCH";
    case CUBLAS_STATUS_MAPPING_ERROR: return "CUBLAS_STATUS_MAPPING_ERROR";
    case CUBLAS_STATUS_EXECUTION_FAILED: return "CUBLAS_STATUS_EXECUTION_FAILED";
    case CUBLAS_STATUS_INTERNAL_ERROR: return "CUBLAS_STATUS_INTERNAL_ERROR";
    case CUBLAS_STATUS_NOT_SUPPORTED: return "CUBLAS_STATUS_NOT_SUPPORTED";
    case CUBLAS_STATUS_LICENSE_ERROR: return "CUBLAS_STATUS_LICENSE_ERROR";
    }
    return "unknown cuBLAS status";
}

const char *cublasLtGetStatusString(cublasStatus_t status)
{
    return cublasLtGetStatusName(status);
}
