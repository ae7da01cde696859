/* merge_copy.h - the items of a merge: which source each is taken from, and taking it
 * Rows are written in ascending key order, the one thing that makes SQLite fast at this. */
#ifndef VX_DB_MERGE_COPY_H
#define VX_DB_MERGE_COPY_H

#include "db/merge.h"
#include "db/merge_check.h"
#include "db/merge_draft.h"
#include "db/merge_source.h"

/* Every item of the sources once into the draft, those it has already left out, with its windows and metadata; adds up
 * *stats. Saves the draft from time to time.
 * by_id: the sources are of one run, so an item has the same id everywhere and keeps it. Else items are matched by
 * name and numbered in the order of their names' bytes, so that the result does not depend on what was merged first.
 * Of several rows for an item the higher rank wins, then the later run, then the later source.
 * Gives up when a check has failed. VX_EFORMAT: a source whose rows contradict each other, names file and item. */
enum vx_status vx_merge_items(struct vx_draft *draft, struct vx_source *sources, size_t n, struct vx_checks *checks,
                              bool by_id, struct vx_merge_stats *stats, struct vx_err *err) VX_CHECKED;

#endif
