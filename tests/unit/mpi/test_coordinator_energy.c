/* test_coordinator_energy.c - the energy of hosts: each once, not known where one host's is missing */
#include "mpi/coordinator_internal.h"
#include "tests/harness/cmocka.h"

#include <stdio.h>
#include <string.h>

#define MAX 6

/* A worker as a word: host's letter, then 'w' working, 'g' gone, 'l' lost, '-' never came; then what its BYE told of its host:
 * 'c' processors took 10 J, 'p' GPUs took 100 J, 'b' both. */
static struct vx_energy sum_of(const char *const workers[MAX])
{
    struct vx_seat seats[MAX] = {0};
    struct vx_coordinator c = {.workers = seats};
    struct vx_energy sum;

    for (; c.n_workers < MAX && workers[c.n_workers]; c.n_workers++) {
        const char *const word = workers[c.n_workers];
        struct vx_seat *s = &seats[c.n_workers];
        snprintf(s->hello.host, sizeof s->hello.host, "%c", word[0]);
        s->greeted = word[1] != '-';
        s->presence = word[1] == 'g' ? GONE : word[1] == 'l' ? LOST : word[1] == 'w' ? WORKING : EXPECTED;
        s->energy.cpu_known = word[2] == 'c' || word[2] == 'b';
        s->energy.gpu_known = word[2] == 'p' || word[2] == 'b';
        s->energy.cpu_j = s->energy.cpu_known ? 10 : 0;
        s->energy.gpu_j = s->energy.gpu_known ? 100 : 0;
    }
    vx_coordinator_energy(&c, &sum);
    return sum;
}

static void sums(void **state)
{
    static const struct {
        const char *workers[MAX];
        double cpu_j, gpu_j; /* -1: not known */
    } row[] = {
        {{NULL}, -1, -1},
        {{"a-"}, -1, -1},
        {{"ag"}, -1, -1},
        {{"agb"}, 10, 100},
        {{"agc"}, 10, -1},
        {{"agp"}, -1, 100},
        {{"agb", "ag", "ag"}, 10, 100},
        {{"ag", "agb", "al"}, 10, 100},         /* a host's other ranks may come and go */
        {{"agb", "agb"}, 10, 100},              /* told twice, counted once */
        {{"agb", "bgb", "bg"}, 20, 200},
        {{"agb", "bgc", "bg"}, 20, -1},         /* host b has no NVML */
        {{"agb", "bl", "bg"}, -1, -1},          /* the rank that measured host b is lost */
        {{"agb", "blb"}, -1, -1},
        {{"agb", "bwb"}, -1, -1},
        {{"agb", "b-"}, 10, 100},               /* it never worked */
    };

    (void)state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const struct vx_energy got = sum_of(row[i].workers);
        if (got.cpu_known != (row[i].cpu_j >= 0) || got.gpu_known != (row[i].gpu_j >= 0) ||
            got.cpu_j != (row[i].cpu_j >= 0 ? row[i].cpu_j : 0) || got.gpu_j != (row[i].gpu_j >= 0 ? row[i].gpu_j : 0))
            fail_msg("row %zu: processors %d, %g J; GPUs %d, %g J", i, got.cpu_known, got.cpu_j, got.gpu_known, got.gpu_j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sums)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
