/* merge_source.h - one input of a merge: a shard, an earlier result, or the list of the run
 * Opening looks at what it is; whether it is sound, merge_check finds out meanwhile. Its items are walked through a connection of its
 * own and copied by SQL through the result's, where it is attached under a name. */
#ifndef VX_DB_MERGE_SOURCE_H
#define VX_DB_MERGE_SOURCE_H

#include "db/sqlite.h"

#include <stddef.h>

#define VX_SOURCES_MAX 10 /* SQLite attaches no more */

/* How much a source knows about an item; the higher row wins. */
enum vx_rank { VX_RANK_LISTED, VX_RANK_PENDING, VX_RANK_FAILED, VX_RANK_NOT_SCORED, VX_RANK_SCORED };

struct vx_run_map {
    int64_t here, there; /* number of a run in this source and in the result */
};

struct vx_source {
    struct vx_sql *sql;
    char name[8];  /* of the attached database */
    bool is_list;  /* a vx_itemlist file: its items are known, nothing else */
    bool empty;    /* a file that a crash left before its first commit; not attached */
    bool has_metadata;
    bool has_reviews;
    int version; /* of the schema, 1 up: which columns it has */
    sqlite3_stmt *walk; /* every item ascending: id, rank, run, and its name as bytes: path, member */
    struct vx_run_map *runs; /* ascending `here` */
    size_t n_runs, cap_runs;
};

/* Opens path. cache: bytes it may keep. On failure *source is closed. VX_EFORMAT: so damaged
 * that it cannot be read. VX_EINVAL: no shard, result or (is_list) list. */
enum vx_status vx_source_open(struct vx_source *source, const char *path, bool is_list, size_t cache,
                              struct vx_err *err) VX_CHECKED;
void vx_source_close(struct vx_source *source); /* a zeroed one is fine */

/* Outside a transaction: makes it known to out as source<number>. */
enum vx_status vx_source_attach(struct vx_source *source, struct vx_sql *out, size_t number, size_t cache,
                                struct vx_err *err) VX_CHECKED;

/* The result's number of run `here`; 0: no such run. */
int64_t vx_source_run(const struct vx_source *source, int64_t here);

#endif
