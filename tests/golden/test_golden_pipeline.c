/* From a recording's file to logits: decoder, windows, front end and network in float32 against librosa, Pillow and
 * transformers (pipeline.py), for every built-in profile. */
#include "tests/harness/cmocka.h"
#include "tests/harness/golden.h"
#include "tests/harness/tolerances.h"

#include "cpu/engine.h"
#include "io/decode.h"
#include "io/windows.h"

#include <math.h>
#include <stdlib.h>

/* Everything that lives as long as all cases. */
struct setting {
    struct vx_golden *golden;
    struct vx_convnext *net;
    struct vx_reader *reader;
};

static int setup(void **state)
{
    static struct setting s;
    struct vx_config config;
    struct vx_err err;

    if (vx_golden_open(&s.golden, "pipeline.gold", &err) != VX_OK || vx_config_standard(&config, "atto", &err) != VX_OK)
        fail_msg("%s", err.text);
    const struct vx_golden_array *seed = vx_golden_get(s.golden, VX_GOLDEN_I64, "seed");
    if (vx_convnext_generate(&s.net, &config, (uint64_t) * (const int64_t *)seed->data, &err) != VX_OK ||
        vx_reader_create(&s.reader, 1 << 20, &err) != VX_OK)
        fail_msg("%s", err.text);
    vx_config_clear(&config);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct setting *s = *state;

    vx_reader_destroy(&s->reader);
    vx_convnext_destroy(&s->net);
    vx_golden_close(&s->golden);
    return 0;
}

static void test_made_by_script(void **state)
{
    const struct setting *s = *state;

    vx_golden_assert_script(s->golden);
}

static void open_engine(struct vx_engine **engine, const struct setting *s, const struct vx_profile *profile)
{
    const struct vx_processor checkpoint = vx_processor_default();
    const struct vx_engine_config config = {
        .net = s->net,
        .profile = profile,
        .processor = &checkpoint,
        .precision = VX_PRECISION_FP32,
        .lanes = 1,
        .max_batch = 1,
    };
    struct vx_err err;

    if (vx_cpu_engine.open(engine, &config, &err) != VX_OK)
        fail_msg("%s", err.text);
}

/* Each window of the recording through the engine, compared with its row of expected logits. Returns the largest
 * difference. */
static double compare(struct vx_decoder *dec, struct vx_windower *windower, struct vx_engine *engine,
                      const struct vx_golden_array *expected)
{
    const float *want = expected->data, *pcm;
    struct vx_window_score score;
    double worst = 0;
    size_t n = 0;
    float got[2];
    enum vx_status rc;
    struct vx_err err;

    assert_int_equal(engine->n_labels, 2);
    if (vx_windower_begin(windower, dec, &err) != VX_OK)
        fail_msg("%s", err.text);
    while ((rc = vx_windower_next(windower, &score, &pcm, &err)) == VX_OK) {
        const struct vx_input in = {VX_INPUT_PCM, 1, vx_windower_samples(windower), vx_decoder_rate(dec), pcm};
        assert_int_equal(score.flags & VX_WINDOW_NOT_SCORED, 0);
        assert_true(++n <= expected->shape[0]);
        if (vx_engine_run(engine, 0, &in, got, &err) != VX_OK)
            fail_msg("%s", err.text);
        for (int k = 0; k < 2; k++, want++)
            worst = fmax(worst, fabs((double)got[k] - (double)*want));
    }
    if (rc != VX_DONE)
        fail_msg("%s", err.text);
    assert_int_equal(n, expected->shape[0]);
    return worst;
}

static void run_case(const struct setting *s, const char *recording, const char *name)
{
    const struct vx_window_rule rule = {.window_seconds = 2, .hop_seconds = 2, .min_seconds = 0.5, .silence_dbfs = -70};
    struct vx_item item = {.kind = VX_ITEM_AUDIO, .path = vx_golden_path(recording), .ordinal = -1};
    struct vx_windower *windower = NULL;
    struct vx_profile profile;
    struct vx_source *source = NULL;
    struct vx_engine *engine = NULL;
    struct vx_decoder *dec = NULL;
    struct vx_err err;

    assert_non_null(item.path);
    if (vx_profile_load(&profile, name, &err) != VX_OK || vx_windower_create(&windower, &rule, &err) != VX_OK ||
        vx_reader_open(s->reader, &item, &source, &err) != VX_OK ||
        vx_decoder_open(&dec, source, profile.sample_rate, &err) != VX_OK)
        fail_msg("%s", err.text);
    open_engine(&engine, s, &profile);
    const double worst = compare(dec, windower, engine, vx_golden_get(s->golden, VX_GOLDEN_F32, "%s.%s", recording, name));
    print_message("%s, %s: logits off by %.2g\n", recording, name, worst);
    if (!(worst <= VX_TOL_LOGITS_PIPELINE))
        fail_msg("%s, %s: logits off by %g", recording, name, worst);
    vx_engine_close(&engine);
    vx_decoder_close(&dec);
    vx_windower_destroy(&windower);
    free(item.path);
}

static void test_recordings(void **state)
{
    static const char *const recordings[] = {"speech.flac", "speech-stereo.mp3"};

    for (size_t r = 0; r < 2; r++)
        for (int i = 0; i < vx_profile_builtin_count(); i++)
            run_case(*state, recordings[r], vx_profile_builtin_name(i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_made_by_script), cmocka_unit_test(test_recordings)};

    return cmocka_run_group_tests_name("golden pipeline", tests, setup, teardown);
}
