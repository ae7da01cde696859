/* spent.h - the energy that each attempt of a run took, kept in the work folder until the result is complete
 * An attempt that was killed left nothing, and the whole is then unknown. */
#ifndef VX_JOBS_SPENT_H
#define VX_JOBS_SPENT_H

#include "base/joules.h"
#include "mpi/wire.h"

#include <stddef.h>

#define VX_SPENT_FILE "energy.txt"
#define VX_SPENT_WORDS 400
#define VX_J_PER_WH 3600.0

/* Writes down that of an attempt, at its end, and makes *whole the sum over attempts 1 to this one; not known where one is
 * missing or did not know. The file not written costs later attempts their sum, no more. */
void vx_spent_add(const char *work, int attempt, const struct vx_energy *energy, struct vx_energy *whole);

/* "processors 1.2 Wh (RAPL, 2 packages), GPUs unknown (no NVML); ..." by: words of one host's meter. seconds: that it took,
 * 0: unknown. g_per_kwh: of CO2, 0: unknown. Returns out. */
const char *vx_spent_words(const struct vx_energy *energy, const struct vx_joules_used *by, double seconds, double g_per_kwh,
                           char out[VX_SPENT_WORDS]);

#endif
