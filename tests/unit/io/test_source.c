/* Unit tests of sources: seeking and reading, the same for files and members; files that are not what they were. */
#include "tests/harness/cmocka.h"
#include "tests/unit/io/pack.h"
#include "tests/unit/io/tree.h"

#include "io/source.h"
#include "io/source_make.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_MEMBER (64u << 20)

static struct vx_reader *make_reader(void)
{
    struct vx_reader *reader = NULL;
    struct vx_err err;

    assert_int_equal(vx_reader_create(&reader, MAX_MEMBER, &err), VX_OK);
    return reader;
}

static enum vx_status open_path(struct vx_reader *reader, const char *path, const char *member,
                                struct vx_source **source, struct vx_err *err)
{
    struct vx_item item = {.path = strdup(path), .member = member ? strdup(member) : NULL, .ordinal = -1};
    const enum vx_status rc = vx_reader_open(reader, &item, source, err);

    vx_item_clear(&item);
    return rc;
}

/* n bytes without a NUL that tell their place. */
static char *make_bytes(size_t n)
{
    char *bytes = malloc(n + 1);

    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(1 + (i * 31 + i / 251) % 255);
    bytes[n] = '\0';
    return bytes;
}

static void check_seeks(struct vx_source *s, int64_t size)
{
    static const struct {
        int64_t offset;
        int whence;
        int64_t shift; /* expected: this … */
        int of_size;   /* … from the end, or from the start; -2: impossible */
    } rows[] = {
        {0, SEEK_SET, 0, 0},           {5, SEEK_CUR, 5, 0},       {-2, SEEK_CUR, 3, 0},  {-4, SEEK_CUR, 0, -2},
        {0, SEEK_END, 0, 1},           {-1, SEEK_END, -1, 1},     {7, SEEK_END, 7, 1},   {-1, SEEK_SET, 0, -2},
        {INT64_MAX, SEEK_CUR, 0, -2},  {INT64_MIN, SEEK_END, 0, -2}, {0, 99, 0, -2},     {7, SEEK_SET, 7, 0},
    };
    char c;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const int64_t before = vx_source_tell(s), to = vx_source_seek(s, rows[i].offset, rows[i].whence);
        const int64_t want = rows[i].of_size == -2 ? -1 : rows[i].shift + (rows[i].of_size ? size : 0);
        assert_int_equal(to, want);
        assert_int_equal(vx_source_tell(s), to < 0 ? before : to);
    }
    assert_int_equal(vx_source_seek(s, 10, SEEK_END), size + 10); /* allowed, there is nothing to read */
    assert_int_equal(vx_source_read(s, &c, 1), 0);
    assert_int_equal(vx_source_tell(s), size + 10);
    assert_int_equal(vx_source_errno(s), 0);
}

static void check_reads(struct vx_source *s, const char *bytes, size_t size)
{
    char *out = malloc(size + 1000);

    assert_non_null(out);
    assert_int_equal(vx_source_size(s), size);
    for (int round = 0; round < 300; round++) {
        const size_t at = (size_t)rand() % (size + 50);
        const size_t n = round % 3 == 0 ? size + 1000 : (size_t)rand() % (round % 3 == 1 ? 100 : 300000);
        const size_t want = at >= size ? 0 : size - at < n ? size - at : n;
        if (n > size + 1000)
            continue;
        assert_int_equal(vx_source_seek(s, (int64_t)at, SEEK_SET), at);
        assert_int_equal(vx_source_read(s, out, n), want);
        assert_memory_equal(out, bytes + (want ? at : 0), want);
        assert_int_equal(vx_source_tell(s), at + want);
    }
    assert_int_equal(vx_source_seek(s, 0, SEEK_SET), 0);
    for (size_t done = 0, n = 1; done < size; n = n * 2 % 70001 + 1) { /* in sequence, in pieces of all sizes */
        const size_t got = vx_source_read(s, out, n);
        assert_true(got == n || done + got == size);
        assert_memory_equal(out, bytes + done, got);
        done += got;
    }
    assert_int_equal(vx_source_read(s, out, 1), 0);
    assert_int_equal(vx_source_errno(s), 0);
    free(out);
}

static void test_seek_and_read(void **state)
{
    static const size_t sizes[] = {0, 1, 100, VX_SOURCE_BUFFER - 1, VX_SOURCE_BUFFER, VX_SOURCE_BUFFER + 1,
                                   3 * VX_SOURCE_BUFFER + 77};
    const char *root = *state, *fixed = getenv("VX_TEST_SEED");
    const unsigned seed = fixed ? (unsigned)strtoul(fixed, NULL, 10) : (unsigned)time(NULL);
    struct vx_reader *reader = make_reader();
    struct vx_source *s;
    struct vx_err err;

    print_message("seed %u (VX_TEST_SEED)\n", seed);
    srand(seed);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char *bytes = make_bytes(sizes[i]);
        const struct pack_entry entries[] = {{"a.wav", PACK_FILE, bytes}, {NULL, PACK_FILE, NULL}};
        tree_write(root, "a.wav", bytes, sizes[i]);
        pack_write(tree_path(root, "a.zip"), "zip", NULL, NULL, entries, 0);
        for (int member = 0; member < 2; member++) {
            const char *path = tree_path(root, member ? "a.zip" : "a.wav");
            assert_int_equal(open_path(reader, path, member ? "a.wav" : NULL, &s, &err), VX_OK);
            check_seeks(s, (int64_t)sizes[i]);
            check_reads(s, bytes, sizes[i]);
        }
        free(bytes);
    }
    vx_reader_destroy(&reader);
}

static void test_rejected(void **state)
{
    const char *root = *state;
    struct vx_reader *reader = make_reader();
    struct vx_source *s;
    struct vx_err err;
    char broken[] = "x.wav", problem[] = "is a FIFO";
    static const struct {
        const char *name;
        enum vx_status rc;
        const char *part;
    } rows[] = {
        {"a.wav", VX_OK, NULL},
        {"missing.wav", VX_ESYS, "missing.wav: cannot open: No such file or directory"},
        {"folder.wav", VX_EINVAL, "folder.wav: is a directory, not a regular file"},
        {"fifo.wav", VX_EINVAL, "fifo.wav: is a FIFO, not a regular file"}, /* and does not wait for a writer */
        {"a.wav/b.wav", VX_ESYS, "Not a directory"},
        {"mis\n\xFFsing.wav", VX_ESYS, "mis\\n\\xFFsing.wav: cannot open"},
        {"a.wav", VX_OK, NULL},
    };

    tree_text(root, "a.wav", "a");
    tree_mkdir(root, "folder.wav");
    assert_int_equal(mkfifo(tree_path(root, "fifo.wav"), 0666), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(open_path(reader, tree_path(root, rows[i].name), NULL, &s, &err), rows[i].rc);
        assert_int_equal(s != NULL, rows[i].rc == VX_OK);
        if (rows[i].part)
            assert_non_null(strstr(err.text, rows[i].part));
    }
    assert_int_equal(open_path(reader, "/dev/zero", NULL, &s, &err), VX_EINVAL);
    const struct vx_item item = {.kind = VX_ITEM_BROKEN, .path = broken, .problem = problem, .ordinal = -1};
    assert_int_equal(vx_reader_open(reader, &item, &s, &err), VX_EINVAL);
    assert_string_equal(err.text, "x.wav: there is nothing to open: is a FIFO");
    assert_int_equal(vx_reader_open(reader, &(struct vx_item){0}, &s, &err), VX_EINVAL);
    vx_reader_destroy(&reader);
    vx_reader_destroy(&reader);
}

static void test_changing_files(void **state)
{
    const char *root = *state;
    const size_t size = 3 * VX_SOURCE_BUFFER;
    struct vx_reader *reader = make_reader();
    char *bytes = make_bytes(size), *out = malloc(2 * size), *path = strdup(tree_path(root, "a.wav"));
    struct vx_source *s;
    struct vx_err err;

    for (int large = 0; large < 2; large++) { /* with and without the buffer */
        const size_t piece = large ? size : 1000;
        size_t done = 0, got;
        tree_write(root, "a.wav", bytes, size);
        assert_int_equal(open_path(reader, path, NULL, &s, &err), VX_OK);
        assert_int_equal(truncate(path, (off_t)(size - VX_SOURCE_BUFFER)), 0);
        while ((got = vx_source_read(s, out + done, piece)) > 0)
            done += got;
        assert_int_equal(done, size - VX_SOURCE_BUFFER);
        assert_memory_equal(out, bytes, done);
        assert_int_equal(vx_source_errno(s), EIO);
    }
    tree_write(root, "a.wav", bytes, size / 2);
    assert_int_equal(open_path(reader, path, NULL, &s, &err), VX_OK);
    assert_int_equal(vx_source_errno(s), 0); /* of the new one */
    assert_int_equal(vx_source_read(s, out, 10), 10);
    tree_write(root, "a.wav", bytes, size); /* it grows: read to the end it had */
    assert_int_equal(vx_source_read(s, out + 10, size), size / 2 - 10);
    assert_memory_equal(out, bytes, size / 2);
    assert_int_equal(vx_source_errno(s), 0);
    assert_int_equal(unlink(path), 0); /* an open file stays readable */
    assert_int_equal(vx_source_seek(s, 5, SEEK_SET), 5);
    assert_int_equal(vx_source_read(s, out, 10), 10);
    assert_memory_equal(out, bytes + 5, 10);
    free(bytes);
    free(out);
    free(path);
    vx_reader_destroy(&reader);
}

/* Whether the file is the one that was opened, by size and time. */
static void test_changed(void **state)
{
    const char *root = *state;
    const struct timespec later[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = 2000000000}};
    struct vx_reader *reader = make_reader();
    char *path = strdup(tree_path(root, "a.wav")), out[10];
    struct vx_source *s;
    struct vx_err err;

    for (int how = 0; how < 4; how++) {
        tree_text(root, "a.wav", "some bytes of sound");
        assert_int_equal(open_path(reader, path, NULL, &s, &err), VX_OK);
        assert_int_equal(vx_source_read(s, out, sizeof out), sizeof out);
        assert_false(vx_source_changed(s));
        if (how == 1)
            assert_int_equal(utimensat(AT_FDCWD, path, later, 0), 0);
        else if (how == 2)
            assert_int_equal(truncate(path, 100), 0);
        else if (how == 3)
            assert_int_equal(truncate(path, 5), 0);
        assert_int_equal(vx_source_changed(s), how > 0);
    }
    free(path);
    vx_reader_destroy(&reader);
}

#define in_tree(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_tree(test_seek_and_read), in_tree(test_rejected), in_tree(test_changing_files), in_tree(test_changed),
    };
    return cmocka_run_group_tests_name("source", tests, NULL, NULL);
}
