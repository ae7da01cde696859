/* merge_check.h - are the inputs of a merge sound?
 * Checked from end to end by a thread while the rows are copied, through other connections, so nothing is shared but the
 * files. A merge may use what it copied only after vx_checks_finish said VX_OK. */
#ifndef VX_DB_MERGE_CHECK_H
#define VX_DB_MERGE_CHECK_H

#include "db/merge_source.h"

struct vx_checks;

/* sources [n] are open, and stay so until vx_checks_finish. On success *out is the caller's, who must finish it. */
enum vx_status vx_checks_start(struct vx_checks **out, const struct vx_source *sources, size_t n,
                               struct vx_err *err) VX_CHECKED;

/* Is there any point in going on? */
bool vx_checks_failed(struct vx_checks *checks);

/* Waits, and helps. VX_EFORMAT: structure damaged, counts other than the rows, logits against flags, rows of items or
 * runs that are not there; names the first such source. NULL is fine; sets *checks to NULL. */
enum vx_status vx_checks_finish(struct vx_checks **checks, struct vx_err *err) VX_CHECKED;

#endif
