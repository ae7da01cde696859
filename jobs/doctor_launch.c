#include "base/spawn.h"
#include "jobs/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE 10 /* seconds for a program to say its version */

/* The first line that `PROGRAM --version` says; false: there is none, or it does not answer. */
static bool ask_version(const char *program, char *out, size_t size)
{
    const char *const argv[] = {program, "--version", NULL};
    struct vx_spawned r;
    struct vx_err err;
    const bool ok = vx_spawn(argv, PATIENCE, &r, &err) == VX_OK && r.status == 0;

    if (ok)
        snprintf(out, size, "%s", vx_spawned_says(&r));
    vx_spawned_free(&r);
    return ok;
}

/* "4.1.4" in "Open MPI v4.1.4, package: ..." and in "mpirun (Open MPI) 4.1.4"; empty: none. */
static void version_number(const char *text, char *out, size_t size)
{
    out[0] = '\0';
    for (const char *at = text; *at; at++) {
        const size_t len = strspn(at, "0123456789.");
        if (len >= 3 && strchr(at, '.') && strchr(at, '.') < at + len) {
            snprintf(out, size, "%.*s", (int)len, at);
            return;
        }
        at += len > 0 ? len - 1 : 0;
    }
}

static void look_at_mpirun(struct vx_doctor *d, const char *library)
{
    char said[256], ours[32], theirs[32];

    if (!ask_version("mpirun", said, sizeof said)) {
        vx_found(&d->found, "MPI", VX_LEVEL_OK, "%s, without mpirun in PATH: one process with threads, which uses all processors of "
                 "this machine; several machines need mpirun or srun", library);
        return;
    }
    version_number(library, ours, sizeof ours);
    version_number(said, theirs, sizeof theirs);
    if (strstr(library, "Open MPI") && strcmp(ours, theirs) != 0) {
        vx_found(&d->found, "MPI", VX_LEVEL_NOTE, "the program has %s, but mpirun says \"%s\": ranks may not find each other", library, said);
        vx_found_remedy(&d->found, "put the mpirun of the MPI that voxtrawl was built with first in PATH");
        return;
    }
    vx_found(&d->found, "MPI", VX_LEVEL_OK, "%s; mpirun is there: %s", library, said);
}

static void look_at_mpi(struct vx_doctor *d)
{
    const char *const library = vx_world_mpi_version();
    const char *const root = getenv("OMPI_ALLOW_RUN_AS_ROOT");

    if (d->world.size > 1) {
        vx_found(&d->found, "MPI", VX_LEVEL_OK, "%s; %d ranks, %d of them on this host, %d processor%s for this rank", library, d->world.size,
                 d->world.local_size, d->processors, d->processors == 1 ? "" : "s");
        return;
    }
    look_at_mpirun(d, library);
    if (geteuid() == 0 && strstr(library, "Open MPI") && !(root && *root)) {
        vx_found(&d->found, "MPI", VX_LEVEL_NOTE, "Open MPI's mpirun does not start programs for root");
        vx_found_remedy(&d->found, "be another user; or, in a container: export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1");
    }
}

static void look_at_slurm(struct vx_doctor *d)
{
    const char *const job = getenv("SLURM_JOB_ID"), *const site = getenv("VOXTRAWL_SITE");
    char said[128];

    if (!ask_version("sbatch", said, sizeof said)) {
        vx_found(&d->found, "Slurm", VX_LEVEL_OK, "no sbatch in PATH: voxtrawl submit needs it, scans do not");
        return;
    }
    vx_found(&d->found, "Slurm", VX_LEVEL_OK, "%s%s%s%s%s", said, job ? ", in job " : "", job ? job : "", site && *site ? "; site file " : "",
             site && *site ? site : "");
    if (site && *site && access(site, R_OK) != 0) {
        vx_found(&d->found, "Slurm", VX_LEVEL_NOTE, "VOXTRAWL_SITE names %s, which cannot be read", site);
        vx_found_remedy(&d->found, "have it name a copy of share/voxtrawl/slurm/site.example, or unset it");
    }
}

void vx_doctor_launch(struct vx_doctor *d)
{
    look_at_mpi(d);
    look_at_slurm(d);
}
