/* progress.h - the line that says how far a scan is: pure formatting, and rates over the last half minute */
#ifndef VX_MPI_PROGRESS_H
#define VX_MPI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct vx_progress {
    int64_t done, items, failed; /* done includes failed and what an earlier run had done */
    int64_t before;              /* of those done: by earlier attempts */
    bool listing;                /* items still grows */
    double windows_per_s;        /* over all ranks */
    double real_time;            /* seconds of sound scanned a second */
    double eta_s;                /* below 0: unknown */
};

/* "1,234/56,789 items  89.1 windows/s  178x real time  3 errors  ETA 2 min 10 s"; while listing
 * "1,234/56,789+ items  listing...  89.1 …" and no ETA; behind the items "(1,000 done before)" if any were. Returns out. */
const char *vx_progress_line(const struct vx_progress *p, char *out, size_t size);

/* Counters seen over time, one sample a second, the last half minute of them. Zero-initialise. */
#define VX_RATE_SAMPLES 32
struct vx_rate {
    struct vx_rate_sample {
        double at; /* seconds, any clock that only grows */
        int64_t windows, items;
    } sample[VX_RATE_SAMPLES];
    int n, newest; /* samples held; where the newest is */
};

void vx_rate_add(struct vx_rate *r, double now, int64_t windows, int64_t items);
/* A second, since the oldest sample held; 0 with less than a second of history. */
double vx_rate_windows(const struct vx_rate *r, double now, int64_t windows);
double vx_rate_items(const struct vx_rate *r, double now, int64_t items);

#endif
