/* doctor.h - voxtrawl doctor's parts: each looks at one side of the machine and adds what it found */
#ifndef VX_JOBS_DOCTOR_H
#define VX_JOBS_DOCTOR_H

#include "jobs/findings.h"
#include "jobs/scanner.h"
#include "mpi/world.h"

struct vx_doctor {
    struct vx_scanner_options scanner; /* as a scan would be given them */
    const char *out, *work, *scratch;  /* work: NULL: OUT.db.work; scratch: NULL: none */
    struct vx_world world;
    int processors;                    /* of this rank */
    struct vx_findings found;
};

/* doctor_machine.c: processor, processors, memory, limits, sandbox, energy, locale */
void vx_doctor_machine(struct vx_doctor *d);
/* doctor_engine.c: program, decoders, GPUs; the model and the engine that a scan would take, and why */
void vx_doctor_engine(struct vx_doctor *d);
/* doctor_places.c: where result, work folder and scratch would lie */
void vx_doctor_places(struct vx_doctor *d);
/* doctor_launch.c: MPI, mpirun, Slurm */
void vx_doctor_launch(struct vx_doctor *d);

#endif
