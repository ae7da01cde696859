#include "db/stretch.h"
#include "base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#define SAME_S 0.0011 /* starts are kept in milliseconds, lengths are not: what is nearer than this meets */

static bool is_over(const struct vx_stretch_rule *rule, const struct vx_stretch_window *w)
{
    return w->fake >= rule->threshold; /* false for NaN */
}

/* The end of the suspicious windows that begin with window i: its neighbours, and those that the gap allows for. */
static size_t find_last(const struct vx_stretch_rule *rule, const struct vx_stretch_window *w, size_t n, size_t i)
{
    size_t last = i;

    for (size_t k = i + 1; k < n; k++) {
        const double between = w[k].start_s - (w[last].start_s + rule->window_s);
        if (between > rule->gap_s + SAME_S && k > last + 1)
            break;
        if (is_over(rule, &w[k]))
            last = k;
    }
    return last;
}

static void place(struct vx_stretch *s, const struct vx_stretch_rule *rule, const struct vx_stretch_window *w, double duration_s)
{
    s->start_s = w[s->first].start_s;
    s->end_s = fmin(w[s->last].start_s + rule->window_s, duration_s);
    s->clip_start_s = fmax(s->start_s - rule->pad_s, 0);
    s->clip_end_s = fmin(s->end_s + rule->pad_s, duration_s);
}

static void measure(struct vx_stretch *s, const struct vx_stretch_rule *rule, const struct vx_stretch_window *w)
{
    double sum = 0;

    for (size_t i = s->first; i <= s->last; i++) {
        if (isnan(w[i].fake))
            continue;
        if (s->n_windows == 0 || w[i].fake > s->max_fake) {
            s->max_fake = w[i].fake;
            s->peak_s = w[i].start_s;
        }
        s->n_windows++;
        s->n_over += is_over(rule, &w[i]);
        sum += w[i].fake;
    }
    s->mean_fake = sum / s->n_windows; /* at least the first one is scored */
}

enum vx_status vx_stretch_find(struct vx_stretch_list *out, const struct vx_stretch_rule *rule,
                               const struct vx_stretch_window *windows, size_t n, double duration_s, struct vx_err *err)
{
    const double end = n > 0 ? windows[n - 1].start_s + rule->window_s : 0;
    struct vx_stretch s;

    if (!(duration_s > 0) || duration_s <= (n > 0 ? windows[n - 1].start_s : 0))
        duration_s = end;
    out->n = 0;
    for (size_t i = 0; i < n; i = s.last + 1) {
        s = (struct vx_stretch){.first = i, .last = i};
        if (!is_over(rule, &windows[i]))
            continue;
        s.last = find_last(rule, windows, n, i);
        place(&s, rule, windows, duration_s);
        if (s.end_s - s.start_s < rule->min_s - SAME_S)
            continue;
        struct vx_stretch *const before = out->n > 0 ? &out->at[out->n - 1] : NULL;
        if (before && rule->pad_s > 0 && s.clip_start_s <= before->clip_end_s) {
            before->last = s.last;
            place(before, rule, windows, duration_s);
            continue;
        }
        void *at = out->at;
        if (vx_grow(&at, &out->cap, out->n + 1, sizeof s) != 0)
            return vx_fail_nomem(err, "suspicious stretches");
        out->at = at;
        out->at[out->n++] = s;
    }
    for (size_t k = 0; k < out->n; k++)
        measure(&out->at[k], rule, windows);
    return VX_OK;
}

void vx_stretch_list_free(struct vx_stretch_list *list)
{
    free(list->at);
    *list = (struct vx_stretch_list){0};
}

int vx_stretch_compare(const struct vx_stretch *a, const struct vx_stretch *b)
{
    const double by[][2] = {{a->mean_fake, b->mean_fake}, {a->end_s - a->start_s, b->end_s - b->start_s}, {a->max_fake, b->max_fake}};

    for (size_t i = 0; i < sizeof by / sizeof *by; i++)
        if (by[i][0] != by[i][1])
            return by[i][0] > by[i][1] ? -1 : 1;
    return 0;
}
