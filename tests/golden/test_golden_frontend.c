/* The front end against librosa, matplotlib, Pillow and transformers (tests/golden/frontend.py). */
#include "tests/harness/cmocka.h"
#include "tests/harness/golden.h"
#include "tests/harness/signal.h"
#include "tests/harness/tolerances.h"

#include "cpu/frontend.h"
#include "model/mel.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 224 /* of the network's image */

static int open_golden(void **state)
{
    struct vx_golden *golden;
    struct vx_err err;

    if (vx_golden_open(&golden, "frontend.gold", &err) != VX_OK)
        fail_msg("%s", err.text);
    *state = golden;
    return 0;
}

static int close_golden(void **state)
{
    struct vx_golden *golden = *state;

    vx_golden_close(&golden);
    return 0;
}

static void test_made_by_script(void **state)
{
    vx_golden_assert_script(*state);
}

static void test_filter_banks(void **state)
{
    const struct vx_golden_array *banks = vx_golden_get(*state, VX_GOLDEN_F64, "banks");

    for (size_t i = 0; i < banks->shape[0]; i++) {
        const double *b = (const double *)banks->data + 5 * i;
        const int32_t *first = vx_golden_get(*state, VX_GOLDEN_I32, "bank.%zu.first", i)->data;
        const int32_t *count = vx_golden_get(*state, VX_GOLDEN_I32, "bank.%zu.count", i)->data;
        const struct vx_golden_array *weight = vx_golden_get(*state, VX_GOLDEN_F32, "bank.%zu.weight", i);
        const float *w = weight->data;
        struct vx_mel mel;
        struct vx_err err;

        if (vx_mel_create(&mel, (int)b[0], (int)b[1], (int)b[2], b[3], b[4], &err) != VX_OK)
            fail_msg("%s", err.text);
        for (int m = 0; m < mel.n_mels; m++) {
            assert_int_equal(mel.count[m], count[m]);
            if (count[m] > 0)
                assert_int_equal(mel.first[m], first[m]);
            for (int k = 0; k < count[m]; k++, w++)
                if (fabsf(mel.weight[mel.offset[m] + (size_t)k] - *w) > VX_TOL_MEL_WEIGHT * *w)
                    fail_msg("bank %zu, filter %d, weight %d: %.9g, expected %.9g", i, m, k,
                             (double)mel.weight[mel.offset[m] + (size_t)k], (double)*w);
        }
        assert_int_equal(w - (const float *)weight->data, weight->count);
        vx_mel_clear(&mel);
    }
}

/* One row of the golden file, and the front end made for it. */
struct one {
    char name[160];
    struct vx_profile profile;
    struct vx_frontend *frontend;
    float *pcm;
    void *scratch;
    int n_mels, n_frames;
    const struct vx_golden_array *frames; /* those that were kept */
};

static void load_profile(struct vx_profile *p, const struct vx_golden_array *json)
{
    char *text = strndup(json->data, json->count);
    struct vx_err err;

    assert_non_null(text);
    if (vx_profile_parse(p, text, "golden profile", &err) != VX_OK)
        fail_msg("%s", err.text);
    free(text);
}

static void open_one(struct one *o, const struct vx_golden *g, int i)
{
    const int32_t *size = vx_golden_get(g, VX_GOLDEN_I32, "case.%d.size", i)->data;
    const struct vx_golden_array *name = vx_golden_get(g, VX_GOLDEN_U8, "case.%d.signal", i);
    const struct vx_processor checkpoint = vx_processor_default();
    char signal[32] = "";
    struct vx_err err;

    memcpy(signal, name->data, name->count);
    load_profile(&o->profile, vx_golden_get(g, VX_GOLDEN_U8, "case.%d.profile", i));
    snprintf(o->name, sizeof o->name, "case %d, %s, %s, %d samples at %d Hz", i, o->profile.name, signal, size[1], size[0]);
    if (vx_frontend_create(&o->frontend, &o->profile, &checkpoint, SIZE, size[0], size[1], &err) != VX_OK)
        fail_msg("%s: %s", o->name, err.text);
    o->n_mels = size[2];
    o->n_frames = size[3];
    o->frames = vx_golden_get(g, VX_GOLDEN_I32, "case.%d.frames", i);
    o->pcm = vx_calloc((size_t)size[1], sizeof *o->pcm);
    o->scratch = vx_calloc(vx_frontend_scratch(o->frontend), 1);
    assert_true(o->pcm && o->scratch);
    if (strcmp(signal, "speech") == 0) {
        const int16_t *s = vx_golden_get(g, VX_GOLDEN_I16, "speech.%d", size[0])->data;
        for (int k = 0; k < size[1]; k++)
            o->pcm[k] = (float)s[k] / 32768.0f;
    } else {
        vx_test_signal(signal, o->pcm, (size_t)size[1]);
    }
    assert_int_equal(vx_frontend_shape(o->frontend).frames, o->n_frames);
    assert_int_equal(vx_frontend_shape(o->frontend).n_mels, o->n_mels);
}

static void close_one(struct one *o)
{
    vx_frontend_destroy(&o->frontend);
    free(o->pcm);
    free(o->scratch);
}

static int count_cases(const struct vx_golden *g)
{
    return *(const int32_t *)vx_golden_get(g, VX_GOLDEN_I32, "cases")->data;
}

static void test_decibels(void **state)
{
    for (int i = 0; i < count_cases(*state); i++) {
        struct one o;
        double worst = 0;
        open_one(&o, *state, i);
        const float *expected = vx_golden_get(*state, VX_GOLDEN_F32, "case.%d.db", i)->data;
        float *db = vx_calloc((size_t)o.n_mels * (size_t)o.n_frames, sizeof *db);
        vx_frontend_decibels(o.frontend, o.pcm, db, o.scratch);
        for (int m = 0; m < o.n_mels; m++)
            for (size_t k = 0; k < o.frames->count; k++) {
                const int t = ((const int32_t *)o.frames->data)[k];
                const double d = fabs((double)db[m * o.n_frames + t] - (double)*expected++);
                worst = d > worst || isnan(d) ? d : worst;
            }
        free(db);
        print_message("%s: %.2g dB\n", o.name, worst);
        if (!(worst <= VX_TOL_DECIBELS))
            fail_msg("%s: off by %g dB", o.name, worst);
        close_one(&o);
    }
}

/* At least this share of the values equal, none off by more than 1. */
static void compare_levels(const char *name, const char *what, size_t n, size_t different, int worst)
{
    print_message("%s: %s: %zu of %zu differ, by %d at most\n", name, what, different, n, worst);
    if (worst > 1 || (double)different > VX_TOL_LEVELS_DIFFERENT * (double)n + 1)
        fail_msg("%s: %s: %zu of %zu differ, by %d at most", name, what, different, n, worst);
}

static void test_levels(void **state)
{
    size_t all = 0, all_different = 0;

    for (int i = 0; i < count_cases(*state); i++) {
        struct one o;
        size_t different = 0;
        int worst = 0;
        open_one(&o, *state, i);
        const struct vx_golden_array *a = vx_golden_get(*state, VX_GOLDEN_U8, "case.%d.level", i);
        const uint8_t *expected = a->data;
        uint8_t *level = vx_calloc((size_t)o.n_mels, (size_t)o.n_frames);
        vx_frontend_levels(o.frontend, o.pcm, level, o.scratch);
        for (int m = 0; m < o.n_mels; m++)
            for (size_t k = 0; k < o.frames->count; k++) {
                const int d = abs(level[m * o.n_frames + ((const int32_t *)o.frames->data)[k]] - *expected++);
                different += d > 0;
                worst = d > worst ? d : worst;
            }
        free(level);
        compare_levels(o.name, "levels", a->count, different, worst);
        all += a->count;
        all_different += different;
        close_one(&o);
    }
    compare_levels("all cases", "levels", all, all_different, 0);
}

/* Every fourth row of the network's image; a colour map's neighbouring entries are up to 4 apart in a channel. */
static void test_images(void **state)
{
    const struct vx_golden *g = *state;
    uint8_t *image = vx_calloc(SIZE * SIZE, 3);

    for (size_t j = 0; j < vx_golden_count(g); j++) {
        const struct vx_golden_array *a = vx_golden_at(g, j);
        const int channels = a->n_dims == 3 ? 3 : 1;
        const uint8_t *expected = a->data;
        size_t different = 0;
        int i, worst = 0;
        char end;
        struct one o;
        if (sscanf(a->name, "case.%d.imag%c", &i, &end) != 2 || end != 'e')
            continue;
        open_one(&o, g, i);
        vx_frontend_run(o.frontend, o.pcm, image, o.scratch);
        for (size_t k = 0; k < a->count; k++) {
            const size_t pixel = k / (size_t)channels, row = pixel / SIZE * 4, column = pixel % SIZE;
            const int d = abs(image[3 * (row * SIZE + column) + k % (size_t)channels] - expected[k]);
            different += d > 0;
            worst = d > worst ? d : worst;
        }
        if (channels == 3 && worst <= VX_TOL_COLOUR_STEP)
            worst = worst > 0;
        compare_levels(o.name, "image", a->count, different, worst);
        close_one(&o);
    }
    free(image);
}

/* The built-in profiles are those of the script, in its order. */
static void test_builtin_profiles(void **state)
{
    const int n = count_cases(*state);
    bool met[16] = {false};

    for (int i = 0; i < n; i++) {
        struct vx_profile p, builtin;
        struct vx_err err;
        load_profile(&p, vx_golden_get(*state, VX_GOLDEN_U8, "case.%d.profile", i));
        for (int k = 0; k < vx_profile_builtin_count(); k++) {
            if (strcmp(vx_profile_builtin_name(k), p.name) != 0)
                continue;
            assert_int_equal(vx_profile_load(&builtin, p.name, &err), VX_OK);
            memcpy(p.description, builtin.description, sizeof p.description);
            char *a = vx_profile_json(&p), *b = vx_profile_json(&builtin);
            assert_string_equal(a, b);
            free(a);
            free(b);
            met[k] = true;
        }
    }
    for (int k = 0; k < vx_profile_builtin_count(); k++)
        assert_true(met[k]);
    assert_string_equal(vx_profile_builtin_name(0), VX_PROFILE_DEFAULT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_made_by_script), cmocka_unit_test(test_filter_banks), cmocka_unit_test(test_builtin_profiles),
        cmocka_unit_test(test_decibels),       cmocka_unit_test(test_levels),       cmocka_unit_test(test_images),
    };
    return cmocka_run_group_tests_name("golden front end", tests, open_golden, close_golden);
}
