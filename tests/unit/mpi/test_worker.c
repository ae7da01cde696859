/* test_worker.c - a worker's loop against a coordinator that says what a test wants, with a real shard */
#include "tests/harness/cmocka.h"
#include "tests/harness/folder.h"
#include "tests/unit/mpi/recordings.h"

#include "base/clock.h"
#include "mpi/link_local.h"
#include "mpi/wire.h"
#include "mpi/worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define DEADLINE 30 /* seconds */

/* A worker in its thread, and the other end of its link. */
struct scene {
    struct recordings *x;
    struct vx_hub *hub;
    struct vx_worker_config config;
    pthread_t thread;
    enum vx_status rc;
    struct vx_err err; /* of the worker */
    struct vx_buf message;
};

static const struct vx_run run = {.uuid = "0123456789abcdef0123456789abcdef", .fingerprint = "f", .state = "running"};

static void *work(void *scene)
{
    struct scene *s = scene;

    s->rc = vx_worker_run(&s->config, &s->err);
    return NULL;
}

static void begin(struct scene *s, struct recordings *x, double keep_seconds)
{
    struct vx_err err;

    *s = (struct scene){.x = x, .config = {.engine = "fake", .host = "here", .threads = 1, .keep_seconds = keep_seconds}};
    s->config.pipeline = recordings_pipeline(x, 1, 4, 2);
    assert_int_equal(vx_shard_open(&s->config.shard, folder_path(x->dir, "shard.db"), &run, &err), VX_OK);
    assert_int_equal(vx_hub_create_local(&s->hub, &s->config.link, 1, &err), VX_OK);
    assert_int_equal(pthread_create(&s->thread, NULL, work, s), 0);
}

/* The next message that is no note. */
static enum vx_msg_type next_message(struct scene *s)
{
    const double until = vx_clock_now() + DEADLINE;
    enum vx_msg_type type;
    struct vx_err err;
    bool got;
    int worker;

    while (vx_clock_now() < until) {
        assert_int_equal(vx_hub_receive(s->hub, &worker, &s->message, 0.1, &got, &err), VX_OK);
        if (!got)
            continue;
        assert_int_equal(vx_wire_type(&s->message, &type, &err), VX_OK);
        if (type != VX_MSG_NOTE)
            return type;
    }
    fail_msg("the worker said nothing for %d s", DEADLINE);
    return VX_MSG_NOTE;
}

/* Recordings first … first+n-1 and, if asked for, one item more that takes for ever. */
static void lease(struct scene *s, int64_t id, int first, int n, bool endless)
{
    struct vx_msg_lease m = {.lease = id, .n = (size_t)n + endless, .items = recordings_items(s->x, first, n)};
    struct vx_err err;

    if (endless)
        m.items[n] = (struct vx_item){.id = 1000, .path = strdup(recordings_endless(s->x)), .ordinal = -1, .size = -1};
    vx_wire_put_lease(&s->message, &m);
    assert_int_equal(vx_hub_send(s->hub, 0, &s->message, &err), VX_OK);
    vx_msg_lease_clear(&m);
}

static void finish(struct scene *s)
{
    struct vx_err err;

    vx_wire_put_finish(&s->message);
    assert_int_equal(vx_hub_send(s->hub, 0, &s->message, &err), VX_OK);
}

static void count_item(void *count, int64_t item)
{
    assert_in_range(item, 1, ITEMS - 1);
    ++*(int *)count;
}

/* Ends the worker; returns how many items its shard holds, which is then gone. */
static int end(struct scene *s)
{
    const char *path = folder_path(s->x->dir, "shard.db");
    struct vx_err err;
    int items = 0;

    assert_int_equal(pthread_join(s->thread, NULL), 0);
    vx_pipeline_destroy(&s->config.pipeline);
    vx_shard_close(&s->config.shard);
    vx_hub_destroy(&s->hub, &s->config.link);
    vx_buf_free(&s->message);
    assert_int_equal(vx_shard_items(path, count_item, &items, &err), VX_OK);
    assert_int_equal(remove(path), 0);
    return items;
}

static void test_ordinary(void **state)
{
    struct scene s;
    struct vx_msg_done done;
    struct vx_msg_bye bye;
    struct vx_err err;
    int64_t windows = 0, scored = 0;

    begin(&s, *state, 0);
    assert_int_equal(next_message(&s), VX_MSG_HELLO);
    lease(&s, 1, 1, 10, false);
    lease(&s, 2, 11, 5, false);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(next_message(&s), VX_MSG_DONE);
        assert_int_equal(vx_wire_get_done(&s.message, &done, &err), VX_OK);
        assert_int_equal(done.tally.items, done.lease == 1 ? 10 : 5);
        windows += done.tally.windows;
    }
    finish(&s);
    assert_int_equal(next_message(&s), VX_MSG_BYE);
    assert_int_equal(vx_wire_get_bye(&s.message, &bye, &err), VX_OK);
    for (int k = 1; k <= 15; k++) {
        windows -= recordings_windows(k, false);
        scored += recordings_windows(k, true);
    }
    assert_int_equal(windows, 0);
    assert_int_equal(bye.windows_scored, scored);
    assert_int_equal(end(&s), 15);
    assert_int_equal(s.rc, VX_OK);
}

static size_t shard_bytes(const struct recordings *x)
{
    size_t len;

    free(folder_read(x->dir, "shard.db", &len));
    return len;
}

/* What is complete of a lease reaches the shard while the lease goes on. */
static void test_kept_early(void **state)
{
    struct recordings *x = *state;
    const double until = vx_clock_now() + DEADLINE;
    struct scene s;

    begin(&s, x, 0.01);
    assert_int_equal(next_message(&s), VX_MSG_HELLO);
    const size_t empty = shard_bytes(x);
    lease(&s, 1, 1, ITEMS - 1, true);
    while (shard_bytes(x) == empty && vx_clock_now() < until)
        vx_clock_sleep(0.01);
    assert_true(shard_bytes(x) > empty);
    finish(&s);
    assert_int_equal(next_message(&s), VX_MSG_BYE);
    assert_in_range(end(&s), 1, ITEMS - 1);
    assert_int_equal(s.rc, VX_OK);
}

/* FINISH with a lease in hand: what is complete is kept, the rest given up, and all that at once. */
static void test_stopped(void **state)
{
    struct scene s;
    struct vx_pipeline_stats stats;
    int expected = 0;
    const double until = vx_clock_now() + DEADLINE;

    for (int k = 1; k <= 20; k++)
        expected += recordings_windows(k, true);
    begin(&s, *state, 1000);
    assert_int_equal(next_message(&s), VX_MSG_HELLO);
    lease(&s, 1, 1, 20, true);
    do {
        vx_clock_sleep(0.01);
        stats = vx_pipeline_stats(s.config.pipeline);
    } while (stats.windows_scored < expected && vx_clock_now() < until);
    vx_clock_sleep(0.1); /* the last ones reach their items */
    const double start = vx_clock_now();
    finish(&s);
    assert_int_equal(next_message(&s), VX_MSG_BYE); /* and no DONE */
    assert_in_range(end(&s), 16, 20); /* all but the last batch's, should they be slower than that sleep */
    assert_int_equal(s.rc, VX_OK);
    assert_true(vx_clock_now() - start < 5);
}

/* A disk that is full: the coordinator hears why, and what was committed before is there. */
static void test_full_disk(void **state)
{
    struct rlimit before, tight;
    struct vx_msg_fail fail;
    struct scene s;
    struct vx_err err;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    begin(&s, *state, 0);
    assert_int_equal(next_message(&s), VX_MSG_HELLO);
    lease(&s, 1, 1, 3, false);
    assert_int_equal(next_message(&s), VX_MSG_DONE);
    tight = before;
    tight.rlim_cur = 512;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    lease(&s, 2, 4, 8, false);
    const enum vx_msg_type type = next_message(&s);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(type, VX_MSG_FAIL);
    assert_int_equal(vx_wire_get_fail(&s.message, &fail, &err), VX_OK);
    assert_non_null(strstr(fail.text, "shard.db"));
    assert_int_equal(end(&s), 3);
    assert_int_not_equal(s.rc, VX_OK);
    assert_string_equal(fail.text, s.err.text);
}

static void test_failed_engine(void **state)
{
    struct vx_msg_fail fail;
    struct scene s;
    struct vx_err err;

    begin(&s, *state, 0);
    s.x->fake.fail_after = 7;
    assert_int_equal(next_message(&s), VX_MSG_HELLO);
    lease(&s, 1, 1, 20, true);
    assert_int_equal(next_message(&s), VX_MSG_FAIL);
    assert_int_equal(vx_wire_get_fail(&s.message, &fail, &err), VX_OK);
    assert_string_equal(fail.text, "the fake engine was told to fail");
    assert_int_equal(end(&s), 0);
    assert_int_equal(s.rc, VX_EUNSUPPORTED);
}

/* What no coordinator sends ends the worker, with a word. */
static void test_garbled(void **state)
{
    struct scene s;
    struct vx_err err;

    begin(&s, *state, 0);
    assert_int_equal(next_message(&s), VX_MSG_HELLO);
    vx_buf_reset(&s.message);
    vx_buf_str(&s.message, "what?");
    assert_int_equal(vx_hub_send(s.hub, 0, &s.message, &err), VX_OK);
    assert_int_equal(next_message(&s), VX_MSG_FAIL);
    assert_int_equal(end(&s), 0);
    assert_int_equal(s.rc, VX_EFORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ordinary),  cmocka_unit_test(test_kept_early),    cmocka_unit_test(test_stopped),
        cmocka_unit_test(test_full_disk), cmocka_unit_test(test_failed_engine), cmocka_unit_test(test_garbled),
    };
    return cmocka_run_group_tests_name("worker", tests, recordings_setup, recordings_teardown);
}
