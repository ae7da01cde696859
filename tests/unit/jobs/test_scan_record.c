/* test_scan_record.c - the fingerprint changes with whatever can change a score, and with nothing else */
#include "tests/harness/cmocka.h"
#include "tests/harness/fake_engine.h"

#include "jobs/scan_record.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

struct scene {
    struct vx_scan_options options;
    struct vx_scanner scanner;
    struct fake_engine fake;
    struct vx_scan_record record;
    char labels[64];
};

static const char *const inputs[] = {"corpus", "wei\"rd\\\n\xff"};

static void set_scene(struct scene *s)
{
    struct vx_err err;

    *s = (struct scene){.options = vx_scan_options_default()};
    s->options.inputs = inputs;
    s->options.n_inputs = 2;
    fake_engine_init(&s->fake, 2);
    s->scanner.engine = &s->fake.engine;
    s->scanner.batch = 8;
    s->scanner.verdict_by = "balanced";
    s->scanner.layer_norm_eps = 1e-12f;
    s->scanner.processor = vx_processor_default();
    assert_int_equal(vx_profile_load(&s->scanner.profile, VX_PROFILE_DEFAULT, &err), VX_OK);
    strcpy(s->labels, "[{\"label\": \"real\", \"side\": \"real\"}]");
    s->scanner.labels_json = s->labels;
    strcpy(s->scanner.model_path, "/models/a");
    strcpy(s->scanner.model_sha256, "0123");
    strcpy(s->scanner.profile_sha256, "4567");
}

static void fill(struct scene *s)
{
    struct vx_err err;

    if (vx_scan_record_fill(&s->record, &s->options, &s->scanner, &err) != VX_OK)
        fail_msg("%s", err.text);
}

#define CHANGE(name, statement)                                                                                        \
    static void name(struct scene *s)                                                                                  \
    {                                                                                                                  \
        statement;                                                                                                     \
    }
CHANGE(weights, strcpy(s->scanner.model_sha256, "0124"))
CHANGE(eps, s->scanner.layer_norm_eps = 1e-6f)
CHANGE(image_size, s->fake.engine.image_size = 384)
CHANGE(label_sides, strcpy(s->labels, "[{\"label\": \"real\", \"side\": \"fake\"}]"))
CHANGE(precision, s->fake.engine.precision = VX_PRECISION_BF16)
CHANGE(window, s->scanner.profile.window_seconds = 4)
CHANGE(rate, s->scanner.profile.sample_rate = 22050)
CHANGE(n_fft, s->scanner.profile.n_fft *= 2)
CHANGE(colour, s->scanner.profile.colour = VX_COLOUR_MAGMA)
CHANGE(orientation, s->scanner.profile.low_at_bottom = !s->scanner.profile.low_at_bottom)
CHANGE(peak, s->scanner.profile.peak_normalise = !s->scanner.profile.peak_normalise)
CHANGE(top_db, s->scanner.profile.top_db = 60)
CHANGE(profile_mean, s->scanner.profile.mean[1] = 0.5f)
CHANGE(hop, s->options.hop_seconds = 1)
CHANGE(min_sound, s->options.min_seconds = 0.4)
CHANGE(silence, s->options.silence_dbfs = -60)
CHANGE(channels, s->options.channels = VX_CHANNELS_EACH)
CHANGE(real_below, s->scanner.profile.real_below = 0.25)
CHANGE(fake_from, s->scanner.profile.fake_from = 0.75)
CHANGE(scale, s->scanner.profile.calibration_scale = 1.5)
CHANGE(offset, s->scanner.profile.calibration_offset = -0.5)
CHANGE(measured, s->scanner.profile.measured.level_dbfs.low = -60) /* what is outside is stored */
CHANGE(resize, s->scanner.processor.do_resize = !s->scanner.processor.do_resize)
CHANGE(edge, s->scanner.processor.shortest_edge++)
CHANGE(crop, s->scanner.processor.crop_pct = 1)
CHANGE(filter, s->scanner.processor.resample = VX_RESAMPLE_NEAREST)
CHANGE(rescale, s->scanner.processor.do_rescale = !s->scanner.processor.do_rescale)
CHANGE(factor, s->scanner.processor.rescale_factor *= 1.0000001)
CHANGE(normalize, s->scanner.processor.do_normalize = !s->scanner.processor.do_normalize)
CHANGE(mean, s->scanner.processor.mean[2] += 1e-6f)
CHANGE(std, s->scanner.processor.std[0] += 1e-6f)

CHANGE(hop_said, s->options.hop_seconds = s->scanner.profile.window_seconds) /* what it is anyway */
CHANGE(outputs, s->options.out = "x"; s->options.work = "y"; s->options.overwrite = s->options.keep_work = true)
CHANGE(quiet, s->options.quiet = true)
CHANGE(threads, s->options.threads = 7; s->fake.engine.lanes = 7)
CHANGE(batch, s->options.scanner.batch = s->scanner.batch = 32; s->fake.engine.max_batch = 32)
CHANGE(lease, s->options.lease = 1)
CHANGE(max_member, s->options.max_member_mib = 1)
CHANGE(inputs_named, s->options.n_inputs = 1)
CHANGE(model_moved, strcpy(s->scanner.model_path, "/elsewhere"))
CHANGE(profile_renamed, strcpy(s->scanner.profile.name, "mine"); strcpy(s->scanner.profile.description, "");
       strcpy(s->scanner.profile_sha256, "89ab"))
CHANGE(calibrated_on, strcpy(s->scanner.profile.calibrated_on, "200 clips"); strcpy(s->scanner.profile_sha256, "cdef"))
CHANGE(other_points, s->scanner.profile.high_precision.fake_from = 0.9; s->scanner.profile.high_recall.fake_from = 0.2)
CHANGE(point_named, s->scanner.verdict_by = "high-recall")
CHANGE(engine_words, strcpy(s->fake.engine.description, "fake on another host"))
CHANGE(another_run, strcpy(s->record.uuid, "77"); strcpy(s->record.started, "later"))

static const struct {
    const char *name;
    void (*change)(struct scene *s);
    bool decisive;
} changes[] = {
    {"weights", weights, true}, {"layer_norm_eps", eps, true}, {"image size", image_size, true},
    {"sides of labels", label_sides, true}, {"precision", precision, true}, {"window", window, true}, {"sample rate", rate, true},
    {"n_fft", n_fft, true}, {"colour", colour, true}, {"orientation", orientation, true}, {"peak", peak, true},
    {"top_db", top_db, true}, {"profile's mean", profile_mean, true}, {"hop", hop, true}, {"min-sound", min_sound, true},
    {"silence", silence, true}, {"channels", channels, true}, {"real_below", real_below, true}, {"fake_from", fake_from, true}, {"resize", resize, true},
    {"edge", edge, true}, {"crop", crop, true}, {"filter", filter, true}, {"rescale", rescale, true}, {"factor", factor, true},
    {"normalize", normalize, true}, {"calibration's scale", scale, true}, {"calibration's offset", offset, true},
    {"measured", measured, true}, {"mean", mean, true}, {"std", std, true},
    {"hop said", hop_said, false}, {"outputs", outputs, false}, {"quiet", quiet, false}, {"threads", threads, false},
    {"batch", batch, false}, {"lease", lease, false}, {"max-member", max_member, false}, {"inputs", inputs_named, false},
    {"model moved", model_moved, false}, {"profile renamed", profile_renamed, false}, {"calibrated on", calibrated_on, false},
    {"points not chosen", other_points, false}, {"point's name", point_named, false}, {"engine's words", engine_words, false},
    {"another run", another_run, false},
};

static void test_fingerprint(void **state)
{
    struct scene before, after;
    (void)state;

    set_scene(&before);
    fill(&before);
    assert_int_equal(strlen(before.record.fingerprint), 64);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char difference[512] = "";
        set_scene(&after);
        changes[i].change(&after);
        fill(&after);
        const bool same = strcmp(before.record.fingerprint, after.record.fingerprint) == 0;
        if (same == changes[i].decisive)
            fail_msg("%s %s the fingerprint", changes[i].name, same ? "leaves" : "changes");
        /* and a rank is told what differs */
        assert_int_equal(vx_scan_record_differences(before.record.decisive.data, after.record.decisive.data, difference,
                                               sizeof difference), changes[i].decisive);
        assert_int_equal(strstr(difference, " -> ") != NULL, changes[i].decisive);
        vx_scan_record_free(&after.record);
    }
    vx_scan_record_free(&before.record);
}

/* Beyond the window there is nothing to ask for. */
static void test_limits_meet(void **state)
{
    struct scene a, b;
    (void)state;

    set_scene(&a);
    set_scene(&b);
    a.options.min_seconds = a.scanner.profile.window_seconds;
    b.options.min_seconds = b.scanner.profile.window_seconds * 9;
    fill(&a);
    fill(&b);
    assert_string_equal(a.record.fingerprint, b.record.fingerprint);
    vx_scan_record_free(&a.record);
    vx_scan_record_free(&b.record);
}

static void test_difference(void **state)
{
    static const struct {
        const char *there, *here, *expected; /* NULL: none */
    } rows[] = {
        {"\"a\": 1, \"b\": 2", "\"a\": 1, \"b\": 2", NULL},
        {"\"a\": 1, \"b\": 2", "\"a\": 1, \"b\": 3", "b 2 -> 3"},
        {"\"a\": 1, \"b\": 2", "\"a\": 2, \"b\": 5", "a 1 -> 2, b 2 -> 5"},
        {"\"a\": 1, \"b\": [1, {\"x\": 2}], \"c\": 3", "\"a\": 1, \"b\": [1, {\"x\": 5}], \"c\": 3",
         "b [1, {\"x\": 2}] -> [1, {\"x\": 5}]"},
        {"\"a\": \"x, y: \\\" {\"", "\"a\": \"x, y\"", "a \"x, y: \\\" {\" -> \"x, y\""},
        {"\"a\": 1", "\"a\": 1, \"b\": 2", "b unknown -> 2"},
        {"\"a\": 1, \"b\": 2", "\"a\": 1", "b 2 -> unknown"},
        {"", "\"a\": 1", "a unknown -> 1"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[64] = "";
        assert_int_equal(vx_scan_record_differences(rows[i].there, rows[i].here, text, sizeof text), rows[i].expected != NULL);
        assert_string_equal(text, rows[i].expected ? rows[i].expected : "");
        char tiny[4] = "";
        vx_scan_record_differences(rows[i].there, rows[i].here, tiny, sizeof tiny);
        assert_in_range(strlen(tiny), 0, 3);
    }
}

/* What goes into `runs` is JSON, whatever the inputs are called. */
static void test_json(void **state)
{
    struct scene s;
    char *words[] = {(char *)(uintptr_t)"scan", (char *)(uintptr_t)"a b", (char *)(uintptr_t)"c\n"};
    struct vx_err err;
    (void)state;

    set_scene(&s);
    assert_int_equal(vx_scan_record_command(&s.record, 3, words, &err), VX_OK);
    assert_string_equal(s.record.command.data, "voxtrawl scan 'a b' 'c\\n'");
    fill(&s);
    fill(&s); /* again: from the start, not behind the first */
    cJSON *config = cJSON_Parse(s.record.config_json.data), *versions = cJSON_Parse(s.record.versions_json.data);
    assert_non_null(config);
    assert_non_null(versions);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(config, "inputs")), 2);
    assert_string_equal(cJSON_GetObjectItem(config, "model")->valuestring, "0123");
    assert_true(cJSON_GetObjectItem(config, "hop_s")->valuedouble == 2);
    cJSON_Delete(config);
    cJSON_Delete(versions);
    vx_scan_record_free(&s.record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_fingerprint), cmocka_unit_test(test_limits_meet),
                                       cmocka_unit_test(test_difference), cmocka_unit_test(test_json)};

    return cmocka_run_group_tests_name("scan_record", tests, NULL, NULL);
}
