/* Three bits an item say pending, done, held or (none) leased, a fourth that it is a suspect, a fifth that it is joined to the
 * one before; a run of pending items is found
 * by looking at 64 at a time from a cursor below which nothing is pending, and a second cursor does it for suspects. Open
 * leases lie in an array in the order of their ids, which is the order of granting; one that is over stays there as a gap
 * until gaps are the most.
 *
 * grant O(items passed / 64 + size), which over a whole run adds up to O(n); a lost worker takes the cursor back,
 * O(n / 64) more at worst, 0.1 ms for ten million items. mark_done O(1). complete O(size / 64 + log open leases).
 *
 * Sizes: guided self-scheduling (Polychronopoulos and Kuck 1987) by weight, with the heaviest first (Graham 1969) as soon as
 * they are too heavy to come by chance: what is pending, an equal share for each worker, a quarter of that is a lease. An
 * item heavier than that goes before all others, alone. So in the end light ones are left, to level out with. */
#include "mpi/lease.h"
#include "base/mem.h"
#include "mpi/weight.h"

#include <stdlib.h>
#include <string.h>

struct word { /* of 64 items; item i is bit (i-1) % 64 of word (i-1) / 64 */
    uint64_t pending, done, held, suspect;
    uint64_t joined; /* with the item before */
};

enum { LEASES_A_SHARE = 4, MAX_WEIGHT = 3600000, NOBODY = -1 };

struct open_lease {
    struct vx_lease lease;
    int64_t weight; /* ms */
    double granted; /* the caller's clock */
    int worker;     /* NOBODY: a gap */
};

struct holder { /* a worker, and what it holds */
    int64_t weight;
    int leases;
    bool alone;
};

struct vx_leases {
    int64_t max_items;
    int64_t n_items, n_pending, n_done, n_held;
    int64_t n_suspect;  /* of those pending */
    int64_t weight;     /* ms, of those pending but suspects */
    struct word *word;  /* [cap_words], those of n_items in use */
    size_t cap_words;
    struct vx_weights *weights; /* in: pending but suspects */
    size_t cursor;         /* no pending item but suspects in the words before this one */
    size_t suspect_cursor; /* no pending suspect in the words before this one */
    struct open_lease *open; /* [n_open], ascending id */
    size_t n_open, cap_open, n_gaps;
    size_t oldest; /* the first that is no gap, n_open: none */
    struct holder *holder; /* [cap_holders], by worker */
    size_t cap_holders;
    int64_t last_id;
    bool closed;
};

enum vx_status vx_leases_create(struct vx_leases **out, int64_t max_items, struct vx_err *err)
{
    struct vx_leases *l;

    *out = NULL;
    if (max_items < 1)
        return vx_fail(err, VX_EINVAL, "a lease of at most %lld items, expected 1 or more", (long long)max_items);
    if (!(l = vx_calloc(1, sizeof *l)))
        return vx_fail_nomem(err, "the leases");
    l->max_items = max_items;
    if (vx_weights_create(&l->weights, err) != VX_OK) {
        free(l);
        return err->status;
    }
    *out = l;
    return VX_OK;
}

void vx_leases_destroy(struct vx_leases **leases)
{
    if (!*leases)
        return;
    free((*leases)->word);
    free((*leases)->open);
    free((*leases)->holder);
    vx_weights_destroy(&(*leases)->weights);
    free(*leases);
    *leases = NULL;
}

/* The bits of word w that belong to items first … first+count-1. */
static uint64_t mask_of(size_t w, int64_t first, int64_t count)
{
    const int64_t base = (int64_t)w * 64, from = first - 1 - base, to = from + count; /* bits from … to-1 */
    uint64_t mask = ~(uint64_t)0;

    if (from > 0)
        mask <<= from;
    if (to < 64)
        mask &= ((uint64_t)1 << to) - 1;
    return mask;
}

static uint64_t plain(const struct word *word) /* pending, and no suspects */
{
    return word->pending & ~word->suspect;
}

enum state { PENDING, LEASED, DONE, HELD };

static uint64_t with(uint64_t bits, uint64_t mask, bool set)
{
    return set ? bits | mask : bits & ~mask;
}

/* The items of mask in word w come to those that are pending and no suspects, or go from them. */
static void move_plain(struct vx_leases *l, size_t w, uint64_t mask, bool in)
{
    const int64_t weight = vx_weights_sum(l->weights, w, mask);

    l->weight += in ? weight : -weight;
    if (in)
        vx_weights_in(l->weights, w, mask);
    else
        vx_weights_out(l->weights, w, mask, plain(&l->word[w]));
}

/* The items of mask in word w, all of them in state `from`, go to state `to`; keeps the counts. */
static void move(struct vx_leases *l, size_t w, uint64_t mask, enum state from, enum state to)
{
    struct word *const word = &l->word[w];
    const int64_t n = __builtin_popcountll(mask), suspects = __builtin_popcountll(mask & word->suspect);

    word->pending = with(word->pending, mask, to == PENDING);
    word->done = with(word->done, mask, to == DONE);
    word->held = with(word->held, mask, to == HELD);
    l->n_pending += (to == PENDING ? n : 0) - (from == PENDING ? n : 0);
    l->n_suspect += (to == PENDING ? suspects : 0) - (from == PENDING ? suspects : 0);
    l->n_done += (to == DONE ? n : 0) - (from == DONE ? n : 0);
    l->n_held += (to == HELD ? n : 0) - (from == HELD ? n : 0);
    if (suspects < n && (from == PENDING) != (to == PENDING))
        move_plain(l, w, mask & ~word->suspect, to == PENDING);
    if (to != PENDING)
        return;
    if (suspects < n && w < l->cursor)
        l->cursor = w;
    if (suspects > 0 && w < l->suspect_cursor)
        l->suspect_cursor = w;
}

/* Those of first … first+count-1 that are in state `from` go to state `to`. */
static void move_range(struct vx_leases *l, int64_t first, int64_t count, enum state from, enum state to)
{
    const size_t last = (size_t)(first + count - 2) / 64;

    for (size_t w = (size_t)(first - 1) / 64; w <= last; w++) {
        const struct word *const word = &l->word[w];
        const uint64_t in[] = {[PENDING] = word->pending, [DONE] = word->done, [HELD] = word->held,
                               [LEASED] = ~(word->pending | word->done | word->held)};
        const uint64_t mask = mask_of(w, first, count) & in[from];
        if (mask)
            move(l, w, mask, from, to);
    }
}

enum vx_status vx_leases_extend(struct vx_leases *leases, int64_t n_items, struct vx_err *err)
{
    const int64_t old = leases->n_items;
    const size_t old_cap = leases->cap_words;
    void *p = leases->word;

    if (n_items < old)
        return vx_fail(err, VX_EINVAL, "%lld items after %lld: a list only grows", (long long)n_items, (long long)old);
    if (n_items == old)
        return VX_OK;
    if (leases->closed)
        return vx_fail(err, VX_EINVAL, "%lld items after the list was closed at %lld", (long long)n_items,
                       (long long)old);
    if (n_items == INT64_MAX || vx_weights_extend(leases->weights, (size_t)(n_items - 1) / 64 + 1, err) != VX_OK ||
        vx_grow(&p, &leases->cap_words, (size_t)(n_items - 1) / 64 + 1, sizeof(struct word)))
        return vx_fail_nomem(err, "the state of the items");
    leases->word = p;
    memset(leases->word + old_cap, 0, (leases->cap_words - old_cap) * sizeof(struct word));
    leases->n_items = n_items;
    move_range(leases, old + 1, n_items - old, LEASED, PENDING); /* all bits are 0 */
    return VX_OK;
}

void vx_leases_close(struct vx_leases *leases)
{
    leases->closed = true;
}

static bool within(const struct vx_leases *l, int64_t first, int64_t count)
{
    return first >= 1 && count >= 1 && first <= l->n_items && count <= l->n_items - first + 1;
}

static enum vx_status not_listed(const struct vx_leases *l, int64_t item, struct vx_err *err)
{
    return vx_fail(err, VX_EINVAL, "item %lld of an earlier run is not in the list of %lld items", (long long)item,
                   (long long)l->n_items);
}

static enum vx_status too_late(int64_t item, struct vx_err *err)
{
    return vx_fail(err, VX_EINVAL, "item %lld is leased: items of an earlier run are marked before granting", (long long)item);
}

static enum state state_of(const struct vx_leases *l, int64_t item)
{
    const struct word *const w = &l->word[(item - 1) / 64];
    const uint64_t bit = (uint64_t)1 << ((item - 1) % 64);

    return w->done & bit ? DONE : w->pending & bit ? PENDING : w->held & bit ? HELD : LEASED;
}

enum vx_status vx_leases_mark_done(struct vx_leases *leases, int64_t item, struct vx_err *err)
{
    if (!within(leases, item, 1))
        return not_listed(leases, item, err);
    const enum state state = state_of(leases, item);
    if (state == LEASED)
        return too_late(item, err);
    move_range(leases, item, 1, state, DONE); /* done twice: a lost worker had finished it after all */
    return VX_OK;
}

enum vx_status vx_leases_hold(struct vx_leases *leases, int64_t first, int64_t count, struct vx_err *err)
{
    if (!within(leases, first, count))
        return not_listed(leases, first, err);
    for (size_t i = 0; i < leases->n_open; i++) {
        const struct vx_lease *const o = &leases->open[i].lease;
        if (leases->open[i].worker != NOBODY && o->first < first + count && first < o->first + o->count)
            return too_late(o->first, err);
    }
    move_range(leases, first, count, PENDING, HELD);
    return VX_OK;
}

void vx_leases_release(struct vx_leases *leases, int64_t first, int64_t count)
{
    if (within(leases, first, count))
        move_range(leases, first, count, HELD, PENDING);
}

enum vx_status vx_leases_forget(struct vx_leases *leases, int64_t item, struct vx_err *err)
{
    if (!within(leases, item, 1))
        return not_listed(leases, item, err);
    const enum state state = state_of(leases, item);
    if (state == LEASED)
        return too_late(item, err);
    move_range(leases, item, 1, state, HELD);
    leases->word[(item - 1) / 64].suspect &= ~((uint64_t)1 << ((item - 1) % 64)); /* another file, not yet suspected */
    return VX_OK;
}

bool vx_leases_is_done(const struct vx_leases *leases, int64_t item)
{
    return !within(leases, item, 1) || state_of(leases, item) == DONE;
}

enum vx_status vx_leases_suspect(struct vx_leases *leases, int64_t item, struct vx_err *err)
{
    if (!within(leases, item, 1))
        return not_listed(leases, item, err);
    const enum state state = state_of(leases, item);
    if (state == LEASED)
        return too_late(item, err);
    move_range(leases, item, 1, state, HELD); /* so that the counts of what is pending are kept by move() */
    leases->word[(item - 1) / 64].suspect |= (uint64_t)1 << ((item - 1) % 64);
    move_range(leases, item, 1, HELD, state);
    return VX_OK;
}

enum vx_status vx_leases_weigh(struct vx_leases *leases, int64_t item, int64_t ms, struct vx_err *err)
{
    if (!within(leases, item, 1))
        return not_listed(leases, item, err);
    const size_t w = (size_t)(item - 1) / 64;
    const int bit = (int)((item - 1) % 64);
    const uint64_t in = plain(&leases->word[w]), mask = in & (uint64_t)1 << bit;

    leases->weight -= vx_weights_sum(leases->weights, w, mask);
    vx_weights_set(leases->weights, w, bit, ms, in);
    leases->weight += vx_weights_sum(leases->weights, w, mask);
    return VX_OK;
}

static int64_t weight_of(const struct vx_leases *l, const struct vx_lease *lease)
{
    const size_t last = (size_t)(lease->first + lease->count - 2) / 64;
    int64_t weight = 0;

    for (size_t w = (size_t)(lease->first - 1) / 64; w <= last; w++)
        weight += vx_weights_sum(l->weights, w, mask_of(w, lease->first, lease->count));
    return weight;
}

enum vx_status vx_leases_join(struct vx_leases *leases, int64_t item, struct vx_err *err)
{
    if (!within(leases, item, 1) || item == 1)
        return not_listed(leases, item, err);
    leases->word[(item - 1) / 64].joined |= (uint64_t)1 << ((item - 1) % 64);
    return VX_OK;
}

static bool is_plain(const struct vx_leases *l, int64_t item)
{
    return item <= l->n_items && plain(&l->word[(item - 1) / 64]) >> ((item - 1) % 64) & 1;
}

/* How many of the pending items from `item` on, which is one, are joined to it. */
static struct vx_lease bundle_from(const struct vx_leases *l, int64_t item)
{
    int64_t next = item + 1;

    while (is_plain(l, next) && l->word[(next - 1) / 64].joined >> ((next - 1) % 64) & 1)
        next++;
    return (struct vx_lease){.first = item, .count = next - item};
}

/* The run of pending items, no suspects, from `item` on: up to max_items of together at most max_weight, but one bundle at
 * least. */
static struct vx_lease run_from(const struct vx_leases *l, int64_t item, int64_t max_items, int64_t max_weight)
{
    int64_t n = 0, weight = 0;

    while (n < max_items && is_plain(l, item + n)) {
        const struct vx_lease bundle = bundle_from(l, item + n);
        weight += weight_of(l, &bundle);
        if (n > 0 && (weight > max_weight || n + bundle.count > max_items))
            break;
        n += bundle.count;
    }
    return (struct vx_lease){.first = item, .count = n};
}

/* What comes next; more than suspects must be pending. An only worker needs nothing to level out with. */
static struct vx_lease next_run(struct vx_leases *l, int n_workers)
{
    const int64_t quarter = n_workers == 1 ? l->weight : l->weight / LEASES_A_SHARE / n_workers;
    int64_t heaviest;
    const size_t at = vx_weights_heaviest(l->weights, &heaviest);

    if (n_workers > 1 && heaviest > quarter)
        return bundle_from(l, (int64_t)at * 64 + 1 + vx_weights_find(l->weights, at, plain(&l->word[at]), heaviest));
    while (!plain(&l->word[l->cursor]))
        l->cursor++;
    return run_from(l, (int64_t)l->cursor * 64 + __builtin_ctzll(plain(&l->word[l->cursor])) + 1, l->max_items,
                    quarter < MAX_WEIGHT ? quarter : MAX_WEIGHT);
}

/* A suspect must be pending. */
static struct vx_lease next_suspect(struct vx_leases *l)
{
    while (!(l->word[l->suspect_cursor].pending & l->word[l->suspect_cursor].suspect))
        l->suspect_cursor++;
    const uint64_t bits = l->word[l->suspect_cursor].pending & l->word[l->suspect_cursor].suspect;
    return (struct vx_lease){.first = (int64_t)l->suspect_cursor * 64 + __builtin_ctzll(bits) + 1, .count = 1, .alone = true};
}

/* May a worker get this lease beside what it holds? A suspect must be alone, before and after. And what waits for a worker that
 * holds a fair share already is done sooner by another. */
static bool may_have(const struct vx_leases *l, const struct holder *h, const struct vx_lease *lease, int64_t weight, int n_workers)
{
    if (h->leases == 0)
        return true;
    if (h->alone || lease->alone)
        return false;
    return n_workers == 1 || h->weight + weight <= l->weight / n_workers;
}

enum vx_status vx_leases_grant(struct vx_leases *leases, int worker, int n_workers, double now, struct vx_lease *out,
                               struct vx_err *err)
{
    const size_t old_holders = leases->cap_holders;
    void *open = leases->open, *holders = leases->holder;

    if (worker < 0 || n_workers < 1)
        return vx_fail(err, VX_EINVAL, "a lease for worker %d of %d", worker, n_workers);
    if (leases->n_pending == 0)
        return VX_DONE;
    if (vx_grow(&holders, &leases->cap_holders, (size_t)worker + 1, sizeof *leases->holder) != 0)
        return vx_fail_nomem(err, "a lease");
    leases->holder = holders;
    memset(leases->holder + old_holders, 0, (leases->cap_holders - old_holders) * sizeof *leases->holder);
    if (vx_grow(&open, &leases->cap_open, leases->n_open + 1, sizeof *leases->open) != 0)
        return vx_fail_nomem(err, "a lease");
    leases->open = open;
    struct holder *const h = &leases->holder[worker];
    const bool alone = leases->n_pending == leases->n_suspect;
    const struct vx_lease next = alone ? next_suspect(leases) : next_run(leases, n_workers);
    const int64_t weight = weight_of(leases, &next);
    if (!may_have(leases, h, &next, weight, n_workers))
        return VX_DONE;
    *out = next;
    out->id = ++leases->last_id;
    move_range(leases, out->first, out->count, PENDING, LEASED);
    h->leases++;
    h->weight += weight;
    h->alone = alone;
    leases->open[leases->n_open++] = (struct open_lease){.lease = *out, .weight = weight, .worker = worker, .granted = now};
    return VX_OK;
}

/* Position of lease id among the open ones, n_open when it is not there. */
static size_t find_open(const struct vx_leases *l, int64_t id)
{
    size_t low = 0, high = l->n_open;

    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (l->open[mid].lease.id < id)
            low = mid + 1;
        else
            high = mid;
    }
    return low < l->n_open && l->open[low].lease.id == id ? low : l->n_open;
}

static void close_gaps(struct vx_leases *l)
{
    size_t kept = 0;

    while (l->oldest < l->n_open && l->open[l->oldest].worker == NOBODY)
        l->oldest++;
    if (l->n_gaps <= l->n_open / 2)
        return;
    for (size_t i = l->oldest; i < l->n_open; i++)
        if (l->open[i].worker != NOBODY)
            l->open[kept++] = l->open[i];
    l->n_open = kept;
    l->n_gaps = l->oldest = 0;
}

enum vx_status vx_leases_complete(struct vx_leases *leases, int worker, int64_t lease, struct vx_err *err)
{
    const size_t i = find_open(leases, lease);

    if (i == leases->n_open || leases->open[i].worker == NOBODY)
        return vx_fail(err, VX_EINVAL, "lease %lld is not open", (long long)lease);
    const struct open_lease o = leases->open[i];
    if (o.worker != worker)
        return vx_fail(err, VX_EINVAL, "lease %lld is held by worker %d, not by %d", (long long)lease, o.worker, worker);
    move_range(leases, o.lease.first, o.lease.count, LEASED, DONE);
    leases->holder[worker].leases--;
    leases->holder[worker].weight -= o.weight;
    leases->holder[worker].alone = false;
    leases->open[i].worker = NOBODY;
    leases->n_gaps++;
    close_gaps(leases);
    return VX_OK;
}

/* Takes the worker's leases out of the open ones; held may be NULL, else has room for them. */
static int take_back(struct vx_leases *l, int worker, struct vx_lease *held)
{
    int n = 0;

    for (size_t i = 0; i < l->n_open; i++) {
        struct open_lease *const o = &l->open[i];
        if (o->worker != worker)
            continue;
        if (held)
            held[n] = o->lease;
        else
            move_range(l, o->lease.first, o->lease.count, LEASED, PENDING);
        o->worker = NOBODY;
        l->n_gaps++;
        n++;
    }
    if (n > 0)
        l->holder[worker] = (struct holder){0};
    close_gaps(l);
    return n;
}

int vx_leases_lose_worker(struct vx_leases *leases, int worker)
{
    return take_back(leases, worker, NULL);
}

enum vx_status vx_leases_blame_worker(struct vx_leases *leases, int worker, struct vx_lease **held, size_t *n,
                                      struct vx_err *err)
{
    size_t holds = 0;

    *n = 0;
    for (size_t i = 0; i < leases->n_open; i++)
        holds += leases->open[i].worker == worker;
    if (!(*held = vx_calloc(holds, sizeof **held)))
        return vx_fail_nomem(err, "the leases of a lost worker");
    *n = (size_t)take_back(leases, worker, *held);
    for (size_t i = 0; i < *n; i++) {
        const struct vx_lease *const lease = &(*held)[i];
        const size_t last = (size_t)(lease->first + lease->count - 2) / 64;
        for (size_t w = (size_t)(lease->first - 1) / 64; w <= last; w++)
            leases->word[w].suspect |= mask_of(w, lease->first, lease->count);
        move_range(leases, lease->first, lease->count, LEASED, lease->alone ? DONE : PENDING);
    }
    return VX_OK;
}

bool vx_leases_finished(const struct vx_leases *leases)
{
    return leases->closed && leases->n_done == leases->n_items;
}

struct vx_lease_counts vx_leases_counts(const struct vx_leases *leases)
{
    return (struct vx_lease_counts){
        .items = leases->n_items,
        .pending = leases->n_pending,
        .leased = leases->n_items - leases->n_pending - leases->n_done - leases->n_held,
        .done = leases->n_done,
        .held = leases->n_held,
        .leases_open = (int64_t)(leases->n_open - leases->n_gaps),
        .oldest_grant = leases->oldest < leases->n_open ? leases->open[leases->oldest].granted : 0,
    };
}
