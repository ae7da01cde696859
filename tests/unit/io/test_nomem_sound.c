/* test_nomem_sound.c - every allocation of decoder, windower, meter and pictures fails once: VX_ENOMEM comes back,
 * nothing leaks (AddressSanitizer looks), and the next attempt works */
#include "io/domain.h"
#include "io/image.h"
#include "io/windows.h"

#include "tests/harness/cmocka.h"
#include "tests/harness/failing_alloc.h"
#include "tests/unit/io/memory_source.h"
#include "tests/unit/io/recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* All windows of a recording at 16 kHz; their number. */
static enum vx_status cut(const struct recording *r, int *n)
{
    const struct vx_window_rule rule = {0.5, 0.5, 0.1, -70};
    struct vx_source source = {.data = r->bytes, .size = (int64_t)r->size};
    struct vx_windower *w = NULL;
    struct vx_decoder *dec = NULL;
    struct vx_window_score score;
    struct vx_err err;
    const float *pcm;
    enum vx_status rc;

    *n = 0;
    if ((rc = vx_windower_create(&w, &rule, &err)) == VX_OK &&
        (rc = vx_decoder_open(&dec, &source, 16000, &err)) == VX_OK &&
        (rc = vx_windower_begin(w, dec, &err)) == VX_OK)
        while ((rc = vx_windower_next(w, &score, &pcm, &err)) == VX_OK)
            ++*n;
    vx_decoder_close(&dec);
    vx_windower_destroy(&w);
    return rc;
}

static void sound(void **state)
{
    enum { FRAMES = 22050 };
    float *x = calloc(2 * FRAMES, sizeof *x);
    struct recording r;
    long k = 0;
    int n;

    (void)state;
    assert_non_null(x);
    for (size_t i = 0; i < 2 * FRAMES; i++)
        x[i] = (float)(i % 50) / 100.0f;
    r = recording_wav(x, FRAMES, 2, 22050);
    do {
        enum vx_status rc;

        failing_alloc_after(k++);
        rc = cut(&r, &n);
        failing_alloc_after(-1);
        if (failing_alloc_failed() ? rc != VX_ENOMEM : rc != VX_DONE)
            fail_msg("allocation %ld: status %d", k, rc);
    } while (failing_alloc_failed());
    assert_int_equal(n, 2);
    assert_true(k > 8);
    recording_free(&r);
    free(x);
}

/* Three windows at each of two rates. */
static enum vx_status measure(const float *x, struct vx_item_domain *d)
{
    struct vx_domain_meter *m = NULL;
    struct vx_err err;
    enum vx_status rc = vx_domain_create(&m, &err);

    for (int rate = 8000; rc == VX_OK && rate <= 16000; rate *= 2) {
        rc = vx_domain_begin(m, rate, &err);
        for (int w = 0; rc == VX_OK && w < 3; w++)
            rc = vx_domain_add(m, x, 8000, &err);
        if (rc == VX_OK)
            *d = vx_domain_end(m);
    }
    vx_domain_destroy(&m);
    return rc;
}

static void meter(void **state)
{
    struct vx_item_domain d = {0};
    float x[8000];
    long k = 0;

    (void)state;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++)
        x[i] = (float)(i % 50 * (i % 2000)) / 2e5f;
    do {
        enum vx_status rc;

        failing_alloc_after(k++);
        rc = measure(x, &d);
        failing_alloc_after(-1);
        if (rc != (failing_alloc_failed() ? VX_ENOMEM : VX_OK))
            fail_msg("allocation %ld: status %d", k, rc);
    } while (failing_alloc_failed());
    assert_int_equal(d.n_windows, 3);
    assert_true(d.active_share > 0);
    assert_true(k > 12);
}

/* Write a picture and read it back. */
static enum vx_status there_and_back(const char *path, struct vx_err *err)
{
    static const uint8_t rgb[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    unsigned char bytes[1000];
    struct vx_source source = {.data = bytes};
    uint8_t *again = NULL;
    FILE *f;
    int w, h;
    enum vx_status rc;

    if ((rc = vx_image_write_png(path, rgb, 2, 2, err)) != VX_OK)
        return rc;
    f = fopen(path, "rb");
    assert_non_null(f);
    source.size = (int64_t)fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    if ((rc = vx_image_read(&source, &again, &w, &h, err)) == VX_OK)
        assert_memory_equal(again, rgb, sizeof rgb);
    else
        assert_null(again);
    free(again);
    return rc;
}

static void pictures(void **state)
{
    char dir[] = "/tmp/vx-nomem-XXXXXX", path[64];
    struct vx_err err;
    long k = 0;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/picture.png", dir);
    do {
        enum vx_status rc;

        failing_alloc_after(k++);
        rc = there_and_back(path, &err);
        failing_alloc_after(-1);
        if (rc != (failing_alloc_failed() ? VX_ENOMEM : VX_OK))
            fail_msg("allocation %ld: status %d, %s", k, rc, err.text);
    } while (failing_alloc_failed());
    assert_true(k > 5);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound),
        cmocka_unit_test(meter),
        cmocka_unit_test(pictures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
