#include "mpi/claimer.h"
#include "base/mem.h"
#include "mpi/claims.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

struct question { /* on the stack of who asks */
    struct vx_claim claim;
    int64_t scored; /* 0: not answered */
    bool taken;
    struct question *next;
};

struct vx_claimer {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    struct question *open; /* a list, in no order: as many as there are decoders */
    bool closed;
};

enum vx_status vx_claimer_create(struct vx_claimer **out, struct vx_err *err)
{
    struct vx_claimer *c = vx_calloc(1, sizeof *c);

    *out = c;
    if (!c)
        return vx_fail_nomem(err, "the contents of the items");
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->answered, NULL);
    return VX_OK;
}

void vx_claimer_destroy(struct vx_claimer **claimer)
{
    if (!*claimer)
        return;
    pthread_cond_destroy(&(*claimer)->answered);
    pthread_mutex_destroy(&(*claimer)->lock);
    free(*claimer);
    *claimer = NULL;
}

void vx_claimer_close(struct vx_claimer *c)
{
    pthread_mutex_lock(&c->lock);
    c->closed = true;
    pthread_cond_broadcast(&c->answered);
    pthread_mutex_unlock(&c->lock);
}

static void take_off(struct vx_claimer *c, const struct question *q)
{
    struct question **at = &c->open;

    while (*at != q)
        at = &(*at)->next;
    *at = q->next;
}

enum vx_status vx_claimer_ask(struct vx_claimer *c, const struct vx_item *item, const char *hash, int64_t *scored,
                              struct vx_err *err)
{
    struct question q = {.claim = {.item = item->id, .key = vx_claims_key(item->kind, item->member ? item->member : item->path, hash)}};

    pthread_mutex_lock(&c->lock);
    q.next = c->open;
    c->open = &q;
    while (!c->closed && q.scored == 0)
        pthread_cond_wait(&c->answered, &c->lock);
    take_off(c, &q);
    pthread_mutex_unlock(&c->lock);
    *scored = q.scored;
    return q.scored ? VX_OK : vx_fail(err, VX_ESTOP, "nobody says any more what is scored already");
}

size_t vx_claimer_take(struct vx_claimer *c, struct vx_claim *out, size_t max)
{
    size_t n = 0;

    pthread_mutex_lock(&c->lock);
    for (struct question *q = c->open; q && n < max; q = q->next) {
        if (q->taken)
            continue;
        q->taken = true;
        out[n++] = q->claim;
    }
    pthread_mutex_unlock(&c->lock);
    return n;
}

void vx_claimer_answer(struct vx_claimer *c, int64_t item, int64_t scored)
{
    pthread_mutex_lock(&c->lock);
    for (struct question *q = c->open; q; q = q->next)
        if (q->claim.item == item)
            q->scored = scored;
    pthread_cond_broadcast(&c->answered);
    pthread_mutex_unlock(&c->lock);
}
