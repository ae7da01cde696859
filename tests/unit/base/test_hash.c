/* Hashes of contents against values that xxhsum -H2 and sha256sum print, in pieces and whole; what is taken for a hash. */
#include "tests/harness/cmocka.h"

#include "base/hash.h"

#include <stdio.h>

#include <string.h>

/* printf 'TEXT' | xxhsum -H2; printf 'TEXT' | sha256sum */
static const struct {
    const char *text, *xxh3, *sha256;
} known[] = {
    {"", "99aa06d3014798d86001c324468d497f", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "06b05ab6733a618578af5f94892f3950", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"voxtrawl", "48c54550c494be08155f7afdb1c606f6", "47c9fbb6cd027c04d6ab30371f414b48d82fd11145c96568cee6144af7d4db18"},
};

static void test_known(void **state)
{
    char text[VX_HASH_TEXT], expected[VX_HASH_TEXT];
    struct vx_err err;

    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        for (int of = VX_HASH_BYTES; of <= VX_HASH_PCM; of++) {
            for (int sha256 = 0; sha256 < 2; sha256++) {
                struct vx_hash_rule rule = {.of = (enum vx_hash_of)of, .sha256 = sha256 != 0}, told;
                struct vx_hash *h;
                assert_int_equal(vx_hash_create(&h, rule, &err), VX_OK);
                for (const char *c = known[i].text; *c; c++)
                    vx_hash_add(h, c, 1);
                vx_hash_end(h, text);
                snprintf(expected, sizeof expected, "%s%s%s", of == VX_HASH_PCM ? "pcm-" : "", sha256 ? "sha256:" : "xxh3:",
                         sha256 ? known[i].sha256 : known[i].xxh3);
                assert_string_equal(text, expected);
                assert_int_equal(vx_hash_rule_of(text, &told, &err), VX_OK);
                assert_int_equal(told.of, rule.of);
                assert_int_equal(told.sha256, rule.sha256);
                vx_hash_add(h, "left over", 9);
                vx_hash_begin(h); /* anew */
                vx_hash_add(h, known[i].text, strlen(known[i].text));
                vx_hash_end(h, text);
                assert_string_equal(text, expected);
                vx_hash_destroy(&h);
                assert_null(h);
            }
        }
    }
}

static void test_refused(void **state)
{
    static const char *const rows[] = {
        "", "xxh3:", "xxh3", "md5:00000000000000000000000000000000", "xxh3:0000000000000000000000000000000",
        "xxh3:000000000000000000000000000000000", "xxh3:0000000000000000000000000000000G",
        "XXH3:00000000000000000000000000000000", "sha256:00000000000000000000000000000000",
        "pcm-:00000000000000000000000000000000", "xxh3:0000000000000000000000000000000A",
    };
    struct vx_hash_rule rule;
    struct vx_err err;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vx_hash_rule_of(rows[i], &rule, &err), VX_EINVAL);
}

static void test_key(void **state)
{
    const struct vx_hash_key a = vx_hash_key("audio", "xxh3:00"), b = vx_hash_key("image", "xxh3:00"),
                             c = vx_hash_key("audio", "xxh3:01"), again = vx_hash_key("audio", "xxh3:00");

    (void)state;
    assert_true(a.high == again.high && a.low == again.low);
    assert_true(a.high != b.high && a.low != b.low);
    assert_true(a.high != c.high && a.low != c.low);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
