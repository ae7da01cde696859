/* What stands for cuBLASLt and cuFFT, against their definitions. */
#include "tests/harness/cmocka.h"

#include "model/half.h"
#include "tests/gpu/host/host.h"

#include <cublasLt.h>
#include <cufft.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int begin(void **state)
{
    (void)state;
    vx_host_reset();
    return 0;
}

static int finish(void **state)
{
    (void)state;
    assert_int_equal(vx_host_bytes(), 0);
    assert_int_equal(vx_host_objects(), 0);
    return 0;
}

static float number(unsigned i)
{
    return (float)((i * 7919 + 13) % 97) / 48 - 1;
}

static size_t element(cudaDataType type)
{
    return type == CUDA_R_32F ? 4 : 2;
}

static float get(cudaDataType type, const void *p, size_t i)
{
    return type == CUDA_R_32F    ? ((const float *)p)[i]
           : type == CUDA_R_16F ? vx_f16_to_float(((const uint16_t *)p)[i])
                                : vx_bf16_to_float(((const uint16_t *)p)[i]);
}

/* n numbers on the device, and their values as stored in *host */
static void *fill(cudaDataType type, size_t n, unsigned salt, float **host)
{
    void *bytes = malloc(n * element(type)), *p = NULL;

    *host = malloc(n * sizeof **host);
    assert_true(bytes && *host);
    for (size_t i = 0; i < n; i++) {
        const float x = number((unsigned)i + salt);
        if (type == CUDA_R_32F)
            ((float *)bytes)[i] = x;
        else
            ((uint16_t *)bytes)[i] = type == CUDA_R_16F ? vx_f16_from_float(x) : vx_bf16_from_float(x);
        (*host)[i] = get(type, bytes, i);
    }
    assert_int_equal(cudaMalloc(&p, n * element(type)), cudaSuccess);
    assert_int_equal(cudaMemcpy(p, bytes, n * element(type), cudaMemcpyHostToDevice), cudaSuccess);
    free(bytes);
    return p;
}

struct product {
    cudaDataType in, out;
    cublasLtEpilogue_t epilogue;
    cublasOperation_t transa, transb;
    int m, n, k, pad; /* pad: added to every leading dimension */
    float alpha, beta;
};

struct described {
    cublasLtHandle_t handle;
    cublasLtMatmulDesc_t op;
    cublasLtMatrixLayout_t a, b, d;
    cublasLtMatmulPreference_t preference;
};

static void describe(struct described *x, const struct product *p, const void *bias)
{
    const int ar = p->transa == CUBLAS_OP_N ? p->m : p->k, ac = p->m + p->k - ar;
    const int br = p->transb == CUBLAS_OP_N ? p->k : p->n, bc = p->k + p->n - br;
    const uint32_t epilogue = p->epilogue, align = 4;
    const uint64_t workspace = 1 << 20;

    assert_int_equal(cublasLtCreate(&x->handle), 0);
    assert_int_equal(cublasLtMatmulDescCreate(&x->op, CUBLAS_COMPUTE_32F, CUDA_R_32F), 0);
    assert_int_equal(cublasLtMatmulDescSetAttribute(x->op, CUBLASLT_MATMUL_DESC_TRANSA, &p->transa, sizeof p->transa), 0);
    assert_int_equal(cublasLtMatmulDescSetAttribute(x->op, CUBLASLT_MATMUL_DESC_TRANSB, &p->transb, sizeof p->transb), 0);
    assert_int_equal(cublasLtMatmulDescSetAttribute(x->op, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue, sizeof epilogue), 0);
    assert_int_equal(cublasLtMatmulDescSetAttribute(x->op, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias), 0);
    assert_int_equal(cublasLtMatrixLayoutCreate(&x->a, p->in, (uint64_t)ar, (uint64_t)ac, ar + p->pad), 0);
    assert_int_equal(cublasLtMatrixLayoutCreate(&x->b, p->in, (uint64_t)br, (uint64_t)bc, br + p->pad), 0);
    assert_int_equal(cublasLtMatrixLayoutCreate(&x->d, p->out, (uint64_t)p->m, (uint64_t)p->n, p->m + p->pad), 0);
    assert_int_equal(cublasLtMatmulPreferenceCreate(&x->preference), 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(cublasLtMatmulPreferenceSetAttribute(
                             x->preference, (cublasLtMatmulPreferenceAttributes_t)(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES + i), &align,
                             sizeof align), 0);
    assert_int_equal(cublasLtMatmulPreferenceSetAttribute(x->preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace,
                                                          sizeof workspace), 0);
}

static void forget(struct described *x)
{
    cublasLtMatmulPreferenceDestroy(x->preference);
    cublasLtMatrixLayoutDestroy(x->a);
    cublasLtMatrixLayoutDestroy(x->b);
    cublasLtMatrixLayoutDestroy(x->d);
    cublasLtMatmulDescDestroy(x->op);
    cublasLtDestroy(x->handle);
}

static double expected(const struct product *p, const float *a, const float *b, const float *c, const float *bias, int i, int j)
{
    const int lda = (p->transa == CUBLAS_OP_N ? p->m : p->k) + p->pad, ldb = (p->transb == CUBLAS_OP_N ? p->k : p->n) + p->pad;
    double sum = 0;

    for (int l = 0; l < p->k; l++)
        sum += (double)a[p->transa == CUBLAS_OP_N ? l * lda + i : i * lda + l] * b[p->transb == CUBLAS_OP_N ? j * ldb + l : l * ldb + j];
    sum = sum * p->alpha + (p->beta != 0 ? p->beta * c[j * (p->m + p->pad) + i] : 0) + (p->epilogue & CUBLASLT_EPILOGUE_BIAS ? bias[i] : 0);
    return p->epilogue & CUBLASLT_EPILOGUE_GELU ? 0.5 * sum * (1 + tanh(sqrt(2 / M_PI) * (sum + 0.044715 * sum * sum * sum))) : sum;
}

static void check_product(const struct product *p)
{
    const int lda = (p->transa == CUBLAS_OP_N ? p->m : p->k) + p->pad, ldb = (p->transb == CUBLAS_OP_N ? p->k : p->n) + p->pad;
    const int ldd = p->m + p->pad;
    const double tolerance = p->out == CUDA_R_32F ? 1e-5 : p->out == CUDA_R_16F ? 1e-3 : 8e-3; /* a rounding of D */
    cublasLtMatmulHeuristicResult_t found[4];
    float *a, *b, *c, *bias;
    struct described x;
    void *workspace = NULL;
    int n = 0;

    void *a_d = fill(p->in, (size_t)(lda * (p->k + p->m)), 1, &a), *b_d = fill(p->in, (size_t)(ldb * (p->n + p->k)), 2, &b);
    void *d_d = fill(p->out, (size_t)(ldd * p->n), 3, &c), *bias_d = fill(p->out, (size_t)p->m, 4, &bias);
    describe(&x, p, bias_d);
    assert_int_equal(cublasLtMatmulAlgoGetHeuristic(x.handle, x.op, x.a, x.b, x.d, x.d, x.preference, 4, found, &n), 0);
    assert_true(n > 0);
    if (found[0].workspaceSize > 0)
        assert_int_equal(cudaMalloc(&workspace, found[0].workspaceSize), cudaSuccess);
    assert_int_equal(cublasLtMatmul(x.handle, x.op, &p->alpha, a_d, x.a, b_d, x.b, &p->beta, d_d, x.d, d_d, x.d, &found[0].algo, workspace,
                                    found[0].workspaceSize, NULL), 0);
    void *out = malloc((size_t)(ldd * p->n) * element(p->out));
    assert_int_equal(cudaMemcpy(out, d_d, (size_t)(ldd * p->n) * element(p->out), cudaMemcpyDeviceToHost), cudaSuccess);
    for (int j = 0; j < p->n; j++)
        for (int i = 0; i < ldd; i++) {
            const double want = i < p->m ? expected(p, a, b, c, bias, i, j) : c[j * ldd + i]; /* what lies between columns stays */
            assert_true(fabs(get(p->out, out, (size_t)(j * ldd + i)) - want) <= tolerance * (1 + fabs(want)));
        }
    free(out);
    forget(&x);
    cudaFree(a_d), cudaFree(b_d), cudaFree(d_d), cudaFree(bias_d), cudaFree(workspace);
    free(a), free(b), free(c), free(bias);
}

static void test_products(void **state)
{
    static const int shapes[][3] = {{1, 1, 1}, {7, 5, 3}, {32, 33, 31}, {65, 2, 17}, {3, 40, 64}};
    static const cudaDataType types[][2] = {{CUDA_R_32F, CUDA_R_32F}, {CUDA_R_16F, CUDA_R_16F}, {CUDA_R_16BF, CUDA_R_16BF},
                                            {CUDA_R_16F, CUDA_R_32F}};
    static const cublasLtEpilogue_t epilogues[] = {CUBLASLT_EPILOGUE_DEFAULT, CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_GELU,
                                                   CUBLASLT_EPILOGUE_GELU_BIAS};
    (void)state;

    for (size_t s = 0; s < 5; s++)
        for (size_t t = 0; t < 4; t++)
            for (size_t e = 0; e < 4; e++)
                for (int trans = 0; trans < 4; trans++)
                    check_product(&(struct product){types[t][0], types[t][1], epilogues[e], trans & 1 ? CUBLAS_OP_T : CUBLAS_OP_N,
                                                    trans & 2 ? CUBLAS_OP_T : CUBLAS_OP_N, shapes[s][0], shapes[s][1], shapes[s][2],
                                                    trans % 3, 0.75F, e % 2 ? 1.0F : 0.0F});
    assert_null(vx_host_fault());
}

/* What the library would refuse, or what is not known here */
static void test_refused_products(void **state)
{
    struct product p = {CUDA_R_16F, CUDA_R_16F, CUBLASLT_EPILOGUE_BIAS, CUBLAS_OP_N, CUBLAS_OP_N, 8, 8, 8, 0, 1, 0};
    cublasLtMatmulHeuristicResult_t found[1];
    const int32_t float_bias = CUDA_R_32F, fill_mode = 0;
    float *a;
    struct described x;
    int n;
    (void)state;

    void *data = fill(p.in, 64, 1, &a);
    describe(&x, &p, data);
    assert_int_equal(cublasLtMatmulDescSetAttribute(x.op, CUBLASLT_MATMUL_DESC_FILL_MODE, &fill_mode, sizeof fill_mode),
                     CUBLAS_STATUS_INVALID_VALUE);
    assert_int_equal(cublasLtMatmulAlgoGetHeuristic(x.handle, x.op, x.a, x.b, x.d, x.d, x.preference, 1, found, &n), 0);
    /* too small a matrix; memory of the host; an algorithm for another product */
    assert_int_equal(cublasLtMatmul(x.handle, x.op, &p.alpha, (char *)data + 4, x.a, data, x.b, &p.beta, data, x.d, data, x.d, NULL, NULL, 0,
                                    NULL), CUBLAS_STATUS_INVALID_VALUE);
    assert_int_equal(cublasLtMatmul(x.handle, x.op, &p.alpha, a, x.a, data, x.b, &p.beta, data, x.d, data, x.d, NULL, NULL, 0, NULL),
                     CUBLAS_STATUS_INVALID_VALUE);
    found[0].algo.data[1] ^= 1;
    assert_int_equal(cublasLtMatmul(x.handle, x.op, &p.alpha, data, x.a, data, x.b, &p.beta, data, x.d, data, x.d, &found[0].algo, NULL, 0,
                                    NULL), CUBLAS_STATUS_INVALID_VALUE);
    assert_int_equal(cublasLtMatmulDescSetAttribute(x.op, CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &float_bias, sizeof float_bias), 0);
    assert_int_equal(cublasLtMatmulAlgoGetHeuristic(x.handle, x.op, x.a, x.b, x.d, x.d, x.preference, 1, found, &n),
                     CUBLAS_STATUS_NOT_SUPPORTED);
    forget(&x);
    cudaFree(data);
    free(a);
}

static void check_transform(int n, int batch, int in_place)
{
    int in_size = n + 2, out_size = n / 2 + 1;
    float *in, *out = malloc(sizeof(float) * (size_t)(batch * in_size));
    cufftHandle plan;
    size_t bytes = 0;
    void *work = NULL, *out_d = NULL;

    void *in_d = fill(CUDA_R_32F, (size_t)(batch * in_size), (unsigned)n, &in);
    assert_int_equal(cudaMalloc(&out_d, sizeof(float) * (size_t)(batch * in_size)), cudaSuccess);
    assert_int_equal(cufftCreate(&plan), CUFFT_SUCCESS);
    assert_int_equal(cufftSetAutoAllocation(plan, 0), CUFFT_SUCCESS);
    assert_int_equal(cufftMakePlanMany(plan, 1, &n, &in_size, 1, in_size, &out_size, 1, out_size, CUFFT_R2C, batch, &bytes), CUFFT_SUCCESS);
    assert_int_equal(cufftExecR2C(plan, in_d, out_d), CUFFT_NO_WORKSPACE);
    assert_int_equal(cudaMalloc(&work, bytes), cudaSuccess);
    assert_int_equal(cufftSetWorkArea(plan, work), CUFFT_SUCCESS);
    assert_int_equal(cufftExecR2C(plan, in_d, in_place ? in_d : out_d), CUFFT_SUCCESS);
    assert_int_equal(cudaMemcpy(out, in_place ? in_d : out_d, sizeof(float) * (size_t)(batch * 2 * out_size), cudaMemcpyDeviceToHost),
                     cudaSuccess);
    for (int b = 0; b < batch; b++)
        for (int k = 0; k <= n / 2; k++) {
            double re = 0, im = 0;
            for (int i = 0; i < n; i++) {
                re += in[b * in_size + i] * cos(2 * M_PI * k * i / n);
                im -= in[b * in_size + i] * sin(2 * M_PI * k * i / n);
            }
            assert_float_equal(out[2 * (b * out_size + k)], re, 1e-4 * n);
            assert_float_equal(out[2 * (b * out_size + k) + 1], im, 1e-4 * n);
        }
    assert_int_equal(cufftDestroy(plan), CUFFT_SUCCESS);
    cudaFree(in_d), cudaFree(out_d), cudaFree(work);
    free(in), free(out);
}

static void test_transforms(void **state)
{
    static const int sizes[] = {2, 6, 16, 30, 98, 202, 400, 512}; /* primes to 101 among the factors */
    (void)state;

    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int in_place = 0; in_place < 2; in_place++)
            check_transform(sizes[s], 3, in_place);
    assert_null(vx_host_fault());
}

static void test_refused_transforms(void **state)
{
    int n = 16, size = 16, out_size = 9;
    cufftHandle plan;
    size_t bytes;
    void *p = NULL;
    (void)state;

    assert_int_equal(cufftCreate(&plan), CUFFT_SUCCESS);
    assert_int_equal(cufftExecR2C(plan, NULL, NULL), CUFFT_INVALID_PLAN);
    assert_int_equal(cufftMakePlanMany(plan, 1, &n, &size, 1, size, &out_size, 1, out_size, CUFFT_C2C, 1, &bytes), CUFFT_NOT_IMPLEMENTED);
    n = 0;
    assert_int_equal(cufftMakePlanMany(plan, 1, &n, &size, 1, size, &out_size, 1, out_size, CUFFT_R2C, 1, &bytes), CUFFT_INVALID_SIZE);
    n = 16;
    assert_int_equal(cufftMakePlanMany(plan, 1, &n, &size, 1, size, &out_size, 1, out_size, CUFFT_R2C, 2, &bytes), CUFFT_SUCCESS);
    assert_int_equal(cudaMalloc(&p, 64 * 2), cudaSuccess); /* the input fits, 2 · 9 complex numbers do not */
    assert_int_equal(cufftExecR2C(plan, p, p), CUFFT_INVALID_VALUE);
    assert_non_null(vx_host_fault());
    assert_int_equal(cufftDestroy(plan), CUFFT_SUCCESS);
    assert_int_equal(cufftDestroy(plan), CUFFT_INVALID_PLAN);
    cudaFree(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_products, begin, finish),
        cmocka_unit_test_setup_teardown(test_refused_products, begin, finish),
        cmocka_unit_test_setup_teardown(test_transforms, begin, finish),
        cmocka_unit_test_setup_teardown(test_refused_transforms, begin, finish),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
