/* cell.h - one value of a row, or a column's name, as text in one of the formats (db/rowset.h)
 * Whatever lies in the data comes out well-formed: valid UTF-8, on one line of a table, quoted or escaped elsewhere. */
#ifndef VX_DB_CELL_H
#define VX_DB_CELL_H

#include "base/buf.h"
#include "db/query.h"
#include "db/sqlite.h"

void vx_cell_add(struct vx_buf *b, sqlite3_stmt *stmt, int column, enum vx_query_format format);
void vx_cell_add_name(struct vx_buf *b, sqlite3_stmt *stmt, int column, enum vx_query_format format);

/* Writes what is in b and empties it. VX_ENOMEM: b is incomplete. VX_ESYS: cannot write. */
enum vx_status vx_cell_flush(struct vx_buf *b, FILE *to, struct vx_err *err) VX_CHECKED;

#endif
