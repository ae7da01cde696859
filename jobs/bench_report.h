/* bench_report.h - what voxtrawl bench measured, for people and as one JSON object */
#ifndef VX_JOBS_BENCH_REPORT_H
#define VX_JOBS_BENCH_REPORT_H

#include "base/buf.h"
#include "jobs/bench_measure.h"

struct vx_bench_decoded {
    const char *path;
    double audio_s, wall_s;
};

struct vx_bench_report {
    const struct vx_scanner *scanner;
    const struct vx_bench_options *options;
    const struct vx_bench_results *results;
    const struct vx_bench_decoded *decoded; /* [n_decoded] */
    int n_decoded;
};

/* Both add to *to; its `failed` says whether memory was short. */
void vx_bench_text(struct vx_buf *to, const struct vx_bench_report *report);
void vx_bench_json(struct vx_buf *to, const struct vx_bench_report *report);

#endif
