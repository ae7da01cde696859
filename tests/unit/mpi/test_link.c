/* Links within a process: order, time limits, what is refused, several workers at once. */
#include "tests/harness/cmocka.h"

#include "base/clock.h"
#include "mpi/link_local.h"
#include "mpi/wire.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static void put_number(struct vx_buf *b, int number)
{
    vx_buf_reset(b);
    vx_buf_fmt(b, "%d", number);
}

static void test_pair(void **state)
{
    struct vx_hub *hub;
    struct vx_link *link;
    struct vx_buf b = {0};
    struct vx_err err;
    bool got;
    int from;
    (void)state;

    assert_int_equal(vx_hub_create(&hub, &link, NULL, &err), VX_OK);
    assert_int_equal(vx_hub_workers(hub), 1);
    for (int i = 0; i < 100; i++) {
        put_number(&b, i);
        assert_int_equal(vx_link_send(link, &b, &err), VX_OK);
        assert_int_equal(vx_hub_send(hub, 0, &b, &err), VX_OK);
    }
    for (int i = 0; i < 100; i++) {
        assert_int_equal(vx_hub_receive(hub, &from, &b, 0, &got, &err), VX_OK);
        assert_true(got && from == 0 && atoi(b.data) == i);
        assert_int_equal(vx_link_receive(link, &b, 0, &got, &err), VX_OK);
        assert_true(got && atoi(b.data) == i);
    }
    b.len = 0;
    assert_int_equal(vx_link_send(link, &b, &err), VX_OK); /* an empty message is one too */
    assert_int_equal(vx_hub_receive(hub, &from, &b, 0, &got, &err), VX_OK);
    assert_true(got && b.len == 0);
    put_number(&b, 1);
    assert_int_equal(vx_hub_send(hub, 0, &b, &err), VX_OK); /* still inside when the hub goes */
    vx_hub_destroy(&hub, &link);
    assert_true(hub == NULL && link == NULL);
    vx_hub_destroy(&hub, &link);
    vx_link_destroy(&link);
    vx_buf_free(&b);
}

static void test_waits_as_told(void **state)
{
    static const double waits[] = {-1, 0, 0.001, 0.05};
    struct vx_hub *hub;
    struct vx_link *link;
    struct vx_buf b = {0};
    struct vx_err err;
    bool got;
    int from;
    (void)state;

    assert_int_equal(vx_hub_create(&hub, &link, NULL, &err), VX_OK);
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        const double start = vx_clock_now();
        assert_int_equal(vx_link_receive(link, &b, waits[i], &got, &err), VX_OK);
        assert_false(got);
        assert_int_equal(vx_hub_receive(hub, &from, &b, waits[i], &got, &err), VX_OK);
        assert_false(got);
        const double took = vx_clock_now() - start;
        assert_true(took >= (waits[i] > 0 ? 2 * waits[i] : 0) && took < 5);
    }
    vx_hub_destroy(&hub, &link);
    vx_buf_free(&b);
}

static void test_refused(void **state)
{
    struct vx_hub *hub;
    struct vx_link *link;
    struct vx_buf b = {0};
    char *large = calloc(1, VX_WIRE_MAX_BYTES + 1);
    struct vx_err err;
    bool got;
    (void)state;

    assert_non_null(large);
    assert_int_equal(vx_hub_create(&hub, &link, NULL, &err), VX_OK);
    assert_int_equal(vx_hub_send(hub, 1, &b, &err), VX_EINVAL);
    assert_int_equal(vx_hub_send(hub, -1, &b, &err), VX_EINVAL);
    b.failed = true;
    assert_int_equal(vx_hub_send(hub, 0, &b, &err), VX_ENOMEM);
    assert_int_equal(vx_link_send(link, &b, &err), VX_ENOMEM);
    vx_buf_reset(&b);
    vx_buf_add(&b, large, VX_WIRE_MAX_BYTES);
    assert_int_equal(vx_hub_send(hub, 0, &b, &err), VX_OK);
    vx_buf_add(&b, "", 1);
    assert_int_equal(vx_hub_send(hub, 0, &b, &err), VX_ELIMIT);
    assert_int_equal(vx_link_send(link, &b, &err), VX_ELIMIT);
    assert_int_equal(vx_link_receive(link, &b, 0, &got, &err), VX_OK);
    assert_true(got && b.len == VX_WIRE_MAX_BYTES);
    free(large);
    vx_hub_destroy(&hub, &link);
    vx_buf_free(&b);
}

enum { WORKERS = 5, MESSAGES = 2000 };

struct talker {
    struct vx_link *link;
    int rank, problems;
};

/* Sends numbers and wants each back, doubled. */
static void *talk(void *arg)
{
    struct talker *t = arg;
    struct vx_buf b = {0};
    struct vx_err err;
    bool got;

    for (int i = 0; i < MESSAGES; i++) {
        put_number(&b, i + 10 * MESSAGES * t->rank);
        t->problems += vx_link_send(t->link, &b, &err) != VX_OK;
        t->problems += vx_link_receive(t->link, &b, 10, &got, &err) != VX_OK || !got ||
                       atoi(b.data) != 2 * (i + 10 * MESSAGES * t->rank);
    }
    vx_buf_free(&b);
    return NULL;
}

static void test_several(void **state)
{
    struct vx_hub *hub;
    struct vx_link *links[WORKERS];
    struct talker talker[WORKERS];
    pthread_t thread[WORKERS];
    struct vx_buf b = {0};
    struct vx_err err;
    bool got;
    int from;
    (void)state;

    assert_int_equal(vx_hub_create_local(&hub, links, WORKERS, &err), VX_OK);
    assert_int_equal(vx_hub_workers(hub), WORKERS);
    for (int i = 0; i < WORKERS; i++) {
        talker[i] = (struct talker){.link = links[i], .rank = i};
        assert_int_equal(pthread_create(&thread[i], NULL, talk, &talker[i]), 0);
    }
    for (int i = 0; i < WORKERS * MESSAGES; i++) {
        assert_int_equal(vx_hub_receive(hub, &from, &b, 10, &got, &err), VX_OK);
        assert_true(got);
        const int number = atoi(b.data);
        assert_int_equal(number / (10 * MESSAGES), from); /* whose it is */
        put_number(&b, 2 * number);
        assert_int_equal(vx_hub_send(hub, from, &b, &err), VX_OK);
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(thread[i], NULL), 0);
        assert_int_equal(talker[i].problems, 0);
        vx_link_destroy(&links[i]);
    }
    vx_hub_destroy(&hub, NULL);
    vx_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pair), cmocka_unit_test(test_waits_as_told),
                                       cmocka_unit_test(test_refused), cmocka_unit_test(test_several)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
