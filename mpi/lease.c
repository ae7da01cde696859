/* Two bits an item say pending, done or (neither) leased; a run of pending items is found by looking at 64 at a time
 * from a cursor below which nothing is pending. Open leases lie in an array in the order of their ids, which is the
 * order of granting.
 *
 * grant O(items passed / 64 + size / 64), which over a whole run adds up to O(n / 64); a lost worker takes the cursor
 * back, O(n / 64) more at worst, 0.1 ms for ten million items. mark_done O(1). complete O(size / 64 + open leases). */
#include "mpi/lease.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct word { /* of 64 items; item i is bit (i-1) % 64 of word (i-1) / 64 */
    uint64_t pending, done;
};

struct open_lease {
    struct vx_lease lease;
    int worker;
    double granted; /* the caller's clock */
};

struct vx_leases {
    int64_t max_items;
    int64_t n_items, n_pending, n_done;
    struct word *word; /* [cap_words], those of n_items in use */
    size_t cap_words;
    size_t cursor; /* no pending item in the words before this one */
    struct open_lease *open; /* [n_open], ascending id */
    size_t n_open, cap_open;
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
    *out = l;
    return VX_OK;
}

void vx_leases_destroy(struct vx_leases **leases)
{
    if (!*leases)
        return;
    free((*leases)->word);
    free((*leases)->open);
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

enum state { PENDING, LEASED, DONE };

/* Counts are the caller's business. */
static void set_state(struct vx_leases *l, int64_t first, int64_t count, enum state state)
{
    const size_t last = (size_t)(first + count - 2) / 64;

    for (size_t w = (size_t)(first - 1) / 64; w <= last; w++) {
        const uint64_t mask = mask_of(w, first, count);
        l->word[w].pending = state == PENDING ? l->word[w].pending | mask : l->word[w].pending & ~mask;
        l->word[w].done = state == DONE ? l->word[w].done | mask : l->word[w].done & ~mask;
    }
}

static void make_pending(struct vx_leases *l, int64_t first, int64_t count)
{
    const size_t w = (size_t)(first - 1) / 64;

    set_state(l, first, count, PENDING);
    l->n_pending += count;
    if (w < l->cursor)
        l->cursor = w;
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
    if (n_items == INT64_MAX || vx_grow(&p, &leases->cap_words, (size_t)(n_items - 1) / 64 + 1, sizeof(struct word)))
        return vx_fail_nomem(err, "the state of the items");
    leases->word = p;
    memset(leases->word + old_cap, 0, (leases->cap_words - old_cap) * sizeof(struct word));
    leases->n_items = n_items;
    make_pending(leases, old + 1, n_items - old);
    return VX_OK;
}

void vx_leases_close(struct vx_leases *leases)
{
    leases->closed = true;
}

enum vx_status vx_leases_mark_done(struct vx_leases *leases, int64_t item, struct vx_err *err)
{
    if (item < 1 || item > leases->n_items)
        return vx_fail(err, VX_EINVAL, "item %lld of an earlier run is not in the list of %lld items", (long long)item,
                       (long long)leases->n_items);
    const struct word *w = &leases->word[(item - 1) / 64];
    const uint64_t bit = (uint64_t)1 << ((item - 1) % 64);
    if (w->done & bit) /* two shards may hold the same item: a lost worker had finished it after all */
        return VX_OK;
    if (!(w->pending & bit))
        return vx_fail(err, VX_EINVAL, "item %lld is leased: items of an earlier run are marked before granting",
                       (long long)item);
    set_state(leases, item, 1, DONE);
    leases->n_pending--;
    leases->n_done++;
    return VX_OK;
}

/* How many items from `item` on are pending, counting no further than want. */
static int64_t pending_run(const struct vx_leases *l, int64_t item, int64_t want)
{
    int64_t n = 0;

    while (n < want && item + n <= l->n_items) {
        const int64_t i = item + n - 1;
        const uint64_t here = ~(l->word[i / 64].pending >> (i % 64)); /* zeros: pending */
        const int64_t ones = here ? __builtin_ctzll(here) : 64;
        n += ones;
        if (ones < 64 - i % 64) /* ends within this word */
            break;
    }
    return n < want ? n : want;
}

enum vx_status vx_leases_grant(struct vx_leases *leases, int worker, int n_workers, double now, struct vx_lease *out,
                               struct vx_err *err)
{
    void *p = leases->open;
    int64_t want, first;

    if (worker < 0 || n_workers < 1)
        return vx_fail(err, VX_EINVAL, "a lease for worker %d of %d", worker, n_workers);
    if (leases->n_pending == 0)
        return VX_DONE;
    if (vx_grow(&p, &leases->cap_open, leases->n_open + 1, sizeof *leases->open))
        return vx_fail_nomem(err, "a lease");
    leases->open = p;

    while (!leases->word[leases->cursor].pending)
        leases->cursor++;
    first = (int64_t)leases->cursor * 64 + __builtin_ctzll(leases->word[leases->cursor].pending) + 1;
    want = leases->n_pending / 4 / n_workers;
    want = want < 1 ? 1 : want > leases->max_items ? leases->max_items : want;
    *out = (struct vx_lease){.id = ++leases->last_id, .first = first, .count = pending_run(leases, first, want)};

    set_state(leases, out->first, out->count, LEASED);
    leases->n_pending -= out->count;
    leases->open[leases->n_open++] = (struct open_lease){.lease = *out, .worker = worker, .granted = now};
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

enum vx_status vx_leases_complete(struct vx_leases *leases, int worker, int64_t lease, struct vx_err *err)
{
    const size_t i = find_open(leases, lease);

    if (i == leases->n_open)
        return vx_fail(err, VX_EINVAL, "lease %lld is not open", (long long)lease);
    const struct open_lease o = leases->open[i];
    if (o.worker != worker)
        return vx_fail(err, VX_EINVAL, "lease %lld is held by worker %d, not by %d", (long long)lease, o.worker, worker);
    set_state(leases, o.lease.first, o.lease.count, DONE);
    leases->n_done += o.lease.count;
    leases->n_open--;
    memmove(&leases->open[i], &leases->open[i + 1], (leases->n_open - i) * sizeof *leases->open);
    return VX_OK;
}

int vx_leases_lose_worker(struct vx_leases *leases, int worker)
{
    size_t kept = 0;
    int lost = 0;

    for (size_t i = 0; i < leases->n_open; i++) {
        const struct open_lease o = leases->open[i];
        if (o.worker == worker) {
            make_pending(leases, o.lease.first, o.lease.count);
            lost++;
        } else {
            leases->open[kept++] = o;
        }
    }
    leases->n_open = kept;
    return lost;
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
        .leased = leases->n_items - leases->n_pending - leases->n_done,
        .done = leases->n_done,
        .leases_open = (int64_t)leases->n_open,
        .oldest_grant = leases->n_open ? leases->open[0].granted : 0,
    };
}
