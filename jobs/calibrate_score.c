#include "jobs/calibrate_score.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "jobs/calibrate_pile.h"
#include "jobs/calibrate_sound.h"
#include "jobs/item_windows.h"
#include "jobs/scan_options.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TERMINAL_SECONDS 0.5 /* between progress lines */
#define PLAIN_SECONDS 30

struct crew {
    struct vx_calibrate_candidate **members; /* [n], of one rate and window */
    struct vx_scanner *scanners;             /* [n] */
    size_t n;
    const struct vx_calibrate_set *set;
    const struct vx_player_config *reader;
    const char *what; /* for progress */
    struct vx_log *log;
    bool *unreadable; /* borrowed [set->n], kept from crew to crew; each written by the one thread that has the file */
    atomic_size_t next;
    atomic_bool stopping;
    pthread_mutex_t lock; /* over what follows */
    struct vx_err failure;
    double next_report;
};

struct hand { /* a thread, and a lane of each engine */
    struct crew *crew;
    int lane;
    pthread_t thread;
    bool started;
    struct vx_item_windows *reader;
    struct vx_calibrate_sound *sound;
    struct vx_calibrate_pile *piles; /* owned [crew->n] */
    uint32_t file;      /* being read */
};

void vx_calibrate_windows_free(struct vx_calibrate_windows *windows)
{
    free((void *)(uintptr_t)windows->scores);
    free((void *)(uintptr_t)windows->file);
    *windows = (struct vx_calibrate_windows){0};
}

static void stop(struct crew *c, const struct vx_err *err)
{
    pthread_mutex_lock(&c->lock);
    if (c->failure.status == VX_OK)
        c->failure = *err;
    pthread_mutex_unlock(&c->lock);
    atomic_store(&c->stopping, true);
}

static void report(struct crew *c, size_t done)
{
    const double now = vx_clock_now();
    char text[200];

    pthread_mutex_lock(&c->lock);
    if (now >= c->next_report) {
        c->next_report = now + (vx_log_is_terminal(c->log) ? TERMINAL_SECONDS : PLAIN_SECONDS);
        snprintf(text, sizeof text, "%s: %zu of %zu files", c->what, done, c->set->n);
        vx_log_progress(c->log, text);
    }
    pthread_mutex_unlock(&c->lock);
}

/* A window of h->file. What fails here is no fault of the file: VX_ESTOP. */
static enum vx_status take_window(void *hand, const struct vx_window_score *score, const struct vx_input *input,
                                  struct vx_err *err)
{
    struct hand *h = hand;
    enum vx_status rc;

    if (atomic_load(&h->crew->stopping))
        return vx_fail(err, VX_ESTOP, "stopping");
    if (score->flags & VX_WINDOW_NOT_SCORED)
        return VX_OK;
    rc = vx_calibrate_sound_add(h->sound, h->file, input, err);
    for (size_t k = 0; rc == VX_OK && k < h->crew->n; k++)
        rc = vx_calibrate_pile_add(&h->piles[k], h->file, score->index, input, err);
    if (rc == VX_OK)
        return VX_OK;
    stop(h->crew, err);
    return VX_ESTOP;
}

static void tell_unreadable(struct crew *c, const struct vx_item *item, const struct vx_err *err)
{
    char *path = vx_text_printable(item->path), *member = item->member ? vx_text_printable(item->member) : NULL;

    vx_log_say(c->log, VX_LOG_WARNING, "%s%s%s: %s; left out", path ? path : "?", member ? ": " : "", member ? member : "",
               err->text);
    free(path);
    free(member);
}

static void *hand_main(void *hand)
{
    struct hand *h = hand;
    struct crew *c = h->crew;
    struct vx_err err;
    enum vx_status rc = VX_OK;
    size_t i;

    while (!atomic_load(&c->stopping) && (i = atomic_fetch_add(&c->next, 1)) < c->set->n) {
        h->file = (uint32_t)i;
        if ((rc = vx_item_windows_each(h->reader, &c->set->items[i], take_window, h, &err)) == VX_ESTOP)
            return NULL;
        if (rc == VX_ENOMEM || rc == VX_ELOST) {
            stop(c, &err);
        } else if (rc != VX_OK) {
            if (!c->unreadable[i])
                tell_unreadable(c, &c->set->items[i], &err);
            c->unreadable[i] = true;
        }
        report(c, i + 1);
    }
    for (size_t k = 0; k < c->n && !atomic_load(&c->stopping); k++)
        if (vx_calibrate_pile_run(&h->piles[k], &err) != VX_OK)
            stop(c, &err);
    return NULL;
}

static enum vx_status hand_open(struct hand *h, struct crew *c, int lane, struct vx_err *err)
{
    const struct vx_scan_options defaults = vx_scan_options_default();
    const struct vx_item_windows_config config = {.profile = &c->scanners[0].profile, .processor = &c->scanners[0].processor,
                                                  .image_size = c->scanners[0].engine->image_size,
                                                  .rule = vx_scan_rule(&defaults, &c->scanners[0].profile),
                                                  .player = *c->reader};

    h->crew = c;
    h->lane = lane;
    if (!(h->piles = vx_calloc(c->n, sizeof *h->piles)))
        return vx_fail_nomem(err, "batches");
    for (size_t k = 0; k < c->n; k++)
        if (vx_calibrate_pile_open(&h->piles[k], &c->scanners[k], lane, err) != VX_OK)
            return err->status;
    const enum vx_status rc = vx_item_windows_create(&h->reader, &config, err);
    return rc == VX_OK ? vx_calibrate_sound_create(&h->sound, err) : rc;
}

static void hand_close(struct hand *h)
{
    for (size_t k = 0; h->piles && k < h->crew->n; k++)
        vx_calibrate_pile_close(&h->piles[k]);
    free(h->piles);
    vx_calibrate_sound_destroy(&h->sound);
    vx_item_windows_destroy(&h->reader);
}

static int by_place(const void *a, const void *b)
{
    const struct vx_calibrate_scored *x = a, *y = b;

    if (x->file != y->file)
        return x->file < y->file ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* What the threads scored with profile k, in the order of files and windows. */
static enum vx_status gather(struct crew *c, const struct hand *hands, int n_hands, size_t k, struct vx_err *err)
{
    struct vx_calibrate_scored *all = NULL;
    double *scores = NULL;
    uint32_t *file = NULL;
    size_t n = 0, kept = 0;
    enum vx_status rc = VX_OK;

    for (int i = 0; i < n_hands; i++)
        n += hands[i].piles[k].n;
    all = vx_calloc(n, sizeof *all);
    scores = vx_calloc(n, sizeof *scores);
    file = vx_calloc(n, sizeof *file);
    if (!all || !scores || !file) {
        rc = vx_fail_nomem(err, "scores");
        goto done;
    }
    for (int i = 0; i < n_hands; i++)
        for (size_t j = 0; j < hands[i].piles[k].n; j++)
            if (!c->unreadable[hands[i].piles[k].scored[j].file])
                all[kept++] = hands[i].piles[k].scored[j];
    qsort(all, kept, sizeof *all, by_place);
    for (size_t i = 0; i < kept; i++) {
        scores[i] = all[i].score;
        file[i] = all[i].file;
    }
    c->members[k]->windows = (struct vx_calibrate_windows){scores, file, kept};
    scores = NULL; /* now the candidate's */
    file = NULL;
done:
    free(all);
    free(scores);
    free(file);
    return rc;
}

/* All members heard the same windows. */
static enum vx_status gather_sound(struct crew *c, const struct hand *hands, int n_hands, struct vx_err *err)
{
    struct vx_calibrate_sound **sounds = vx_calloc((size_t)n_hands, sizeof *sounds);
    struct vx_domain measured = {0};
    enum vx_status rc;

    if (!sounds)
        return vx_fail_nomem(err, "measuring");
    for (int i = 0; i < n_hands; i++)
        sounds[i] = hands[i].sound;
    rc = vx_calibrate_sound_ranges(&measured, sounds, n_hands, c->unreadable, err);
    for (size_t k = 0; k < c->n && !c->set->pictures; k++)
        c->members[k]->profile.measured = measured;
    free(sounds);
    return rc;
}

static enum vx_status run_crew(struct crew *c, struct vx_err *err)
{
    const int lanes = c->scanners[0].engine->lanes;
    struct hand *hands = vx_calloc((size_t)lanes, sizeof *hands);
    enum vx_status rc = VX_OK;

    if (!hands)
        return vx_fail_nomem(err, "threads");
    pthread_mutex_init(&c->lock, NULL);
    for (int i = 0; rc == VX_OK && i < lanes; i++)
        rc = hand_open(&hands[i], c, i, err);
    for (int i = 0; rc == VX_OK && i < lanes; i++) {
        hands[i].started = pthread_create(&hands[i].thread, NULL, hand_main, &hands[i]) == 0;
        if (!hands[i].started)
            rc = vx_fail(err, VX_ESYS, "cannot start thread %d of %d", i + 1, lanes);
    }
    if (rc != VX_OK)
        stop(c, err);
    for (int i = 0; i < lanes; i++)
        if (hands[i].started)
            pthread_join(hands[i].thread, NULL);
    vx_log_progress(c->log, "");
    if (rc == VX_OK && c->failure.status != VX_OK) {
        *err = c->failure;
        rc = err->status;
    }
    for (size_t k = 0; rc == VX_OK && k < c->n; k++)
        rc = gather(c, hands, lanes, k, err);
    if (rc == VX_OK)
        rc = gather_sound(c, hands, lanes, err);
    for (int i = 0; i < lanes; i++)
        if (hands[i].crew)
            hand_close(&hands[i]);
    pthread_mutex_destroy(&c->lock);
    free(hands);
    return rc;
}

/* The candidates from `first` on with its rate and window. room [n] */
static enum vx_status open_crew(struct crew *c, struct vx_calibrate_candidate *candidates, size_t n, size_t first,
                                const struct vx_scanner_options *options, struct vx_err *err)
{
    const struct vx_profile *like = &candidates[first].profile;

    for (size_t i = first; i < n; i++) {
        struct vx_calibrate_candidate *m = &candidates[i];
        struct vx_scanner_options o = *options;
        enum vx_status rc;
        if (m->profile.sample_rate != like->sample_rate || m->profile.window_seconds != like->window_seconds)
            continue;
        o.profile = m->named;
        rc = vx_scanner_open(&c->scanners[c->n], &o, c->log, err);
        m->left_out = rc == VX_EINVAL && !m->asked;
        if (m->left_out)
            vx_log_say(c->log, VX_LOG_WARNING, "profile %s is left out: %s", m->profile.name, err->text);
        else if (rc != VX_OK)
            return rc;
        if (m->left_out)
            continue;
        m->trained = c->scanners[c->n].trained;
        c->members[c->n++] = m;
    }
    return VX_OK;
}

enum vx_status vx_calibrate_score(struct vx_calibrate_candidate *candidates, size_t n, const struct vx_calibrate_set *set,
                                  const struct vx_scanner_options *options, const struct vx_player_config *reader,
                                  struct vx_log *log, struct vx_err *err)
{
    struct vx_calibrate_candidate **members = vx_calloc(n, sizeof *members);
    struct vx_scanner *scanners = vx_calloc(n, sizeof *scanners);
    bool *unreadable = vx_calloc(set->n, sizeof *unreadable);
    enum vx_status rc = members && scanners && unreadable ? VX_OK : vx_fail_nomem(err, "profiles");
    size_t scored = 0;

    for (size_t first = 0; rc == VX_OK && first < n; first++) {
        struct crew c = {.members = members, .scanners = scanners, .set = set, .reader = reader, .unreadable = unreadable, .log = log,
                         .what = candidates[first].profile.name};
        bool done = false;
        for (size_t i = 0; i < first; i++) /* with an earlier one */
            done |= candidates[i].profile.sample_rate == candidates[first].profile.sample_rate &&
                    candidates[i].profile.window_seconds == candidates[first].profile.window_seconds;
        if (done)
            continue;
        if ((rc = open_crew(&c, candidates, n, first, options, err)) == VX_OK && c.n > 0)
            rc = run_crew(&c, err);
        scored += c.n;
        for (size_t k = 0; k < c.n; k++)
            vx_scanner_close(&scanners[k]);
    }
    if (rc == VX_OK && scored == 0)
        rc = vx_err_prefix(err, "no profile fits the model"); /* as the last one said */
    free(members);
    free(scanners);
    free(unreadable);
    return rc;
}
