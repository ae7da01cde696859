#include "base/mem.h"
#include "db/cell.h"
#include "db/rowset.h"

#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define MEASURED_ROWS 1000

struct table {
    int columns;
    int *width;          /* [columns] characters */
    bool *is_text;       /* [columns] aligned left; numbers to the right */
    struct vx_buf *cell; /* [rows][columns]: held back until the widths are known */
    size_t cap, rows;
    struct vx_buf line;
};

/* Columns of a terminal that valid UTF-8 takes: two for wide characters, none for combining ones. Without a locale that
 * knows them, one a character. */
static int display_width(const char *text)
{
    mbstate_t state = {0};
    int n = 0, characters = 0;

    for (const char *p = text; *p; p++)
        characters += ((unsigned char)*p & 0xC0) != 0x80;
    while (*text) {
        wchar_t c;
        const size_t length = mbrtowc(&c, text, MB_LEN_MAX, &state);
        if (length == (size_t)-1 || length == (size_t)-2)
            return characters;
        n += wcwidth(c) > 0 ? wcwidth(c) : 0;
        text += length;
    }
    return n;
}

static void widen(struct table *t, int column, const char *text)
{
    const int width = display_width(text);

    if (width > t->width[column])
        t->width[column] = width;
}

static void add_padded(struct table *t, int column, const char *text)
{
    const int pad = t->width[column] - display_width(text);

    if (column > 0)
        vx_buf_str(&t->line, "  ");
    if (!t->is_text[column] && pad > 0)
        vx_buf_fmt(&t->line, "%*s", pad, "");
    vx_buf_str(&t->line, text);
    if (t->is_text[column] && pad > 0)
        vx_buf_fmt(&t->line, "%*s", pad, "");
}

/* Without the spaces at its end. */
static void end_line(struct table *t)
{
    struct vx_buf *const line = &t->line;

    while (line->len > 0 && line->data[line->len - 1] == ' ')
        line->len--;
    vx_buf_str(line, "\n");
}

static enum vx_status write_head(struct table *t, sqlite3_stmt *stmt, FILE *to, struct vx_err *err)
{
    struct vx_buf name = {0};

    for (int i = 0; i < t->columns && !t->line.failed; i++) {
        vx_buf_reset(&name);
        vx_cell_add_name(&name, stmt, i, VX_QUERY_TABLE);
        if (!name.failed) {
            widen(t, i, name.data);
            add_padded(t, i, name.data);
        }
        t->line.failed |= name.failed;
    }
    vx_buf_free(&name);
    end_line(t);
    for (int i = 0; i < t->columns; i++) {
        vx_buf_str(&t->line, i ? "  " : "");
        for (int k = 0; k < t->width[i]; k++)
            vx_buf_str(&t->line, "-");
    }
    end_line(t);
    return vx_cell_flush(&t->line, to, err);
}

/* Takes the statement's row into the table. */
static enum vx_status keep_row(struct table *t, sqlite3_stmt *stmt, struct vx_err *err)
{
    const size_t columns = (size_t)t->columns;
    void *cells = t->cell;
    bool failed = false;

    if (vx_grow(&cells, &t->cap, (t->rows + 1) * columns, sizeof *t->cell) != 0)
        return vx_fail_nomem(err, "a row");
    t->cell = cells;
    struct vx_buf *const row = t->cell + t->rows * columns;
    memset(row, 0, columns * sizeof *row);
    t->rows++;
    for (int i = 0; i < t->columns; i++) {
        vx_cell_add(&row[i], stmt, i, VX_QUERY_TABLE);
        failed |= row[i].failed;
    }
    return failed ? vx_fail_nomem(err, "a row") : VX_OK;
}

/* What the rows that are held back say about their columns. */
static void measure_row(struct table *t, sqlite3_stmt *stmt)
{
    const struct vx_buf *const row = t->cell + (t->rows - 1) * (size_t)t->columns;

    for (int i = 0; i < t->columns; i++) {
        const int type = sqlite3_column_type(stmt, i);
        t->is_text[i] |= type == SQLITE_TEXT || type == SQLITE_BLOB;
        widen(t, i, row[i].data);
    }
}

/* Writes the rows held back, if all is well so far, and lets go of them. */
static enum vx_status drop_rows(struct table *t, enum vx_status rc, FILE *to, struct vx_err *err)
{
    for (size_t r = 0; r < t->rows; r++) {
        struct vx_buf *const row = t->cell + r * (size_t)t->columns;
        for (int i = 0; i < t->columns; i++) {
            if (rc == VX_OK)
                add_padded(t, i, row[i].data);
            vx_buf_free(&row[i]);
        }
        if (rc == VX_OK) {
            end_line(t);
            rc = vx_cell_flush(&t->line, to, err);
        }
    }
    t->rows = 0;
    return rc;
}

static enum vx_status write_rows(struct table *t, struct vx_sql *sql, sqlite3_stmt *stmt, FILE *to, struct vx_err *err)
{
    bool measuring = true;
    enum vx_status rc;

    while ((rc = vx_sql_step(sql, stmt, "query", err)) == VX_OK && (rc = keep_row(t, stmt, err)) == VX_OK) {
        if (measuring) {
            measure_row(t, stmt);
            if (t->rows < MEASURED_ROWS)
                continue;
            rc = write_head(t, stmt, to, err);
            measuring = false;
        }
        if ((rc = drop_rows(t, rc, to, err)) != VX_OK)
            return rc;
    }
    if (rc == VX_DONE)
        rc = measuring ? write_head(t, stmt, to, err) : VX_OK;
    return drop_rows(t, rc, to, err);
}

static enum vx_status write_table(struct vx_sql *sql, sqlite3_stmt *stmt, FILE *to, struct vx_err *err)
{
    struct table t = {.columns = sqlite3_column_count(stmt)};
    enum vx_status rc;

    t.width = vx_calloc((size_t)t.columns, sizeof *t.width);
    t.is_text = vx_calloc((size_t)t.columns, sizeof *t.is_text);
    if (t.width && t.is_text)
        rc = write_rows(&t, sql, stmt, to, err);
    else
        rc = vx_fail_nomem(err, "a table");
    vx_buf_free(&t.line);
    free(t.cell);
    free(t.width);
    free(t.is_text);
    return rc;
}

enum vx_status vx_rowset_table(struct vx_sql *sql, sqlite3_stmt *stmt, FILE *to, struct vx_err *err)
{
    const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    const locale_t before = utf8 ? uselocale(utf8) : (locale_t)0; /* of this thread alone */
    const enum vx_status rc = write_table(sql, stmt, to, err);

    if (utf8) {
        uselocale(before);
        freelocale(utf8);
    }
    return rc;
}
