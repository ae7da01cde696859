/* verify_report.h - what verify found, as text, CSV or JSON
 * A line or object a difference, as they come; then the model folders, then how many of each. */
#ifndef VX_JOBS_VERIFY_REPORT_H
#define VX_JOBS_VERIFY_REPORT_H

#include "db/contents.h"
#include "jobs/verify_check.h"

#include <stdio.h>

enum vx_verify_format { VX_VERIFY_TEXT, VX_VERIFY_CSV, VX_VERIFY_JSON };

struct vx_verify_report {
    FILE *to;
    enum vx_verify_format format;
    int64_t n;      /* differences so far */
    int64_t models; /* told so far */
};

struct vx_verify_model { /* text is borrowed; what is EQUAL, CHANGED, MISSING, UNREADABLE or NOT_HASHED */
    enum vx_verified what;
    const char *path, *stored, *found, *revision, *why; /* NULL: none */
};

/* db: sound, as it is. */
void vx_verify_report_begin(struct vx_verify_report *r, const char *db, const struct vx_contents_count *count);
/* user is the report. VX_ENOMEM; VX_ESYS: nobody takes what is written. */
enum vx_status vx_verify_report_finding(void *user, const struct vx_finding *finding, struct vx_err *err) VX_CHECKED;
enum vx_status vx_verify_report_model(struct vx_verify_report *r, const struct vx_verify_model *model, struct vx_err *err) VX_CHECKED;
enum vx_status vx_verify_report_end(struct vx_verify_report *r, const struct vx_verify_progress *progress, struct vx_err *err) VX_CHECKED;

#endif
