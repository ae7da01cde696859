/* Every allocation of the corpus and the reader fails once: an error comes back, nothing leaks (AddressSanitizer looks),
 * and the next attempt works. */
#include "tests/harness/cmocka.h"
#include "tests/harness/failing_alloc.h"
#include "tests/unit/io/pack.h"
#include "tests/unit/io/tree.h"

#include "io/source.h"

#include <stdlib.h>
#include <string.h>

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

    failing_alloc_after(-1);
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
        failing_alloc_after(k++);
        const enum vx_status rc = list_and_read(inputs, 3, &n_read);
        failing_alloc_after(-1);
        assert_true(rc == VX_DONE || (failing_alloc_failed() && rc == VX_ENOMEM));
        assert_true(n_read == all || failing_alloc_failed());
        assert_int_equal(list_and_read(inputs, 3, &n_read), VX_DONE);
        assert_int_equal(n_read, all);
    } while (failing_alloc_failed());
    print_message("%ld allocations\n", k - 1);
    assert_true(k > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(test_every_allocation, setup, teardown)};
    return cmocka_run_group_tests_name("nomem", tests, NULL, NULL);
}
