/* The lease state machine: calls it accepts and refuses, and random ones against a plain array of states. */
#include "tests/harness/cmocka.h"

#include "base/clock.h"
#include "mpi/lease.h"
#include "mpi/weight.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct vx_leases *leases_of(int64_t n, int64_t max_items)
{
    struct vx_leases *l;
    struct vx_err err;

    assert_int_equal(vx_leases_create(&l, max_items, &err), VX_OK);
    assert_int_equal(vx_leases_extend(l, n, &err), VX_OK);
    return l;
}

static void test_create(void **state)
{
    static const struct {
        int64_t max_items;
        enum vx_status status;
    } rows[] = {{1, VX_OK}, {1 << 20, VX_OK}, {0, VX_EINVAL}, {-1, VX_EINVAL}};
    struct vx_leases *l;
    struct vx_err err;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(vx_leases_create(&l, rows[i].max_items, &err), rows[i].status);
        assert_int_equal(l != NULL, rows[i].status == VX_OK);
        vx_leases_destroy(&l);
        assert_null(l);
    }
}

static void test_extend_and_close(void **state)
{
    struct vx_leases *l = leases_of(10, 4);
    struct vx_lease lease;
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_leases_extend(l, 10, &err), VX_OK);
    assert_int_equal(vx_leases_extend(l, 9, &err), VX_EINVAL);
    assert_int_equal(vx_leases_extend(l, INT64_MAX, &err), VX_ENOMEM);
    assert_int_equal(vx_leases_extend(l, 100000, &err), VX_OK);
    assert_int_equal(vx_leases_counts(l).pending, 100000);
    vx_leases_close(l);
    assert_int_equal(vx_leases_extend(l, 100000, &err), VX_OK);
    assert_int_equal(vx_leases_extend(l, 100001, &err), VX_EINVAL);
    vx_leases_destroy(&l);

    l = leases_of(0, 4); /* nothing to do: finished once that is known */
    assert_int_equal(vx_leases_grant(l, 0, 1, 0, &lease, &err), VX_DONE);
    assert_false(vx_leases_finished(l));
    vx_leases_close(l);
    assert_true(vx_leases_finished(l));
    vx_leases_destroy(&l);
}

static void test_mark_done(void **state)
{
    static const struct {
        int64_t item;
        enum vx_status status;
    } rows[] = {{1, VX_OK}, {64, VX_OK}, {65, VX_OK}, {130, VX_OK}, {65, VX_OK},
                {0, VX_EINVAL}, {-5, VX_EINVAL}, {131, VX_EINVAL}, {INT64_MAX, VX_EINVAL}};
    struct vx_leases *l = leases_of(130, 1000);
    struct vx_lease lease;
    struct vx_err err;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(vx_leases_mark_done(l, rows[i].item, &err), rows[i].status);
    assert_int_equal(vx_leases_counts(l).done, 4);
    assert_int_equal(vx_leases_grant(l, 0, 1, 0, &lease, &err), VX_OK);
    assert_int_equal(lease.first, 2);
    assert_int_equal(vx_leases_mark_done(l, 2, &err), VX_EINVAL); /* leased */
    vx_leases_destroy(&l);
}

static void test_grant_sizes(void **state)
{
    static const struct {
        int64_t items, max_items;
        int n_workers;
        int64_t expected;
    } rows[] = {{1000, 16, 4, 16}, {1000, 100, 4, 62}, {1000, 1000, 2, 125}, {15, 16, 4, 1}, {1, 16, 4, 1},
                {1000, 1, 1, 1},   {64 * 9, 128, 1, 128}, {3, 10, 1000, 1},
                {200, 1000, 1, 200}, /* an only worker has nobody to leave anything to */
                {1000, 1000, 1, 3600000 / VX_WEIGHT_UNKNOWN}};
    struct vx_lease lease;
    struct vx_err err;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct vx_leases *l = leases_of(rows[i].items, rows[i].max_items);
        assert_int_equal(vx_leases_grant(l, 0, rows[i].n_workers, 0, &lease, &err), VX_OK);
        assert_int_equal(lease.first, 1);
        assert_int_equal(lease.count, rows[i].expected);
        assert_int_equal(vx_leases_grant(l, -1, 1, 0, &lease, &err), VX_EINVAL);
        assert_int_equal(vx_leases_grant(l, 0, 0, 0, &lease, &err), VX_EINVAL);
        vx_leases_destroy(&l);
    }
}

/* Runs by weight; the heaviest first where they are heavy; nothing ahead for a worker that holds its share. */
static void test_weights(void **state)
{
    struct vx_leases *l = leases_of(200, 100);
    struct vx_lease a, b;
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_leases_weigh(l, 0, 1, &err), VX_EINVAL);
    assert_int_equal(vx_leases_weigh(l, 201, 1, &err), VX_EINVAL);
    for (int64_t i = 1; i <= 200; i++)
        assert_int_equal(vx_leases_weigh(l, i, i == 150 ? 2000 : i == 80 ? 1900 : 10, &err), VX_OK);
    /* 5,880 in all: of two workers a quarter of the share is 735 */
    assert_int_equal(vx_leases_grant(l, 0, 2, 0, &a, &err), VX_OK);
    assert_true(a.first == 150 && a.count == 1);
    assert_int_equal(vx_leases_grant(l, 0, 2, 0, &b, &err), VX_DONE); /* 2,000 and another 1,900 are no fair share of 3,880 */
    assert_int_equal(vx_leases_grant(l, 1, 2, 0, &b, &err), VX_OK);
    assert_true(b.first == 80 && b.count == 1);
    assert_int_equal(vx_leases_complete(l, 0, a.id, &err), VX_OK);
    assert_int_equal(vx_leases_grant(l, 0, 2, 0, &a, &err), VX_OK); /* 1,980 left, 247 a lease */
    assert_true(a.first == 1 && a.count == 24);
    assert_int_equal(vx_leases_grant(l, 0, 2, 0, &a, &err), VX_OK); /* one ahead */
    assert_true(a.first == 25 && a.count == 21);
    assert_int_equal(vx_leases_grant(l, 1, 2, 0, &a, &err), VX_DONE); /* still has 1,900 */
    assert_int_equal(vx_leases_weigh(l, 100, 500, &err), VX_OK);    /* found to have changed */
    assert_int_equal(vx_leases_complete(l, 1, b.id, &err), VX_OK);
    assert_int_equal(vx_leases_grant(l, 1, 2, 0, &b, &err), VX_OK);
    assert_true(b.first == 100 && b.count == 1);
    assert_int_equal(vx_leases_lose_worker(l, 1), 1);
    assert_int_equal(vx_leases_grant(l, 2, 2, 0, &b, &err), VX_OK);
    assert_true(b.first == 100 && b.count == 1);
    vx_leases_destroy(&l);
}

/* What is joined is granted together, whatever its number and weight; without what of it is done, and alone once suspected. */
static void test_bundles(void **state)
{
    struct vx_leases *l = leases_of(400, 16);
    struct vx_lease a;
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_leases_join(l, 1, &err), VX_EINVAL);
    assert_int_equal(vx_leases_join(l, 401, &err), VX_EINVAL);
    for (int64_t i = 1; i <= 400; i++)
        assert_int_equal(vx_leases_weigh(l, i, 10, &err), VX_OK);
    for (int64_t i = 11; i <= 300; i++) /* 10 and those after it */
        assert_int_equal(vx_leases_join(l, i, &err), VX_OK);
    assert_int_equal(vx_leases_grant(l, 0, 2, 0, &a, &err), VX_OK);
    assert_true(a.first == 1 && a.count == 9); /* the bundle is left for the next one */
    assert_int_equal(vx_leases_grant(l, 1, 2, 0, &a, &err), VX_OK);
    assert_true(a.first == 10 && a.count == 291);
    assert_int_equal(vx_leases_lose_worker(l, 1), 1);
    assert_int_equal(vx_leases_mark_done(l, 10, &err), VX_OK);
    assert_int_equal(vx_leases_mark_done(l, 100, &err), VX_OK);
    assert_int_equal(vx_leases_grant(l, 2, 2, 0, &a, &err), VX_OK);
    assert_true(a.first == 11 && a.count == 89);
    assert_int_equal(vx_leases_complete(l, 2, a.id, &err), VX_OK);
    assert_int_equal(vx_leases_weigh(l, 101, 5000, &err), VX_OK); /* its first has the weight of all: the heaviest */
    assert_int_equal(vx_leases_grant(l, 2, 2, 0, &a, &err), VX_OK);
    assert_true(a.first == 101 && a.count == 200);
    vx_leases_destroy(&l);
}

static void test_guess(void **state)
{
    static const struct {
        char path[8], member[8];
        enum vx_item_kind kind;
        int64_t size, ms;
    } rows[] = {
        {"a.wav", "", VX_ITEM_AUDIO, 640000, 11000},
        {"a.FLAC", "", VX_ITEM_AUDIO, 320000, 11000},
        {"b.d/a", "", VX_ITEM_AUDIO, 640000, 11000},
        {"x.tar", "a.mp3", VX_ITEM_AUDIO, 16000, 2000},
        {"a.wav", "", VX_ITEM_AUDIO, -1, 0},
        {"a.wav", "", VX_ITEM_AUDIO, INT64_MAX, 0},
        {"a.png", "", VX_ITEM_IMAGE, 1 << 30, 3000},
        {"a.wav", "", VX_ITEM_BROKEN, -1, 1000},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[8], member[8];
        memcpy(path, rows[i].path, sizeof path);
        memcpy(member, rows[i].member, sizeof member);
        const struct vx_item item = {.path = path, .member = member[0] ? member : NULL, .kind = rows[i].kind, .size = rows[i].size};
        assert_int_equal(vx_weight_guess(&item), rows[i].ms);
    }
}

static void test_complete_and_lose(void **state)
{
    struct vx_leases *l = leases_of(8, 2);
    struct vx_lease a, b, c;
    struct vx_err err;
    (void)state;

    vx_leases_close(l);
    assert_int_equal(vx_leases_grant(l, 1, 1, 10, &a, &err), VX_OK);
    assert_int_equal(vx_leases_grant(l, 2, 1, 11, &b, &err), VX_OK);
    assert_int_equal(a.count, 2);
    assert_int_equal(b.first, 3);
    assert_true(vx_leases_counts(l).oldest_grant == 10);
    assert_int_equal(vx_leases_complete(l, 2, a.id, &err), VX_EINVAL); /* worker 1 holds it */
    assert_int_equal(vx_leases_complete(l, 1, 99, &err), VX_EINVAL);
    assert_int_equal(vx_leases_complete(l, 1, 0, &err), VX_EINVAL);
    assert_int_equal(vx_leases_lose_worker(l, 7), 0);
    assert_int_equal(vx_leases_lose_worker(l, 1), 1);
    assert_true(vx_leases_counts(l).oldest_grant == 11);
    assert_int_equal(vx_leases_complete(l, 1, a.id, &err), VX_EINVAL); /* it went back */
    assert_int_equal(vx_leases_grant(l, 2, 1, 12, &c, &err), VX_OK);
    assert_int_equal(c.first, a.first);
    assert_true(c.id > b.id);
    assert_int_equal(vx_leases_complete(l, 2, c.id, &err), VX_OK);
    assert_int_equal(vx_leases_complete(l, 2, c.id, &err), VX_EINVAL); /* twice */
    assert_int_equal(vx_leases_complete(l, 2, b.id, &err), VX_OK);
    while (vx_leases_grant(l, 2, 1, 13, &a, &err) == VX_OK) {
        assert_false(vx_leases_finished(l));
        assert_int_equal(vx_leases_complete(l, 2, a.id, &err), VX_OK);
    }
    assert_true(vx_leases_finished(l));
    vx_leases_destroy(&l);
}

/* A worker that its items may have killed: each of them comes again alone, after all others, and the second loss is its last. */
static void test_suspects(void **state)
{
    struct vx_leases *l = leases_of(40, 2);
    struct vx_lease a, b, c, *held;
    struct vx_err err;
    size_t n;
    (void)state;

    vx_leases_close(l);
    assert_int_equal(vx_leases_grant(l, 1, 1, 0, &a, &err), VX_OK);
    assert_int_equal(vx_leases_grant(l, 1, 1, 0, &b, &err), VX_OK);
    assert_int_equal(vx_leases_blame_worker(l, 1, &held, &n, &err), VX_OK);
    assert_int_equal(n, 2);
    assert_true(held[0].id == a.id && held[1].id == b.id && !held[0].alone && held[1].first == 3 && held[1].count == 2);
    free(held);
    assert_int_equal(vx_leases_counts(l).pending, 40);
    for (int64_t item = 5; item <= 40; item += c.count) { /* the others first */
        assert_int_equal(vx_leases_grant(l, 2, 1, 0, &c, &err), VX_OK);
        assert_int_equal(c.first, item);
        assert_false(c.alone);
        assert_int_equal(vx_leases_complete(l, 2, c.id, &err), VX_OK);
    }
    assert_int_equal(vx_leases_grant(l, 2, 1, 0, &a, &err), VX_OK);
    assert_true(a.alone && a.first == 1 && a.count == 1);
    assert_int_equal(vx_leases_grant(l, 2, 1, 0, &b, &err), VX_DONE); /* nothing beside it */
    assert_int_equal(vx_leases_grant(l, 3, 1, 0, &b, &err), VX_OK);   /* but for others */
    assert_true(b.alone && b.first == 2);
    assert_int_equal(vx_leases_blame_worker(l, 2, &held, &n, &err), VX_OK);
    assert_true(n == 1 && held[0].alone && held[0].first == 1);
    free(held);
    assert_true(vx_leases_is_done(l, 1)); /* given up */
    assert_false(vx_leases_is_done(l, 2));
    assert_int_equal(vx_leases_lose_worker(l, 3), 1); /* its disk was full: no blame */
    for (int64_t item = 2; item <= 4; item++) {
        assert_int_equal(vx_leases_grant(l, 3, 1, 0, &c, &err), VX_OK);
        assert_true(c.alone && c.first == item);
        assert_int_equal(vx_leases_complete(l, 3, c.id, &err), VX_OK);
    }
    assert_true(vx_leases_finished(l));
    assert_int_equal(vx_leases_blame_worker(l, 3, &held, &n, &err), VX_OK);
    assert_int_equal(n, 0);
    free(held);
    vx_leases_destroy(&l);
}

/* Known from before: nothing is granted before it is released, and what has changed is no longer done. */
static void test_held(void **state)
{
    struct vx_leases *l = leases_of(200, 1000);
    struct vx_lease a;
    struct vx_err err;
    (void)state;

    assert_int_equal(vx_leases_mark_done(l, 70, &err), VX_OK);
    assert_int_equal(vx_leases_suspect(l, 71, &err), VX_OK);
    assert_int_equal(vx_leases_hold(l, 1, 100, &err), VX_OK);
    assert_int_equal(vx_leases_hold(l, 101, 101, &err), VX_EINVAL);
    assert_int_equal(vx_leases_hold(l, 0, 1, &err), VX_EINVAL);
    assert_int_equal(vx_leases_counts(l).held, 99);
    assert_int_equal(vx_leases_counts(l).pending, 100);
    assert_int_equal(vx_leases_grant(l, 0, 1, 0, &a, &err), VX_OK);
    assert_int_equal(a.first, 101);
    assert_int_equal(vx_leases_hold(l, 90, 12, &err), VX_EINVAL); /* 101 is leased */
    assert_int_equal(vx_leases_suspect(l, 101, &err), VX_EINVAL);
    assert_int_equal(vx_leases_forget(l, 101, &err), VX_EINVAL);
    assert_int_equal(vx_leases_forget(l, 201, &err), VX_EINVAL);
    assert_int_equal(vx_leases_complete(l, 0, a.id, &err), VX_OK);
    assert_int_equal(vx_leases_forget(l, 70, &err), VX_OK);
    assert_int_equal(vx_leases_forget(l, 71, &err), VX_OK);
    assert_int_equal(vx_leases_counts(l).done, a.count);
    vx_leases_release(l, 60, 12);
    vx_leases_release(l, 300, 12); /* none such */
    assert_int_equal(vx_leases_grant(l, 0, 1, 0, &a, &err), VX_OK);
    assert_true(a.first == 60 && a.count == 12); /* 71 is no suspect any more */
    vx_leases_close(l);
    assert_int_equal(vx_leases_complete(l, 0, a.id, &err), VX_OK);
    while (vx_leases_grant(l, 0, 1, 0, &a, &err) == VX_OK)
        assert_int_equal(vx_leases_complete(l, 0, a.id, &err), VX_OK);
    assert_false(vx_leases_finished(l)); /* 88 are still held */
    assert_int_equal(vx_leases_counts(l).held, 88);
    vx_leases_release(l, 1, 200);
    while (vx_leases_grant(l, 0, 1, 0, &a, &err) == VX_OK)
        assert_int_equal(vx_leases_complete(l, 0, a.id, &err), VX_OK);
    assert_true(vx_leases_finished(l));
    vx_leases_destroy(&l);
}

/* The model: one character an item, and the open leases as granted. */
enum { MODEL_ITEMS = 700, MODEL_WORKERS = 5, MODEL_LEASES = 20000 };
struct model {
    char state[MODEL_ITEMS + 1]; /* P, L or D */
    int64_t weight[MODEL_ITEMS + 1]; /* 0: unknown */
    bool joined[MODEL_ITEMS + 1];    /* to the one before */
    int grants[MODEL_ITEMS + 1], losses[MODEL_ITEMS + 1];
    int64_t n;
    struct {
        struct vx_lease lease;
        int64_t weight; /* when granted */
        int worker;
        bool open;
    } lease[MODEL_LEASES + 1];
    int64_t n_leases;
};

static void compare(const struct model *m, const struct vx_leases *l)
{
    struct vx_lease_counts want = {.items = m->n}, got = vx_leases_counts(l);

    for (int64_t i = 1; i <= m->n; i++) {
        want.pending += m->state[i] == 'P';
        want.leased += m->state[i] == 'L';
        want.done += m->state[i] == 'D';
        assert_in_range(m->grants[i], 0, m->losses[i] + 1); /* again only after a loss */
    }
    for (int64_t i = 1; i <= m->n_leases; i++)
        want.leases_open += m->lease[i].open;
    assert_int_equal(got.items, want.items);
    assert_int_equal(got.pending, want.pending);
    assert_int_equal(got.leased, want.leased);
    assert_int_equal(got.done, want.done);
    assert_int_equal(got.leases_open, want.leases_open);
}

static void model_set(struct model *m, const struct vx_lease *lease, char from, char to)
{
    for (int64_t i = lease->first; i < lease->first + lease->count; i++) {
        assert_in_range(i, 1, m->n);
        assert_int_equal(m->state[i], from);
        m->state[i] = to;
        m->grants[i] += to == 'L';
        m->losses[i] += to == 'P';
    }
}

static int64_t model_weight(const struct model *m, int64_t first, int64_t count)
{
    int64_t sum = 0;

    for (int64_t i = first; i < first + count; i++)
        sum += m->weight[i] ? m->weight[i] : VX_WEIGHT_UNKNOWN;
    return sum;
}

static bool model_pending(const struct model *m, int64_t item)
{
    return item <= m->n && m->state[item] == 'P';
}

static int64_t model_bundle(const struct model *m, int64_t first)
{
    int64_t n = 1;

    while (model_pending(m, first + n) && m->joined[first + n])
        n++;
    return n;
}

/* What lease.h says is granted next. */
static struct vx_lease model_next(const struct model *m, int64_t all)
{
    const int64_t quarter = all / 4 / MODEL_WORKERS;
    struct vx_lease next = {0};
    int64_t heaviest = 0;

    for (int64_t i = m->n; i >= 1; i--)
        if (m->state[i] == 'P') {
            next.first = i;
            heaviest = m->weight[i] >= heaviest ? m->weight[i] : heaviest;
        }
    if (heaviest > quarter)
        for (next.first = 1; m->state[next.first] != 'P' || m->weight[next.first] != heaviest;)
            next.first++;
    for (next.count = model_bundle(m, next.first); heaviest <= quarter && model_pending(m, next.first + next.count);) {
        const int64_t more = next.count + model_bundle(m, next.first + next.count);
        if (more > 40 || model_weight(m, next.first, more) > quarter)
            break;
        next.count = more;
    }
    return next;
}

static void step_grant(struct model *m, struct vx_leases *l, int worker)
{
    struct vx_lease lease = {0}, want = {0};
    int64_t all = 0, held = 0;
    struct vx_err err;

    for (int64_t i = 1; i <= m->n; i++)
        all += m->state[i] == 'P' ? model_weight(m, i, 1) : 0;
    for (int64_t i = 1; i <= m->n_leases; i++)
        if (m->lease[i].open && m->lease[i].worker == worker)
            held += m->lease[i].weight;
    if (all > 0)
        want = model_next(m, all);
    const int64_t weight = model_weight(m, want.first, want.count);
    const bool fair = held == 0 || held + weight <= all / MODEL_WORKERS;
    const enum vx_status rc = vx_leases_grant(l, worker, MODEL_WORKERS, (double)m->n_leases, &lease, &err);
    assert_int_equal(rc, all > 0 && fair ? VX_OK : VX_DONE);
    if (rc != VX_OK)
        return;
    assert_int_equal(lease.id, m->n_leases + 1);
    assert_int_equal(lease.first, want.first);
    assert_int_equal(lease.count, want.count);
    model_set(m, &lease, 'P', 'L');
    m->n_leases++;
    m->lease[m->n_leases].lease = lease;
    m->lease[m->n_leases].weight = weight;
    m->lease[m->n_leases].worker = worker;
    m->lease[m->n_leases].open = true;
}

/* Up to 1,000 of weights that are known exactly, a few heavy ones. */
static void step_weigh(struct model *m, struct vx_leases *l)
{
    const int64_t item = rand() % (MODEL_ITEMS + 2), weight = rand() % 50 == 0 ? 1024 * (1 + rand() % 1000) : rand() % 1000;
    const bool ok = item >= 1 && item <= m->n;
    struct vx_err err;

    assert_int_equal(vx_leases_weigh(l, item, weight, &err), ok ? VX_OK : VX_EINVAL);
    if (ok)
        m->weight[item] = weight;
}

/* Bundles of two mostly, some far larger than a lease otherwise is. */
static void step_join(struct model *m, struct vx_leases *l)
{
    const int64_t item = rand() % (MODEL_ITEMS + 2), end = item + (rand() % 8 == 0 ? 60 : 1);
    struct vx_err err;

    for (int64_t i = item; i < end; i++) {
        const bool ok = i >= 2 && i <= m->n;
        assert_int_equal(vx_leases_join(l, i, &err), ok ? VX_OK : VX_EINVAL);
        if (ok)
            m->joined[i] = true;
    }
}

static void step_complete(struct model *m, struct vx_leases *l, int worker)
{
    const int64_t id = m->n_leases ? m->n_leases - rand() % (m->n_leases < 12 ? m->n_leases : 12) : 1;
    const bool mine = m->n_leases && m->lease[id].open && m->lease[id].worker == worker;
    struct vx_err err;

    assert_int_equal(vx_leases_complete(l, worker, id, &err), mine ? VX_OK : VX_EINVAL);
    if (!mine)
        return;
    m->lease[id].open = false;
    model_set(m, &m->lease[id].lease, 'L', 'D');
}

static void step_lose(struct model *m, struct vx_leases *l, int worker)
{
    int lost = 0;

    for (int64_t i = 1; i <= m->n_leases; i++)
        if (m->lease[i].open && m->lease[i].worker == worker) {
            m->lease[i].open = false;
            model_set(m, &m->lease[i].lease, 'L', 'P');
            lost++;
        }
    assert_int_equal(vx_leases_lose_worker(l, worker), lost);
}

static void step_mark_done(struct model *m, struct vx_leases *l)
{
    const int64_t item = rand() % (MODEL_ITEMS + 2);
    const bool ok = item >= 1 && item <= m->n && m->state[item] != 'L';
    struct vx_err err;

    assert_int_equal(vx_leases_mark_done(l, item, &err), ok ? VX_OK : VX_EINVAL);
    if (ok)
        m->state[item] = 'D';
}

static void step_extend(struct model *m, struct vx_leases *l)
{
    const int64_t n = m->n - 2 + rand() % 60;
    struct vx_err err;

    if (n > MODEL_ITEMS)
        return;
    assert_int_equal(vx_leases_extend(l, n, &err), n < m->n ? VX_EINVAL : VX_OK);
    for (; m->n < n; m->n++)
        m->state[m->n + 1] = 'P';
}

static void test_against_model(void **state)
{
    const char *given = getenv("VX_TEST_SEED");
    const unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)(vx_clock_now() * 1e6);
    struct vx_err err;
    (void)state;

    print_message("VX_TEST_SEED=%u\n", seed);
    srand(seed);
    for (int round = 0; round < 30; round++) {
        struct model *m = calloc(1, sizeof *m);
        struct vx_leases *l;
        assert_non_null(m);
        assert_int_equal(vx_leases_create(&l, 40, &err), VX_OK);
        for (int step = 0; step < 1000; step++) {
            const int worker = rand() % MODEL_WORKERS, what = rand() % 100;
            if (what < 40)
                step_grant(m, l, worker);
            else if (what < 50)
                step_weigh(m, l);
            else if (what < 53)
                step_join(m, l);
            else if (what < 85)
                step_complete(m, l, worker);
            else if (what < 88)
                step_lose(m, l, worker);
            else if (what < 93)
                step_mark_done(m, l);
            else
                step_extend(m, l);
            compare(m, l);
        }
        vx_leases_close(l);
        for (int worker = 0; worker < MODEL_WORKERS; worker++)
            step_lose(m, l, worker);
        while (!vx_leases_finished(l)) { /* what is left, by one worker */
            struct vx_lease lease;
            assert_int_equal(vx_leases_grant(l, 0, 1, 0, &lease, &err), VX_OK);
            model_set(m, &lease, 'P', 'D');
            assert_int_equal(vx_leases_complete(l, 0, lease.id, &err), VX_OK);
        }
        for (int64_t i = 1; i <= m->n; i++)
            assert_int_equal(m->state[i], 'D');
        vx_leases_destroy(&l);
        free(m);
    }
}

/* Millions of items pass in well under a second, holes and losses included. */
static void test_millions(void **state)
{
    enum { ITEMS = 5000000 };
    struct vx_leases *l = leases_of(ITEMS, 256);
    const double start = vx_clock_now();
    struct vx_lease lease;
    struct vx_err err;
    int64_t granted = 0, n = 0;
    (void)state;

    for (int64_t i = 1; i <= ITEMS; i += 3)
        assert_int_equal(vx_leases_mark_done(l, i, &err), VX_OK);
    vx_leases_close(l);
    while (vx_leases_grant(l, (int)(n % 64), 64, 0, &lease, &err) == VX_OK) {
        granted += lease.count;
        if (++n % 100000 == 0)
            granted -= 2 * (int64_t)vx_leases_lose_worker(l, (int)(lease.id % 64));
        else
            assert_int_equal(vx_leases_complete(l, (int)((n - 1) % 64), lease.id, &err), VX_OK);
    }
    for (int w = 0; w < 64; w++)
        granted -= 2 * (int64_t)vx_leases_lose_worker(l, w);
    while (vx_leases_grant(l, 0, 1, 0, &lease, &err) == VX_OK) {
        granted += lease.count;
        assert_int_equal(vx_leases_complete(l, 0, lease.id, &err), VX_OK);
    }
    assert_true(vx_leases_finished(l));
    assert_int_equal(granted, ITEMS - (ITEMS + 2) / 3);
    print_message("%lld leases over %d items in %.2f s\n", (long long)n, ITEMS, vx_clock_now() - start);
    vx_leases_destroy(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create),      cmocka_unit_test(test_extend_and_close),
        cmocka_unit_test(test_mark_done),   cmocka_unit_test(test_grant_sizes),
        cmocka_unit_test(test_weights),     cmocka_unit_test(test_guess), cmocka_unit_test(test_bundles),
        cmocka_unit_test(test_complete_and_lose), cmocka_unit_test(test_suspects), cmocka_unit_test(test_held),
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_millions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
