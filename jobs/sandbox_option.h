/* sandbox_option.h - --sandbox auto|on|off: whether processes that read files are confined (io/sandbox.h) */
#ifndef VX_JOBS_SANDBOX_OPTION_H
#define VX_JOBS_SANDBOX_OPTION_H

#include "base/err.h"
#include "base/log.h"

#include <stdbool.h>

#define VX_SANDBOX_OPTION_DOC "decoder processes may open and send nothing: where the kernel can see to that, always, or never (default auto)"

/* VX_EINVAL: none of these words. */
enum vx_status vx_sandbox_option_check(const char *word, struct vx_err *err) VX_CHECKED;
/* VX_EUNSUPPORTED: on, and it cannot be. auto, and it cannot be: said on the log, unless that is NULL. */
enum vx_status vx_sandbox_option_decide(const char *word, bool *sandbox, struct vx_log *log, struct vx_err *err) VX_CHECKED;

#endif
