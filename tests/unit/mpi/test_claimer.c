/* Decoders that ask, and a loop that brings answers: each gets its own, and closing lets all of them go. */
#include "tests/harness/cmocka.h"

#include "base/clock.h"
#include "mpi/claimer.h"
#include "mpi/claims.h"

#include <pthread.h>
#include <string.h>

enum { DECODERS = 6, QUESTIONS = 200 };

struct decoder {
    struct vx_claimer *claimer;
    pthread_t thread;
    int number, answered;
    bool wrong;
    enum vx_status rc;
};

/* Items number, number + DECODERS…; an answer is right when it is a hundred times the item. */
static void *decode(void *arg)
{
    struct decoder *d = arg;
    struct vx_err err;

    for (int i = 0; i < QUESTIONS && d->rc == VX_OK; i++) {
        const struct vx_item item = {.id = 1 + d->number + i * DECODERS, .path = (char[]){"a.tar"}, .member = (char[]){"b.wav"}};
        int64_t scored = -1;
        if ((d->rc = vx_claimer_ask(d->claimer, &item, "xxh3:0", &scored, &err)) != VX_OK)
            break;
        d->answered++;
        d->wrong = d->wrong || scored != 100 * item.id;
    }
    return NULL;
}

static void begin(struct decoder *d, struct vx_claimer **claimer)
{
    struct vx_err err;

    assert_int_equal(vx_claimer_create(claimer, &err), VX_OK);
    for (int i = 0; i < DECODERS; i++) {
        d[i] = (struct decoder){.claimer = *claimer, .number = i};
        assert_int_equal(pthread_create(&d[i].thread, NULL, decode, &d[i]), 0);
    }
}

static void test_answers(void **state)
{
    const struct vx_hash_key key = vx_claims_key(VX_ITEM_AUDIO, "c.WAV", "xxh3:0");
    const double until = vx_clock_now() + 30;
    struct vx_claim claims[4]; /* fewer than may be asked at once */
    struct decoder d[DECODERS];
    struct vx_claimer *c;
    size_t all = 0;

    (void)state;
    begin(d, &c);
    while (all < DECODERS * QUESTIONS && vx_clock_now() < until) {
        const size_t n = vx_claimer_take(c, claims, 4);
        for (size_t i = 0; i < n; i++) {
            assert_true(claims[i].key.high == key.high && claims[i].key.low == key.low);
            vx_claimer_answer(c, claims[i].item, 100 * claims[i].item);
            vx_claimer_answer(c, 5 * DECODERS * QUESTIONS, 1); /* nobody asked */
        }
        all += n;
    }
    assert_int_equal(all, DECODERS * QUESTIONS);
    for (int i = 0; i < DECODERS; i++) {
        assert_int_equal(pthread_join(d[i].thread, NULL), 0);
        assert_int_equal(d[i].rc, VX_OK);
        assert_int_equal(d[i].answered, QUESTIONS);
        assert_false(d[i].wrong);
    }
    vx_claimer_destroy(&c);
}

static void test_closed(void **state)
{
    struct vx_claim claims[2];
    struct decoder d[DECODERS];
    struct vx_claimer *c;

    (void)state;
    begin(d, &c);
    while (vx_claimer_take(c, claims, 2) == 0) /* some are taken, some not yet asked */
        vx_clock_sleep(0.001);
    vx_claimer_close(c);
    for (int i = 0; i < DECODERS; i++) {
        assert_int_equal(pthread_join(d[i].thread, NULL), 0);
        assert_int_equal(d[i].rc, VX_ESTOP);
        assert_int_equal(d[i].answered, 0);
    }
    vx_claimer_destroy(&c);
    assert_null(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
