#include "db/rowset.h"
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MEASURED_ROWS 1000

struct table {
    int columns;
    int *width;    /* [columns] characters */
    bool *numeric; /* [columns] right-aligned */
    struct vx_buf *cell; /* [columns · rows], rows held back until the widths are known */
    size_t cap, rows;
};

/* The fewest digits that read back the same. */
static void add_real(struct vx_buf *b, double x, bool json)
{
    char text[32];

    if (!isfinite(x)) {
        vx_buf_str(b, json ? "null" : x > 0 ? "Inf" : x < 0 ? "-Inf" : "");
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, x);
        if (strtod(text, NULL) == x)
            break;
    }
    vx_buf_str(b, text);
}

static void add_hex(struct vx_buf *b, const unsigned char *bytes, int n)
{
    for (int i = 0; i < n; i++)
        vx_buf_fmt(b, "%02x", bytes[i]);
}

/* The text of a column with an embedded NUL cut off; valid UTF-8, one line when `printable`. The caller's to free. */
static char *clean_text(sqlite3_stmt *stmt, int column, bool printable)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);

    return printable ? vx_text_printable(text ? text : "") : vx_text_to_utf8(text ? text : "");
}

static void add_csv(struct vx_buf *b, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        vx_buf_str(b, text);
        return;
    }
    vx_buf_str(b, "\"");
    for (; *text; text++)
        vx_buf_add(b, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    vx_buf_str(b, "\"");
}

static void add_tsv(struct vx_buf *b, const char *text)
{
    for (; *text; text++) {
        const char *escape = *text == '\t' ? "\\t" : *text == '\n' ? "\\n" : *text == '\r' ? "\\r" : *text == '\\' ? "\\\\" : NULL;
        vx_buf_add(b, escape ? escape : text, escape ? 2 : 1);
    }
}

static void add_text(struct vx_buf *b, const char *text, enum vx_query_format format)
{
    switch (format) {
    case VX_QUERY_TABLE:
        vx_buf_str(b, text);
        break;
    case VX_QUERY_CSV:
        add_csv(b, text);
        break;
    case VX_QUERY_TSV:
        add_tsv(b, text);
        break;
    case VX_QUERY_JSON:
        vx_buf_json(b, text);
        break;
    }
}

static void add_cell(struct vx_buf *b, sqlite3_stmt *stmt, int column, enum vx_query_format format)
{
    const bool json = format == VX_QUERY_JSON;
    char *text;

    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_NULL:
        vx_buf_str(b, json ? "null" : "");
        break;
    case SQLITE_INTEGER:
        vx_buf_fmt(b, "%lld", (long long)sqlite3_column_int64(stmt, column));
        break;
    case SQLITE_FLOAT:
        if (format == VX_QUERY_TABLE)
            vx_buf_fmt(b, "%.6g", sqlite3_column_double(stmt, column));
        else
            add_real(b, sqlite3_column_double(stmt, column), json);
        break;
    case SQLITE_BLOB:
        vx_buf_str(b, json ? "\"" : "");
        add_hex(b, sqlite3_column_blob(stmt, column), sqlite3_column_bytes(stmt, column));
        vx_buf_str(b, json ? "\"" : "");
        break;
    default:
        text = clean_text(stmt, column, format == VX_QUERY_TABLE);
        if (text)
            add_text(b, text, format);
        b->failed |= !text;
        free(text);
    }
}

static void add_name(struct vx_buf *b, sqlite3_stmt *stmt, int column, enum vx_query_format format)
{
    const char *name = sqlite3_column_name(stmt, column);
    char *clean = format == VX_QUERY_TABLE ? vx_text_printable(name ? name : "?") : vx_text_to_utf8(name ? name : "?");

    if (clean)
        add_text(b, clean, format);
    b->failed |= !clean;
    free(clean);
}

static enum vx_status put(struct vx_buf *b, FILE *to, struct vx_err *err)
{
    if (b->failed)
        return vx_fail_nomem(err, "a row");
    if (b->len && fwrite(b->data, 1, b->len, to) != b->len)
        return vx_fail_sys(err, "write the rows");
    vx_buf_reset(b);
    return VX_OK;
}

static enum vx_status write_separated(struct vx_sql *sql, sqlite3_stmt *stmt, enum vx_query_format format, FILE *to,
                                      struct vx_err *err)
{
    const int columns = sqlite3_column_count(stmt);
    const char *separator = format == VX_QUERY_CSV ? "," : "\t";
    struct vx_buf line = {0};
    enum vx_status rc;

    for (int i = 0; i < columns; i++) {
        vx_buf_str(&line, i ? separator : "");
        add_name(&line, stmt, i, format);
    }
    do {
        /* one column that is NULL is a line that CSV readers would pass over */
        if (columns == 1 && line.len == 0 && format == VX_QUERY_CSV)
            vx_buf_str(&line, "\"\"");
        vx_buf_str(&line, format == VX_QUERY_CSV ? "\r\n" : "\n");
        if ((rc = put(&line, to, err)) != VX_OK || (rc = vx_sql_step(sql, stmt, "query", err)) != VX_OK)
            break;
        for (int i = 0; i < columns; i++) {
            vx_buf_str(&line, i ? separator : "");
            add_cell(&line, stmt, i, format);
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
    while ((rc = put(&line, to, err)) == VX_OK && (rc = vx_sql_step(sql, stmt, "query", err)) == VX_OK) {
        vx_buf_str(&line, first ? "\n{" : ",\n{");
        first = false;
        for (int i = 0; i < columns; i++) {
            vx_buf_str(&line, i ? ", " : "");
            add_name(&line, stmt, i, VX_QUERY_JSON);
            vx_buf_str(&line, ": ");
            add_cell(&line, stmt, i, VX_QUERY_JSON);
        }
        vx_buf_str(&line, "}");
    }
    if (rc == VX_DONE) {
        vx_buf_str(&line, "\n]\n");
        rc = put(&line, to, err);
    }
    vx_buf_free(&line);
    return rc;
}

/* Characters, not bytes; combining and double-width ones are taken for one. */
static int display_width(const char *text)
{
    int n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static void add_padded(struct vx_buf *line, const char *text, int width, bool right, bool last)
{
    const int pad = width - display_width(text);

    if (right && pad > 0)
        vx_buf_fmt(line, "%*s", pad, "");
    vx_buf_str(line, text);
    if (!right && !last && pad > 0)
        vx_buf_fmt(line, "%*s", pad, "");
    vx_buf_str(line, last ? "\n" : "  ");
}

static enum vx_status flush_table(struct table *t, sqlite3_stmt *stmt, FILE *to, struct vx_err *err)
{
    struct vx_buf line = {0}, name = {0};
    enum vx_status rc = VX_OK;

    for (int i = 0; i < t->columns; i++) {
        vx_buf_reset(&name);
        vx_buf_add(&name, "", 0);
        add_name(&name, stmt, i, VX_QUERY_TABLE);
        if (name.failed)
            break;
        if (display_width(name.data) > t->width[i])
            t->width[i] = display_width(name.data);
        add_padded(&line, name.data, t->width[i], t->numeric[i], i + 1 == t->columns);
    }
    for (int i = 0; i < t->columns; i++) {
        for (int k = 0; k < t->width[i]; k++)
            vx_buf_str(&line, "-");
        vx_buf_str(&line, i + 1 == t->columns ? "\n" : "  ");
    }
    line.failed |= name.failed;
    for (size_t r = 0; rc == VX_OK && r < t->rows; r++) {
        for (int i = 0; i < t->columns; i++)
            add_padded(&line, t->cell[r * (size_t)t->columns + (size_t)i].data, t->width[i], t->numeric[i],
                       i + 1 == t->columns);
        rc = put(&line, to, err);
    }
    if (rc == VX_OK)
        rc = put(&line, to, err);
    vx_buf_free(&line);
    vx_buf_free(&name);
    return rc;
}

/* Takes the statement's row into the table and widens its columns. */
static enum vx_status keep_row(struct table *t, sqlite3_stmt *stmt, struct vx_err *err)
{
    const size_t columns = (size_t)t->columns;
    void *cells = t->cell;

    if (vx_grow(&cells, &t->cap, (t->rows + 1) * columns, sizeof *t->cell) != 0)
        return vx_fail_nomem(err, "rows");
    t->cell = cells;
    memset(t->cell + t->rows * columns, 0, columns * sizeof *t->cell);
    for (int i = 0; i < t->columns; i++) {
        struct vx_buf *cell = &t->cell[t->rows * columns + (size_t)i];
        vx_buf_add(cell, "", 0);
        add_cell(cell, stmt, i, VX_QUERY_TABLE);
        if (cell->failed) {
            t->rows++;
            return vx_fail_nomem(err, "rows");
        }
        if (display_width(cell->data) > t->width[i])
            t->width[i] = display_width(cell->data);
        const int type = sqlite3_column_type(stmt, i);
        if (type == SQLITE_TEXT || type == SQLITE_BLOB)
            t->numeric[i] = false;
    }
    t->rows++;
    return VX_OK;
}

static void drop_rows(struct table *t)
{
    for (size_t i = 0; i < t->rows * (size_t)t->columns; i++)
        vx_buf_free(&t->cell[i]);
    t->rows = 0;
}

static enum vx_status write_table(struct vx_sql *sql, sqlite3_stmt *stmt, FILE *to, struct vx_err *err)
{
    struct table t = {.columns = sqlite3_column_count(stmt)};
    struct vx_buf line = {0};
    bool measured = false;
    enum vx_status rc = VX_OK;

    t.width = vx_calloc((size_t)t.columns, sizeof *t.width);
    t.numeric = vx_calloc((size_t)t.columns, sizeof *t.numeric);
    if (!t.width || !t.numeric)
        rc = vx_fail_nomem(err, "a table");
    for (int i = 0; rc == VX_OK && i < t.columns; i++)
        t.numeric[i] = true;
    while (rc == VX_OK && (rc = vx_sql_step(sql, stmt, "query", err)) == VX_OK) {
        if ((rc = keep_row(&t, stmt, err)) != VX_OK)
            break;
        if (!measured && t.rows == MEASURED_ROWS) {
            rc = flush_table(&t, stmt, to, err);
            drop_rows(&t);
            measured = true;
        } else if (measured) {
            for (int i = 0; i < t.columns; i++)
                add_padded(&line, t.cell[i].data, t.width[i], t.numeric[i], i + 1 == t.columns);
            drop_rows(&t);
            rc = put(&line, to, err);
        }
    }
    if (rc == VX_DONE)
        rc = measured ? VX_OK : flush_table(&t, stmt, to, err);
    drop_rows(&t);
    vx_buf_free(&line);
    free(t.cell);
    free(t.width);
    free(t.numeric);
    return rc;
}

enum vx_status vx_rowset_write(struct vx_sql *sql, sqlite3_stmt *stmt, enum vx_query_format format, FILE *to,
                               struct vx_err *err)
{
    switch (format) {
    case VX_QUERY_TABLE:
        return write_table(sql, stmt, to, err);
    case VX_QUERY_JSON:
        return write_json(sql, stmt, to, err);
    case VX_QUERY_CSV:
    case VX_QUERY_TSV:
        break;
    }
    return write_separated(sql, stmt, format, to, err);
}
