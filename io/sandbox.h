/* sandbox.h - what a decoder process may still do: compute, read what it was handed, and talk to its rank
 * A seccomp filter and resource limits. The filter lets through what decoders need by name, ends the process for what only an
 * intruder wants (sockets, other programs, opening for writing, other processes' memory), and answers EPERM to all else, since
 * libraries try many things (a character set's file, a clock's zone) and do without. */
#ifndef VX_IO_SANDBOX_H
#define VX_IO_SANDBOX_H

#include "base/err.h"

#include <stdint.h>

/* VX_OK, or VX_EUNSUPPORTED with the reason: the kernel, the processor's architecture, or a sanitizer's build. */
enum vx_status vx_sandbox_available(struct vx_err *err) VX_CHECKED;

/* Before the others: reads what libraries look up in files when they need it, the rules of local time, which libarchive reckons in. */
void vx_sandbox_prepare(void);

/* Limits for this process from here on: no core files, no file grows, few descriptors; data_bytes of memory of its own,
 * 0: as before (also in a sanitizer's build, whose shadow memory would count). */
enum vx_status vx_sandbox_limit(uint64_t data_bytes, struct vx_err *err) VX_CHECKED;

/* From here on only the above; there is no way back. One thread, whose descriptors are open already. */
enum vx_status vx_sandbox_enter(struct vx_err *err) VX_CHECKED;

#endif
