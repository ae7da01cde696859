/* The harness itself: kernels that are right run right, kernels that are wrong are caught. */
#include "tests/harness/cmocka.h"

#include "gpu/cuda.h"
#include "model/half.h"
#include "tests/gpu/harness_kernels.h"
#include "tests/gpu/host/host.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t seed;

/* Every test starts on a new device, and leaves nothing on it. */
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

static void set_order(enum vx_host_order order)
{
    struct vx_host_settings settings = vx_host_get();

    settings.order = order;
    settings.seed = seed;
    vx_host_set(&settings);
}

static void *device(size_t bytes)
{
    void *p = NULL;

    assert_int_equal(cudaMalloc(&p, bytes), cudaSuccess);
    return p;
}

static void *upload(const void *from, size_t bytes)
{
    void *p = device(bytes);

    assert_int_equal(cudaMemcpy(p, from, bytes, cudaMemcpyHostToDevice), cudaSuccess);
    return p;
}

static void download(void *to, const void *from, size_t bytes)
{
    assert_int_equal(cudaGetLastError(), cudaSuccess);
    assert_int_equal(cudaMemcpy(to, from, bytes, cudaMemcpyDeviceToHost), cudaSuccess);
}

static void test_layer_norm(void **state)
{
    static const int sizes[] = {1, 31, 32, 33, 64, 65, 200};
    enum { ROWS = 3, MOST = 200 };
    (void)state;

    for (enum vx_host_order order = VX_HOST_FORWARD; order <= VX_HOST_SHUFFLED; order++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            const int c = sizes[s];
            float in[ROWS * MOST];
            uint16_t out[ROWS * MOST];
            for (int i = 0; i < ROWS * c; i++)
                in[i] = (float)((i * 37 + 11) % 101) / 50 - 1;
            set_order(order);
            void *in_d = upload(in, sizeof(float) * ROWS * (size_t)c), *out_d = device(2 * ROWS * (size_t)c);
            test_norm(NULL, in_d, ROWS, c, 1e-6F, out_d);
            download(out, out_d, 2 * ROWS * (size_t)c);
            for (int r = 0; r < ROWS; r++) {
                double mean = 0, var = 0;
                for (int i = 0; i < c; i++)
                    mean += in[r * c + i] / c;
                for (int i = 0; i < c; i++)
                    var += (in[r * c + i] - mean) * (in[r * c + i] - mean) / c;
                for (int i = 0; i < c; i++)
                    assert_float_equal(vx_f16_to_float(out[r * c + i]), (in[r * c + i] - mean) / sqrt(var + 1e-6), 2e-3);
            }
            cudaFree(in_d);
            cudaFree(out_d);
        }
    assert_null(vx_host_fault());
}

/* Whether the mirror kernel gives what it should */
static int mirrors(enum vx_host_order order, int barrier)
{
    enum { BLOCKS = 3, THREADS = 96, N = BLOCKS * THREADS };
    float in[N], out[N];
    int ok = 1;

    for (int i = 0; i < N; i++)
        in[i] = (float)i;
    set_order(order);
    void *in_d = upload(in, sizeof in), *out_d = device(sizeof out);
    test_mirror(NULL, in_d, BLOCKS, THREADS, barrier, out_d);
    download(out, out_d, sizeof out);
    for (int i = 0; i < N; i++)
        ok = ok && out[i] == in[i / THREADS * THREADS + THREADS - 1 - i % THREADS];
    cudaFree(in_d);
    cudaFree(out_d);
    return ok;
}

static void test_missing_barrier(void **state)
{
    (void)state;
    for (enum vx_host_order order = VX_HOST_FORWARD; order <= VX_HOST_SHUFFLED; order++) {
        assert_true(mirrors(order, 1));
        assert_false(mirrors(order, 0));
    }
}

static void test_atomics(void **state)
{
    enum { N = 333 };
    unsigned out[N];
    int sum = 0;
    unsigned long long most = 0;
    (void)state;

    void *sum_d = upload(&sum, sizeof sum), *most_d = upload(&most, sizeof most), *out_d = device(sizeof out);
    test_count(NULL, 6, 64, N, sum_d, most_d, out_d);
    download(&sum, sum_d, sizeof sum);
    download(&most, most_d, sizeof most);
    download(out, out_d, sizeof out);
    assert_int_equal(sum, N);
    assert_int_equal(most, N - 1);
    for (unsigned i = 0; i < N; i++)
        assert_int_equal(out[i], i % 64);
    cudaFree(sum_d);
    cudaFree(most_d);
    cudaFree(out_d);
}

static void test_warp_operations(void **state)
{
    enum { N = 64 };
    unsigned out[TEST_WARP_OPERATIONS][N];
    (void)state;

    for (enum vx_host_order order = VX_HOST_FORWARD; order <= VX_HOST_SHUFFLED; order++) {
        set_order(order);
        void *out_d = device(sizeof out);
        test_warp(NULL, out_d);
        download(out, out_d, sizeof out);
        for (unsigned t = 0; t < N; t++) {
            const unsigned lane = t % 32, first = t - lane;
            assert_int_equal(out[TEST_SHFL][t], first + 5);
            assert_int_equal(out[TEST_DOWN][t], lane + 3 < 32 ? t + 3 : t);
            assert_int_equal(out[TEST_UP][t], lane >= 3 ? t - 3 : t);
            assert_int_equal(out[TEST_XOR][t], t ^ 16);
            assert_int_equal(out[TEST_XOR8][t], t / 8 * 8 + 1);
            assert_int_equal(out[TEST_BALLOT][t], first ? 0x92492492 : 0x49249249);
            assert_int_equal(out[TEST_COUNT][t], 22);
            assert_int_equal(out[TEST_OR][t], 1);
            assert_int_equal(out[TEST_AND][t], 0);
        }
        cudaFree(out_d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_layer_norm, begin, finish),
        cmocka_unit_test_setup_teardown(test_missing_barrier, begin, finish),
        cmocka_unit_test_setup_teardown(test_atomics, begin, finish),
        cmocka_unit_test_setup_teardown(test_warp_operations, begin, finish),
    };

    seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
