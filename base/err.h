/* err.h - one error, owned by the caller, filled by whoever fails
 * A failing function returns a status other than VX_OK and leaves in *err one line that names the
 * file, the place in it and what was expected. Success never touches *err. */
#ifndef VX_BASE_ERR_H
#define VX_BASE_ERR_H

#include <stdarg.h>

#ifdef __cplusplus /* the .cu files are C++ */
extern "C" {
#endif

enum vx_status {
    VX_OK = 0,
    VX_DONE,         /* an iterator has nothing more; not an error, *err is untouched */
    VX_EINVAL,       /* what the user or the caller asked for makes no sense */
    VX_ESYS,         /* the operating system said no */
    VX_EFORMAT,      /* a file is not what it claims to be */
    VX_ENOMEM,       /* out of memory */
    VX_ELIMIT,       /* a stated limit was passed */
    VX_EUNSUPPORTED, /* understood, but not in this build or not yet possible */
    VX_EDB,          /* SQLite said no */
    VX_EMPI,         /* MPI said no */
    VX_ESTOP,        /* asked to stop; what was committed is kept */
    VX_ELOST,        /* a process of its own that the program cannot do without is gone, or cannot be started */
};

struct vx_err {
    enum vx_status status;
    char text[1024]; /* one line of UTF-8, no newline at its end */
};

#define VX_CHECKED __attribute__((warn_unused_result))
#define VX_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Fill *err (NULL is fine) and return status, so that failing is one line: return vx_fail(err, ...). */
enum vx_status vx_fail(struct vx_err *err, enum vx_status status, const char *fmt, ...) VX_PRINTF(3, 4);

/* The same with status VX_ESYS and ": " strerror(errno) appended. */
enum vx_status vx_fail_sys(struct vx_err *err, const char *fmt, ...) VX_PRINTF(2, 3);

/* VX_ENOMEM, naming what could not be allocated. */
enum vx_status vx_fail_nomem(struct vx_err *err, const char *what);

/* Put "text: " in front of the message in *err, to say on whose behalf it failed. Returns err->status. */
enum vx_status vx_err_prefix(struct vx_err *err, const char *fmt, ...) VX_PRINTF(2, 3);

/* "invalid argument", "system", ...: a short constant word for logs and the database. */
const char *vx_status_name(enum vx_status status);

#ifdef __cplusplus
}
#endif

#endif
