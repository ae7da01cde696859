/* verify_check.h - files and members of archives against the hashes that a result has of them
 * Threads share the items by path, so that an archive is read by one of them, from front to back. */
#ifndef VX_JOBS_VERIFY_CHECK_H
#define VX_JOBS_VERIFY_CHECK_H

#include "base/err.h"
#include "base/hash.h"
#include "base/item.h"
#include "base/opts.h"
#include "io/player.h"

#include <stdatomic.h>
#include <stdint.h>

enum vx_verified {
    VX_VERIFIED_EQUAL,
    VX_VERIFIED_CHANGED,    /* another content; or the hash in the result is not what it was */
    VX_VERIFIED_MISSING,    /* no such file, or no such member */
    VX_VERIFIED_UNREADABLE, /* there, but cannot be read to its end or, for a hash of samples, decoded */
    VX_VERIFIED_NOT_HASHED, /* nothing to compare with */
    VX_VERIFIED_COUNT,
};
const char *vx_verified_name(enum vx_verified what); /* "equal", "changed", "missing", "unreadable", "not hashed" */

struct vx_finding { /* borrowed during the call */
    enum vx_verified what;
    const struct vx_item *item; /* as in the result */
    const char *path;           /* where its file was looked for */
    const char *stored, *found; /* hashes; NULL: none */
    const char *why;            /* of MISSING, UNREADABLE, and of CHANGED where nothing was found; else NULL */
};

struct vx_verify_config {
    const char *db;
    struct vx_opt_list roots; /* OLD=NEW: paths that begin with the folder OLD begin with NEW; the first that fits */
    int threads;
    struct vx_player_config player; /* what reads what is in files */
    /* What is not equal, in any order; one call at a time. Anything but VX_OK ends it all. */
    enum vx_status (*report)(void *user, const struct vx_finding *finding, struct vx_err *err);
    void *user;
};

struct vx_verify_progress { /* while it goes on, for whoever looks */
    _Atomic int64_t items, counts[VX_VERIFIED_COUNT];
    _Atomic int64_t bytes;
    atomic_bool done;
};

/* VX_EINVAL: a root without "=". */
enum vx_status vx_verify_roots_check(const struct vx_opt_list *roots, struct vx_err *err) VX_CHECKED;
/* path as the roots have it; the caller's to free, NULL: no memory. */
char *vx_verify_map(const struct vx_opt_list *roots, const char *path);

/* Until all are checked; sets progress->done at its end, however that comes. */
enum vx_status vx_verify_check(const struct vx_verify_config *config, struct vx_verify_progress *progress,
                               struct vx_err *err) VX_CHECKED;

#endif
