/* listing.c - how fast a corpus is listed, and a scan of millions begun and resumed, in tables (docs/scaling.md)
 *   listing make DIR N      N empty recordings in folders of a thousand, and DIR/manifest.csv of them
 *   listing corpus INPUT... finding them alone
 *   listing part K/N INPUT... the same of part K of N, as one of N array jobs does it
 *   listing list DB INPUT... finding them and writing the list of the run DB; if it is there, finding them again
 *   listing items DB N      N made-up items written into the new list DB, and 1,000 leases of 64 read from it here and there
 *   listing resume DIR N    a run of N items in DIR, all done; what resuming it takes before the first lease */
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "jobs/listing.h"
#include "tests/scale/skewed.h"
#include "tests/unit/db/fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum vx_status make_one(const char *dir, long i, FILE *manifest, struct vx_err *err)
{
    char path[4096];
    int fd;

    snprintf(path, sizeof path, "%s/%06ld", dir, i / 1000);
    if (i % 1000 == 0 && mkdir(path, 0777) < 0)
        return vx_fail_sys(err, "create %s", path);
    snprintf(path, sizeof path, "%s/%06ld/recording-%09ld.flac", dir, i / 1000, i);
    if ((fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) < 0 || close(fd) < 0)
        return vx_fail_sys(err, "create %s", path);
    fprintf(manifest, "%s,speaker-%ld\n", path, i % 997);
    return VX_OK;
}

static enum vx_status make(int argc, char **argv, struct vx_err *err)
{
    const long n = argc == 2 ? atol(argv[1]) : 0;
    char *path = vx_file_join(argv[0], "manifest.csv");
    FILE *manifest = path ? fopen(path, "w") : NULL;
    enum vx_status rc = manifest ? VX_OK : vx_fail_sys(err, "create a manifest in %s", argv[0]);

    if (rc == VX_OK)
        fprintf(manifest, "path,speaker\n");
    for (long i = 0; rc == VX_OK && i < n; i++)
        rc = make_one(argv[0], i, manifest, err);
    if (manifest && fclose(manifest) != 0 && rc == VX_OK)
        rc = vx_fail_sys(err, "write %s", path);
    free(path);
    return rc;
}

static void say(const char *what, int64_t n, double wall, double cpu)
{
    printf("%-44s%12lld items%10.2f s%12.0f items/s%8.2f s of processor%8.0f MB at most\n", what, (long long)n, wall, (double)n / wall,
           cpu, vx_clock_peak_rss() / 1e6);
    fflush(stdout);
}

static bool in_another_part(void *part, const char *path)
{
    return !vx_part_has_file(part, path);
}

static enum vx_status find_part(struct vx_part part, int argc, char **argv, struct vx_err *err)
{
    const double start = vx_clock_now(), cpu = vx_clock_cpu();
    struct vx_corpus *corpus;
    struct vx_item item = {0};
    enum vx_status rc = vx_corpus_open(&corpus, (const char *const *)argv, (size_t)argc, err);
    int64_t n = 0;

    if (rc == VX_OK)
        vx_corpus_filter(corpus, (struct vx_corpus_filter){in_another_part, &part});
    for (; rc == VX_OK && (rc = vx_corpus_next(corpus, &item, err)) == VX_OK; n++)
        ;
    vx_item_clear(&item);
    vx_corpus_close(&corpus);
    say("found", n, vx_clock_now() - start, vx_clock_cpu() - cpu);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status find(int argc, char **argv, struct vx_err *err)
{
    return find_part((struct vx_part){0}, argc, argv, err);
}

static enum vx_status part(int argc, char **argv, struct vx_err *err)
{
    struct vx_part part;
    const enum vx_status rc = vx_part_parse(&part, argv[0], err);

    return rc == VX_OK ? find_part(part, argc - 1, argv + 1, err) : rc;
}

static enum vx_status list(int argc, char **argv, struct vx_err *err)
{
    const double start = vx_clock_now(), cpu = vx_clock_cpu();
    const struct vx_rundir dir = {0};
    struct vx_listing listing = {0};
    struct vx_resume resume = {0};
    struct vx_itemlist *items = NULL;
    struct vx_leases *leases = NULL;
    struct vx_log *log = NULL;
    atomic_bool stop = false;
    enum vx_status rc;

    if ((rc = vx_log_open(&log, NULL, VX_LOG_INFO, err)) != VX_OK || (rc = vx_itemlist_open(&items, argv[0], err)) != VX_OK ||
        (rc = vx_leases_create(&leases, 256, err)) != VX_OK ||
        (rc = vx_resume_open(&resume, &dir, items, leases, false, log, err)) != VX_OK ||
        (rc = vx_listing_start(&listing, items, &resume, (const char *const *)argv + 1, argc - 1, (struct vx_part){0},
                               (struct vx_corpus_limits){.depth = VX_CORPUS_DEPTH, .max_bytes = VX_CORPUS_MAX_BYTES}, &stop, err)) != VX_OK)
        goto done;
    while (rc == VX_OK && !atomic_load(&listing.ended)) { /* as the coordinator does */
        vx_clock_sleep(0.02);
        if ((rc = vx_leases_extend(leases, atomic_load(&listing.listed), err)) == VX_OK)
            rc = vx_resume_release(&resume, leases, err);
    }
    if (rc == VX_OK)
        rc = vx_listing_join(&listing, err);
    say(resume.known > 0 ? "found again" : "found and written into the list", vx_itemlist_count(items), vx_clock_now() - start,
        vx_clock_cpu() - cpu);
done:
    vx_resume_close(&resume);
    vx_leases_destroy(&leases);
    vx_itemlist_close(&items);
    vx_log_close(&log);
    return rc;
}

/* Items first … first+n-1 of a window each, in one transaction. */
static enum vx_status commit(struct vx_shard *shard, int64_t first, size_t n, struct vx_err *err)
{
    struct vx_item_result *results = vx_calloc(n, sizeof *results);
    const struct vx_item_result **pointers = vx_calloc(n, sizeof *pointers);
    enum vx_status rc = results && pointers ? VX_OK : vx_fail_nomem(err, "results");

    for (size_t i = 0; rc == VX_OK && i < n; i++) {
        results[i] = fixture_result(first + (int64_t)i, 1);
        pointers[i] = &results[i];
    }
    if (rc == VX_OK)
        rc = vx_shard_commit(shard, pointers, n, err);
    for (size_t i = 0; results && i < n; i++)
        vx_item_result_clear(&results[i]);
    free(results);
    free(pointers);
    return rc;
}

/* The first few as leases are committed, the rest faster. */
static enum vx_status commit_all(struct vx_shard *shard, int64_t n, struct vx_err *err)
{
    enum { LEASE = 256, LEASES = 40, GROUP = 10000 };
    const double start = vx_clock_now(), cpu = vx_clock_cpu();
    enum vx_status rc = VX_OK;
    int64_t done = 0;

    for (; rc == VX_OK && done < n && done < LEASE * LEASES; done += LEASE)
        rc = commit(shard, done + 1, (size_t)(n - done < LEASE ? n - done : LEASE), err);
    say("committed to a shard, 256 at a time", done < n ? done : n, vx_clock_now() - start, vx_clock_cpu() - cpu);
    for (; rc == VX_OK && done < n; done += GROUP)
        rc = commit(shard, done + 1, (size_t)(n - done < GROUP ? n - done : GROUP), err);
    return rc;
}

/* The list, and one shard of all items. */
static enum vx_status fill(const char *list_path, const char *shard_path, int64_t n, struct vx_err *err)
{
    const struct vx_run run = fixture_run(0);
    struct vx_itemlist *items = NULL;
    struct vx_shard *shard = NULL;
    const double start = vx_clock_now(), cpu = vx_clock_cpu();
    enum vx_status rc = skewed_list(&items, list_path, n, err);

    if (rc == VX_OK)
        say("written into a list", n, vx_clock_now() - start, vx_clock_cpu() - cpu);
    if (rc == VX_OK && (rc = vx_shard_open(&shard, shard_path, &run, err)) == VX_OK)
        rc = commit_all(shard, n, err);
    vx_shard_close(&shard);
    vx_itemlist_close(&items);
    return rc;
}

static enum vx_status write_items(int argc, char **argv, struct vx_err *err)
{
    enum { LEASE = 64, LEASES = 1000 };
    const int64_t n = argc == 2 ? atoll(argv[1]) : 0;
    double start = vx_clock_now(), cpu = vx_clock_cpu();
    struct vx_itemlist *list = NULL;
    struct vx_item items[LEASE];
    enum vx_status rc = skewed_list(&list, argv[0], n, err);

    say("written into a list", n, vx_clock_now() - start, vx_clock_cpu() - cpu);
    start = vx_clock_now();
    cpu = vx_clock_cpu();
    for (int64_t i = 0; rc == VX_OK && n >= LEASE && i < LEASES; i++) {
        rc = vx_itemlist_read(list, 1 + i * 7919 * LEASE % (n - LEASE + 1), LEASE, items, err);
        for (int k = 0; rc == VX_OK && k < LEASE; k++)
            vx_item_clear(&items[k]);
    }
    say("read from it", LEASE * LEASES, vx_clock_now() - start, vx_clock_cpu() - cpu);
    vx_itemlist_close(&list);
    return rc;
}

static enum vx_status resume_run(int argc, char **argv, struct vx_err *err)
{
    char *shard = vx_file_join(argv[0], "shard.db"), *list_path = vx_file_join(argv[0], "items.db");
    const struct vx_rundir dir = {.shards = &shard, .n_shards = 1};
    const int64_t n = argc == 2 ? atoll(argv[1]) : 0;
    struct vx_itemlist *items = NULL;
    struct vx_resume resume = {0};
    struct vx_leases *leases = NULL;
    struct vx_log *log = NULL;
    enum vx_status rc;

    if (!shard || !list_path) {
        rc = vx_fail_nomem(err, "a path");
        goto done;
    }
    if ((rc = fill(list_path, shard, n, err)) != VX_OK)
        goto done;
    const double start = vx_clock_now(), cpu = vx_clock_cpu();
    if ((rc = vx_log_open(&log, NULL, VX_LOG_INFO, err)) == VX_OK && (rc = vx_itemlist_open(&items, list_path, err)) == VX_OK &&
        (rc = vx_leases_create(&leases, 256, err)) == VX_OK)
        rc = vx_resume_open(&resume, &dir, items, leases, false, log, err);
    if (rc == VX_OK && vx_leases_counts(leases).done != n)
        rc = vx_fail(err, VX_EINVAL, "%lld of %lld items are done", (long long)vx_leases_counts(leases).done, (long long)n);
    say("known again as done", n, vx_clock_now() - start, vx_clock_cpu() - cpu);
done:
    vx_resume_close(&resume);
    vx_leases_destroy(&leases);
    vx_itemlist_close(&items);
    vx_log_close(&log);
    free(shard);
    free(list_path);
    return rc;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int least;
        enum vx_status (*run)(int argc, char **argv, struct vx_err *err);
    } commands[] = {{"make", 2, make}, {"corpus", 1, find}, {"part", 2, part}, {"list", 2, list}, {"items", 2, write_items}, {"resume", 2, resume_run}};
    struct vx_err err;

    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0 && argc - 2 >= commands[i].least) {
            if (commands[i].run(argc - 2, argv + 2, &err) == VX_OK)
                return 0;
            fprintf(stderr, "listing: %s\n", err.text);
            return 1;
        }
    fprintf(stderr, "usage: listing make DIR N | corpus INPUT... | part K/N INPUT... | list DB INPUT... | items DB N | resume DIR N\n");
    return 2;
}
