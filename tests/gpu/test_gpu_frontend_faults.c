/* Every call into CUDA fails once, while a front end is made and while it runs: an error comes back that says which, nothing is left
 * behind, and the next attempt works. On the host's device only: no other fails on demand. */
#include "tests/gpu/device.h"
#include "tests/gpu/host/host.h"
#include "tests/harness/signal.h"

#include "gpu/frontend.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum { SIZE = 20, RATE = 16000, SAMPLES = 1200, WINDOWS = 2, BYTES = WINDOWS * SIZE * SIZE * 3 };

static enum vx_status create(struct vx_gpu_frontend **out, struct vx_err *err)
{
    const struct vx_profile profile = {.name = "small", .peak_normalise = true, .n_fft = 256, .hop_length = 128, .n_mels = 16,
                                       .ref_max = true, .amin = 1e-10, .top_db = 80, .colour = VX_COLOUR_MAGMA, .image_width = 24,
                                       .image_height = 24, .image_filter = VX_RESAMPLE_BILINEAR, .use_processor = true};
    struct vx_processor processor = vx_processor_default();

    processor.shortest_edge = SIZE;
    return vx_gpu_frontend_create(out, &profile, &processor, SIZE, RATE, SAMPLES, WINDOWS, err);
}

static void test_create(void **state)
{
    struct vx_gpu_frontend *f;
    struct vx_err err;
    (void)state;

    assert_int_equal(create(&f, &err), VX_OK);
    const unsigned calls = vx_host_calls(NULL);
    vx_gpu_frontend_destroy(&f);
    assert_true(calls > 20);
    for (unsigned n = 1; n <= calls; n++) {
        memset(&err, 0, sizeof err);
        vx_host_fail(NULL, n, cudaErrorMemoryAllocation);
        assert_int_not_equal(create(&f, &err), VX_OK);
        assert_null(f);
        assert_true(strlen(err.text) > 10);
        assert_int_equal(vx_host_bytes(), 0);
        assert_int_equal(vx_host_objects(), 0);
    }
    assert_int_equal(create(&f, &err), VX_OK);
    vx_gpu_frontend_destroy(&f);
    assert_null(f);
}

/* The device is full: said as that, so that the engine can halve its batch. */
static void test_no_memory(void **state)
{
    struct vx_gpu_frontend *f;
    struct vx_err err;
    (void)state;

    vx_host_fail("cudaMalloc", 4, cudaErrorMemoryAllocation);
    assert_int_equal(create(&f, &err), VX_ENOMEM);
    vx_host_fail("cufftMakePlanMany", 1, cudaErrorMemoryAllocation);
    assert_int_equal(create(&f, &err), VX_ENOMEM);
    assert_non_null(strstr(err.text, "cuFFT"));
    assert_null(f);
}

static void test_run(void **state)
{
    static const char *const names[] = {"launch", "cufftSetStream", "cufftSetWorkArea", "cufftExecR2C"};
    static float pcm[WINDOWS * SAMPLES];
    struct vx_gpu_frontend *f;
    struct vx_err err;
    (void)state;

    vx_test_signal("chirp", pcm, COUNT(pcm));
    assert_int_equal(create(&f, &err), VX_OK);
    float *in = vx_device_copy(pcm, sizeof pcm);
    uint8_t *image = vx_device_alloc(BYTES);
    void *scratch = vx_device_alloc(vx_gpu_frontend_scratch(f));
    uint8_t *expected = NULL;

    for (size_t i = 0; i < COUNT(names); i++) {
        const unsigned before = vx_host_calls(names[i]);
        assert_int_equal(vx_gpu_frontend_run(f, NULL, in, image, scratch, &err), VX_OK);
        const unsigned calls = vx_host_calls(names[i]) - before;
        free(expected);
        expected = vx_device_read(image, BYTES);
        assert_true(calls > 0);
        for (unsigned n = 1; n <= VX_DEVICE_CASES(calls); n++) {
            memset(&err, 0, sizeof err);
            vx_host_fail(names[i], n, cudaErrorInvalidConfiguration);
            assert_int_equal(vx_gpu_frontend_run(f, NULL, in, image, scratch, &err), VX_ESYS);
            assert_true(strlen(err.text) > 5);
            if (vx_gpu_frontend_run(f, NULL, in, image, scratch, &err) != VX_OK)
                fail_msg("after %s %u failed: %s", names[i], n, err.text);
            uint8_t *again = vx_device_read(image, BYTES);
            assert_memory_equal(again, expected, BYTES);
            free(again);
        }
    }
    free(expected);
    vx_device_free(scratch);
    vx_device_free(image);
    vx_device_free(in);
    vx_gpu_frontend_destroy(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create), cmocka_unit_test(test_no_memory), cmocka_unit_test(test_run),
    };

    return vx_device_run_tests("front end on a failing device", tests, COUNT(tests));
}
