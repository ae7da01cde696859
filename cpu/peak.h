/* peak.h - what this processor can do at most, measured: arithmetic without memory, and memory without arithmetic
 * The ceilings that speed is held against. One call measures the calling thread's core; what all cores can do together is
 * measured by calls on as many threads at once. */
#ifndef VX_CPU_PEAK_H
#define VX_CPU_PEAK_H

#include "base/err.h"
#include "cpu/isa.h"
#include "model/trace.h"

/* The instructions that unit is measured with, "AVX-512 BF16 dot products"; NULL: this processor has none for it (or none that
 * is written here: the matrix registers of AMX are not). VX_TRACE_MEMORY has none. */
const char *vx_peak_name(enum vx_trace_unit unit, const struct vx_isa *isa);

/* Additions and multiplications a second of independent multiply-adds in registers, for about `seconds`. 0: no such
 * instructions. */
double vx_peak_arithmetic(enum vx_trace_unit unit, const struct vx_isa *isa, double seconds);

/* Bytes a second, read and written both counted, of copies of `bytes` from one buffer to another. */
enum vx_status vx_peak_copy(size_t bytes, double seconds, double *rate, struct vx_err *err) VX_CHECKED;

#endif
