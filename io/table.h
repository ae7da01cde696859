/* table.h - the rows of a CSV, TSV or plain list, streamed, gzip or not
 * Quoting is RFC 4180's: a cell that begins with a quote ends with one, may hold delimiters and line ends, and doubles
 * the quotes within; a quote further inside a cell is an ordinary character. Rows end in LF or CRLF; empty ones are
 * passed over; a UTF-8 mark at the start is dropped. A broken row costs its first line: the next line begins a new row.
 * Memory is bounded by the longest row allowed. */
#ifndef VX_IO_TABLE_H
#define VX_IO_TABLE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define VX_TABLE_MAX_ROW (1u << 20) /* bytes, line ends within quotes included */

struct vx_table;

struct vx_row {
    int64_t line; /* of the file, from 1: where the row begins, or where the reading ended */
    char **cells; /* [n], until the next call; no NUL inside */
    size_t n;
};

/* delimiter: ',', '\t' or '|', or 0 for one cell a line without quoting. VX_ESYS: cannot open. */
enum vx_status vx_table_open(struct vx_table **out, const char *path, char delimiter, struct vx_err *err) VX_CHECKED;
void vx_table_close(struct vx_table **table);

/* VX_DONE at the end. VX_EFORMAT: the row at row->line is broken, the text says how; the next call goes on behind it.
 * VX_ESYS: the file cannot be read from row->line on, or is a broken gzip stream; VX_EUNSUPPORTED: UTF-16. After these
 * two comes VX_DONE. No message names the file. */
enum vx_status vx_table_next(struct vx_table *table, struct vx_row *row, struct vx_err *err) VX_CHECKED;

#endif
