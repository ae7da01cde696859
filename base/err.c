#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

VX_PRINTF(3, 0) static void set_text(struct vx_err *err, enum vx_status status, const char *fmt, va_list ap)
{
    err->status = status;
    vsnprintf(err->text, sizeof err->text, fmt, ap);
}

enum vx_status vx_fail(struct vx_err *err, enum vx_status status, const char *fmt, ...)
{
    if (err) {
        va_list ap;
        va_start(ap, fmt);
        set_text(err, status, fmt, ap);
        va_end(ap);
    }
    return status;
}

enum vx_status vx_fail_sys(struct vx_err *err, const char *fmt, ...)
{
    const int saved = errno;

    if (err) {
        va_list ap;
        va_start(ap, fmt);
        set_text(err, VX_ESYS, fmt, ap);
        va_end(ap);
        const size_t used = strlen(err->text);
        char why[128];
        /* the GNU form may return a constant instead of filling the buffer */
        snprintf(err->text + used, sizeof err->text - used, ": %s", strerror_r(saved, why, sizeof why));
    }
    errno = saved;
    return VX_ESYS;
}

enum vx_status vx_fail_nomem(struct vx_err *err, const char *what)
{
    return vx_fail(err, VX_ENOMEM, "out of memory for %s", what);
}

enum vx_status vx_err_prefix(struct vx_err *err, const char *fmt, ...)
{
    char rest[sizeof err->text];
    va_list ap;

    memcpy(rest, err->text, sizeof rest);
    va_start(ap, fmt);
    set_text(err, err->status, fmt, ap);
    va_end(ap);
    const size_t used = strlen(err->text);
    snprintf(err->text + used, sizeof err->text - used, ": %s", rest);
    return err->status;
}

const char *vx_status_name(enum vx_status status)
{
    switch (status) {
    case VX_OK:
        return "ok";
    case VX_DONE:
        return "done";
    case VX_EINVAL:
        return "invalid argument";
    case VX_ESYS:
        return "system";
    case VX_EFORMAT:
        return "format";
    case VX_ENOMEM:
        return "out of memory";
    case VX_ELIMIT:
        return "limit";
    case VX_EUNSUPPORTED:
        return "unsupported";
    case VX_EDB:
        return "database";
    case VX_EMPI:
        return "MPI";
    case VX_ESTOP:
        return "stopped";
    case VX_ELOST:
        return "lost process";
    }
    return "unknown";
}
