/* voxtrawl eval over a made-up result: every number of its JSON report against numpy (tests/golden/eval.py). */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"
#include "tests/harness/golden.h"
#include "tests/harness/tolerances.h"

#include "base/mem.h"
#include "db/merge.h"
#include "db/shard.h"
#include "jobs/eval_report.h"
#include "model/profile.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_NUMBERS 23 /* four counts, six metrics with intervals, the threshold of EER */

static struct vx_golden *golden;
static char *folder;

static const void *array(enum vx_golden_dtype dtype, const char *name)
{
    return vx_golden_get(golden, dtype, "%s", name)->data;
}

/* Item i as a scan would have stored it: metadata split, windows of 2 s. */
static struct vx_item_result make_item(int i, const float *real, const float *fake, int n, char split)
{
    struct vx_item_result r = {.item = {.id = i + 1, .ordinal = -1, .n_meta = 1},
                               .status = n ? VX_ITEM_SCORED : VX_ITEM_NOT_SCORED,
                               .info = {.format = "WAV", .decoder = "none", .sample_rate = 16000, .channels = 1,
                                        .duration_s = 2.0 * n}};
    char path[32];

    snprintf(path, sizeof path, "corpus/%06d.wav", i + 1);
    r.item.path = strdup(path);
    r.item.meta = calloc(2, sizeof *r.item.meta);
    assert_non_null(r.item.meta);
    r.item.meta[0] = strdup("split");
    r.item.meta[1] = strdup(split == 'e' ? "test" : "train");
    r.n_windows = r.cap_windows = (size_t)n;
    r.windows = vx_calloc((size_t)n, sizeof *r.windows);
    assert_non_null(r.windows);
    for (int k = 0; k < n; k++)
        r.windows[k] = (struct vx_window_score){.index = k, .start_ms = 2000 * k, .real = real[k], .fake = fake[k]};
    r.aggregate = (struct vx_aggregate){.n_windows = n, .n_scored = n};
    if (n)
        r.aggregate.verdict = VX_VERDICT_UNCERTAIN;
    else
        strcpy(r.error, "silence");
    return r;
}

static void make_result(const char *profile_json)
{
    const struct vx_run run = {.uuid = "00000000000000000000000000000001", .fingerprint = "f00d", .state = "complete",
                               .model_name = "made up", .model_trained = true, .profile_name = "made-up",
                               .profile_json = profile_json, .window_s = 2, .hop_s = 2, .real_below = 0.4, .fake_from = 0.6,
                               .calibration_scale = 1};
    const struct vx_golden_array *windows = vx_golden_get(golden, VX_GOLDEN_I32, "n_windows");
    const float *real = array(VX_GOLDEN_F32, "real"), *fake = array(VX_GOLDEN_F32, "fake");
    const char *split = array(VX_GOLDEN_U8, "split"), *shard_path = folder_path(folder, "shard.db");
    struct vx_shard *shard = NULL;
    struct vx_err err;
    size_t at = 0;

    if (vx_shard_open(&shard, shard_path, &run, &err) != VX_OK)
        fail_msg("%s", err.text);
    for (int i = 0; i < (int)windows->count; i++) {
        const int n = ((const int32_t *)windows->data)[i];
        struct vx_item_result r = make_item(i, real + at, fake + at, n, split[i]);
        const struct vx_item_result *const one = &r;
        if (vx_shard_commit(shard, &one, 1, &err) != VX_OK)
            fail_msg("%s", err.text);
        vx_item_result_clear(&r);
        at += (size_t)n;
    }
    vx_shard_close(&shard);
    if (vx_merge(folder_path(folder, "result.db"), &shard_path, 1, NULL, NULL, NULL, &err) != VX_OK)
        fail_msg("%s", err.text);
}

static int setup(void **state)
{
    const struct vx_golden_array *labels;
    struct vx_profile profile;
    struct vx_err err;
    char *json;

    (void)state;
    folder = folder_create();
    if (vx_golden_open(&golden, "eval.gold", &err) != VX_OK || vx_profile_load(&profile, VX_PROFILE_DEFAULT, &err) != VX_OK)
        fail_msg("%s", err.text);
    const double *calibration = array(VX_GOLDEN_F64, "calibration");
    profile.calibration_scale = calibration[0];
    profile.calibration_offset = calibration[1];
    labels = vx_golden_get(golden, VX_GOLDEN_U8, "labels");
    folder_write(folder, "labels.csv", labels->data, labels->count);
    assert_non_null(json = vx_profile_json(&profile));
    make_result(json);
    free(json);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    vx_golden_close(&golden);
    folder_remove(&folder);
    return 0;
}

static cJSON *report(const struct vx_eval_options *o)
{
    struct vx_eval_set set;
    struct vx_eval_report r = {0};
    struct vx_err err;
    char *text = NULL;
    size_t len;
    FILE *to = open_memstream(&text, &len);
    cJSON *json;

    assert_non_null(to);
    if (vx_eval_set_read(&set, o, &err) != VX_OK || vx_eval_report_make(&r, &set, o, &err) != VX_OK ||
        vx_eval_print_json(&r, to, &err) != VX_OK)
        fail_msg("%s", err.text);
    fclose(to);
    vx_eval_report_free(&r);
    vx_eval_set_free(&set);
    json = cJSON_Parse(text);
    if (!json)
        fail_msg("not JSON: %s", text);
    free(text);
    return json;
}

static double number(const cJSON *o, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, name);

    if (!cJSON_IsNumber(item) && !cJSON_IsNull(item))
        fail_msg("no number \"%s\"", name);
    return cJSON_IsNull(item) ? (double)NAN : item->valuedouble;
}

static void compare(const char *where, const cJSON *level, const double expected[N_NUMBERS])
{
    static const char *const counts[] = {"bona_fide_called_real", "bona_fide_called_fake", "spoof_called_fake",
                                         "spoof_called_real"};
    static const char *const metrics[] = {"accuracy", "eer", "auc", "min_dcf", "act_dcf", "cllr"};
    static const char *const parts[] = {"value", "low", "high"};
    const cJSON *confusion = cJSON_GetObjectItemCaseSensitive(level, "confusion");
    double got[N_NUMBERS];
    int n = 0;

    for (int i = 0; i < 4; i++)
        got[n++] = number(confusion, counts[i]);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < 3; k++)
            got[n++] = number(cJSON_GetObjectItemCaseSensitive(level, metrics[i]), parts[k]);
    got[n++] = number(level, "eer_threshold");
    assert_int_equal(n, N_NUMBERS);
    for (int i = 0; i < N_NUMBERS; i++)
        if (isnan(expected[i]) ? !isnan(got[i]) : !(fabs(got[i] - expected[i]) <= VX_TOL_METRIC))
            fail_msg("%s, number %d: %.12g, expected %.12g", where, i, got[i], expected[i]);
}

/* Rows of the table of a column, in the golden order of values; a value that no recording has makes no row. */
static void compare_rows(const char *way, int level, const cJSON *json, const char *column, const char *const values[], int n)
{
    const double *expected = vx_golden_get(golden, VX_GOLDEN_F64, "%s.%d.%s", way, level, column)->data;
    const cJSON *table, *row;
    int met = 0;

    cJSON_ArrayForEach(table, cJSON_GetObjectItemCaseSensitive(json, "by")) {
        if (strcmp(cJSON_GetObjectItemCaseSensitive(table, "column")->valuestring, column) != 0)
            continue;
        cJSON_ArrayForEach(row, cJSON_GetObjectItemCaseSensitive(table, "rows")) {
            const char *value = cJSON_GetObjectItemCaseSensitive(row, "value")->valuestring;
            for (int i = 0; i < n; i++) {
                char where[96];
                if (strcmp(values[i], value) != 0)
                    continue;
                snprintf(where, sizeof where, "%s, level %d, %s %s", way, level, column, value);
                compare(where, cJSON_GetObjectItemCaseSensitive(row, level ? "files" : "windows"), expected + i * N_NUMBERS);
                met++;
            }
        }
    }
    assert_int_equal(met, n);
}

static void test_report(void **state)
{
    static const struct {
        const char *name, *cluster, *where;
        enum vx_file_score file_score;
        double min_seconds;
    } ways[] = {
        {"plain", NULL, NULL, VX_FILE_MEAN, 0},
        {"test-by-speaker", "speaker", "split=test", VX_FILE_WORST, 6},
        {"max", NULL, NULL, VX_FILE_MAX, 0},
        {"train", "Speaker", "SPLIT=train", VX_FILE_MEAN, 0},
    };
    static const char *const attacks[] = {"A01", "A02", "A03"}, *const speakers[] = {"ann", "bob", "cyd", "dee"};
    const int64_t *bootstrap = array(VX_GOLDEN_I64, "bootstrap");
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct vx_eval_options o = {.db = folder_path(folder, "result.db"), .labels = folder_path(folder, "labels.csv"),
                                    .cluster = ways[i].cluster, .file_score = ways[i].file_score,
                                    .min_seconds = ways[i].min_seconds, .rounds = bootstrap[0], .seed = bootstrap[1]};
        if (ways[i].where)
            o.where = (struct vx_opt_list){{ways[i].where}, 1};
        cJSON *json = report(&o);
        for (int level = 0; level < 2; level++) {
            compare(ways[i].name, cJSON_GetObjectItemCaseSensitive(json, level ? "files" : "windows"),
                    vx_golden_get(golden, VX_GOLDEN_F64, "%s.%d", ways[i].name, level)->data);
            compare_rows(ways[i].name, level, json, "attack", attacks, 3);
            compare_rows(ways[i].name, level, json, "speaker", speakers, 4);
        }
        cJSON_Delete(json);
    }
}

static void test_made_by_script(void **state)
{
    (void)state;
    vx_golden_assert_script(golden);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_made_by_script), cmocka_unit_test(test_report)};
    return cmocka_run_group_tests_name("eval against numpy", tests, setup, teardown);
}
