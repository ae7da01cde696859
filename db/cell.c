#include "db/cell.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

static void add_csv(struct vx_buf *b, const char *text)
{
    /* empty text is quoted, so that it is not taken for NULL */
    if (*text && !strpbrk(text, ",\"\r\n")) {
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
        switch (*text) {
        case '\t':
            vx_buf_str(b, "\\t");
            break;
        case '\n':
            vx_buf_str(b, "\\n");
            break;
        case '\r':
            vx_buf_str(b, "\\r");
            break;
        case '\\':
            vx_buf_str(b, "\\\\");
            break;
        default:
            vx_buf_add(b, text, 1);
        }
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

/* n bytes of text, not necessarily UTF-8 and possibly with NUL inside, which is shown as \x00. */
static void add_bytes(struct vx_buf *b, const char *text, size_t n, enum vx_query_format format)
{
    struct vx_buf whole = {0};

    vx_buf_add(&whole, "", 0);
    for (size_t at = 0; !whole.failed && at <= n; at += strlen(text + at) + 1) {
        char *const clean = format == VX_QUERY_TABLE ? vx_text_printable(text + at) : vx_text_to_utf8(text + at);
        vx_buf_str(&whole, at > 0 ? "\\x00" : "");
        vx_buf_str(&whole, clean ? clean : "");
        whole.failed |= !clean;
        free(clean);
    }
    if (whole.failed)
        b->failed = true;
    else
        add_text(b, whole.data, format);
    vx_buf_free(&whole);
}

void vx_cell_add(struct vx_buf *b, sqlite3_stmt *stmt, int column, enum vx_query_format format)
{
    const bool json = format == VX_QUERY_JSON;
    const char *text;

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
        text = (const char *)sqlite3_column_text(stmt, column);
        if (text)
            add_bytes(b, text, (size_t)sqlite3_column_bytes(stmt, column), format);
        else
            b->failed = true;
    }
}

void vx_cell_add_name(struct vx_buf *b, sqlite3_stmt *stmt, int column, enum vx_query_format format)
{
    const char *const name = sqlite3_column_name(stmt, column);

    if (name)
        add_bytes(b, name, strlen(name), format);
    else
        b->failed = true;
}

enum vx_status vx_cell_flush(struct vx_buf *b, FILE *to, struct vx_err *err)
{
    if (b->failed)
        return vx_fail_nomem(err, "a row");
    if (b->len && fwrite(b->data, 1, b->len, to) != b->len)
        return vx_fail_sys(err, "write the rows");
    vx_buf_reset(b);
    return VX_OK;
}
