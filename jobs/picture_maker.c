#include "jobs/picture_maker.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "cpu/images.h"
#include "io/corpus.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AHEAD 4 /* items a thread that may wait for their turn */
#define KEEP_BYTES (8u << 20)
#define TERMINAL_SECONDS 0.5 /* between progress lines */
#define PLAIN_SECONDS 30

struct parcel { /* an item and its pictures that are not written yet */
    struct vx_item item;
    struct vx_window_score *windows; /* [n] */
    size_t n, cap_windows;
    uint8_t *pixels; /* [n][size][size][channels] */
    size_t cap_pixels;
    bool any; /* a picture was made */
    struct vx_err problem; /* status VX_OK: read to its end */
};

struct crew {
    const struct vx_picture_maker *maker;
    struct vx_images *images;
    size_t keep_bytes;
    struct vx_picture_tally *tally; /* of what is written; the owner's of the turn */
    double start, next_report;

    pthread_mutex_t list_lock; /* over the listing */
    struct vx_corpus *corpus;
    int64_t listed;
    bool list_ended;

    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t moved; /* `turn` has moved on, or `stopped` */
    int64_t turn;         /* the item to be written next: the set is its thread's alone */
    struct parcel **waiting; /* [n_waiting] complete parcels, item i at i % n_waiting */
    int64_t n_waiting;
    bool stopped;
    struct vx_err failure;
};

struct hand { /* a thread */
    struct crew *crew;
    int lane;
    pthread_t thread;
    struct vx_item_windows *reader;
    uint8_t *image; /* [size][size][3] */
    int64_t ticket; /* of the item being done */
    struct parcel *parcel;
};

static void free_parcel(struct parcel **parcel)
{
    if (!*parcel)
        return;
    vx_item_clear(&(*parcel)->item);
    free((*parcel)->windows);
    free((*parcel)->pixels);
    free(*parcel);
    *parcel = NULL;
}

static void stop(struct crew *c, const struct vx_err *err)
{
    pthread_mutex_lock(&c->lock);
    if (!c->stopped)
        c->failure = *err;
    c->stopped = true;
    pthread_cond_broadcast(&c->moved);
    pthread_mutex_unlock(&c->lock);
}

/* Ends the crew and the item that is being done; no fault of the item. */
static enum vx_status give_up(struct crew *c, const struct vx_err *err)
{
    stop(c, err);
    return VX_ESTOP;
}

static size_t picture_bytes(const struct vx_picture_maker *m)
{
    return (size_t)m->windows.image_size * (size_t)m->windows.image_size * (size_t)m->channels;
}

static void report(struct crew *c)
{
    const double now = vx_clock_now();
    char text[160];

    if (now < c->next_report)
        return;
    c->next_report = now + (vx_log_is_terminal(c->maker->log) ? TERMINAL_SECONDS : PLAIN_SECONDS);
    snprintf(text, sizeof text, "%lld items, %lld pictures, %.0f a second", (long long)c->tally->items,
             (long long)vx_picture_set_count(c->maker->set),
             (double)vx_picture_set_count(c->maker->set) / (now - c->start));
    vx_log_progress(c->maker->log, text);
}

/* By the thread whose turn it is. */
static enum vx_status write_out(struct crew *c, struct parcel *p, struct vx_err *err)
{
    const enum vx_status rc = vx_picture_set_add(c->maker->set, &p->item, p->windows, p->n, p->pixels, err);

    p->n = 0;
    return rc;
}

static void tell_problem(const struct crew *c, const struct parcel *p)
{
    char *path = vx_text_printable(p->item.path), *member = p->item.member ? vx_text_printable(p->item.member) : NULL;

    vx_log_say(c->maker->log, VX_LOG_WARNING, "%s%s%s: %s%s", path ? path : "?", member ? ": " : "", member ? member : "",
               p->problem.text, p->any ? " (its pictures up to there are kept)" : "");
    free(path);
    free(member);
}

static void count(struct crew *c, const struct parcel *p)
{
    c->tally->items++;
    if (p->problem.status != VX_OK) {
        c->tally->failed++;
        tell_problem(c, p);
    } else if (p->any) {
        c->tally->scored++;
    } else {
        c->tally->not_scored++;
    }
}

/* Writes a complete parcel and those that wait behind it, or leaves it for whose turn comes. */
static void hand_in(struct hand *h)
{
    struct crew *c = h->crew;
    struct parcel *p = h->parcel;
    struct vx_err err;

    h->parcel = NULL;
    pthread_mutex_lock(&c->lock);
    if (c->turn != h->ticket) {
        c->waiting[h->ticket % c->n_waiting] = p;
        p = NULL;
    }
    pthread_mutex_unlock(&c->lock);
    while (p) {
        if (write_out(c, p, &err) != VX_OK)
            stop(c, &err);
        count(c, p);
        report(c);
        free_parcel(&p);
        pthread_mutex_lock(&c->lock);
        c->turn++;
        if (!c->stopped) {
            p = c->waiting[c->turn % c->n_waiting];
            c->waiting[c->turn % c->n_waiting] = NULL;
        }
        pthread_cond_broadcast(&c->moved);
        pthread_mutex_unlock(&c->lock);
    }
}

/* VX_ESTOP: the crew was stopped meanwhile. */
static enum vx_status wait_for_turn(struct hand *h)
{
    struct crew *c = h->crew;
    enum vx_status rc;

    pthread_mutex_lock(&c->lock);
    while (!c->stopped && c->turn != h->ticket)
        pthread_cond_wait(&c->moved, &c->lock);
    rc = c->stopped ? VX_ESTOP : VX_OK;
    pthread_mutex_unlock(&c->lock);
    return rc;
}

/* A picture in colours has no place among grey ones. */
static enum vx_status take_channels(const struct hand *h, const uint8_t *rgb, uint8_t *out, struct vx_err *err)
{
    const size_t bytes = picture_bytes(h->crew->maker);

    if (h->crew->maker->channels == 3) {
        memcpy(out, rgb, bytes);
        return VX_OK;
    }
    for (size_t i = 0; i < bytes; i++) {
        if (rgb[3 * i] != rgb[3 * i + 1] || rgb[3 * i] != rgb[3 * i + 2])
            return vx_fail(err, VX_EFORMAT, "a picture in colours, the profile makes grey ones: --rgb writes three channels of all");
        out[i] = rgb[3 * i];
    }
    return VX_OK;
}

static enum vx_status add_window(void *ctx, const struct vx_window_score *score, const struct vx_input *input,
                                 struct vx_err *err)
{
    struct hand *h = ctx;
    struct parcel *p = h->parcel;
    const size_t bytes = picture_bytes(h->crew->maker);
    const uint8_t *rgb = input->data;
    void *windows = p->windows, *pixels = p->pixels;
    enum vx_status rc;

    if (score->flags & VX_WINDOW_NOT_SCORED)
        return VX_OK;
    if (p->n > 0 && (p->n + 1) * bytes > h->crew->keep_bytes) {
        if ((rc = wait_for_turn(h)) != VX_OK)
            return rc;
        if (write_out(h->crew, p, err) != VX_OK)
            return give_up(h->crew, err);
        report(h->crew);
    }
    if (vx_grow(&windows, &p->cap_windows, p->n + 1, sizeof *p->windows) == 0)
        p->windows = windows;
    if (vx_grow(&pixels, &p->cap_pixels, (p->n + 1) * bytes, 1) == 0)
        p->pixels = pixels;
    if (p->cap_windows < p->n + 1 || p->cap_pixels < (p->n + 1) * bytes) {
        (void)vx_fail_nomem(err, "an item's pictures");
        return give_up(h->crew, err);
    }
    if (input->kind == VX_INPUT_PCM) {
        if (vx_images_run(h->crew->images, h->lane, input->data, input->samples, input->sample_rate, h->image, err) != VX_OK)
            return give_up(h->crew, err);
        rgb = h->image;
    }
    if ((rc = take_channels(h, rgb, p->pixels + p->n * bytes, err)) != VX_OK)
        return rc;
    p->windows[p->n++] = *score;
    p->any = true;
    return VX_OK;
}

/* The next item and its place; VX_DONE when there is none, or the crew was stopped. */
static enum vx_status take_item(struct hand *h, struct vx_err *err)
{
    struct crew *c = h->crew;
    enum vx_status rc = VX_OK;

    pthread_mutex_lock(&c->list_lock);
    pthread_mutex_lock(&c->lock);
    while (!c->stopped && c->listed - c->turn >= c->n_waiting)
        pthread_cond_wait(&c->moved, &c->lock);
    if (c->stopped)
        rc = VX_DONE;
    pthread_mutex_unlock(&c->lock);
    if (rc == VX_OK)
        rc = c->list_ended ? VX_DONE : vx_corpus_next(c->corpus, &h->parcel->item, err);
    if (rc == VX_OK)
        h->ticket = c->listed++;
    else
        c->list_ended = true;
    pthread_mutex_unlock(&c->list_lock);
    return rc;
}

static enum vx_status open_hand(struct hand *h, struct vx_err *err)
{
    const struct vx_item_windows_config *config = &h->crew->maker->windows;

    h->image = vx_calloc((size_t)config->image_size * (size_t)config->image_size, 3);
    return h->image ? vx_item_windows_create(&h->reader, config, err) : vx_fail_nomem(err, "a picture");
}

static void *hand_main(void *arg)
{
    struct hand *h = arg;
    struct vx_err err;
    enum vx_status rc = open_hand(h, &err);

    while (rc == VX_OK) {
        if (!(h->parcel = vx_calloc(1, sizeof *h->parcel))) {
            rc = vx_fail_nomem(&err, "an item");
            break;
        }
        if ((rc = take_item(h, &err)) != VX_OK)
            break;
        rc = vx_item_windows_each(h->reader, &h->parcel->item, add_window, h, &err);
        if (rc == VX_ESTOP || rc == VX_ELOST)
            break;
        if (rc != VX_OK)
            h->parcel->problem = err;
        hand_in(h);
        rc = VX_OK;
    }
    if (rc != VX_OK && rc != VX_DONE && rc != VX_ESTOP)
        stop(h->crew, &err);
    free_parcel(&h->parcel);
    vx_item_windows_destroy(&h->reader);
    free(h->image);
    return NULL;
}

static enum vx_status run_hands(struct crew *c, struct vx_err *err)
{
    const int n = c->maker->threads;
    struct hand *hands = vx_calloc((size_t)n, sizeof *hands);
    int started = 0;

    if (!hands)
        return vx_fail_nomem(err, "threads");
    for (; started < n; started++) {
        hands[started] = (struct hand){.crew = c, .lane = started};
        const int failed = pthread_create(&hands[started].thread, NULL, hand_main, &hands[started]);
        if (failed != 0) {
            (void)vx_fail(err, VX_ESYS, "cannot start thread %d of %d: %s", started + 1, n, strerror(failed));
            stop(c, err);
            break;
        }
    }
    for (int i = 0; i < started; i++)
        pthread_join(hands[i].thread, NULL);
    free(hands);
    if (!c->stopped)
        return VX_OK;
    *err = c->failure;
    return err->status;
}

enum vx_status vx_picture_maker_run(const struct vx_picture_maker *maker, struct vx_picture_tally *tally, struct vx_err *err)
{
    struct crew c = {.maker = maker, .tally = tally, .n_waiting = AHEAD * maker->threads, .start = vx_clock_now(),
                     .keep_bytes = maker->keep_bytes ? maker->keep_bytes : KEEP_BYTES};
    enum vx_status rc;

    *tally = (struct vx_picture_tally){0};
    c.next_report = c.start + (vx_log_is_terminal(maker->log) ? TERMINAL_SECONDS : PLAIN_SECONDS);
    pthread_mutex_init(&c.list_lock, NULL);
    pthread_mutex_init(&c.lock, NULL);
    pthread_cond_init(&c.moved, NULL);
    if (!(c.waiting = vx_calloc((size_t)c.n_waiting, sizeof *c.waiting)))
        rc = vx_fail_nomem(err, "items");
    else if ((rc = vx_images_create(&c.images, maker->windows.profile, maker->windows.processor, maker->windows.image_size,
                                    maker->threads, err)) == VX_OK &&
             (rc = vx_corpus_open(&c.corpus, maker->inputs, maker->n_inputs, err)) == VX_OK) {
        vx_corpus_limit(c.corpus, vx_item_windows_limits(&maker->windows.player));
        rc = run_hands(&c, err);
        tally->skipped = vx_corpus_stats(c.corpus).skipped;
    }
    for (int64_t i = 0; c.waiting && i < c.n_waiting; i++)
        free_parcel(&c.waiting[i]);
    free(c.waiting);
    vx_corpus_close(&c.corpus);
    vx_images_destroy(&c.images);
    pthread_cond_destroy(&c.moved);
    pthread_mutex_destroy(&c.lock);
    pthread_mutex_destroy(&c.list_lock);
    vx_log_progress(maker->log, "");
    return rc;
}
