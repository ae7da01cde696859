/* query.h - SQL over a result, read-only, with the functions people miss in SQLite
 * Registered: median(x), percentile(x, p), sigmoid(x), logit(p). The file is opened for reading, and an authorizer refuses
 * everything but reading, so no statement, and no view or virtual table of a hostile file, changes or opens anything. */
#ifndef VX_DB_QUERY_H
#define VX_DB_QUERY_H

#include "base/err.h"

#include <stdio.h>

enum vx_query_format { VX_QUERY_TABLE, VX_QUERY_CSV, VX_QUERY_TSV, VX_QUERY_JSON };

/* A result of scan or merge. VX_EINVAL: path is something else (says what, and what to do). */
struct vx_query_db;
enum vx_status vx_query_open(struct vx_query_db **out, const char *path, struct vx_err *err) VX_CHECKED;
void vx_query_close(struct vx_query_db **db);

/* Checks every statement of sql, then runs each and writes its rows as a document of its own (db/rowset.h), with an empty
 * line between two, in JSON a line's end. VX_EINVAL: SQLite's message and where in sql, or that a statement would do more
 * than read; nothing was written then, unless it failed while it ran. VX_ESYS: `to` cannot be written. */
enum vx_status vx_query_run(struct vx_query_db *db, const char *sql, enum vx_query_format format, FILE *to,
                            struct vx_err *err) VX_CHECKED;

struct vx_named_query {
    const char *name, *doc, *sql;
};
const struct vx_named_query *vx_named_queries(void);            /* ends with name NULL */
const struct vx_named_query *vx_named_query_find(const char *name); /* NULL: none */
const char *vx_schema_sql(void);                                /* the schema with its comments */
const char *vx_sqlite_version(void);

#endif
