/* merge_draft.h - the unfinished result of a merge, or of a part of it, that the same merge can take up
 * What was copied is committed from time to time together with how far that is, so a killed merge leaves a sound beginning.
 * It is taken up only by a merge of the very same files, unchanged: of path, device, inode, size and time. */
#ifndef VX_DB_MERGE_DRAFT_H
#define VX_DB_MERGE_DRAFT_H

#include "base/sha256.h"
#include "db/merge.h"
#include "db/merge_source.h"

struct vx_draft {
    struct vx_sql *sql; /* in a transaction from vx_draft_begin on */
    char key[VX_SHA256_HEX];
    bool taken_up;
    bool complete;      /* a part of a merge, all there */
    int64_t last;       /* id up to which items are there, 0: none */
    struct vx_merge_stats stats; /* of those items */
};

/* Opens path, or begins it anew when what is there was begun with other sources than these, which are open. final: its
 * uuid counts; or NULL. On failure the draft is closed. */
enum vx_status vx_draft_open(struct vx_draft *draft, const char *path, const struct vx_source *sources, size_t n,
                             const struct vx_run *final, struct vx_err *err) VX_CHECKED;
void vx_draft_close(struct vx_draft *draft); /* rolls back; a zeroed one is fine */

/* Begins a transaction, with the tables made. */
enum vx_status vx_draft_begin(struct vx_draft *draft, struct vx_err *err) VX_CHECKED;
/* Commits all items up to last, of which stats tell, and begins the next transaction. */
enum vx_status vx_draft_save(struct vx_draft *draft, int64_t last, const struct vx_merge_stats *stats,
                             struct vx_err *err) VX_CHECKED;
/* Commits. A part keeps the note that it is complete, a result keeps none. */
enum vx_status vx_draft_complete(struct vx_draft *draft, bool part, const struct vx_merge_stats *stats,
                                 struct vx_err *err) VX_CHECKED;

#endif
