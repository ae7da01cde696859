/* The front end's kernels, one by one, against the reference: ragged sizes, poisoned outputs between guard bands. */
#include "tests/gpu/device.h"
#include "tests/harness/check.h"
#include "tests/harness/tolerances.h"

#include "gpu/fft.h"
#include "gpu/frontend_ops.h"
#include "model/mel.h"
#include "model/reference_frontend.h"

#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct vx_random rng;
static const int lengths[] = {1, 31, 32, 33, 511, 512, 513, 1500};

static void ok(enum vx_status rc, const struct vx_err *err)
{
    if (rc != VX_OK)
        fail_msg("%s", err->text);
}

static float *random_floats(size_t n, float scale)
{
    float *x = vx_calloc(n, sizeof *x);

    assert_non_null(x);
    vx_random_floats(&rng, x, n, scale);
    return x;
}

static uint8_t *random_bytes(size_t n)
{
    uint8_t *x = vx_calloc(n, 1);

    assert_non_null(x);
    for (size_t i = 0; i < n; i++)
        x[i] = (uint8_t)vx_random_next(&rng);
    return x;
}

/* librosa.util.normalize: silence, and what is as good as silence, is left alone; not a number does not count. */
static void test_peak(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        enum { WINDOWS = 5 };
        const size_t n = (size_t)lengths[i];
        float *pcm = random_floats(WINDOWS * n, 1e-3f);
        struct vx_err err;

        pcm[vx_random_int(&rng, 0, (int)n - 1)] = -0.75f;
        pcm[n + n / 2] = INFINITY;
        for (size_t k = 0; k < n; k++) {
            pcm[2 * n + k] = 0.0f;
            pcm[3 * n + k] = k % 2 ? NAN : FLT_MIN / 2;
            pcm[4 * n + k] = k + 1 == n ? FLT_MIN : NAN;
        }
        float *in = vx_device_copy(pcm, WINDOWS * n * sizeof *in), *out = vx_device_alloc(WINDOWS * sizeof *out);
        ok(vx_gpu_peak(NULL, in, WINDOWS, (int)n, out, &err), &err);
        float *peak = vx_device_read(out, WINDOWS * sizeof *peak);
        const float expected[WINDOWS] = {0.75f, INFINITY, 1.0f, 1.0f, FLT_MIN};
        for (int w = 0; w < WINDOWS; w++)
            if (!(peak[w] == expected[w]))
                fail_msg("%zu samples, window %d: %g, expected %g", n, w, (double)peak[w], (double)expected[w]);
        free(peak);
        free(pcm);
        vx_device_free(out);
        vx_device_free(in);
    }
}

static void test_frame(void **state)
{
    static const int n_fft[] = {2, 16, 100, 254, 256, 512, 1000};
    (void)state;
    for (int i = 0; i < VX_DEVICE_CASES(21); i++) {
        const int n = n_fft[i % 7], samples = lengths[i % 8], hop = vx_random_int(&rng, 1, 400) + samples / 20, windows = 1 + i % 3;
        const int frames = 1 + samples / hop;
        const bool peaked = i % 2 == 0;
        float *pcm = random_floats((size_t)(windows * samples), 1.0f), *hann = random_floats((size_t)n, 1.0f);
        const float divisor[3] = {0.3f, 1.0f, 7.0f};
        const size_t count = (size_t)(windows * frames * (n + 2));
        struct vx_err err;
        float *d_pcm = vx_device_copy(pcm, (size_t)(windows * samples) * sizeof *pcm);
        float *d_hann = vx_device_copy(hann, (size_t)n * sizeof *hann), *d_peak = vx_device_copy(divisor, sizeof divisor);
        float *d_rows = vx_device_alloc(count * sizeof *d_rows);

        ok(vx_gpu_frame(NULL, d_pcm, d_hann, peaked ? d_peak : NULL, windows, samples, frames, n, hop, d_rows, &err), &err);
        float *rows = vx_device_read(d_rows, count * sizeof *rows);
        for (int r = 0; r < windows * frames; r++)
            for (int k = 0; k < n + 2; k++) {
                const int at = r % frames * hop - n / 2 + k;
                const float x = at >= 0 && at < samples ? pcm[r / frames * samples + at] : 0.0f;
                const float expected = k < n ? (peaked ? x / divisor[r / frames] : x) * hann[k] : NAN;
                const float got = rows[r * (n + 2) + k];
                if (k < n ? got != expected : !isnan(got))
                    fail_msg("n_fft %d, hop %d, %d samples: row %d, value %d is %g, expected %g", n, hop, samples, r, k, (double)got,
                             (double)expected);
            }
        free(rows);
        free(hann);
        free(pcm);
        vx_device_free(d_rows);
        vx_device_free(d_peak);
        vx_device_free(d_hann);
        vx_device_free(d_pcm);
    }
}

/* By the definition of the transform, in double */
static void test_transform(void **state)
{
    static const int sizes[] = {2, 4, 16, 30, 100, 128, 360, 512};
    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        const int n = sizes[i], transforms = 1 + (int)i % 4, pitch = n + 2;
        const size_t bytes = (size_t)(transforms * pitch) * sizeof(float);
        float *in = random_floats((size_t)(transforms * pitch), 1.0f);
        struct vx_gpu_fft *fft;
        struct vx_err err;

        ok(vx_gpu_fft_create(&fft, n, transforms, &err), &err);
        float *rows = vx_device_copy(in, bytes);
        void *work = vx_device_alloc(vx_gpu_fft_scratch(fft));
        ok(vx_gpu_fft_run(fft, NULL, rows, work, &err), &err);
        float *out = vx_device_read(rows, bytes);
        for (int r = 0; r < transforms; r++)
            for (int k = 0; k <= n / 2; k++) {
                double re = 0, im = 0;
                for (int t = 0; t < n; t++) {
                    const double angle = -2 * M_PI * (double)((int64_t)t * k % n) / n;
                    re += (double)in[r * pitch + t] * cos(angle);
                    im += (double)in[r * pitch + t] * sin(angle);
                }
                const float *got = out + r * pitch + 2 * k;
                if (!(hypot((double)got[0] - re, (double)got[1] - im) <= VX_TOL_FFT * sqrt(n)))
                    fail_msg("%d points, row %d: X[%d] = %.9g %+.9gi, expected %.9g %+.9gi", n, r, k, (double)got[0], (double)got[1],
                             re, im);
            }
        free(out);
        free(in);
        vx_device_free(work);
        vx_device_free(rows);
        vx_gpu_fft_destroy(&fft);
    }
    struct vx_gpu_fft *fft;
    struct vx_err err;
    assert_int_equal(vx_gpu_fft_create(&fft, 15, 3, &err), VX_EINVAL);
    assert_int_equal(vx_gpu_fft_create(&fft, 16, 0, &err), VX_EINVAL);
    assert_null(fft);
}

static void check_mel(int n_fft, int n_mels, int rate, double fmax, int windows, int frames)
{
    const struct vx_profile p = {.n_fft = n_fft, .n_mels = n_mels, .fmax = fmax};
    const size_t n = (size_t)n_mels, bins = (size_t)n_fft / 2 + 1, rows = (size_t)(windows * frames);
    float *spectra = random_floats(rows * bins * 2, 1.0f);
    struct vx_mel mel;
    struct vx_err err;

    ok(vx_mel_create(&mel, rate, n_fft, n_mels, 0, fmax, &err), &err);
    int *first = vx_device_copy(mel.first, n * sizeof *first), *count = vx_device_copy(mel.count, n * sizeof *count);
    size_t *offset = vx_device_copy(mel.offset, n * sizeof *offset);
    float *weight = vx_device_copy(mel.weight, mel.n_weights * sizeof *weight);
    float *d_spectra = vx_device_copy(spectra, rows * bins * 2 * sizeof *spectra), *d_out = vx_device_alloc(rows * n * sizeof *d_out);
    const struct vx_gpu_mel filters = {n_mels, (int)bins, first, count, offset, weight};

    ok(vx_gpu_mel_power(NULL, &filters, d_spectra, windows, frames, d_out, &err), &err);
    float *out = vx_device_read(d_out, rows * n * sizeof *out);
    for (int m = 0; m < n_mels; m++)
        for (size_t r = 0; r < rows; r++) {
            const float *x = spectra + r * bins * 2;
            const float got = out[(r / (size_t)frames * n + (size_t)m) * (size_t)frames + r % (size_t)frames];
            double sum = 0;
            for (int k = mel.first[m]; k < mel.first[m] + mel.count[m]; k++)
                sum += vx_ref_mel_weight(&p, rate, m, k) *
                       ((double)x[2 * k] * (double)x[2 * k] + (double)x[2 * k + 1] * (double)x[2 * k + 1]);
            if (!(fabs((double)got - sum) <= VX_TOL_SUM(3 * bins) * sum + 1e-9))
                fail_msg("n_fft %d, %d mels, %d frames: filter %d of row %zu is %.9g, expected %.9g", n_fft, n_mels, frames, m, r,
                         (double)got, sum);
        }
    free(out);
    free(spectra);
    vx_mel_clear(&mel);
    vx_device_free(d_out);
    vx_device_free(d_spectra);
    vx_device_free(weight);
    vx_device_free(offset);
    vx_device_free(count);
    vx_device_free(first);
}

static void test_mel(void **state)
{
    (void)state;
    for (int i = 0; i < VX_DEVICE_CASES(12); i++)
        check_mel(2 * vx_random_int(&rng, 8, 300), vx_random_int(&rng, 1, 90), vx_random_int(&rng, 4000, 48000),
                  i % 3 == 0 ? 0 : vx_random_int(&rng, 400, 30000), 1 + i % 3, vx_random_int(&rng, 1, 20));
    /* Groups of four frames and of one, and more bins than shared memory holds */
    check_mel(2048, 17, 16000, 0, 2, 7);
    check_mel(8192, 5, 16000, 0, 1, 3);
    check_mel(32768, 3, 16000, 0, 2, 2);
}

static void check_decibels(const struct vx_profile *p, float *x, size_t n, int windows)
{
    const struct vx_gpu_decibel_scale scale = {p->ref_max, (float)p->ref_value, (float)p->amin, (float)p->top_db};
    float *d_x = vx_device_copy(x, (size_t)windows * n * sizeof *x), *d_range = vx_device_alloc((size_t)windows * 2 * sizeof *d_range);
    double *expected = vx_calloc(n, sizeof *expected);
    struct vx_err err;

    assert_non_null(expected);
    ok(vx_gpu_decibels(NULL, &scale, windows, n, d_x, d_range, &err), &err);
    float *got = vx_device_read(d_x, (size_t)windows * n * sizeof *got), *range = vx_device_read(d_range, (size_t)windows * 2 * sizeof *range);
    for (int w = 0; w < windows; w++) {
        const float *db = got + (size_t)w * n;
        float low = INFINITY, high = -INFINITY;
        for (size_t k = 0; k < n; k++) {
            const float v = x[(size_t)w * n + k];
            expected[k] = isnan(v) ? 0 : v > 1e30f ? 1e30 : (double)v;
        }
        vx_ref_decibels(p, expected, n);
        for (size_t k = 0; k < n; k++) {
            low = db[k] < low ? db[k] : low;
            high = db[k] > high ? db[k] : high;
            if (!(fabs((double)db[k] - expected[k]) <= VX_TOL_LOG))
                fail_msg("window %d, value %zu of %zu is %.9g dB, expected %.9g", w, k, n, (double)db[k], expected[k]);
        }
        assert_true(range[2 * w] == low && range[2 * w + 1] == high);
    }
    free(range);
    free(got);
    free(expected);
    vx_device_free(d_range);
    vx_device_free(d_x);
}

static void test_decibels(void **state)
{
    static const float odd[] = {0.0f, 1e-45f, 1e-38f, 1e-10f, 0.999999f, 1.0f, 1.000001f, NAN, INFINITY, 1e35f};
    (void)state;
    for (int i = 0; i < VX_DEVICE_CASES(24); i++) {
        const int windows = 1 + i % 4;
        const size_t n = (size_t)(i % 3 == 0 ? vx_random_int(&rng, 1000, 2500) : vx_random_int(&rng, 1, 200));
        const struct vx_profile p = {.ref_max = i % 2 == 0, .ref_value = i % 3 == 0 ? 1.0 : 0.01,
                                     .amin = i % 5 == 0 ? 1e-5 : 1e-10, .top_db = i % 4 == 0 ? 0 : i * 4};
        float *x = vx_calloc((size_t)windows * n, sizeof *x);

        assert_non_null(x);
        for (size_t k = 0; k < (size_t)windows * n; k++)
            x[k] = (float)exp2(vx_random_int(&rng, -2000, 500) / 50.0);
        for (size_t k = 0; k < COUNT(odd) - (p.ref_max ? 2 : 0) && i % 3 == 0; k++)
            x[k * 7] = odd[k];
        check_decibels(&p, x, n, windows);
        for (size_t k = 0; k < n; k++)
            x[k] = i % 2 ? NAN : 0.25f; /* a window that is all the same */
        check_decibels(&p, x, n, windows);
        free(x);
    }
}

static void test_levels(void **state)
{
    (void)state;
    for (int i = 0; i < VX_DEVICE_CASES(30); i++) {
        const int rows = vx_random_int(&rng, 1, 12), columns = vx_random_int(&rng, 1, i % 5 == 0 ? 300 : 70), windows = 1 + i % 3;
        const size_t n = (size_t)rows * (size_t)columns, all = (size_t)windows * n;
        const struct vx_profile p = {.colour = i % 2 == 0 ? VX_COLOUR_GREY : VX_COLOUR_MAGMA, .low_at_bottom = i % 3 == 0};
        float *db = random_floats(all, 80.0f), range[6];
        uint8_t *expected = vx_calloc(n, 1);
        struct vx_err err;

        assert_non_null(expected);
        memset(db, 0, (i % 10 == 0 ? n : 0) * sizeof *db);
        for (int w = 0; w < windows; w++) {
            range[2 * w] = INFINITY;
            range[2 * w + 1] = -INFINITY;
            for (size_t k = 0; k < n; k++) {
                range[2 * w] = fminf(range[2 * w], db[(size_t)w * n + k]);
                range[2 * w + 1] = fmaxf(range[2 * w + 1], db[(size_t)w * n + k]);
            }
        }
        float *d_db = vx_device_copy(db, all * sizeof *db), *d_range = vx_device_copy(range, (size_t)windows * 2 * sizeof *range);
        uint8_t *d_level = vx_device_alloc(all);
        ok(vx_gpu_levels(NULL, d_db, d_range, i % 2 == 0 ? 255.0f : 256.0f, p.low_at_bottom, windows, rows, columns, d_level, &err),
           &err);
        uint8_t *level = vx_device_read(d_level, all);
        for (int w = 0; w < windows; w++) {
            vx_ref_levels(&p, db + (size_t)w * n, rows, columns, expected);
            assert_memory_equal(level + (size_t)w * n, expected, n);
        }
        free(level);
        free(expected);
        free(db);
        vx_device_free(d_level);
        vx_device_free(d_range);
        vx_device_free(d_db);
    }
}

static void test_paint(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        const size_t n = (size_t)lengths[i];
        uint8_t *level = random_bytes(n), *colours = random_bytes(256 * 3);
        uint8_t *d_level = vx_device_copy(level, n), *d_colours = vx_device_copy(colours, 256 * 3), *d_rgb = vx_device_alloc(3 * n);
        struct vx_err err;

        for (int grey = 0; grey < 2; grey++) {
            ok(vx_gpu_paint(NULL, d_level, grey ? NULL : d_colours, n, d_rgb, &err), &err);
            uint8_t *rgb = vx_device_read(d_rgb, 3 * n);
            for (size_t k = 0; k < 3 * n; k++)
                assert_int_equal(rgb[k], grey ? level[k / 3] : colours[3 * level[k / 3] + k % 3]);
            free(rgb);
        }
        free(colours);
        free(level);
        vx_device_free(d_rgb);
        vx_device_free(d_colours);
        vx_device_free(d_level);
    }
}

/* No windows, no work: nothing is launched, so nothing can be refused. */
static void test_nothing(void **state)
{
    const struct vx_gpu_mel mel = {.n_mels = 1, .n_bins = 2};
    const struct vx_gpu_decibel_scale scale = {.amin = 1};
    const struct vx_gpu_axis axis = {.n = 1};
    const struct vx_gpu_pictures in = {.channels = 1};
    struct vx_err err;
    (void)state;

    ok(vx_gpu_peak(NULL, NULL, 0, 1, NULL, &err), &err);
    ok(vx_gpu_frame(NULL, NULL, NULL, NULL, 0, 1, 1, 2, 1, NULL, &err), &err);
    ok(vx_gpu_mel_power(NULL, &mel, NULL, 0, 1, NULL, &err), &err);
    ok(vx_gpu_decibels(NULL, &scale, 0, 1, NULL, NULL, &err), &err);
    ok(vx_gpu_levels(NULL, NULL, NULL, 255.0f, false, 0, 1, 1, NULL, &err), &err);
    ok(vx_gpu_paint(NULL, NULL, NULL, 0, NULL, &err), &err);
    ok(vx_gpu_resize_columns(NULL, &axis, &in, 0, 1, false, NULL, &err), &err);
    ok(vx_gpu_resize_lines(NULL, &axis, &in, 0, 1, false, NULL, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peak),     cmocka_unit_test(test_frame),  cmocka_unit_test(test_transform), cmocka_unit_test(test_mel),
        cmocka_unit_test(test_decibels), cmocka_unit_test(test_levels), cmocka_unit_test(test_paint),     cmocka_unit_test(test_nothing),
    };

    rng = vx_random_start();
    return vx_device_run_tests("front-end kernels", tests, COUNT(tests));
}
