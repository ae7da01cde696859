/* merge_runs.h - the table runs of a merge: are these scans comparable, and which row describes each */
#ifndef VX_DB_MERGE_RUNS_H
#define VX_DB_MERGE_RUNS_H

#include "db/merge_source.h"
#include "db/run.h"

/* Compares the fingerprints of every run of every source and of final (or NULL), writes one row a uuid into out,
 * numbered by time of start, and fills each source's map; a list's items go to final's run, or to the only one.
 * *n_runs: how many there are. VX_EINVAL: fingerprints differ (says in what), or a list of no run. */
enum vx_status vx_merge_runs(struct vx_sql *out, struct vx_source *sources, size_t n, const struct vx_run *final,
                             int64_t *n_runs, struct vx_err *err) VX_CHECKED;

#endif
