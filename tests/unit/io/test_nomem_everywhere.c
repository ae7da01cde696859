/* test_nomem_everywhere.c - pictures, label files and SHA-256 with every allocation failing once, those that libjpeg, libpng, zlib
 * and OpenSSL make too. libsndfile 1.2.0 crashes without memory and libarchive 3.6.2 ends its process, so that these are asked
 * by processes of their own only (io/README.md); our allocations around them fail in test_nomem.c and test_nomem_sound.c. */
#include "base/hash.h"
#include "io/image.h"
#include "io/labels.h"
#include "io/source.h"

#include "tests/harness/cmocka.h"
#include "tests/harness/each_alloc.h"
#include "tests/harness/folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A seed of fuzzing, as the file that it is: some have a byte in front that tells their target what to do. */
static const char *seed(const char *folder, const char *name, size_t passed_over)
{
    const char *const base = strrchr(name, '/') + 1;
    size_t len;
    char *const bytes = folder_read(VX_SEEDS, name, &len);

    assert_true(len > passed_over);
    folder_write(folder, base, bytes + passed_over, len - passed_over);
    free(bytes);
    return folder_path(folder, base);
}

static enum vx_status look(void *path, struct vx_err *err)
{
    const struct vx_item item = {.kind = VX_ITEM_IMAGE, .path = path, .ordinal = -1, .size = -1};
    struct vx_reader *reader = NULL;
    struct vx_source *source;
    uint8_t *rgb = NULL;
    int w, h;
    enum vx_status rc;

    if ((rc = vx_reader_create(&reader, 1 << 20, err)) == VX_OK && (rc = vx_reader_open(reader, &item, &source, err)) == VX_OK &&
        (rc = vx_image_read(source, &rgb, &w, &h, err)) == VX_OK)
        assert_true(w > 0 && h > 0);
    assert_int_equal(rgb != NULL, rc == VX_OK);
    free(rgb);
    vx_reader_destroy(&reader);
    return rc;
}

static enum vx_status hash(void *path, struct vx_err *err)
{
    const struct vx_hash_rule rule = {.of = VX_HASH_BYTES, .sha256 = true};
    struct vx_hash *hash = NULL;
    char text[VX_HASH_TEXT] = "";
    enum vx_status rc = vx_hash_create(&hash, rule, err);

    if (rc == VX_OK) {
        vx_hash_begin(hash);
        vx_hash_add(hash, path, strlen(path));
        vx_hash_end(hash, text);
        assert_true(!*text || strlen(text) == 7 + 64);
        if (!*text)
            rc = vx_fail_nomem(err, "a hash");
    }
    vx_hash_destroy(&hash);
    return rc;
}

static enum vx_status read_labels(void *path, struct vx_err *err)
{
    struct vx_labels *labels = NULL;
    ptrdiff_t row;
    enum vx_status rc;

    if ((rc = vx_labels_open(&labels, path, NULL, err)) == VX_OK &&
        (rc = vx_labels_match(labels, vx_labels_row(labels, 0)->name, NULL, &row, err)) == VX_OK)
        assert_int_equal(row, 0);
    vx_labels_close(&labels);
    return rc;
}

/* A table whose row is longer than the buffer that reading begins with. */
static void *long_row(const char *folder)
{
    static char path[4096], text[200000];

    memset(text, 'x', sizeof text);
    memcpy(text, "file,label,note\na,bonafide,", 27);
    text[sizeof text - 1] = '\n';
    folder_write(folder, "long.csv", text, sizeof text);
    snprintf(path, sizeof path, "%s", folder_path(folder, "long.csv"));
    return path;
}

/* Once with all the memory it wants, then as each_alloc.h says, then again with all. */
static void each(const char *name, enum vx_status (*work)(void *ctx, struct vx_err *err), void *ctx)
{
    const struct each_alloc row = {name, work, 2, VX_OK};
    struct vx_err err;

    if (work(ctx, &err) != VX_OK)
        fail_msg("%s: %s", name, err.text);
    each_alloc(&row, 1, ctx);
    if (work(ctx, &err) != VX_OK)
        fail_msg("%s, again: %s", name, err.text);
}

static void test_every_allocation(void **state)
{
    static const struct {
        const char *name;
        size_t passed_over;
        enum vx_status (*run)(void *path, struct vx_err *err);
    } rows[] = {{"image/a.jpg", 0, look},         {"image/grey.jpg", 0, look},      {"image/colour3.png", 0, look},
                {"image/colour6.png", 0, look},   {"labels/table", 1, read_labels}, {"labels/fakeavceleb", 1, read_labels},
                {"labels/mlaad", 1, read_labels}, {"labels/asvspoof5", 1, read_labels}, {"labels/table", 0, hash}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s", seed(*state, rows[i].name, rows[i].passed_over));
        each(rows[i].name, rows[i].run, path);
    }
    each("a long row", read_labels, long_row(*state));
}

static int set_up(void **state)
{
    *state = folder_create();
    return 0;
}

static int tear_down(void **state)
{
    folder_remove((char **)state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_every_allocation, set_up, tear_down)};

    return cmocka_run_group_tests_name("libraries without memory", tests, NULL, NULL);
}
