/* coordinator_energy.c - the energy of all hosts: each host's once, and unknown where one's is missing */
#include "mpi/coordinator_internal.h"

#include <string.h>

/* The first rank of worker i's host that knows the energy of its processors, or GPUs; -1: none has told. */
static int teller(const struct vx_coordinator *c, int i, bool gpu)
{
    for (int k = 0; k < c->n_workers; k++) {
        const struct vx_seat *w = &c->workers[k];
        if (w->presence == GONE && (gpu ? w->energy.gpu_known : w->energy.cpu_known) &&
            strcmp(w->hello.host, c->workers[i].hello.host) == 0)
            return k;
    }
    return -1;
}

void vx_coordinator_energy(const struct vx_coordinator *c, struct vx_energy *sum)
{
    bool any = false;

    *sum = (struct vx_energy){.cpu_known = true, .gpu_known = true};
    for (int i = 0; i < c->n_workers; i++) {
        if (!c->workers[i].greeted)
            continue;
        const int cpu = teller(c, i, false), gpu = teller(c, i, true);
        any = true;
        sum->cpu_known &= cpu >= 0;
        sum->gpu_known &= gpu >= 0;
        if (cpu == i)
            sum->cpu_j += c->workers[i].energy.cpu_j;
        if (gpu == i)
            sum->gpu_j += c->workers[i].energy.gpu_j;
    }
    sum->cpu_known &= any;
    sum->gpu_known &= any;
    if (!sum->cpu_known)
        sum->cpu_j = 0;
    if (!sum->gpu_known)
        sum->gpu_j = 0;
}
