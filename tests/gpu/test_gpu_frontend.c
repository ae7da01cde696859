/* The whole front end on the device: decibels against the reference, levels against the CPU's, and from there every pixel equal. */
#include "tests/gpu/device.h"
#include "tests/harness/check.h"
#include "tests/harness/signal.h"
#include "tests/harness/tolerances.h"

#include "cpu/frontend.h"
#include "gpu/frontend.h"
#include "model/reference_frontend.h"

#include "base/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct vx_random rng;
static double worst_reference, worst_cpu;
static size_t levels_seen, levels_off;

static void ok(enum vx_status rc, const struct vx_err *err)
{
    if (rc != VX_OK)
        fail_msg("%s", err->text);
}

/* A front end and what a run of it takes, windows of the same shape */
struct run {
    struct vx_gpu_frontend *frontend;
    cudaStream_t stream;
    float *pcm, *db;
    uint8_t *image;
    void *scratch;
    size_t samples, cells, bytes; /* of a window: samples, decibels, image */
    int windows;
};

static struct run start(const struct vx_profile *p, const struct vx_processor *processor, int size, int rate, int samples,
                        int windows)
{
    struct run r = {.samples = (size_t)samples, .bytes = 3 * (size_t)size * (size_t)size, .windows = windows};
    struct vx_err err;

    r.cells = (size_t)p->n_mels * (size_t)vx_ref_frames(p, samples);
    ok(vx_gpu_frontend_create(&r.frontend, p, processor, size, rate, samples, windows, &err), &err);
    assert_int_equal(cudaStreamCreateWithFlags(&r.stream, cudaStreamNonBlocking), cudaSuccess);
    r.pcm = vx_device_alloc((size_t)windows * r.samples * sizeof *r.pcm);
    r.db = vx_device_alloc((size_t)windows * r.cells * sizeof *r.db);
    r.image = vx_device_alloc((size_t)windows * r.bytes);
    r.scratch = vx_device_alloc(vx_gpu_frontend_scratch(r.frontend));
    return r;
}

static void finish(struct run *r)
{
    vx_device_free(r->scratch);
    vx_device_free(r->image);
    vx_device_free(r->db);
    vx_device_free(r->pcm);
    assert_int_equal(cudaStreamDestroy(r->stream), cudaSuccess);
    vx_gpu_frontend_destroy(&r->frontend);
}

/* Both are the caller's to free. */
static void go(struct run *r, const float *pcm, float **db, uint8_t **image)
{
    struct vx_err err;

    vx_device_write(r->pcm, pcm, (size_t)r->windows * r->samples * sizeof *pcm);
    if (db) {
        ok(vx_gpu_frontend_decibels(r->frontend, r->stream, r->pcm, r->db, r->scratch, &err), &err);
        *db = vx_device_read(r->db, (size_t)r->windows * r->cells * sizeof **db);
    }
    ok(vx_gpu_frontend_run(r->frontend, r->stream, r->pcm, r->image, r->scratch, &err), &err);
    *image = vx_device_read(r->image, (size_t)r->windows * r->bytes);
}

static double largest_difference(const float *a, const float *b, size_t n)
{
    double worst = 0;

    for (size_t i = 0; i < n; i++)
        worst = fmax(worst, isfinite(a[i]) ? fabs((double)a[i] - (double)b[i]) : INFINITY);
    return worst;
}

/* One window of the device's against the CPU's front end and the reference's picture */
static void check_window(const struct vx_profile *p, const struct vx_processor *processor, int size, int rate, const float *pcm,
                         int samples, const float *db, const uint8_t *image, const char *what)
{
    const int frames = vx_ref_frames(p, samples);
    const size_t n = (size_t)p->n_mels * (size_t)frames, bytes = 3 * (size_t)size * (size_t)size;
    uint8_t *level = vx_calloc(n, 1), *cpu_level = vx_calloc(n, 1), *expected = vx_calloc(bytes, 1);
    float *cpu_db = vx_calloc(n, sizeof *cpu_db);
    struct vx_frontend *cpu;
    struct vx_err err;
    size_t off = 0;

    ok(vx_frontend_create(&cpu, p, processor, size, rate, samples, &err), &err);
    void *scratch = vx_calloc(vx_frontend_scratch(cpu), 1);
    assert_true(level && cpu_level && expected && cpu_db && scratch);
    vx_frontend_decibels(cpu, pcm, cpu_db, scratch);
    vx_frontend_levels(cpu, pcm, cpu_level, scratch);
    vx_frontend_run(cpu, pcm, expected, scratch);
    const double d = largest_difference(db, cpu_db, n);
    if (!(d <= VX_TOL_DECIBELS))
        fail_msg("%s, %s, %d samples at %d Hz: %g dB from the CPU's", p->name, what, samples, rate, d);
    worst_cpu = fmax(worst_cpu, d);
    vx_ref_levels(p, db, p->n_mels, frames, level);
    for (size_t i = 0; i < n; i++) {
        off += level[i] != cpu_level[i];
        assert_true(abs(level[i] - cpu_level[i]) <= 1);
    }
    levels_seen += n;
    levels_off += off;
    if (off > 0) /* else the CPU's picture is the one */
        ok(vx_ref_picture(p, processor, level, p->n_mels, frames, expected, &err), &err);
    if (memcmp(image, expected, bytes) != 0)
        fail_msg("%s, %s, %d samples at %d Hz: pixels differ, with %zu levels other than the CPU's", p->name, what, samples, rate,
                 off);
    vx_frontend_destroy(&cpu);
    free(scratch);
    free(cpu_db);
    free(expected);
    free(cpu_level);
    free(level);
}

static const char *const signals[] = {"chirp", "noise", "quiet", "square", "silence", "tone", "constant"};

static void make_signal(size_t which, float *pcm, size_t n)
{
    const char *name = signals[which % COUNT(signals)];

    if (strcmp(name, "constant") == 0)
        for (size_t i = 0; i < n; i++)
            pcm[i] = 0.5f;
    else
        vx_test_signal(name, pcm, n);
}

static void check_profile(const struct vx_profile *p, const struct vx_processor *processor, int size, int rate, int samples,
                          int windows, size_t signal)
{
    struct run r = start(p, processor, size, rate, samples, windows);
    float *pcm = vx_calloc((size_t)windows * r.samples, sizeof *pcm), *db;
    uint8_t *image;

    assert_non_null(pcm);
    for (int w = 0; w < windows; w++)
        make_signal(signal + (size_t)w, pcm + (size_t)w * r.samples, r.samples);
    go(&r, pcm, &db, &image);
    for (int w = 0; w < windows; w++)
        check_window(p, processor, size, rate, pcm + (size_t)w * r.samples, samples, db + (size_t)w * r.cells,
                     image + (size_t)w * r.bytes, signals[(signal + (size_t)w) % COUNT(signals)]);
    free(image);
    free(db);
    free(pcm);
    finish(&r);
}

/* Every built-in profile, all signals, from a single sample up */
static void test_profiles(void **state)
{
    struct vx_processor processor = vx_processor_default();
    struct vx_profile p;
    struct vx_err err;
    (void)state;

    processor.shortest_edge = 48; /* a small network's: the same steps for a fifth of the pixels */
    for (int b = 0; b < VX_DEVICE_CASES(vx_profile_builtin_count()); b++) {
        const int shortest = 1, some = 3000 + 700 * b;
        ok(vx_profile_load(&p, vx_profile_builtin_name(b), &err), &err);
        const int rate = p.sample_rate ? p.sample_rate : vx_random_int(&rng, 8000, 48000);
        if (!p.use_processor)
            p.image_width = p.image_height = processor.shortest_edge;
        check_profile(&p, &processor, 48, rate, some, 2, (size_t)b);
        check_profile(&p, &processor, 48, rate, some, 1, (size_t)b + 2);
        check_profile(&p, &processor, 48, rate, shortest, 3, (size_t)b);
    }
}

/* As they are used, the whole window and the network's real size: the shipped model's profile, and the built-in ones' default */
static void test_full_size(void **state)
{
    struct vx_processor processor = vx_processor_default();
    struct vx_profile p;
    struct vx_err err;
    (void)state;

    ok(vx_profile_load(&p, VX_PROFILE_DEFAULT, &err), &err);
    check_profile(&p, &processor, processor.shortest_edge, p.sample_rate, vx_profile_samples(&p, p.sample_rate), 1, 0);
    ok(vx_profile_load(&p, VX_DEFAULT_MODEL "/profile.json", &err), &err);
    ok(vx_processor_load(&processor, VX_DEFAULT_MODEL, &err), &err);
    check_profile(&p, &processor, processor.shortest_edge, p.sample_rate, vx_profile_samples(&p, p.sample_rate), 3, 0);
}

/* Against the reference's decibels, whose transform is by definition; random profiles, small */
static void test_decibels(void **state)
{
    static const int n_fft[] = {16, 64, 100, 128, 240, 256, 400, 512};
    const struct vx_processor processor = vx_processor_default();
    (void)state;
    for (int i = 0; i < VX_DEVICE_CASES(16); i++) {
        struct vx_profile p = {
            .name = "random", .peak_normalise = i % 3 == 0, .n_fft = n_fft[i % 8], .hop_length = vx_random_int(&rng, 1, 500),
            .n_mels = vx_random_int(&rng, 1, 40), .fmax = i % 4 == 0 ? 0 : vx_random_int(&rng, 500, 12000), .ref_max = i % 2 == 0,
            .ref_value = 1, .amin = 1e-10, .top_db = vx_random_int(&rng, 1, 80), .colour = (enum vx_colour)(i % 3),
            .low_at_bottom = i % 2 == 1, .image_width = 20, .image_height = 20, .image_filter = VX_RESAMPLE_BILINEAR,
        };
        const int samples = vx_random_int(&rng, 1, p.hop_length * 8 > 2500 ? 2500 : p.hop_length * 8), rate = vx_random_int(&rng, 4000, 48000);
        struct run r = start(&p, &processor, 20, rate, samples, 2);
        float *pcm = vx_calloc(2 * r.samples, sizeof *pcm), *db;
        double *expected = vx_calloc(r.cells, sizeof *expected);
        uint8_t *image;
        struct vx_err err;

        assert_true(pcm && expected);
        make_signal((size_t)i, pcm, r.samples);
        make_signal((size_t)i + 1, pcm + r.samples, r.samples);
        go(&r, pcm, &db, &image);
        for (size_t w = 0; w < 2; w++) {
            ok(vx_ref_mel_power(&p, pcm + w * r.samples, samples, rate, expected, &err), &err);
            vx_ref_decibels(&p, expected, r.cells);
            for (size_t k = 0; k < r.cells; k++) {
                const double d = fabs((double)db[w * r.cells + k] - expected[k]);
                worst_reference = fmax(worst_reference, d);
                if (!(d <= VX_TOL_DECIBELS))
                    fail_msg("profile %d, %d samples of %s at %d Hz: value %zu is %.9g dB, expected %.9g", i, samples,
                             signals[((size_t)i + w) % COUNT(signals)], rate, k, (double)db[w * r.cells + k], expected[k]);
            }
        }
        free(expected);
        free(image);
        free(db);
        free(pcm);
        finish(&r);
    }
}

/* Whatever the samples are, decibels are numbers; digital silence is level 0 everywhere. */
static void test_broken_samples(void **state)
{
    static const float values[] = {NAN, INFINITY, -INFINITY, 3e38f, 1e-40f};
    enum { SAMPLES = 1500, SIZE = 24, WINDOWS = COUNT(values) + 1 };
    const struct vx_processor processor = vx_processor_default();
    static float pcm[WINDOWS * SAMPLES];
    uint8_t *image;
    float *db;
    (void)state;

    for (int i = 0; i < VX_DEVICE_CASES(4); i++) {
        const struct vx_profile p = {.name = "broken", .peak_normalise = i % 2, .n_fft = 256, .hop_length = 128, .n_mels = 16,
                                     .ref_max = i < 2, .ref_value = 1, .amin = 1e-10, .top_db = 80, .image_width = SIZE,
                                     .image_height = SIZE, .image_filter = VX_RESAMPLE_BILINEAR};
        struct run r = start(&p, &processor, SIZE, 16000, SAMPLES, WINDOWS);
        for (size_t w = 0; w < COUNT(values); w++) {
            vx_test_signal("noise", pcm + w * SAMPLES, SAMPLES);
            pcm[w * SAMPLES + SAMPLES / 3] = values[w];
        }
        vx_test_signal("silence", pcm + COUNT(values) * SAMPLES, SAMPLES);
        go(&r, pcm, &db, &image);
        for (size_t k = 0; k < WINDOWS * r.cells; k++)
            assert_true(isfinite(db[k]));
        for (size_t k = 0; k < r.bytes; k++)
            assert_int_equal(image[COUNT(values) * r.bytes + k], 0);
        free(image);
        free(db);
        finish(&r);
    }
}

/* A file's own rate may lie below all filters of a profile: nothing is heard, which is no error. */
static void test_empty_filters(void **state)
{
    const struct vx_processor processor = vx_processor_default();
    const struct vx_profile p = {.name = "high", .n_fft = 128, .hop_length = 100, .n_mels = 8, .fmin = 5000, .fmax = 20000, .ref_max = true,
                                 .amin = 1e-10, .top_db = 80, .colour = VX_COLOUR_VIRIDIS, .image_width = 16, .image_height = 16,
                                 .image_filter = VX_RESAMPLE_BICUBIC};
    (void)state;

    check_profile(&p, &processor, 16, 8000, 900, 2, 0);
}

static float *three_windows(int samples)
{
    float *pcm = vx_calloc(3 * (size_t)samples, sizeof *pcm);

    assert_non_null(pcm);
    for (size_t w = 0; w < 3; w++)
        make_signal(w, pcm + w * (size_t)samples, (size_t)samples);
    return pcm;
}

/* The same window alone, first of three and last of three; enqueued, or replayed from a graph */
static void test_place(void **state)
{
    enum { SAMPLES = 2900, SIZE = 32 };
    struct vx_processor processor = vx_processor_default();
    struct vx_profile p;
    struct vx_err err;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    uint8_t *among, *alone, *turned;
    float *pcm = three_windows(SAMPLES), *other = vx_calloc(3 * SAMPLES, sizeof *other);
    (void)state;

    assert_non_null(other);
    processor.shortest_edge = SIZE;
    ok(vx_profile_load(&p, "mel-22k-magma", &err), &err);
    p.image_width = p.image_height = 30;
    struct run three = start(&p, &processor, SIZE, 22050, SAMPLES, 3), one = start(&p, &processor, SIZE, 22050, SAMPLES, 1);
    go(&three, pcm, NULL, &among);
    for (size_t w = 0; w < 3; w++) {
        go(&one, pcm + w * SAMPLES, NULL, &alone);
        assert_memory_equal(alone, among + w * one.bytes, one.bytes);
        memcpy(other + (2 - w) * SAMPLES, pcm + w * SAMPLES, SAMPLES * sizeof *pcm);
        free(alone);
    }
    assert_int_equal(cudaStreamBeginCapture(three.stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
    ok(vx_gpu_frontend_run(three.frontend, three.stream, three.pcm, three.image, three.scratch, &err), &err);
    assert_int_equal(cudaStreamEndCapture(three.stream, &graph), cudaSuccess);
    assert_int_equal(cudaGraphInstantiate(&exec, graph, 0), cudaSuccess);
    vx_device_write(three.pcm, other, 3 * SAMPLES * sizeof *other);
    assert_int_equal(cudaGraphLaunch(exec, three.stream), cudaSuccess);
    turned = vx_device_read(three.image, 3 * three.bytes);
    for (size_t w = 0; w < 3; w++)
        assert_memory_equal(turned + (2 - w) * one.bytes, among + w * one.bytes, one.bytes);
    assert_int_equal(cudaGraphExecDestroy(exec), cudaSuccess);
    assert_int_equal(cudaGraphDestroy(graph), cudaSuccess);
    free(turned);
    free(among);
    free(other);
    free(pcm);
    finish(&one);
    finish(&three);
}

static void test_refused(void **state)
{
    const struct vx_processor processor = vx_processor_default();
    static const struct {
        const char *profile;
        int image_size, rate, samples, windows;
        enum vx_status rc;
    } rows[] = {
        {"mel-16k-grey", 224, 16000, 32000, 2, VX_OK},        {"mel-16k-grey", 224, 8000, 16000, 2, VX_EINVAL},
        {"mel-16k-grey", 224, 16000, 0, 2, VX_EINVAL},        {"mel-16k-grey", 256, 16000, 32000, 2, VX_EINVAL},
        {"mel-16k-grey", 224, 16000, 32000, 0, VX_EINVAL},    {"mel-16k-grey", 224, 16000, 32000, 70000, VX_EINVAL},
        {"mel-native-224", 224, 0, 16000, 1, VX_EINVAL},      {"mel-16k-plain", 192, 16000, 32000, 1, VX_EINVAL},
        {"mel-native-224", 224, 768000, 99000000, 6, VX_ENOMEM}, {"mel-native-224", 224, 768000, 768000000, 1, VX_ELIMIT},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vx_gpu_frontend *f;
        struct vx_profile p;
        struct vx_err err;
        ok(vx_profile_load(&p, rows[i].profile, &err), &err);
        assert_int_equal(vx_gpu_frontend_create(&f, &p, &processor, rows[i].image_size, rows[i].rate, rows[i].samples,
                                                rows[i].windows, &err), rows[i].rc);
        assert_int_equal(f != NULL, rows[i].rc == VX_OK);
        vx_gpu_frontend_destroy(&f);
    }
}

static void test_levels_off(void **state)
{
    (void)state;
    print_message("decibels: %.2g from the reference's, %.2g from the CPU's; %zu of %zu levels other than the CPU's\n",
                  worst_reference, worst_cpu, levels_off, levels_seen);
    assert_true((double)levels_off <= VX_TOL_LEVELS_DIFFERENT * (double)levels_seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_profiles),       cmocka_unit_test(test_full_size), cmocka_unit_test(test_decibels),
        cmocka_unit_test(test_broken_samples), cmocka_unit_test(test_empty_filters), cmocka_unit_test(test_place),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_levels_off),
    };

    rng = vx_random_start();
    return vx_device_run_tests("front end on the device", tests, COUNT(tests));
}
