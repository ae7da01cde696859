/* test_image.c - PNG and JPEG as Pillow reads them (tests/golden/image_files.py), what is refused, and writing PNG
 */
#include "io/image.h"

#include "base/file.h"

#include "tests/harness/cmocka.h"
#include "tests/harness/golden.h"
#include "tests/unit/io/memory_source.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct vx_golden *golden;

static int open_golden(void **state)
{
    (void)state;
    return vx_golden_begin(&golden, "image-files.gold");
}

static int close_golden(void **state)
{
    (void)state;
    vx_golden_close(&golden);
    return 0;
}

/* NULL when the file called name is one that Pillow refuses. */
static const struct vx_golden_array *pixels_of(const char *name)
{
    char wanted[64];

    snprintf(wanted, sizeof wanted, "%s.rgb", name);
    for (size_t i = 0; i < vx_golden_count(golden); i++)
        if (strcmp(vx_golden_at(golden, i)->name, wanted) == 0)
            return vx_golden_at(golden, i);
    return NULL;
}

static void check_pixels(const char *name)
{
    const struct vx_golden_array *file = vx_golden_get(golden, VX_GOLDEN_U8, "%s.file", name),
                                 *want = pixels_of(name);
    struct vx_source source = {.data = file->data, .size = (int64_t)file->count};
    struct vx_err err = {0};
    const char *format;
    uint8_t *rgb = NULL;
    int w = 0, h = 0;
    enum vx_status rc;

    assert_true(vx_image_sniff(&source, &format));
    assert_string_equal(format, strstr(name, "jpeg") ? "JPEG" : "PNG");
    assert_int_equal(vx_source_tell(&source), 0);
    rc = vx_image_read(&source, &rgb, &w, &h, &err);
    if (rc != (want ? VX_OK : VX_EFORMAT))
        fail_msg("%s: status %d, %s", name, rc, err.text);
    if (!want) {
        assert_null(rgb);
        return;
    }
    assert_int_equal(h, want->shape[0]);
    assert_int_equal(w, want->shape[1]);
    for (size_t i = 0; i < want->count; i++)
        if (rgb[i] != ((const uint8_t *)want->data)[i])
            fail_msg("%s: row %zu column %zu channel %zu is %d, expected %d", name, i / 3 / (size_t)w,
                     i / 3 % (size_t)w, i % 3, rgb[i], ((const uint8_t *)want->data)[i]);
    free(rgb);
}

static void as_pillow(void **state)
{
    const struct vx_golden_array *list = vx_golden_get(golden, VX_GOLDEN_U8, "names");
    char *names = strndup(list->data, list->count), *rest = NULL;
    int n = 0;

    (void)state;
    vx_golden_assert_script(golden);
    assert_non_null(names);
    for (const char *name = strtok_r(names, " ", &rest); name; name = strtok_r(NULL, " ", &rest), n++)
        check_pixels(name);
    assert_true(n > 40);
    free(names);
}

/* A stored file with bytes replaced at an offset. */
struct change {
    const char *name;
    size_t at;
    const char *bytes;
    size_t n;
    size_t size; /* 0: all of it */
};

static unsigned char *changed(const struct change *c, struct vx_source *source)
{
    const struct vx_golden_array *file = vx_golden_get(golden, VX_GOLDEN_U8, "%s.file", c->name);
    unsigned char *bytes = malloc(file->count);

    assert_non_null(bytes);
    memcpy(bytes, file->data, file->count);
    assert_true(c->at + c->n <= file->count);
    if (c->n > 0)
        memcpy(bytes + c->at, c->bytes, c->n);
    *source = (struct vx_source){.data = bytes, .size = (int64_t)(c->size > 0 ? c->size : file->count)};
    return bytes;
}

/* Byte offset of the JPEG's frame header, its height and width. */
static size_t jpeg_size_at(const char *name)
{
    const struct vx_golden_array *file = vx_golden_get(golden, VX_GOLDEN_U8, "%s.file", name);
    const unsigned char *b = file->data;
    size_t at = 2;

    while (b[at + 1] != 0xc0 && b[at + 1] != 0xc2)
        at += 2 + (size_t)(b[at + 2] << 8 | b[at + 3]);
    return at + 5;
}

static void refused(void **state)
{
    const size_t jpeg = jpeg_size_at("jpeg-444-90");
    const struct {
        const char *what;
        struct change change;
        enum vx_status status;
        const char *says;
    } table[] = {
        {"no width", {"plain-rgb8", 16, "\0\0\0\0", 4, 0}, VX_EFORMAT, "broken PNG"},
        {"a width that is not its checksum's",
         {"plain-rgb8", 16, "\0\0\1\0", 4, 0},
         VX_EFORMAT,
         "broken PNG"},
        {"an impossible kind", {"plain-rgb8", 25, "\5", 1, 0}, VX_EFORMAT, "broken PNG"},
        {"only a PNG's signature", {"plain-rgb8", 0, "", 0, 8}, VX_EFORMAT, "ends too early"},
        {"only a JPEG's start", {"jpeg-444-90", 0, "", 0, 3}, VX_EFORMAT, "ends too early"},
        {"half a signature", {"plain-rgb8", 0, "", 0, 4}, VX_EFORMAT, "neither PNG nor JPEG"},
        {"text", {"plain-rgb8", 0, "It was a dark", 13, 0}, VX_EFORMAT, "neither PNG nor JPEG"},
        {"a JPEG without height", {"jpeg-444-90", jpeg, "\0\0\0\13", 4, 0}, VX_EFORMAT, "broken JPEG"},
        {"a JPEG too large", {"jpeg-444-90", jpeg, "\xff\0\xff\0", 4, 0}, VX_ELIMIT, "65280 x 65280 pixels"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct vx_source source;
        unsigned char *bytes = changed(&table[i].change, &source);
        struct vx_err err = {0};
        uint8_t *rgb = NULL;
        int w, h;

        if (vx_image_read(&source, &rgb, &w, &h, &err) != table[i].status || !strstr(err.text, table[i].says))
            fail_msg("%s: status %d, %s", table[i].what, err.status, err.text);
        assert_null(rgb);
        free(bytes);
    }
}

static void empty(void **state)
{
    struct vx_source source = {.data = (const unsigned char *)"", .size = 0};
    struct vx_err err;
    const char *format;
    uint8_t *rgb;
    int w, h;

    (void)state;
    assert_false(vx_image_sniff(&source, &format));
    assert_int_equal(vx_image_read(&source, &rgb, &w, &h, &err), VX_EFORMAT);
    assert_non_null(strstr(err.text, "empty"));
}

/* 20,000 x 20,000 pixels: refused from the header, with the checksum right. */
static void too_large_png(void **state)
{
    static const char header[] = "\0\0\x4e\x20\0\0\x4e\x20\x8\2\0\0\0\x6c\x12\xd1\x6e";
    const struct change change = {"plain-rgb8", 16, header, sizeof header - 1, 0};
    struct vx_source source;
    unsigned char *bytes = changed(&change, &source);
    struct vx_err err;
    uint8_t *rgb;
    int w, h;

    (void)state;
    assert_int_equal(vx_image_read(&source, &rgb, &w, &h, &err), VX_ELIMIT);
    assert_non_null(strstr(err.text, "20000 x 20000 pixels"));
    free(bytes);
}

/* A progressive JPEG whose last scan is there 600 times. */
static void too_many_scans(void **state)
{
    const struct vx_golden_array *file = vx_golden_get(golden, VX_GOLDEN_U8, "jpeg-progressive.file");
    const unsigned char *b = file->data;
    struct vx_source source;
    struct vx_err err;
    unsigned char *bytes;
    uint8_t *rgb;
    size_t last = file->count - 2, scan;
    int w, h;

    (void)state;
    while (b[last] != 0xff || b[last + 1] != 0xda)
        last--;
    scan = file->count - 2 - last; /* up to the end marker */
    bytes = malloc(file->count + 600 * scan);
    assert_non_null(bytes);
    memcpy(bytes, b, file->count - 2);
    for (size_t i = 0; i < 600; i++)
        memcpy(bytes + file->count - 2 + i * scan, b + last, scan);
    memcpy(bytes + file->count - 2 + 600 * scan, "\xff\xd9", 2);
    source = (struct vx_source){.data = bytes, .size = (int64_t)(file->count + 600 * scan)};
    assert_int_equal(vx_image_read(&source, &rgb, &w, &h, &err), VX_ELIMIT);
    assert_non_null(strstr(err.text, "scans"));
    free(bytes);
}

static void read_errors(void **state)
{
    static const char *const names[] = {"plain-rgb8", "jpeg-444-90", "jpeg-progressive"};

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct vx_golden_array *file = vx_golden_get(golden, VX_GOLDEN_U8, "%s.file", names[i]);

        for (int64_t at = 1; at < (int64_t)file->count - 60; at += 40) {
            struct vx_source source = {.data = file->data, .size = (int64_t)file->count, .fail_at = at};
            struct vx_err err;
            uint8_t *rgb;
            int w, h;

            assert_int_equal(vx_image_read(&source, &rgb, &w, &h, &err), VX_ESYS);
            assert_null(rgb);
        }
    }
}

static void check_round_trip(const char *path, int w, int h)
{
    const size_t size = (size_t)w * (size_t)h * 3;
    uint8_t *rgb = malloc(size), *again;
    struct vx_source source;
    struct vx_err err = {0};
    char *bytes;
    size_t len;
    int got_w, got_h;

    assert_non_null(rgb);
    for (size_t i = 0; i < size; i++)
        rgb[i] = (uint8_t)(i * 7 + i / 50);
    if (vx_image_write_png(path, rgb, w, h, &err) != VX_OK)
        fail_msg("%s", err.text);
    assert_int_equal(vx_file_read(path, 1 << 20, &bytes, &len, &err), VX_OK);
    source = (struct vx_source){.data = (unsigned char *)bytes, .size = (int64_t)len};
    assert_int_equal(vx_image_read(&source, &again, &got_w, &got_h, &err), VX_OK);
    assert_int_equal(got_w, w);
    assert_int_equal(got_h, h);
    assert_memory_equal(again, rgb, size);
    free(again);
    free(bytes);
    free(rgb);
}

static void write_png(void **state)
{
    char dir[] = "/tmp/vx-image-XXXXXX";
    const uint8_t black[3] = {0};
    struct vx_err err = {0};
    struct dirent *entry;
    char *path;
    int n = 0;
    DIR *d;

    (void)state;
    assert_non_null(mkdtemp(dir));
    path = vx_file_join(dir, "picture.png");
    assert_non_null(path);
    check_round_trip(path, 1, 1);
    check_round_trip(path, 224, 224); /* over the one that is there */
    check_round_trip(path, 7, 300);
    assert_int_equal(vx_image_write_png(path, black, 0, 1, &err), VX_EINVAL);
    assert_int_equal(vx_image_write_png("/nonexistent/picture.png", black, 1, 1, &err), VX_ESYS);
    assert_non_null(strstr(err.text, "/nonexistent/picture.png"));

    d = opendir(dir); /* nothing beside the picture */
    assert_non_null(d);
    while ((entry = readdir(d)))
        n += entry->d_name[0] != '.';
    closedir(d);
    assert_int_equal(n, 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(dir), 0);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_pillow),     cmocka_unit_test(refused),        cmocka_unit_test(empty),
        cmocka_unit_test(too_large_png), cmocka_unit_test(too_many_scans), cmocka_unit_test(read_errors),
        cmocka_unit_test(write_png),
    };

    return cmocka_run_group_tests(tests, open_golden, close_golden);
}
