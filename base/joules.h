/* joules.h - the energy that this machine's processors and GPUs take while something runs
 * Whole packages and whole GPUs, whoever uses them: on a shared machine others' work is in it. Processors by RAPL, which the
 * kernel shows below /sys/class/powercap, mostly to root alone; GPUs by NVML, whose library is looked for at run time and
 * needs no CUDA. What cannot be read is unknown, and says why; it is never guessed. A thread looks once in a while, since RAPL's
 * counters start over within minutes and some GPUs tell their power only. */
#ifndef VX_BASE_JOULES_H
#define VX_BASE_JOULES_H

#include "base/err.h"

#include <stdbool.h>

struct vx_joules;

struct vx_joules_config { /* NULL and 0: as below */
    const char *powercap; /* "/sys/class/powercap" */
    const char *nvml;     /* "libnvidia-ml.so.1", a path or what dlopen finds */
    double period_s;      /* 1; negative: no thread, only vx_joules_read looks */
};

struct vx_joules_used { /* since the start */
    bool cpu_known, gpu_known;
    double cpu_j, gpu_j;      /* 0 where not known */
    char cpu_by[80], gpu_by[80]; /* "RAPL, 2 packages"; or why it is not known: "RAPL: Permission denied" */
};

/* Begins to count. VX_ENOMEM, VX_ESYS: no thread. That nothing can be measured is no error. On success *out is the caller's. */
enum vx_status vx_joules_start(struct vx_joules **out, const struct vx_joules_config *config, struct vx_err *err) VX_CHECKED;
void vx_joules_read(struct vx_joules *j, struct vx_joules_used *used); /* from any thread */
void vx_joules_stop(struct vx_joules **j);                             /* NULL is fine */

#endif
