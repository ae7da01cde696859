/* bench_measure.h - what voxtrawl bench measures, apart and in turns
 * Everything is measured in rounds, one after the other in each, so that whatever else the machine does meets all alike; of
 * each the fastest round counts. */
#ifndef VX_JOBS_BENCH_MEASURE_H
#define VX_JOBS_BENCH_MEASURE_H

#include "base/err.h"
#include "jobs/scanner.h"
#include "model/trace.h"

#include <stdbool.h>

struct vx_bench_options {
    double seconds; /* for each thing measured, over all rounds */
    int rounds;     /* >= 1 */
    bool network_only;
};

/* Of all lanes together, where lanes are processors; else zero. */
struct vx_bench_ceilings {
    const char *name[VX_TRACE_UNITS]; /* NULL: not measured */
    double flops[VX_TRACE_UNITS];     /* additions and multiplications a second; of VX_TRACE_MEMORY none */
    double memory, cache;             /* bytes a second of copies: beyond all caches, and within a core's second-level one */
};

struct vx_bench_results {
    struct vx_bench_ceilings ceilings;
    double network;         /* windows a second over all lanes: image to logits */
    double front;           /* sound to image */
    double both;            /* sound to logits */
    int front_lanes;        /* that `front` ran on */
    bool traced;            /* the engine can tell its operations apart */
    struct vx_trace trace;  /* of all lanes */
    double traced_windows;  /* that it counts */
};

enum vx_status vx_bench_measure(struct vx_bench_results *out, const struct vx_scanner *scanner, const struct vx_bench_options *options,
                                struct vx_err *err) VX_CHECKED;

/* Decoding, resampling and cutting into windows of one file, on the calling thread. */
enum vx_status vx_bench_decode(const struct vx_scanner *scanner, const char *path, double *audio_s, double *wall_s,
                               struct vx_err *err) VX_CHECKED;

/* The share of what is possible that operation i of the trace reaches: the time that its arithmetic takes at the ceiling of its
 * kind, or its bytes in copies within the cache where that is longer, by the time that it took. 0: not known. */
double vx_bench_share(const struct vx_bench_results *results, int i, int lanes);

#endif
