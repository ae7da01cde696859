/* The end of a run: together only if every rank is there, at most so late where one is not, and whatever was still on its way. */
#include "tests/harness/cmocka.h"

#include "base/clock.h"
#include "mpi/link_local.h"
#include "mpi/parting.h"
#include "mpi/wire.h"

#include <pthread.h>

enum { RANKS = 4 };

struct rank {
    struct vx_link *link;
    pthread_t thread;
    bool together;
};

static void *follow(void *arg)
{
    struct rank *r = arg;

    r->together = vx_parting_follow(r->link, 5);
    return NULL;
}

/* Rank 0 asks, and so many of the others are there to answer. What each of those did is checked; returns what rank 0 does. */
static bool part(struct vx_hub *hub, struct vx_link **links, int there, double seconds)
{
    struct rank ranks[RANKS] = {0};

    for (int i = 1; i <= there; i++) {
        ranks[i].link = links[i];
        assert_int_equal(pthread_create(&ranks[i].thread, NULL, follow, &ranks[i]), 0);
    }
    const bool together = vx_parting_lead(hub, seconds);
    for (int i = 1; i <= there; i++) {
        assert_int_equal(pthread_join(ranks[i].thread, NULL), 0);
        assert_int_equal(ranks[i].together, together);
    }
    return together;
}

static void close_all(struct vx_hub **hub, struct vx_link **links, int n)
{
    for (int i = 0; i < n; i++)
        vx_link_destroy(&links[i]);
    vx_hub_destroy(hub, NULL);
}

static void test_all_there(void **state)
{
    struct vx_link *links[RANKS];
    struct vx_hub *hub;
    struct vx_buf b = {0};
    struct vx_err err;
    (void)state;

    for (int n = 1; n <= RANKS; n++) {
        assert_int_equal(vx_hub_create_local(&hub, links, n, &err), VX_OK);
        for (int i = 0; i < n; i++) { /* what a rank that was lost, and is alive, still had to say and to hear */
            vx_wire_put_note(&b, &(struct vx_msg_note){.windows_scored = i});
            assert_int_equal(vx_link_send(links[i], &b, &err), VX_OK);
            vx_wire_put_alive(&b);
            assert_int_equal(vx_hub_send(hub, i, &b, &err), VX_OK);
        }
        assert_true(part(hub, links, n - 1, 5));
        close_all(&hub, links, n);
    }
    vx_buf_free(&b);
}

static void test_one_is_gone(void **state)
{
    const double start = vx_clock_now();
    struct vx_link *links[RANKS];
    struct vx_hub *hub;
    struct vx_buf b = {0};
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_hub_create_local(&hub, links, RANKS, &err), VX_OK);
    vx_wire_put_ready(&b); /* one that says it twice does not stand for another */
    assert_int_equal(vx_link_send(links[1], &b, &err), VX_OK);
    assert_int_equal(vx_link_send(links[0], &b, &err), VX_OK);
    assert_false(part(hub, links, RANKS - 2, 0.02));
    assert_in_range((int)(1000 * (vx_clock_now() - start)), 20, 3000);
    close_all(&hub, links, RANKS);
    vx_buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_there),
        cmocka_unit_test(test_one_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
