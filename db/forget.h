/* forget.h - taking back what a shard of an earlier attempt holds, so that those items are scanned again
 * The shard must be nobody's: its writer has ended. All or nothing for each shard; an item that is not there is no error. That
 * of an earlier program is brought up to date. */
#ifndef VX_DB_FORGET_H
#define VX_DB_FORGET_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Items [n] of the shard at path, with their windows and metadata. */
enum vx_status vx_shard_forget(const char *path, const int64_t *items, size_t n, struct vx_err *err) VX_CHECKED;
/* Those that failed; *n grows by their number. */
enum vx_status vx_shard_forget_failed(const char *path, int64_t *n, struct vx_err *err) VX_CHECKED;

#endif
