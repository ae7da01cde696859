/* Profiles: what is accepted and, beside it, what is not; canonical JSON; the built-in ones. */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "model/profile.h"

#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every key with a value that is accepted, in the order of the canonical form. */
static const struct {
    const char *key, *value;
} whole[] = {
    {"name", "\"a-1_b.c\""},
    {"description", "\"w\\u00fcrde \\\"x\\\"\""},
    {"sample_rate", "16000"},
    {"window_seconds", "2.5"},
    {"peak_normalise", "true"},
    {"n_fft", "480"},
    {"hop_length", "160"},
    {"n_mels", "80"},
    {"fmin", "20.25"},
    {"fmax", "7600"},
    {"ref_max", "false"},
    {"ref_value", "0.1"},
    {"amin", "1e-10"},
    {"top_db", "0"},
    {"colour", "\"viridis\""},
    {"low_at_bottom", "true"},
    {"image_width", "300"},
    {"image_height", "200"},
    {"image_filter", "\"bicubic\""},
    {"use_processor", "false"},
    {"rescale_factor", "0.0039215686274509803"},
    {"mean", "[0.485, 0.456, -0.406]"},
    {"std", "[0.229, 1, 2.5e-3]"},
    {"real_below", "0.25"},
    {"fake_from", "0.75"},
    {"calibration_scale", "0.7"},
    {"calibration_offset", "-1.5"},
    {"calibrated_on", "\"200 clips, one per speaker\""},
    {"high_precision", "{\"real_below\": 0.125, \"fake_from\": 0.9}"},
    {"high_recall", "{\"fake_from\": 0.3, \"real_below\": 0}"},
    {"measured", "{\"level_dbfs\": [-60.5, -3], \"bandwidth_hz\": [2800, 7900], \"active_share\": [0.1, 1]}"},
};
#define N_KEYS (sizeof whole / sizeof *whole)
#define N_ALWAYS (N_KEYS - 6) /* those that the built-in profiles have */

/* The whole profile with `key` given the value (NULL: left out), and `more` before the last brace. */
static enum vx_status parse_with(struct vx_profile *p, const char *key, const char *value, const char *more, struct vx_err *err)
{
    struct vx_buf b = {0};
    const char *separator = "{";

    for (size_t i = 0; i < N_KEYS; i++) {
        const char *v = strcmp(whole[i].key, key) == 0 ? value : whole[i].value;
        if (!v)
            continue;
        vx_buf_fmt(&b, "%s\"%s\": %s", separator, whole[i].key, v);
        separator = ", ";
    }
    vx_buf_fmt(&b, "%s}", more);
    assert_false(b.failed);
    const enum vx_status rc = vx_profile_parse(p, b.data, "test.json", err);
    vx_buf_free(&b);
    return rc;
}

static void test_whole(void **state)
{
    struct vx_profile p;
    struct vx_err err;
    (void)state;

    if (parse_with(&p, "", NULL, "", &err) != VX_OK)
        fail_msg("%s", err.text);
    assert_string_equal(p.name, "a-1_b.c");
    assert_string_equal(p.description, "w\xC3\xBCrde \"x\"");
    assert_int_equal(p.sample_rate, 16000);
    assert_true(p.window_seconds == 2.5 && p.fmin == 20.25 && p.fmax == 7600 && p.ref_value == 0.1 && p.amin == 1e-10);
    assert_true(p.peak_normalise && !p.ref_max && p.low_at_bottom && !p.use_processor);
    assert_true(p.n_fft == 480 && p.hop_length == 160 && p.n_mels == 80 && p.top_db == 0);
    assert_int_equal(p.colour, VX_COLOUR_VIRIDIS);
    assert_true(p.image_width == 300 && p.image_height == 200);
    assert_int_equal(p.image_filter, VX_RESAMPLE_BICUBIC);
    assert_true(p.rescale_factor == 1.0 / 255 && p.mean[2] == -0.406f && p.std[2] == 2.5e-3f);
    assert_true(p.real_below == 0.25 && p.fake_from == 0.75);
    assert_true(p.calibration_scale == 0.7 && p.calibration_offset == -1.5);
    assert_string_equal(p.calibrated_on, "200 clips, one per speaker");
    assert_true(p.high_precision.real_below == 0.125 && p.high_precision.fake_from == 0.9);
    assert_true(p.high_recall.real_below == 0 && p.high_recall.fake_from == 0.3);
    assert_true(p.measured.level_dbfs.low == -60.5 && p.measured.level_dbfs.high == -3);
    assert_true(p.measured.bandwidth_hz.low == 2800 && p.measured.bandwidth_hz.high == 7900);
    assert_true(p.measured.active_share.low == 0.1 && p.measured.active_share.high == 1);
}

static void test_values(void **state)
{
    static const struct {
        const char *key, *value;
        bool ok;
    } rows[] = {
        {"name", "\"x\"", true},             {"name", "\"\"", false},          {"name", "\"a b\"", false},
        {"name", "\"a/b\"", false},          {"name", "7", false},             {"name", NULL, false},
        {"name", "\"123456789012345678901234567890123456789012345678901234567890123\"", true},
        {"name", "\"1234567890123456789012345678901234567890123456789012345678901234\"", false},
        {"description", NULL, true},         {"description", "null", false},   {"description", "\"\"", true},
        {"sample_rate", "0", true},          {"sample_rate", "768000", true},  {"sample_rate", "768001", false},
        {"sample_rate", "999", false},       {"sample_rate", "-1", false},     {"sample_rate", "16000.5", false},
        {"sample_rate", "\"native\"", false}, {"sample_rate", NULL, false},    {"window_seconds", "0.02", true},
        {"window_seconds", "60", true},      {"window_seconds", "0", false},   {"window_seconds", "1e400", false},
        {"window_seconds", "[2]", false},    {"window_seconds", NULL, false},  {"peak_normalise", "false", true},
        {"peak_normalise", "1", false},      {"peak_normalise", NULL, false},  {"n_fft", "16", true},
        {"n_fft", "65536", true},            {"n_fft", "1000", true},          {"n_fft", "1", false},
        {"n_fft", "375", false},             {"n_fft", "700", false},          {"n_fft", "131072", false},
        {"hop_length", "1", true},           {"hop_length", "0", false},       {"n_mels", "1024", true},
        {"n_mels", "0", false},              {"n_mels", "1025", false},        {"n_mels", "true", false},
        {"fmin", "0", true},                 {"fmin", "-1", false},            {"fmin", "7600", false},
        {"fmax", "0", true},                 {"fmax", "20.3", true},           {"fmax", "20", false},
        {"fmax", "384000", true},            {"fmax", "null", false},          {"ref_max", "true", true},
        {"ref_value", "1e-30", true},        {"ref_value", "0", false},        {"ref_value", NULL, false},
        {"amin", "1", true},                 {"amin", "0", false},             {"top_db", "1000", true},
        {"top_db", "-1", false},             {"colour", "\"grey\"", true},     {"colour", "\"magma\"", true},
        {"colour", "\"gray\"", false},       {"colour", "\"\"", false},        {"colour", "0", false},
        {"image_width", "0", false},         {"image_height", "0", false},     {"image_width", "4096", true},
        {"image_width", "4097", false},      {"image_filter", "\"nearest\"", true}, {"image_filter", "\"bilinear\"", true},
        {"image_filter", "\"lanczos\"", false}, {"image_filter", "2", false},  {"use_processor", "true", true},
        {"use_processor", NULL, false},      {"rescale_factor", "1", true},    {"rescale_factor", "0", false},
        {"rescale_factor", NULL, false},     {"mean", "[0, 0, 0]", true},      {"mean", "[0, 0]", false},
        {"mean", "[0, 0, 0, 0]", false},     {"mean", "[0, 0, \"0\"]", false}, {"mean", "0", false},
        {"mean", "{\"a\": 1, \"b\": 2, \"c\": 3}", false}, {"mean", NULL, false}, {"std", "[1, 0, 1]", false},
        {"std", "[1, -1, 1]", false},        {"std", NULL, false},             {"real_below", "0.75", true},
        {"real_below", "0.76", false},       {"real_below", "-0.1", false},    {"fake_from", "1", true},
        {"fake_from", "1.01", false},        {"fake_from", "0.2", false},      {"description", "\"a\\nb\"", false},
        {"calibration_scale", NULL, true},   {"calibration_scale", "1e-9", true}, {"calibration_scale", "0", false},
        {"calibration_scale", "-1", false},  {"calibration_scale", "\"1\"", false}, {"calibration_scale", "null", false},
        {"calibration_offset", NULL, true},  {"calibration_offset", "0", true}, {"calibration_offset", "1e10", false},
        {"calibrated_on", NULL, true},       {"calibrated_on", "\"\"", true},  {"calibrated_on", "7", false},
        {"calibrated_on", "\"\\u001b[31m\"", false},
        {"high_precision", NULL, true},      {"high_precision", "{}", false},  {"high_precision", "[0.1, 0.9]", false},
        {"high_precision", "0.9", false},    {"high_precision", "null", false},
        {"high_precision", "{\"real_below\": 0.5, \"fake_from\": 0.5}", true},
        {"high_precision", "{\"real_below\": 0.5}", false},
        {"high_precision", "{\"fake_from\": 0.5}", false},
        {"high_precision", "{\"real_below\": 0, \"fake_from\": 0}", false},
        {"high_precision", "{\"real_below\": 0.9, \"fake_from\": 0.8}", false},
        {"high_precision", "{\"real_below\": 0.1, \"fake_from\": 1.1}", false},
        {"high_precision", "{\"real_below\": 0.1, \"fake_from\": 0.9, \"measured\": {}}", false},
        {"high_precision", "{\"real_below\": 0.1, \"fake_from\": 0.9, \"fmin\": 0}", false},
        {"high_precision", "{\"real_below\": 0.1, \"fake_from\": 0.9, \"real_below\": 0.1}", false},
        {"high_recall", NULL, true},         {"high_recall", "{\"real_below\": 0.9, \"fake_from\": 0.8}", false},
        {"measured", NULL, true},            {"measured", "{}", true},         {"measured", "[]", false},
        {"measured", "{\"level_dbfs\": [-60, -60]}", true},
        {"measured", "{\"level_dbfs\": [-3, -60]}", false},
        {"measured", "{\"level_dbfs\": [0, 0]}", false},
        {"measured", "{\"level_dbfs\": [-60]}", false},
        {"measured", "{\"level_dbfs\": [-60, -3, 0]}", false},
        {"measured", "{\"level_dbfs\": {\"low\": -60, \"high\": -3}}", false},
        {"measured", "{\"bandwidth_hz\": [-1, 4000]}", false},
        {"measured", "{\"active_share\": [0, 1.5]}", false},
        {"measured", "{\"active_share\": [0, \"1\"]}", false},
        {"measured", "{\"level\": [-60, -3]}", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_profile p = {.name = "untouched"};
        struct vx_err err = {.text = ""};
        const enum vx_status rc = parse_with(&p, rows[i].key, rows[i].value, "", &err);
        if (rc != (rows[i].ok ? VX_OK : VX_EFORMAT))
            fail_msg("%s: %s: status %d, %s", rows[i].key, rows[i].value ? rows[i].value : "left out", (int)rc, err.text);
        if (rows[i].ok)
            continue;
        assert_string_equal(p.name, "untouched");
        assert_non_null(strstr(err.text, "test.json"));
        if (!strstr(err.text, rows[i].key) && !strstr(err.text, "fm") && !strstr(err.text, "image_") && !strstr(err.text, "real_below"))
            fail_msg("%s is not named in: %s", rows[i].key, err.text);
    }
}

static void test_structure(void **state)
{
    static const struct {
        const char *more;
        const char *says;
    } rows[] = {
        {", \"n_fft \": 512", "unknown key \"n_fft \""},
        {", \"comment\": null", "unknown key \"comment\""},
        {", \"\": {}", "unknown key \"\""},
        {", \"high_recall.fake_from\": 0.5", "unknown key \"high_recall.fake_from\""},
        {", \"fmin\": 0", "twice"},
        {"} x", "not JSON"},
        {", ", "not JSON"},
    };
    static const char *const broken[] = {"", "[]", "null", "{", "{}", "{\"name\": \"\xff\"}", "\"mel-16k-grey\""};
    struct vx_profile p;
    struct vx_err err;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(parse_with(&p, "", NULL, rows[i].more, &err), VX_EFORMAT);
        if (!strstr(err.text, rows[i].says))
            fail_msg("expected \"%s\" in: %s", rows[i].says, err.text);
    }
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++)
        assert_int_equal(vx_profile_parse(&p, broken[i], "test.json", &err), VX_EFORMAT);
}

/* Keys that mean nothing beside another may be left out and then have one fixed value. */
static void test_optional(void **state)
{
    static const char json[] =
        "{\"name\": \"short\", \"sample_rate\": 0, \"window_seconds\": 1, \"peak_normalise\": false, \"n_fft\": 512,"
        "\"hop_length\": 128, \"n_mels\": 64, \"fmin\": 0, \"fmax\": 0, \"ref_max\": true, \"amin\": 1e-10, \"top_db\": 80,"
        "\"colour\": \"grey\", \"low_at_bottom\": false, \"image_width\": 0, \"image_height\": 0, \"image_filter\": \"nearest\","
        "\"use_processor\": true, \"real_below\": 0.5, \"fake_from\": 0.5}";
    struct vx_profile p;
    struct vx_err err;
    (void)state;

    if (vx_profile_parse(&p, json, "short", &err) != VX_OK)
        fail_msg("%s", err.text);
    assert_string_equal(p.description, "");
    assert_true(p.ref_value == 1 && p.rescale_factor == 1.0 / 255 && p.mean[0] == 0 && p.std[2] == 1);
    assert_true(p.calibration_scale == 1 && p.calibration_offset == 0 && p.calibrated_on[0] == '\0');
    assert_true(p.high_precision.fake_from == 0 && p.high_recall.fake_from == 0 && p.measured.level_dbfs.low == 0 &&
                p.measured.level_dbfs.high == 0 && p.measured.active_share.high == 0);
}

/* Keys that were added later: written where they say something, so that profiles without them keep their hash. */
static void test_unset_is_unwritten(void **state)
{
    static const struct {
        const char *key, *value, *written; /* NULL: left out */
    } rows[] = {
        {"calibration_scale", "1", NULL},
        {"calibration_scale", "1.5", "\"calibration_scale\": 1.5,\n"},
        {"calibration_offset", "0.0", NULL},
        {"calibrated_on", "\"\"", NULL},
        {"high_precision", NULL, NULL},
        {"high_precision", "{\"fake_from\": 0.9, \"real_below\": 0}",
         "  \"high_precision\": {\"real_below\": 0, \"fake_from\": 0.9},\n"},
        {"measured", "{}", NULL},
        {"measured", "{\"active_share\": [0, 1], \"level_dbfs\": [-9, 0]}",
         "  \"measured\": {\"level_dbfs\": [-9, 0], \"active_share\": [0, 1]}\n}\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_profile p, back;
        struct vx_err err;
        if (parse_with(&p, rows[i].key, rows[i].value, "", &err) != VX_OK)
            fail_msg("%s", err.text);
        char *json = vx_profile_json(&p);
        assert_non_null(json);
        if (rows[i].written ? !strstr(json, rows[i].written) : strstr(json, rows[i].key) != NULL)
            fail_msg("%s %s was written as\n%s", rows[i].key, rows[i].value ? rows[i].value : "left out", json);
        assert_int_equal(vx_profile_parse(&back, json, "canonical", &err), VX_OK);
        char *again = vx_profile_json(&back);
        assert_string_equal(json, again);
        free(json);
        free(again);
    }
}

/* The hashes that databases of earlier versions hold. */
static void test_hashes_stay(void **state)
{
    static const struct {
        const char *name, *sha256;
    } rows[] = {
        {"mel-16k-grey", "b64a03bface2fba28aea18184fa8606052c3d2fd7d7ad1facb6702bb292e2379"},
        {"mel-native-224", "026caa34a6a924a7deb37d674ac14034af536c35b6483729c91807f196ba5634"},
        {"mel-16k-plain", "4163e10e3ee1fa7922d622b7f9463ba7f3d6941a367fe7275ed98e06d1beac9f"},
        {"mel-native-imagenet", "106df364f4537dbda7d84d99eb4b3b1a4fa9a32f5043f10fb65b32248c47020c"},
        {"mel-22k-magma", "3b2bc94df1ce2a7dd706b08205cfce8d1b978a1bd33e3e2f6bcf29bfab2e90c6"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char sha256[VX_SHA256_HEX];
        struct vx_profile p;
        struct vx_err err;
        assert_int_equal(vx_profile_load(&p, rows[i].name, &err), VX_OK);
        char *json = vx_profile_json(&p);
        assert_non_null(json);
        assert_int_equal(vx_sha256_bytes(json, strlen(json), sha256, &err), VX_OK);
        assert_string_equal(sha256, rows[i].sha256);
        free(json);
    }
}

static void test_canonical(void **state)
{
    struct vx_profile p, back;
    struct vx_err err;
    (void)state;

    for (int i = -1; i < vx_profile_builtin_count(); i++) {
        if (i < 0)
            assert_int_equal(parse_with(&p, "", NULL, "", &err), VX_OK);
        else
            assert_int_equal(vx_profile_load(&p, vx_profile_builtin_name(i), &err), VX_OK);
        p.window_seconds = i < 0 ? 1.0 / 3 : p.window_seconds; /* needs all 17 digits */
        p.mean[0] = i < 0 ? 0.1f + 1e-8f : p.mean[0];
        char *a = vx_profile_json(&p);
        assert_non_null(a);
        if (vx_profile_parse(&back, a, "canonical", &err) != VX_OK)
            fail_msg("%s", err.text);
        char *b = vx_profile_json(&back);
        assert_string_equal(a, b);
        assert_true(back.window_seconds == p.window_seconds && back.rescale_factor == p.rescale_factor && back.amin == p.amin);
        assert_memory_equal(back.mean, p.mean, sizeof p.mean);
        assert_memory_equal(back.std, p.std, sizeof p.std);
        for (size_t k = 1, at = 0; k < (i < 0 ? N_KEYS : N_ALWAYS); k++) { /* every field, in order */
            char key[32];
            snprintf(key, sizeof key, "\"%s\": ", whole[k].key);
            const char *found = strstr(a, key);
            assert_non_null(found);
            assert_true((size_t)(found - a) > at);
            at = (size_t)(found - a);
        }
        free(a);
        free(b);
    }
}

static void test_load(void **state)
{
    char *folder = folder_create();
    const struct vx_processor checkpoint = vx_processor_default();
    struct vx_profile p, q;
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_profile_builtin_count(), 5);
    assert_null(vx_profile_builtin_name(5));
    assert_null(vx_profile_builtin_name(-1));
    for (int i = 0; i < vx_profile_builtin_count(); i++) {
        if (vx_profile_load(&p, vx_profile_builtin_name(i), &err) != VX_OK)
            fail_msg("%s", err.text);
        assert_string_equal(p.name, vx_profile_builtin_name(i));
        const struct vx_processor last = vx_profile_processor(&p, &checkpoint);
        assert_int_equal(last.do_resize, p.use_processor);
        assert_true(last.std[0] == (strcmp(p.name, "mel-16k-plain") == 0 ? 1.0f : 0.229f));
    }
    assert_int_equal(vx_profile_samples(&p, 22050), 44100);
    p.window_seconds = 0.1;
    assert_int_equal(vx_profile_samples(&p, 11025), 1103); /* 1102.5, away from zero */

    assert_int_equal(vx_profile_load(&p, "mel-16k-gray", &err), VX_EINVAL);
    assert_non_null(strstr(err.text, "mel-16k-grey"));
    assert_non_null(strstr(err.text, "mel-22k-magma"));
    assert_int_equal(vx_profile_load(&p, "missing.json", &err), VX_ESYS);
    assert_int_equal(vx_profile_load(&p, "./mel-16k-grey", &err), VX_ESYS);
    folder_write(folder, "a.json", "{\"name\"\0: 1}", 12);
    assert_int_equal(vx_profile_load(&p, folder_path(folder, "a.json"), &err), VX_EFORMAT);
    assert_int_equal(vx_profile_load(&p, VX_PROFILE_DEFAULT, &err), VX_OK);
    char *json = vx_profile_json(&p);
    folder_write(folder, "a.json", json, strlen(json));
    if (vx_profile_load(&q, folder_path(folder, "a.json"), &err) != VX_OK)
        fail_msg("%s", err.text);
    assert_string_equal(q.name, p.name);
    free(json);
    folder_remove(&folder);
}

static void test_score_words(void **state)
{
    char text[VX_SCORE_WORDS], cut[8];
    struct vx_profile p;
    struct vx_err err;
    (void)state;

    assert_int_equal(parse_with(&p, "", NULL, "", &err), VX_OK);
    vx_profile_score_words(&p, text, sizeof text);
    assert_string_equal(text, "P(fake), calibrated on 200 clips, one per speaker");
    vx_profile_score_words(&p, cut, sizeof cut);
    assert_string_equal(cut, "P(fake)");
    assert_int_equal(vx_profile_load(&p, VX_PROFILE_DEFAULT, &err), VX_OK);
    vx_profile_score_words(&p, text, sizeof text);
    assert_non_null(strstr(text, "not probabilities"));
    memset(p.calibrated_on, 'x', sizeof p.calibrated_on - 1);
    vx_profile_score_words(&p, text, sizeof text);
    assert_int_equal(strlen(text), strlen("P(fake), calibrated on ") + sizeof p.calibrated_on - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),    cmocka_unit_test(test_values),    cmocka_unit_test(test_structure),
        cmocka_unit_test(test_optional), cmocka_unit_test(test_canonical), cmocka_unit_test(test_load),
        cmocka_unit_test(test_unset_is_unwritten), cmocka_unit_test(test_hashes_stay), cmocka_unit_test(test_score_words),
    };
    return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
