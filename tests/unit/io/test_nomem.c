/* Every allocation of the corpus and the reader fails once: an error comes back, nothing leaks (AddressSanitizer looks),
 * and the next attempt works. The linker leads io/'s and base/'s allocations through here (--wrap). */
#include "tests/harness/cmocka.h"
#include "tests/unit/io/pack.h"
#include "tests/unit/io/tree.h"

#include "io/source.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static long until_failure = -1; /* allocations; negative: none fails */
static bool failed;

static bool fails(void)
{
    if (until_failure < 0 || until_failure-- > 0)
        return false;
    failed = true;
    return true;
}

#define WRAP(type, name, parameters, arguments)                                                                        \
    type __real_##name parameters;                                                                                     \
    type __wrap_##name parameters;                                                                                     \
    type __wrap_##name parameters                                                                                      \
    {                                                                                                                  \
        return fails() ? NULL : __real_##name arguments;                                                               \
    }
WRAP(void *, malloc, (size_t n), (n))
WRAP(void *, realloc, (void *p, size_t n), (p, n))
WRAP(void *, aligned_alloc, (size_t align, size_t n), (align, n))
WRAP(char *, strdup, (const char *s), (s))
WRAP(char *, strndup, (const char *s, size_t n), (s, n))

/* Lists and reads all; the last status. *n_read counts what could be read. */
static enum vx_status list_and_read(const char *const *inputs, size_t n, int *n_read)
{
    struct vx_corpus *corpus = NULL;
    struct vx_reader *reader = NULL;
    struct vx_source *source;
    struct vx_item item = {0};
    struct vx_err err;
    enum vx_status rc;
    char text[100];

    *n_read = 0;
    if ((rc = vx_corpus_open(&corpus, inputs, n, &err)) == VX_OK &&
        (rc = vx_reader_create(&reader, 1000, &err)) == VX_OK)
        while ((rc = vx_corpus_next(corpus, &item, &err)) == VX_OK)
            if (item.kind != VX_ITEM_BROKEN && vx_reader_open(reader, &item, &source, &err) == VX_OK)
                *n_read += vx_source_read(source, text, sizeof text) == (size_t)vx_source_size(source);
    vx_item_clear(&item);
    vx_reader_destroy(&reader);
    vx_corpus_close(&corpus);
    return rc;
}

static int setup(void **state)
{
    *state = tree_create();
    return 0;
}

static int teardown(void **state)
{
    char *root = *state;

    until_failure = -1;
    tree_remove(&root);
    return 0;
}

static void test_every_allocation(void **state)
{
    static const struct pack_entry entries[] = {
        {"a.wav", PACK_FILE, "a"}, {"b.wav", PACK_FILE, "b"}, {NULL, PACK_FILE, NULL},
    };
    const char *root = *state;
    const char *const inputs[] = {tree_path(root, ""), tree_path(root, "m.csv"), tree_path(root, "nothing")};
    int n_read, all;
    long k = 0;

    tree_text(root, "d/e/a.wav", "sound");
    tree_text(root, "d/b.wav/c.png", "picture");
    pack_write(tree_path(root, "a.tar"), "pax", NULL, NULL, entries, 0);
    pack_write(tree_path(root, "b.zip"), "zip", NULL, NULL, entries, 0);
    tree_text(root, "m.csv", "path,label,member\na.tar,x,\nb.zip,y,b.wav\nnothing.wav,z\n\"open,\nd/e/a.wav\n");
    assert_int_equal(list_and_read(inputs, 3, &all), VX_DONE);
    assert_int_equal(all, 10);
    do {
        failed = false;
        until_failure = k++;
        const enum vx_status rc = list_and_read(inputs, 3, &n_read);
        until_failure = -1;
        assert_true(rc == VX_DONE || (failed && rc == VX_ENOMEM));
        assert_true(n_read == all || failed);
        assert_int_equal(list_and_read(inputs, 3, &n_read), VX_DONE);
        assert_int_equal(n_read, all);
    } while (failed);
    print_message("%ld allocations\n", k - 1);
    assert_true(k > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_every_allocation, setup, teardown)};
    return cmocka_run_group_tests_name("nomem", tests, NULL, NULL);
}
