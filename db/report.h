/* report.h - what `voxtrawl report` shows of a result, as JSON for a page
 * Written row by row, so memory does not grow with the result. Safe between <script> and </script>: every '<' is \u003c.
 * Only tables are read: a view of a hostile file could be anything. */
#ifndef VX_DB_REPORT_H
#define VX_DB_REPORT_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct vx_report_db;

/* VX_EINVAL: path is no result of scan or merge, or an older Voxtrawl's. VX_EFORMAT: it has no run. */
enum vx_status vx_report_open(struct vx_report_db **out, const char *path, struct vx_err *err) VX_CHECKED;
void vx_report_close(struct vx_report_db **db); /* NULL is fine */

struct vx_report_rule {
    int64_t top;              /* recordings listed, the most suspicious first */
    size_t line_bytes;        /* of all listed recordings' scores over time: the first ones until it is used up */
    const char *const *group_by; /* [n_groups] "folder" or a metadata column; n_groups 0: folders, and columns of few values */
    size_t n_groups;
};

/* Members of a JSON object, `"runs":[…],"totals":{…}, …,"lines":{…}`, without the braces around it. VX_EINVAL: no such column to
 * group by. VX_ESYS: `to` cannot be written. */
enum vx_status vx_report_write(struct vx_report_db *db, const struct vx_report_rule *rule, FILE *to, struct vx_err *err) VX_CHECKED;

/* A text of JSON in a script element: only '<' could end that, and it stands within strings only. */
void vx_report_put_safe(FILE *to, const char *text);

struct vx_report_item { /* borrowed until the callback returns */
    int64_t item;
    const char *path, *member; /* bytes of its name; member NULL: the file itself */
    int64_t size;              /* -1 unknown */
    double duration_s;
};
/* The first n of those listed that are sound. What `each` returns other than VX_OK ends it. */
enum vx_status vx_report_suspects(struct vx_report_db *db, int64_t n,
                                  enum vx_status (*each)(void *ctx, const struct vx_report_item *item, struct vx_err *err),
                                  void *ctx, struct vx_err *err) VX_CHECKED;

#endif
