/* summary.h - the first and the last lines of a scan */
#ifndef VX_JOBS_SUMMARY_H
#define VX_JOBS_SUMMARY_H

#include "base/joules.h"
#include "base/log.h"
#include "db/merge.h"
#include "jobs/scan_options.h"
#include "jobs/scanner.h"
#include "mpi/coordinator.h"

/* The effective configuration, at start. */
void vx_summary_begin(struct vx_log *log, const struct vx_scan_options *o, const struct vx_scanner *s, int ranks,
                      bool resumed, const char *work);

struct vx_summary {
    const struct vx_scan_options *options;
    const struct vx_scanner *scanner;
    const struct vx_coordinator_result *run; /* this run alone */
    const struct vx_merge_stats *merged;     /* everything in the result */
    int64_t skipped;                         /* files passed over while listing */
    int ranks;
    double wall_s;
    const struct vx_energy *energy;     /* of all attempts */
    const struct vx_joules_used *meter; /* of this host: what it measures by */
    bool resumed;                       /* there were earlier attempts */
};
void vx_summary_end(const struct vx_summary *summary); /* on stderr */

/* A warning when recordings lie outside what the model was measured on: how many, in what, and how to list them. */
void vx_summary_outside(struct vx_log *log, const struct vx_domain *measured, const struct vx_merge_stats *merged,
                        const char *out);

#endif
