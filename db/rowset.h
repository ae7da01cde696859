/* rowset.h - the rows of a statement as text: an aligned table, CSV, TSV or JSON
 * Whatever lies in the data (control characters, broken UTF-8, blobs) comes out as one well-formed document. */
#ifndef VX_DB_ROWSET_H
#define VX_DB_ROWSET_H

#include "db/query.h"
#include "db/sqlite.h"

/* Steps stmt to its end and writes what it gives. NULL: empty in a table, CSV and TSV (CSV quotes empty text), null in
 * JSON. Reals in CSV, TSV and JSON with the fewest digits that read back as the same number; blobs as hex digits; a NUL
 * within text as \x00. CSV is RFC 4180; TSV writes tab, line feed, carriage return and backslash as \t, \n, \r and \\.
 * A table's columns are as wide as its first 1000 rows need; longer cells later only shift their own line. */
enum vx_status vx_rowset_write(struct vx_sql *sql, sqlite3_stmt *stmt, enum vx_query_format format, FILE *to,
                               struct vx_err *err) VX_CHECKED;

/* The table alone. */
enum vx_status vx_rowset_table(struct vx_sql *sql, sqlite3_stmt *stmt, FILE *to, struct vx_err *err) VX_CHECKED;

#endif
