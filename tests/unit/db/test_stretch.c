/* test_stretch.c - windows to stretches: neighbours, gaps, lengths, padding, overlapping windows, and which is worse */
#include "db/stretch.h"
#include "tests/harness/cmocka.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MAX_WINDOWS 32

/* Windows as letters: '.' 0.1, 'o' 0.6, 'X' 0.9, '-' not scored. */
static size_t windows_of(const char *letters, double hop_s, struct vx_stretch_window w[MAX_WINDOWS])
{
    const size_t n = strlen(letters);

    for (size_t i = 0; i < n; i++)
        w[i] = (struct vx_stretch_window){.start_s = (double)i * hop_s,
                                          .fake = letters[i] == 'X' ? 0.9 : letters[i] == 'o' ? 0.6 : letters[i] == '.' ? 0.1 : NAN};
    return n;
}

/* "2-6(1-7)3/4 ": from, to, its clip, suspicious windows of scored ones */
static void write_down(const struct vx_stretch_list *list, char *out, size_t size)
{
    size_t at = 0;

    out[0] = '\0';
    for (size_t i = 0; i < list->n && at < size; i++) {
        const struct vx_stretch *s = &list->at[i];
        at += (size_t)snprintf(out + at, size - at, "%g-%g(%g-%g)%d/%d ", s->start_s, s->end_s, s->clip_start_s, s->clip_end_s, s->n_over,
                               s->n_windows);
    }
}

static void found(void **state)
{
    static const struct {
        const char *windows;
        double hop_s, gap_s, min_s, pad_s, duration_s;
        const char *stretches;
    } row[] = {
        {"", 2, 0, 0, 0, 0, ""},
        {"....", 2, 0, 0, 0, 8, ""},
        {"----", 2, 99, 0, 9, 8, ""},
        {"X", 2, 0, 0, 0, 0.7, "0-0.7(0-0.7)1/1 "}, /* the last window is padded, the recording is not longer for it */
        {"X", 2, 0, 0, 0, 0, "0-2(0-2)1/1 "},
        {".XX.o.", 2, 0, 0, 0, 11, "2-6(2-6)2/2 8-10(8-10)1/1 "},
        {".XX.o.", 2, 1.9, 0, 0, 11, "2-6(2-6)2/2 8-10(8-10)1/1 "},
        {".XX.o.", 2, 2, 0, 0, 11, "2-10(2-10)3/4 "},
        {".X-X.", 2, 0, 0, 0, 10, "2-4(2-4)1/1 6-8(6-8)1/1 "},
        {".X-X.", 2, 2, 0, 0, 10, "2-8(2-8)2/2 "}, /* what was not scored counts for nothing */
        {"X..", 2, 99, 0, 0, 6, "0-2(0-2)1/1 "},  /* a gap leads to something */
        {"X.XX", 2, 0, 4, 0, 7.5, ""}, /* what there is of it counts */
        {"X.XX", 2, 0, 4, 0, 8, "4-8(4-8)2/2 "},
        {"X.XX", 2, 0, 4.5, 0, 8, ""},
        {".X...X.", 2, 0, 0, 1, 14, "2-4(1-5)1/1 10-12(9-13)1/1 "},
        {".X...X.", 2, 0, 0, 3, 14, "2-12(0-14)2/5 "}, /* the clips meet */
        {".X.X.X", 2, 0, 0, 2, 12, "2-12(0-12)3/5 "},
        {".XX..", 1, 0, 0, 0, 6, "1-4(1-4)2/2 "}, /* overlapping windows */
        {"X.X", 0.5, 0, 0, 0, 3, "0-3(0-3)2/3 "}, /* without a gap between them, though one is between */
        {"XX.X", 5, 0, 0, 0, 17, "0-7(0-7)2/2 15-17(15-17)1/1 "}, /* neighbours stay neighbours, however far apart */
    };
    struct vx_stretch_window w[MAX_WINDOWS];
    struct vx_stretch_list list = {0};
    struct vx_err err;
    char got[256];

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const struct vx_stretch_rule rule = {.threshold = 0.6, .window_s = 2, .gap_s = row[i].gap_s, .min_s = row[i].min_s,
                                             .pad_s = row[i].pad_s};
        const size_t n = windows_of(row[i].windows, row[i].hop_s, w);
        assert_int_equal(vx_stretch_find(&list, &rule, w, n, row[i].duration_s, &err), VX_OK);
        write_down(&list, got, sizeof got);
        if (strcmp(got, row[i].stretches) != 0)
            fail_msg("row %zu, %s: %s, expected %s", i, row[i].windows, got, row[i].stretches);
    }
    vx_stretch_list_free(&list);
    assert_null(list.at);
}

static void measured(void **state)
{
    const struct vx_stretch_rule rule = {.threshold = 0.6, .window_s = 2, .gap_s = 2};
    struct vx_stretch_window w[MAX_WINDOWS];
    struct vx_stretch_list list = {0};
    struct vx_err err;

    (void)state;
    assert_int_equal(vx_stretch_find(&list, &rule, w, windows_of(".o.-XX.", 2, w), 14, &err), VX_OK);
    assert_int_equal(list.n, 2); /* 4 s lie between the two */
    assert_true(list.at[1].mean_fake == 0.9 && list.at[1].max_fake == 0.9 && list.at[1].peak_s == 8);
    assert_int_equal(vx_stretch_find(&list, &rule, w, windows_of(".o.XX.", 2, w), 12, &err), VX_OK);
    assert_int_equal(list.n, 1);
    assert_true(fabs(list.at[0].mean_fake - (0.6 + 0.1 + 0.9 + 0.9) / 4) < 1e-12);
    assert_true(list.at[0].max_fake == 0.9 && list.at[0].peak_s == 6);
    vx_stretch_list_free(&list);
}

static void compared(void **state)
{
    const struct vx_stretch high = {.mean_fake = 0.9, .max_fake = 0.9, .end_s = 2}, low = {.mean_fake = 0.8, .max_fake = 1, .end_s = 9},
                            longer = {.mean_fake = 0.9, .max_fake = 0.9, .end_s = 4}, peak = {.mean_fake = 0.9, .max_fake = 0.95, .end_s = 2};

    (void)state;
    assert_true(vx_stretch_compare(&high, &low) < 0 && vx_stretch_compare(&low, &high) > 0);
    assert_true(vx_stretch_compare(&longer, &high) < 0 && vx_stretch_compare(&high, &longer) > 0);
    assert_true(vx_stretch_compare(&longer, &peak) < 0 && vx_stretch_compare(&peak, &high) < 0);
    assert_int_equal(vx_stretch_compare(&high, &high), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(found),
        cmocka_unit_test(measured),
        cmocka_unit_test(compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
