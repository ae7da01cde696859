/* Claims: the first item to claim a content is scored for it; changing one's mind leaves orphans; against a plain list of it all. */
#include "tests/harness/cmocka.h"

#include "mpi/claims.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct vx_claims *create(void)
{
    struct vx_claims *c = NULL;
    struct vx_err err;

    assert_int_equal(vx_claims_create(&c, &err), VX_OK);
    return c;
}

static int64_t claim(struct vx_claims *c, int64_t item, const char *hash)
{
    struct vx_err err;
    int64_t scored = -1;

    assert_int_equal(vx_claims_make(c, item, vx_claims_key(VX_ITEM_AUDIO, "a.wav", hash), &scored, &err), VX_OK);
    return scored;
}

static void test_first(void **state)
{
    struct vx_claims *c = create();
    struct vx_err err;
    int64_t scored;

    (void)state;
    assert_false(vx_claims_knows(c, 1));
    assert_int_equal(vx_claims_scored(c, vx_claims_key(VX_ITEM_AUDIO, "a.wav", "a")), 0);
    assert_int_equal(claim(c, 7, "a"), 7);
    assert_int_equal(claim(c, 2, "a"), 7); /* chance decides here; a merge takes the smallest */
    assert_int_equal(claim(c, 7, "a"), 7); /* its worker was lost, another has it */
    assert_int_equal(claim(c, 3, "b"), 3);
    assert_int_equal(vx_claims_make(c, 4, vx_claims_key(VX_ITEM_IMAGE, "a.wav", "a"), &scored, &err), VX_OK);
    assert_int_equal(scored, 4); /* the same bytes as a picture are another content */
    assert_true(vx_claims_knows(c, 2));
    assert_false(vx_claims_knows(c, 5));
    assert_int_equal(vx_claims_orphan(c, 0), 0);
    assert_int_equal(vx_claims_make(c, 0, vx_claims_key(VX_ITEM_AUDIO, "a.wav", "a"), &scored, &err), VX_ENOMEM);
    vx_claims_destroy(&c);
    assert_null(c);
}

static void test_contents(void **state)
{
    static const struct {
        enum vx_item_kind kind;
        const char *name, *hash;
        bool same;
    } rows[] = {
        {VX_ITEM_AUDIO, "a/b.wav", "xxh3:1", true},       {VX_ITEM_AUDIO, "c.x/other.WAV", "xxh3:1", true},
        {VX_ITEM_AUDIO, "a/b.wav", "xxh3:2", false},      {VX_ITEM_IMAGE, "a/b.wav", "xxh3:1", false},
        {VX_ITEM_AUDIO, "a/b.al", "xxh3:1", false},       {VX_ITEM_AUDIO, "a.wav/b", "xxh3:1", false},
        {VX_ITEM_AUDIO, "a/b.wav", "pcm-xxh3:1", false},
    };
    const struct vx_hash_key one = vx_claims_key(VX_ITEM_AUDIO, "one.wav", "xxh3:1"),
                             wav = vx_claims_key(VX_ITEM_AUDIO, "one.wav", "pcm-xxh3:1"),
                             flac = vx_claims_key(VX_ITEM_AUDIO, "one.flac", "pcm-xxh3:1");

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct vx_hash_key key = vx_claims_key(rows[i].kind, rows[i].name, rows[i].hash);
        assert_int_equal(key.high == one.high && key.low == one.low, rows[i].same);
    }
    assert_true(wav.high == flac.high && wav.low == flac.low);
}

static void test_orphans(void **state)
{
    struct vx_claims *c = create();
    struct vx_err err;

    (void)state;
    claim(c, 1, "a");
    claim(c, 2, "a");
    claim(c, 3, "b");
    claim(c, 4, "a");
    assert_int_equal(claim(c, 1, "c"), 1); /* its file is another one by now */
    assert_int_equal(vx_claims_orphan(c, 0), 2);
    assert_int_equal(vx_claims_orphan(c, 2), 4);
    assert_int_equal(vx_claims_orphan(c, 4), 0);
    assert_int_equal(claim(c, 4, "a"), 4); /* worked on again: now it is scored */
    assert_int_equal(vx_claims_orphan(c, 0), 0);
    assert_int_equal(claim(c, 2, "a"), 4);
    vx_claims_forget(c, 2); /* nobody relied on it */
    assert_int_equal(vx_claims_orphan(c, 0), 0);
    assert_false(vx_claims_knows(c, 2));
    assert_int_equal(vx_claims_unknown(c, 3, &err), VX_OK); /* it was b */
    assert_true(vx_claims_knows(c, 3));
    assert_int_equal(vx_claims_scored(c, vx_claims_key(VX_ITEM_AUDIO, "a.wav", "b")), 0);
    assert_int_equal(vx_claims_orphan(c, 0), 0);
    vx_claims_forget(c, 99);
    vx_claims_destroy(&c);
}

/* Many claims and changes of mind, beside a list in which everything is looked for from the start. */
static void test_random(void **state)
{
    enum { ITEMS = 3000, CONTENTS = 1200, STEPS = 20000 };
    const char *given = getenv("VX_TEST_SEED");
    const unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)getpid();
    int content[ITEMS + 1] = {0}, scored[CONTENTS + 1] = {0};
    struct vx_claims *c = create();
    char hash[16];

    (void)state;
    print_message("VX_TEST_SEED=%u\n", seed);
    srand(seed);
    for (int step = 0; step < STEPS; step++) {
        const int item = 1 + rand() % ITEMS, wanted = 1 + rand() % CONTENTS;
        if (scored[content[item]] == item && content[item] != wanted)
            scored[content[item]] = 0;
        content[item] = 0;
        if (rand() % 5 == 0) {
            vx_claims_forget(c, item);
            if (scored[wanted] == item)
                scored[wanted] = 0;
            continue;
        }
        content[item] = wanted;
        scored[wanted] = scored[wanted] ? scored[wanted] : item;
        snprintf(hash, sizeof hash, "%d", wanted);
        assert_int_equal(claim(c, item, hash), scored[wanted]);
    }
    for (int item = 1, after = 0; item <= ITEMS; item++) {
        assert_int_equal(vx_claims_knows(c, item), content[item] != 0);
        if (!content[item] || scored[content[item]])
            continue;
        assert_int_equal(vx_claims_orphan(c, after), item);
        after = item;
    }
    for (int i = 1; i <= CONTENTS; i++) {
        snprintf(hash, sizeof hash, "%d", i);
        assert_int_equal(vx_claims_scored(c, vx_claims_key(VX_ITEM_AUDIO, "a.wav", hash)), scored[i]);
    }
    vx_claims_destroy(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first),
        cmocka_unit_test(test_contents),
        cmocka_unit_test(test_orphans),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
