#include "mpi/cpushare.h"
#include "base/mem.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = VX_CPUS_MAX / 64 };

static bool has(const struct vx_cpumask *m, int cpu)
{
    return m->bits[cpu / 64] >> (cpu % 64) & 1;
}

static int count(const struct vx_cpumask *m)
{
    int n = 0;

    for (int w = 0; w < WORDS; w++)
        n += __builtin_popcountll(m->bits[w]);
    return n;
}

static bool same(const struct vx_cpumask *a, const struct vx_cpumask *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool touch(const struct vx_cpumask *a, const struct vx_cpumask *b)
{
    for (int w = 0; w < WORDS; w++)
        if (a->bits[w] & b->bits[w])
            return true;
    return false;
}

/* The from-th to (to-1)-th processors of the mask. */
static void take(const struct vx_cpumask *m, int from, int to, int *cpus, int max, int *n)
{
    for (int cpu = 0, i = 0; cpu < VX_CPUS_MAX && *n < max; cpu++) {
        if (!has(m, cpu))
            continue;
        if (i >= from && i < to)
            cpus[(*n)++] = cpu;
        i++;
    }
}

/* Member `index` of `members` ranks with the same mask of `size` processors. */
static void take_share(const struct vx_cpumask *m, int size, int members, int index, int *cpus, int max, int *n)
{
    if (members > size)
        take(m, index % size, index % size + 1, cpus, max, n);
    else
        take(m, (int)((long long)index * size / members), (int)((long long)(index + 1) * size / members), cpus, max, n);
}

struct claim { /* of a rank */
    int held, size; /* processors given so far; in its mask */
};

/* Who gets cpu: the one with least so far, of those the one with the fewest to choose from, then the first. */
static int choose(const struct vx_cpumask *masks, const struct claim *claims, int n_ranks, int cpu)
{
    int best = -1;

    for (int r = 0; r < n_ranks; r++) {
        if (!has(&masks[r], cpu))
            continue;
        if (best < 0 || claims[r].held < claims[best].held ||
            (claims[r].held == claims[best].held && claims[r].size < claims[best].size))
            best = r;
    }
    return best;
}

static int wanted_by(const struct vx_cpumask *masks, int n_ranks, int cpu)
{
    int n = 0;

    for (int r = 0; r < n_ranks; r++)
        n += has(&masks[r], cpu);
    return n;
}

static int ascending(const void *a, const void *b)
{
    const int x = *(const int *)a, y = *(const int *)b;

    return (x > y) - (x < y);
}

/* Gives each processor away, those that fewest ranks may use first. */
static enum vx_status spread(const struct vx_cpumask *masks, int n_ranks, int me, int *cpus, int max, int *n,
                             struct vx_err *err)
{
    struct claim *claims = vx_calloc((size_t)n_ranks, sizeof *claims);
    int *wanted = vx_calloc(VX_CPUS_MAX, sizeof *wanted);
    enum vx_status rc = VX_OK;

    if (!claims || !wanted) {
        rc = vx_fail_nomem(err, "the shares of processors");
        goto done;
    }
    for (int r = 0; r < n_ranks; r++)
        claims[r].size = count(&masks[r]);
    for (int cpu = 0; cpu < VX_CPUS_MAX; cpu++)
        wanted[cpu] = wanted_by(masks, n_ranks, cpu);
    for (int level = 1; level <= n_ranks; level++)
        for (int cpu = 0; cpu < VX_CPUS_MAX; cpu++) {
            if (wanted[cpu] != level)
                continue;
            const int r = choose(masks, claims, n_ranks, cpu);
            claims[r].held++;
            if (r == me && *n < max)
                cpus[(*n)++] = cpu;
        }
    if (claims[me].held == 0) /* others have taken all that it may use */
        take(&masks[me], me % claims[me].size, me % claims[me].size + 1, cpus, max, n);
    qsort(cpus, (size_t)*n, sizeof *cpus, ascending);
done:
    free(claims);
    free(wanted);
    return rc;
}

enum vx_status vx_cpus_share(const struct vx_cpumask *masks, int n_ranks, int me, int *cpus, int max, int *n,
                             struct vx_err *err)
{
    const struct vx_cpumask *mine = &masks[me];
    const int size = count(mine);
    int members = 0, index = 0;

    *n = 0;
    if (size == 0)
        return vx_fail(err, VX_EINVAL, "no processor in the affinity mask of rank %d of this host", me);
    for (int r = 0; r < n_ranks; r++) {
        if (same(&masks[r], mine)) {
            index += r < me;
            members++;
        } else if (touch(&masks[r], mine)) {
            return spread(masks, n_ranks, me, cpus, max, n, err);
        }
    }
    take_share(mine, size, members, index, cpus, max, n);
    return VX_OK;
}
