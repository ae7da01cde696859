#include "db/rowset.h"
#include "base/buf.h"
#include "db/cell.h"

static enum vx_status write_separated(struct vx_sql *sql, sqlite3_stmt *stmt, enum vx_query_format format, FILE *to,
                                      struct vx_err *err)
{
    const int columns = sqlite3_column_count(stmt);
    const char *separator = format == VX_QUERY_CSV ? "," : "\t";
    struct vx_buf line = {0};
    enum vx_status rc;

    for (int i = 0; i < columns; i++) {
        vx_buf_str(&line, i ? separator : "");
        vx_cell_add_name(&line, stmt, i, format);
    }
    do {
        /* one column that is NULL is a line that CSV readers would pass over */
        if (columns == 1 && line.len == 0 && format == VX_QUERY_CSV)
            vx_buf_str(&line, "\"\"");
        vx_buf_str(&line, format == VX_QUERY_CSV ? "\r\n" : "\n");
        if ((rc = vx_cell_flush(&line, to, err)) != VX_OK || (rc = vx_sql_step(sql, stmt, "query", err)) != VX_OK)
            break;
        for (int i = 0; i < columns; i++) {
            vx_buf_str(&line, i ? separator : "");
            vx_cell_add(&line, stmt, i, format);
        }
    } while (true);
    vx_buf_free(&line);
    return rc == VX_DONE ? VX_OK : rc;
}

static enum vx_status write_json(struct vx_sql *sql, sqlite3_stmt *stmt, FILE *to, struct vx_err *err)
{
    const int columns = sqlite3_column_count(stmt);
    struct vx_buf line = {0};
    enum vx_status rc;
    bool first = true;

    vx_buf_str(&line, "[");
    while ((rc = vx_cell_flush(&line, to, err)) == VX_OK && (rc = vx_sql_step(sql, stmt, "query", err)) == VX_OK) {
        vx_buf_str(&line, first ? "\n{" : ",\n{");
        first = false;
        for (int i = 0; i < columns; i++) {
            vx_buf_str(&line, i ? ", " : "");
            vx_cell_add_name(&line, stmt, i, VX_QUERY_JSON);
            vx_buf_str(&line, ": ");
            vx_cell_add(&line, stmt, i, VX_QUERY_JSON);
        }
        vx_buf_str(&line, "}");
    }
    if (rc == VX_DONE) {
        vx_buf_str(&line, "\n]\n");
        rc = vx_cell_flush(&line, to, err);
    }
    vx_buf_free(&line);
    return rc;
}

enum vx_status vx_rowset_write(struct vx_sql *sql, sqlite3_stmt *stmt, enum vx_query_format format, FILE *to,
                               struct vx_err *err)
{
    switch (format) {
    case VX_QUERY_TABLE:
        return vx_rowset_table(sql, stmt, to, err);
    case VX_QUERY_JSON:
        return write_json(sql, stmt, to, err);
    case VX_QUERY_CSV:
    case VX_QUERY_TSV:
        break;
    }
    return write_separated(sql, stmt, format, to, err);
}
