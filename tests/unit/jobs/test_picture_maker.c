/* test_picture_maker.c - what voxtrawl pictures writes is, bit for bit and in order, what the engine shows its network */
#include "tests/harness/check.h"
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "cpu/engine.h"
#include "io/source.h"
#include "jobs/picture_maker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 64
#define ITEMS 24
#define HOP 0.21

static char real[] = "real", fake[] = "fake", *labels[] = {real, fake};
static const struct vx_config network = {.image_size = SIZE, .patch_size = 4, .num_channels = 3, .n_stages = 2,
                                         .depths = {1, 1}, .hidden_sizes = {8, 16}, .layer_norm_eps = 1e-12F,
                                         .n_labels = 2, .labels = labels};
static struct vx_random rng;

struct scene {
    char *sounds, *set; /* folders */
    struct vx_profile profile;
    struct vx_processor processor;
    struct vx_engine *engine;
    struct vx_item_windows_config windows;
};

static void must(enum vx_status rc, const struct vx_err *err)
{
    if (rc != VX_OK)
        fail_msg("%s", err->text);
}

static void put(unsigned char *at, uint32_t v, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (unsigned char)(v >> (8 * i));
}

/* Noise of 16 bits in one channel; a stretch of silence in every third recording. */
static void write_wav(const char *dir, int k)
{
    static const int rates[] = {8000, 16000, 22050};
    const int rate = rates[k % 3], n = vx_random_int(&rng, rate / 10, rate * 4);
    unsigned char *file = malloc(44 + 2 * (size_t)n);
    char name[16];

    assert_non_null(file);
    memcpy(file, "RIFF....WAVEfmt ....", 20);
    put(file + 4, 36 + 2 * (uint32_t)n, 4);
    put(file + 16, 16, 4);
    put(file + 20, 1, 2);
    put(file + 22, 1, 2);
    put(file + 24, (uint32_t)rate, 4);
    put(file + 28, 2 * (uint32_t)rate, 4);
    put(file + 32, 2, 2);
    put(file + 34, 16, 2);
    memcpy(file + 36, "data", 4);
    put(file + 40, 2 * (uint32_t)n, 4);
    for (int i = 0; i < n; i++)
        put(file + 44 + 2 * (size_t)i, k % 3 == 0 && i > n / 2 ? 0 : vx_random_next(&rng), 2);
    snprintf(name, sizeof name, "%02d.wav", k);
    folder_write(dir, name, file, 44 + 2 * (size_t)n);
    free(file);
}

static int set_up(void **state)
{
    static struct scene s;

    rng = vx_random_start();
    s = (struct scene){.sounds = folder_create(), .set = folder_create(), .processor = vx_processor_default()};
    for (int k = 0; k < ITEMS; k++)
        write_wav(s.sounds, k);
    s.processor.shortest_edge = SIZE;
    s.windows = (struct vx_item_windows_config){.profile = &s.profile, .processor = &s.processor, .image_size = SIZE,
                                                .player = {.max_member_bytes = 1 << 20}};
    *state = &s;
    return 0;
}

static int tear_down(void **state)
{
    struct scene *s = *state;

    vx_engine_close(&s->engine);
    folder_remove(&s->sounds);
    folder_remove(&s->set);
    return 0;
}

static void use_profile(struct scene *s, const char *name)
{
    struct vx_engine_config config = {.profile = &s->profile, .processor = &s->processor, .precision = VX_PRECISION_FP32,
                                      .lanes = 1, .max_batch = 1};
    struct vx_convnext *net;
    struct vx_err err;

    must(vx_profile_load(&s->profile, name, &err), &err);
    s->profile.window_seconds = 0.5;
    s->windows.rule = (struct vx_window_rule){.window_seconds = 0.5, .hop_seconds = HOP, .min_seconds = 0.2, .silence_dbfs = -70};
    vx_engine_close(&s->engine);
    must(vx_convnext_generate(&net, &network, 5, &err), &err);
    config.net = net;
    must(vx_cpu_engine.open(&s->engine, &config, &err), &err);
    vx_convnext_destroy(&net);
}

/* The set of all recordings in s->set; returns pictures.u8, the caller's. */
static uint8_t *make_set(struct scene *s, const char *input, int channels, int threads, size_t keep_bytes, size_t *len,
                         struct vx_picture_tally *tally)
{
    const struct vx_picture_set_config config = {.dir = s->set, .size = SIZE, .channels = channels, .overwrite = true};
    const struct vx_buf facts = {.data = (char[]){"\"facts\": 1"}, .len = 10};
    struct vx_picture_set *set;
    struct vx_log *log;
    struct vx_err err;

    must(vx_log_open(&log, NULL, VX_LOG_ERROR, &err), &err);
    must(vx_picture_set_create(&set, &config, &err), &err);
    const struct vx_picture_maker maker = {.windows = s->windows, .channels = channels, .threads = threads, .inputs = &input,
                                           .n_inputs = 1, .keep_bytes = keep_bytes, .set = set, .log = log};
    must(vx_picture_maker_run(&maker, tally, &err), &err);
    must(vx_picture_set_finish(set, &facts, &err), &err);
    vx_picture_set_destroy(&set);
    vx_log_close(&log);
    return (uint8_t *)folder_read(s->set, "pictures.u8", len);
}

/* Compares recording k's pictures with the engine's, one window at a time; returns where the next recording's begin. */
static size_t check_recording(struct scene *s, int k, const uint8_t *pictures, size_t at, size_t len, int channels)
{
    uint8_t image[SIZE * SIZE * 3];
    struct vx_reader *reader = NULL;
    struct vx_decoder *dec = NULL;
    struct vx_windower *windower = NULL;
    struct vx_window_score score;
    struct vx_source *source;
    const float *pcm;
    struct vx_err err;
    char name[16];
    enum vx_status rc;

    snprintf(name, sizeof name, "%02d.wav", k);
    char *path = strdup(folder_path(s->sounds, name));
    const struct vx_item item = {.path = path, .ordinal = -1, .size = -1};
    must(vx_reader_create(&reader, 0, &err), &err);
    must(vx_reader_open(reader, &item, &source, &err), &err);
    must(vx_decoder_open(&dec, source, s->profile.sample_rate, &err), &err);
    must(vx_windower_create(&windower, &s->windows.rule, &err), &err);
    must(vx_windower_begin(windower, dec, &err), &err);
    while ((rc = vx_windower_next(windower, &score, &pcm, &err)) == VX_OK) {
        const struct vx_input input = {.kind = VX_INPUT_PCM, .n = 1, .samples = vx_windower_samples(windower),
                                       .sample_rate = vx_decoder_rate(dec), .data = pcm};
        if (score.flags & VX_WINDOW_NOT_SCORED)
            continue;
        must(s->engine->ops->images(s->engine, 0, &input, image, &err), &err);
        assert_true(at + (size_t)(SIZE * SIZE * channels) <= len);
        for (int i = 0; i < SIZE * SIZE * channels; i++)
            if (pictures[at + (size_t)i] != image[channels == 3 ? i : 3 * i])
                fail_msg("%s, window %d: byte %d is %d, expected %d", name, score.index, i, pictures[at + (size_t)i],
                         image[channels == 3 ? i : 3 * i]);
        at += (size_t)(SIZE * SIZE * channels);
    }
    assert_int_equal(rc, VX_DONE);
    vx_windower_destroy(&windower);
    vx_decoder_close(&dec);
    vx_reader_destroy(&reader);
    free(path);
    return at;
}

static void test_equal_to_engine(void **state)
{
    static const struct {
        const char *profile;
        int channels, threads;
        size_t keep_pictures; /* 0: as many as by default */
    } rows[] = {
        {"mel-16k-grey", 1, 1, 0}, {"mel-16k-grey", 3, 2, 0}, {"mel-16k-grey", 1, 5, 1}, {"mel-native-224", 1, 3, 2},
        {"mel-22k-magma", 3, 2, 3}, {"mel-22k-magma", 3, 1, 1},
    };
    struct scene *s = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_picture_tally tally;
        size_t len, at = 0;
        use_profile(s, rows[i].profile);
        uint8_t *pictures = make_set(s, s->sounds, rows[i].channels, rows[i].threads,
                                     rows[i].keep_pictures * SIZE * SIZE * (size_t)rows[i].channels, &len, &tally);
        for (int k = 0; k < ITEMS; k++)
            at = check_recording(s, k, pictures, at, len, rows[i].channels);
        assert_int_equal(at, len);
        assert_int_equal(tally.items, ITEMS);
        assert_int_equal(tally.failed, 0);
        assert_int_equal(tally.scored + tally.not_scored, ITEMS);
        assert_true(tally.scored > ITEMS / 2);
        free(pictures);
    }
}

/* A recording that breaks off gives what was before; what is no recording gives nothing; neither disturbs the others. */
static void test_broken(void **state)
{
    struct scene *s = *state;
    struct vx_picture_tally tally;
    uint8_t *pictures;
    size_t len;

    use_profile(s, "mel-16k-grey");
    folder_write(s->sounds, "03b.wav", "RIFF", 4);
    folder_write(s->sounds, "zz.flac", "", 0);
    pictures = make_set(s, s->sounds, 1, 3, 0, &len, &tally);
    assert_int_equal(tally.items, ITEMS + 2);
    assert_int_equal(tally.failed, 2);
    assert_int_equal(check_recording(s, 0, pictures, 0, len, 1) % (SIZE * SIZE), 0);
    free(pictures);
    pictures = make_set(s, folder_path(s->sounds, "zz.flac"), 1, 3, 0, &len, &tally);
    assert_int_equal(len, 0);
    assert_int_equal(tally.failed, 1);
    free(pictures);
}

/* A front end that cannot be made ends the run with its reason. */
static void test_failure(void **state)
{
    struct scene *s = *state;
    const struct vx_picture_set_config config = {.dir = s->set, .size = SIZE, .channels = 1, .overwrite = true};
    const char *input = s->sounds;
    struct vx_picture_tally tally;
    struct vx_picture_set *set;
    struct vx_log *log;
    struct vx_err err;

    use_profile(s, "mel-16k-grey");
    s->profile.use_processor = false; /* 224x224 */
    must(vx_log_open(&log, NULL, VX_LOG_ERROR, &err), &err);
    must(vx_picture_set_create(&set, &config, &err), &err);
    const struct vx_picture_maker maker = {.windows = s->windows, .channels = 1, .threads = 3, .inputs = &input,
                                           .n_inputs = 1, .set = set, .log = log};
    assert_int_equal(vx_picture_maker_run(&maker, &tally, &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "224x224"));
    vx_picture_set_destroy(&set);
    vx_log_close(&log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_equal_to_engine), cmocka_unit_test(test_broken),
                                       cmocka_unit_test(test_failure)};

    return cmocka_run_group_tests_name("picture_maker", tests, set_up, tear_down);
}
