/* stretch.h - suspicious stretches of a recording: neighbouring windows at a threshold or over it, merged
 * What people listen to, mark and cut out. A pure function of one channel's windows. db/stretches.h finds those of a whole result,
 * the most suspicious of all too. */
#ifndef VX_DB_STRETCH_H
#define VX_DB_STRETCH_H

#include "base/err.h"

#include <stddef.h>

struct vx_stretch_rule {
    double threshold; /* windows with p from this on are suspicious, 0…1 */
    double window_s;  /* length of a window */
    double gap_s;     /* suspicious windows with at most this between them are one stretch; 0: only neighbours */
    double min_s;     /* shorter stretches are dropped */
    double pad_s;     /* what a clip has before and after; stretches whose clips meet become one */
};

struct vx_stretch_window {
    double start_s;
    double fake; /* p (model/verdict.h); NaN: not scored, which ends a stretch unless gap_s bridges it */
};

struct vx_stretch {
    size_t first, last;             /* of the windows */
    double start_s, end_s;          /* within the recording */
    double clip_start_s, clip_end_s; /* with padding, within the recording */
    int n_windows, n_over;          /* scored ones from first to last, and suspicious ones among them */
    double mean_fake, max_fake;     /* over those n_windows */
    double peak_s;                  /* where the first of the windows with max_fake starts */
};

struct vx_stretch_list { /* zero-initialise; memory is kept from one call to the next */
    struct vx_stretch *at; /* owned [n], in the order of time */
    size_t n, cap;
};

/* Of windows [n] ascending by start. duration_s: of the recording; 0: unknown, the last window then ends it. */
enum vx_status vx_stretch_find(struct vx_stretch_list *out, const struct vx_stretch_rule *rule,
                               const struct vx_stretch_window *windows, size_t n, double duration_s, struct vx_err *err) VX_CHECKED;
void vx_stretch_list_free(struct vx_stretch_list *list);

/* Which of two stretches is the more suspicious, as qsort wants it (negative: a): the higher mean_fake, then the longer, then the
 * higher max_fake. 0: they cannot be told apart by that. */
int vx_stretch_compare(const struct vx_stretch *a, const struct vx_stretch *b);

#endif
