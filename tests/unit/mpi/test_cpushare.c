/* Sharing the processors of a host among its ranks. */
#include "tests/harness/cmocka.h"

#include "base/buf.h"
#include "base/clock.h"
#include "mpi/cpushare.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_RANKS = 12 };

/* "0-3,8" as a mask. */
static struct vx_cpumask mask_of(const char *list)
{
    struct vx_cpumask m = {0};
    int from, to, used;

    while (sscanf(list, "%d%n", &from, &used) == 1) {
        list += used;
        to = from;
        if (sscanf(list, "-%d%n", &to, &used) == 1)
            list += used;
        for (int i = from; i <= to; i++)
            m.bits[i / 64] |= (uint64_t)1 << (i % 64);
        if (*list == ',')
            list++;
    }
    return m;
}

static void expect_share(const char *what, const struct vx_cpumask *masks, int n_ranks, int me, const char *expected)
{
    struct vx_cpumask want = mask_of(expected), got = {0};
    int cpus[VX_CPUS_MAX], n;
    struct vx_err err;

    assert_int_equal(vx_cpus_share(masks, n_ranks, me, cpus, VX_CPUS_MAX, &n, &err), VX_OK);
    for (int i = 0; i < n; i++) {
        assert_true(i == 0 || cpus[i] > cpus[i - 1]);
        got.bits[cpus[i] / 64] |= (uint64_t)1 << (cpus[i] % 64);
    }
    if (memcmp(&got, &want, sizeof got) != 0)
        fail_msg("%s: rank %d should get %s; it gets %d processors from %d on", what, me, expected, n, n ? cpus[0] : -1);
}

static void test_tables(void **state)
{
    static const struct {
        const char *what;
        const char *masks[MAX_RANKS], *shares[MAX_RANKS];
    } rows[] = {
        {"one rank", {"0-7"}, {"0-7"}},
        {"one rank, holes", {"1,3,64,8191"}, {"1,3,64,8191"}},
        {"two ranks, unbound", {"0-7", "0-7"}, {"0-3", "4-7"}},
        {"three ranks, unbound", {"0-7", "0-7", "0-7"}, {"0-1", "2-4", "5-7"}},
        {"a mask with a hole", {"0-1,6-7", "0-1,6-7"}, {"0-1", "6-7"}},
        {"more ranks than processors", {"4-5", "4-5", "4-5", "4-5", "4-5"}, {"4", "5", "4", "5", "4"}},
        {"bound to cores", {"0", "1", "2"}, {"0", "1", "2"}},
        {"bound to sockets, two each", {"0-3", "4-7", "0-3", "4-7"}, {"0-1", "4-5", "2-3", "6-7"}},
        {"a large and a small mask", {"0-3", "0-1"}, {"2-3", "0-1"}},
        {"neighbours that overlap", {"0-3", "2-5"}, {"0-1,2", "3-5"}},
        {"one with no choice", {"0,2", "0", "2-4"}, {"2", "0", "3-4"}},
        {"one bound, one free", {"0", "0-3"}, {"0", "1-3"}},
        {"overlap beside a pair", {"0-1", "1-2", "8-9", "8-9"}, {"0,1", "2", "8", "9"}},
        {"overlap, too few", {"0", "0-1", "0-1", "0"}, {"0", "1", "0", "0"}},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_cpumask masks[MAX_RANKS];
        int n_ranks = 0;
        for (; n_ranks < MAX_RANKS && rows[i].masks[n_ranks]; n_ranks++)
            masks[n_ranks] = mask_of(rows[i].masks[n_ranks]);
        for (int me = 0; me < n_ranks; me++)
            expect_share(rows[i].what, masks, n_ranks, me, rows[i].shares[me]);
    }
}

static void test_limits(void **state)
{
    const struct vx_cpumask masks[] = {mask_of("0-7"), mask_of("")};
    int cpus[3] = {-1, -1, -1}, n;
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_cpus_share(masks, 1, 0, cpus, 2, &n, &err), VX_OK); /* no more than fit */
    assert_int_equal(n, 2);
    assert_int_equal(cpus[2], -1);
    assert_int_equal(vx_cpus_share(masks, 2, 0, cpus, 3, &n, &err), VX_OK);
    assert_int_equal(n, 3);
    assert_int_equal(vx_cpus_share(masks, 2, 1, cpus, 3, &n, &err), VX_EINVAL);
    assert_int_equal(n, 0);
}

/* Random masks: everybody gets something of his own mask; nothing is left over; nothing is given twice, except to a rank
 * that would have nothing. */
static void test_random(void **state)
{
    const char *given = getenv("VX_TEST_SEED");
    const unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)(vx_clock_now() * 1e6);
    (void)state;

    print_message("VX_TEST_SEED=%u\n", seed);
    srand(seed);
    for (int round = 0; round < 300; round++) {
        struct vx_cpumask masks[MAX_RANKS] = {0};
        const int n_ranks = 1 + rand() % MAX_RANKS, n_cpus = 1 + rand() % 90;
        int owners[90] = {0}, total = 0, alone = 0;
        for (int r = 0; r < n_ranks; r++) {
            if (r > 0 && rand() % 3 == 0) {
                masks[r] = masks[rand() % r];
                continue;
            }
            masks[r].bits[0] |= 1; /* never empty */
            for (int cpu = 0; cpu < n_cpus; cpu++)
                if (rand() % 2)
                    masks[r].bits[cpu / 64] |= (uint64_t)1 << (cpu % 64);
        }
        for (int me = 0; me < n_ranks; me++) {
            int cpus[90], n;
            struct vx_err err;
            assert_int_equal(vx_cpus_share(masks, n_ranks, me, cpus, 90, &n, &err), VX_OK);
            assert_in_range(n, 1, n_cpus);
            for (int i = 0; i < n; i++) {
                assert_in_range(cpus[i], 0, n_cpus - 1);
                assert_true(masks[me].bits[cpus[i] / 64] >> (cpus[i] % 64) & 1);
                owners[cpus[i]]++;
            }
            total += n;
            alone += n == 1;
        }
        int all = 0;
        for (int cpu = 0; cpu < n_cpus; cpu++) {
            bool wanted = false;
            for (int r = 0; r < n_ranks; r++)
                wanted |= masks[r].bits[cpu / 64] >> (cpu % 64) & 1;
            assert_true(owners[cpu] >= wanted);
            all += wanted;
        }
        assert_in_range(total, all, all + alone);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables), cmocka_unit_test(test_limits), cmocka_unit_test(test_random)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
