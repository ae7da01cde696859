/* schema.h - the tables of shards and results, and telling our files from others
 * Every file starts as nothing and walks the migrations up to the newest version (PRAGMA user_version), views are made
 * after the last; its kind is in PRAGMA application_id. What the columns mean is written in the SQL itself, so it can be read in the database. */
#ifndef VX_DB_SCHEMA_H
#define VX_DB_SCHEMA_H

#include "db/sqlite.h"

enum vx_db_kind {      /* PRAGMA application_id: four letters */
    VX_DB_NOTHING = 0, /* an empty file: what a crash while creating one leaves */
    VX_DB_RESULT = 0x56585253, /* VXRS */
    VX_DB_SHARD = 0x56585348,  /* VXSH */
    VX_DB_LIST = 0x56584c53,   /* VXLS */
};

#define VX_SCHEMA_VERSION 4 /* of shards and results */

/* What the file is. VX_EINVAL: an SQLite database of somebody else. */
enum vx_status vx_schema_kind(struct vx_sql *sql, enum vx_db_kind *kind, struct vx_err *err) VX_CHECKED;

/* Inside the caller's transaction: brings an empty or older file to the newest version and marks its kind.
 * VX_EINVAL: it is something else. VX_EUNSUPPORTED: a newer Voxtrawl wrote it. */
enum vx_status vx_schema_migrate(struct vx_sql *sql, enum vx_db_kind kind, struct vx_err *err) VX_CHECKED;

/* Only the mark, for files with tables of their own. */
enum vx_status vx_schema_mark(struct vx_sql *sql, enum vx_db_kind kind, struct vx_err *err) VX_CHECKED;

/* A shard or result that can be read: right kind, version not newer, its tables are tables. *empty: VX_DB_NOTHING. */
enum vx_status vx_schema_check(struct vx_sql *sql, bool *empty, struct vx_err *err) VX_CHECKED;

extern const char *const VX_SCHEMA_INDEXES; /* of results only: shards are written, not asked */

#endif
