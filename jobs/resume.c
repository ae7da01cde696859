#include "jobs/resume.h"
#include "base/mem.h"
#include "db/forget.h"
#include "db/shard.h"
#include "mpi/hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHANGED_AT_ONCE 65536 /* files whose rows are taken back together: each time all shards are opened */

/* Marks leases while a file is read; the first failure is kept. */
struct marker {
    struct vx_leases *leases;
    enum vx_status rc;
    struct vx_err *err;
};

static void mark_done(void *ctx, int64_t item)
{
    struct marker *m = ctx;

    if (m->rc == VX_OK)
        m->rc = vx_leases_mark_done(m->leases, item, m->err);
}

static void mark_blamed(void *ctx, int64_t item, bool gave_up)
{
    struct marker *m = ctx;

    if (m->rc != VX_OK)
        return;
    m->rc = vx_leases_suspect(m->leases, item, m->err);
    if (m->rc == VX_OK && gave_up)
        m->rc = vx_leases_mark_done(m->leases, item, m->err);
}

/* Failed rows go before anything is marked as done; who is given up is known only once all are blamed. */
static enum vx_status forget_failed(struct vx_resume *r, int64_t *failed, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < r->rundir->n_shards; i++)
        rc = vx_shard_forget_failed(r->rundir->shards[i], failed, err);
    return rc;
}

static enum vx_status absolve(struct vx_resume *r, int64_t failed, struct vx_err *err)
{
    int64_t given_up;
    const enum vx_status rc = vx_itemlist_absolve(r->list, &given_up, err);

    failed += given_up;
    if (rc == VX_OK)
        vx_log_say(r->log, VX_LOG_INFO, "%lld item%s that failed before %s tried again", (long long)failed, failed == 1 ? "" : "s",
                   failed == 1 ? "is" : "are");
    return rc;
}

/* Items of ranges that are not done have killed their rank, perhaps. Ranges may hold items that were never listed: the list
 * was on a disk that lost its last second. */
static enum vx_status blame_left(struct vx_resume *r, const struct vx_hand_left *left, const struct vx_rundir_hand *hand,
                                 struct vx_leases *leases, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    char why[320];

    snprintf(why, sizeof why, "rank %d on %s died in attempt %d", hand->rank, left->host, hand->attempt);
    for (size_t i = 0; rc == VX_OK && i < left->n; i++) {
        const int64_t end = left->range[i].first + left->range[i].count;
        for (int64_t first = left->range[i].first, last; rc == VX_OK && first < end; first = last + 1) {
            for (last = first; last < end && !vx_leases_is_done(leases, last); last++)
                ;
            if (last > first)
                rc = vx_itemlist_blame(r->list, hand->attempt, hand->rank, first, last - first, why, err);
        }
    }
    return rc;
}

/* Ranks that were killed without a signal before have been killed by what they had in hand, unless all ranks of an attempt
 * were: then somebody pulled the plug. */
static enum vx_status blame_killed(struct vx_resume *r, struct vx_leases *leases, struct vx_err *err)
{
    const struct vx_rundir *const dir = r->rundir;
    enum vx_status rc = VX_OK;
    int untold = 0;

    for (int round = 0; round < 2; round++) {
        const bool plug = untold > 1 && (size_t)untold == vx_rundir_ranks(dir, dir->attempt - 1);
        for (size_t i = 0; rc == VX_OK && i < dir->n_hands; i++) {
            struct vx_hand_left left;
            rc = vx_hand_read(&left, dir->hands[i].path, err);
            if (rc == VX_OK && round == 0)
                untold += !left.told && dir->hands[i].attempt == dir->attempt - 1;
            else if (rc == VX_OK && !left.told && !(plug && dir->hands[i].attempt == dir->attempt - 1))
                rc = blame_left(r, &left, &dir->hands[i], leases, err);
            vx_hand_left_clear(&left);
        }
    }
    for (size_t i = 0; rc == VX_OK && i < dir->n_hands; i++)
        remove(dir->hands[i].path); /* it is in the list now */
    return rc;
}

enum vx_status vx_resume_open(struct vx_resume *r, const struct vx_rundir *rundir, struct vx_itemlist *list,
                              struct vx_leases *leases, bool retry_failed, struct vx_log *log, struct vx_err *err)
{
    struct marker marker = {.leases = leases, .err = err};
    int64_t failed = 0;
    enum vx_status rc;

    *r = (struct vx_resume){.rundir = rundir, .list = list, .log = log, .known = vx_itemlist_count(list)};
    pthread_mutex_init(&r->lock, NULL);
    if (!(r->seen = vx_calloc((size_t)r->known / 8 + 1, 1)))
        return vx_fail_nomem(err, "the state of the items");
    if ((rc = vx_leases_extend(leases, r->known, err)) != VX_OK || (retry_failed && (rc = forget_failed(r, &failed, err)) != VX_OK))
        return rc;
    for (size_t i = 0; rc == VX_OK && i < rundir->n_shards; i++) {
        rc = vx_shard_items(rundir->shards[i], mark_done, &marker, err);
        if (rc == VX_OK && marker.rc != VX_OK)
            rc = vx_err_prefix(err, "%s and items.db beside it do not belong together, remove the folder", rundir->shards[i]);
    }
    if (rc == VX_OK && (rc = blame_killed(r, leases, err)) == VX_OK && (!retry_failed || (rc = absolve(r, failed, err)) == VX_OK))
        rc = vx_itemlist_blamed(list, mark_blamed, &marker, err);
    if (rc == VX_OK)
        rc = marker.rc;
    if (rc == VX_OK && r->known > 0)
        rc = vx_leases_hold(leases, 1, r->known, err);
    return rc;
}

void vx_resume_close(struct vx_resume *r)
{
    if (!r->list)
        return;
    for (size_t i = 0; i < r->n_changed; i++)
        vx_item_clear(&r->changed[i]);
    free(r->changed);
    free(r->seen);
    free(r->news);
    free(r->weights);
    pthread_mutex_destroy(&r->lock);
    *r = (struct vx_resume){0};
}

/* Tells the coordinator. Unchanged items mostly come one after the other: one entry. */
static enum vx_status tell(struct vx_resume *r, int64_t first, int64_t count, bool changed, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    void *p;

    pthread_mutex_lock(&r->lock);
    p = r->news;
    const bool open = r->n_news > (r->bundle.number != 0 ? r->n_ready : 0); /* the last entry may take more */
    struct vx_resume_news *const last = open ? &r->news[r->n_news - 1] : NULL;
    if (last && last->first + last->count == first && last->changed == changed)
        last->count += count;
    else if (vx_grow(&p, &r->cap_news, r->n_news + 1, sizeof *r->news) != 0)
        rc = vx_fail_nomem(err, "what has changed");
    else {
        r->news = p;
        r->news[r->n_news++] = (struct vx_resume_news){.first = first, .count = count, .changed = changed};
    }
    pthread_mutex_unlock(&r->lock);
    return rc;
}

/* First the rows, then what the list says of them: whoever is killed in between finds the items changed once more. */
static enum vx_status take_back(struct vx_resume *r, struct vx_err *err)
{
    const size_t n = r->n_changed;
    int64_t *ids = vx_calloc(n, sizeof *ids);
    enum vx_status rc = VX_OK;

    if (!ids)
        return vx_fail_nomem(err, "what has changed");
    for (size_t i = 0; i < n; i++)
        ids[i] = r->changed[i].id;
    for (size_t i = 0; rc == VX_OK && i < r->rundir->n_shards; i++)
        rc = vx_shard_forget(r->rundir->shards[i], ids, n, err);
    if (rc == VX_OK)
        rc = vx_itemlist_change(r->list, r->changed, n, err);
    for (size_t i = 0; rc == VX_OK && i < n; i++)
        rc = tell(r, ids[i], 1, true, err);
    for (size_t i = 0; i < n; i++)
        vx_item_clear(&r->changed[i]);
    r->all_changed += (int64_t)n;
    r->n_changed = 0;
    free(ids);
    return rc;
}

static enum vx_status keep_changed(struct vx_resume *r, struct vx_item *item, struct vx_err *err)
{
    void *p = r->changed;

    if (vx_grow(&p, &r->cap_changed, r->n_changed + 1, sizeof *r->changed) != 0)
        return vx_fail_nomem(err, "what has changed");
    r->changed = p;
    r->changed[r->n_changed++] = *item;
    *item = (struct vx_item){0};
    return r->n_changed < CHANGED_AT_ONCE ? VX_OK : take_back(r, err);
}

static enum vx_status tell_weight(struct vx_resume *r, int64_t item, int64_t weight, bool joined, struct vx_err *err)
{
    enum vx_status rc = VX_OK;
    void *p;

    pthread_mutex_lock(&r->lock);
    p = r->weights;
    if (vx_grow(&p, &r->cap_weights, r->n_weights + 1, sizeof *r->weights) != 0)
        rc = vx_fail_nomem(err, "the weights of the items");
    r->weights = p;
    if (rc == VX_OK)
        r->weights[r->n_weights++] = (struct vx_resume_weight){.item = item, .weight = weight, .joined = joined};
    pthread_mutex_unlock(&r->lock);
    return rc;
}

/* The open bundle, if there is one, has all its items: its first one weighs what all do, and all may be handed out. */
static enum vx_status close_bundle(struct vx_resume *r, struct vx_err *err)
{
    const struct vx_resume_bundle b = r->bundle;

    if (b.number == 0)
        return VX_OK;
    r->bundle = (struct vx_resume_bundle){0};
    pthread_mutex_lock(&r->lock);
    r->n_ready = r->n_news;
    pthread_mutex_unlock(&r->lock);
    return tell_weight(r, b.first, b.weight, false, err);
}

/* Into the open bundle, a new one or none; tells what it weighs. */
static enum vx_status put_into_bundle(struct vx_resume *r, const struct vx_item *item, struct vx_err *err)
{
    const int64_t guess = vx_weight_guess(item), weight = guess > 0 ? guess : VX_WEIGHT_UNKNOWN;
    const size_t bytes = (item->path ? strlen(item->path) : 0) + (item->member ? strlen(item->member) : 0);
    struct vx_resume_bundle *const b = &r->bundle;
    enum vx_status rc;

    if (item->bundle != 0 && item->bundle == b->number && item->id == b->last + 1 && item->id - b->first < VX_BUNDLE_ITEMS &&
        b->weight + weight <= VX_BUNDLE_MS && b->bytes + bytes <= VX_BUNDLE_BYTES) {
        b->last++;
        b->bytes += bytes;
        b->weight += weight;
        return tell_weight(r, item->id, 1, true, err);
    }
    if ((rc = close_bundle(r, err)) != VX_OK)
        return rc;
    if (item->bundle == 0)
        return tell_weight(r, item->id, guess, false, err);
    *b = (struct vx_resume_bundle){.number = item->bundle, .first = item->id, .last = item->id, .weight = weight, .bytes = bytes};
    return VX_OK;
}

static enum vx_status meet_one(struct vx_resume *r, struct vx_item *item, enum vx_met met, struct vx_err *err)
{
    const int64_t id = item->id;
    enum vx_status rc = put_into_bundle(r, item, err);

    if (rc != VX_OK || id > r->known || r->seen[id / 8] & 1 << id % 8) /* new, or named twice: the first time counts */
        return rc;
    r->seen[id / 8] |= (unsigned char)(1 << id % 8);
    r->n_seen++;
    rc = met == VX_MET_CHANGED ? keep_changed(r, item, err) : tell(r, id, 1, false, err);
    pthread_mutex_lock(&r->lock);
    if (r->bundle.number == 0)
        r->n_ready = r->n_news;
    pthread_mutex_unlock(&r->lock);
    return rc;
}

enum vx_status vx_resume_meet(struct vx_resume *r, struct vx_item *items, const enum vx_met *met, size_t n, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (size_t i = 0; rc == VX_OK && i < n; i++)
        rc = meet_one(r, &items[i], met[i], err);
    return rc;
}

int64_t vx_resume_listed(const struct vx_resume *r, int64_t n)
{
    if (r->bundle.number == 0)
        return n;
    return r->bundle.first > r->known ? r->bundle.first - 1 : r->known;
}

enum vx_status vx_resume_end(struct vx_resume *r, struct vx_err *err)
{
    const int64_t gone = r->known - r->n_seen;
    enum vx_status rc = close_bundle(r, err);

    if (rc == VX_OK && r->n_changed > 0)
        rc = take_back(r, err);
    if (rc != VX_OK || r->known == 0)
        return rc;
    if (r->all_changed > 0)
        vx_log_say(r->log, VX_LOG_INFO, "%lld item%s changed since the last attempt: scanned anew", (long long)r->all_changed,
                   r->all_changed == 1 ? " has" : "s have");
    if (gone > 0)
        vx_log_say(r->log, VX_LOG_WARNING, "%lld item%s no longer there: what was scanned of %s is kept, the rest fails",
                   (long long)gone, gone == 1 ? " is" : "s are", gone == 1 ? "it" : "them");
    if ((rc = tell(r, 1, r->known, false, err)) == VX_OK) {
        pthread_mutex_lock(&r->lock);
        r->n_ready = r->n_news;
        pthread_mutex_unlock(&r->lock);
    }
    return rc;
}

/* Those listed since the coordinator looked are kept for its next round. */
static enum vx_status weigh(struct vx_resume *r, struct vx_leases *leases, struct vx_err *err)
{
    const int64_t items = vx_leases_counts(leases).items;
    enum vx_status rc = VX_OK;
    size_t kept = 0;

    for (size_t i = 0; rc == VX_OK && i < r->n_weights; i++) {
        const struct vx_resume_weight w = r->weights[i];
        if (w.item > items)
            r->weights[kept++] = w;
        else if ((rc = vx_leases_weigh(leases, w.item, w.weight, err)) == VX_OK && w.joined)
            rc = vx_leases_join(leases, w.item, err);
    }
    r->n_weights = kept;
    return rc;
}

enum vx_status vx_resume_release(void *resume, struct vx_leases *leases, struct vx_err *err)
{
    struct vx_resume *r = resume;
    enum vx_status rc = VX_OK;

    pthread_mutex_lock(&r->lock);
    rc = weigh(r, leases, err);
    for (size_t i = 0; rc == VX_OK && i < r->n_ready; i++) {
        const struct vx_resume_news *const news = &r->news[i];
        for (int64_t k = 0; rc == VX_OK && news->changed && k < news->count; k++) {
            rc = vx_leases_forget(leases, news->first + k, err);
            if (r->claims)
                vx_claims_forget(r->claims, news->first + k);
        }
        if (rc == VX_OK)
            vx_leases_release(leases, news->first, news->count);
    }
    for (size_t i = r->n_ready; i < r->n_news; i++)
        r->news[i - r->n_ready] = r->news[i];
    r->n_news -= r->n_ready;
    r->n_ready = 0;
    pthread_mutex_unlock(&r->lock);
    return rc;
}
