#include "base/buf.h"
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
    int *width;    /* [columns] characters */
    bool *numeric; /* [columns] right-aligned */
    struct vx_buf *cell; /* [columns · rows], rows held back until the widths are known */
    size_t cap, rows;
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
        vx_cell_add_name(&name, stmt, i, VX_QUERY_TABLE);
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
        rc = vx_cell_flush(&line, to, err);
    }
    if (rc == VX_OK)
        rc = vx_cell_flush(&line, to, err);
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
        vx_cell_add(cell, stmt, i, VX_QUERY_TABLE);
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

static enum vx_status write_rows(struct vx_sql *sql, sqlite3_stmt *stmt, FILE *to, struct vx_err *err)
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
            rc = vx_cell_flush(&line, to, err);
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

enum vx_status vx_rowset_table(struct vx_sql *sql, sqlite3_stmt *stmt, FILE *to, struct vx_err *err)
{
    const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    const locale_t before = utf8 ? uselocale(utf8) : (locale_t)0; /* of this thread alone */
    const enum vx_status rc = write_rows(sql, stmt, to, err);

    if (utf8) {
        uselocale(before);
        freelocale(utf8);
    }
    return rc;
}
