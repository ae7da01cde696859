/* test_nomem.c - an allocation of ours or SQLite's fails: an error comes back, nothing leaks (AddressSanitizer looks),
 * nothing half-done is left, and the next attempt works */
#include "db/contents.h"
#include "db/itemlist.h"
#include "db/merge.h"
#include "db/query.h"
#include "db/report.h"
#include "db/reviews.h"
#include "db/scores.h"
#include "db/stretches.h"
#include "tests/harness/cmocka.h"
#include "tests/unit/db/fixture.h"
#include "tests/harness/failing_alloc.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SQLite's allocations by way of malloc as this program sees it, which can fail. */
static void *sqlite_malloc(int n)
{
    return malloc((size_t)n);
}

static void sqlite_free(void *p)
{
    free(p);
}

static void *sqlite_realloc(void *p, int n)
{
    return realloc(p, (size_t)n);
}

static int sqlite_size(void *p)
{
    return (int)malloc_usable_size(p);
}

static int sqlite_roundup(int n)
{
    return (n + 7) / 8 * 8;
}

static int sqlite_init(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void sqlite_shutdown(void *unused)
{
    (void)unused;
}

/* Made before allocations fail: what is written. */
static struct vx_item_result scored, silent;

static enum vx_status write_shard(struct fixture *f, struct vx_err *err)
{
    const char *const path = fixture_path(f, "shard.db");
    const struct vx_run run = fixture_run(0);
    const struct vx_item_result *const lease[] = {&scored, &silent};
    struct vx_shard *shard = NULL;
    enum vx_status rc;

    unlink(path);
    if ((rc = vx_shard_open(&shard, path, &run, err)) == VX_OK)
        rc = vx_shard_commit(shard, lease, 2, err);
    vx_shard_close(&shard);
    return rc;
}

/* The first of a shard's pieces; scratch is the same folder. */
static enum vx_status write_piece(struct fixture *f, struct vx_err *err)
{
    const char *const path = fixture_path(f, "piece.db");
    const struct vx_run run = fixture_run(0);
    const struct vx_item_result *const lease[] = {&scored, &silent};
    struct vx_shard *shard = NULL;
    enum vx_status rc;

    unlink(path);
    if ((rc = vx_shard_open_scratch(&shard, path, f->dir, &run, err)) == VX_OK)
        rc = vx_shard_commit(shard, lease, 2, err);
    vx_shard_close(&shard);
    return rc;
}

static enum vx_status write_list(struct fixture *f, struct vx_err *err)
{
    const char *const path = fixture_path(f, "written.db");
    struct vx_item items[2] = {scored.item, silent.item}, read[2] = {{0}, {0}};
    struct vx_itemlist *list = NULL;
    enum vx_status rc;

    unlink(path);
    if ((rc = vx_itemlist_open(&list, path, err)) == VX_OK && (rc = vx_itemlist_add(list, items, 2, err)) == VX_OK)
        rc = vx_itemlist_read(list, 1, 2, read, err);
    vx_item_clear(&read[0]);
    vx_item_clear(&read[1]);
    vx_itemlist_close(&list);
    return rc;
}

static enum vx_status merge_one_run(struct fixture *f, struct vx_err *err)
{
    const char *const shards[] = {fixture_path(f, "a.db"), fixture_path(f, "b.db")};
    const struct vx_run final = fixture_run(0);

    return vx_merge(fixture_path(f, "out.db"), shards, 2, fixture_path(f, "list.db"), &final, NULL, err);
}

static enum vx_status merge_two_runs(struct fixture *f, struct vx_err *err)
{
    const char *const shards[] = {fixture_path(f, "a.db"), fixture_path(f, "c.db")};

    return vx_merge(fixture_path(f, "out2.db"), shards, 2, NULL, NULL, NULL, err);
}

static FILE *nowhere;
static char review[512];

static enum vx_status ask(struct fixture *f, struct vx_err *err)
{
    struct vx_query_db *db = NULL;
    enum vx_status rc = vx_query_open(&db, fixture_path(f, "out.db"), err);

    for (enum vx_query_format format = VX_QUERY_TABLE; rc == VX_OK && format <= VX_QUERY_JSON; format++)
        rc = vx_query_run(db, "SELECT median(mean_fake), percentile(item, 9), path FROM items GROUP BY path", format,
                          nowhere, err);
    vx_query_close(&db);
    return rc;
}

static enum vx_status read_scores(struct fixture *f, struct vx_err *err)
{
    struct vx_scores *scores = NULL;
    struct vx_scored_item item;
    enum vx_status rc = vx_scores_open(&scores, fixture_path(f, "out.db"), err);

    while (rc == VX_OK)
        rc = vx_scores_next(scores, &item, err);
    vx_scores_close(&scores);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status find_stretches(struct fixture *f, struct vx_err *err)
{
    const struct vx_stretches_config config = {.threshold = 0.1, .top = 5};
    struct vx_stretches *stretches = NULL;
    struct vx_stretches_item item;
    enum vx_status rc = vx_stretches_open(&stretches, fixture_path(f, "out.db"), &config, err);

    while (rc == VX_OK)
        rc = vx_stretches_next(stretches, &item, err);
    vx_stretches_close(&stretches);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status read_contents(struct fixture *f, struct vx_err *err)
{
    struct vx_contents *contents = NULL;
    struct vx_contents_count count;
    struct vx_contents_item item;
    struct vx_contents_model model;
    enum vx_status rc;

    if ((rc = vx_contents_open(&contents, fixture_path(f, "out.db"), err)) == VX_OK &&
        (rc = vx_contents_count(contents, &count, err)) == VX_OK) {
        while ((rc = vx_contents_next(contents, &item, err)) == VX_OK)
            continue;
        while (rc == VX_DONE && (rc = vx_contents_model(contents, &model, err)) == VX_OK)
            rc = VX_DONE;
    }
    vx_contents_close(&contents);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status write_report(struct fixture *f, struct vx_err *err)
{
    const struct vx_report_rule rule = {.top = 10, .line_bytes = 10000};
    struct vx_report_db *db = NULL;
    enum vx_status rc = vx_report_open(&db, fixture_path(f, "out.db"), err);

    if (rc == VX_OK)
        rc = vx_report_write(db, &rule, nowhere, err);
    vx_report_close(&db);
    return rc;
}

/* The same marks again and again: all there, or none. */
static enum vx_status import_reviews(struct fixture *f, struct vx_err *err)
{
    const char *const path = fixture_path(f, "out.db");
    struct vx_reviews_stats stats = {0};
    const enum vx_status rc = vx_reviews_import(path, review, strlen(review), "review.json", &stats, err);

    if (rc == VX_OK && stats.added + stats.known != 1)
        fail_msg("%lld marks added, %lld known", (long long)stats.added, (long long)stats.known);
    return rc;
}

static void nothing_left_beside(struct fixture *f)
{
    DIR *d = opendir(f->dir);

    for (struct dirent *e; (e = readdir(d));)
        if (strstr(e->d_name, ".tmp.") || strncmp(e->d_name, "voxtrawl-", 9) == 0)
            fail_msg("%s was left", e->d_name);
    closedir(d);
}

/* Every early allocation fails once, of the later ones a sample: they come in loops. More of them where what is lost is seen. */
#ifdef __SANITIZE_ADDRESS__
#define DENSITY 15
#else
#define DENSITY 6
#endif

static void fail_each(struct fixture *f, const char *what, enum vx_status (*work)(struct fixture *f, struct vx_err *err))
{
    long k = 0, tries = 0;

    for (;; k += 1 + k / DENSITY, tries++) {
        struct vx_err err = {0}, again = {0};
        failing_alloc_after(k);
        const enum vx_status rc = work(f, &err);
        failing_alloc_after(-1);
        /* SQLite can do without some allocations, and calls one that failed "unable to open" at times */
        if (rc != VX_OK && (!failing_alloc_failed() || (rc != VX_ENOMEM && rc != VX_EDB) || !err.text[0]))
            fail_msg("%s, allocation %ld: status %d: %s", what, k, rc, err.text);
        if (!failing_alloc_failed())
            break;
        if (work(f, &again) != VX_OK)
            fail_msg("%s, after allocation %ld failed: %s", what, k, again.text);
        nothing_left_beside(f);
    }
    print_message("%s: %ld of %ld allocations failed\n", what, tries, k);
    assert_true(tries > 3 * DENSITY);
}

static void every_allocation(void **state)
{
    struct fixture *const f = *state;
    static const struct {
        const char *name;
        int run;
        int64_t first;
    } shards[] = {{"a.db", 0, 1}, {"b.db", 0, 7}, {"c.db", 1, 5}};
    struct vx_itemlist *list = NULL;
    struct vx_err err = {0};

    for (size_t i = 0; i < sizeof shards / sizeof *shards; i++) {
        const struct vx_run run = fixture_run(shards[i].run);
        struct vx_shard *shard = NULL;
        assert_int_equal(vx_shard_open(&shard, fixture_path(f, shards[i].name), &run, &err), VX_OK);
        fixture_fill(shard, shards[i].first, shards[i].first + 8, 1, 2);
        vx_shard_close(&shard);
    }
    assert_int_equal(vx_itemlist_open(&list, fixture_path(f, "list.db"), &err), VX_OK);
    for (int64_t id = 1; id <= 20; id++) {
        struct vx_item_result r = fixture_result(id, 0);
        assert_int_equal(vx_itemlist_add(list, &r.item, 1, &err), VX_OK);
        vx_item_result_clear(&r);
    }
    vx_itemlist_close(&list);
    scored = fixture_result(1, 3);
    silent = fixture_result(11, 0);
    fail_each(f, "shard", write_shard);
    fail_each(f, "piece", write_piece);
    fail_each(f, "list", write_list);
    fail_each(f, "merge of one run", merge_one_run);
    fail_each(f, "merge of two runs", merge_two_runs);
    assert_non_null(nowhere = fopen("/dev/null", "w"));
    fail_each(f, "query", ask);
    fail_each(f, "scores", read_scores);
    fail_each(f, "stretches", find_stretches);
    fail_each(f, "contents", read_contents);
    fail_each(f, "report", write_report);
    snprintf(review, sizeof review,
             "{\"voxtrawl_review\": 1, \"reviewer\": \"A\", \"marks\": [{\"run\": \"%s\", \"item\": %lld, \"path\": \"%s\","
             " \"member\": null, \"channel\": 0, \"start_s\": 0, \"end_s\": 1, \"label\": \"fake\","
             " \"reviewed\": \"2026-01-31T23:59:59Z\"}]}",
             fixture_run(0).uuid, (long long)scored.item.id, scored.item.path);
    fail_each(f, "reviews", import_reviews);
    fclose(nowhere);
    vx_item_result_clear(&scored);
    vx_item_result_clear(&silent);
    assert_int_equal(fixture_integer(fixture_path(f, "out.db"), "SELECT count(*) FROM items"), 20);
}

int main(void)
{
    static const sqlite3_mem_methods methods = {sqlite_malloc,  sqlite_free, sqlite_realloc,  sqlite_size,
                                                sqlite_roundup, sqlite_init, sqlite_shutdown, NULL};
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(every_allocation, fixture_setup, fixture_teardown)};

    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK) {
        printf("SKIP: this SQLite does not let its allocator be replaced\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
