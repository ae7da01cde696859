/* The whole front end: spectrograms against the reference over odd sizes, broken samples, threads, what is refused.
 * --bench times the built-in profiles. */
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/signal.h"
#include "tests/harness/tolerances.h"

#include "cpu/frontend.h"
#include "model/reference_frontend.h"

#include "base/mem.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

static struct vx_random rng;
static bool bench;

/* A random profile with a spectrogram small enough for the reference */
static struct vx_profile random_profile(int i)
{
    static const int n_fft[] = {16, 64, 100, 128, 240, 256, 400, 512, 1000, 2048};
    struct vx_profile p = {
        .name = "random",
        .peak_normalise = i % 3 == 0,
        .n_fft = n_fft[i % 10],
        .hop_length = vx_random_int(&rng, 1, 700),
        .n_mels = vx_random_int(&rng, 1, 60),
        .fmax = i % 4 == 0 ? 0 : vx_random_int(&rng, 500, 12000),
        .ref_max = i % 2 == 0,
        .ref_value = 1,
        .amin = 1e-10,
        .top_db = vx_random_int(&rng, 1, 80),
        .image_width = 64,
        .image_height = 64,
        .image_filter = VX_RESAMPLE_BILINEAR,
    };
    return p;
}

static void test_spectrograms(void **state)
{
    static const char *const signals[] = {"chirp", "noise", "quiet", "square", "silence"};
    const struct vx_processor processor = vx_processor_default();
    double worst = 0;
    (void)state;
    for (int i = 0; i < 50; i++) {
        const int rate = vx_random_int(&rng, 4000, 48000);
        struct vx_profile p = random_profile(i);
        const int samples = vx_random_int(&rng, 1, p.hop_length * 12 > 5000 ? 5000 : p.hop_length * 12);
        const size_t n = (size_t)p.n_mels * (size_t)vx_ref_frames(&p, samples);
        float *pcm = vx_guard_alloc((size_t)samples * sizeof *pcm), *db = vx_guard_alloc(n * sizeof *db);
        double *expected = vx_calloc(n, sizeof *expected);
        struct vx_frontend *f;
        struct vx_err err;

        vx_test_signal(signals[i % 5], pcm, (size_t)samples);
        if (vx_frontend_create(&f, &p, &processor, 64, rate, samples, &err) != VX_OK)
            fail_msg("%s", err.text);
        assert_int_equal(vx_frontend_shape(f).frames * p.n_mels, n);
        void *scratch = vx_guard_alloc(vx_frontend_scratch(f));
        vx_frontend_decibels(f, pcm, db, scratch);
        assert_int_equal(vx_ref_mel_power(&p, pcm, samples, rate, expected, &err), VX_OK);
        vx_ref_decibels(&p, expected, n);
        for (size_t k = 0; k < n; k++) {
            const double d = fabs((double)db[k] - expected[k]);
            worst = d > worst ? d : worst;
            if (!(d <= VX_TOL_DECIBELS))
                fail_msg("profile %d, %d samples of %s at %d Hz: value %zu is %.9g dB, expected %.9g", i, samples,
                         signals[i % 5], rate, k, (double)db[k], expected[k]);
        }
        vx_frontend_destroy(&f);
        free(expected);
        vx_guard_free(scratch);
        vx_guard_free(db);
        vx_guard_free(pcm);
    }
    print_message("largest difference %.2g dB\n", worst);
}

/* What must not come out, whatever goes in: anything but 8-bit levels from finite decibels. */
static void test_broken_samples(void **state)
{
    static const float values[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 1e20f, 1e-40f};
    const struct vx_processor processor = vx_processor_default();
    struct vx_profile p;
    struct vx_frontend *f;
    struct vx_err err;
    (void)state;
    for (int b = 0; b < vx_profile_builtin_count(); b++) {
        assert_int_equal(vx_profile_load(&p, vx_profile_builtin_name(b), &err), VX_OK);
        const int rate = p.sample_rate ? p.sample_rate : 8000, samples = vx_profile_samples(&p, rate);
        assert_int_equal(vx_frontend_create(&f, &p, &processor, 224, rate, samples, &err), VX_OK);
        const struct vx_frontend_shape shape = vx_frontend_shape(f);
        const size_t n = (size_t)shape.frames * (size_t)shape.n_mels;
        float *pcm = vx_guard_alloc((size_t)samples * sizeof *pcm), *db = vx_guard_alloc(n * sizeof *db);
        uint8_t *image = vx_guard_alloc(224 * 224 * 3), *level = vx_guard_alloc(n);
        void *scratch = vx_guard_alloc(vx_frontend_scratch(f));
        for (size_t v = 0; v < COUNT(values); v++) {
            vx_test_signal("noise", pcm, (size_t)samples);
            pcm[samples / 3] = values[v];
            vx_frontend_decibels(f, pcm, db, scratch);
            for (size_t k = 0; k < n; k++)
                assert_true(isfinite(db[k]));
            vx_frontend_run(f, pcm, image, scratch);
        }
        vx_test_signal("silence", pcm, (size_t)samples);
        vx_frontend_levels(f, pcm, level, scratch);
        for (size_t k = 0; k < n; k++)
            assert_int_equal(level[k], 0);
        vx_frontend_destroy(&f);
        vx_guard_free(scratch);
        vx_guard_free(level);
        vx_guard_free(image);
        vx_guard_free(db);
        vx_guard_free(pcm);
    }
}

struct job {
    const struct vx_frontend *frontend;
    const float *pcm;
    uint8_t *image; /* [224][224][3] */
};

static void *make_image(void *user)
{
    const struct job *job = user;
    void *scratch = vx_calloc(vx_frontend_scratch(job->frontend), 1);

    for (int i = 0; scratch && i < 5; i++)
        vx_frontend_run(job->frontend, job->pcm, job->image, scratch);
    free(scratch);
    return NULL;
}

/* One plan, several threads. */
static void test_threads(void **state)
{
    enum { THREADS = 3, BYTES = 224 * 224 * 3 };
    const struct vx_processor processor = vx_processor_default();
    struct vx_profile p;
    struct vx_frontend *f;
    struct vx_err err;
    (void)state;
    assert_int_equal(vx_profile_load(&p, VX_PROFILE_DEFAULT, &err), VX_OK);
    const int samples = vx_profile_samples(&p, p.sample_rate);
    float *pcm = vx_calloc((size_t)samples, sizeof *pcm);
    pthread_t thread[THREADS];
    struct job job[THREADS];

    vx_test_signal("chirp", pcm, (size_t)samples);
    assert_int_equal(vx_frontend_create(&f, &p, &processor, 224, p.sample_rate, samples, &err), VX_OK);
    for (int i = 0; i < THREADS; i++) {
        job[i] = (struct job){f, pcm, vx_calloc(BYTES, 1)};
        assert_int_equal(pthread_create(&thread[i], NULL, make_image, &job[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 1; i < THREADS; i++)
        assert_memory_equal(job[i].image, job[0].image, BYTES);
    for (int i = 0; i < THREADS; i++)
        free(job[i].image);
    vx_frontend_destroy(&f);
    free(pcm);
}

static void test_refused(void **state)
{
    const struct vx_processor processor = vx_processor_default();
    static const struct {
        const char *profile;
        int image_size, rate, samples;
        enum vx_status rc;
    } rows[] = {
        {"mel-16k-grey", 224, 16000, 32000, VX_OK},      {"mel-16k-grey", 224, 8000, 16000, VX_EINVAL},
        {"mel-16k-grey", 224, 16000, 0, VX_EINVAL},      {"mel-16k-grey", 256, 16000, 32000, VX_EINVAL},
        {"mel-native-224", 224, 8000, 16000, VX_OK},     {"mel-native-224", 224, 0, 16000, VX_EINVAL},
        {"mel-16k-plain", 224, 16000, 32000, VX_OK},     {"mel-16k-plain", 192, 16000, 32000, VX_EINVAL},
        {"mel-native-imagenet", 224, 768000, 1536000, VX_OK}, {"mel-native-224", 224, 768000, 768000000, VX_ELIMIT},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct vx_frontend *f;
        struct vx_profile p;
        struct vx_err err;
        assert_int_equal(vx_profile_load(&p, rows[i].profile, &err), VX_OK);
        assert_int_equal(vx_frontend_create(&f, &p, &processor, rows[i].image_size, rows[i].rate, rows[i].samples, &err),
                         rows[i].rc);
        assert_int_equal(f != NULL, rows[i].rc == VX_OK);
        vx_frontend_destroy(&f);
        p.fmin = 7000;
        p.fmax = 0;
        if (rows[i].rate == 8000 && rows[i].rc == VX_OK)
            assert_int_equal(vx_frontend_create(&f, &p, &processor, 224, 8000, 16000, &err), VX_EINVAL);
    }
}

struct timed {
    struct vx_frontend *frontend;
    float *pcm, *db;
    uint8_t *image, *level;
    void *scratch;
};

static void run_all(void *user)
{
    struct timed *t = user;

    vx_frontend_run(t->frontend, t->pcm, t->image, t->scratch);
}

static void run_decibels(void *user)
{
    struct timed *t = user;

    vx_frontend_decibels(t->frontend, t->pcm, t->db, t->scratch);
}

static void run_levels(void *user)
{
    struct timed *t = user;

    vx_frontend_levels(t->frontend, t->pcm, t->level, t->scratch);
}

static void bench_profiles(void **state)
{
    const struct vx_processor processor = vx_processor_default();
    (void)state;
    for (int b = 0; bench && b < vx_profile_builtin_count(); b++) {
        struct timed t;
        struct vx_profile p;
        struct vx_err err;
        assert_int_equal(vx_profile_load(&p, vx_profile_builtin_name(b), &err), VX_OK);
        const int rate = p.sample_rate ? p.sample_rate : 44100, samples = vx_profile_samples(&p, rate);
        assert_int_equal(vx_frontend_create(&t.frontend, &p, &processor, 224, rate, samples, &err), VX_OK);
        const struct vx_frontend_shape shape = vx_frontend_shape(t.frontend);
        t.pcm = vx_calloc((size_t)samples, sizeof(float));
        t.db = vx_calloc((size_t)shape.frames * (size_t)shape.n_mels, sizeof(float));
        t.level = vx_calloc((size_t)shape.frames, (size_t)shape.n_mels);
        t.image = vx_calloc(224 * 224, 3);
        t.scratch = vx_calloc(vx_frontend_scratch(t.frontend), 1);
        vx_test_signal("chirp", t.pcm, (size_t)samples);
        const double db = vx_check_time(run_decibels, &t), level = vx_check_time(run_levels, &t), all = vx_check_time(run_all, &t);
        print_message("%-20s %5d Hz %4d frames: %4.0f us (decibels %.0f, levels %.0f, picture %.0f)\n", p.name, rate,
                      shape.frames, 1e6 * all, 1e6 * db, 1e6 * (level - db), 1e6 * (all - level));
        vx_frontend_destroy(&t.frontend);
        free(t.pcm);
        free(t.db);
        free(t.level);
        free(t.image);
        free(t.scratch);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spectrograms), cmocka_unit_test(test_broken_samples), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_refused),      cmocka_unit_test(bench_profiles),
    };

    bench = vx_check_bench(argc, argv);
    rng = vx_random_start();
    return cmocka_run_group_tests_name("front end", tests, NULL, NULL);
}
