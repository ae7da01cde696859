/* rowset.h - the rows of a statement as text: an aligned table, CSV, TSV or JSON
 * Whatever lies in the data (control characters, broken UTF-8, blobs) comes out as one well-formed document, which a
 * statement without rows also gives. */
#ifndef VX_DB_ROWSET_H
#define VX_DB_ROWSET_H

#include "db/query.h"
#include "db/sqlite.h"

/* Steps stmt to its end and writes what it gives: the columns' names, then the rows. In every format blobs are hex digits,
 * and bytes of text that are no UTF-8, and NUL, are written \xHH.
 *   table  NULL is empty; reals with six digits; control characters escaped. Columns are as wide as the first 1000 rows
 *          need; longer cells later only shift their own line.
 *   CSV    RFC 4180, but lines end with \n alone, as other programs here read them. NULL is empty, empty text is "", as is
 *          NULL alone on its line.
 *   TSV    NULL is empty; tab, newline, carriage return and backslash as \t \n \r \\.
 *   JSON   an array of objects; NULL and infinities are null; a name met before gets ":1", ":2", …
 * Reals in the last three read back as the same number. VX_ESYS: to cannot be written; else as of vx_sql_step. */
enum vx_status vx_rowset_write(struct vx_sql *sql, sqlite3_stmt *stmt, enum vx_query_format format, FILE *to,
                               struct vx_err *err) VX_CHECKED;

/* The table alone. */
enum vx_status vx_rowset_table(struct vx_sql *sql, sqlite3_stmt *stmt, FILE *to, struct vx_err *err) VX_CHECKED;

#endif
