/* launcher.h - was this process started as one rank of several? Read from its environment alone
 * MPI_Init without a launcher costs a second and starts daemons on some systems, so a plain `voxtrawl scan` must not
 * call it; and a shell inside a Slurm allocation, which has SLURM_* variables, is no launcher either. */
#ifndef VX_MPI_LAUNCHER_H
#define VX_MPI_LAUNCHER_H

#include "base/err.h"

struct vx_launcher {
    const char *name; /* "Open MPI", "PMI", "PMIx"; NULL: started alone */
    int size;         /* ranks it says it has started, 0 when it does not say */
};

/* environment as environ(7), ended by NULL. VX_EINVAL: srun has started several tasks without PMI, so each of them
 * would believe to be alone and scan everything. */
enum vx_status vx_launcher_find(struct vx_launcher *out, char *const *environment, struct vx_err *err) VX_CHECKED;

#endif
