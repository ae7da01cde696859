/* clock.h - time, monotonic for measuring and calendar for records */
#ifndef VX_BASE_CLOCK_H
#define VX_BASE_CLOCK_H

#include <stddef.h>

double vx_clock_now(void);       /* seconds, monotonic, from an arbitrary start */
double vx_clock_cpu(void);       /* seconds of processor time of this process, user + system, all threads */
double vx_clock_peak_rss(void);  /* bytes: largest resident set of this process so far */
void vx_clock_utc(char out[25]); /* now, "2026-01-31T23:59:59Z" */
void vx_clock_sleep(double seconds);

#endif
