#include "db/rowset.h"
#include "base/mem.h"
#include "db/cell.h"

#include <stdlib.h>
#include <string.h>

static enum vx_status end_line(struct vx_buf *line, int columns, enum vx_query_format format, FILE *to,
                               struct vx_err *err)
{
    if (columns == 1 && line->len == 0 && format == VX_QUERY_CSV)
        vx_buf_str(line, "\"\""); /* readers of CSV pass over an empty line */
    vx_buf_str(line, "\n");
    return vx_cell_flush(line, to, err);
}

static enum vx_status write_separated(struct vx_sql *sql, sqlite3_stmt *stmt, enum vx_query_format format, FILE *to,
                                      struct vx_err *err)
{
    const int columns = sqlite3_column_count(stmt);
    const char *const separator = format == VX_QUERY_CSV ? "," : "\t";
    struct vx_buf line = {0};
    enum vx_status rc;

    for (int i = 0; i < columns; i++) {
        vx_buf_str(&line, i ? separator : "");
        vx_cell_add_name(&line, stmt, i, format);
    }
    while ((rc = end_line(&line, columns, format, to, err)) == VX_OK &&
           (rc = vx_sql_step(sql, stmt, "query", err)) == VX_OK) {
        for (int i = 0; i < columns; i++) {
            vx_buf_str(&line, i ? separator : "");
            vx_cell_add(&line, stmt, i, format);
        }
    }
    vx_buf_free(&line);
    return rc == VX_DONE ? VX_OK : rc;
}

static bool taken(const struct vx_buf *name, int i)
{
    for (int k = 0; k < i; k++)
        if (!name[k].failed && !name[i].failed && strcmp(name[k].data, name[i].data) == 0)
            return true;
    return false;
}

/* The key of column i, as a JSON string: of two equal ones readers would keep only the last. */
static void add_key(struct vx_buf *name, int i, sqlite3_stmt *stmt)
{
    vx_cell_add_name(&name[i], stmt, i, VX_QUERY_JSON);
    const size_t length = name[i].len;
    for (int k = 1; taken(name, i); k++) {
        name[i].len = length - 1; /* without the closing quote */
        vx_buf_fmt(&name[i], ":%d\"", k);
    }
}

static enum vx_status write_json(struct vx_sql *sql, sqlite3_stmt *stmt, FILE *to, struct vx_err *err)
{
    const int columns = sqlite3_column_count(stmt);
    struct vx_buf *const key = vx_calloc((size_t)columns, sizeof *key);
    struct vx_buf line = {0};
    const char *separator = "\n{";
    enum vx_status rc;

    if (!key)
        return vx_fail_nomem(err, "the columns");
    for (int i = 0; i < columns; i++) {
        add_key(key, i, stmt);
        line.failed |= key[i].failed;
    }
    vx_buf_str(&line, "[");
    while ((rc = vx_cell_flush(&line, to, err)) == VX_OK && (rc = vx_sql_step(sql, stmt, "query", err)) == VX_OK) {
        vx_buf_str(&line, separator);
        separator = ",\n{";
        for (int i = 0; i < columns; i++) {
            vx_buf_str(&line, i ? ", " : "");
            vx_buf_str(&line, key[i].data);
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
    for (int i = 0; i < columns; i++)
        vx_buf_free(&key[i]);
    free(key);
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
