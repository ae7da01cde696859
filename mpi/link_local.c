#include "mpi/link_local.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct letter {
    struct letter *next;
    int worker;
    size_t len;
    char bytes[];
};

struct vx_mailbox {
    pthread_mutex_t lock;
    pthread_cond_t not_empty;
    struct letter *oldest, *newest;
};

enum vx_status vx_mailbox_create(struct vx_mailbox **out, struct vx_err *err)
{
    struct vx_mailbox *box = vx_calloc(1, sizeof *box);
    pthread_condattr_t monotonic;

    *out = NULL;
    if (!box)
        return vx_fail_nomem(err, "a mailbox");
    pthread_mutex_init(&box->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&box->not_empty, &monotonic);
    pthread_condattr_destroy(&monotonic);
    *out = box;
    return VX_OK;
}

void vx_mailbox_destroy(struct vx_mailbox **box)
{
    struct letter *next;

    if (!*box)
        return;
    for (struct letter *l = (*box)->oldest; l; l = next) {
        next = l->next;
        free(l);
    }
    pthread_cond_destroy(&(*box)->not_empty);
    pthread_mutex_destroy(&(*box)->lock);
    free(*box);
    *box = NULL;
}

enum vx_status vx_mailbox_post(struct vx_mailbox *box, int worker, const struct vx_buf *message, struct vx_err *err)
{
    struct letter *l = malloc(sizeof *l + message->len);

    if (!l)
        return vx_fail_nomem(err, "a message");
    l->next = NULL;
    l->worker = worker;
    l->len = message->len;
    if (message->len)
        memcpy(l->bytes, message->data, message->len);
    pthread_mutex_lock(&box->lock);
    if (box->newest)
        box->newest->next = l;
    else
        box->oldest = l;
    box->newest = l;
    pthread_cond_signal(&box->not_empty);
    pthread_mutex_unlock(&box->lock);
    return VX_OK;
}

/* Waits up to `seconds` for a letter and takes it out of the box; NULL when none came. */
static struct letter *take_letter(struct vx_mailbox *box, double seconds)
{
    struct timespec until;
    struct letter *l;
    int timed_out = seconds <= 0;

    if (!timed_out) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        const long nanoseconds = until.tv_nsec + (long)((seconds - (double)(time_t)seconds) * 1e9);
        until.tv_sec += (time_t)seconds + nanoseconds / 1000000000L;
        until.tv_nsec = nanoseconds % 1000000000L;
    }
    pthread_mutex_lock(&box->lock);
    while (!box->oldest && !timed_out)
        timed_out = pthread_cond_timedwait(&box->not_empty, &box->lock, &until);
    if ((l = box->oldest)) {
        box->oldest = l->next;
        if (!box->oldest)
            box->newest = NULL;
    }
    pthread_mutex_unlock(&box->lock);
    return l;
}

enum vx_status vx_mailbox_take(struct vx_mailbox *box, int *worker, struct vx_buf *message, double seconds, bool *got,
                               struct vx_err *err)
{
    struct letter *l = take_letter(box, seconds);

    vx_buf_reset(message);
    *got = l != NULL;
    if (!l)
        return VX_OK;
    *worker = l->worker;
    vx_buf_add(message, l->bytes, l->len);
    free(l);
    return message->failed ? vx_fail_nomem(err, "a message") : VX_OK;
}
