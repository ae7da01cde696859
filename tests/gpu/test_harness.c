/* The harness itself: kernels that are right run right, kernels that are wrong are caught. */
#include "tests/harness/cmocka.h"

#include "gpu/cuda.h"
#include "model/half.h"
#include "tests/gpu/harness_kernels.h"
#include "tests/gpu/host/host.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
/* What runs wrong in a child, which AddressSanitizer or ThreadSanitizer ends or marks. */
static int status_of_child(void (*run)(const void *), const void *argument)
{
    int status = 0;

    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const int null = open("/dev/null", O_WRONLY);
        if (null >= 0)
            dup2(null, STDERR_FILENO);
        run(argument);
        exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}
#endif

#ifdef __SANITIZE_THREAD__
static void run_mirror(const void *barrier)
{
    (void)mirrors(VX_HOST_FORWARD, *(const int *)barrier);
}

static void check_mirror(enum vx_host_order order) /* a race in the eyes of ThreadSanitizer, if its result is right or not */
{
    const int barrier = 1, none = 0;

    (void)order;
    assert_int_equal(status_of_child(run_mirror, &barrier), 0);
    assert_int_not_equal(status_of_child(run_mirror, &none), 0);
}
#else
static void check_mirror(enum vx_host_order order)
{
    assert_true(mirrors(order, 1));
    assert_false(mirrors(order, 0));
}
#endif

static void test_missing_barrier(void **state)
{
    (void)state;
    for (enum vx_host_order order = VX_HOST_FORWARD; order <= VX_HOST_SHUFFLED; order++)
        check_mirror(order);
}

static cudaError_t break_rule(enum test_wrong wrong)
{
    enum { N = 50 };
    void *out_d = device(N * sizeof(unsigned));

    test_break(NULL, wrong, out_d, N);
    const cudaError_t code = cudaDeviceSynchronize();
    cudaFree(out_d);
    return code;
}

static void test_broken_rules(void **state)
{
    static const struct {
        enum test_wrong wrong;
        const char *said;
    } table[] = {
        {WRONG_BARRIER_SOME, "32 wait at a barrier, 0 for other lanes of their warp, 32 have returned"},
        {WRONG_SHUFFLE_SOME, "0 wait at a barrier, 32 for other lanes of their warp, 32 have returned"},
        {WRONG_SHUFFLE_MIXED, "different warp operations"},
        {WRONG_MASK, "fewer than 32 lanes"},
#ifndef __SANITIZE_ADDRESS__
        {WRONG_WRITE_BEHIND, "test_break: something was written beside an allocation of 200 bytes"},
        {WRONG_WRITE_BEFORE, "test_break: something was written beside an allocation of 200 bytes"},
#endif
    };
    (void)state;

    for (enum vx_host_order order = VX_HOST_FORWARD; order <= VX_HOST_SHUFFLED; order++)
        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
            vx_host_reset();
            set_order(order);
            assert_int_not_equal(break_rule(table[i].wrong), cudaSuccess);
            assert_non_null(vx_host_fault());
            assert_non_null(strstr(vx_host_fault(), "test_break"));
            assert_non_null(strstr(vx_host_fault(), table[i].said));
        }
    vx_host_reset();
    assert_true(mirrors(VX_HOST_FORWARD, 1)); /* the stacks that were left are of use again */
}

#ifdef __SANITIZE_ADDRESS__
static void break_bounds(const void *wrong)
{
    (void)break_rule(*(const enum test_wrong *)wrong);
}

static void test_bounds(void **state)
{
    (void)state;
    for (enum test_wrong wrong = WRONG_WRITE_BEHIND; wrong <= WRONG_WRITE_BEFORE; wrong++)
        assert_int_not_equal(status_of_child(break_bounds, &wrong), 0);
}
#else
static void test_bounds(void **state)
{
    (void)state; /* the guards: test_broken_rules() */
}
#endif

static void test_shapes(void **state)
{
    static const struct {
        unsigned gx, gy, bx, bz, shared;
        cudaError_t code;
    } table[] = {
        {1, 1, 1, 1, 0, cudaSuccess},
        {70000, 1, 32, 1, 0, cudaSuccess},
        {1, 1, 1024, 1, 48 << 10, cudaSuccess},
        {0, 1, 32, 1, 0, cudaErrorInvalidConfiguration},
        {1, 0, 32, 1, 0, cudaErrorInvalidConfiguration},
        {1, 70000, 32, 1, 0, cudaErrorInvalidConfiguration},
        {1, 1, 0, 1, 0, cudaErrorInvalidConfiguration},
        {1, 1, 1025, 1, 0, cudaErrorInvalidConfiguration},
        {1, 1, 32, 33, 0, cudaErrorInvalidConfiguration},
        {1, 1, 1, 65, 0, cudaErrorInvalidConfiguration},
        {1, 1, 32, 1, (48 << 10) + 1, cudaErrorInvalidValue},
    };
    (void)state;

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        test_launch(NULL, table[i].gx, table[i].gy, table[i].bx, table[i].bz, table[i].shared);
        assert_int_equal(cudaGetLastError(), table[i].code);
        assert_int_equal(cudaGetLastError(), cudaSuccess); /* told once */
    }
    assert_int_equal(cudaDeviceSynchronize(), cudaSuccess);
}

static void test_copies(void **state)
{
    float host[8] = {0}, *pinned;
    (void)state;

    float *data = device(sizeof host);
    assert_int_equal(cudaMemcpy(host, data, sizeof host, cudaMemcpyDeviceToHost), cudaSuccess);
    assert_true(isnan(host[0]) && isnan(host[7])); /* new memory */
    assert_int_equal(cudaMemcpy(data, host, sizeof host, cudaMemcpyDeviceToHost), cudaErrorInvalidValue);
    assert_int_equal(cudaMemcpy(data, host, sizeof host, cudaMemcpyDeviceToDevice), cudaErrorInvalidValue);
    assert_int_equal(cudaMemcpy(data + 1, host, sizeof host, cudaMemcpyHostToDevice), cudaErrorInvalidValue);
    assert_int_equal(cudaMemset(data, 0, sizeof host + 1), cudaErrorInvalidValue);
    assert_int_equal(cudaMemset(data, 0, sizeof host), cudaSuccess);
    assert_int_equal(cudaMemcpy2D(host, 8, data, 16, 8, 2, cudaMemcpyDeviceToHost), cudaSuccess);
    assert_true(host[3] == 0 && isnan(host[4]));
    assert_int_equal(cudaMallocHost((void **)&pinned, 16), cudaSuccess);
    assert_int_equal(cudaFree(pinned), cudaErrorInvalidValue);
    assert_int_equal(cudaFreeHost(pinned), cudaSuccess);
    assert_int_equal(cudaFree(data), cudaSuccess);
    assert_int_equal(cudaFree(data), cudaErrorInvalidValue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_layer_norm, begin, finish),
        cmocka_unit_test_setup_teardown(test_missing_barrier, begin, finish),
        cmocka_unit_test_setup_teardown(test_atomics, begin, finish),
        cmocka_unit_test_setup_teardown(test_warp_operations, begin, finish),
        cmocka_unit_test_setup_teardown(test_broken_rules, begin, finish),
        cmocka_unit_test_setup_teardown(test_bounds, begin, finish),
        cmocka_unit_test_setup_teardown(test_shapes, begin, finish),
        cmocka_unit_test_setup_teardown(test_copies, begin, finish),
    };

    seed = (uint64_t)time(NULL);
    printf("seed %llu\n", (unsigned long long)seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
