/* shard.h - where a rank puts its results: one SQLite file, appended to by one writer
 * A commit is all or nothing and on disk when it returns. Writing an item again replaces it with equal rows, so replay
 * is harmless. Same schema as the result (db/README.md). With a scratch folder the database is there, and pieces of it are
 * put at the shard's place, each a shard of its own, whole at any time and never locked. */
#ifndef VX_DB_SHARD_H
#define VX_DB_SHARD_H

#include "base/err.h"
#include "base/item.h"
#include "db/run.h"

#include <stdbool.h>
#include <stddef.h>

struct vx_shard;

/* Creates path with schema and run row, or opens it when it exists and is of this run: same fingerprint and uuid (else
 * VX_EINVAL naming both; ids of another run mean other files). VX_EDB: with SQLite's words, the path and a remedy, here
 * and below; the shard stays usable, what was committed is kept. VX_EFORMAT: damaged. */
enum vx_status vx_shard_open(struct vx_shard **out, const char *path, const struct vx_run *run, struct vx_err *err) VX_CHECKED;
/* The same for a new shard, written in the folder scratch of this node, which must be there; no file stays in it, however the
 * process ends. What is committed is copied to path, and where that has grown to a few MB to more files beside it
 * (vx_pieces_path() of db/pieces.h): a commit returns when its copy is on disk. run is borrowed for the shard's life.
 * VX_EINVAL also: path exists. VX_ESYS: scratch or path cannot be written; what was committed before is kept. */
enum vx_status vx_shard_open_scratch(struct vx_shard **out, const char *path, const char *scratch, const struct vx_run *run,
                                     struct vx_err *err) VX_CHECKED;
/* VX_EINVAL, and nothing is written: a result that contradicts itself, or a logit that is no finite number. */
enum vx_status vx_shard_commit(struct vx_shard *shard, const struct vx_item_result *const *results, size_t n,
                               struct vx_err *err) VX_CHECKED;
void vx_shard_close(struct vx_shard **shard);

/* Calls each(ctx, item) for every item of the shard at path that has a final row, ascending. For resuming. */
enum vx_status vx_shard_items(const char *path, void (*each)(void *ctx, int64_t item), void *ctx, struct vx_err *err) VX_CHECKED;
/* The same, telling which of them failed. */
enum vx_status vx_shard_results(const char *path, void (*each)(void *ctx, int64_t item, bool failed), void *ctx,
                                struct vx_err *err) VX_CHECKED;
/* What each item of the shard is, one with a result or one that was left to another item. Shards of before schema version 4 know
 * nothing of it. */
struct vx_shard_content { /* text is borrowed during the call */
    int64_t item;
    enum vx_item_kind kind;
    const char *name; /* of the member, or of the file */
    const char *hash; /* NULL: not known */
    int64_t same_as;  /* the item it was left to; 0: it has a result of its own */
};
enum vx_status vx_shard_contents(const char *path, void (*each)(void *ctx, const struct vx_shard_content *content), void *ctx,
                                 struct vx_err *err) VX_CHECKED;
/* Whether somebody keeps the shard at path from being read; asks once, does not wait. */
bool vx_shard_is_locked(const char *path);

#endif
