/* The reader of golden files: a file by hand, and that file cut short at every length. */
#include "tests/harness/cmocka.h"
#include "tests/harness/golden.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* magic, version 1, two arrays, digest of zeros, script "s"; "a" int32 [2][1] = {7, -1}; "b" float64 scalar 0.5 */
static const unsigned char file[] = {
    'v', 'x', 'g', 'o', 'l', 'd', '\r', '\n', 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 's',
    1, 0, 'a', 1, 2, 2, 0, 0, 0, 1, 0, 0, 0,
    7, 0, 0, 0, 255, 255, 255, 255,
    1, 0, 'b', 4, 0,
    0, 0, 0,
    0, 0, 0, 0, 0, 0, 0xe0, 0x3f,
};

struct scratch {
    char dir[32];
    char *path;
};

static int setup(void **state)
{
    static struct scratch s;

    strcpy(s.dir, "/tmp/vx-golden-XXXXXX");
    if (!mkdtemp(s.dir) || !(s.path = vx_file_join(s.dir, "file")))
        return -1;
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct scratch *s = *state;

    unlink(s->path);
    free(s->path);
    return rmdir(s->dir);
}

static enum vx_status open_bytes(const struct scratch *s, const void *bytes, size_t len, struct vx_golden **out)
{
    struct vx_err err;

    assert_int_equal(vx_file_write(s->path, bytes, len, &err), VX_OK);
    return vx_golden_open(out, s->path, &err);
}

static void test_whole(void **state)
{
    const struct vx_golden_array *a;
    struct vx_golden *g;

    assert_int_equal(open_bytes(*state, file, sizeof file, &g), VX_OK);
    assert_int_equal(vx_golden_count(g), 2);
    a = vx_golden_get(g, VX_GOLDEN_I32, "%c", 'a');
    assert_ptr_equal(a, vx_golden_at(g, 0));
    assert_int_equal(a->n_dims, 2);
    assert_int_equal(a->shape[0], 2);
    assert_int_equal(a->shape[1], 1);
    assert_int_equal(a->count, 2);
    assert_int_equal(((const int32_t *)a->data)[0], 7);
    assert_int_equal(((const int32_t *)a->data)[1], -1);
    a = vx_golden_get(g, VX_GOLDEN_F64, "b");
    assert_int_equal(a->count, 1);
    assert_true(*(const double *)a->data == 0.5);
    vx_golden_close(&g);
    assert_null(g);
}

static void test_broken(void **state)
{
    static const size_t places[] = {0, 8, 12, 54, 55, 62}; /* magic, version, count, dtype, dimensions, shape */
    unsigned char bytes[sizeof file + 1] = {0};
    struct vx_golden *g;

    for (size_t len = 0; len < sizeof file; len++)
        assert_int_equal(open_bytes(*state, file, len, &g), VX_EFORMAT);
    memcpy(bytes, file, sizeof file);
    assert_int_equal(open_bytes(*state, bytes, sizeof bytes, &g), VX_EFORMAT);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        memcpy(bytes, file, sizeof file);
        bytes[places[i]] = 99;
        assert_int_equal(open_bytes(*state, bytes, sizeof file, &g), VX_EFORMAT);
        assert_null(g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_whole), cmocka_unit_test(test_broken)};

    return cmocka_run_group_tests_name("golden", tests, setup, teardown);
}
