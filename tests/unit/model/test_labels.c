/* Which labels mean what, and their logits reduced to two. */
#include "tests/harness/cmocka.h"

#include "model/config.h"

#include <math.h>
#include <string.h>

#define MOST 4

/* A config that borrows the names. */
static struct vx_config with_labels(const char *const *names, char *labels[MOST])
{
    struct vx_config c = {.labels = labels};

    for (; c.n_labels < MOST && names[c.n_labels]; c.n_labels++)
        labels[c.n_labels] = (char *)(uintptr_t)names[c.n_labels];
    return c;
}

static void test_map(void **state)
{
    static const struct {
        const char *names[MOST], *fake_label, *real_label;
        int side[MOST];
    } rows[] = {
        {{"real", "fake"}, NULL, NULL, {1, -1}},
        {{"Fake", "REAL"}, NULL, NULL, {-1, 1}},
        {{"bonafide", "spoof"}, NULL, NULL, {1, -1}},
        {{"bona-fide", "synthetic speech"}, NULL, NULL, {1, -1}},
        {{"Bona  Fide", "AI-generated"}, NULL, NULL, {1, -1}},
        {{"human_voice", "ai_voice", "music"}, NULL, NULL, {1, -1, 0}},
        {{"genuine", "deepfake", "replay"}, NULL, "2", {0, -1, 1}},
        {{"genuine", "human", "spoof", "fake"}, NULL, NULL, {1, 1, -1, -1}},
        {{"LABEL_0", "LABEL_1"}, "LABEL_0", "LABEL_1", {-1, 1}},
        {{"LABEL_0", "LABEL_1"}, "1", "0", {1, -1}},
        {{"LABEL_0", "LABEL_1"}, "label_1", "label_0", {1, -1}},
        {{"1", "0"}, "1", "0", {-1, 1}},                   /* a name goes before a number */
        {{"real", "fake", "spoof"}, "spoof", NULL, {1, 0, -1}}, /* overrides all words of its side */
        {{"real", "fake"}, "real", "fake", {-1, 1}},       /* the user knows better */
        {{"a", "a", "b"}, "a", "b", {-1, -1, 1}},
        {{"real", "fake", "not real"}, NULL, NULL, {1, -1, 0}},
        {{"real", "fake", "fake or real"}, NULL, NULL, {1, -1, 0}},
        {{"real", "fake", "surreal"}, NULL, NULL, {1, -1, 0}},
        {{"real", "fake", "r\xC3\xA9" "al ai\xC3\xA9"}, NULL, NULL, {1, -1, 0}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *labels[MOST];
        const struct vx_config c = with_labels(rows[i].names, labels);
        struct vx_label_map map;
        struct vx_err err;
        if (vx_label_map_create(&map, &c, rows[i].fake_label, rows[i].real_label, &err) != VX_OK)
            fail_msg("row %zu: %s", i, err.text);
        assert_int_equal(map.n_labels, c.n_labels);
        for (int k = 0; k < map.n_labels; k++)
            if (map.side[k] != rows[i].side[k])
                fail_msg("row %zu: label %d is on side %d, expected %d", i, k, map.side[k], rows[i].side[k]);
        vx_label_map_clear(&map);
        assert_null(map.side);
    }
}

static void test_rejected(void **state)
{
    static const struct {
        const char *names[MOST], *fake_label, *real_label, *message;
    } rows[] = {
        {{"LABEL_0", "LABEL_1"}, NULL, NULL, "give --real-label and --fake-label with a name or number of: 0 \"LABEL_0\", 1"},
        {{"real", "other"}, NULL, NULL, "give --fake-label"},
        {{"fake"}, NULL, NULL, "a single label"},
        {{"fake"}, NULL, "0", "a single label"},
        {{"cat", "dog"}, "dog", NULL, "give --real-label"},
        {{"real", "fake"}, "real", NULL, "give --real-label"}, /* the real side lost its only label */
        {{"real", "fake"}, "2", NULL, "--fake-label 2: the model has no such label; it has 0 \"real\", 1 \"fake\""},
        {{"real", "fake"}, NULL, "-1", "--real-label -1: the model has no such label"},
        {{"real", "fake"}, NULL, "0x1", "no such label"},
        {{"real", "fake"}, NULL, "", "no such label"},
        {{"real", "fake"}, NULL, "99999999999999999999", "no such label"},
        {{"real", "fake"}, "fake", "1", "the same label"},
        {{"a\nb", "c"}, NULL, NULL, "0 \"a\\nb\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *labels[MOST];
        const struct vx_config c = with_labels(rows[i].names, labels);
        struct vx_label_map map;
        struct vx_err err = {0};
        assert_int_equal(vx_label_map_create(&map, &c, rows[i].fake_label, rows[i].real_label, &err), VX_EINVAL);
        assert_null(map.side);
        if (!strstr(err.text, rows[i].message))
            fail_msg("row %zu: \"%s\" does not say \"%s\"", i, err.text, rows[i].message);
    }
}

static void test_reduce(void **state)
{
    signed char two[] = {1, -1}, four[] = {-1, 1, 0, -1};
    const struct vx_label_map pair = {2, two}, mixed = {4, four};
    const float logits[] = {1000.5F, -3.25F, 7, 1000.5F};
    float real, fake;
    (void)state;
    vx_label_map_reduce(&pair, logits, &real, &fake);
    assert_true(real == 1000.5F && fake == -3.25F);
    vx_label_map_reduce(&mixed, logits, &real, &fake);
    assert_true(real == -3.25F);
    assert_true(fabs((double)fake - (1000.5 + log(2.0))) < 1e-4); /* float32 near 1000: steps of 6e-5 */
    vx_label_map_reduce(&pair, (const float[]){NAN, 1}, &real, &fake);
    assert_true(isnan(real) && fake == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_map), cmocka_unit_test(test_rejected),
                                       cmocka_unit_test(test_reduce)};
    return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
