#include "tests/mpi/fake.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int64_t vx_itemlist_count(struct vx_itemlist *list)
{
    return list->n;
}

enum vx_status vx_itemlist_read(struct vx_itemlist *list, int64_t first, size_t n, struct vx_item *items,
                                struct vx_err *err)
{
    char path[32];

    if (first < 1 || first + (int64_t)n - 1 > list->n)
        return vx_fail(err, VX_EINVAL, "items %lld + %zu of %lld", (long long)first, n, (long long)list->n);
    for (size_t i = 0; i < n; i++) {
        const int64_t id = first + (int64_t)i;
        if (id == list->fail_at)
            return vx_fail(err, VX_EDB, "fake.db: item %lld cannot be read", (long long)id);
        snprintf(path, sizeof path, "item-%lld", (long long)id);
        items[i] = (struct vx_item){.id = id, .path = strdup(path), .ordinal = -1, .size = 1000 + id};
        if (!items[i].path)
            return vx_fail_nomem(err, "a path");
    }
    return VX_OK;
}

enum vx_status vx_itemlist_blame(struct vx_itemlist *list, int attempt, int rank, int64_t first, int64_t count, const char *why,
                                 struct vx_err *err)
{
    (void)attempt;
    (void)rank;
    (void)err;
    (void)why;
    for (int64_t i = first; list->blamed && i < first + count; i++)
        list->blamed[i]++;
    return VX_OK;
}

static int complain(struct fake_worker *w, const char *what, const char *detail)
{
    if (w->problem.status == VX_OK)
        vx_fail(&w->problem, VX_EINVAL, "worker %d: %s: %s", w->rank, what, detail);
    return -1;
}

static int say(struct fake_worker *w, const struct vx_buf *b)
{
    struct vx_err err = {0};

    return vx_link_send(w->link, b, &err) == VX_OK ? 0 : complain(w, "send", err.text);
}

static int say_hello(struct fake_worker *w, struct vx_buf *b)
{
    struct vx_msg_hello hello = {.rank = w->rank, .pid = (int32_t)getpid(), .threads = 1, .engine = "none"};

    snprintf(hello.host, sizeof hello.host, "host%d", w->rank);
    vx_wire_put_hello(b, &hello);
    return say(w, b);
}

static int say_bye(struct fake_worker *w, struct vx_buf *b)
{
    const struct vx_msg_bye bye = {.cpu_s = 1, .peak_rss = 100.0 + w->rank, .windows_scored = w->items};

    vx_wire_put_bye(b, &bye);
    return say(w, b);
}

static int say_alive(struct fake_worker *w, struct vx_buf *b)
{
    const struct vx_msg_note note = {.windows_scored = w->items};

    vx_wire_put_note(b, &note);
    return say(w, b);
}

/* Messages that came while an answer was waited for, in their order. */
struct kept {
    struct vx_buf message[8];
    size_t n;
};

/* Which item is scored for item's content; 0: something is wrong. Anything else that comes is kept. */
static int64_t claim(struct fake_worker *w, int64_t item, struct kept *kept)
{
    const struct vx_msg_claim claim = {.n = 1, .claims = {{.item = item, .key = {.high = 1, .low = (uint64_t)(item % w->contents)}}}};
    struct vx_msg_answer answer = {0};
    struct vx_buf b = {0};
    struct vx_err err = {0};
    enum vx_msg_type type;
    bool got;

    vx_wire_put_claim(&b, &claim);
    if (say(w, &b) != 0)
        goto done;
    for (int idle = 0; idle < 200;) {
        if (vx_link_receive(w->link, &b, 0.05, &got, &err) != VX_OK || (got && vx_wire_type(&b, &type, &err) != VX_OK))
            break;
        idle += !got;
        if (!got)
            continue;
        if (type == VX_MSG_ANSWER) {
            if (vx_wire_get_answer(&b, &answer, &err) != VX_OK || answer.n != 1 || answer.answers[0].item != item)
                answer.answers[0].scored = 0;
            goto done;
        }
        if (kept->n == sizeof kept->message / sizeof *kept->message)
            break;
        kept->message[kept->n++] = b;
        b = (struct vx_buf){0};
    }
    complain(w, "no answer to a claim", err.text);
done:
    vx_buf_free(&b);
    return answer.answers[0].scored;
}

/* Does the items of a lease; counts them in `counted`. */
static int work(struct fake_worker *w, const struct vx_msg_lease *lease, atomic_uchar *counted, struct vx_tally *tally,
                struct kept *kept)
{
    char path[32];

    for (size_t i = 0; i < lease->n; i++) {
        const struct vx_item *item = &lease->items[i];
        snprintf(path, sizeof path, "item-%lld", (long long)item->id);
        if (strcmp(item->path, path) != 0 || item->size != 1000 + item->id || item->member)
            return complain(w, "an item is not as it was sent", item->path);
        if (counted)
            atomic_fetch_add(&counted[item->id], 1);
        if (w->contents > 0) {
            const int64_t scored = claim(w, item->id, kept);
            if (scored == 0)
                return -1;
            if (scored % w->contents != item->id % w->contents)
                return complain(w, "scored for another content", item->path);
            if (w->scored && counted == w->reported && scored == item->id)
                atomic_fetch_add(&w->scored[item->id], 1);
        }
        tally->items++;
        tally->windows += item->id;
    }
    if (w->item_s > 0)
        vx_clock_sleep(w->item_s * (double)lease->n);
    return 0;
}

/* 1: the worker ends here. */
static int meet_fate(struct fake_worker *w, const struct vx_msg_lease *lease, struct vx_buf *b, struct kept *kept)
{
    struct vx_msg_fail fail = {.status = VX_ESYS};
    struct vx_tally unused = {0};

    switch (w->fate) {
    case FAKE_LOYAL:
    case FAKE_SILENT:
        return 0;
    case FAKE_FAILS_LATE:
        if (work(w, lease, w->unreported, &unused, kept) != 0)
            return 1;
        /* fall through */
    case FAKE_FAILS:
        snprintf(fail.text, sizeof fail.text, "disk %d is full", w->rank);
        vx_wire_put_fail(b, &fail);
        say(w, b);
        return 1;
    case FAKE_LEAVES:
        say_bye(w, b);
        return 1;
    case FAKE_DIES:
        return 1;
    case FAKE_GARBLES:
        vx_wire_put_finish(b);
        say(w, b);
        w->fate = FAKE_LOYAL;
        return 0;
    }
    return 1;
}

static int handle_lease(struct fake_worker *w, struct vx_buf *b, struct kept *kept)
{
    struct vx_msg_lease lease;
    struct vx_msg_done done = {0};
    struct vx_err err = {0};
    int over = 1;

    if (vx_wire_get_lease(b, &lease, &err) != VX_OK) {
        complain(w, "lease", err.text);
        return 1;
    }
    if (w->leases >= w->last_lease && w->fate != FAKE_LOYAL && w->fate != FAKE_SILENT) {
        const bool deaf = w->fate == FAKE_GARBLES; /* from here on its reports count for nothing */
        over = meet_fate(w, &lease, b, kept);
        if (deaf)
            w->reported = w->unreported;
        if (over)
            goto done;
    }
    if (work(w, &lease, w->reported, &done.tally, kept) != 0)
        goto done;
    done.lease = lease.lease;
    w->leases++;
    w->items += done.tally.items;
    vx_wire_put_done(b, &done);
    over = say(w, b) != 0;
done:
    vx_msg_lease_clear(&lease);
    return over;
}

/* The next message: one that was kept, else one that comes. */
static enum vx_status next_message(struct fake_worker *w, struct kept *kept, struct vx_buf *b, bool *got, struct vx_err *err)
{
    if (kept->n == 0)
        return vx_link_receive(w->link, b, 0.05, got, err);
    vx_buf_free(b);
    *b = kept->message[0];
    memmove(kept->message, kept->message + 1, --kept->n * sizeof *kept->message);
    *got = true;
    return VX_OK;
}

void fake_worker_run(struct fake_worker *w)
{
    struct kept kept = {.n = 0};
    struct vx_buf b = {0};
    struct vx_err err = {0};
    enum vx_msg_type type;
    bool got;

    if (say_hello(w, &b) != 0)
        goto done;
    for (int idle = 0;;) {
        if (next_message(w, &kept, &b, &got, &err) != VX_OK || idle == 200) {
            complain(w, "receive", idle == 200 ? "nothing came for 10 s" : err.text);
            goto done;
        }
        if (!got) {
            if (w->fate != FAKE_SILENT && say_alive(w, &b) != 0)
                goto done;
            idle++;
            continue;
        }
        idle = 0;
        if (vx_wire_type(&b, &type, &err) != VX_OK || (type != VX_MSG_LEASE && type != VX_MSG_FINISH && type != VX_MSG_ALIVE)) {
            complain(w, "not a message for a worker", err.text);
            goto done;
        }
        if (type == VX_MSG_ALIVE)
            continue;
        if (type == VX_MSG_FINISH) {
            if (w->fate != FAKE_SILENT)
                say_bye(w, &b);
            goto done;
        }
        if (handle_lease(w, &b, &kept))
            goto done;
    }
done:
    while (kept.n > 0)
        vx_buf_free(&kept.message[--kept.n]);
    vx_buf_free(&b);
}

void *fake_worker_thread(void *fake_worker)
{
    fake_worker_run(fake_worker);
    return NULL;
}
