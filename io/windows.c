#include "io/windows.h"

#include "base/mem.h"
#include "io/energy.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const unsigned block_flags[] = {VX_WINDOW_CLEANED, VX_WINDOW_CLIPPED, VX_WINDOW_CANCELLED};
enum { N_BLOCK_FLAGS = sizeof block_flags / sizeof *block_flags };

/* One track's window. */
struct lane {
    float *pcm; /* owned [cap]; its end, from `hop` on, is that of the last window, which the next one begins with */
    size_t cap;
    int64_t read;                    /* samples read, from the start of the recording */
    int64_t flag_end[N_BLOCK_FLAGS]; /* end of the last samples with block_flags[i]; 0: none */
    enum vx_status ended;            /* VX_OK: more to come; else what next() answers from now on */
};

struct vx_windower {
    struct vx_window_rule rule;
    struct vx_decoder *dec; /* borrowed */
    int64_t rate;           /* Hz; what follows is in samples at it */
    int64_t window, hop, min;
    struct lane lanes[VX_MAX_CHANNELS]; /* a track each */
    int n_tracks, track;                /* of the next window */
    float *room;                        /* borrowed: where the next window goes; NULL: its lane's pcm */
    int64_t step;                       /* the next window is that many of its track's */
    int64_t start;                      /* of the window that was given */
    int64_t filled;                     /* samples of sound in it */
    struct vx_err broken;               /* text of a lane's `ended` when that is an error */
};

enum vx_status vx_windower_create(struct vx_windower **out, const struct vx_window_rule *rule,
                                  struct vx_err *err)
{
    struct vx_windower *w;

    *out = NULL;
    if (!(rule->window_seconds >= 0.05 && rule->window_seconds <= 60))
        return vx_fail(err, VX_EINVAL, "windows of %g s; 0.05 to 60 are possible", rule->window_seconds);
    if (!(rule->hop_seconds >= 0.01 && rule->hop_seconds <= 3600))
        return vx_fail(err, VX_EINVAL, "a window every %g s; 0.01 to 3600 are possible", rule->hop_seconds);
    if (!(rule->min_seconds >= 0 && rule->min_seconds <= rule->window_seconds))
        return vx_fail(err, VX_EINVAL,
                       "windows scored from %g s of sound on; 0 to the window's %g s are possible",
                       rule->min_seconds, rule->window_seconds);
    if (!(rule->silence_dbfs <= 0)) /* −infinity: only digital silence */
        return vx_fail(err, VX_EINVAL, "silence below %g dBFS; 0 or less is possible", rule->silence_dbfs);
    if (!(w = vx_calloc(1, sizeof *w)))
        return vx_fail_nomem(err, "a windower");
    w->rule = *rule;
    *out = w;
    return VX_OK;
}

void vx_windower_destroy(struct vx_windower **w)
{
    if (!*w)
        return;
    for (int i = 0; i < VX_MAX_CHANNELS; i++)
        free((*w)->lanes[i].pcm);
    free(*w);
    *w = NULL;
}

enum vx_status vx_windower_begin(struct vx_windower *w, struct vx_decoder *dec, struct vx_err *err)
{
    w->dec = dec;
    w->rate = vx_decoder_rate(dec);
    w->window = llround(w->rule.window_seconds * (double)w->rate);
    w->hop = llround(w->rule.hop_seconds * (double)w->rate);
    w->min = llround(w->rule.min_seconds * (double)w->rate);
    w->room = NULL;
    w->n_tracks = vx_decoder_tracks(dec);
    w->track = 0;
    w->step = w->start = w->filled = 0;
    for (int i = 0; i < w->n_tracks; i++) {
        struct lane *lane = &w->lanes[i];

        lane->read = 0;
        lane->ended = VX_OK;
        memset(lane->flag_end, 0, sizeof lane->flag_end);
        if (lane->cap >= (size_t)w->window)
            continue;
        float *pcm = vx_calloc((size_t)w->window, sizeof *pcm);
        if (!pcm)
            return vx_fail_nomem(err, "a window");
        free(lane->pcm);
        lane->pcm = pcm;
        lane->cap = (size_t)w->window;
    }
    return VX_OK;
}

int vx_windower_samples(const struct vx_windower *w)
{
    return (int)w->window;
}

int vx_windower_sound(const struct vx_windower *w)
{
    return (int)w->filled;
}

void vx_windower_into(struct vx_windower *w, float *room)
{
    w->room = room;
}

/* Read up to n samples of the present track; fewer at the end, which is then remembered in `ended`. */
static int64_t read_into(struct vx_windower *w, float *to, int64_t n)
{
    struct lane *lane = &w->lanes[w->track];
    int64_t done = 0;

    while (done < n && lane->ended == VX_OK) {
        size_t got;
        unsigned flags;

        lane->ended = vx_decoder_read_track(w->dec, w->track, to + done, (size_t)(n - done), &got, &w->broken);
        if (lane->ended != VX_OK)
            break;
        if (got == 0)
            lane->ended = VX_DONE;
        done += (int64_t)got;
        lane->read += (int64_t)got;
        flags = got > 0 ? vx_decoder_flags(w->dec) : 0;
        for (int i = 0; i < N_BLOCK_FLAGS; i++)
            if (flags & block_flags[i])
                lane->flag_end[i] = lane->read;
    }
    return done;
}

/* Samples that a window shares with the one before it. */
static int64_t shared(const struct vx_windower *w)
{
    return w->hop < w->window ? w->window - w->hop : 0;
}

/* Every track to its next window's start, a window's length at a time: of one that is far ahead of the others what they have not read
 * is kept in memory. A gap shares nothing with the window before it, so what that has left may be written over. */
static void skip_gap(struct vx_windower *w)
{
    const int track = w->track;
    int64_t read;

    do {
        read = 0;
        for (w->track = 0; w->track < w->n_tracks; w->track++) {
            const int64_t gap = w->start - w->lanes[w->track].read;
            if (gap > 0)
                read += read_into(w, w->lanes[w->track].pcm, gap < w->window ? gap : w->window);
        }
    } while (read > 0);
    w->track = track;
}

/* The track's next window into `to`. False: no sound is left for it. */
static bool advance(struct vx_windower *w, float *to)
{
    struct lane *lane = &w->lanes[w->track];
    const int64_t kept = w->step > 0 ? shared(w) : 0;
    int64_t fresh;

    w->start = w->step * w->hop;
    if (w->step > 0) {
        memmove(to, lane->pcm + (w->window - kept), (size_t)kept * sizeof *to);
        if (lane->read < w->start)
            skip_gap(w);
    }
    fresh = read_into(w, to + kept, w->window - kept);
    w->filled = kept + fresh;
    return fresh > 0;
}

/* Without signal: every sample the same, or too little of it. */
static bool silent(const float *x, int64_t n, double dbfs)
{
    int64_t i = 1;

    while (i < n && x[i] == x[0])
        i++;
    return i >= n || vx_energy(x, (size_t)n, 1) / (double)n < pow(10, dbfs / 10);
}

enum vx_status vx_windower_next(struct vx_windower *w, struct vx_window_score *score, const float **pcm,
                                struct vx_err *err)
{
    struct lane *const lane = &w->lanes[w->track];
    float *const to = w->room ? w->room : lane->pcm;
    const int64_t index = w->step * w->n_tracks + w->track;

    *pcm = NULL;
    if (index > INT32_MAX)
        return vx_fail(err, VX_ELIMIT, "more than %d windows in one recording", INT32_MAX);
    if (lane->ended != VX_OK || !advance(w, to))
        return lane->ended == VX_DONE ? VX_DONE : vx_fail(err, lane->ended, "%s", w->broken.text);

    *score = (struct vx_window_score){
        .index = (int32_t)index,
        .start_ms = (2000 * w->start + w->rate) / (2 * w->rate),
        .channel = vx_decoder_channel(w->dec, w->track),
    };
    for (int i = 0; i < N_BLOCK_FLAGS; i++)
        if (lane->flag_end[i] > w->start)
            score->flags |= block_flags[i];
    if (w->filled < w->window) {
        memset(to + w->filled, 0, (size_t)(w->window - w->filled) * sizeof *to);
        score->flags |= VX_WINDOW_PADDED;
        if (w->filled < w->min)
            score->flags |= VX_WINDOW_TOO_SHORT;
    }
    if (silent(to, w->filled, w->rule.silence_dbfs))
        score->flags |= VX_WINDOW_SILENT;
    if (to != lane->pcm) {
        const int64_t kept = shared(w);
        memcpy(lane->pcm + (w->window - kept), to + (w->window - kept), (size_t)kept * sizeof *to);
    }
    w->room = NULL;
    *pcm = to;
    if (++w->track == w->n_tracks) {
        w->track = 0;
        w->step++;
    }
    return VX_OK;
}
