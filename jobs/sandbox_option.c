#include "jobs/sandbox_option.h"
#include "io/sandbox.h"

#include <string.h>

enum vx_status vx_sandbox_option_check(const char *word, struct vx_err *err)
{
    if (strcmp(word, "auto") != 0 && strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
        return vx_fail(err, VX_EINVAL, "--sandbox %s: expected auto, on or off", word);
    return VX_OK;
}

enum vx_status vx_sandbox_option_decide(const char *word, bool *sandbox, struct vx_log *log, struct vx_err *err)
{
    struct vx_err why;

    *sandbox = strcmp(word, "off") != 0 && vx_sandbox_available(&why) == VX_OK;
    if (*sandbox || strcmp(word, "off") == 0)
        return VX_OK;
    if (strcmp(word, "on") == 0)
        return vx_fail(err, VX_EUNSUPPORTED, "--sandbox on: %s", why.text);
    if (log)
        vx_log_say(log, VX_LOG_WARNING, "decoders run without sandbox: %s", why.text);
    return VX_OK;
}
