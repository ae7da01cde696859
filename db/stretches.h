/* stretches.h - the suspicious stretches of a result (db/stretch.h), recording by recording, all of them or the N worst
 * Each channel that was scored on its own has its own. Pictures have none. A recording whose content was scored as another
 * item has none either: that other one counts it among its copies. Memory is one recording's windows, and N keys. */
#ifndef VX_DB_STRETCHES_H
#define VX_DB_STRETCHES_H

#include "base/err.h"
#include "db/stretch.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_stretches;

struct vx_stretches_config {
    double threshold; /* 0…1; negative: the run's fake_from */
    double gap_s, min_s, pad_s; /* as of struct vx_stretch_rule */
    size_t top;                 /* only the N most suspicious; 0: all */
};

struct vx_stretch_place {
    int channel;  /* 1, 2…; 0: the mix of all */
    size_t rank;  /* 1: the most suspicious; 0 when all are wanted */
    struct vx_stretch stretch;
};

struct vx_stretches_item { /* all borrowed until the next call */
    int64_t item;
    const char *path, *member;           /* the bytes of its name; member NULL: the file itself */
    const char *path_text, *member_text; /* as UTF-8 */
    const char *status, *verdict;        /* verdict "": it failed on the way */
    const char *format, *hash;           /* "": unknown */
    const char *model;                   /* says so where it is untrained */
    int64_t size;                        /* bytes when it was scanned; -1: unknown */
    int sample_rate, channels;           /* of the file; 0: unknown */
    double duration_s, mean_fake;        /* NaN: unknown */
    double threshold;
    int64_t copies;                      /* other items with the same content */
    const struct vx_stretch_place *at;   /* [n], n > 0, by channel, then time */
    size_t n;
};

/* On success *out is the caller's. VX_EINVAL: path is no result of scan or merge. With top the whole result is read once here. */
enum vx_status vx_stretches_open(struct vx_stretches **out, const char *path, const struct vx_stretches_config *config,
                                 struct vx_err *err) VX_CHECKED;
void vx_stretches_close(struct vx_stretches **stretches); /* NULL is fine */

/* The next recording that has stretches, in the order of items. VX_DONE: no more. VX_EFORMAT: a row that voxtrawl does not
 * write, named. */
enum vx_status vx_stretches_next(struct vx_stretches *stretches, struct vx_stretches_item *item, struct vx_err *err) VX_CHECKED;

#endif
