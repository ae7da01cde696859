/* merge.h - shards become one result database
 * Written to OUT.tmp beside the result, checked, renamed into place: whoever looks sees the old result or the new one.
 * Every item appears exactly once. OUT.tmp is locked while a merge writes it; what a killed one left there is taken up by the
 * next one of the same, unchanged files, and begun afresh by any other. */
#ifndef VX_DB_MERGE_H
#define VX_DB_MERGE_H

#include "base/err.h"
#include "base/item.h"
#include "db/run.h"

#include <stddef.h>
#include <stdint.h>

struct vx_merge_stats {
    int64_t runs, items, scored, not_scored, failed, pending, windows;
    int64_t duplicates; /* items found in more than one shard; one was kept (scored before failed, later before earlier) */
    int64_t same; /* items with the content of another one, which alone was scored (--dedupe, db/merge_same.h) */
    int64_t verdicts[4]; /* items by enum vx_verdict, of those that have one */
    int64_t compared, outside; /* scored items: of which it is known how they lie to the measured ranges; outside */
    int64_t outside_by[VX_N_OUTSIDE]; /* [i]: with bit 1 << i of enum vx_outside */
    int64_t taken_up;    /* items that a killed merge had copied, into the result or into parts of it */
    double audio_s;      /* sound in all items */
    double seconds;
};

/* VX_EINVAL: out exists and is no result of ours, so it will not be replaced; never a shard, or somebody's file. */
enum vx_status vx_merge_check_out(const char *out, struct vx_err *err) VX_CHECKED;

/* shards: databases written by vx_shard or by an earlier merge. Shards of one run (same uuid) share item ids; items of
 * different runs are matched by path and member and numbered anew. list: the run's vx_itemlist file, for metadata and
 * for items that no shard has (status "pending"), or NULL. final: the run row to write, or NULL to keep the shards'.
 * A run that is still "running" and of which final says nothing becomes "merged". The result does not depend on the order
 * of shards, and merging results of merges gives what merging all their shards at once gives; but of rows that
 * are as good as each other (two failures in one run) that of the shard whose path sorts last is taken.
 * VX_EINVAL: fingerprints differ (names the difference), no run at all, or out exists and is no result of ours. VX_EFORMAT:
 * a shard is damaged or contradicts itself or another, or an item is in none of them, though final says "complete". VX_EDB:
 * another merge is writing out.tmp. On failure an existing result is untouched, but for VX_ESYS with "is in place" in its
 * text: the new result is there under its name, and only that the disk has noted the name could not be made sure. */
enum vx_status vx_merge(const char *out, const char *const *shards, size_t n, const char *list,
                        const struct vx_run *final, struct vx_merge_stats *stats, struct vx_err *err) VX_CHECKED;

#endif
