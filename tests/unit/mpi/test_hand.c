/* test_hand.c - what a killed rank had in hand, read back from its file: whole, cut short at any byte, or made of rubbish */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"

#include "mpi/hand.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* "lease first count, …" of what is left, in the order of leases. */
static const char *text_of(struct vx_hand_left *left)
{
    static char text[512];
    size_t at = 0;

    text[0] = '\0';
    for (int64_t lease = INT64_MIN;;) { /* the next larger one: few, in any order */
        const struct vx_hand_range *next = NULL;
        for (size_t i = 0; i < left->n; i++)
            if (left->range[i].lease > lease && (!next || left->range[i].lease < next->lease))
                next = &left->range[i];
        if (!next)
            return text;
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%lld %lld %lld", at ? ", " : "", (long long)next->lease,
                               (long long)next->first, (long long)next->count);
        lease = next->lease;
    }
}

static void test_written_and_read(void **state)
{
    const char *const path = folder_path(*state, "hand");
    struct vx_hand *hand = vx_hand_open(path, "node7");
    struct vx_hand_left left;
    struct vx_err err;

    assert_non_null(hand);
    static const struct {
        char what; /* take, done, told, or only read */
        int64_t lease, first;
        size_t count;
        const char *left;
    } rows[] = {
        {'-', 0, 0, 0, ""},
        {'t', 1, 1, 64, "1 1 64"},
        {'t', 2, 65, 64, "1 1 64, 2 65 64"},
        {'d', 1, 0, 0, "2 65 64"},
        {'d', 1, 0, 0, "2 65 64"}, /* said twice, or never taken */
        {'d', 99, 0, 0, "2 65 64"},
        {'t', 1000000007, 9000000000, 1, "2 65 64, 1000000007 9000000000 1"},
        {'s', 0, 0, 0, "2 65 64, 1000000007 9000000000 1"},
        {'d', 2, 0, 0, "1000000007 9000000000 1"},
        {'d', 1000000007, 0, 0, ""},
    };
    bool told = false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].what == 't')
            vx_hand_take(hand, rows[i].lease, rows[i].first, rows[i].count);
        else if (rows[i].what == 'd')
            vx_hand_done(hand, rows[i].lease);
        else if (rows[i].what == 's')
            vx_hand_told(hand);
        told |= rows[i].what == 's';
        assert_int_equal(vx_hand_read(&left, path, &err), VX_OK);
        assert_string_equal(text_of(&left), rows[i].left);
        assert_string_equal(left.host, "node7");
        assert_int_equal(left.told, told);
        vx_hand_left_clear(&left);
    }
    vx_hand_close(&hand);
    assert_null(hand);
    assert_int_not_equal(access(path, F_OK), 0); /* ended in order */
    vx_hand_close(&hand);
}

/* A rank that cannot write it works all the same. */
static void test_none(void **state)
{
    struct vx_hand *hand = vx_hand_open(folder_path(*state, "no/hand"), "node7");

    assert_null(hand);
    vx_hand_take(hand, 1, 1, 1);
    vx_hand_done(hand, 1);
    vx_hand_told(hand);
    vx_hand_close(&hand);
}

static void test_lines(void **state)
{
    static const struct {
        const char *text, *left, *host;
        bool told;
    } rows[] = {
        {"", "", "", false},
        {"host a\ntake 1 1 64\n", "1 1 64", "a", false},
        {"take 1 1 64", "1 1 64", "", false}, /* the last newline is not what counts */
        {"take 1 1\n", "", "", false},
        {"take 1\ntake\ntake x y z\n", "", "", false},
        {"take 1 0 5\n", "", "", false},  /* items begin at 1, */
        {"take 1 -3 5\n", "", "", false},
        {"take 1 1 0\ntake 2 1 -1\n", "", "", false}, /* and there is at least one */
        {"take 1 9223372036854775807 1\n", "", "", false},
        {"take 1 9223372036854775806 1\n", "1 9223372036854775806 1", "", false},
        {"take 1 1 64\ndone\ndone x\n", "1 1 64", "", false},
        {"take 1 1 64\ndone 1\ntold\n", "", "", true},
        {"TOLD\ntold you\n told\n", "", "", false},
        {"host a\nhost b c\n", "", "b c", false},
        {"\n\nrubbish\xff\ntake 3 7 1\n", "3 7 1", "", false},
        {"take 5 1 2\ntake 5 3 2\ndone 5\n", "5 3 2", "", false}, /* each done takes one away */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_hand_left left;
        struct vx_err err;
        folder_write(*state, "hand", rows[i].text, strlen(rows[i].text));
        assert_int_equal(vx_hand_read(&left, folder_path(*state, "hand"), &err), VX_OK);
        if (strcmp(text_of(&left), rows[i].left) != 0 || strcmp(left.host, rows[i].host) != 0 || left.told != rows[i].told)
            fail_msg("row %zu: \"%s\", host \"%s\", told %d", i, text_of(&left), left.host, left.told);
        vx_hand_left_clear(&left);
        assert_int_equal(left.n, 0);
    }
}

/* Cut short anywhere it says nothing that the whole did not say at some time. */
static void test_cut_short(void **state)
{
    static const char whole[] = "host node\ntake 1 1 64\ntake 2 65 3\ndone 1\ntake 3 70 1\ntold\n";

    for (size_t len = 0; len < sizeof whole; len++) {
        struct vx_hand_left left;
        struct vx_err err;
        folder_write(*state, "hand", whole, len);
        assert_int_equal(vx_hand_read(&left, folder_path(*state, "hand"), &err), VX_OK);
        assert_true(left.n <= 2);
        assert_int_equal(left.told, len >= sizeof whole - 2);
        for (size_t i = 0; i < left.n; i++) /* 6 is of "64" */
            assert_true((left.range[i].first == 1 && (left.range[i].count == 64 || left.range[i].count == 6)) ||
                        (left.range[i].first == 65 && left.range[i].count == 3) ||
                        (left.range[i].first == 70 && left.range[i].count == 1));
        vx_hand_left_clear(&left);
    }
}

static void test_refused(void **state)
{
    struct vx_hand_left left;
    struct vx_err err;

    assert_int_equal(vx_hand_read(&left, folder_path(*state, "none"), &err), VX_ESYS);
    assert_non_null(strstr(err.text, "none"));
    vx_hand_left_clear(&left);
    assert_int_equal(vx_hand_read(&left, *state, &err), VX_EINVAL); /* a folder */
    vx_hand_left_clear(&left);
}

/* A host's name may be as long as it likes. */
static void test_long_host(void **state)
{
    char host[1000];
    struct vx_hand_left left;
    struct vx_err err;

    memset(host, 'h', sizeof host);
    host[sizeof host - 1] = '\0';
    struct vx_hand *hand = vx_hand_open(folder_path(*state, "hand"), host);
    vx_hand_take(hand, 1, 1, 2);
    assert_int_equal(vx_hand_read(&left, folder_path(*state, "hand"), &err), VX_OK);
    assert_string_equal(text_of(&left), "1 1 2");
    vx_hand_left_clear(&left);
    vx_hand_close(&hand);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_and_read), cmocka_unit_test(test_none),    cmocka_unit_test(test_lines),
        cmocka_unit_test(test_cut_short),        cmocka_unit_test(test_refused), cmocka_unit_test(test_long_host),
    };
    return cmocka_run_group_tests_name("hand", tests, set_up, tear_down);
}
