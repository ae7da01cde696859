#include "jobs/listing.h"
#include "base/clock.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* Items a transaction of the list: few at first, so that scanning starts at once, then more, since each transaction waits for
 * the disk, and where names come in no order writes its share of the index anew. Or what came in GROUP_SECONDS. */
#define FIRST_GROUP 500
#define GROUP 8000
#define GROUP_SECONDS 0.25

static void clear_all(struct vx_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++)
        vx_item_clear(&items[i]);
}

/* Into the list; then what is known from before may be handed out. */
static enum vx_status add(struct vx_listing *l, struct vx_item *items, enum vx_met *met, size_t n, struct vx_err *err)
{
    enum vx_status rc = n > 0 ? vx_itemlist_meet(l->list, items, n, met, err) : VX_OK;

    if (rc == VX_OK)
        rc = vx_resume_meet(l->resume, items, met, n, err);
    if (rc == VX_OK)
        atomic_store(&l->listed, vx_resume_listed(l->resume, vx_itemlist_count(l->list)));
    return rc;
}

static enum vx_status list_all(struct vx_listing *l, struct vx_item *items, enum vx_met *met, struct vx_err *err)
{
    enum vx_status rc = VX_OK;

    for (size_t group = FIRST_GROUP; rc == VX_OK && !atomic_load(l->stop); group = group < GROUP / 2 ? 2 * group : GROUP) {
        const double start = vx_clock_now();
        size_t n = 0;
        while (n < group && vx_clock_now() - start < GROUP_SECONDS &&
               (rc = vx_corpus_next(l->corpus, &items[n], err)) == VX_OK) {
            if (vx_part_has(&l->part, &items[n]))
                n++;
            else
                vx_item_clear(&items[n]);
        }
        if (rc == VX_OK || rc == VX_DONE) {
            const enum vx_status added = add(l, items, met, n, err);
            if (added != VX_OK)
                rc = added;
        }
        clear_all(items, n);
    }
    if (rc != VX_DONE)
        return rc;
    rc = vx_resume_end(l->resume, err);
    atomic_store(&l->listed, vx_itemlist_count(l->list));
    return rc;
}

static void *listing_main(void *arg)
{
    struct vx_listing *l = arg;
    struct vx_item *items = vx_calloc(GROUP, sizeof *items);
    enum vx_met *met = vx_calloc(GROUP, sizeof *met);

    if (!items || !met)
        (void)vx_fail_nomem(&l->failure, "the listing");
    else if (list_all(l, items, met, &l->failure) == VX_OK)
        l->failure.status = VX_OK;
    if (l->failure.status != VX_OK)
        atomic_store(l->stop, true);
    free(items);
    free(met);
    l->stats = vx_corpus_stats(l->corpus);
    atomic_store(&l->ended, true);
    return NULL;
}

static bool in_another_part(void *part, const char *path)
{
    return !vx_part_has_file(part, path);
}

enum vx_status vx_listing_start(struct vx_listing *l, struct vx_itemlist *list, struct vx_resume *resume, const char *const *inputs,
                                int n_inputs, struct vx_part part, struct vx_corpus_limits limits, atomic_bool *stop,
                                struct vx_err *err)
{
    enum vx_status rc;
    int failed;

    *l = (struct vx_listing){.list = list, .resume = resume, .part = part, .stop = stop};
    atomic_store(&l->listed, vx_itemlist_count(list)); /* a resumed run knows its items before they are found again */
    if ((rc = vx_corpus_open(&l->corpus, inputs, (size_t)n_inputs, err)) != VX_OK)
        return rc;
    vx_corpus_filter(l->corpus, (struct vx_corpus_filter){in_another_part, &l->part});
    vx_corpus_limit(l->corpus, limits);
    if ((failed = pthread_create(&l->thread, NULL, listing_main, l)) != 0) {
        vx_corpus_close(&l->corpus);
        return vx_fail(err, VX_ESYS, "cannot start the listing thread: %s", strerror(failed));
    }
    l->started = true;
    return VX_OK;
}

enum vx_status vx_listing_join(struct vx_listing *l, struct vx_err *err)
{
    if (!l->started)
        return VX_OK;
    pthread_join(l->thread, NULL);
    l->started = false;
    vx_corpus_close(&l->corpus);
    if (l->failure.status != VX_OK)
        *err = l->failure;
    return l->failure.status;
}
