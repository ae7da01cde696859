/* version.h - what this program is made of */
#ifndef VX_JOBS_VERSION_H
#define VX_JOBS_VERSION_H

#include "base/buf.h"

#include <stdio.h>

void vx_version_print(FILE *to);            /* --version: revision, compiler, engines, libraries */
void vx_version_json(struct vx_buf *out);   /* the same as an object, for the run's row */
void vx_version_decoders(struct vx_buf *out); /* only what changes samples and pixels, one line */
const char *vx_version_revision(void);      /* of the source, in full; "-dirty" behind it: changed since; NULL: not known */
const char *vx_version_short(void);         /* "0.1.0 (3f2a…)" */
const char *vx_version_day(void);           /* the source's, "2026-11-23" */

#endif
