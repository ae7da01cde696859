#include "base/queue.h"
#include "base/clock.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct vx_queue {
    pthread_mutex_t lock;
    pthread_cond_t not_empty, not_full;
    size_t capacity, head, length;
    bool closed;
    double push_wait, pop_wait;
    void *slot[];
};

enum vx_status vx_queue_create(struct vx_queue **out, size_t capacity, struct vx_err *err)
{
    struct vx_queue *q;
    pthread_condattr_t monotonic;

    *out = NULL;
    if (capacity == 0 || capacity > SIZE_MAX / sizeof(void *) / 2)
        return vx_fail(err, VX_EINVAL, "queue of %zu places", capacity);
    q = vx_calloc(1, sizeof *q + capacity * sizeof(void *));
    if (!q)
        return vx_fail_nomem(err, "a queue");
    q->capacity = capacity;
    pthread_mutex_init(&q->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&q->not_empty, &monotonic);
    pthread_cond_init(&q->not_full, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *out = q;
    return VX_OK;
}

void vx_queue_destroy(struct vx_queue **q)
{
    if (!*q)
        return;
    pthread_cond_destroy(&(*q)->not_full);
    pthread_cond_destroy(&(*q)->not_empty);
    pthread_mutex_destroy(&(*q)->lock);
    free(*q);
    *q = NULL;
}

bool vx_queue_push(struct vx_queue *q, void *item)
{
    bool ok;

    pthread_mutex_lock(&q->lock);
    if (q->length == q->capacity && !q->closed) {
        const double start = vx_clock_now();
        while (q->length == q->capacity && !q->closed)
            pthread_cond_wait(&q->not_full, &q->lock);
        q->push_wait += vx_clock_now() - start;
    }
    ok = !q->closed;
    if (ok) {
        q->slot[(q->head + q->length++) % q->capacity] = item;
        pthread_cond_signal(&q->not_empty);
    }
    pthread_mutex_unlock(&q->lock);
    return ok;
}

/* Takes the first item; the lock is held and the queue is not empty. */
static void *take(struct vx_queue *q)
{
    void *item = q->slot[q->head];

    q->head = (q->head + 1) % q->capacity;
    q->length--;
    pthread_cond_signal(&q->not_full);
    return item;
}

bool vx_queue_pop(struct vx_queue *q, void **item)
{
    bool ok;

    pthread_mutex_lock(&q->lock);
    if (q->length == 0 && !q->closed) {
        const double start = vx_clock_now();
        while (q->length == 0 && !q->closed)
            pthread_cond_wait(&q->not_empty, &q->lock);
        q->pop_wait += vx_clock_now() - start;
    }
    ok = q->length > 0;
    *item = ok ? take(q) : NULL;
    pthread_mutex_unlock(&q->lock);
    return ok;
}

bool vx_queue_try_pop(struct vx_queue *q, void **item)
{
    bool ok;

    pthread_mutex_lock(&q->lock);
    ok = q->length > 0;
    *item = ok ? take(q) : NULL;
    pthread_mutex_unlock(&q->lock);
    return ok;
}

bool vx_queue_pop_for(struct vx_queue *q, void **item, double seconds)
{
    struct timespec until;
    bool ok;
    int timed_out = 0;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)seconds;
    until.tv_nsec += (long)((seconds - (double)(time_t)seconds) * 1e9);
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    pthread_mutex_lock(&q->lock);
    while (q->length == 0 && !q->closed && !timed_out)
        timed_out = pthread_cond_timedwait(&q->not_empty, &q->lock, &until);
    ok = q->length > 0;
    *item = ok ? take(q) : NULL;
    pthread_mutex_unlock(&q->lock);
    return ok;
}

void vx_queue_close(struct vx_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->not_empty);
    pthread_cond_broadcast(&q->not_full);
    pthread_mutex_unlock(&q->lock);
}

size_t vx_queue_length(struct vx_queue *q)
{
    size_t n;

    pthread_mutex_lock(&q->lock);
    n = q->length;
    pthread_mutex_unlock(&q->lock);
    return n;
}

void vx_queue_waits(struct vx_queue *q, double *push_seconds, double *pop_seconds)
{
    pthread_mutex_lock(&q->lock);
    *push_seconds = q->push_wait;
    *pop_seconds = q->pop_wait;
    pthread_mutex_unlock(&q->lock);
}
