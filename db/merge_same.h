/* merge_same.h - identical content of a result, settled the same way whoever scored what
 * In runs with --dedupe the items of one content (hash, kind and, for bytes, extension) are a group. What is kept does not depend on which of them was
 * scored, or on how many were: the item with the smallest number has windows and aggregates; the others point to it (same_as),
 * have its format, status, error, aggregates and verdict, and no windows. The best result of the group is taken: scored before not
 * scored before failed, then that of the smallest number; of equal bytes they are equal. So copies of a file that fails, fail
 * with the same error. */
#ifndef VX_DB_MERGE_SAME_H
#define VX_DB_MERGE_SAME_H

#include "db/merge.h"
#include "db/sqlite.h"

/* out: runs and items are complete, in a transaction. by_id: items have the numbers of their shards. Brings stats up to date.
 * Items that wait for a result nobody has stay pending. */
enum vx_status vx_merge_same(struct vx_sql *out, bool by_id, struct vx_merge_stats *stats, struct vx_err *err) VX_CHECKED;

#endif
