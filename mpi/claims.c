/* Two arrays: by item what it has claimed, and an open-addressed table of the items that are scored for a content, found by
 * the content, which the first array has. Linear probing, removal by moving back what follows. Forgetting is rare, so what was
 * left behind is looked for only then: `left` says whether any content lost its item. */
#include "mpi/claims.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_SLOTS = 1024 };

struct vx_claims {
    struct vx_hash_key *of; /* [cap_of] by item; both 0: nothing */
    size_t cap_of;
    int64_t last;    /* the largest item that ever claimed */
    int64_t *slot;   /* [n_slots] items; 0: free */
    size_t n_slots;  /* a power of 2 */
    size_t n_used;
    bool left;       /* a content may be without its item */
};

enum vx_status vx_claims_create(struct vx_claims **out, struct vx_err *err)
{
    struct vx_claims *c = vx_calloc(1, sizeof *c);

    *out = NULL;
    if (!c || !(c->slot = vx_calloc(FIRST_SLOTS, sizeof *c->slot))) {
        free(c);
        return vx_fail_nomem(err, "the contents of the items");
    }
    c->n_slots = FIRST_SLOTS;
    *out = c;
    return VX_OK;
}

void vx_claims_destroy(struct vx_claims **claims)
{
    if (!*claims)
        return;
    free((*claims)->of);
    free((*claims)->slot);
    free(*claims);
    *claims = NULL;
}

struct vx_hash_key vx_claims_key(enum vx_item_kind kind, const char *name, const char *hash)
{
    char prefix[16], suffix[VX_ITEM_SUFFIX] = "";

    if (strncmp(hash, "pcm-", 4) != 0)
        vx_item_suffix(name, suffix);
    snprintf(prefix, sizeof prefix, "%d %s", (int)kind, suffix);
    return vx_hash_key(prefix, hash);
}

static bool same(struct vx_hash_key a, struct vx_hash_key b)
{
    return a.high == b.high && a.low == b.low;
}

static bool none(struct vx_hash_key key)
{
    return key.high == 0 && key.low == 0;
}

/* Where key's item is, or the free slot where it would be. */
static size_t find(const struct vx_claims *c, struct vx_hash_key key)
{
    size_t at = (size_t)key.low & (c->n_slots - 1);

    while (c->slot[at] != 0 && !same(c->of[c->slot[at]], key))
        at = (at + 1) & (c->n_slots - 1);
    return at;
}

static enum vx_status grow(struct vx_claims *c, struct vx_err *err)
{
    int64_t *const old = c->slot;
    const size_t n = c->n_slots;
    int64_t *const new = vx_calloc(2 * n, sizeof *new);

    if (!new)
        return vx_fail_nomem(err, "the contents of the items");
    c->slot = new;
    c->n_slots = 2 * n;
    for (size_t i = 0; i < n; i++)
        if (old[i] != 0)
            c->slot[find(c, c->of[old[i]])] = old[i];
    free(old);
    return VX_OK;
}

/* Room for item, and for one slot more. */
static enum vx_status make_room(struct vx_claims *c, int64_t item, struct vx_err *err)
{
    const size_t old = c->cap_of;
    void *of = c->of;

    if (item < 1 || item >= INT64_MAX / (int64_t)sizeof *c->of || vx_grow(&of, &c->cap_of, (size_t)item + 1, sizeof *c->of) != 0)
        return vx_fail_nomem(err, "the contents of the items");
    c->of = of;
    if (c->cap_of > old)
        memset(c->of + old, 0, (c->cap_of - old) * sizeof *c->of);
    return 4 * (c->n_used + 1) > 3 * c->n_slots ? grow(c, err) : VX_OK;
}

/* Takes the slot at `at` away: what was put further on because of it moves back. */
static void take_out(struct vx_claims *c, size_t at)
{
    const size_t mask = c->n_slots - 1;

    for (size_t next = (at + 1) & mask; c->slot[next] != 0; next = (next + 1) & mask) {
        const size_t home = (size_t)c->of[c->slot[next]].low & mask;
        if (((next - home) & mask) >= ((next - at) & mask)) { /* at lies between its home and where it is */
            c->slot[at] = c->slot[next];
            at = next;
        }
    }
    c->slot[at] = 0;
    c->n_used--;
}

void vx_claims_forget(struct vx_claims *c, int64_t item)
{
    if (!vx_claims_knows(c, item))
        return;
    const size_t at = find(c, c->of[item]);
    if (c->slot[at] == item) {
        take_out(c, at);
        c->left = true;
    }
    c->of[item] = (struct vx_hash_key){0};
}

enum vx_status vx_claims_make(struct vx_claims *c, int64_t item, struct vx_hash_key key, int64_t *scored, struct vx_err *err)
{
    enum vx_status rc = make_room(c, item, err);

    if (rc != VX_OK)
        return rc;
    if (!same(c->of[item], key))
        vx_claims_forget(c, item);
    const size_t at = find(c, key);
    c->of[item] = key;
    c->last = item > c->last ? item : c->last;
    if (c->slot[at] == 0) {
        c->slot[at] = item;
        c->n_used++;
    }
    *scored = c->slot[at];
    return VX_OK;
}

enum vx_status vx_claims_unknown(struct vx_claims *c, int64_t item, struct vx_err *err)
{
    int64_t itself;

    return vx_claims_make(c, item, (struct vx_hash_key){.high = 0, .low = (uint64_t)item}, &itself, err);
}

bool vx_claims_knows(const struct vx_claims *c, int64_t item)
{
    return item >= 1 && item <= c->last && !none(c->of[item]);
}

int64_t vx_claims_scored(const struct vx_claims *c, struct vx_hash_key key)
{
    return c->slot[find(c, key)];
}

int64_t vx_claims_orphan(const struct vx_claims *c, int64_t after)
{
    for (int64_t item = after + 1; c->left && item <= c->last; item++)
        if (!none(c->of[item]) && c->slot[find(c, c->of[item])] == 0)
            return item;
    return 0;
}
