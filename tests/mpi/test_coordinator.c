/* The coordinator with fake workers as threads over the in-process link: work done once, failures, stop, resuming. */
#include "tests/harness/cmocka.h"

#include "base/clock.h"
#include "mpi/coordinator.h"
#include "mpi/link_local.h"
#include "tests/mpi/fake.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_WORKERS = 8 };

struct scene { /* a run's surroundings; the tests change what they need between set_scene and play */
    int n_workers;
    int64_t n_items;
    struct vx_itemlist list;
    struct fake_worker worker[MAX_WORKERS];
    struct vx_hub *hub;
    struct vx_leases *leases;
    struct vx_claims *claims; /* NULL: nobody claims */
    _Atomic int64_t listed;
    atomic_bool listing_ended, stop;
    struct vx_log *log;
    double silent_seconds, bye_seconds;
    atomic_uchar *reported, *unreported; /* [n_items+1] */
    struct vx_coordinator_result result;
    struct vx_err err;
};

static void set_scene(struct scene *s, int n_workers, int64_t n_items, int64_t max_items)
{
    struct vx_link *links[MAX_WORKERS];
    struct vx_err err;

    *s = (struct scene){.n_workers = n_workers, .n_items = n_items, .list = {.n = n_items}, .bye_seconds = 20};
    assert_int_equal(vx_log_open(&s->log, NULL, VX_LOG_ERROR, &err), VX_OK);
    assert_int_equal(vx_hub_create_local(&s->hub, links, n_workers, &err), VX_OK);
    assert_int_equal(vx_leases_create(&s->leases, max_items, &err), VX_OK);
    s->reported = calloc((size_t)n_items + 1, 1);
    s->unreported = calloc((size_t)n_items + 1, 1);
    assert_true(s->reported && s->unreported);
    for (int i = 0; i < n_workers; i++)
        s->worker[i] = (struct fake_worker){.link = links[i], .rank = i, .reported = s->reported, .unreported = s->unreported};
    s->listed = n_items;
    s->listing_ended = true;
}

static enum vx_status play(struct scene *s)
{
    const struct vx_coordinator_config config = {
        .hub = s->hub, .list = &s->list, .leases = s->leases, .claims = s->claims, .listed = &s->listed, .listing_ended = &s->listing_ended,
        .stop = &s->stop, .log = s->log, .progress_seconds = 30, .window_s = 1, .bye_seconds = s->bye_seconds,
        .silent_seconds = s->silent_seconds};
    pthread_t thread[MAX_WORKERS];
    enum vx_status rc;

    for (int i = 0; i < s->n_workers; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, fake_worker_thread, &s->worker[i]), 0);
    rc = vx_coordinator_run(&config, &s->result, &s->err);
    for (int i = 0; i < s->n_workers; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_string_equal(s->worker[i].problem.text, "");
    }
    return rc;
}

static void clear(struct scene *s)
{
    for (int i = 0; i < s->n_workers; i++)
        vx_link_destroy(&s->worker[i].link);
    vx_hub_destroy(&s->hub, NULL);
    vx_leases_destroy(&s->leases);
    vx_claims_destroy(&s->claims);
    vx_log_close(&s->log);
    vx_buf_free(&s->result.hosts_json);
    free(s->reported);
    free(s->unreported);
}

/* Items reported done, each at most once. */
static int64_t count_reported(const struct scene *s)
{
    int64_t n = 0;

    for (int64_t i = 1; i <= s->n_items; i++) {
        const int reports = atomic_load(&s->reported[i]);
        assert_in_range(reports, 0, 1);
        n += reports;
    }
    return n;
}

static void test_one_worker(void **state)
{
    struct scene s;
    (void)state;

    set_scene(&s, 1, 100, 16);
    assert_int_equal(play(&s), VX_OK);
    assert_int_equal(s.result.tally.items, 100);
    assert_int_equal(s.result.tally.windows, 5050);
    assert_int_equal(s.result.windows_scored, 100);
    assert_int_equal(s.result.workers_lost, 0);
    assert_false(s.result.stopped);
    assert_true(s.result.cpu_s == 1 && s.result.peak_rss == 100);
    char expected[128];
    snprintf(expected, sizeof expected, "[{\"rank\":0,\"host\":\"host0\",\"pid\":%d,\"threads\":1,\"engine\":\"none\"}]", getpid());
    assert_string_equal(s.result.hosts_json.data, expected);
    clear(&s);
}

static void test_nothing_to_do(void **state)
{
    struct scene s;
    (void)state;

    set_scene(&s, 3, 0, 16);
    assert_int_equal(play(&s), VX_OK);
    assert_int_equal(s.result.tally.items, 0);
    assert_true(s.result.cpu_s == 3); /* all said BYE */
    clear(&s);
}

static void test_many_items(void **state)
{
    struct scene s;
    (void)state;

    set_scene(&s, 4, 100000, 4);
    const double start = vx_clock_now();
    assert_int_equal(play(&s), VX_OK);
    const double took = vx_clock_now() - start;
    assert_int_equal(s.result.tally.items, 100000);
    assert_int_equal(s.result.tally.windows, 100000LL * 100001 / 2);
    assert_int_equal(count_reported(&s), 100000);
    assert_true(s.result.cpu_s == 4 && s.result.peak_rss == 103);
    int64_t leases = 0;
    for (int i = 0; i < s.n_workers; i++)
        leases += s.worker[i].leases;
    print_message("%lld leases, %.0f a second\n", (long long)leases, (double)leases / took);
    clear(&s);
}

static void test_resumed(void **state)
{
    struct scene s;
    struct vx_err err;
    (void)state;

    set_scene(&s, 2, 1000, 16);
    assert_int_equal(vx_leases_extend(s.leases, 1000, &err), VX_OK);
    for (int64_t i = 3; i <= 1000; i += 3)
        assert_int_equal(vx_leases_mark_done(s.leases, i, &err), VX_OK);
    assert_int_equal(play(&s), VX_OK);
    assert_int_equal(s.result.already_done, 333);
    assert_int_equal(s.result.tally.items, 667);
    for (int64_t i = 1; i <= 1000; i++)
        assert_int_equal(atomic_load(&s.reported[i]), i % 3 != 0);
    clear(&s);
}

static void *list_slowly(void *scene)
{
    struct scene *s = scene;

    for (int64_t n = 0; n < s->n_items; n += 500) {
        vx_clock_sleep(0.005);
        atomic_store(&s->listed, n + 500);
    }
    atomic_store(&s->listing_ended, true);
    return NULL;
}

static void test_listing_goes_on(void **state)
{
    struct scene s;
    pthread_t thread;
    (void)state;

    set_scene(&s, 3, 20000, 16);
    s.listed = 0;
    s.listing_ended = false;
    assert_int_equal(pthread_create(&thread, NULL, list_slowly, &s), 0);
    assert_int_equal(play(&s), VX_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(s.result.tally.items, 20000);
    assert_int_equal(count_reported(&s), 20000);
    clear(&s);
}

/* All kinds of losses but of worker 0: each item is still reported once by a worker whose word counts. */
static void test_losses(void **state)
{
    static const enum fake_fate fates[] = {FAKE_FAILS, FAKE_FAILS_LATE, FAKE_LEAVES, FAKE_GARBLES};
    const char *given = getenv("VX_TEST_SEED");
    const unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)(vx_clock_now() * 1e6);
    struct scene s;
    (void)state;

    print_message("VX_TEST_SEED=%u\n", seed);
    srand(seed);
    for (int round = 0; round < 10; round++) {
        int lost = 0;
        set_scene(&s, MAX_WORKERS, 100000, 16);
        for (int i = 1; i < MAX_WORKERS; i++) {
            s.worker[i].fate = fates[(size_t)rand() % (sizeof fates / sizeof *fates)];
            s.worker[i].last_lease = rand() % 200;
        }
        assert_int_equal(play(&s), VX_OK);
        assert_int_equal(s.result.tally.items, 100000);
        assert_int_equal(s.result.tally.windows, 100000LL * 100001 / 2);
        assert_int_equal(count_reported(&s), 100000);
        for (int i = 1; i < MAX_WORKERS; i++)
            lost += s.worker[i].fate != FAKE_LEAVES;
        assert_in_range(s.result.workers_lost, 0, lost);
        clear(&s);
    }
}

static void test_all_lost(void **state)
{
    struct scene s;
    (void)state;

    set_scene(&s, 3, 1000, 4);
    for (int i = 0; i < 3; i++) {
        s.worker[i].fate = FAKE_FAILS;
        s.worker[i].last_lease = 5;
    }
    assert_int_equal(play(&s), VX_EMPI);
    assert_int_equal(s.err.status, VX_EMPI);
    assert_non_null(strstr(s.err.text, "is full"));
    assert_non_null(strstr(s.err.text, "host"));
    assert_int_equal(s.result.workers_lost, 3);
    assert_int_equal(s.result.tally.items, count_reported(&s));
    assert_in_range(s.result.tally.items, 15, 60);
    clear(&s);
}

static void *stop_soon(void *scene)
{
    vx_clock_sleep(0.1);
    atomic_store(&((struct scene *)scene)->stop, true);
    return NULL;
}

static void test_stop(void **state)
{
    struct scene s;
    pthread_t thread;
    (void)state;

    set_scene(&s, 3, 100000, 8);
    for (int i = 0; i < 3; i++)
        s.worker[i].item_s = 0.001;
    assert_int_equal(pthread_create(&thread, NULL, stop_soon, &s), 0);
    const double start = vx_clock_now();
    assert_int_equal(play(&s), VX_OK);
    assert_true(vx_clock_now() - start < 10);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(s.result.stopped);
    assert_in_range(s.result.tally.items, 1, 99999);
    assert_int_equal(s.result.tally.items, count_reported(&s)); /* what was held is finished, and counted */
    assert_int_equal(vx_leases_counts(s.leases).leased, 0);
    clear(&s);
}

/* A worker that does not answer FINISH does not hold the end up for ever. */
static void test_silent(void **state)
{
    struct scene s;
    (void)state;

    set_scene(&s, 3, 100, 8);
    s.worker[1].fate = FAKE_SILENT;
    s.bye_seconds = 0.3;
    assert_int_equal(play(&s), VX_OK);
    assert_int_equal(s.result.tally.items, 100);
    assert_int_equal(s.result.workers_lost, 1);
    assert_false(s.result.stopped);
    clear(&s);
}

/* A rank that dies is noticed by its silence; the others, who have nothing to say either but that they are alive, do its
 * items. */
static void test_dead(void **state)
{
    struct scene s;
    (void)state;

    set_scene(&s, 3, 100, 8);
    s.worker[2].fate = FAKE_DIES;
    s.worker[2].last_lease = 1;
    s.worker[0].item_s = s.worker[1].item_s = s.worker[2].item_s = 0.001;
    s.silent_seconds = 1;
    assert_int_equal(play(&s), VX_OK);
    assert_int_equal(s.result.tally.items, 100);
    assert_int_equal(count_reported(&s), 100);
    assert_int_equal(s.result.workers_lost, 1);
    clear(&s);
}

/* The list breaks: the workers are let go, and the caller learns why. */
static void test_unreadable_list(void **state)
{
    struct scene s;
    (void)state;

    set_scene(&s, 3, 1000, 8);
    s.list.fail_at = 500;
    assert_int_equal(play(&s), VX_EDB);
    assert_non_null(strstr(s.err.text, "fake.db"));
    assert_int_equal(s.result.workers_lost, 0);
    assert_true(s.result.cpu_s == 3); /* all said BYE */
    assert_int_equal(s.result.tally.items, count_reported(&s));
    clear(&s);
}

/* Items of one content: without losses one of each is scored; with them at least one by a worker whose word counts. */
static void test_claims(void **state)
{
    enum { ITEMS = 3000, CONTENTS = 700 };
    static const enum fake_fate fates[] = {FAKE_FAILS, FAKE_FAILS_LATE, FAKE_LEAVES};
    (void)state;

    for (int losses = 0; losses < 2; losses++) {
        int of[CONTENTS] = {0};
        struct scene s;
        struct vx_err err;
        set_scene(&s, 4, ITEMS, 16);
        atomic_uchar *scored = calloc(ITEMS + 1, 1);
        assert_non_null(scored);
        assert_int_equal(vx_claims_create(&s.claims, &err), VX_OK);
        for (int i = 0; i < 4; i++) {
            s.worker[i].contents = CONTENTS;
            s.worker[i].scored = scored;
            if (losses && i > 0) {
                s.worker[i].fate = fates[i - 1];
                s.worker[i].last_lease = 5 * i;
            }
        }
        assert_int_equal(play(&s), VX_OK);
        assert_int_equal(count_reported(&s), ITEMS);
        for (int i = 1; i <= ITEMS; i++)
            of[i % CONTENTS] += atomic_load(&scored[i]);
        for (int i = 0; i < CONTENTS; i++)
            assert_int_equal(of[i], 1);
        clear(&s);
        free(scored);
    }
}

/* Items 1 … 5 were done by an earlier attempt, 2 … 5 because 1 has their content; its file has changed since. */
static void test_orphans(void **state)
{
    struct scene s;
    struct vx_err err;
    int64_t scored;
    (void)state;

    set_scene(&s, 2, 20, 4);
    assert_int_equal(vx_claims_create(&s.claims, &err), VX_OK);
    assert_int_equal(vx_leases_extend(s.leases, 20, &err), VX_OK);
    for (int64_t i = 1; i <= 5; i++) {
        assert_int_equal(vx_claims_make(s.claims, i, (struct vx_hash_key){.high = 9, .low = 9}, &scored, &err), VX_OK);
        if (i > 1)
            assert_int_equal(vx_leases_mark_done(s.leases, i, &err), VX_OK);
    }
    vx_claims_forget(s.claims, 1);
    for (int i = 0; i < 2; i++)
        s.worker[i].contents = 10;
    assert_int_equal(play(&s), VX_OK);
    for (int64_t i = 1; i <= 20; i++)
        assert_int_equal(atomic_load(&s.reported[i]), 1);
    assert_int_equal(s.result.already_done, 0);
    clear(&s);

    set_scene(&s, 1, 5, 4); /* and a worker that claims, though every item is to be scored */
    s.worker[0].contents = 2;
    s.worker[0].fate = FAKE_GARBLES;
    s.worker[0].last_lease = 99;
    const struct vx_msg_claim claim = {.n = 1, .claims = {{.item = 1}}};
    struct vx_buf b = {0};
    vx_wire_put_claim(&b, &claim);
    assert_int_equal(vx_link_send(s.worker[0].link, &b, &err), VX_OK);
    s.worker[0].contents = 0;
    assert_int_equal(play(&s), VX_EMPI);
    assert_non_null(strstr(s.err.text, "a claim, though every item is to be scored"));
    vx_buf_free(&b);
    clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_worker), cmocka_unit_test(test_nothing_to_do),   cmocka_unit_test(test_many_items),
        cmocka_unit_test(test_resumed),    cmocka_unit_test(test_listing_goes_on), cmocka_unit_test(test_losses), cmocka_unit_test(test_claims), cmocka_unit_test(test_orphans),
        cmocka_unit_test(test_all_lost),   cmocka_unit_test(test_stop),            cmocka_unit_test(test_silent),
        cmocka_unit_test(test_dead),
        cmocka_unit_test(test_unreadable_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
