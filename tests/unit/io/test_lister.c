/* Unit tests of archives listed by a process of their own: the same items, and what becomes of one that dies on the way. */
#include "tests/harness/cmocka.h"
#include "tests/unit/io/pack.h"
#include "tests/unit/io/tree.h"

#include "io/decoder_wire.h"
#include "io/lister_serve.h"
#include "io/nursery.h"
#include "io/sandbox.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct vx_nursery *nursery; /* forked before the first thread */

/* What its processes do, by the archive's name. */
static int life(int sock, int archive, const void *config)
{
    const struct vx_lister_config *const c = config;
    const struct vx_lister_head none = {.skipped = 1};
    struct vx_err err;

    if (strstr(c->path, "dies")) {
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
    }
    if (strstr(c->path, "hangs"))
        pause();
    if (strstr(c->path, "ends"))
        return 7;
    if (strstr(c->path, "short"))
        return vx_dec_send(sock, "x", 1, NULL, 0, -1, &err) == VX_OK ? 0 : 1;
    if (strstr(c->path, "lies")) {
        const struct vx_lister_head head = {.n = 3};
        return vx_dec_send(sock, &head, sizeof head, NULL, 0, -1, &err) == VX_OK ? 0 : 1;
    }
    if (strstr(c->path, "kind")) {
        const struct vx_lister_head head = {.n = 1};
        const struct vx_lister_record record = {.kind = 9};
        return vx_dec_send(sock, &head, sizeof head, &record, sizeof record, -1, &err) == VX_OK ? 0 : 1;
    }
    if (strstr(c->path, "endless")) {
        const struct vx_lister_head head = {.n = 1};
        const struct vx_lister_record record = {.kind = VX_ITEM_AUDIO, .member_len = 4};
        char more[sizeof record + 4];
        memcpy(more, &record, sizeof record);
        memcpy(more + sizeof record, "abcd", 4);
        return vx_dec_send(sock, &head, sizeof head, more, sizeof more, -1, &err) == VX_OK ? 0 : 1;
    }
    if (strstr(c->path, "empty"))
        for (const struct vx_lister_head nothing = {0};;)
            if (vx_dec_send(sock, &nothing, sizeof nothing, NULL, 0, -1, &err) != VX_OK)
                return 1;
    if (strstr(c->path, "more")) /* than an archive may have */
        for (struct vx_lister_head head = {.n = 0};;) {
            head.skipped += 1000;
            if (vx_dec_send(sock, &head, sizeof head, NULL, 0, -1, &err) != VX_OK)
                return 1;
        }
    if (strstr(c->path, "paints")) {
        const struct vx_lister_head head = {.n = 1, .status = VX_DONE};
        struct {
            struct vx_lister_record r;
            char problem[8];
        } one = {{.kind = VX_ITEM_BROKEN, .problem_len = 6}, "a\033[2J"};
        return vx_dec_send(sock, &head, sizeof head, &one, sizeof one.r + 6, -1, &err) == VX_OK ? 0 : 1;
    }
    if (strstr(c->path, "minus")) {
        const struct vx_lister_head head = {.n = 1};
        struct {
            struct vx_lister_record r;
            char name[2];
        } one = {{.kind = VX_ITEM_AUDIO, .member_len = 2, .size = -7}, "a"};
        return vx_dec_send(sock, &head, sizeof head, &one, sizeof one.r + 2, -1, &err) == VX_OK ? 0 : 1;
    }
    if (strstr(c->path, "midway") && vx_dec_send(sock, &none, sizeof none, NULL, 0, -1, &err) == VX_OK)
        abort();
    return vx_lister_serve(sock, archive, c);
}

static struct vx_corpus_limits limits(bool by_process)
{
    struct vx_err err;

    return (struct vx_corpus_limits){.depth = 3, .max_bytes = 1 << 20, .nursery = by_process ? nursery : NULL, .timeout_s = 0.5, .max_entries = 100000,
                                     .sandbox = vx_sandbox_available(&err) == VX_OK, .data_bytes = 64 << 20};
}

static void list(struct listing *l, const char *path, bool by_process)
{
    const struct vx_corpus_limits how = limits(by_process);

    tree_limits = &how;
    listing_read(l, &path, 1);
    tree_limits = NULL;
}

static void expect_same(const char *path)
{
    struct listing here, there;

    list(&here, path, false);
    list(&there, path, true);
    assert_int_equal(there.n, here.n);
    assert_int_equal(there.stats.skipped, here.stats.skipped);
    for (size_t i = 0; i < here.n; i++) {
        const struct vx_item *const a = &here.items[i], *const b = &there.items[i];
        assert_string_equal(a->path, b->path);
        assert_true(a->member ? b->member && strcmp(a->member, b->member) == 0 : !b->member);
        assert_true(a->problem ? b->problem && strcmp(a->problem, b->problem) == 0 : !b->problem);
        assert_true(a->kind == b->kind && a->ordinal == b->ordinal && a->offset == b->offset && a->bundle == b->bundle &&
                    a->size == b->size && a->mtime == b->mtime);
    }
    listing_free(&here);
    listing_free(&there);
}

static void test_same_items(void **state)
{
    const char *root = *state, *last = NULL;

    for (size_t f = 0; f < PACK_FORMATS; f++)
        expect_same(last = pack_as(root, &pack_formats[f], pack_speech));
    const struct pack_entry around[] = {{"in.zip", PACK_COPY, last}, {"\xC3\xBC.wav", PACK_FILE, "u"}, {NULL, PACK_FILE, NULL}};
    pack_write(tree_path(root, "o.7z"), "7zip", NULL, NULL, around, 0);
    expect_same(tree_path(root, "o.7z"));
    tree_text(root, "none.tar", "no archive");
    expect_same(tree_path(root, "none.tar"));
    expect_same(tree_path(root, "missing.tar"));
    tree_mkdir(root, "folder.tar");
}

/* More than a message holds, and names that none does. */
static void test_many_and_long(void **state)
{
    enum { N = 3000, LONG = 60000 };
    const char *root = *state, *path = tree_path(root, "many.tar");
    struct pack_entry *entries = calloc(N + 1, sizeof *entries);
    char *names = calloc(N, 120), *long_name = calloc(LONG + 1, 1);
    struct listing l;

    for (int i = 0; i < N; i++) {
        snprintf(names + (size_t)i * 120, 120, "%0100d.wav", i);
        entries[i] = (struct pack_entry){names + (size_t)i * 120, PACK_FILE, ""};
    }
    memset(long_name, 'n', LONG);
    memcpy(long_name + LONG - 4, ".wav", 4);
    entries[N / 2].name = long_name;
    pack_write(path, "gnutar", NULL, NULL, entries, 0);
    list(&l, path, true);
    assert_int_equal(l.n, N);
    for (int i = 0; i < N; i++)
        if (i != N / 2)
            assert_string_equal(l.items[i].member, entries[i].name);
    assert_int_equal(l.items[N / 2].kind, VX_ITEM_BROKEN);
    assert_string_equal(l.items[N / 2].problem, "its name has 60000 bytes: too long");
    listing_free(&l);
    free(long_name);
    free(names);
    free(entries);
}

static void test_costs_its_archive(void **state)
{
    static const struct {
        const char *name, *part;
    } rows[] = {
        {"dies.tar", "killed by SIGSEGV"},  {"midway.tar", "killed by SIGABRT"}, {"hangs.tar", "came to nothing for 0.5 s"},
        {"ends.tar", "ended with status 7"}, {"short.tar", "message of 1 bytes"}, {"lies.tar", "ends early"},
        {"kind.tar", "makes no sense"},     {"endless.tar", "without an end"},   {"empty.tar", "makes no sense"},
        {"more.tar", "more than 100000 entries"}, {"minus.tar", "makes no sense"},    {"paints.tar", "[2J"},
    };
    static const struct pack_entry entries[] = {{"a.wav", PACK_FILE, "a"}, {NULL, PACK_FILE, NULL}};
    const char *root = *state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vx_corpus_limits how = limits(true);
        const char *inputs[] = {tree_path(root, rows[i].name), tree_path(root, "good.tar")};
        struct listing l;
        pack_write(inputs[0], "ustar", NULL, NULL, entries, 0);
        pack_write(inputs[1], "ustar", NULL, NULL, entries, 0);
        tree_limits = &how;
        listing_read(&l, inputs, 2);
        tree_limits = NULL;
        assert_int_equal(l.n, 2);
        assert_int_equal(l.items[0].kind, VX_ITEM_BROKEN);
        assert_null(l.items[0].member);
        if (!strstr(l.items[0].problem, rows[i].part))
            fail_msg("%s: \"%s\" does not say \"%s\"", rows[i].name, l.items[0].problem, rows[i].part);
        assert_null(strchr(l.items[0].problem, '\033')); /* nothing that a terminal obeys */
        assert_string_equal(l.items[1].member, "a.wav");
        listing_free(&l);
    }
}

#define in_tree(test) cmocka_unit_test_setup_teardown(test, tree_setup, tree_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_tree(test_same_items),
        in_tree(test_many_and_long),
        in_tree(test_costs_its_archive),
    };
    struct vx_err err;

    if (vx_nursery_open(&nursery, life, &err) != VX_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    const int failed = cmocka_run_group_tests_name("lister", tests, NULL, NULL);
    vx_nursery_close(&nursery);
    return failed;
}
