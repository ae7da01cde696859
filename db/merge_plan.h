/* merge_plan.h - which rows of the sources are the same item
 * Yields groups of candidates, the one to take first. One run: the sources are walked side by side by id. Several:
 * names are sorted by SQLite, in temporary files when there are many, so memory stays bounded. Sources of one run that
 * give an id to different files are refused (VX_EFORMAT). */
#ifndef VX_DB_MERGE_PLAN_H
#define VX_DB_MERGE_PLAN_H

#include "db/merge_source.h"

struct vx_candidate {
    size_t source;
    int64_t item; /* its id there */
    enum vx_rank rank;
    int64_t run; /* in the result */
};

struct vx_plan;

enum vx_status vx_plan_open(struct vx_plan **plan, struct vx_sql *out, struct vx_source *sources, size_t n, bool by_id,
                            struct vx_err *err) VX_CHECKED;
void vx_plan_close(struct vx_plan **plan);

/* VX_OK: *group [*n] is the plan's until the next call, *id the item's number in the result. VX_DONE: no more. */
enum vx_status vx_plan_next(struct vx_plan *plan, const struct vx_candidate **group, size_t *n, int64_t *id,
                            struct vx_err *err) VX_CHECKED;

#endif
