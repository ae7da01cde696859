/* simulate.c - simulate makespan|rate|memory: the coordinator with thousands of simulated workers, in tables (docs/scaling.md) */
#include "base/clock.h"
#include "base/file.h"
#include "mpi/lease.h"
#include "mpi/weight.h"
#include "tests/scale/sim.h"
#include "tests/scale/skewed.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SKEWED_ITEMS = 10000, MAX_LEASE = 256 };

/* Opens a list of n items in a new folder, which the caller gives to drop_list(). */
static enum vx_status make_list(struct vx_itemlist **list, char folder[], int64_t n, struct vx_err *err)
{
    if (!mkdtemp(folder))
        return vx_fail_sys(err, "create %s", folder);
    char *path = vx_file_join(folder, "items.db");
    const enum vx_status rc = path ? skewed_list(list, path, n, err) : vx_fail_nomem(err, "a path");
    free(path);
    return rc;
}

static void drop_list(struct vx_itemlist **list, const char *folder)
{
    char *path = vx_file_join(folder, "items.db");

    vx_itemlist_close(list);
    if (path)
        remove(path);
    rmdir(folder);
    free(path);
}

static const struct {
    const char *name;
    enum skewed_rest rest;
    int64_t ten_hours;
    double real_time, wrong, listed_per_s;
    bool no_weights;
} rows[] = {
    {"rest 2-20 s", SKEWED_SHORT, SKEWED_ITEMS, 100, 1, 0, false},
    {"the same, while listing 2,000/s", SKEWED_SHORT, SKEWED_ITEMS, 100, 1, 2000, false},
    {"the same, 4,000 times real time", SKEWED_SHORT, SKEWED_ITEMS, 4000, 1, 0, false},
    {"the same, weights wrong by up to 3", SKEWED_SHORT, SKEWED_ITEMS, 100, 3, 0, false},
    {"the same, sizes unknown", SKEWED_SHORT, SKEWED_ITEMS, 100, 1, 0, true},
    {"rest 1-10 min", SKEWED_MINUTES, SKEWED_ITEMS, 100, 1, 0, false},
    {"the same, weights wrong by up to 3", SKEWED_MINUTES, SKEWED_ITEMS, 100, 3, 0, false},
    {"the same, sizes unknown", SKEWED_MINUTES, SKEWED_ITEMS, 100, 1, 0, true},
    {"rest log-normal, to 1 h", SKEWED_TAIL, SKEWED_ITEMS, 100, 1, 0, false},
    {"the same, sizes unknown", SKEWED_TAIL, SKEWED_ITEMS, 100, 1, 0, true},
    {"no long one, rest 1-10 min", SKEWED_MINUTES, 0, 100, 1, 0, false},
};

static enum vx_status print_makespan(struct vx_err *err)
{
    char folder[] = "/tmp/vx-scale-XXXXXX";
    struct vx_itemlist *list = NULL;
    enum vx_status rc = make_list(&list, folder, SKEWED_ITEMS, err);

    printf("Makespan over ideal, 10,000 recordings, one of 10 h, the last listed; %% by workers\n%-36s", "");
    for (int n = 2; n <= 4096; n *= 2)
        printf("%6d", n);
    printf("\n");
    for (size_t i = 0; rc == VX_OK && i < sizeof rows / sizeof *rows; i++) {
        struct skewed corpus;
        if ((rc = skewed_create(&corpus, SKEWED_ITEMS, rows[i].ten_hours, rows[i].rest, rows[i].real_time, rows[i].wrong, err)) != VX_OK)
            break;
        printf("%-36s", rows[i].name);
        for (int n = 2; rc == VX_OK && n <= 4096; n *= 2) {
            const struct sim sim = {.n_workers = n, .list = list, .item_s = corpus.item_s, .n_items = corpus.n,
                                    .weight = rows[i].no_weights ? NULL : corpus.weight, .max_items = MAX_LEASE,
                                    .latency_s = 0.002, .listed_per_s = rows[i].listed_per_s};
            struct sim_outcome out;
            if ((rc = sim_run(&sim, &out, err)) == VX_OK)
                printf("%6.1f", 100 * (out.makespan_s / out.ideal_s - 1));
            fflush(stdout);
        }
        printf("\n");
        skewed_free(&corpus);
    }
    drop_list(&list, folder);
    return rc;
}

/* What the coordinator's thread does for items that cost nothing, reading the list and packing messages included. */
static enum vx_status print_rate(struct vx_err *err)
{
    enum { ITEMS = 1000000 };
    static const int64_t sizes[] = {64, 256};
    char folder[] = "/tmp/vx-scale-XXXXXX";
    struct vx_itemlist *list = NULL;
    double *item_s = calloc(ITEMS, sizeof *item_s);
    int64_t *weight = calloc(ITEMS, sizeof *weight);
    enum vx_status rc = item_s && weight ? make_list(&list, folder, ITEMS, err) : vx_fail_nomem(err, "a corpus");

    for (int64_t i = 0; rc == VX_OK && i < ITEMS; i++) {
        item_s[i] = 0.01;
        weight[i] = 11000;
    }
    printf("One coordinator, a million items of 10 s, real processor time\n%8s%10s%14s%14s%14s\n", "workers", "lease", "items/s",
           "leases/s", "us a lease");
    for (int n = 1; rc == VX_OK && n <= 4096; n *= 8)
        for (size_t k = 0; rc == VX_OK && k < sizeof sizes / sizeof *sizes; k++) {
            const struct sim sim = {.n_workers = n, .list = list, .item_s = item_s, .n_items = ITEMS, .weight = weight,
                                    .max_items = sizes[k], .latency_s = 0.001};
            struct sim_outcome out = {0}, best = {.cpu_s = INFINITY};
            for (int again = 0; rc == VX_OK && again < 3; again++) {
                rc = sim_run(&sim, &out, err);
                best = out.cpu_s < best.cpu_s ? out : best;
            }
            if (rc == VX_OK)
                printf("%8d%10lld%14.0f%14.0f%14.1f\n", n, (long long)sizes[k], ITEMS / best.cpu_s,
                       (double)best.leases / best.cpu_s, 1e6 * best.cpu_s / (double)best.leases);
            fflush(stdout);
        }
    free(item_s);
    free(weight);
    if (list)
        drop_list(&list, folder);
    return rc;
}

/* Of ten million items with weights, a tenth of them done and 4,096 workers holding two leases each. */
static enum vx_status print_memory(struct vx_err *err)
{
    enum { ITEMS = 10000000, WORKERS = 4096 };
    const struct mallinfo2 before = mallinfo2();
    struct vx_leases *leases;
    struct vx_lease lease;
    enum vx_status rc = vx_leases_create(&leases, MAX_LEASE, err);

    for (int64_t n = 1000; rc == VX_OK && n <= ITEMS; n += 1000) {
        rc = vx_leases_extend(leases, n, err);
        for (int64_t i = n - 999; rc == VX_OK && i <= n; i++)
            rc = vx_leases_weigh(leases, i, 2000 + i % 60000, err);
    }
    for (int64_t i = 1; rc == VX_OK && i <= ITEMS; i += 10)
        rc = vx_leases_mark_done(leases, i, err);
    for (int i = 0; rc == VX_OK && i < 2 * WORKERS; i++)
        rc = vx_leases_grant(leases, i % WORKERS, WORKERS, 0, &lease, err);
    const struct mallinfo2 after = mallinfo2();
    const double bytes = (double)(after.uordblks + after.hblkhd) - (double)(before.uordblks + before.hblkhd);
    if (rc == VX_OK)
        printf("Memory of the state of %d items, %d workers: %.1f MB, %.2f bytes an item (allocated, room to grow included)\n", ITEMS,
               WORKERS, bytes / 1e6, bytes / ITEMS);
    vx_leases_destroy(&leases);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        enum vx_status (*print)(struct vx_err *err);
    } tables[] = {{"makespan", print_makespan}, {"rate", print_rate}, {"memory", print_memory}};
    struct vx_err err;

    for (size_t i = 0; argc == 2 && i < sizeof tables / sizeof *tables; i++)
        if (strcmp(argv[1], tables[i].name) == 0) {
            if (tables[i].print(&err) == VX_OK)
                return 0;
            fprintf(stderr, "simulate: %s\n", err.text);
            return 1;
        }
    fprintf(stderr, "usage: simulate makespan|rate|memory\n");
    return 2;
}
