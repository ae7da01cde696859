/* findings.h - what voxtrawl doctor has found, in order: a topic, whether it is well, what is so and what to do about it */
#ifndef VX_JOBS_FINDINGS_H
#define VX_JOBS_FINDINGS_H

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>
#include <stdio.h>

enum vx_level {
    VX_LEVEL_OK,
    VX_LEVEL_NOTE,    /* a scan would run, but something costs speed, or could cost more */
    VX_LEVEL_PROBLEM, /* a scan would fail */
};

struct vx_finding {
    const char *topic;
    enum vx_level level;
    char text[512];   /* one line of UTF-8 */
    char remedy[384]; /* empty: none is needed */
};

#define VX_FINDINGS_MAX 40
struct vx_findings {
    struct vx_finding at[VX_FINDINGS_MAX];
    size_t n;
};

/* One more; topic is a constant. Bytes that are no printable UTF-8, of file names say, are escaped. */
void vx_found(struct vx_findings *f, const char *topic, enum vx_level level, const char *fmt, ...) VX_PRINTF(4, 5);
/* What to do about the last one. */
void vx_found_remedy(struct vx_findings *f, const char *fmt, ...) VX_PRINTF(2, 3);

enum vx_level vx_findings_worst(const struct vx_findings *f);
size_t vx_findings_count(const struct vx_findings *f, enum vx_level level);
const char *vx_level_name(enum vx_level level); /* "ok", "note", "problem" */

void vx_findings_print(const struct vx_findings *f, FILE *to); /* an aligned list, and a line that sums it up */
/* [{"topic":…, "level":…, "text":…, "remedy":… or null}, …] */
void vx_findings_json(const struct vx_findings *f, struct vx_buf *out);

#endif
