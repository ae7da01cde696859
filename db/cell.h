/* cell.h - one value of a row as text, in each of the output formats */
#ifndef VX_DB_CELL_H
#define VX_DB_CELL_H

#include "base/buf.h"
#include "db/query.h"
#include "db/sqlite.h"

/* Appends the statement's current value in column, or the column's name, as format wants it (rowset.h). */
void vx_cell_add(struct vx_buf *b, sqlite3_stmt *stmt, int column, enum vx_query_format format);
void vx_cell_add_name(struct vx_buf *b, sqlite3_stmt *stmt, int column, enum vx_query_format format);

/* Writes what is in b and empties it. VX_ENOMEM: something did not fit into b before; VX_ESYS: cannot write. */
enum vx_status vx_cell_flush(struct vx_buf *b, FILE *to, struct vx_err *err) VX_CHECKED;

#endif
