#include "mpi/launcher.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *value_of(char *const *environment, const char *name)
{
    const size_t n = strlen(name);

    for (; *environment; environment++)
        if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
            return *environment + n + 1;
    return NULL;
}

/* A positive number, 0 for anything else. */
static int count_of(char *const *environment, const char *name)
{
    const char *s = value_of(environment, name);
    char *end;
    long v;

    if (!s || !*s)
        return 0;
    errno = 0;
    v = strtol(s, &end, 10);
    return errno || *end || v < 1 || v > INT_MAX ? 0 : (int)v;
}

enum vx_status vx_launcher_find(struct vx_launcher *out, char *const *environment, struct vx_err *err)
{
    /* in this order: mpirun inside a Slurm step sets its own variables beside the step's */
    static const struct {
        const char *variable, *name, *size;
    } signs[] = {
        {"OMPI_COMM_WORLD_SIZE", "Open MPI", "OMPI_COMM_WORLD_SIZE"}, /* mpirun */
        {"PMI_RANK", "PMI", "PMI_SIZE"},                              /* MPICH's mpiexec, srun --mpi=pmi2 */
        {"PMIX_RANK", "PMIx", "SLURM_STEP_NUM_TASKS"},                /* srun --mpi=pmix */
    };
    const int tasks = count_of(environment, "SLURM_STEP_NUM_TASKS");

    *out = (struct vx_launcher){0};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (value_of(environment, signs[i].variable)) {
            *out = (struct vx_launcher){signs[i].name, count_of(environment, signs[i].size)};
            return VX_OK;
        }
    if (tasks > 1 && value_of(environment, "SLURM_STEP_ID"))
        return vx_fail(err, VX_EINVAL, "srun has started %d tasks without MPI: use srun --mpi=pmix or mpirun for several "
                       "ranks, srun -n 1 for one", tasks);
    return VX_OK;
}
