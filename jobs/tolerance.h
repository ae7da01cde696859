/* tolerance.h - how many items of a scan may fail before its exit status says so
 * Large archives always hold some files that nobody can read. A chain of jobs that goes on after success alone (Slurm's afterok)
 * needs a limit below which that is success. */
#ifndef VX_JOBS_TOLERANCE_H
#define VX_JOBS_TOLERANCE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct vx_tolerance { /* zeroed: none may fail */
    int64_t items;
    double percent; /* of all items; counts when items is 0 */
};

/* "20" or "0.5%". VX_EINVAL: neither, or a share above 100 %. */
enum vx_status vx_tolerance_parse(struct vx_tolerance *t, const char *text, struct vx_err *err) VX_CHECKED;
bool vx_tolerance_holds(const struct vx_tolerance *t, int64_t failed, int64_t items);

#endif
